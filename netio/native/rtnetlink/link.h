/* SPDX-License-Identifier: MIT */
/* Interfaces over rtnetlink: RTM_GETLINK. */
#ifndef NETIO_LINK_H
#define NETIO_LINK_H

#include "rtnl.h"
#include "shim.h"

/* IANA ifType << 48 | index << 24; 0 where the index does not fit its 24 bits. */
NET_LUID link_luid(unsigned short hardware_type, NET_IFINDEX index);

/* In: luid, else index, else name; out: all. -ENODEV: no such interface, also where the LUID's type is another. */
int link_find(struct rtnl_socket *socket, netio_interface *interface);

/* The same for the interface of a row; does nothing where *interface is that one already. */
int link_of_row(struct rtnl_socket *socket, const MIB_IPNET_ROW2 *row, netio_interface *interface);

/* Whether it has been looked up and is that of the row. */
bool link_is_of_row(const netio_interface *interface, const MIB_IPNET_ROW2 *row);

/* Fills InterfaceLuid in from InterfaceIndex, one look-up an interface; 0 where the interface has gone. */
int link_fill_luids(struct rtnl_socket *socket, MIB_IPNET_ROW2 *rows, size_t count);

#endif
