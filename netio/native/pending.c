/* SPDX-License-Identifier: MIT */
#include "pending.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inet.h"

void pending_init(struct pending_set *set)
{
    memset(set, 0, sizeof *set);
    set->last_completed = &set->completed;
}

void *pending_new(size_t size, const MIB_IPNET_ROW2 *row, const SOCKADDR_INET *source, size_t tag)
{
    struct pending *pending = calloc(1, size);

    if (pending == NULL)
        return NULL;
    pending->tag = tag;
    pending->row.Address = row->Address;
    pending->row.InterfaceIndex = row->InterfaceIndex;
    pending->row.InterfaceLuid = row->InterfaceLuid;
    if (source != NULL)
        pending->source = *source;
    return pending;
}

bool pending_same_key(const MIB_IPNET_ROW2 *a, const MIB_IPNET_ROW2 *b)
{
    const ULONG64 luid_a = a->InterfaceLuid.Value, luid_b = b->InterfaceLuid.Value;

    return a->InterfaceIndex == b->InterfaceIndex && (luid_a == luid_b || luid_a == 0 || luid_b == 0) &&
           inet_equal(&a->Address, &b->Address);
}

/* FNV-1a over the address and the interface index. */
static size_t bucket_number(const MIB_IPNET_ROW2 *key)
{
    size_t size;
    const unsigned char *bytes = inet_bytes(&key->Address, &size);
    uint32_t hash = 2166136261u ^ (uint32_t)key->InterfaceIndex;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return (hash ^ hash >> 16) % PENDING_BUCKETS;
}

struct pending *pending_bucket(const struct pending_set *set, const MIB_IPNET_ROW2 *key)
{
    return set->buckets[bucket_number(key)];
}

bool pending_register(struct pending_set *set, struct pending *pending)
{
    struct pending **bucket = &set->buckets[bucket_number(&pending->row)];

    for (struct pending *other = *bucket; other != NULL; other = other->next)
        if (pending_same_key(&other->row, &pending->row) &&
            memcmp(&other->source, &pending->source, sizeof pending->source) == 0) {
            pending->next = other->duplicates;
            other->duplicates = pending;
            return false;
        }
    pending->next = *bucket;
    *bucket = pending;
    return true;
}

void pending_unregister(struct pending_set *set, struct pending *pending)
{
    struct pending **place = &set->buckets[bucket_number(&pending->row)];

    while (*place != NULL && *place != pending)
        place = &(*place)->next;
    if (*place == pending)
        *place = pending->next;
    pending->next = NULL;
}

static void push_completed(struct pending_set *set, struct pending *pending, DWORD result)
{
    pending->result = result;
    pending->next = NULL;
    *set->last_completed = pending;
    set->last_completed = &pending->next;
}

void pending_complete(struct pending_set *set, struct pending *pending, DWORD result, const MIB_IPNET_ROW2 *entry)
{
    struct pending *duplicate = pending->duplicates;

    pending_unregister(set, pending); /* by its key, which the entry may complete */
    pending->duplicates = NULL;
    if (entry != NULL)
        pending->row = *entry;
    push_completed(set, pending, result);
    while (duplicate != NULL) {
        struct pending *next = duplicate->next;

        duplicate->row = pending->row;
        push_completed(set, duplicate, result);
        duplicate = next;
    }
}

size_t pending_pop(struct pending_set *set, size_t *tags, MIB_IPNET_ROW2 *rows, DWORD *results, size_t room)
{
    size_t count = 0;

    while (count < room && set->completed != NULL) {
        struct pending *pending = set->completed;

        tags[count] = pending->tag;
        rows[count] = pending->row;
        results[count++] = pending->result;
        set->completed = pending->next;
        free(pending);
    }
    if (set->completed == NULL)
        set->last_completed = &set->completed;
    return count;
}

static void free_list(struct pending *pending)
{
    while (pending != NULL) {
        struct pending *next = pending->next;

        free_list(pending->duplicates);
        free(pending);
        pending = next;
    }
}

void pending_free_completed(struct pending_set *set)
{
    free_list(set->completed);
    set->completed = NULL;
    set->last_completed = &set->completed;
}

void pending_free_registered(struct pending_set *set)
{
    for (size_t i = 0; i < PENDING_BUCKETS; i++) {
        free_list(set->buckets[i]);
        set->buckets[i] = NULL;
    }
}
