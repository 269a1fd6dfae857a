/* SPDX-License-Identifier: MIT */
/* Writes entries: create, set, replace, delete. */
#include <stdbool.h>

#include "calls.h"
#include "platform.h"

/* How often replace tries to create an entry before it reports that the entry exists. */
#define REPLACE_ROUNDS 5

/* The interfaces that were looked up last: consecutive rows are often on a few interfaces. */
struct recent_interfaces {
    struct known_interface {
        NET_LUID luid;
        NET_IFINDEX index;
        DWORD status; /* of the look-up */
        ULONG physical_address_length;
    } interfaces[8];
    size_t count; /* of all look-ups; the oldest one is overwritten */
};

static const struct known_interface *recall(struct recent_interfaces *recent, const MIB_IPNET_ROW2 *row)
{
    const size_t places = sizeof recent->interfaces / sizeof *recent->interfaces;
    netio_interface interface = {.luid = row->InterfaceLuid, .index = row->InterfaceIndex};
    struct known_interface *known;

    for (size_t i = 0; i < places && i < recent->count; i++) {
        known = &recent->interfaces[i];
        if (known->luid.Value == row->InterfaceLuid.Value && known->index == row->InterfaceIndex)
            return known;
    }
    known = &recent->interfaces[recent->count++ % places];
    known->status = netio_interface_find(NETIO_OWN_NETNS, &interface);
    known->luid = row->InterfaceLuid;
    known->index = row->InterfaceIndex;
    known->physical_address_length = interface.physical_address_length;
    return known;
}

/*
 * Windows ignores the length in the row: it would pad or truncate a physical address of another length than that of
 * the interface. It reports an unknown interface itself, after what else is invalid in the row.
 */
static DWORD check_length(struct recent_interfaces *recent, const MIB_IPNET_ROW2 *row)
{
    const struct known_interface *known = recall(recent, row);

    if (known->status != NO_ERROR)
        return known->status == ERROR_FILE_NOT_FOUND ? NO_ERROR : known->status;
    if (row->PhysicalAddressLength == 0 || row->PhysicalAddressLength != known->physical_address_length)
        return ERROR_INVALID_PARAMETER;
    return NO_ERROR;
}

static void write_rows(const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results, DWORD (*write)(const MIB_IPNET_ROW2 *))
{
    struct recent_interfaces recent = {.count = 0};

    for (size_t i = 0; i < count; i++) {
        results[i] = check_length(&recent, &rows[i]);
        if (results[i] == NO_ERROR)
            results[i] = write(&rows[i]);
    }
}

void netio_create(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    (void)netns;
    write_rows(rows, count, results, call_create_entry);
}

/* Microsoft does not document what SetIpNetEntry2 writes into the row, so it gets a copy. */
static DWORD set_row(const MIB_IPNET_ROW2 *row)
{
    MIB_IPNET_ROW2 copy = *row;

    return call_set_entry(&copy);
}

void netio_set(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    (void)netns;
    write_rows(rows, count, results, set_row);
}

static bool is_dynamic(const MIB_IPNET_ROW2 *row)
{
    MIB_IPNET_ROW2 entry = *row;

    return call_get_entry(&entry) == NO_ERROR && entry.State != NlnsPermanent;
}

/*
 * Sets an entry that exists. ERROR_OBJECT_ALREADY_EXISTS: create it again, because it has expired, or was deleted here.
 * Microsoft does not document whether SetIpNetEntry2 makes a dynamic entry permanent, leaves it dynamic or rejects it.
 */
static DWORD overwrite_row(const MIB_IPNET_ROW2 *row)
{
    DWORD code = set_row(row);

    if (is_dynamic(row)) {
        code = call_delete_entry(row);
        if (code == NO_ERROR)
            return ERROR_OBJECT_ALREADY_EXISTS;
    }
    return code == ERROR_NOT_FOUND ? ERROR_OBJECT_ALREADY_EXISTS : code;
}

/* An entry can expire between two calls, and CreateIpNetEntry2 may still find one that was just deleted. */
static DWORD replace_row(const MIB_IPNET_ROW2 *row)
{
    DWORD code = ERROR_OBJECT_ALREADY_EXISTS;

    for (int round = 0; code == ERROR_OBJECT_ALREADY_EXISTS && round < REPLACE_ROUNDS; round++) {
        if (round > 0)
            Sleep(1);
        code = call_create_entry(row);
        if (code == ERROR_OBJECT_ALREADY_EXISTS)
            code = overwrite_row(row);
    }
    return code;
}

void netio_replace(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    (void)netns;
    write_rows(rows, count, results, replace_row);
}

void netio_delete(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    (void)netns;
    for (size_t i = 0; i < count; i++)
        results[i] = call_delete_entry(&rows[i]);
}
