/* SPDX-License-Identifier: MIT */
#include "route.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inet.h"
#include "link.h"
#include "stack.h"
#include "status.h"

static int parse_gateway_address(SOCKADDR_INET *gateway, sa_family_t family, const void *bytes, size_t size)
{
    return inet_set(gateway, family, bytes, size) ? 0 : -EBADMSG;
}

/* RTA_VIA precedes the address by its family, since an IPv4 route can have an IPv6 gateway. */
static int parse_gateway(struct route *route, sa_family_t family, const struct rtattr *gateway,
                         const struct rtattr *via)
{
    struct rtvia head;

    if (gateway != NULL)
        return parse_gateway_address(&route->gateway, family, RTA_DATA(gateway), RTA_PAYLOAD(gateway));
    if (via == NULL)
        return 0;
    if (RTA_PAYLOAD(via) < sizeof head)
        return -EBADMSG;
    memcpy(&head, RTA_DATA(via), sizeof head);
    return parse_gateway_address(&route->gateway, head.rtvia_family, (const char *)RTA_DATA(via) + sizeof head,
                        RTA_PAYLOAD(via) - sizeof head);
}

/* Returns whether a route is one for the destination: its prefix may have any length, 0 without RTA_DST. */
static bool leads_to(const struct rtmsg *fixed, const struct rtattr *prefix, const SOCKADDR_INET *destination)
{
    const unsigned bits = fixed->rtm_dst_len, whole = bits / 8, rest = bits % 8;
    size_t size;
    const unsigned char *bytes = inet_bytes(destination, &size), *dst;

    if (bytes == NULL || fixed->rtm_family != destination->si_family || bits > size * 8)
        return false;
    if (prefix == NULL)
        return bits == 0;
    if (RTA_PAYLOAD(prefix) != size)
        return false;
    dst = RTA_DATA(prefix);
    return memcmp(dst, bytes, whole) == 0 && (rest == 0 || (dst[whole] ^ bytes[whole]) >> (8 - rest) == 0);
}

static int visit_route(void *visitor, const struct nlmsghdr *message)
{
    struct route_search *search = visitor;
    struct route *route = &search->route;
    const struct rtattr *found[RTA_VIA + 1];
    const struct rtmsg *fixed = NLMSG_DATA(message);
    const int error = rtnl_attributes(message, sizeof *fixed, found, RTA_VIA + 1);

    if (error != 0)
        return error;
    if (!leads_to(fixed, found[RTA_DST], search->destination))
        return -EBADMSG;
    memset(route, 0, sizeof *route);
    route->type = fixed->rtm_type;
    if (found[RTA_OIF] != NULL) {
        if (RTA_PAYLOAD(found[RTA_OIF]) != sizeof route->index)
            return -EBADMSG;
        memcpy(&route->index, RTA_DATA(found[RTA_OIF]), sizeof route->index);
    }
    if (fixed->rtm_family == AF_INET && found[RTA_PREFSRC] != NULL) {
        if (RTA_PAYLOAD(found[RTA_PREFSRC]) != sizeof route->source)
            return -EBADMSG;
        memcpy(&route->source, RTA_DATA(found[RTA_PREFSRC]), sizeof route->source);
    }
    return parse_gateway(route, fixed->rtm_family, found[RTA_GATEWAY], found[RTA_VIA]);
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

static void search_one(struct rtnl_socket *sock, struct route_search *search)
{
    struct rtnl_request request;

    search->error = route_request(&request, search->destination, search->index, search->flags);
    if (search->error == 0)
        search->error = rtnl_call(sock, &request, visit_route, search);
}

int route_find(struct rtnl_socket *sock, const SOCKADDR_INET *destination, NET_IFINDEX index, struct route *route)
{
    struct route_search search = {.destination = destination, .index = index};

    search_one(sock, &search);
    *route = search.route;
    return search.error;
}

static int visit_place(void *visitor, size_t place, const struct nlmsghdr *message)
{
    struct route_search *const *sent = visitor;

    return visit_route(sent[place], message);
}

void route_find_many(struct rtnl_socket *sock, struct rtnl_batch *requests, struct route_search searches[],
                     size_t count)
{
    struct route_search *sent[RTNL_BATCH_MAX]; /* by the place of the request in the batch */

    rtnl_batch_begin(requests);
    for (size_t i = 0; i < count; i++) {
        struct rtnl_request request;

        if (searches[i].destination == NULL)
            continue;
        searches[i].error =
            route_request(&request, searches[i].destination, searches[i].index, searches[i].flags);
        if (searches[i].error != 0)
            continue;
        sent[requests->count] = &searches[i];
        rtnl_batch_add(requests, &request);
    }
    rtnl_batch_call(sock, requests, visit_place, sent);
    for (size_t place = 0; place < requests->count; place++) {
        struct route_search *search = sent[place];

        search->error = requests->results[place];
        if (search->error == RTNL_NO_REPLY)
            search_one(sock, search);
    }
}

bool route_is_on_link(const struct route *route, const SOCKADDR_INET *destination)
{
    return route->gateway.si_family == 0 || inet_equal(&route->gateway, destination);
}

static DWORD kind_on(struct rtnl_socket *sock, const SOCKADDR_INET *address, NET_IFINDEX index)
{
    struct route route;

    if (route_find(sock, address, index, &route) != 0)
        return 0;
    return route.type == RTN_LOCAL ? NETIO_ADDRESS_OWN : route.type == RTN_BROADCAST ? NETIO_ADDRESS_BROADCAST : 0;
}

/*
 * By the routes of all interfaces, and by those of that interface. The latter alone count for a link-local address, and
 * if the interface belongs to a VRF.
 */
static DWORD find_kind(struct rtnl_socket *sock, const SOCKADDR_INET *address, NET_IFINDEX index)
{
    struct known_stack stack = {.index = 0};
    DWORD anywhere = inet_is_link_local(address) ? 0 : kind_on(sock, address, 0), there;

    if (anywhere != 0 && index != 0 && stack_is_in_vrf(sock, &stack, index, address->si_family))
        anywhere = 0;
    there = anywhere == NETIO_ADDRESS_OWN || index == 0 ? 0 : kind_on(sock, address, index);
    return there != 0 ? there : anywhere;
}

bool route_is_local(struct rtnl_socket *sock, const SOCKADDR_INET *address, NET_IFINDEX index)
{
    return find_kind(sock, address, index) == NETIO_ADDRESS_OWN;
}

DWORD netio_address_kind(int netns, const SOCKADDR_INET *address, NET_IFINDEX index)
{
    struct rtnl_socket sock;
    DWORD kind;

    if (rtnl_open(&sock, netns, 0) != 0)
        return 0;
    kind = find_kind(&sock, address, index);
    rtnl_close(&sock);
    return kind;
}

bool route_is_none(int error)
{
    return error == -ENETUNREACH || error == -EHOSTUNREACH || error == -EACCES || error == -EINVAL;
}

/*
 * Prepares the look-up for a destination. Among the routes of one interface only configured ones count
 * (RTM_F_FIB_MATCH): otherwise the kernel treats every IPv4 address as on-link on the interface of the request.
 */
static DWORD prepare_search(struct rtnl_socket *sock, struct route_search *search, const SOCKADDR_INET *destination,
                          NET_LUID luid, struct recent_links *recent)
{
    struct link link;
    int error;

    if (!inet_is_neighbor(destination) || inet_is_multicast(destination) ||
        (luid.Value == 0 && inet_is_link_local(destination)))
        return ERROR_INVALID_PARAMETER;
    if (luid.Value != 0) {
        error = link_recall(sock, recent, luid, 0, &link);
        if (error != 0)
            return win32_status(error);
        search->index = link.index;
        search->flags = RTM_F_FIB_MATCH;
    }
    search->destination = destination;
    return NO_ERROR;
}

/*
 * A configured route can have several next hops (RTA_MULTIPATH) and then names no interface. Since it exists on the
 * interface of the search, the route that a datagram would take on that interface belongs to it.
 */
static void choose_next_hop(struct rtnl_socket *sock, struct route_search *search)
{
    if (search->error == 0 && search->flags & RTM_F_FIB_MATCH && search->route.type == RTN_UNICAST &&
        search->route.index == 0)
        search->error = route_find(sock, search->destination, search->index, &search->route);
}

static DWORD status_of_type(unsigned char type)
{
    switch (type) {
    case RTN_UNICAST:
        return NO_ERROR;
    case RTN_LOCAL:
    case RTN_BROADCAST:
    case RTN_ANYCAST:
    case RTN_MULTICAST:
        return ERROR_INVALID_PARAMETER;
    default:
        return ERROR_NETWORK_UNREACHABLE;
    }
}

static DWORD evaluate(struct rtnl_socket *sock, struct route_search *search, struct recent_links *recent,
                      NET_LUID *luid, SOCKADDR_INET *gateway)
{
    const struct route *route = &search->route;
    struct link link;
    int error;

    choose_next_hop(sock, search);
    if (route_is_none(search->error))
        return ERROR_NETWORK_UNREACHABLE;
    if (search->error != 0)
        return win32_status(search->error);
    if (status_of_type(route->type) != NO_ERROR)
        return status_of_type(route->type);
    if (route->index == 0)
        return ERROR_NETWORK_UNREACHABLE;
    error = link_recall(sock, recent, (NET_LUID){.Value = 0}, route->index, &link);
    if (error != 0)
        return win32_status(error);
    *luid = link.luid;
    if (!route_is_on_link(route, search->destination)) {
        *gateway = route->gateway;
        return ERROR_NETWORK_UNREACHABLE;
    }
    return luid->Value == 0 ? ERROR_NOT_SUPPORTED : NO_ERROR; /* an index of 2^24 or more has no LUID */
}

/* The look-ups of one send. */
struct route_batch {
    struct route_search searches[RTNL_BATCH_MAX];
    struct rtnl_batch requests;
};

static void find_next_hops(struct rtnl_socket *sock, struct route_batch *batch, const SOCKADDR_INET *destinations,
                           NET_LUID *interfaces, SOCKADDR_INET *gateways, size_t count, DWORD *results)
{
    struct route_search *searches = batch->searches;
    struct recent_links recent = {.next = 0};

    memset(searches, 0, sizeof batch->searches);
    for (size_t i = 0; i < count; i++)
        results[i] = prepare_search(sock, &searches[i], &destinations[i], interfaces[i], &recent);
    route_find_many(sock, &batch->requests, searches, count);
    for (size_t i = 0; i < count; i++) {
        if (results[i] == NO_ERROR)
            results[i] = evaluate(sock, &searches[i], &recent, &interfaces[i], &gateways[i]);
        if (results[i] != NO_ERROR && gateways[i].si_family == 0)
            interfaces[i].Value = 0;
    }
}

DWORD route_link(struct rtnl_socket *sock, const SOCKADDR_INET *destination, NET_LUID *interface)
{
    struct recent_links recent = {.next = 0};
    struct route_search search = {.destination = destination};
    const DWORD status = prepare_search(sock, &search, destination, *interface, &recent);
    SOCKADDR_INET gateway;

    if (status != NO_ERROR)
        return status;
    search_one(sock, &search);
    return evaluate(sock, &search, &recent, interface, &gateway);
}

void netio_route(int netns, const SOCKADDR_INET *destinations, NET_LUID *interfaces, SOCKADDR_INET *gateways,
                 size_t count, DWORD *results)
{
    struct rtnl_socket sock;
    struct route_batch *batch = malloc(sizeof *batch);
    const int error = batch == NULL ? -ENOMEM : rtnl_open(&sock, netns, 0);
    const size_t limit = error == 0 ? rtnl_batch_limit(&sock, count) : 0;

    memset(gateways, 0, count * sizeof *gateways);
    for (size_t i = 0; i < count; i++)
        results[i] = win32_status(error);
    for (size_t start = 0; error == 0 && start < count; start += limit)
        find_next_hops(&sock, batch, destinations + start, interfaces + start, gateways + start,
                       count - start < limit ? count - start : limit, results + start);
    if (error == 0)
        rtnl_close(&sock);
    free(batch);
}
