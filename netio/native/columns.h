/* SPDX-License-Identifier: MIT */
/* Converts rows to columns in the layout of Apache Arrow. Pure functions, the same on every system. */
#ifndef NETIO_COLUMNS_H
#define NETIO_COLUMNS_H

#include <stdint.h>

#include "platform.h"

/* The maximum number of characters of an address without scope, and of a physical address. */
#define NETIO_ADDRESS_TEXT 39
#define NETIO_PHYSICAL_TEXT (3 * IF_MAX_PHYS_ADDRESS_LENGTH)

/* An interface index with its name and scope. */
typedef struct netio_named {
    NET_IFINDEX index;
    int32_t name; /* position of its name in the dictionary */
    const char *scope;
} netio_named;

/*
 * Memory for the columns of count rows. Text i lies between offsets i and i + 1; there are count + 1 offsets. Flag i
 * is bit i % 8 of byte i / 8; the caller clears all of them first.
 */
typedef struct netio_columns {
    const netio_named *interfaces; /* in: all that occur, sorted by index */
    size_t interface_count;
    const uint32_t *states; /* in: all that occur */
    size_t state_count;
    int32_t *address_offsets;
    char *address; /* room for NETIO_ADDRESS_TEXT, the longest scope and a % for each row */
    int32_t *interface; /* positions in the dictionary */
    int32_t *physical_address_offsets;
    char *physical_address; /* room for NETIO_PHYSICAL_TEXT for each row */
    int32_t *state;         /* positions in states */
    uint8_t *is_router;
    uint8_t *is_unreachable;
    int64_t *reachability_time;
    uint32_t *interface_index;
    uint64_t *interface_luid;
} netio_columns;

void netio_columns_fill(const netio_columns *columns, const MIB_IPNET_ROW2 *rows, size_t count);

/*
 * Collects the values of a member of four bytes at that offset; a value can be repeated. Returns their number, count at
 * most.
 */
size_t netio_column_values(const MIB_IPNET_ROW2 *rows, size_t count, size_t offset, uint32_t *values);

/* struct ArrowArray of the Arrow C data interface. */
struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

/* Releases the array to, and moves from into it, as the Arrow C data interface specifies. */
void netio_arrow_move(struct ArrowArray *from, struct ArrowArray *to);

#endif
