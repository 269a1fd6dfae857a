/* SPDX-License-Identifier: MIT */
/* A growing array. */
#ifndef NETIO_ARRAY_H
#define NETIO_ARRAY_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * Ensures room for one more item after count items and a header of head bytes. Returns the block, which may have
 * moved, and doubles *room if it was full. NULL: no memory; the block is unchanged.
 */
static inline void *array_with_room(void *block, size_t count, size_t *room, size_t head, size_t item)
{
    const size_t more = *room == 0 ? 16 : *room * 2;
    void *grown;

    if (count < *room)
        return block;
    if (more > (SIZE_MAX - head) / item)
        return NULL;
    grown = realloc(block, head + more * item);
    if (grown != NULL)
        *room = more;
    return grown;
}

#endif
