/* SPDX-License-Identifier: MIT */
#include "sweep_frame.h"

#include <string.h>

#include <linux/if_ether.h>

#include "inet.h"

/* Ethernet */
#define ETHERNET_SIZE 14
#define ETHERNET_MIN 60 /* without the checksum; shorter frames are padded */
#define ETHERNET_TYPE 12
#define VLAN_ID_MASK 0x0fff

/* ARP for IPv4 over Ethernet: offsets in the frame */
#define ARP_HARDWARE 14
#define ARP_PROTOCOL 16
#define ARP_LENGTHS 18
#define ARP_OPERATION 20
#define ARP_SENDER_MAC 22
#define ARP_SENDER 28
#define ARP_TARGET_MAC 32
#define ARP_TARGET 38
#define ARP_END 42
#define ARP_ETHERNET 1
#define ARP_REQUEST 1
#define ARP_REPLY 2

/* IPv6 and ICMPv6 without extension headers: offsets in the frame */
#define IP6_VERSION 14
#define IP6_LENGTH 18
#define IP6_NEXT 20
#define IP6_HOPS 21
#define IP6_SOURCE 22
#define IP6_DESTINATION 38
#define ICMP_TYPE 54
#define ICMP_CODE 55
#define ICMP_CHECKSUM 56
#define ECHO_ID 58 /* the identifier and the sequence number */
#define ECHO_SIZE 8
#define ND_FLAGS 58
#define ND_TARGET 62
#define ND_OPTIONS 78
#define ND_SIZE 24
#define NEXT_ICMP 58
#define MAX_HOPS 255
#define ECHO_REQUEST 128
#define ECHO_REPLY 129
#define SOLICITATION 135
#define ADVERTISEMENT 136
#define FLAG_SOLICITED 0x40
#define OPTION_SOURCE_MAC 1
#define OPTION_TARGET_MAC 2
#define OPTION_UNIT 8

/* The probe with an option: offsets in the frame */
#define OPTIONS_NEXT 54
#define OPTION_TYPE 56
#define OPTION_LENGTH 57
#define OPTION_ID 58
#define OPTIONS_SIZE 8
#define NEXT_OPTIONS 60
#define NEXT_NONE 59
#define OPTION_EXPERIMENT 0x9e /* the first two bits, 10: discard, and report also a multicast (RFC 8200, 4.2) */

/* The parameter problem: offsets in the frame. It contains the probe without the Ethernet header. */
#define PROBLEM_POINTER 58
#define PROBLEM_PACKET 62
#define PROBLEM_PROBE (PROBLEM_PACKET - ETHERNET_SIZE) /* is added to an offset in the probe */
#define PROBLEM_SIZE (8 + 40 + OPTIONS_SIZE)
#define PROBLEM 4
#define PROBLEM_UNKNOWN_OPTION 2

static const struct in6_addr all_nodes = {.s6_addr = {0xff, 0x02, [15] = 1}};

static void put16(UCHAR *at, uint16_t value)
{
    at[0] = (UCHAR)(value >> 8);
    at[1] = (UCHAR)value;
}

static void put32(UCHAR *at, uint32_t value)
{
    put16(at, (uint16_t)(value >> 16));
    put16(at + 2, (uint16_t)value);
}

static uint16_t get16(const UCHAR *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const UCHAR *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static uint32_t sum16(uint32_t sum, const UCHAR *bytes, size_t size)
{
    for (size_t i = 0; i + 1 < size; i += 2)
        sum += get16(bytes + i);
    return size % 2 == 0 ? sum : sum + (uint32_t)(bytes[size - 1] << 8);
}

/* The checksum over the pseudo-header and an ICMPv6 message of at most 65,535 bytes (RFC 4443, 2.3). */
static uint16_t icmp_checksum(const UCHAR *frame, size_t size)
{
    uint32_t sum = sum16((uint32_t)size + NEXT_ICMP, frame + IP6_SOURCE, ICMP_TYPE - IP6_SOURCE);

    sum = sum16(sum, frame + ICMP_TYPE, size);
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static size_t build_arp(UCHAR *frame, const UCHAR *mac, const SOCKADDR_INET *source, const SOCKADDR_INET *target)
{
    memset(frame, 0, ETHERNET_MIN);
    memset(frame, 0xff, FRAME_MAC_SIZE);
    memcpy(frame + FRAME_MAC_SIZE, mac, FRAME_MAC_SIZE);
    put16(frame + ETHERNET_TYPE, ETH_P_ARP);
    put16(frame + ARP_HARDWARE, ARP_ETHERNET);
    put16(frame + ARP_PROTOCOL, ETH_P_IP);
    frame[ARP_LENGTHS] = FRAME_MAC_SIZE;
    frame[ARP_LENGTHS + 1] = sizeof source->Ipv4.sin_addr;
    put16(frame + ARP_OPERATION, ARP_REQUEST);
    memcpy(frame + ARP_SENDER_MAC, mac, FRAME_MAC_SIZE);
    memcpy(frame + ARP_SENDER, &source->Ipv4.sin_addr, sizeof source->Ipv4.sin_addr);
    memcpy(frame + ARP_TARGET, &target->Ipv4.sin_addr, sizeof target->Ipv4.sin_addr);
    return ETHERNET_MIN;
}

/* Writes the headers in front of a payload of that size and type to a multicast address. */
static void build_ip6(UCHAR *frame, const UCHAR *mac, const SOCKADDR_INET *source, const struct in6_addr *group,
                      UCHAR next, size_t size)
{
    memset(frame, 0, ICMP_TYPE + size);
    put16(frame, 0x3333); /* RFC 2464: a multicast address ends with the last four bytes of the group */
    memcpy(frame + 2, group->s6_addr + 12, 4);
    memcpy(frame + FRAME_MAC_SIZE, mac, FRAME_MAC_SIZE);
    put16(frame + ETHERNET_TYPE, ETH_P_IPV6);
    frame[IP6_VERSION] = 6 << 4;
    put16(frame + IP6_LENGTH, (uint16_t)size);
    frame[IP6_NEXT] = next;
    frame[IP6_HOPS] = MAX_HOPS;
    memcpy(frame + IP6_SOURCE, &source->Ipv6.sin6_addr, sizeof *group);
    memcpy(frame + IP6_DESTINATION, group, sizeof *group);
}

static size_t build_solicitation(UCHAR *frame, const UCHAR *mac, const SOCKADDR_INET *source,
                                 const SOCKADDR_INET *target)
{
    const size_t size = ND_SIZE + OPTION_UNIT;
    struct in6_addr group = {.s6_addr = {0xff, 0x02, [11] = 0x01, [12] = 0xff}}; /* solicited-node multicast */

    memcpy(group.s6_addr + 13, target->Ipv6.sin6_addr.s6_addr + 13, 3);
    build_ip6(frame, mac, source, &group, NEXT_ICMP, size);
    frame[ICMP_TYPE] = SOLICITATION;
    memcpy(frame + ND_TARGET, &target->Ipv6.sin6_addr, sizeof target->Ipv6.sin6_addr);
    frame[ND_OPTIONS] = OPTION_SOURCE_MAC;
    frame[ND_OPTIONS + 1] = 1;
    memcpy(frame + ND_OPTIONS + 2, mac, FRAME_MAC_SIZE);
    put16(frame + ICMP_CHECKSUM, icmp_checksum(frame, size));
    return ICMP_TYPE + size;
}

static size_t build_echo(UCHAR *frame, const UCHAR *mac, const SOCKADDR_INET *source, uint32_t id)
{
    build_ip6(frame, mac, source, &all_nodes, NEXT_ICMP, ECHO_SIZE);
    frame[ICMP_TYPE] = ECHO_REQUEST;
    put32(frame + ECHO_ID, id);
    put16(frame + ICMP_CHECKSUM, icmp_checksum(frame, ECHO_SIZE));
    return ICMP_TYPE + ECHO_SIZE;
}

static size_t build_option(UCHAR *frame, const UCHAR *mac, const SOCKADDR_INET *source, uint32_t id)
{
    build_ip6(frame, mac, source, &all_nodes, NEXT_OPTIONS, OPTIONS_SIZE);
    frame[OPTIONS_NEXT] = NEXT_NONE;
    frame[OPTION_TYPE] = OPTION_EXPERIMENT;
    frame[OPTION_LENGTH] = sizeof id;
    put32(frame + OPTION_ID, id);
    return OPTIONS_NEXT + OPTIONS_SIZE;
}

bool frame_is_all_nodes(const SOCKADDR_INET *address)
{
    return address->si_family == AF_INET6 &&
           memcmp(&address->Ipv6.sin6_addr, &all_nodes, sizeof all_nodes) == 0;
}

size_t frame_build(UCHAR frame[FRAME_PROBE_MAX], const UCHAR mac[FRAME_MAC_SIZE], const SOCKADDR_INET *source,
                   const SOCKADDR_INET *target)
{
    if (source->si_family != target->si_family)
        return 0;
    if (target->si_family == AF_INET)
        return build_arp(frame, mac, source, target);
    if (target->si_family == AF_INET6)
        return build_solicitation(frame, mac, source, target);
    return 0;
}

size_t frame_build_all_nodes(UCHAR frame[FRAME_PROBE_MAX], enum frame_kind kind, const UCHAR mac[FRAME_MAC_SIZE],
                             const SOCKADDR_INET *source, uint32_t id)
{
    return kind == FRAME_ECHO ? build_echo(frame, mac, source, id) : build_option(frame, mac, source, id);
}

/* A physical address that one other host can have. */
static bool is_of_host(const UCHAR *mac, const UCHAR *own)
{
    static const UCHAR zero[FRAME_MAC_SIZE];

    return (mac[0] & 1) == 0 && memcmp(mac, zero, sizeof zero) != 0 && memcmp(mac, own, sizeof zero) != 0;
}

static bool parse_arp(const struct frame *frame, struct frame_reply *reply)
{
    const UCHAR *bytes = frame->bytes;

    if (frame->size < ARP_END || get16(bytes + ARP_HARDWARE) != ARP_ETHERNET ||
        get16(bytes + ARP_PROTOCOL) != ETH_P_IP || bytes[ARP_LENGTHS] != FRAME_MAC_SIZE ||
        bytes[ARP_LENGTHS + 1] != sizeof reply->to.Ipv4.sin_addr || get16(bytes + ARP_OPERATION) != ARP_REPLY)
        return false;
    memcpy(reply->mac, bytes + ARP_SENDER_MAC, FRAME_MAC_SIZE);
    return inet_set(&reply->address, AF_INET, bytes + ARP_SENDER, sizeof reply->address.Ipv4.sin_addr) &&
           inet_set(&reply->to, AF_INET, bytes + ARP_TARGET, sizeof reply->to.Ipv4.sin_addr);
}

/* Sets the physical address from the option of an advertisement, if there is one. False: an option is invalid. */
static bool parse_options(const UCHAR *options, size_t size, UCHAR *mac)
{
    while (size > 0) {
        const size_t length = size < 2 ? 0 : (size_t)options[1] * OPTION_UNIT;

        if (length == 0 || length > size || (options[0] == OPTION_TARGET_MAC && length != OPTION_UNIT))
            return false;
        if (options[0] == OPTION_TARGET_MAC)
            memcpy(mac, options + 2, FRAME_MAC_SIZE);
        options += length;
        size -= length;
    }
    return true;
}

/* size is that of the ICMPv6 message, here and below. */
static bool parse_advertisement(const UCHAR *bytes, size_t size, struct frame_reply *reply)
{
    return size >= ND_SIZE && bytes[ICMP_CODE] == 0 && bytes[IP6_HOPS] == MAX_HOPS &&
           (bytes[ND_FLAGS] & FLAG_SOLICITED) != 0 &&
           inet_set(&reply->address, AF_INET6, bytes + ND_TARGET, sizeof reply->address.Ipv6.sin6_addr) &&
           parse_options(bytes + ND_OPTIONS, size - ND_SIZE, reply->mac);
}

static bool parse_echo(const UCHAR *bytes, struct frame_reply *reply)
{
    reply->kind = FRAME_ECHO;
    reply->id = get32(bytes + ECHO_ID);
    return bytes[ICMP_CODE] == 0;
}

/* A parameter problem counts if it contains the probe with the option. */
static bool parse_problem(const UCHAR *bytes, size_t size, struct frame_reply *reply)
{
    const UCHAR *probe = bytes + PROBLEM_PROBE;

    if (size < PROBLEM_SIZE || bytes[ICMP_CODE] != PROBLEM_UNKNOWN_OPTION ||
        get32(bytes + PROBLEM_POINTER) != OPTION_TYPE - ETHERNET_SIZE)
        return false;
    reply->kind = FRAME_OPTION;
    reply->id = get32(probe + OPTION_ID);
    return probe[IP6_VERSION] >> 4 == 6 && probe[IP6_NEXT] == NEXT_OPTIONS &&
           memcmp(probe + IP6_SOURCE, bytes + IP6_DESTINATION, sizeof all_nodes) == 0 &&
           memcmp(probe + IP6_DESTINATION, &all_nodes, sizeof all_nodes) == 0 &&
           probe[OPTION_TYPE] == OPTION_EXPERIMENT && probe[OPTION_LENGTH] == sizeof reply->id;
}

/* size is at least that of an echo. */
static bool parse_icmp(const UCHAR *bytes, size_t size, struct frame_reply *reply)
{
    switch (bytes[ICMP_TYPE]) {
    case ADVERTISEMENT:
        return parse_advertisement(bytes, size, reply);
    case ECHO_REPLY:
        return parse_echo(bytes, reply);
    case PROBLEM:
        return parse_problem(bytes, size, reply);
    default:
        return false;
    }
}

static bool parse_ip6(const struct frame *frame, struct frame_reply *reply)
{
    const UCHAR *bytes = frame->bytes;
    size_t size;

    if (frame->size < ICMP_TYPE + ECHO_SIZE || bytes[IP6_VERSION] >> 4 != 6 || bytes[IP6_NEXT] != NEXT_ICMP)
        return false;
    size = get16(bytes + IP6_LENGTH); /* a short frame has padding after the packet */
    if (size < ECHO_SIZE || size > frame->size - ICMP_TYPE)
        return false;
    /* Over a message with its checksum, the checksum is 0. */
    if (!frame->is_checksum_pending && icmp_checksum(bytes, size) != 0)
        return false;
    memcpy(reply->mac, bytes + FRAME_MAC_SIZE, FRAME_MAC_SIZE);
    return inet_set(&reply->address, AF_INET6, bytes + IP6_SOURCE, sizeof reply->address.Ipv6.sin6_addr) &&
           inet_is_neighbor(&reply->address) && !inet_is_multicast(&reply->address) &&
           inet_set(&reply->to, AF_INET6, bytes + IP6_DESTINATION, sizeof reply->to.Ipv6.sin6_addr) &&
           parse_icmp(bytes, size, reply);
}

bool frame_parse(const struct frame *frame, const UCHAR mac[FRAME_MAC_SIZE], struct frame_reply *reply)
{
    bool is_reply = false;

    memset(reply, 0, sizeof *reply);
    if (frame->size < ETHERNET_SIZE || (frame->tag & VLAN_ID_MASK) != 0)
        return false;
    /* A reply is unicast, but RFC 5227 (2.6) lets hosts broadcast theirs. */
    if ((frame->bytes[0] & 1) == 0 && memcmp(frame->bytes, mac, FRAME_MAC_SIZE) != 0)
        return false;
    if (get16(frame->bytes + ETHERNET_TYPE) == ETH_P_ARP)
        is_reply = parse_arp(frame, reply);
    else if (get16(frame->bytes + ETHERNET_TYPE) == ETH_P_IPV6)
        is_reply = parse_ip6(frame, reply);
    reply->target = reply->address;
    if (reply->kind != FRAME_SOLICITATION)
        reply->target.Ipv6.sin6_addr = all_nodes;
    return is_reply && !inet_is_multicast(&reply->address) && is_of_host(reply->mac, mac) &&
           is_of_host(frame->bytes + FRAME_MAC_SIZE, mac);
}
