/* SPDX-License-Identifier: MIT */
#include "neighbor.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>

#include "inet.h"

/* The kernel counts ages in USER_HZ ticks, 100 a second wherever Linux runs. */
#define TICK_MS 10

/*
 * The kernel starts an entry, and each new physical address that it learns without a confirmation, as confirmed two
 * base reachable times ago. These are the ticks for the default of base_reachable_time, 30 s, and the time that may
 * pass between its two readings of the clock.
 */
#define UNCONFIRMED_TICKS 6000
#define CLOCK_TICKS 10

/* Marks a NUD state without an equivalent row state, so that its number is not mistaken for one. */
#define UNKNOWN_STATE 0x10000

void neighbor_request(struct rtnl_request *request, uint16_t type, uint16_t flags, const MIB_IPNET_ROW2 *row,
                      NET_IFINDEX index, uint16_t state, uint8_t neighbor_flags)
{
    const struct ndmsg fixed = {
        .ndm_family = (unsigned char)row->Address.si_family,
        .ndm_ifindex = (int)index,
        .ndm_state = state,
        .ndm_flags = neighbor_flags,
    };
    const uint8_t written_by = RTPROT_STATIC;
    size_t size;
    const void *bytes = inet_bytes(&row->Address, &size);

    rtnl_begin(request, type, flags, &fixed, sizeof fixed);
    if (bytes != NULL)
        rtnl_put(request, NDA_DST, bytes, size);
    if (state != NUD_NONE && row->PhysicalAddressLength <= sizeof row->PhysicalAddress) {
        rtnl_put(request, NDA_LLADDR, row->PhysicalAddress, row->PhysicalAddressLength);
        /* Otherwise the entry would keep the protocol of the daemon that wrote it before. The kernel ignores 0. */
        rtnl_put(request, NEIGHBOR_PROTOCOL, &written_by, sizeof written_by);
    }
}

bool neighbor_is_ignored(const struct nlmsghdr *message, bool proxy)
{
    const struct ndmsg *fixed = NLMSG_DATA(message);

    return message->nlmsg_len >= NLMSG_LENGTH(sizeof *fixed) &&
           ((fixed->ndm_family != AF_INET && fixed->ndm_family != AF_INET6) ||
            ((fixed->ndm_flags & NTF_PROXY) != 0) != proxy);
}

/*
 * The kernel stores any combination of bits that a program writes. The bit that decides how it treats the entry comes
 * first: it neither probes nor collects entries with NUD_PERMANENT, for example.
 */
static const struct {
    uint16_t bit;
    NL_NEIGHBOR_STATE state;
} states[] = {
    {NUD_PERMANENT, NlnsPermanent},   {NUD_NOARP, NlnsPermanent},   {NUD_REACHABLE, NlnsReachable},
    {NUD_DELAY, NlnsDelay},           {NUD_PROBE, NlnsProbe},       {NUD_STALE, NlnsStale},
    {NUD_INCOMPLETE, NlnsIncomplete}, {NUD_FAILED, NlnsUnreachable},
};

static NL_NEIGHBOR_STATE row_state(uint16_t nud)
{
    if (nud == NUD_NONE)
        return NlnsIncomplete;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (nud & states[i].bit)
            return states[i].state;
    return (NL_NEIGHBOR_STATE)(UNKNOWN_STATE | nud);
}

static int parse_address(MIB_IPNET_ROW2 *row, uint8_t family, const struct rtattr *attribute)
{
    if (attribute == NULL || !inet_set(&row->Address, family, RTA_DATA(attribute), RTA_PAYLOAD(attribute)))
        return -EBADMSG;
    if (inet_is_link_local(&row->Address))
        row->Address.Ipv6.sin6_scope_id = row->InterfaceIndex;
    return 0;
}

static int parse_physical_address(MIB_IPNET_ROW2 *row, const struct rtattr *attribute)
{
    if (attribute == NULL)
        return 0;
    if (RTA_PAYLOAD(attribute) > sizeof row->PhysicalAddress)
        return -EBADMSG;
    row->PhysicalAddressLength = (ULONG)RTA_PAYLOAD(attribute);
    memcpy(row->PhysicalAddress, RTA_DATA(attribute), RTA_PAYLOAD(attribute));
    return 0;
}

/*
 * Whether the physical address was never confirmed, as far as the kernel shows. A confirmed entry becomes STALE after
 * one and a half base reachable times at most, and then is not updated. The update to DELAY or PROBE hides that time,
 * so there an old confirmation is not trusted.
 */
static bool was_never_confirmed(NL_NEIGHBOR_STATE state, const struct nda_cacheinfo *info)
{
    const uint32_t before_update = info->ndm_confirmed - info->ndm_updated;

    if (info->ndm_confirmed < info->ndm_updated || before_update < UNCONFIRMED_TICKS - CLOCK_TICKS)
        return false;
    return state == NlnsDelay || state == NlnsProbe ||
           (state == NlnsStale && before_update <= UNCONFIRMED_TICKS + CLOCK_TICKS);
}

uint32_t neighbor_milliseconds(uint32_t ticks)
{
    return ticks > UINT32_MAX / TICK_MS ? UINT32_MAX : ticks * TICK_MS;
}

/* The time since the last confirmation; for a FAILED entry the time since it failed, its last change of state. */
static int parse_age(MIB_IPNET_ROW2 *row, const struct rtattr *attribute)
{
    struct nda_cacheinfo info;
    uint32_t ticks;

    if (attribute == NULL)
        return 0;
    if (RTA_PAYLOAD(attribute) < sizeof info)
        return -EBADMSG;
    memcpy(&info, RTA_DATA(attribute), sizeof info);
    ticks = row->Flags & NETIO_IS_UNREACHABLE ? info.ndm_updated : info.ndm_confirmed;
    if (was_never_confirmed(row->State, &info) || ticks > UINT32_MAX / TICK_MS)
        row->ReachabilityTime.LastReachable = NETIO_UNKNOWN_TIME;
    else
        row->ReachabilityTime.LastReachable = ticks * TICK_MS;
    return 0;
}

/* Users and netio write entries with these protocols, and the kernel makes its own dynamic entries with the first. */
static bool is_protocol_of_a_daemon(uint8_t protocol)
{
    return protocol != RTPROT_UNSPEC && protocol != RTPROT_KERNEL && protocol != RTPROT_BOOT &&
           protocol != RTPROT_STATIC;
}

/* Marks entries of routing daemons, orchestrators and the kernel itself. */
static int parse_owner(MIB_IPNET_ROW2 *row, const struct ndmsg *fixed, const struct rtattr *protocol,
                       const struct rtattr *flags_ext)
{
    uint32_t flags = 0;
    uint8_t number = RTPROT_UNSPEC;

    if (protocol != NULL) {
        if (RTA_PAYLOAD(protocol) != sizeof number)
            return -EBADMSG;
        memcpy(&number, RTA_DATA(protocol), sizeof number);
    }
    if (flags_ext != NULL) {
        if (RTA_PAYLOAD(flags_ext) != sizeof flags)
            return -EBADMSG;
        memcpy(&flags, RTA_DATA(flags_ext), sizeof flags);
    }
    if (fixed->ndm_flags & NTF_EXT_LEARNED || flags & (NTF_EXT_MANAGED | NTF_EXT_EXT_VALIDATED) ||
        is_protocol_of_a_daemon(number))
        row->Flags |= NETIO_IS_FOREIGN;
    else if (fixed->ndm_state & NUD_NOARP && !(fixed->ndm_state & NUD_PERMANENT))
        row->Flags |= NETIO_IS_FOREIGN | NETIO_IS_KERNEL_MADE;
    return 0;
}

int neighbor_parse_attributes(const struct nlmsghdr *message, const struct rtattr *found[NEIGHBOR_ATTRIBUTES],
                              MIB_IPNET_ROW2 *row)
{
    const struct ndmsg *fixed = NLMSG_DATA(message);
    int error = rtnl_attributes(message, sizeof *fixed, found, NEIGHBOR_ATTRIBUTES);

    if (error != 0)
        return error;
    memset(row, 0, sizeof *row);
    row->InterfaceIndex = (NET_IFINDEX)fixed->ndm_ifindex;
    row->State = row_state(fixed->ndm_state);
    if (fixed->ndm_flags & NTF_ROUTER)
        row->Flags |= NETIO_IS_ROUTER;
    if (row->State == NlnsUnreachable)
        row->Flags |= NETIO_IS_UNREACHABLE;
    error = parse_address(row, fixed->ndm_family, found[NDA_DST]);
    if (error == 0)
        error = parse_physical_address(row, found[NDA_LLADDR]);
    if (error == 0)
        error = parse_age(row, found[NDA_CACHEINFO]);
    if (error == 0)
        error = parse_owner(row, fixed, found[NEIGHBOR_PROTOCOL], found[NEIGHBOR_FLAGS_EXT]);
    return error;
}

/* Sets a member from an attribute, if there is one of its size; the attributes of rows were validated with the row. */
static void take(const struct rtattr *attribute, void *member, size_t size)
{
    if (attribute != NULL && RTA_PAYLOAD(attribute) >= size)
        memcpy(member, RTA_DATA(attribute), size);
}

void neighbor_parse_detail(const struct nlmsghdr *message, const struct rtattr *found[NEIGHBOR_ATTRIBUTES],
                           netio_linux_detail *detail)
{
    const struct ndmsg *fixed = NLMSG_DATA(message);
    struct nda_cacheinfo info = {0};
    uint32_t extended = 0;

    memset(detail, 0, sizeof *detail);
    take(found[NDA_CACHEINFO], &info, sizeof info);
    take(found[NEIGHBOR_FLAGS_EXT], &extended, sizeof extended);
    take(found[NEIGHBOR_PROTOCOL], &detail->protocol, sizeof detail->protocol);
    take(found[NDA_PROBES], &detail->probes, sizeof detail->probes);
    detail->nud = fixed->ndm_state;
    detail->flags = fixed->ndm_flags | extended << NETIO_FLAGS_EXT_SHIFT;
    detail->used = neighbor_milliseconds(info.ndm_used);
    detail->confirmed = neighbor_milliseconds(info.ndm_confirmed);
    detail->updated = neighbor_milliseconds(info.ndm_updated);
    detail->references = info.ndm_refcnt;
}

int neighbor_parse(const struct nlmsghdr *message, MIB_IPNET_ROW2 *row)
{
    const struct rtattr *found[NEIGHBOR_ATTRIBUTES];

    return neighbor_parse_attributes(message, found, row);
}

int neighbor_parse_reply(const struct nlmsghdr *message, const MIB_IPNET_ROW2 *key, NET_IFINDEX index,
                         MIB_IPNET_ROW2 *row)
{
    const int error = neighbor_parse(message, row);

    if (error == 0 && (row->InterfaceIndex != index || !inet_equal(&row->Address, &key->Address)))
        return -EBADMSG;
    return error;
}
