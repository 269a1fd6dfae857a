/* SPDX-License-Identifier: MIT */
/*
 * A neighbour table held in memory: look-up by key, changes, and the differences between two such tables. Watching and
 * planning use it. It makes no system calls and is the same on every system. Not thread-safe.
 *
 * The key of an entry is its IP address and its interface. Port, flow and scope of the address do not count. An entry
 * takes 56 bytes, or 80 in a mirror with a physical address of more than 8 bytes, and 5 to 11 bytes of the hash table.
 * The caller can give every entry an extra part, for what rows do not hold.
 *
 * Compare rows with a table: put the rows of the table into a mirror, then call mirror_compare for each row. Entries
 * that the rows lack: put the rows into a second mirror and use mirror_next_difference. Two rows with one key and
 * different physical addresses: mirror_put returns MIRROR_DIFFERS for the second one.
 */
#ifndef NETIO_MIRROR_H
#define NETIO_MIRROR_H

#include <stdbool.h>

#include "platform.h"

struct mirror;

/* The member of a row that identifies its interface. It must be set in every row that the functions take. */
enum mirror_key {
    MIRROR_BY_INDEX,
    MIRROR_BY_LUID,
};

/*
 * The members that count in comparisons, beside the physical address: a mask of this bit and of bits of MIB_IPNET_ROW2.Flags.
 * ReachabilityTime never counts.
 */
#define MIRROR_STATE 0x100u

/* A row, compared with the entry of the same key. */
enum mirror_verdict {
    MIRROR_ABSENT,    /* there is no such entry */
    MIRROR_DIFFERS,   /* a member that counts differs */
    MIRROR_EQUAL,     /* no member that counts differs */
    MIRROR_FAILED,    /* mirror_put changed nothing: no memory, or the row is not one of an IP address */
};

/* NULL: no memory. */
struct mirror *mirror_new(enum mirror_key key, unsigned counts);
void mirror_free(struct mirror *mirror); /* accepts NULL */

/*
 * Gives the entries of an empty mirror an extra part of that size, which is aligned as a uint64_t. It counts in
 * comparisons: is_equal compares two of them. mirror_put_extra sets it.
 */
typedef bool mirror_is_equal(const void *extra, const void *other);
void mirror_set_extra(struct mirror *mirror, size_t size, mirror_is_equal *is_equal);

size_t mirror_count(const struct mirror *mirror); /* the number of entries */

/* Finds the entry of a key and sets *row, which may be NULL or the key itself. */
bool mirror_find(const struct mirror *mirror, const MIB_IPNET_ROW2 *key, MIB_IPNET_ROW2 *row);

/* Returns the extra part of the entry of a key until the next change of the mirror; NULL if there is none. */
const void *mirror_extra(const struct mirror *mirror, const MIB_IPNET_ROW2 *key);

/* The extra part does not count. */
enum mirror_verdict mirror_compare(const struct mirror *mirror, const MIB_IPNET_ROW2 *row);

/*
 * Adds an entry, or sets all members of an existing one. Returns the comparison of the row with the entry as it was,
 * and sets *before, which may be NULL, to that entry unless it was absent.
 */
enum mirror_verdict mirror_put(struct mirror *mirror, const MIB_IPNET_ROW2 *row, MIB_IPNET_ROW2 *before);

/* The same with the extra part. A mirror without one ignores it. NULL keeps it, as mirror_put; a new one is 0. */
enum mirror_verdict mirror_put_extra(struct mirror *mirror, const MIB_IPNET_ROW2 *row, const void *extra,
                                     MIB_IPNET_ROW2 *before);

/* Removes an entry and sets *before, which may be NULL, to it. Returns false if there was none. */
bool mirror_remove(struct mirror *mirror, const MIB_IPNET_ROW2 *key, MIB_IPNET_ROW2 *before);

/*
 * Finds the last physical address that the mirror saw for a key, also if the entry has none now or was removed. Returns
 * its length, 0 if none is known. The mirror remembers it for as many removed entries as it had entries at one time,
 * and for at least 1,024; the one that was removed first is forgotten first.
 */
ULONG mirror_last_physical_address(const struct mirror *mirror, const MIB_IPNET_ROW2 *key,
                                   UCHAR address[IF_MAX_PHYS_ADDRESS_LENGTH]);

/*
 * Sets *row to the next entry; false: there is no further one. *cursor is 0 at the beginning. In the course of the walk
 * entries may be set and removed; those that are added may be left out.
 */
bool mirror_next(const struct mirror *mirror, size_t *cursor, MIB_IPNET_ROW2 *row);

/* A difference between an old and a new table. */
enum mirror_difference {
    MIRROR_REMOVED, /* only the old one has the entry */
    MIRROR_CHANGED, /* a member that counts differs */
    MIRROR_ADDED,   /* only the new one has the entry */
    MIRROR_PAUSED,  /* the limit of steps was reached; call again */
    MIRROR_END,
};

/* All 0: the beginning. */
struct mirror_walk {
    size_t old_cursor, new_cursor;
    bool old_ended;
};

/*
 * Finds the next difference, and visits *steps entries at most, by which it decrements *steps. The removed and changed
 * entries come before the added ones. Sets *before to the entry of the old table and *now to that of the new one; the
 * one that does not exist is all 0. The caller may apply each difference to the old table before the next call. Both
 * tables have extra parts of one kind, or none.
 */
enum mirror_difference mirror_next_difference(const struct mirror *old_table, const struct mirror *new_table,
                                              struct mirror_walk *walk, size_t *steps, MIB_IPNET_ROW2 *before,
                                              MIB_IPNET_ROW2 *now);

/* Copies all entries; the caller frees the table with netio_free. NULL: no memory. */
MIB_IPNET_TABLE2 *mirror_table(const struct mirror *mirror);

/* Copies the extra parts, in the order of mirror_table; extras has room for one of each entry. */
void mirror_extras(const struct mirror *mirror, void *extras);

#endif
