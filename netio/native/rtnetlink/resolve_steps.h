/* SPDX-License-Identifier: MIT */
/* One submitted row on its way through the resolver, and what the system is asked about it. */
#ifndef NETIO_RESOLVE_STEPS_H
#define NETIO_RESOLVE_STEPS_H

#include <stdbool.h>

#include "link.h"
#include "rtnl.h"
#include "backend.h"

/* Queries that take a step together. A removed row makes two events, of which a socket holds some 250. */
#define GROUP_MAX 64

struct query {
    struct query *next;  /* in the list that it is in, one at a time */
    struct query *twins; /* submitted while this one was waited for, and asking the same: its answer is theirs */
    size_t tag;
    MIB_IPNET_ROW2 row;   /* key, then what was found, then the answer */
    SOCKADDR_INET source; /* family 0: the system chooses */
    UCHAR before[IF_MAX_PHYS_ADDRESS_LENGTH]; /* the physical address that the row had when it was asked for */
    ULONG before_length;
    ULONG physical_address_length; /* of the neighbours on its interface */
    DWORD result;                  /* WAIT_TIMEOUT: not known yet */
    struct query *next_due;        /* in the list of those that are to be looked at */
    bool due;                      /* it is in that list */
    bool found;                    /* the table had a row before it was asked for */
    bool may_remove;               /* CAP_NET_ADMIN is there: NTF_USE is allowed, too */
    bool asked;                    /* events from now on are about the answer */
    unsigned times_gone;           /* how often in a row a datagram left no row */
    int64_t failed_since;          /* when the row was first seen as failed; 0: it is not */
};

struct group {
    size_t count;
    struct query *queries[GROUP_MAX];
};

/* Checks rows and source, and looks the interfaces up. */
void query_check(struct rtnl_socket *socket, struct group *group, struct recent_links *recent);

/*
 * Whether those can be asked for, by the routes and by the rows that are there, which it reads: WAIT_TIMEOUT, or the
 * result.
 */
void query_prepare(struct rtnl_socket *socket, struct rtnl_batch *requests, struct group *group);

/* Reads the rows of a group: found, and for each 0 or a negative errno in the results of requests. */
void query_read(struct rtnl_socket *socket, struct rtnl_batch *requests, const struct group *group,
                MIB_IPNET_ROW2 found[]);

/*
 * Removes the rows, where that is allowed. Where it is not, a reachable row is the answer as it stands. The others keep
 * the result WAIT_TIMEOUT.
 */
void query_drop(struct rtnl_socket *socket, struct rtnl_batch *requests, struct group *group);

/* Asks the link. Those that could not be asked for have a result. */
void query_ask(struct rtnl_socket *socket, struct rtnl_batch *requests, struct group *group);

/* Without CAP_NET_ADMIN, which NTF_USE needs, and with a source, which it does not take, a datagram asks. */
bool query_sends_datagrams(const struct query *query);

#endif
