/* SPDX-License-Identifier: MIT */
/* Writes and reads several entries with one send to the kernel. */
#ifndef NETIO_BATCH_H
#define NETIO_BATCH_H

#include "platform.h"
#include "rtnl.h"

/* The request of a writing function. */
struct verb {
    uint16_t type;  /* RTM_ */
    uint16_t flags; /* NLM_F_ */
    uint16_t state; /* NUD_; NUD_NONE: no physical address is sent */
};

extern const struct verb verb_create, verb_set, verb_replace, verb_delete;

/* A row and its interface. */
struct batch_row {
    const MIB_IPNET_ROW2 *row;
    DWORD *result;
    NET_IFINDEX index;
    NET_LUID luid;
    uint8_t neighbor_flags; /* NTF_ */
};

struct batch {
    size_t count;
    struct batch_row rows[RTNL_BATCH_MAX];
    struct rtnl_batch requests;
    struct batch_row read[RTNL_BATCH_MAX]; /* the rows whose entries are read before, and these entries */
    MIB_IPNET_ROW2 found[RTNL_BATCH_MAX];
};

/* Adds a row to a batch that is not full. */
void batch_add(struct batch *batch, const MIB_IPNET_ROW2 *row, DWORD *result, NET_IFINDEX index, NET_LUID luid);

/* Writes the rows in their order, sets their results, and empties the batch. */
void batch_write(struct rtnl_socket *socket, struct batch *batch, const struct verb *verb);

/*
 * Reads the present entries for the keys of rows (members row, index and luid) into found. The results of requests are
 * 0 or a negative errno for each.
 */
void batch_read(struct rtnl_socket *socket, struct rtnl_batch *requests, const struct batch_row rows[], size_t count,
                MIB_IPNET_ROW2 found[]);

#endif
