/* SPDX-License-Identifier: MIT */
/* Interfaces over rtnetlink: RTM_GETLINK. */
#ifndef NETIO_LINK_H
#define NETIO_LINK_H

#include <sys/socket.h>

#include "interface_set.h"
#include "platform.h"
#include "rtnl.h"

/* Newer than the C library and the kernel headers of old build images. */
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

/* Returns IANA ifType << 48 | index << 24, or 0 if the index does not fit into 24 bits. */
NET_LUID link_luid(unsigned short hardware_type, NET_IFINDEX index);

/* In: luid, else index, else name; out: all members. -ENODEV: no such interface, or the LUID has another type. */
int link_find(struct rtnl_socket *socket, netio_interface *interface);

/* The members of netio_interface that entries and routes need. */
struct link {
    NET_LUID luid;
    NET_IFINDEX index;
    ULONG physical_address_length; /* of its neighbours; 0 if they have none */
    ULONG flags;                   /* NETIO_INTERFACE_ */
};

/* The interfaces that were looked up last: consecutive rows are often on a few interfaces. All 0: none yet. */
struct recent_links {
    struct link links[8]; /* index 0: a free place */
    size_t next;          /* the place to overwrite */
};

/* Finds an interface by luid if that is not 0, else by index: among the recent ones, else by a look-up. */
int link_recall(struct rtnl_socket *socket, struct recent_links *recent, NET_LUID luid, NET_IFINDEX index,
                struct link *link);

/*
 * Sets InterfaceLuid from InterfaceIndex, with one look-up per interface, which is added to the set; 0 if the interface
 * was removed. Of Ethernet interfaces only LUID, index, name and scope are set.
 */
int link_fill_luids(struct rtnl_socket *socket, MIB_IPNET_ROW2 *rows, size_t count, struct interface_set *set);

#endif
