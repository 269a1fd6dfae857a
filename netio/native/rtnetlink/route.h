/* SPDX-License-Identifier: MIT */
/* Routes over rtnetlink: RTM_GETROUTE. */
#ifndef NETIO_ROUTE_H
#define NETIO_ROUTE_H

#include <stdbool.h>

#include "platform.h"
#include "rtnl.h"

struct route {
    unsigned char type;    /* RTN_ */
    NET_IFINDEX index;     /* the outgoing interface */
    SOCKADDR_INET gateway; /* family 0: none, the destination is on-link */
    struct in_addr source; /* IPv4: the one that the system prefers; 0: none */
};

/* Finds the route that a datagram to the destination would take; if index is not 0, on that interface only. */
int route_find(struct rtnl_socket *socket, const SOCKADDR_INET *destination, NET_IFINDEX index, struct route *route);

/* A look-up of one route. Out: route, and error (0 or a negative errno). */
struct route_search {
    const SOCKADDR_INET *destination; /* NULL: skipped */
    NET_IFINDEX index;
    uint32_t flags; /* RTM_F_ */
    struct route route;
    int error;
};

/* Finds several routes with one send; count is at most what rtnl_batch_limit returns. */
void route_find_many(struct rtnl_socket *socket, struct rtnl_batch *requests, struct route_search searches[],
                     size_t count);

/* A destination is on-link if its route has no gateway, or if it is the gateway itself (a route with onlink). */
bool route_is_on_link(const struct route *route, const SOCKADDR_INET *destination);

/*
 * Returns whether the address is one of this machine: by the routes of all interfaces, or by those of that interface,
 * which are others if it belongs to a VRF or a rule selects a table for it. A link-local address is looked up on the
 * interface alone.
 */
bool route_is_local(struct rtnl_socket *socket, const SOCKADDR_INET *address, NET_IFINDEX index);

/*
 * Returns true for the errors of route_find that mean: no datagram can go there (also prohibit and blackhole routes).
 */
bool route_is_none(int error);

/* netio_route for one destination, without its gateway, over a socket that is open already. */
DWORD route_link(struct rtnl_socket *socket, const SOCKADDR_INET *destination, NET_LUID *interface);

#endif
