/* SPDX-License-Identifier: MIT */
/* The requests of resolving: what is sent to the kernel for a group of rows, and what the replies mean. */
#ifndef NETIO_RESOLVE_STEPS_H
#define NETIO_RESOLVE_STEPS_H

#include <stdbool.h>

#include "link.h"
#include "pending.h"
#include "platform.h"
#include "rtnl.h"

/* Rows in a group. Removing an entry causes two notifications, of which a socket holds about 250. */
#define GROUP_MAX 64

/* The stages of a row; the diagram is in resolver.c. */
enum stage {
    STAGE_CHECKING,         /* not probed yet: notifications answer earlier probes and are ignored */
    STAGE_VERIFYING,        /* probed; an entry stayed in place: its old physical address does not count as a reply */
    STAGE_VERIFYING_FAILED, /* the same, and the entry was seen as FAILED: to be reread at due_at */
    STAGE_PROBED,           /* probed; any physical address counts as a reply */
    STAGE_PROBED_FAILED,    /* the same, and the entry was seen as FAILED: to be reread at due_at */
    STAGE_ABSENT,           /* probed by datagram, which left no entry: to be probed again at due_at */
    STAGE_REPROBING,        /* to be probed again: notifications are ignored as in STAGE_CHECKING */
    STAGE_DONE,             /* the result is known */
};

struct resolution {
    struct pending pending; /* must be the first member */
    enum stage stage;
    UCHAR old_address[IF_MAX_PHYS_ADDRESS_LENGTH]; /* the physical address of the entry before the first probe */
    ULONG old_length;
    ULONG physical_address_length; /* of the neighbours on the interface */
    bool interface_probes;         /* the interface sends ARP requests or neighbour solicitations */
    bool found;                    /* an entry existed before the first probe */
    bool is_foreign;               /* and another program owns it: it is neither removed nor changed by NTF_USE */
    bool may_remove;               /* CAP_NET_ADMIN is present, the entry is not foreign, and it need not be kept */
    struct in_addr preferred;      /* IPv4: the source that the route prefers; 0: none */
    bool kernel_has_source;        /* NTF_USE takes a source that the neighbour replies to: see source.h */
    bool is_source_known;          /* kernel_has_source is set */
    int64_t due_at;                /* milliseconds, in STAGE_ABSENT and the two FAILED stages */
    bool is_due;                   /* a notification showed a change: its entry must be reread */
    struct resolution *next_due;   /* in the list of one pass */
};

struct group {
    size_t count;
    struct resolution *rows[GROUP_MAX];
};

/* Ends a row with a result that still has to be moved to the completed list. */
void resolve_set_result(struct resolution *resolution, DWORD result);

/* Validates rows and source, and looks the interfaces up. */
void resolve_check(struct rtnl_socket *socket, struct group *group, struct recent_links *recent);

/* Reads the routes and the present entries. Rows that are not on-link, and rows of permanent entries, are done. */
void resolve_prepare(struct rtnl_socket *socket, struct rtnl_batch *requests, struct group *group);

/* Reads the entries of a group into found. The results of requests are 0 or a negative errno for each. */
void resolve_read(struct rtnl_socket *socket, struct rtnl_batch *requests, const struct group *group,
                  MIB_IPNET_ROW2 found[]);

/*
 * Removes the entries that are not foreign, if that is permitted and keep is false. Of the entries that stay, the rows
 * of REACHABLE ones are done.
 */
void resolve_remove(struct rtnl_socket *socket, struct rtnl_batch *requests, struct group *group, bool keep);

/* Sends the probes. Rows that cannot be probed are done; the others are in STAGE_VERIFYING or STAGE_PROBED. */
void resolve_probe(struct rtnl_socket *socket, struct rtnl_batch *requests, struct group *group);

/*
 * Returns whether the kernel answered a probe with an entry of its own making instead of probing, as in a namespace
 * that has no IPv4 address; removes that entry.
 */
bool resolve_is_made_up(struct rtnl_socket *socket, const MIB_IPNET_ROW2 *entry);

/*
 * NTF_USE needs CAP_NET_ADMIN, cannot carry a source, lacks one on some interfaces, and clears the flags of foreign
 * entries: in these cases a datagram is the probe.
 */
bool resolve_probes_by_datagram(const struct resolution *resolution);

#endif
