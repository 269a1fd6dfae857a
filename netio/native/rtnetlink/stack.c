/* SPDX-License-Identifier: MIT */
#include "stack.h"

#include <linux/if_link.h>
#include <string.h>

/* DEVCONF_DISABLE_IPV6 of linux/ipv6.h, which old C libraries cannot include beside netinet/in.h. */
#define DISABLE_IPV6 26

/* Returns the attribute of a type inside another one; NULL if it is absent or a length is invalid. */
static const struct rtattr *find_inside(const struct rtattr *outer, unsigned short type)
{
    const struct rtattr *attribute;
    size_t offset = 0;

    if (outer == NULL)
        return NULL;
    while ((attribute = rtnl_next_attribute(RTA_DATA(outer), RTA_PAYLOAD(outer), &offset)) != NULL)
        if ((attribute->rta_type & NLA_TYPE_MASK) == type)
            return attribute;
    return NULL;
}

static bool is_vrf_port(const struct rtattr *link_info)
{
    static const char vrf[] = "vrf";
    const struct rtattr *kind = find_inside(link_info, IFLA_INFO_SLAVE_KIND);

    return kind != NULL && RTA_PAYLOAD(kind) == sizeof vrf && memcmp(RTA_DATA(kind), vrf, sizeof vrf) == 0;
}

static int visit_link(void *visitor, const struct nlmsghdr *message)
{
    struct known_stack *stack = visitor;
    const struct rtattr *found[IFLA_AF_SPEC + 1], *conf;
    int32_t is_disabled;
    const int error = rtnl_attributes(message, sizeof(struct ifinfomsg), found, IFLA_AF_SPEC + 1);

    if (error != 0)
        return error;
    stack->is_in_vrf = is_vrf_port(found[IFLA_LINKINFO]);
    if (found[IFLA_AF_SPEC] == NULL)
        return 0;
    found[IFLA_AF_SPEC] = find_inside(found[IFLA_AF_SPEC], stack->family);
    stack->is_missing = found[IFLA_AF_SPEC] == NULL;
    conf = stack->family == AF_INET6 ? find_inside(found[IFLA_AF_SPEC], IFLA_INET6_CONF) : NULL;
    if (conf == NULL || RTA_PAYLOAD(conf) < (DISABLE_IPV6 + 1) * sizeof is_disabled)
        return 0;
    memcpy(&is_disabled, (const char *)RTA_DATA(conf) + DISABLE_IPV6 * sizeof is_disabled, sizeof is_disabled);
    stack->is_missing = is_disabled != 0;
    return 0;
}

static void look_up(struct rtnl_socket *sock, struct known_stack *known, NET_IFINDEX index, ADDRESS_FAMILY family)
{
    const struct ifinfomsg fixed = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index};
    struct rtnl_request request;

    if (known->index == index && known->family == family)
        return;
    *known = (struct known_stack){.index = index, .family = family};
    rtnl_begin(&request, RTM_GETLINK, 0, &fixed, sizeof fixed);
    (void)rtnl_call(sock, &request, visit_link, known); /* after a failure the error of the entry itself counts */
}

bool stack_is_missing(struct rtnl_socket *sock, struct known_stack *known, NET_IFINDEX index, ADDRESS_FAMILY family)
{
    look_up(sock, known, index, family);
    return known->is_missing;
}

bool stack_is_in_vrf(struct rtnl_socket *sock, struct known_stack *known, NET_IFINDEX index, ADDRESS_FAMILY family)
{
    look_up(sock, known, index, family);
    return known->is_in_vrf;
}
