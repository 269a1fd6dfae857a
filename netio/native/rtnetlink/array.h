/* SPDX-License-Identifier: MIT */
/* An array that grows while it is filled. */
#ifndef NETIO_ARRAY_H
#define NETIO_ARRAY_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * Makes room for one item more than count, behind a head of that size: the block, perhaps moved and with *room
 * doubled; NULL where memory ran out, and then the old block stands as it was.
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
