/* SPDX-License-Identifier: MIT */
/* Interfaces over rtnetlink: RTM_GETLINK. */
#ifndef NETIO_LINK_H
#define NETIO_LINK_H

#include <sys/socket.h>

#include "rtnl.h"
#include "backend.h"

/* Newer than the C library and the kernel headers of old build images. */
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

/* IANA ifType << 48 | index << 24; 0 where the index does not fit its 24 bits. */
NET_LUID link_luid(unsigned short hardware_type, NET_IFINDEX index);

/* In: luid, else index, else name; out: all. -ENODEV: no such interface, also where the LUID's type is another. */
int link_find(struct rtnl_socket *socket, netio_interface *interface);

/* What rows and routes need to know of an interface. */
struct link {
    NET_LUID luid;
    NET_IFINDEX index;
    ULONG physical_address_length; /* of its neighbours; 0: they have none */
};

/* The last interfaces, since rows may be on a few by turns; all 0: none yet. */
struct recent_links {
    struct link links[8]; /* index 0: a free place */
    size_t next;          /* to be forgotten */
};

/* Finds an interface among the recent ones, else looks it up: by luid where that is not 0, else by index. */
int link_recall(struct rtnl_socket *socket, struct recent_links *recent, NET_LUID luid, NET_IFINDEX index,
                struct link *link);

/* Fills InterfaceLuid in from InterfaceIndex, one look-up an interface; 0 where the interface has gone. */
int link_fill_luids(struct rtnl_socket *socket, MIB_IPNET_ROW2 *rows, size_t count);

#endif
