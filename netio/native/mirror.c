/* SPDX-License-Identifier: MIT */
#include "mirror.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inet.h"

#define FIRST_ROOM 16

/* No place: the end of a list. */
#define NOWHERE UINT32_MAX

/* The most removed entries that are remembered in a small mirror. */
#define REMEMBERED_MIN 1024

/* The room for a physical address in an entry: of Ethernet and IEEE 802.15.4, or of any length. */
#define NARROW 8
#define WIDE IF_MAX_PHYS_ADDRESS_LENGTH

enum kind {
    FREE,       /* the place can be used; newer: the next free one */
    RESOLVED,   /* an entry with a physical address */
    UNRESOLVED, /* an entry without one; it keeps the last one */
    REMEMBERED, /* a removed entry; it keeps the last physical address */
};

/* An entry of the table, or what is left of it. */
struct entry {
    unsigned char address[16];
    ULONG64 luid;
    uint32_t index;
    uint32_t state;
    uint32_t time;
    uint32_t older, newer; /* the list of remembered entries, in the order of their removal */
    uint8_t family;        /* AF_INET or AF_INET6, which have one byte on every system */
    uint8_t kind;
    uint8_t flags;
    uint8_t length;           /* of the physical address */
    unsigned char physical[]; /* NARROW or WIDE bytes */
};

_Static_assert(sizeof(struct entry) % _Alignof(struct entry) == 0 && NARROW % _Alignof(struct entry) == 0 &&
                   WIDE % _Alignof(struct entry) == 0,
               "entries in an array are aligned");
_Static_assert(AF_INET <= UINT8_MAX && AF_INET6 <= UINT8_MAX, "the family of an entry has one byte");

struct mirror {
    enum mirror_key key;
    unsigned counts;
    unsigned char *entries; /* an array of struct entry, each with the physical address and the extra part */
    size_t width;           /* of the physical address */
    size_t stride;          /* of all three */
    size_t extra;           /* the size of the extra part; 0: there is none */
    mirror_is_equal *is_equal;
    size_t used, room; /* places */
    uint32_t free;     /* the first free place before used */
    uint32_t *slots;   /* hash table: 0, or a place counted from 1 */
    size_t slot_count; /* a power of 2, or 0 */
    size_t filled;     /* slots */
    size_t count, most; /* entries now, and at one time */
    size_t remembered;
    uint32_t oldest, newest; /* of the remembered entries */
    uint64_t seed;
};

static void set_width(struct mirror *mirror, size_t width)
{
    const size_t alignment = _Alignof(struct entry);

    mirror->width = width;
    mirror->stride = sizeof(struct entry) + width + (mirror->extra + alignment - 1) / alignment * alignment;
}

struct mirror *mirror_new(enum mirror_key key, unsigned counts)
{
    struct mirror *mirror = calloc(1, sizeof *mirror);

    if (mirror == NULL)
        return NULL;
    mirror->key = key;
    mirror->counts = counts;
    set_width(mirror, NARROW);
    mirror->free = mirror->oldest = mirror->newest = NOWHERE;
    /* A neighbour chooses its IPv6 addresses, but it does not know where this process keeps its memory. */
    mirror->seed = (uint64_t)(uintptr_t)mirror * 0x9e3779b97f4a7c15u;
    return mirror;
}

void mirror_set_extra(struct mirror *mirror, size_t size, mirror_is_equal *is_equal)
{
    mirror->extra = size;
    mirror->is_equal = is_equal;
    set_width(mirror, mirror->width);
}

void mirror_free(struct mirror *mirror)
{
    if (mirror == NULL)
        return;
    free(mirror->entries);
    free(mirror->slots);
    free(mirror);
}

size_t mirror_count(const struct mirror *mirror)
{
    return mirror->count;
}

static struct entry *entry_at(const struct mirror *mirror, size_t place)
{
    return (struct entry *)(void *)(mirror->entries + place * mirror->stride);
}

/* Returns the extra part of an entry; NULL if the mirror has none. */
static const void *extra_of(const struct mirror *mirror, const struct entry *entry)
{
    return mirror->extra == 0 ? NULL : entry->physical + mirror->width;
}

static bool is_present(const struct entry *entry)
{
    return entry->kind == RESOLVED || entry->kind == UNRESOLVED;
}

/* A key as it is stored. */
struct key {
    unsigned char address[16];
    uint64_t interface;
    uint8_t family;
};

/* Returns false if the family is neither IPv4 nor IPv6: no entry has such a key. */
static bool key_of(const struct mirror *mirror, const MIB_IPNET_ROW2 *row, struct key *key)
{
    size_t size;
    const void *bytes = inet_bytes(&row->Address, &size);

    memset(key, 0, sizeof *key);
    if (bytes == NULL)
        return false;
    memcpy(key->address, bytes, size);
    key->family = (uint8_t)row->Address.si_family;
    key->interface = mirror->key == MIRROR_BY_LUID ? row->InterfaceLuid.Value : row->InterfaceIndex;
    return true;
}

static void key_of_entry(const struct mirror *mirror, const struct entry *entry, struct key *key)
{
    memcpy(key->address, entry->address, sizeof key->address);
    key->family = entry->family;
    key->interface = mirror->key == MIRROR_BY_LUID ? entry->luid : entry->index;
}

static bool has_key(const struct mirror *mirror, const struct entry *entry, const struct key *key)
{
    return (mirror->key == MIRROR_BY_LUID ? entry->luid : entry->index) == key->interface &&
           entry->family == key->family && memcmp(entry->address, key->address, sizeof key->address) == 0;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0xff51afd7ed558ccdu;
    return hash ^ hash >> 32;
}

static size_t home_of(const struct mirror *mirror, const struct key *key)
{
    uint64_t words[2];

    memcpy(words, key->address, sizeof words);
    return (size_t)mix(mix(mix(mirror->seed ^ key->family, words[0]), words[1]), key->interface) &
           (mirror->slot_count - 1);
}

/* Returns the slot of a key, or the free one where it belongs. There is always a free slot. */
static size_t slot_of(const struct mirror *mirror, const struct key *key)
{
    size_t i = home_of(mirror, key);

    while (mirror->slots[i] != 0 && !has_key(mirror, entry_at(mirror, mirror->slots[i] - 1), key))
        i = (i + 1) & (mirror->slot_count - 1);
    return i;
}

/* Returns the entry of a row's key, also a remembered one; NULL if there is none. */
static struct entry *look_up(const struct mirror *mirror, const MIB_IPNET_ROW2 *row)
{
    struct key key;
    size_t slot;

    if (mirror->slot_count == 0 || !key_of(mirror, row, &key))
        return NULL;
    slot = slot_of(mirror, &key);
    return mirror->slots[slot] == 0 ? NULL : entry_at(mirror, mirror->slots[slot] - 1);
}

static void set_row(MIB_IPNET_ROW2 *row, const struct entry *entry)
{
    memset(row, 0, sizeof *row);
    (void)inet_set(&row->Address, entry->family, entry->address, entry->family == AF_INET ? 4 : 16);
    if (inet_is_link_local(&row->Address))
        row->Address.Ipv6.sin6_scope_id = entry->index;
    row->InterfaceIndex = entry->index;
    row->InterfaceLuid.Value = entry->luid;
    row->State = (NL_NEIGHBOR_STATE)entry->state;
    row->Flags = entry->flags;
    row->ReachabilityTime.LastReachable = entry->time;
    if (entry->kind == RESOLVED) {
        row->PhysicalAddressLength = entry->length;
        memcpy(row->PhysicalAddress, entry->physical, entry->length);
    }
}

/* extra is NULL, which is equal, or the extra part that belongs to the row. */
static enum mirror_verdict compare(const struct mirror *mirror, const struct entry *entry, const MIB_IPNET_ROW2 *row,
                                   const void *extra)
{
    const ULONG length = row->PhysicalAddressLength;

    if (!is_present(entry))
        return MIRROR_ABSENT;
    if ((entry->kind == RESOLVED ? entry->length : 0) != length ||
        (length != 0 && memcmp(entry->physical, row->PhysicalAddress, length) != 0) ||
        ((entry->flags ^ row->Flags) & mirror->counts & UINT8_MAX) != 0 ||
        (mirror->counts & MIRROR_STATE && entry->state != (uint32_t)row->State) ||
        (mirror->extra != 0 && extra != NULL && !mirror->is_equal(extra_of(mirror, entry), extra)))
        return MIRROR_DIFFERS;
    return MIRROR_EQUAL;
}

bool mirror_find(const struct mirror *mirror, const MIB_IPNET_ROW2 *key, MIB_IPNET_ROW2 *row)
{
    const struct entry *entry = look_up(mirror, key);

    if (entry == NULL || !is_present(entry))
        return false;
    if (row != NULL)
        set_row(row, entry);
    return true;
}

enum mirror_verdict mirror_compare(const struct mirror *mirror, const MIB_IPNET_ROW2 *row)
{
    const struct entry *entry = look_up(mirror, row);

    return entry == NULL ? MIRROR_ABSENT : compare(mirror, entry, row, NULL);
}

const void *mirror_extra(const struct mirror *mirror, const MIB_IPNET_ROW2 *key)
{
    const struct entry *entry = mirror->extra == 0 ? NULL : look_up(mirror, key);

    return entry == NULL || !is_present(entry) ? NULL : extra_of(mirror, entry);
}

ULONG mirror_last_physical_address(const struct mirror *mirror, const MIB_IPNET_ROW2 *key,
                                   UCHAR address[IF_MAX_PHYS_ADDRESS_LENGTH])
{
    const struct entry *entry = look_up(mirror, key);

    memset(address, 0, IF_MAX_PHYS_ADDRESS_LENGTH);
    if (entry == NULL)
        return 0;
    memcpy(address, entry->physical, entry->length);
    return entry->length;
}

/* Doubles the hash table. Two thirds of the slots are in use at most. */
static bool grow_slots(struct mirror *mirror)
{
    const size_t count = mirror->slot_count == 0 ? 2 * FIRST_ROOM : 2 * mirror->slot_count;
    uint32_t *slots = count > SIZE_MAX / sizeof *slots ? NULL : calloc(count, sizeof *slots);

    if (slots == NULL)
        return false;
    free(mirror->slots);
    mirror->slots = slots;
    mirror->slot_count = count;
    for (size_t place = 0; place < mirror->used; place++) {
        struct entry *entry = entry_at(mirror, place);
        struct key key;

        if (entry->kind == FREE)
            continue;
        key_of_entry(mirror, entry, &key);
        mirror->slots[slot_of(mirror, &key)] = (uint32_t)place + 1;
    }
    return true;
}

static bool grow_entries(struct mirror *mirror)
{
    const size_t room = mirror->room == 0 ? FIRST_ROOM : mirror->room + mirror->room / 2;
    void *entries =
        room >= NOWHERE || room > SIZE_MAX / mirror->stride ? NULL : realloc(mirror->entries, room * mirror->stride);

    if (entries == NULL)
        return false;
    mirror->entries = entries;
    mirror->room = room;
    return true;
}

/* Makes room for physical addresses of any length in every entry. */
static bool widen(struct mirror *mirror)
{
    const size_t narrow = mirror->stride, wide = narrow + WIDE - NARROW;
    unsigned char *entries = mirror->room > SIZE_MAX / wide ? NULL : malloc(mirror->room * wide + 1);

    if (entries == NULL)
        return false;
    for (size_t place = 0; place < mirror->used; place++) {
        const unsigned char *from = mirror->entries + place * narrow;
        unsigned char *to = entries + place * wide;

        memcpy(to, from, sizeof(struct entry) + NARROW);
        memcpy(to + sizeof(struct entry) + WIDE, from + sizeof(struct entry) + NARROW, mirror->extra);
    }
    free(mirror->entries);
    mirror->entries = entries;
    set_width(mirror, WIDE);
    return true;
}

/* Takes a place out of the list of the remembered ones. */
static void unlink_remembered(struct mirror *mirror, const struct entry *entry)
{
    if (entry->older == NOWHERE)
        mirror->oldest = entry->newer;
    else
        entry_at(mirror, entry->older)->newer = entry->newer;
    if (entry->newer == NOWHERE)
        mirror->newest = entry->older;
    else
        entry_at(mirror, entry->newer)->older = entry->older;
    mirror->remembered--;
}

/* Frees a slot and moves those behind it, so that each is found from its home. */
static void free_slot(struct mirror *mirror, size_t slot)
{
    const size_t mask = mirror->slot_count - 1;
    size_t hole = slot;

    for (size_t i = (slot + 1) & mask; mirror->slots[i] != 0; i = (i + 1) & mask) {
        struct key key;

        key_of_entry(mirror, entry_at(mirror, mirror->slots[i] - 1), &key);
        if (((i - home_of(mirror, &key)) & mask) < ((i - hole) & mask))
            continue;
        mirror->slots[hole] = mirror->slots[i];
        hole = i;
    }
    mirror->slots[hole] = 0;
    mirror->filled--;
}

static void free_entry(struct mirror *mirror, struct entry *entry)
{
    struct key key;
    size_t slot;

    key_of_entry(mirror, entry, &key);
    slot = slot_of(mirror, &key);
    entry->kind = FREE;
    entry->newer = mirror->free;
    mirror->free = mirror->slots[slot] - 1;
    free_slot(mirror, slot);
}

/* Forgets the entry that was removed first, if there are too many. */
static void forget(struct mirror *mirror)
{
    const size_t most = mirror->most > REMEMBERED_MIN ? mirror->most : REMEMBERED_MIN;

    if (mirror->remembered > most) {
        struct entry *entry = entry_at(mirror, mirror->oldest);

        unlink_remembered(mirror, entry);
        free_entry(mirror, entry);
    }
}

static void remember(struct mirror *mirror, struct entry *entry, uint32_t place)
{
    entry->kind = REMEMBERED;
    entry->older = mirror->newest;
    entry->newer = NOWHERE;
    if (mirror->newest == NOWHERE)
        mirror->oldest = place;
    else
        entry_at(mirror, mirror->newest)->newer = place;
    mirror->newest = place;
    mirror->remembered++;
    forget(mirror);
}

/* Returns a new place with that key and nothing else; NULL: no memory. */
static struct entry *add_entry(struct mirror *mirror, const struct key *key)
{
    struct entry *entry;
    size_t place = mirror->free;

    if (3 * (mirror->filled + 1) > 2 * mirror->slot_count && !grow_slots(mirror))
        return NULL;
    if (mirror->free == NOWHERE && mirror->used == mirror->room && !grow_entries(mirror))
        return NULL;
    if (mirror->free == NOWHERE)
        place = mirror->used++;
    entry = entry_at(mirror, place);
    if (mirror->free != NOWHERE)
        mirror->free = entry->newer;
    mirror->slots[slot_of(mirror, key)] = (uint32_t)place + 1;
    mirror->filled++;
    memset(entry, 0, mirror->stride);
    memcpy(entry->address, key->address, sizeof entry->address);
    entry->family = key->family;
    return entry;
}

static void set_entry(struct entry *entry, const MIB_IPNET_ROW2 *row)
{
    entry->luid = row->InterfaceLuid.Value;
    entry->index = row->InterfaceIndex;
    entry->state = (uint32_t)row->State;
    entry->time = row->ReachabilityTime.LastReachable;
    entry->flags = row->Flags;
    entry->kind = row->PhysicalAddressLength == 0 ? UNRESOLVED : RESOLVED;
    if (entry->kind == RESOLVED) {
        entry->length = (uint8_t)row->PhysicalAddressLength;
        memcpy(entry->physical, row->PhysicalAddress, row->PhysicalAddressLength);
    }
}

enum mirror_verdict mirror_put(struct mirror *mirror, const MIB_IPNET_ROW2 *row, MIB_IPNET_ROW2 *before)
{
    return mirror_put_extra(mirror, row, NULL, before);
}

enum mirror_verdict mirror_put_extra(struct mirror *mirror, const MIB_IPNET_ROW2 *row, const void *extra,
                                     MIB_IPNET_ROW2 *before)
{
    enum mirror_verdict verdict = MIRROR_ABSENT;
    struct entry *entry;
    struct key key;

    if (row->PhysicalAddressLength > WIDE || !key_of(mirror, row, &key))
        return MIRROR_FAILED;
    if (row->PhysicalAddressLength > mirror->width && !widen(mirror))
        return MIRROR_FAILED;
    entry = look_up(mirror, row);
    if (entry == NULL) {
        entry = add_entry(mirror, &key);
        if (entry == NULL)
            return MIRROR_FAILED;
    } else if (entry->kind == REMEMBERED) {
        unlink_remembered(mirror, entry);
    } else {
        verdict = compare(mirror, entry, row, extra);
        if (before != NULL)
            set_row(before, entry);
    }
    set_entry(entry, row);
    if (mirror->extra != 0 && extra != NULL)
        memcpy(entry->physical + mirror->width, extra, mirror->extra);
    mirror->count += verdict == MIRROR_ABSENT;
    if (mirror->count > mirror->most)
        mirror->most = mirror->count;
    return verdict;
}

bool mirror_remove(struct mirror *mirror, const MIB_IPNET_ROW2 *key, MIB_IPNET_ROW2 *before)
{
    struct entry *entry = look_up(mirror, key);

    if (entry == NULL || !is_present(entry))
        return false;
    if (before != NULL)
        set_row(before, entry);
    mirror->count--;
    if (entry->length == 0)
        free_entry(mirror, entry);
    else
        remember(mirror, entry,
                 (uint32_t)(((unsigned char *)entry - mirror->entries) / (ptrdiff_t)mirror->stride));
    return true;
}

/* Returns the next entry at or after the cursor, and moves the cursor behind it; NULL at the end. */
static const struct entry *next_entry(const struct mirror *mirror, size_t *cursor, size_t *steps)
{
    while (*cursor < mirror->used && *steps > 0) {
        const struct entry *entry = entry_at(mirror, (*cursor)++);

        --*steps;
        if (is_present(entry))
            return entry;
    }
    return NULL;
}

bool mirror_next(const struct mirror *mirror, size_t *cursor, MIB_IPNET_ROW2 *row)
{
    size_t steps = SIZE_MAX;
    const struct entry *entry = next_entry(mirror, cursor, &steps);

    if (entry != NULL)
        set_row(row, entry);
    return entry != NULL;
}

enum mirror_difference mirror_next_difference(const struct mirror *old_table, const struct mirror *new_table,
                                              struct mirror_walk *walk, size_t *steps, MIB_IPNET_ROW2 *before,
                                              MIB_IPNET_ROW2 *now)
{
    const struct entry *entry;

    memset(before, 0, sizeof *before);
    memset(now, 0, sizeof *now);
    while (!walk->old_ended && (entry = next_entry(old_table, &walk->old_cursor, steps)) != NULL) {
        const struct entry *twin;

        set_row(before, entry);
        twin = look_up(new_table, before);
        if (twin == NULL || !is_present(twin)) {
            memset(now, 0, sizeof *now); /* of an equal entry before */
            return MIRROR_REMOVED;
        }
        set_row(now, twin);
        if (compare(old_table, entry, now, extra_of(new_table, twin)) == MIRROR_DIFFERS)
            return MIRROR_CHANGED;
    }
    memset(before, 0, sizeof *before);
    memset(now, 0, sizeof *now);
    if (*steps == 0)
        return MIRROR_PAUSED;
    walk->old_ended = true;
    while ((entry = next_entry(new_table, &walk->new_cursor, steps)) != NULL) {
        set_row(now, entry);
        if (!mirror_find(old_table, now, NULL))
            return MIRROR_ADDED;
    }
    memset(now, 0, sizeof *now);
    return *steps == 0 ? MIRROR_PAUSED : MIRROR_END;
}

MIB_IPNET_TABLE2 *mirror_table(const struct mirror *mirror)
{
    MIB_IPNET_TABLE2 *table = NULL;
    size_t cursor = 0;

    if (mirror->count <= UINT32_MAX && mirror->count < SIZE_MAX / sizeof *table->Table - 1)
        table = calloc(1, sizeof *table + mirror->count * sizeof *table->Table);
    while (table != NULL && mirror_next(mirror, &cursor, &table->Table[table->NumEntries]))
        table->NumEntries++;
    return table;
}

void mirror_extras(const struct mirror *mirror, void *extras)
{
    unsigned char *next = extras;
    size_t cursor = 0, steps = SIZE_MAX;
    const struct entry *entry;

    if (mirror->extra == 0)
        return;
    while ((entry = next_entry(mirror, &cursor, &steps)) != NULL) {
        memcpy(next, entry->physical + mirror->width, mirror->extra);
        next += mirror->extra;
    }
}
