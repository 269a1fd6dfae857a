/* SPDX-License-Identifier: MIT */
/*
 * The Ethernet frames of a sweep: ARP (RFC 826, RFC 5227), Neighbor Discovery (RFC 4861), and packets to all nodes of a
 * link: echo requests, and an option that no node knows (RFC 4443). Pure functions: no system calls.
 */
#ifndef NETIO_SWEEP_FRAME_H
#define NETIO_SWEEP_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "platform.h"

#define FRAME_MAC_SIZE 6

/* The size of the largest probe, a neighbour solicitation with a link-layer address option. */
#define FRAME_PROBE_MAX 86

/* The kinds of probes. The last two are for all nodes. */
enum frame_kind { FRAME_SOLICITATION, FRAME_ECHO, FRAME_OPTION };

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
    SOCKADDR_INET target;  /* of the probe: the address, or ff02::1 */
    SOCKADDR_INET to;      /* the source of the probe */
    UCHAR mac[FRAME_MAC_SIZE];
    enum frame_kind kind; /* of the probe */
    uint32_t id;          /* of the probe; 0 for a solicitation */
};

/* ff02::1 */
bool frame_is_all_nodes(const SOCKADDR_INET *address);

/*
 * Builds an ARP request or a neighbour solicitation for a target of the same family as source. An IPv4 source of 0.0.0.0
 * makes an ARP probe as in RFC 5227, from which hosts do not learn. Returns the size of the frame; 0 if the families
 * differ or are not those of IP.
 */
size_t frame_build(UCHAR frame[FRAME_PROBE_MAX], const UCHAR mac[FRAME_MAC_SIZE], const SOCKADDR_INET *source,
                   const SOCKADDR_INET *target);

/*
 * Builds a packet to all nodes from an IPv6 source: an echo request, or one with a destination option of the type for
 * experiments (RFC 4727). A node that does not know the option replies with a parameter problem, also to a multicast
 * (RFC 4443, 2.4 e.3), and so do nodes that ignore echo requests (RFC 7707). Returns the size of the frame.
 */
size_t frame_build_all_nodes(UCHAR frame[FRAME_PROBE_MAX], enum frame_kind kind, const UCHAR mac[FRAME_MAC_SIZE],
                             const SOCKADDR_INET *source, uint32_t id);

/*
 * Reads a reply to the host with the physical address mac. False: the frame has another type, an invalid length,
 * checksum or VLAN tag, or is not a reply of another host.
 */
bool frame_parse(const struct frame *frame, const UCHAR mac[FRAME_MAC_SIZE], struct frame_reply *reply);

#endif
