/* SPDX-License-Identifier: MIT */
/* Routes over rtnetlink: RTM_GETROUTE. */
#ifndef NETIO_ROUTE_H
#define NETIO_ROUTE_H

#include <stdbool.h>

#include "rtnl.h"
#include "backend.h"

struct route {
    unsigned char type;    /* RTN_ */
    NET_IFINDEX index;     /* the interface that it leaves by */
    SOCKADDR_INET gateway; /* family 0: none, the destination is on the link */
};

/* The route that a datagram to that destination would take, on that interface only where index is not 0. */
int route_find(struct rtnl_socket *socket, const SOCKADDR_INET *destination, NET_IFINDEX index, struct route *route);

/* What is asked for, and what is found: error is 0 or a negative errno. */
struct route_search {
    const SOCKADDR_INET *destination; /* NULL: passed over */
    NET_IFINDEX index;
    uint32_t flags; /* RTM_F_ */
    struct route route;
    int error;
};

/* The same for many, no more than rtnl_batch_limit says, in one send. */
void route_find_many(struct rtnl_socket *socket, struct rtnl_batch *requests, struct route_search searches[],
                     size_t count);

/* Errors of route_find that mean: no datagram can go there (none, unreachable, prohibit and blackhole routes). */
bool route_is_none(int error);

#endif
