/* SPDX-License-Identifier: MIT */
/* Single entries of the kernel's table: validate, read, remove. */
#ifndef NETIO_ROW_H
#define NETIO_ROW_H

#include <stdbool.h>

#include "link.h"
#include "platform.h"
#include "rtnl.h"

/* The function that a row is the input of. */
enum row_use {
    ROW_DELETE,  /* any IP address: the kernel itself makes entries for addresses that no neighbour has */
    ROW_RESOLVE, /* an address that a neighbour can have */
    ROW_WRITE,   /* and a physical address of the length that the interface has */
};

/* Validates a row as input and looks its interface up. */
DWORD row_check(struct rtnl_socket *socket, const MIB_IPNET_ROW2 *row, enum row_use use, struct recent_links *recent,
                struct link *link);

/* Reads the entry for an address on an interface. In: the key; out: all members. -ENOENT: there is no such entry. */
int row_read(struct rtnl_socket *socket, NET_IFINDEX index, NET_LUID luid, MIB_IPNET_ROW2 *row);

/* Removes the entry for an address, in any state. -ENOENT: there is no such entry; -EPERM: CAP_NET_ADMIN is missing. */
int row_remove(struct rtnl_socket *socket, NET_IFINDEX index, const MIB_IPNET_ROW2 *row);

/* Returns whether this process has CAP_NET_ADMIN in its namespace. Changes nothing. */
bool row_may_remove(struct rtnl_socket *socket);

#endif
