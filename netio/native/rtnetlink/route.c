/* SPDX-License-Identifier: MIT */
#include "route.h"

#include <errno.h>
#include <string.h>

#include "status.h"
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

static int route_request(struct rtnl_request *request, const SOCKADDR_INET *destination, NET_IFINDEX index,
                         uint32_t flags)
{
    size_t size;
    const void *bytes = inet_bytes(destination, &size);
    const struct rtmsg fixed = {
        .rtm_family = (unsigned char)destination->si_family,
        .rtm_dst_len = (unsigned char)(size * 8),
        .rtm_flags = flags,
    };

    if (bytes == NULL)
        return -EINVAL;
    rtnl_begin(request, RTM_GETROUTE, 0, &fixed, sizeof fixed);
    rtnl_put(request, RTA_DST, bytes, size);
    if (index != 0)
        rtnl_put(request, RTA_OIF, &index, sizeof index);
    return 0;
}

static void search_alone(struct rtnl_socket *sock, struct route_search *search)
{
    struct rtnl_request request;

    search->error = route_request(&request, search->destination, search->index, search->flags);
    if (search->error == 0)
        search->error = rtnl_ask(sock, &request, visit_route, &search->route);
}

int route_find(struct rtnl_socket *sock, const SOCKADDR_INET *destination, NET_IFINDEX index, struct route *route)
{
    struct route_search search = {.destination = destination, .index = index};

    search_alone(sock, &search);
    *route = search.route;
    return search.error;
}

static int visit_place(void *visitor, size_t place, const struct nlmsghdr *message)
{
    struct route_search *const *asked = visitor;

    return visit_route(&asked[place]->route, message);
}

void route_find_many(struct rtnl_socket *sock, struct rtnl_batch *requests, struct route_search searches[],
                     size_t count)
{
    struct route_search *asked[RTNL_BATCH_MAX]; /* by the place of its request */

    rtnl_batch_begin(requests);
    for (size_t i = 0; i < count; i++) {
        struct rtnl_request request;

        if (searches[i].destination == NULL)
            continue;
        searches[i].error =
            route_request(&request, searches[i].destination, searches[i].index, searches[i].flags);
        if (searches[i].error != 0)
            continue;
        asked[requests->count] = &searches[i];
        rtnl_batch_add(requests, &request);
    }
    rtnl_batch_ask(sock, requests, visit_place, asked);
    for (size_t place = 0; place < requests->count; place++) {
        struct route_search *search = asked[place];

        search->error = requests->results[place];
        if (search->error == RTNL_UNANSWERED)
            search_alone(sock, search);
    }
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

/*
 * What is to be found for a destination. Among the routes of one interface only what somebody has set counts
 * (RTM_F_FIB_MATCH): else the kernel takes every IPv4 address as on the link of an interface that is asked for.
 */
static DWORD begin_search(struct rtnl_socket *sock, struct route_search *search, const SOCKADDR_INET *destination,
                          NET_LUID luid, struct recent_links *recent)
{
    struct link link;
    int error;

    if (!inet_is_neighbor(destination) || (luid.Value == 0 && !names_one_link(destination)))
        return ERROR_INVALID_PARAMETER;
    if (luid.Value != 0) {
        error = link_recall(sock, recent, luid, 0, &link);
        if (error != 0)
            return code_of(error);
        search->index = link.index;
        search->flags = RTM_F_FIB_MATCH;
    }
    search->destination = destination;
    return NO_ERROR;
}

/*
 * What somebody has set may lead over several links (RTA_MULTIPATH) and then names none. As it is there, and on the
 * interface that was asked for, the route that a datagram would take there is by it.
 */
static void choose_way(struct rtnl_socket *sock, struct route_search *search)
{
    if (search->error == 0 && search->flags & RTM_F_FIB_MATCH && search->route.type == RTN_UNICAST &&
        search->route.index == 0)
        search->error = route_find(sock, search->destination, search->index, &search->route);
}

static DWORD link_of_route(struct rtnl_socket *sock, struct route_search *search, struct recent_links *recent,
                           NET_LUID *luid)
{
    const struct route *route = &search->route;
    struct link link;
    int error;

    choose_way(sock, search);
    if (route_is_none(search->error))
        return ERROR_NETWORK_UNREACHABLE;
    if (search->error != 0)
        return code_of(search->error);
    switch (route->type) {
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
    if (route->gateway.si_family != 0 || route->index == 0)
        return ERROR_NETWORK_UNREACHABLE;
    error = link_recall(sock, recent, (NET_LUID){.Value = 0}, route->index, &link);
    if (error != 0)
        return code_of(error);
    *luid = link.luid;
    return luid->Value == 0 ? ERROR_NOT_SUPPORTED : NO_ERROR; /* an index of 2^24 or more has no LUID */
}

static void find_links(struct rtnl_socket *sock, const SOCKADDR_INET *destinations, NET_LUID *interfaces, size_t count,
                       DWORD *results)
{
    struct route_search searches[RTNL_BATCH_MAX];
    struct recent_links recent = {.next = 0};
    struct rtnl_batch requests;

    memset(searches, 0, sizeof searches);
    for (size_t i = 0; i < count; i++)
        results[i] = begin_search(sock, &searches[i], &destinations[i], interfaces[i], &recent);
    route_find_many(sock, &requests, searches, count);
    for (size_t i = 0; i < count; i++) {
        if (results[i] == NO_ERROR)
            results[i] = link_of_route(sock, &searches[i], &recent, &interfaces[i]);
        if (results[i] != NO_ERROR)
            interfaces[i].Value = 0;
    }
}

void netio_route(const SOCKADDR_INET *destinations, NET_LUID *interfaces, size_t count, DWORD *results)
{
    struct rtnl_socket sock;
    const int error = rtnl_open(&sock, 0);
    const size_t limit = rtnl_batch_limit(&sock, count);

    for (size_t i = 0; i < count; i++)
        results[i] = code_of(error);
    for (size_t start = 0; error == 0 && start < count; start += limit)
        find_links(&sock, destinations + start, interfaces + start, count - start < limit ? count - start : limit,
                   results + start);
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
