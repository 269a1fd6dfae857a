/* SPDX-License-Identifier: MIT */
/*
 * Watching by polling: Windows announces no changes of its table. Each poll reads the table into a fresh mirror and
 * returns the differences to the reported one, as the backend of Linux does after lost notifications. Only physical
 * address, flags and state are compared: the ages of all entries differ at each poll.
 */
#include <stdlib.h>
#include <string.h>

#include "interface_set.h"
#include "mirror.h"
#include "platform.h"

/* Entries that are compared in one call. */
#define STEPS_AT_ONCE 4096

/* The number of interfaces at which those without an entry are forgotten. */
#define MOST_INTERFACES 128

enum stage { WAITING, REPORTING, REPORTED, ENDED };

struct netio_watch {
    ADDRESS_FAMILY family;
    NET_LUID interface; /* 0: every interface */
    enum stage stage;
    bool gone; /* the selected interface */
    struct mirror *reported, *fresh;
    struct mirror_walk walk;
    struct interface_set interfaces; /* those that were seen, with their present names */
    size_t most_interfaces;          /* the number at which those without an entry are forgotten */
    ULONG names;
};

static struct mirror *new_mirror(void)
{
    return mirror_new(MIRROR_BY_LUID, MIRROR_STATE | NETIO_IS_ROUTER | NETIO_IS_UNREACHABLE);
}

static void free_interfaces(struct interface_set *set)
{
    free(set->list);
    free(set->slots);
}

/* Copies the interface of an index to a set, if it is not there. */
static DWORD collect(const netio_watch *watch, struct interface_set *set, NET_IFINDEX index)
{
    const netio_interface *known = interface_set_find(&watch->interfaces, index);
    netio_interface *added;

    if (interface_set_find(set, index) != NULL)
        return NO_ERROR;
    added = interface_set_add(set, index);
    if (added == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    if (known != NULL)
        *added = *known;
    else
        interface_set_removed(added);
    return NO_ERROR;
}

/* Copies the reported table and the interfaces of its entries. The caller frees both. */
static DWORD copy_reported(const netio_watch *watch, MIB_IPNET_TABLE2 **table, struct interface_set *set)
{
    MIB_IPNET_TABLE2 *copy = mirror_table(watch->reported);
    DWORD code = copy == NULL ? ERROR_NOT_ENOUGH_MEMORY : NO_ERROR;

    memset(set, 0, sizeof *set);
    for (ULONG i = 0; code == NO_ERROR && i < copy->NumEntries; i++)
        code = collect(watch, set, copy->Table[i].InterfaceIndex);
    if (code != NO_ERROR) {
        free(copy);
        free_interfaces(set);
        return code;
    }
    *table = copy;
    return NO_ERROR;
}

/* Forgets interfaces without a reported entry: an interface can get another index each time that it is enabled. */
static DWORD forget_interfaces(netio_watch *watch)
{
    MIB_IPNET_TABLE2 *table;
    struct interface_set used;
    const DWORD code = copy_reported(watch, &table, &used);

    if (code != NO_ERROR)
        return code;
    free(table);
    free_interfaces(&watch->interfaces);
    watch->interfaces = used;
    watch->most_interfaces = 2 * used.count < MOST_INTERFACES ? MOST_INTERFACES : 2 * used.count;
    return NO_ERROR;
}

/* Takes the names of interfaces. One that was removed is not among them, or has no name, and keeps its last one. */
static DWORD update_names(netio_watch *watch, const netio_interface *interfaces, size_t count)
{
    const bool is_full = watch->reported != NULL && watch->interfaces.count > watch->most_interfaces;
    const DWORD code = is_full ? forget_interfaces(watch) : NO_ERROR;

    if (code != NO_ERROR)
        return code;
    for (size_t i = 0; i < count; i++) {
        netio_interface *known = interface_set_find(&watch->interfaces, interfaces[i].index);

        if (known == NULL) {
            known = interface_set_add(&watch->interfaces, interfaces[i].index);
            if (known == NULL)
                return ERROR_NOT_ENOUGH_MEMORY;
        } else if (interfaces[i].name[0] == '\0' || strcmp(known->name, interfaces[i].name) == 0) {
            continue;
        }
        *known = interfaces[i];
        watch->names++;
    }
    return NO_ERROR;
}

static DWORD fill(struct mirror *mirror, const MIB_IPNET_TABLE2 *table)
{
    for (ULONG i = 0; i < table->NumEntries; i++)
        if (mirror_put(mirror, &table->Table[i], NULL) == MIRROR_FAILED)
            return ERROR_NOT_ENOUGH_MEMORY;
    return NO_ERROR;
}

/* Reads the table into a fresh mirror, which is empty if the selected interface was removed. */
static DWORD read_table(netio_watch *watch)
{
    const NET_LUID *interface = watch->interface.Value == 0 ? NULL : &watch->interface;
    MIB_IPNET_TABLE2 *table = NULL;
    netio_interface *interfaces = NULL;
    size_t count = 0;
    DWORD code;

    mirror_free(watch->fresh);
    watch->fresh = new_mirror();
    if (watch->fresh == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    code = netio_table(NETIO_OWN_NETNS, watch->family, interface, NULL, &table, &interfaces, &count);
    if (code == ERROR_NOT_FOUND && interface != NULL) {
        watch->gone = true;
        return NO_ERROR;
    }
    if (code != NO_ERROR)
        return code;
    code = fill(watch->fresh, table);
    if (code == NO_ERROR)
        code = update_names(watch, interfaces, count);
    netio_free(table);
    netio_free(interfaces);
    return code;
}

/* Applies a difference to the reported table and returns it as a change. */
static DWORD report(netio_watch *watch, enum mirror_difference difference, const MIB_IPNET_ROW2 *before,
                    const MIB_IPNET_ROW2 *now, netio_change *change, MIB_IPNET_ROW2 **rows)
{
    const MIB_IPNET_ROW2 *key = difference == MIRROR_REMOVED ? before : now;

    memset(change, 0, sizeof *change);
    change->last_physical_address_length =
        (BYTE)mirror_last_physical_address(watch->reported, key, change->last_physical_address);
    if (difference == MIRROR_REMOVED)
        mirror_remove(watch->reported, before, NULL);
    else if (mirror_put(watch->reported, now, NULL) == MIRROR_FAILED)
        return ERROR_NOT_ENOUGH_MEMORY;
    change->kind = NETIO_REMOVED;
    if (difference != MIRROR_REMOVED)
        change->kind = difference == MIRROR_ADDED ? NETIO_ADDED : NETIO_CHANGED;
    if (difference != MIRROR_ADDED)
        *(*rows)++ = *before;
    if (difference != MIRROR_REMOVED)
        *(*rows)++ = *now;
    return NO_ERROR;
}

static DWORD report_differences(netio_watch *watch, size_t room, netio_change *changes, MIB_IPNET_ROW2 *rows,
                                size_t *count)
{
    size_t steps = STEPS_AT_ONCE;
    MIB_IPNET_ROW2 before, now;
    DWORD code = NO_ERROR;

    while (code == NO_ERROR && *count < room) {
        const enum mirror_difference difference =
            mirror_next_difference(watch->reported, watch->fresh, &watch->walk, &steps, &before, &now);

        if (difference == MIRROR_PAUSED)
            break;
        if (difference == MIRROR_END) {
            mirror_free(watch->fresh);
            watch->fresh = NULL;
            watch->stage = watch->gone ? ENDED : REPORTED;
            break;
        }
        code = report(watch, difference, &before, &now, &changes[*count], &rows);
        *count += code == NO_ERROR;
    }
    return *count > 0 ? NO_ERROR : code;
}

DWORD netio_watch_read(netio_watch *watch, size_t room, netio_change *changes, MIB_IPNET_ROW2 *rows, size_t *count)
{
    DWORD code = NO_ERROR;

    *count = 0;
    if (room < NETIO_WATCH_ROOM)
        return ERROR_INVALID_PARAMETER;
    if (watch->stage == WAITING) {
        code = read_table(watch);
        if (code != NO_ERROR)
            return code;
        memset(&watch->walk, 0, sizeof watch->walk);
        watch->stage = REPORTING;
    }
    if (watch->stage == REPORTING)
        code = report_differences(watch, room, changes, rows, count);
    if (code != NO_ERROR || *count > 0)
        return code;
    if (watch->stage == ENDED)
        return ERROR_FILE_NOT_FOUND;
    if (watch->stage == REPORTING)
        return NO_ERROR;
    watch->stage = WAITING; /* the caller waits for the interval */
    return WAIT_TIMEOUT;
}

DWORD netio_watch_open(int netns, ADDRESS_FAMILY family, const NET_LUID *interface, bool initial, ULONG receive_buffer,
                       netio_watch **out)
{
    netio_watch *watch = calloc(1, sizeof *watch);
    DWORD code;

    (void)netns;
    (void)receive_buffer;
    *out = NULL;
    if (watch == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    watch->family = family;
    watch->most_interfaces = MOST_INTERFACES;
    if (interface != NULL)
        watch->interface = *interface;
    code = read_table(watch);
    if (code == NO_ERROR && watch->gone)
        code = ERROR_NOT_FOUND;
    if (code == NO_ERROR && initial)
        watch->reported = new_mirror();
    if (code == NO_ERROR && initial && watch->reported == NULL)
        code = ERROR_NOT_ENOUGH_MEMORY;
    if (code != NO_ERROR) {
        netio_watch_close(watch);
        return code;
    }
    watch->stage = REPORTING;
    if (!initial) {
        watch->reported = watch->fresh;
        watch->fresh = NULL;
        watch->stage = WAITING;
    }
    *out = watch;
    return NO_ERROR;
}

DWORD netio_watch_table(netio_watch *watch, MIB_IPNET_TABLE2 **table, netio_interface **interfaces,
                        size_t *interface_count)
{
    struct interface_set set;
    const DWORD code = copy_reported(watch, table, &set);

    if (code != NO_ERROR)
        return code;
    free(set.slots);
    *interfaces = set.list;
    *interface_count = set.count;
    return NO_ERROR;
}

DWORD netio_watch_interface(netio_watch *watch, netio_interface *interface)
{
    const netio_interface *known = interface_set_find(&watch->interfaces, interface->index);

    if (known != NULL)
        *interface = *known;
    else
        interface_set_removed(interface);
    return NO_ERROR;
}

ULONG netio_watch_names(const netio_watch *watch)
{
    return watch->names;
}

int netio_watch_fd(const netio_watch *watch)
{
    (void)watch;
    return -1;
}

void netio_watch_wake(netio_watch *watch)
{
    (void)watch; /* there is no descriptor */
}

void netio_watch_close(netio_watch *watch)
{
    if (watch == NULL)
        return;
    mirror_free(watch->reported);
    mirror_free(watch->fresh);
    free_interfaces(&watch->interfaces);
    free(watch);
}
