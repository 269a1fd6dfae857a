/* SPDX-License-Identifier: MIT */
/*
 * Rows that a resolver has accepted and not returned yet: found by key, probed once for equal keys, and returned in the
 * order of their results. The same on every system. Not thread-safe.
 */
#ifndef NETIO_PENDING_H
#define NETIO_PENDING_H

#include <stdbool.h>

#include "platform.h"

/* A notification must find its row among thousands. */
#define PENDING_BUCKETS 256

/* One row. A backend makes it the first member of its own struct. */
struct pending {
    struct pending *next;       /* in a bucket, in the duplicates of another row, or in the completed list */
    struct pending *duplicates; /* registered later with the same key and source: they get the same result */
    size_t tag;
    MIB_IPNET_ROW2 row;   /* the key; after completion the entry */
    SOCKADDR_INET source; /* family 0: the system chooses */
    DWORD result;         /* valid once the row is completed */
};

struct pending_set {
    struct pending *buckets[PENDING_BUCKETS];
    struct pending *completed, **last_completed;
};

void pending_init(struct pending_set *set);

/*
 * Allocates a zeroed struct of that size, which begins with a struct pending, from the key of a row. NULL: no memory.
 */
void *pending_new(size_t size, const MIB_IPNET_ROW2 *row, const SOCKADDR_INET *source, size_t tag);

/* Two rows have one key. An InterfaceLuid of 0 equals any other: notifications do not carry one. */
bool pending_same_key(const MIB_IPNET_ROW2 *a, const MIB_IPNET_ROW2 *b);

/* Registers a row by its key. False: it became a duplicate of a registered one and needs no probe of its own. */
bool pending_register(struct pending_set *set, struct pending *pending);

/* The first row of the bucket of that key; the others follow by next, and some have other keys. */
struct pending *pending_bucket(const struct pending_set *set, const MIB_IPNET_ROW2 *key);

/* Takes a row out of its bucket, if it is registered. */
void pending_unregister(struct pending_set *set, struct pending *pending);

/*
 * Moves a row, registered or not, and its duplicates to the completed list. The entry, if it is not NULL, becomes the
 * row of each.
 */
void pending_complete(struct pending_set *set, struct pending *pending, DWORD result, const MIB_IPNET_ROW2 *entry);

/* Returns completed rows, at most room of them, and frees them. */
size_t pending_pop(struct pending_set *set, size_t *tags, MIB_IPNET_ROW2 *rows, DWORD *results, size_t room);

void pending_free_completed(struct pending_set *set);
void pending_free_registered(struct pending_set *set);

#endif
