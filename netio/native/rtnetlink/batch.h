/* SPDX-License-Identifier: MIT */
/* Rows whose requests go to the kernel in one send. */
#ifndef NETIO_BATCH_H
#define NETIO_BATCH_H

#include "rtnl.h"
#include "backend.h"

/* A verb that writes, as the kernel knows it. */
struct verb {
    uint16_t type;  /* RTM_ */
    uint16_t flags; /* NLM_F_ */
    uint16_t state; /* NUD_; NUD_NONE: without a physical address */
};

extern const struct verb verb_create, verb_set, verb_replace, verb_delete;

/* A row, and the interface that it is on. */
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
};

/* Adds a row on that interface to a batch that is not full. */
void batch_add(struct batch *batch, const MIB_IPNET_ROW2 *row, DWORD *result, NET_IFINDEX index, NET_LUID luid);

/* Writes the rows, in their order, and leaves the batch empty. */
void batch_write(struct rtnl_socket *socket, struct batch *batch, const struct verb *verb);

/*
 * Reads what the kernel holds of those rows, of which only row, index and luid are looked at: found, and for each 0 or
 * a negative errno in the results of requests.
 */
void batch_read(struct rtnl_socket *socket, struct rtnl_batch *requests, const struct batch_row asked[], size_t count,
                MIB_IPNET_ROW2 found[]);

#endif
