/* SPDX-License-Identifier: MIT */
/* Empty datagrams, for which the kernel must resolve the neighbour; they stay on the link. */
#ifndef NETIO_PROBE_H
#define NETIO_PROBE_H

#include "backend.h"

/* What a socket is bound to; a source of family 0: the system chooses. */
struct datagram_socket {
    int fd; /* -1: there is none yet */
    ADDRESS_FAMILY family;
    NET_IFINDEX index;
    SOCKADDR_INET source;
};

/* Opens a socket, unless it is bound so already. -EADDRNOTAVAIL: the source is of somebody else. */
int datagram_open(struct datagram_socket *socket, ADDRESS_FAMILY family, NET_IFINDEX index,
                  const SOCKADDR_INET *source);

int datagram_send(const struct datagram_socket *socket, const SOCKADDR_INET *destination);

void datagram_close(struct datagram_socket *socket);

#endif
