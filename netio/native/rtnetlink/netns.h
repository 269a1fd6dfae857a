/* SPDX-License-Identifier: MIT */
/* Opens sockets in a network namespace. A socket stays in the namespace in which it was opened. */
#ifndef NETIO_NETNS_H
#define NETIO_NETNS_H

/*
 * Opens a socket with CLOEXEC in the namespace that the descriptor netns refers to; NETIO_OWN_NETNS is that of the calling
 * thread. The thread is in its own namespace again when the function returns. Returns the socket or a negative errno.
 * -EPERM: the thread may not enter that namespace, or could not return from it.
 */
int netns_socket(int netns, int family, int type, int protocol);

#endif
