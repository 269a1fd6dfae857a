/* SPDX-License-Identifier: MIT */
#include "neightbl.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <stddef.h>
#include <string.h>

/* NDTPA_INTERVAL_PROBE_TIME_MS, which is newer than the kernel headers of old build images, and than Linux 5.7. */
enum { PARAMETER_INTERVAL_PROBE_TIME_MS = 19 };

/* The number of attribute types that netio reads, from 0 on. */
#define TABLE_ATTRIBUTES (NDTA_GC_INTERVAL + 1)
#define PARAMETER_ATTRIBUTES (PARAMETER_INTERVAL_PROBE_TIME_MS + 1)

/* An attribute with a number of 4 or 8 bytes, and the member that holds the number. */
struct number {
    unsigned short type;
    unsigned short size;
    size_t offset;
    enum { REQUIRED, OPTIONAL, READ_ONLY } kind;
};

#define TABLE_NUMBERS (sizeof table_numbers / sizeof *table_numbers)
static const struct number table_numbers[] = {
    {NDTA_THRESH1, 4, offsetof(netio_linux_neightbl, gc_thresh1), REQUIRED},
    {NDTA_THRESH2, 4, offsetof(netio_linux_neightbl, gc_thresh2), REQUIRED},
    {NDTA_THRESH3, 4, offsetof(netio_linux_neightbl, gc_thresh3), REQUIRED},
    {NDTA_GC_INTERVAL, 8, offsetof(netio_linux_neightbl, gc_interval_ms), REQUIRED},
};

#define PARAMETER_NUMBERS (sizeof parameter_numbers / sizeof *parameter_numbers)
static const struct number parameter_numbers[] = {
    {NDTPA_BASE_REACHABLE_TIME, 8, offsetof(netio_linux_parameters, base_reachable_ms), REQUIRED},
    {NDTPA_REACHABLE_TIME, 8, offsetof(netio_linux_parameters, reachable_ms), READ_ONLY},
    {NDTPA_RETRANS_TIME, 8, offsetof(netio_linux_parameters, retrans_ms), REQUIRED},
    {NDTPA_GC_STALETIME, 8, offsetof(netio_linux_parameters, gc_stale_ms), REQUIRED},
    {NDTPA_DELAY_PROBE_TIME, 8, offsetof(netio_linux_parameters, delay_probe_ms), REQUIRED},
    {PARAMETER_INTERVAL_PROBE_TIME_MS, 8, offsetof(netio_linux_parameters, interval_probe_ms), OPTIONAL},
    {NDTPA_APP_PROBES, 4, offsetof(netio_linux_parameters, app_probes), REQUIRED},
    {NDTPA_UCAST_PROBES, 4, offsetof(netio_linux_parameters, ucast_probes), REQUIRED},
    {NDTPA_MCAST_PROBES, 4, offsetof(netio_linux_parameters, mcast_probes), REQUIRED},
    {NDTPA_MCAST_REPROBES, 4, offsetof(netio_linux_parameters, mcast_reprobes), REQUIRED},
    {NDTPA_ANYCAST_DELAY, 8, offsetof(netio_linux_parameters, anycast_delay_ms), REQUIRED},
    {NDTPA_PROXY_DELAY, 8, offsetof(netio_linux_parameters, proxy_delay_ms), REQUIRED},
    {NDTPA_LOCKTIME, 8, offsetof(netio_linux_parameters, locktime_ms), REQUIRED},
    {NDTPA_QUEUE_LENBYTES, 4, offsetof(netio_linux_parameters, queue_bytes), REQUIRED},
    {NDTPA_QUEUE_LEN, 4, offsetof(netio_linux_parameters, queue_packets), READ_ONLY},
    {NDTPA_PROXY_QLEN, 4, offsetof(netio_linux_parameters, proxy_queue), REQUIRED},
};

/* The members of struct ndt_stats, in their order. Kernels append new ones. */
#define STATISTICS (sizeof statistics / sizeof *statistics)
static const size_t statistics[] = {
    offsetof(netio_linux_neightbl, allocations),      offsetof(netio_linux_neightbl, destroys),
    offsetof(netio_linux_neightbl, hash_grows),       offsetof(netio_linux_neightbl, res_failed),
    offsetof(netio_linux_neightbl, lookups),          offsetof(netio_linux_neightbl, hits),
    offsetof(netio_linux_neightbl, rcv_probes_mcast), offsetof(netio_linux_neightbl, rcv_probes_ucast),
    offsetof(netio_linux_neightbl, periodic_gc_runs), offsetof(netio_linux_neightbl, forced_gc_runs),
    offsetof(netio_linux_neightbl, table_fulls),
};

/* Members are reached by their offsets, so that the tables above name each of them once. */
static void store(void *owner, size_t offset, uint64_t number)
{
    memcpy((char *)owner + offset, &number, sizeof number);
}

static uint64_t load(const void *owner, size_t offset)
{
    uint64_t number;

    memcpy(&number, (const char *)owner + offset, sizeof number);
    return number;
}

static int parse_numbers(const struct rtattr *const found[], const struct number *numbers, size_t count, void *owner)
{
    for (size_t i = 0; i < count; i++) {
        const struct rtattr *attribute = found[numbers[i].type];
        uint64_t wide;
        uint32_t narrow;

        if (attribute == NULL && numbers[i].kind == OPTIONAL)
            continue;
        if (attribute == NULL || RTA_PAYLOAD(attribute) != numbers[i].size)
            return -EBADMSG;
        if (numbers[i].size == sizeof wide) {
            memcpy(&wide, RTA_DATA(attribute), sizeof wide);
        } else {
            memcpy(&narrow, RTA_DATA(attribute), sizeof narrow);
            wide = narrow;
        }
        store(owner, numbers[i].offset, wide);
    }
    return 0;
}

static int parse_config(const struct rtattr *attribute, netio_linux_neightbl *table)
{
    struct ndt_config config;

    if (RTA_PAYLOAD(attribute) < sizeof config)
        return -EBADMSG;
    memcpy(&config, RTA_DATA(attribute), sizeof config);
    table->entries = config.ndtc_entries;
    table->hash_buckets = (uint64_t)config.ndtc_hash_mask + 1;
    table->proxy_queued = config.ndtc_proxy_qlen;
    table->last_flush_ms = config.ndtc_last_flush;
    return 0;
}

static int parse_statistics(const struct rtattr *attribute, netio_linux_neightbl *table)
{
    if (attribute == NULL || RTA_PAYLOAD(attribute) < STATISTICS * sizeof(uint64_t))
        return -EBADMSG;
    for (size_t i = 0; i < STATISTICS; i++)
        store(table, statistics[i], load(RTA_DATA(attribute), i * sizeof(uint64_t)));
    return 0;
}

static int parse_parameters(const struct rtattr *attribute, netio_linux_parameters *parameters)
{
    const struct rtattr *found[PARAMETER_ATTRIBUTES];
    int error = rtnl_nested_attributes(attribute, found, PARAMETER_ATTRIBUTES);

    if (error == 0)
        error = parse_numbers(found, parameter_numbers, PARAMETER_NUMBERS, parameters);
    if (error != 0 || found[NDTPA_IFINDEX] == NULL)
        return error;
    if (RTA_PAYLOAD(found[NDTPA_IFINDEX]) != sizeof parameters->index)
        return -EBADMSG;
    memcpy(&parameters->index, RTA_DATA(found[NDTPA_IFINDEX]), sizeof parameters->index);
    return 0;
}

int neightbl_parse(const struct nlmsghdr *message, bool *is_table, netio_linux_neightbl *table,
                   netio_linux_parameters *parameters)
{
    const struct rtattr *found[TABLE_ATTRIBUTES];
    int error = rtnl_attributes(message, sizeof(struct ndtmsg), found, TABLE_ATTRIBUTES);

    parameters->index = 0;
    parameters->interval_probe_ms = NETIO_NO_NUMBER;
    *is_table = error == 0 && found[NDTA_CONFIG] != NULL;
    if (*is_table) {
        error = parse_config(found[NDTA_CONFIG], table);
        if (error == 0)
            error = parse_statistics(found[NDTA_STATS], table);
        if (error == 0)
            error = parse_numbers(found, table_numbers, TABLE_NUMBERS, table);
    }
    if (error == 0 && found[NDTA_PARMS] == NULL)
        error = -EBADMSG;
    return error == 0 ? parse_parameters(found[NDTA_PARMS], parameters) : error;
}

static void put_numbers(struct rtnl_request *request, const struct number *numbers, size_t count, const void *owner)
{
    for (size_t i = 0; i < count; i++) {
        const uint64_t wide = load(owner, numbers[i].offset);
        const uint32_t narrow = (uint32_t)wide;

        if (wide == NETIO_NO_NUMBER || numbers[i].kind == READ_ONLY)
            continue;
        if (numbers[i].size == sizeof wide)
            rtnl_put(request, numbers[i].type, &wide, sizeof wide);
        else
            rtnl_put(request, numbers[i].type, &narrow, sizeof narrow);
    }
}

void neightbl_request(struct rtnl_request *request, ADDRESS_FAMILY family, const netio_linux_neightbl *table,
                      const netio_linux_parameters *parameters)
{
    const struct ndtmsg fixed = {.ndtm_family = (unsigned char)family};
    const char *name = family == AF_INET ? "arp_cache" : "ndisc_cache";
    size_t place;

    rtnl_begin(request, RTM_SETNEIGHTBL, NLM_F_ACK, &fixed, sizeof fixed);
    rtnl_put(request, NDTA_NAME, name, strlen(name) + 1);
    if (table != NULL)
        put_numbers(request, table_numbers, TABLE_NUMBERS, table);
    place = rtnl_begin_nested(request, NDTA_PARMS);
    if (parameters->index != 0)
        rtnl_put(request, NDTPA_IFINDEX, &parameters->index, sizeof parameters->index);
    put_numbers(request, parameter_numbers, PARAMETER_NUMBERS, parameters);
    rtnl_end_nested(request, place);
}

bool neightbl_is_known(const netio_linux_parameters *wanted, const netio_linux_parameters *reported)
{
    for (size_t i = 0; i < PARAMETER_NUMBERS; i++)
        if (load(wanted, parameter_numbers[i].offset) != NETIO_NO_NUMBER &&
            load(reported, parameter_numbers[i].offset) == NETIO_NO_NUMBER)
            return false;
    return true;
}
