/* SPDX-License-Identifier: MIT */
/* Reads one entry together with its interface, over one socket. */
#ifndef NETIO_GET_H
#define NETIO_GET_H

#include "platform.h"
#include "rtnl.h"

/* Reads an entry of the interface that was found. Returns 0 or a negative errno; after a failure nothing is changed. */
typedef int get_read(void *reader, struct rtnl_socket *socket, netio_interface *interface);

/* Chooses the interface as netio_get does, sets all members, and reads the entry. Returns what netio_get does. */
DWORD get_entry(int netns, const SOCKADDR_INET *address, netio_interface *interface, get_read *read, void *reader);

#endif
