/* SPDX-License-Identifier: MIT */
/* Finds the interface of an entry that is to be read. */
#ifndef NETIO_GET_H
#define NETIO_GET_H

#include "platform.h"
#include "rtnl.h"

/* Chooses the interface as netio_get does, and sets all members. */
DWORD get_interface(struct rtnl_socket *socket, const SOCKADDR_INET *address, netio_interface *interface);

#endif
