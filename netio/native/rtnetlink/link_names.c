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
/* It was removed. */
#define IS_REMOVED 0x40000000u

/* The removed interfaces that are kept, and the number at which the others are forgotten. */
#define REMOVED_KEPT 64
#define REMOVED_MOST 128

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

static void mark_removed(struct link_names *names, netio_interface *known)
{
    names->removed += (known->flags & IS_REMOVED) == 0;
    known->flags |= IS_REMOVED;
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
        if (error == -ENODEV)
            mark_removed(names, known);
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
    if (known->flags & IS_REMOVED)
        known->flags = IS_EXPIRED; /* another interface has its index now */
    memset(known->name, 0, sizeof known->name);
    memcpy(known->name, RTA_DATA(attribute), RTA_PAYLOAD(attribute));
    memcpy(known->scope, known->name, sizeof known->scope);
}

void link_names_removed(struct link_names *names, NET_IFINDEX index)
{
    netio_interface *known = interface_set_find(&names->set, index);

    if (known != NULL)
        mark_removed(names, known);
}

static bool is_not_forgotten(void *context, const netio_interface *interface)
{
    size_t *forgotten = context;

    if ((interface->flags & IS_REMOVED) == 0 || *forgotten == 0)
        return true;
    --*forgotten;
    return false;
}

void link_names_forget(struct link_names *names)
{
    size_t forgotten;

    if (names->removed <= REMOVED_MOST)
        return;
    names->removed = 0;
    for (size_t i = 0; i < names->set.count; i++)
        names->removed += (names->set.list[i].flags & IS_REMOVED) != 0;
    forgotten = names->removed > REMOVED_KEPT ? names->removed - REMOVED_KEPT : 0;
    names->removed -= forgotten;
    interface_set_keep(&names->set, is_not_forgotten, &forgotten);
}

static bool is_not_expired(void *context, const netio_interface *interface)
{
    (void)context;
    return (interface->flags & IS_EXPIRED) == 0;
}

void link_names_expire(struct link_names *names)
{
    interface_set_keep(&names->set, is_not_expired, NULL);
    for (size_t i = 0; i < names->set.count; i++)
        names->set.list[i].flags |= IS_EXPIRED;
}
