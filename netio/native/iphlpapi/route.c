/* SPDX-License-Identifier: MIT */
/* Routes: GetBestRoute2. */
#include <stdbool.h>
#include <string.h>

#include "calls.h"
#include "inet.h"
#include "platform.h"

/* luid is NULL, or the only interface whose routes are considered. */
static DWORD best_route(const SOCKADDR_INET *destination, NET_LUID *luid, MIB_IPFORWARD_ROW2 *route)
{
    SOCKADDR_INET source;

    memset(route, 0, sizeof *route);
    return call_get_best_route(luid, destination, route, &source);
}

/* Windows creates such routes for local addresses and for the broadcast addresses of its networks. */
static bool is_local_or_broadcast(const MIB_IPFORWARD_ROW2 *route)
{
    const bool ip6 = route->DestinationPrefix.Prefix.si_family == AF_INET6;

    return route->Loopback || route->InterfaceLuid.Info.IfType == IF_TYPE_SOFTWARE_LOOPBACK ||
           (route->Protocol == RouteProtocolLocal && route->DestinationPrefix.PrefixLength == (ip6 ? 128 : 32));
}

static bool has_gateway(const MIB_IPFORWARD_ROW2 *route)
{
    if (route->NextHop.si_family == AF_INET6)
        return !IN6_IS_ADDR_UNSPECIFIED(&route->NextHop.Ipv6.sin6_addr);
    return route->NextHop.Ipv4.sin_addr.s_addr != INADDR_ANY;
}

static DWORD find_next_hop(const SOCKADDR_INET *destination, NET_LUID *luid, SOCKADDR_INET *gateway)
{
    MIB_IPFORWARD_ROW2 route;
    DWORD code;

    if (inet_is_multicast(destination) || (luid->Value == 0 && inet_is_link_local(destination)))
        return ERROR_INVALID_PARAMETER;
    code = best_route(destination, luid->Value == 0 ? NULL : luid, &route);
    if (code != NO_ERROR)
        return code == ERROR_HOST_UNREACHABLE || code == ERROR_NOT_FOUND ? ERROR_NETWORK_UNREACHABLE : code;
    if (is_local_or_broadcast(&route))
        return ERROR_INVALID_PARAMETER;
    *luid = route.InterfaceLuid;
    if (!has_gateway(&route) || inet_equal(&route.NextHop, destination))
        return NO_ERROR;
    *gateway = route.NextHop;
    return ERROR_NETWORK_UNREACHABLE;
}

void netio_route(int netns, const SOCKADDR_INET *destinations, NET_LUID *interfaces, SOCKADDR_INET *gateways,
                 size_t count, DWORD *results)
{
    (void)netns;
    memset(gateways, 0, count * sizeof *gateways);
    for (size_t i = 0; i < count; i++) {
        results[i] = find_next_hop(&destinations[i], &interfaces[i], &gateways[i]);
        if (results[i] != NO_ERROR && gateways[i].si_family == 0)
            interfaces[i].Value = 0;
    }
}
