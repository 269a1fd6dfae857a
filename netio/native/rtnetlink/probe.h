/* SPDX-License-Identifier: MIT */
/*
 * Probes by empty UDP datagrams: to send one, the kernel must resolve the neighbour. A hop limit of 1 keeps them on the
 * link.
 */
#ifndef NETIO_PROBE_H
#define NETIO_PROBE_H

#include "platform.h"

/* A socket and what it is bound to. If the family of source is 0, the system chooses the source. */
struct probe_socket {
    int fd; /* -1: not open */
    ADDRESS_FAMILY family;
    NET_IFINDEX index;
    SOCKADDR_INET source;
};

/*
 * Opens a socket in a network namespace (netns.h), always the same for one probe_socket, unless it is bound to the same
 * already. -EADDRNOTAVAIL: source is not an address of this machine.
 */
int probe_open(struct probe_socket *socket, int netns, ADDRESS_FAMILY family, NET_IFINDEX index,
               const SOCKADDR_INET *source);

int probe_send(const struct probe_socket *socket, const SOCKADDR_INET *destination);

void probe_close(struct probe_socket *socket);

#endif
