/* SPDX-License-Identifier: MIT */
/* IP addresses in socket addresses. Pure functions, the same on every system. */
#ifndef NETIO_INET_H
#define NETIO_INET_H

#include <stdbool.h>

#include "platform.h"

/* Returns the bytes of an address and their number; NULL and 0 if the family is neither IPv4 nor IPv6. */
const void *inet_bytes(const SOCKADDR_INET *address, size_t *size);

/* Sets an address of that family from its bytes; false, and the address is unspecified, if they are not its length. */
bool inet_set(SOCKADDR_INET *address, ADDRESS_FAMILY family, const void *bytes, size_t size);

/* Compares two IPv4 or IPv6 addresses; port, flow and scope do not count. */
bool inet_equal(const SOCKADDR_INET *a, const SOCKADDR_INET *b);

bool inet_is_ip(const SOCKADDR_INET *address); /* of one of the two families */

bool inet_is_link_local(const SOCKADDR_INET *address); /* fe80::/10, which alone has scopes */

bool inet_is_multicast(const SOCKADDR_INET *address);

/* Returns false for unspecified, loopback and IPv4-mapped addresses and 255.255.255.255: no neighbour has them. */
bool inet_is_neighbor(const SOCKADDR_INET *address);

#endif
