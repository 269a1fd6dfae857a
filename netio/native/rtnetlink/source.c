/* SPDX-License-Identifier: MIT */
#include "source.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <string.h>

#include "inet.h"

/* The addresses of one interface and family, while they are read for the rows of a group. */
struct addresses {
    const struct group *group;
    NET_IFINDEX index;
    ADDRESS_FAMILY family;
    bool has_link_local; /* one that the kernel takes as a source */
    struct in_addr first;
    struct in_addr of_subnet[GROUP_MAX]; /* the first one whose subnet contains the destination of the row */
};

static bool is_of(const struct addresses *addresses, const struct resolution *resolution)
{
    return resolution->pending.row.InterfaceIndex == addresses->index &&
           resolution->pending.row.Address.si_family == addresses->family;
}

static void restart(void *visitor)
{
    struct addresses *addresses = visitor;

    addresses->has_link_local = false;
    memset(&addresses->first, 0, sizeof addresses->first);
    memset(addresses->of_subnet, 0, sizeof addresses->of_subnet);
}

static void add_ip4(struct addresses *addresses, struct in_addr local, struct in_addr subnet, unsigned prefix_length)
{
    const uint32_t mask = prefix_length == 0 ? 0 : htonl(UINT32_MAX << (32 - prefix_length));

    if (addresses->first.s_addr == 0)
        addresses->first = local;
    for (size_t i = 0; i < addresses->group->count; i++) {
        const struct in_addr to = addresses->group->rows[i]->pending.row.Address.Ipv4.sin_addr;

        if (addresses->of_subnet[i].s_addr == 0 && ((to.s_addr ^ subnet.s_addr) & mask) == 0)
            addresses->of_subnet[i] = local;
    }
}

static int visit_address(void *visitor, const struct nlmsghdr *message)
{
    struct addresses *addresses = visitor;
    const struct rtattr *found[IFA_FLAGS + 1];
    const struct ifaddrmsg *fixed = NLMSG_DATA(message);
    const int error = rtnl_attributes(message, sizeof *fixed, found, IFA_FLAGS + 1);
    struct in_addr local, subnet;
    uint32_t flags;

    if (error != 0 || fixed->ifa_index != addresses->index || fixed->ifa_family != addresses->family)
        return error;
    flags = fixed->ifa_flags;
    if (found[IFA_FLAGS] != NULL && RTA_PAYLOAD(found[IFA_FLAGS]) == sizeof flags)
        memcpy(&flags, RTA_DATA(found[IFA_FLAGS]), sizeof flags);
    if (fixed->ifa_family == AF_INET6) {
        if (fixed->ifa_scope == RT_SCOPE_LINK && !(flags & (IFA_F_TENTATIVE | IFA_F_OPTIMISTIC)))
            addresses->has_link_local = true;
    } else if (fixed->ifa_scope <= RT_SCOPE_LINK && !(flags & IFA_F_SECONDARY) && found[IFA_LOCAL] != NULL &&
               found[IFA_ADDRESS] != NULL && RTA_PAYLOAD(found[IFA_LOCAL]) == sizeof local &&
               RTA_PAYLOAD(found[IFA_ADDRESS]) == sizeof subnet && fixed->ifa_prefixlen <= 32) {
        memcpy(&local, RTA_DATA(found[IFA_LOCAL]), sizeof local);
        memcpy(&subnet, RTA_DATA(found[IFA_ADDRESS]), sizeof subnet);
        add_ip4(addresses, local, subnet, fixed->ifa_prefixlen);
    }
    return 0;
}

static bool has_source(const struct addresses *addresses, size_t place)
{
    const struct resolution *resolution = addresses->group->rows[place];
    struct in_addr source = addresses->of_subnet[place];

    if (addresses->family == AF_INET6)
        return addresses->has_link_local;
    if (source.s_addr == 0)
        source = addresses->first;
    return source.s_addr == resolution->preferred.s_addr;
}

/* Reads the addresses of the interface and family of a row, for all such rows. */
static void find_for(struct rtnl_socket *sock, const struct group *group, const MIB_IPNET_ROW2 *row)
{
    const struct ifaddrmsg fixed = {
        .ifa_family = (unsigned char)row->Address.si_family,
        .ifa_index = row->InterfaceIndex,
    };
    struct addresses addresses = {.group = group, .index = row->InterfaceIndex, .family = row->Address.si_family};
    struct rtnl_request request;
    int error;

    rtnl_begin(&request, RTM_GETADDR, NLM_F_DUMP, &fixed, sizeof fixed);
    error = rtnl_dump(sock, &request, restart, visit_address, &addresses);
    for (size_t i = 0; i < group->count; i++) {
        struct resolution *resolution = group->rows[i];

        if (!is_of(&addresses, resolution))
            continue;
        resolution->kernel_has_source =
            error != 0 || inet_is_multicast(&resolution->pending.row.Address) || has_source(&addresses, i);
        resolution->is_source_known = true;
    }
}

void source_find(struct rtnl_socket *sock, const struct group *group)
{
    for (size_t i = 0; i < group->count; i++)
        group->rows[i]->is_source_known = false;
    for (size_t i = 0; i < group->count; i++)
        if (!group->rows[i]->is_source_known)
            find_for(sock, group, &group->rows[i]->pending.row);
}
