/* SPDX-License-Identifier: MIT */
/* A packet socket that sends the probes of a sweep on one interface, and receives only replies. */
#ifndef NETIO_SWEEP_PORT_H
#define NETIO_SWEEP_PORT_H

#include <stdbool.h>

#include "platform.h"
#include "sweep_frame.h"

struct port {
    int fd;
    ADDRESS_FAMILY family;
    NET_IFINDEX index;
    UCHAR mac[FRAME_MAC_SIZE]; /* of the interface */
};

/* -EPERM: packet sockets need CAP_NET_RAW in the user namespace of the network namespace netns. */
int port_check(int netns);

/*
 * Opens the port for the interface of a row, by its luid, else index, and the family of its address. -EOPNOTSUPP: the
 * interface has no Ethernet addresses, or sends no probes.
 */
int port_open(struct port *port, int netns, const MIB_IPNET_ROW2 *row);
void port_close(struct port *port);

/* Sends a probe; the id counts for all nodes only. -EAGAIN, -ENOBUFS: the queue of the interface is full. */
int port_send(const struct port *port, enum frame_kind kind, const SOCKADDR_INET *source, const SOCKADDR_INET *target,
              uint32_t id);

/* Reads one frame, and sets is_reply if it is a valid reply. -EAGAIN: there is none. */
int port_receive(const struct port *port, struct frame_reply *reply, bool *is_reply);

#endif
