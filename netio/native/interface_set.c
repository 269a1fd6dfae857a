/* SPDX-License-Identifier: MIT */
#include "interface_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 16

/* Returns the slot of an index, or the free one where it belongs. There is always a free slot. */
static uint32_t *slot_of(const struct interface_set *set, NET_IFINDEX index)
{
    const size_t mask = set->slot_count - 1;
    const uint32_t hash = (uint32_t)index * 2654435761u;
    size_t i = (hash ^ hash >> 16) & mask;

    while (set->slots[i] != 0 && set->list[set->slots[i] - 1].index != index)
        i = (i + 1) & mask;
    return &set->slots[i];
}

/* Doubles the room. A quarter of the slots is in use at most. */
static bool grow(struct interface_set *set)
{
    const size_t room = set->room == 0 ? FIRST_ROOM : 2 * set->room;
    netio_interface *list = NULL;
    uint32_t *slots;

    if (room <= UINT32_MAX / sizeof *list)
        list = realloc(set->list, room * sizeof *list);
    if (list == NULL)
        return false;
    set->list = list;
    slots = calloc(4 * room, sizeof *slots);
    if (slots == NULL)
        return false;
    free(set->slots);
    set->slots = slots;
    set->slot_count = 4 * room;
    set->room = room;
    for (size_t i = 0; i < set->count; i++)
        *slot_of(set, list[i].index) = (uint32_t)i + 1;
    return true;
}

netio_interface *interface_set_find(const struct interface_set *set, NET_IFINDEX index)
{
    const uint32_t place = set->slot_count == 0 ? 0 : *slot_of(set, index);

    return place == 0 ? NULL : &set->list[place - 1];
}

netio_interface *interface_set_add(struct interface_set *set, NET_IFINDEX index)
{
    netio_interface *added;

    if (set->count == set->room && !grow(set))
        return NULL;
    *slot_of(set, index) = (uint32_t)set->count + 1;
    added = &set->list[set->count++];
    memset(added, 0, sizeof *added);
    added->index = index;
    return added;
}

void interface_set_keep(struct interface_set *set, bool (*keeps)(void *context, const netio_interface *interface),
                        void *context)
{
    size_t count = 0;

    for (size_t i = 0; i < set->count; i++)
        if (keeps(context, &set->list[i]))
            set->list[count++] = set->list[i];
    set->count = count;
    if (set->slot_count != 0)
        memset(set->slots, 0, set->slot_count * sizeof *set->slots);
    for (size_t i = 0; i < count; i++)
        *slot_of(set, set->list[i].index) = (uint32_t)i + 1;
}

void interface_set_removed(netio_interface *interface)
{
    const NET_IFINDEX index = interface->index;

    memset(interface, 0, sizeof *interface);
    interface->index = index;
    snprintf(interface->scope, sizeof interface->scope, "%lu", (unsigned long)index);
}
