/* SPDX-License-Identifier: MIT */
/* The source of a probe that the kernel sends without a packet (NTF_USE). */
#ifndef NETIO_SOURCE_H
#define NETIO_SOURCE_H

#include "resolve_steps.h"

/*
 * Sets kernel_has_source of the rows of a group. Without a packet, the kernel takes the source from the addresses of
 * the interface: for IPv6 a link-local one that is not tentative, for IPv4 the first one, preferably of the subnet of
 * the destination, and an address of any other interface if there is none. For a packet it takes the one that the route
 * prefers, and the neighbour may reply to that only.
 */
void source_find(struct rtnl_socket *socket, const struct group *group);

#endif
