/* SPDX-License-Identifier: MIT */
/* The C declarations of parameters.h for cffi, which only Linux has. They contain no numbers either. */

#define NETIO_NO_NUMBER ...

typedef struct {
    NET_IFINDEX index;
    uint64_t base_reachable_ms;
    uint64_t reachable_ms;
    uint64_t retrans_ms;
    uint64_t gc_stale_ms;
    uint64_t delay_probe_ms;
    uint64_t interval_probe_ms;
    uint64_t app_probes;
    uint64_t ucast_probes;
    uint64_t mcast_probes;
    uint64_t mcast_reprobes;
    uint64_t anycast_delay_ms;
    uint64_t proxy_delay_ms;
    uint64_t locktime_ms;
    uint64_t queue_bytes;
    uint64_t queue_packets;
    uint64_t proxy_queue;
    ...;
} netio_linux_parameters;

typedef struct {
    uint64_t gc_thresh1;
    uint64_t gc_thresh2;
    uint64_t gc_thresh3;
    uint64_t gc_interval_ms;
    uint64_t entries;
    uint64_t hash_buckets;
    uint64_t proxy_queued;
    uint64_t last_flush_ms;
    uint64_t allocations;
    uint64_t destroys;
    uint64_t hash_grows;
    uint64_t res_failed;
    uint64_t lookups;
    uint64_t hits;
    uint64_t rcv_probes_mcast;
    uint64_t rcv_probes_ucast;
    uint64_t periodic_gc_runs;
    uint64_t forced_gc_runs;
    uint64_t table_fulls;
    ...;
} netio_linux_neightbl;

DWORD netio_linux_neightbl_read(int netns, ADDRESS_FAMILY family, netio_linux_neightbl *table,
                                netio_linux_parameters **list, size_t *count);
DWORD netio_linux_neightbl_set(int netns, ADDRESS_FAMILY family, const NET_LUID *interface,
                               const netio_linux_neightbl *table, const netio_linux_parameters *parameters);
