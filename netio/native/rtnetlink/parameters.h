/* SPDX-License-Identifier: MIT */
/*
 * The parameters and statistics of the kernel's neighbour tables. It extends the backend interface, as detail.h does;
 * the results are Win32 error numbers too.
 */
#ifndef NETIO_PARAMETERS_H
#define NETIO_PARAMETERS_H

#include "platform.h"

/* A number that the kernel did not report, or that is not to be set. */
#define NETIO_NO_NUMBER UINT64_MAX

/* The parameters of an interface. Times are in milliseconds. */
typedef struct netio_linux_parameters {
    NET_IFINDEX index; /* 0: the defaults, which a new interface starts with */
    uint64_t base_reachable_ms;
    uint64_t reachable_ms; /* read only: chosen by the kernel around base_reachable_ms */
    uint64_t retrans_ms;
    uint64_t gc_stale_ms;
    uint64_t delay_probe_ms;
    uint64_t interval_probe_ms; /* newer than Linux 5.18: may be NETIO_NO_NUMBER */
    uint64_t app_probes;
    uint64_t ucast_probes;
    uint64_t mcast_probes;
    uint64_t mcast_reprobes;
    uint64_t anycast_delay_ms;
    uint64_t proxy_delay_ms;
    uint64_t locktime_ms;
    uint64_t queue_bytes;
    uint64_t queue_packets; /* read only: queue_bytes in packets of full size */
    uint64_t proxy_queue;
} netio_linux_parameters;

/* A table without its interfaces. All namespaces share its numbers. */
typedef struct netio_linux_neightbl {
    uint64_t gc_thresh1;
    uint64_t gc_thresh2;
    uint64_t gc_thresh3;
    uint64_t gc_interval_ms;
    /* Read only. */
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
} netio_linux_neightbl;

/*
 * Reads the table of a family, and the parameters of all interfaces of the namespace, the defaults first. On NO_ERROR
 * the caller frees the list with netio_free. ERROR_NOT_SUPPORTED: there is no stack for the family.
 */
DWORD netio_linux_neightbl_read(int netns, ADDRESS_FAMILY family, netio_linux_neightbl *table,
                                netio_linux_parameters **list, size_t *count);

/*
 * Sets the numbers that are not NETIO_NO_NUMBER: those of an interface, or without one those of the table and the
 * defaults, for which the namespace must be the initial one. table is not read if there is an interface.
 * ERROR_NOT_FOUND: there is no such interface; without one: it is another namespace. ERROR_NOT_SUPPORTED: the system, or
 * the interface, has no stack for the family, or the kernel is older than a parameter.
 */
DWORD netio_linux_neightbl_set(int netns, ADDRESS_FAMILY family, const NET_LUID *interface,
                               const netio_linux_neightbl *table, const netio_linux_parameters *parameters);

#endif
