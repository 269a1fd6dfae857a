/* SPDX-License-Identifier: MIT */
/* The interfaces that occur in a table, each once, found by index in constant time. The same on every system. */
#ifndef NETIO_INTERFACE_SET_H
#define NETIO_INTERFACE_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "platform.h"

/* All 0: empty. The caller frees list and slots. */
struct interface_set {
    netio_interface *list;
    size_t count, room;
    uint32_t *slots; /* hash table: 0, or the place in the list, counted from 1 */
    size_t slot_count;
};

/* Returns the interface of an index, NULL if the set does not have it. Valid until the next addition. */
netio_interface *interface_set_find(const struct interface_set *set, NET_IFINDEX index);

/* Adds an interface that the set does not have; only its index is set. NULL: no memory. */
netio_interface *interface_set_add(struct interface_set *set, NET_IFINDEX index);

/* Sets the members of an interface that was removed: it has no name, and its decimal index is the scope. */
void interface_set_removed(netio_interface *interface);

/* Keeps the interfaces that a function selects, in their order. */
void interface_set_keep(struct interface_set *set, bool (*keeps)(void *context, const netio_interface *interface),
                        void *context);

#endif
