/* SPDX-License-Identifier: MIT */
/* Rows of a table turned into columns, in the layout of Apache Arrow. Pure functions, the same on every system. */
#ifndef NETIO_COLUMNS_H
#define NETIO_COLUMNS_H

#include <stdint.h>

#include "platform.h"

/* The most characters that an address without scope has, and a physical address. */
#define NETIO_ADDRESS_TEXT 39
#define NETIO_PHYSICAL_TEXT (3 * IF_MAX_PHYS_ADDRESS_LENGTH)

/* What an interface index stands for. */
typedef struct netio_named {
    NET_IFINDEX index;
    int32_t name; /* position of its name in the dictionary */
    const char *scope;
} netio_named;

/*
 * Room for the columns of count rows. Text i lies between offsets i and i + 1, of which there are count + 1; flag i is
 * bit i % 8 of byte i / 8, all of which are 0 before.
 */
typedef struct netio_columns {
    const netio_named *interfaces; /* in: all that occur, in the order of their indexes */
    size_t interface_count;
    const uint32_t *states; /* in: all that occur */
    size_t state_count;
    int32_t *address_offsets;
    char *address; /* NETIO_ADDRESS_TEXT, the longest scope and a % for each */
    int32_t *interface; /* positions of names */
    int32_t *physical_address_offsets;
    char *physical_address; /* NETIO_PHYSICAL_TEXT for each */
    int32_t *state;         /* positions in states */
    uint8_t *is_router;
    uint8_t *is_unreachable;
    int64_t *reachability_time;
    uint32_t *interface_index;
    uint64_t *interface_luid;
} netio_columns;

void netio_columns_fill(const netio_columns *columns, const MIB_IPNET_ROW2 *rows, size_t count);

/*
 * The values of a member of four bytes at that offset: each that occurs at least once, most of them not more often.
 * Returns how many; there is room for count.
 */
size_t netio_column_values(const MIB_IPNET_ROW2 *rows, size_t count, size_t offset, uint32_t *values);

/* The head of an array of the Arrow C data interface, as far as it takes to move one. */
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

/* Makes one array the other, which is released then, as that interface says how. Only for one that holds nothing. */
void netio_arrow_move(struct ArrowArray *from, struct ArrowArray *to);

#endif
