/* SPDX-License-Identifier: MIT */
#include "route.h"

#include <errno.h>
#include <string.h>

#include "code.h"
#include "link.h"
#include "neighbor.h"

/* A gateway's address; RTA_VIA has a family before it, so that an IPv4 route can lead through an IPv6 router. */
static int take_gateway(SOCKADDR_INET *gateway, sa_family_t family, const void *bytes, size_t size)
{
    if (family == AF_INET && size == sizeof gateway->Ipv4.sin_addr)
        memcpy(&gateway->Ipv4.sin_addr, bytes, size);
    else if (family == AF_INET6 && size == sizeof gateway->Ipv6.sin6_addr)
        memcpy(&gateway->Ipv6.sin6_addr, bytes, size);
    else
        return -EBADMSG;
    gateway->si_family = family;
    return 0;
}

static int take_gateways(struct route *route, sa_family_t family, const struct rtattr *gateway, const struct rtattr *via)
{
    struct rtvia head;

    if (gateway != NULL)
        return take_gateway(&route->gateway, family, RTA_DATA(gateway), RTA_PAYLOAD(gateway));
    if (via == NULL)
        return 0;
    if (RTA_PAYLOAD(via) < sizeof head)
        return -EBADMSG;
    memcpy(&head, RTA_DATA(via), sizeof head);
    return take_gateway(&route->gateway, head.rtvia_family, (const char *)RTA_DATA(via) + sizeof head,
                        RTA_PAYLOAD(via) - sizeof head);
}

static int visit_route(void *visitor, const struct nlmsghdr *message)
{
    struct route *route = visitor;
    const struct rtattr *found[RTA_VIA + 1];
    const struct rtmsg *fixed = NLMSG_DATA(message);
    const int error = rtnl_attributes(message, sizeof *fixed, found, RTA_VIA + 1);

    if (error != 0)
        return error;
    memset(route, 0, sizeof *route);
    route->type = fixed->rtm_type;
    if (found[RTA_OIF] != NULL) {
        if (RTA_PAYLOAD(found[RTA_OIF]) != sizeof route->index)
            return -EBADMSG;
        memcpy(&route->index, RTA_DATA(found[RTA_OIF]), sizeof route->index);
    }
    return take_gateways(route, fixed->rtm_family, found[RTA_GATEWAY], found[RTA_VIA]);
}

int route_find(struct rtnl_socket *sock, const SOCKADDR_INET *destination, NET_IFINDEX index, struct route *route)
{
    size_t size;
    const void *bytes = inet_bytes(destination, &size);
    const struct rtmsg fixed = {
        .rtm_family = (unsigned char)destination->si_family,
        .rtm_dst_len = (unsigned char)(size * 8),
    };
    struct rtnl_request request;

    if (bytes == NULL)
        return -EINVAL;
    rtnl_begin(&request, RTM_GETROUTE, 0, &fixed, sizeof fixed);
    rtnl_put(&request, RTA_DST, bytes, size);
    if (index != 0)
        rtnl_put(&request, RTA_OIF, &index, sizeof index);
    return rtnl_ask(sock, &request, visit_route, route);
}

bool route_is_none(int error)
{
    return error == -ENETUNREACH || error == -EHOSTUNREACH || error == -EACCES || error == -EINVAL;
}

/* One's own, broadcast and multicast addresses lie on no one link, and every link has its link-local ones. */
static bool names_one_link(const SOCKADDR_INET *destination)
{
    if (destination->si_family == AF_INET6) {
        const struct in6_addr *ip6 = &destination->Ipv6.sin6_addr;

        return !IN6_IS_ADDR_LINKLOCAL(ip6) && !IN6_IS_ADDR_MULTICAST(ip6);
    }
    return !IN_MULTICAST(ntohl(destination->Ipv4.sin_addr.s_addr));
}

static DWORD find_link(struct rtnl_socket *sock, const SOCKADDR_INET *destination, NET_LUID *luid)
{
    struct route route = {0};
    netio_interface interface = {.index = 0};
    int error;

    if (!inet_is_neighbor(destination) || !names_one_link(destination))
        return ERROR_INVALID_PARAMETER;
    error = route_find(sock, destination, 0, &route);
    if (route_is_none(error))
        return ERROR_NETWORK_UNREACHABLE;
    if (error != 0)
        return code_of(error);
    switch (route.type) {
    case RTN_UNICAST:
        break;
    case RTN_LOCAL:
    case RTN_BROADCAST:
    case RTN_ANYCAST:
    case RTN_MULTICAST:
        return ERROR_INVALID_PARAMETER;
    default:
        return ERROR_NETWORK_UNREACHABLE;
    }
    if (route.gateway.si_family != 0 || route.index == 0)
        return ERROR_NETWORK_UNREACHABLE;
    interface.index = route.index;
    error = link_find(sock, &interface);
    if (error != 0)
        return code_of(error);
    *luid = interface.luid;
    return luid->Value == 0 ? ERROR_NOT_SUPPORTED : NO_ERROR; /* an index of 2^24 or more has no LUID */
}

void netio_route(const SOCKADDR_INET *destinations, NET_LUID *interfaces, size_t count, DWORD *results)
{
    struct rtnl_socket sock;
    const int error = rtnl_open(&sock, 0);

    for (size_t i = 0; i < count; i++) {
        interfaces[i].Value = 0;
        results[i] = error != 0 ? code_of(error) : find_link(&sock, &destinations[i], &interfaces[i]);
    }
    rtnl_close(&sock);
}

DWORD netio_gateway(const SOCKADDR_INET *destination, SOCKADDR_INET *gateway)
{
    struct rtnl_socket sock;
    struct route route = {0};
    int error = rtnl_open(&sock, 0);

    if (error == 0)
        error = route_find(&sock, destination, 0, &route);
    rtnl_close(&sock);
    *gateway = route.gateway;
    if (error != 0 && !route_is_none(error))
        return code_of(error);
    return route.gateway.si_family == 0 ? ERROR_NOT_FOUND : NO_ERROR;
}
