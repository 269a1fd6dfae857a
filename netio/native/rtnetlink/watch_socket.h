/* SPDX-License-Identifier: MIT */
/* The socket of a watch: subscribed to the notifications about the selected entries, and about interfaces. */
#ifndef NETIO_WATCH_SOCKET_H
#define NETIO_WATCH_SOCKET_H

#include "rtnl.h"
#include "table.h"

/* The room that a notification takes of the receive buffer, whatever its size. */
#define WATCH_NOTIFICATION_ROOM 832

/*
 * Opens the socket; the kernel drops other notifications, which take no room in its buffer. receive_buffer is in bytes;
 * 0: 16 MiB. The system may limit it.
 */
int watch_socket_open(struct rtnl_socket *socket, int netns, const struct table *selected, ULONG receive_buffer);

/* Returns the largest number of notifications that the socket can hold. */
size_t watch_socket_room(const struct rtnl_socket *socket);

#endif
