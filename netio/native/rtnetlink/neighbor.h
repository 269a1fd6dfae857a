/* SPDX-License-Identifier: MIT */
/* Neighbour messages of rtnetlink and rows of netioapi.h, one made from the other. Pure functions. */
#ifndef NETIO_NEIGHBOR_H
#define NETIO_NEIGHBOR_H

#include <stdbool.h>

#include "rtnl.h"
#include "backend.h"

/* The address bytes of a row or socket address and how many they are; NULL, 0 for a family that is neither IPv4 nor IPv6. */
const void *inet_bytes(const SOCKADDR_INET *address, size_t *size);

/* A valid neighbour address: not unspecified, loopback, 255.255.255.255 or IPv4-mapped. */
bool inet_is_neighbor(const SOCKADDR_INET *address);

/* Two rows with one key on one interface index. */
bool neighbor_same_key(const MIB_IPNET_ROW2 *a, const MIB_IPNET_ROW2 *b);

/*
 * Begins a neighbour request for the address of a row on that interface. A physical address goes along where
 * state is not 0 (NUD_NONE).
 */
void neighbor_request(struct rtnl_request *request, uint16_t type, uint16_t flags, const MIB_IPNET_ROW2 *row,
                      NET_IFINDEX index, uint16_t state, uint8_t neighbor_flags);

/* A neighbour message is none of ours: a proxy entry, or of a family other than IPv4 and IPv6. */
bool neighbor_is_foreign(const struct nlmsghdr *message);

/*
 * Reads a neighbour message (RTM_NEWNEIGH, RTM_DELNEIGH) into a row; InterfaceLuid stays 0, since the message
 * does not tell the type of the interface. -EBADMSG: a length that cannot be, or no address.
 */
int neighbor_parse(const struct nlmsghdr *message, MIB_IPNET_ROW2 *row);

#endif
