/* SPDX-License-Identifier: MIT */
/*
 * The Ethernet frames of a sweep: ARP (RFC 826, RFC 5227), Neighbor Discovery (RFC 4861) and echoes to all nodes of a
 * link (RFC 4443). Pure functions: no system calls.
 */
#ifndef NETIO_SWEEP_FRAME_H
#define NETIO_SWEEP_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "platform.h"

#define FRAME_MAC_SIZE 6

/* The size of the largest probe, a neighbour solicitation with a link-layer address option. */
#define FRAME_PROBE_MAX 86

/* A frame as a packet socket delivers it: from the Ethernet header on, without the VLAN tag. */
struct frame {
    const UCHAR *bytes;
    size_t size;
    uint16_t tag;             /* the tag control information of the VLAN tag, or 0 */
    bool is_checksum_pending; /* the frame never left this machine, and the checksum is not computed yet */
};

/* A valid reply. */
struct frame_reply {
    SOCKADDR_INET address; /* that the sender has */
    SOCKADDR_INET to;      /* the source of the probe */
    UCHAR mac[FRAME_MAC_SIZE];
    bool is_echo;
    uint16_t echo_id; /* 0 unless is_echo */
};

/*
 * Builds the probe for a target of the same family as source: an ARP request, a neighbour solicitation, or an echo
 * request if the target is a multicast address. An IPv4 source of 0.0.0.0 makes an ARP probe as in RFC 5227, from which
 * hosts do not learn. Returns the size of the frame; 0 if the families differ or are not those of IP.
 */
size_t frame_build(UCHAR frame[FRAME_PROBE_MAX], const UCHAR mac[FRAME_MAC_SIZE], const SOCKADDR_INET *source,
                   const SOCKADDR_INET *target, uint16_t echo_id);

/*
 * Reads a reply to the host with the physical address mac. False: the frame has another type, an invalid length,
 * checksum or VLAN tag, or is not a reply of another host.
 */
bool frame_parse(const struct frame *frame, const UCHAR mac[FRAME_MAC_SIZE], struct frame_reply *reply);

#endif
