/* SPDX-License-Identifier: MIT */
/* Converts between neighbour messages of rtnetlink and rows of netioapi.h. Pure functions. */
#ifndef NETIO_NEIGHBOR_H
#define NETIO_NEIGHBOR_H

#include <linux/neighbour.h>
#include <stdbool.h>

#include "detail.h"
#include "platform.h"
#include "rtnl.h"

/* Newer than the kernel headers of old build images. */
#ifndef NTF_EXT_LEARNED
#define NTF_EXT_LEARNED 0x10
#endif
#ifndef NTF_EXT_MANAGED
#define NTF_EXT_MANAGED 0x01
#endif
#ifndef NTF_EXT_LOCKED
#define NTF_EXT_LOCKED 0x02
#endif
#ifndef NTF_EXT_EXT_VALIDATED
#define NTF_EXT_EXT_VALIDATED 0x04
#endif
/* NDA_PROTOCOL, NDA_FLAGS_EXT */
enum { NEIGHBOR_PROTOCOL = 12, NEIGHBOR_FLAGS_EXT = 15 };

/* The number of attribute types that netio reads, from 0 on. */
#define NEIGHBOR_ATTRIBUTES (NEIGHBOR_FLAGS_EXT + 1)

/*
 * Starts a request about the address of a row on that interface. Unless state is NUD_NONE (0), the request carries the
 * row's physical address and the protocol RTPROT_STATIC.
 */
void neighbor_request(struct rtnl_request *request, uint16_t type, uint16_t flags, const MIB_IPNET_ROW2 *row,
                      NET_IFINDEX index, uint16_t state, uint8_t neighbor_flags);

/*
 * Returns true for messages that netio does not show: entries of the other list (proxy entries, or neighbours), and of
 * other families than IPv4 and IPv6.
 */
bool neighbor_is_ignored(const struct nlmsghdr *message, bool proxy);

/*
 * Reads a neighbour message (RTM_NEWNEIGH, RTM_DELNEIGH) into a row. InterfaceLuid stays 0, since the message does not
 * carry the type of the interface. -EBADMSG: invalid length, or no address.
 */
int neighbor_parse(const struct nlmsghdr *message, MIB_IPNET_ROW2 *row);

/* The same, and returns the attributes, of which those that a row needs have a valid length. */
int neighbor_parse_attributes(const struct nlmsghdr *message, const struct rtattr *found[NEIGHBOR_ATTRIBUTES],
                              MIB_IPNET_ROW2 *row);

/* Reads the detail of a message from its attributes, which neighbor_parse_attributes returned. */
void neighbor_parse_detail(const struct nlmsghdr *message, const struct rtattr *found[NEIGHBOR_ATTRIBUTES],
                           netio_linux_detail *detail);

/* Converts an age in ticks of the kernel to milliseconds, UINT32_MAX at most. */
uint32_t neighbor_milliseconds(uint32_t ticks);

/* Reads the reply to RTM_GETNEIGH. -EBADMSG: also an entry for another address or interface than those of the key. */
int neighbor_parse_reply(const struct nlmsghdr *message, const MIB_IPNET_ROW2 *key, NET_IFINDEX index,
                         MIB_IPNET_ROW2 *row);

#endif
