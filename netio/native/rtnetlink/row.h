/* SPDX-License-Identifier: MIT */
/* What the verbs and the resolver do with one row of the kernel's table. */
#ifndef NETIO_ROW_H
#define NETIO_ROW_H

#include <stdbool.h>

#include "link.h"
#include "rtnl.h"
#include "backend.h"

/* Judges a row as input, and looks its interface up. */
DWORD row_check(struct rtnl_socket *socket, const MIB_IPNET_ROW2 *row, bool with_physical_address,
                struct recent_links *recent, struct link *link);

/* Reads the row of that address on that interface: in: key, out: all. -ENOENT: absent. */
int row_read(struct rtnl_socket *socket, NET_IFINDEX index, NET_LUID luid, MIB_IPNET_ROW2 *row);

/* Removes the row of that address, in any state. -ENOENT: absent; -EPERM: without CAP_NET_ADMIN. */
int row_remove(struct rtnl_socket *socket, NET_IFINDEX index, const MIB_IPNET_ROW2 *row);

/* Whether CAP_NET_ADMIN is there; changes nothing. */
bool row_may_remove(struct rtnl_socket *socket);

#endif
