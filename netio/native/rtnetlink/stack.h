/* SPDX-License-Identifier: MIT */
/* The IPv4 and IPv6 stack of an interface, and whether it belongs to a VRF. */
#ifndef NETIO_STACK_H
#define NETIO_STACK_H

#include <stdbool.h>

#include "platform.h"
#include "rtnl.h"

/* The last stack that was looked up: consecutive rows are often on one interface. All 0: none yet. */
struct known_stack {
    NET_IFINDEX index;
    ADDRESS_FAMILY family;
    bool is_missing;
    bool is_in_vrf;
};

/*
 * Returns whether an interface has no stack of a family: IPv6 with an MTU below 1280 or disable_ipv6. The kernel then
 * rejects new entries with EINVAL, but calls an entry absent and a destination unreachable as if there were a stack.
 */
bool stack_is_missing(struct rtnl_socket *socket, struct known_stack *known, NET_IFINDEX index, ADDRESS_FAMILY family);

/*
 * Returns whether an interface belongs to a VRF. It then has addresses of its own: an address of another interface may
 * be that of a neighbour there.
 */
bool stack_is_in_vrf(struct rtnl_socket *socket, struct known_stack *known, NET_IFINDEX index, ADDRESS_FAMILY family);

#endif
