/* SPDX-License-Identifier: MIT */
#include "link_names.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>

#include "link.h"

/* In netio_interface.flags of the set, beside NETIO_INTERFACE_: the interface must be looked up before its next use. */
#define IS_EXPIRED 0x80000000u

int link_names_open(struct link_names *names, int netns)
{
    memset(names, 0, sizeof *names);
    return rtnl_open(&names->socket, netns, 0);
}

void link_names_close(struct link_names *names)
{
    rtnl_close(&names->socket);
    free(names->set.list);
    free(names->set.slots);
    memset(&names->set, 0, sizeof names->set);
}

/* Looks up an interface of the set. -ENODEV: it does not exist; the set is unchanged. */
static int look_up(struct link_names *names, netio_interface *known)
{
    netio_interface found = {.index = known->index};
    const int error = link_find(&names->socket, &found);

    if (error != 0)
        return error;
    if (strcmp(known->name, found.name) != 0 || known->luid.Value != found.luid.Value)
        names->version++;
    *known = found;
    return 0;
}

int link_names_find(struct link_names *names, NET_IFINDEX index, const netio_interface **found)
{
    netio_interface *known = interface_set_find(&names->set, index);
    int error = 0;

    if (known == NULL) {
        known = interface_set_add(&names->set, index);
        if (known == NULL)
            return -ENOMEM;
        interface_set_removed(known);
        known->flags = IS_EXPIRED;
    }
    if (known->flags & IS_EXPIRED) {
        error = look_up(names, known);
        if (error == 0 || error == -ENODEV)
            known->flags &= ~IS_EXPIRED;
    }
    *found = known;
    return error == -ENODEV ? 0 : error;
}

void link_names_update(struct link_names *names, const struct nlmsghdr *message)
{
    const struct ifinfomsg *fixed = NLMSG_DATA(message);
    netio_interface *known = interface_set_find(&names->set, (NET_IFINDEX)fixed->ifi_index);
    size_t offset = NLMSG_SPACE(sizeof *fixed);
    const struct rtattr *attribute;

    if (known == NULL)
        return;
    while ((attribute = rtnl_next_attribute(message, message->nlmsg_len, &offset)) != NULL)
        if ((attribute->rta_type & NLA_TYPE_MASK) == IFLA_IFNAME)
            break;
    if (attribute == NULL || RTA_PAYLOAD(attribute) > IFNAMSIZ)
        return;
    if (strncmp(known->name, RTA_DATA(attribute), RTA_PAYLOAD(attribute)) != 0)
        names->version++;
    memset(known->name, 0, sizeof known->name);
    memcpy(known->name, RTA_DATA(attribute), RTA_PAYLOAD(attribute));
    memcpy(known->scope, known->name, sizeof known->scope);
}

void link_names_expire(struct link_names *names)
{
    for (size_t i = 0; i < names->set.count; i++)
        names->set.list[i].flags |= IS_EXPIRED;
}
