/* SPDX-License-Identifier: MIT */
/* The unicast addresses of this machine: RTM_GETADDR. */
#include <errno.h>
#include <linux/if_addr.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "inet.h"
#include "platform.h"
#include "rtnl.h"
#include "status.h"

/* All addresses, in the order of the dump. */
struct address_list {
    netio_address *addresses;
    size_t count, room;
};

static bool set_address(SOCKADDR_INET *address, ADDRESS_FAMILY family, const struct rtattr *attribute)
{
    return inet_set(address, family, RTA_DATA(attribute), RTA_PAYLOAD(attribute));
}

/* IFA_ADDRESS is the peer's address if there is one, and then IFA_LOCAL the own one. IPv6 omits an equal IFA_LOCAL. */
static int parse_address(const struct nlmsghdr *message, netio_address *address)
{
    const struct rtattr *found[IFA_LOCAL + 1];
    const struct ifaddrmsg *fixed = NLMSG_DATA(message);
    const struct rtattr *local, *prefix;
    const int error = rtnl_attributes(message, sizeof *fixed, found, IFA_LOCAL + 1);

    if (error != 0)
        return error;
    local = found[IFA_LOCAL] != NULL ? found[IFA_LOCAL] : found[IFA_ADDRESS];
    prefix = found[IFA_ADDRESS] != NULL ? found[IFA_ADDRESS] : local;
    if (local == NULL || !set_address(&address->address, fixed->ifa_family, local) ||
        !set_address(&address->prefix, fixed->ifa_family, prefix))
        return -EBADMSG;
    address->prefix_length = fixed->ifa_prefixlen;
    address->index = fixed->ifa_index;
    address->is_tentative = (fixed->ifa_flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0;
    return 0;
}

static bool is_ip(const struct nlmsghdr *message)
{
    const struct ifaddrmsg *fixed = NLMSG_DATA(message);

    return message->nlmsg_len < NLMSG_LENGTH(sizeof *fixed) || fixed->ifa_family == AF_INET ||
           fixed->ifa_family == AF_INET6;
}

static int visit_address(void *visitor, const struct nlmsghdr *message)
{
    struct address_list *list = visitor;
    void *addresses;
    int error;

    if (!is_ip(message))
        return 0;
    addresses = array_with_room(list->addresses, list->count, &list->room, 0, sizeof *list->addresses);
    if (addresses == NULL)
        return -ENOMEM;
    list->addresses = addresses;
    error = parse_address(message, &list->addresses[list->count]);
    if (error == 0)
        list->count++;
    return error;
}

static void restart_list(void *visitor)
{
    struct address_list *list = visitor;

    list->count = 0;
}

static int dump_addresses(int netns, struct address_list *list)
{
    const struct ifaddrmsg fixed = {.ifa_family = AF_UNSPEC};
    struct rtnl_socket sock;
    struct rtnl_request request;
    int error = rtnl_open(&sock, netns, 0);

    if (error != 0)
        return error;
    rtnl_begin(&request, RTM_GETADDR, NLM_F_DUMP, &fixed, sizeof fixed);
    error = rtnl_dump(&sock, &request, restart_list, visit_address, list);
    rtnl_close(&sock);
    return error;
}

DWORD netio_addresses(int netns, netio_address **list, size_t *count)
{
    struct address_list found = {0};
    const int error = dump_addresses(netns, &found);

    *list = NULL;
    *count = 0;
    if (error != 0) {
        free(found.addresses);
        return win32_status(error);
    }
    *list = found.addresses;
    *count = found.count;
    return NO_ERROR;
}
