/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include <stdint.h>
#include <string.h>

#include "inet.h"
#include "mirror.h"

static bool have_luids(const MIB_IPNET_ROW2 *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].InterfaceLuid.Value == 0)
            return false;
    return true;
}

static bool same_physical_address(const MIB_IPNET_ROW2 *a, const MIB_IPNET_ROW2 *b)
{
    const ULONG length = a->PhysicalAddressLength;

    return length == b->PhysicalAddressLength && length <= sizeof a->PhysicalAddress &&
           memcmp(a->PhysicalAddress, b->PhysicalAddress, length) == 0;
}

static bool differs(const MIB_IPNET_ROW2 *row, const MIB_IPNET_ROW2 *entry, UCHAR exact_flags)
{
    const unsigned counting = (row->Flags & NETIO_IS_ROUTER) | exact_flags;

    return entry->State != NlnsPermanent || !same_physical_address(row, entry) ||
           ((row->Flags ^ entry->Flags) & counting) != 0;
}

static bool is_of_one_host(const MIB_IPNET_ROW2 *row)
{
    return inet_is_neighbor(&row->Address) && !inet_is_multicast(&row->Address);
}

static bool is_plannable(const MIB_IPNET_ROW2 *entry)
{
    return entry->State == NlnsPermanent && entry->PhysicalAddressLength != 0 &&
           (entry->Flags & NETIO_IS_FOREIGN) == 0 && is_of_one_host(entry);
}

/* Puts the valid rows into the mirror. The time of each entry of the mirror is the position of its row. */
static bool put_rows(struct mirror *mirror, const MIB_IPNET_ROW2 *rows, size_t count, UCHAR *verdicts, ULONG *places)
{
    for (size_t i = 0; i < count; i++) {
        MIB_IPNET_ROW2 row = rows[i], earlier;

        verdicts[i] = 0;
        places[i] = 0;
        if (!is_of_one_host(&row)) {
            verdicts[i] = NETIO_PLAN_INVALID;
            continue;
        }
        row.ReachabilityTime.LastReachable = (ULONG)i;
        switch (mirror_put(mirror, &row, &earlier)) {
        case MIRROR_ABSENT:
            break;
        case MIRROR_FAILED:
            return false;
        default: /* the first row counts */
            places[i] = earlier.ReachabilityTime.LastReachable;
            verdicts[i] = NETIO_PLAN_REPEATED;
            if (!same_physical_address(&row, &earlier))
                verdicts[i] |= NETIO_PLAN_CONTRADICTS;
            if (mirror_put(mirror, &earlier, NULL) == MIRROR_FAILED)
                return false;
        }
    }
    return true;
}

DWORD netio_plan_compare(const MIB_IPNET_ROW2 *rows, size_t count, const MIB_IPNET_ROW2 *table, size_t table_count,
                         UCHAR exact_flags, UCHAR *verdicts, ULONG *places, UCHAR *surplus)
{
    const bool by_luid = have_luids(rows, count) && have_luids(table, table_count);
    struct mirror *mirror = mirror_new(by_luid ? MIRROR_BY_LUID : MIRROR_BY_INDEX, 0);

    if (mirror == NULL || count > UINT32_MAX || table_count > UINT32_MAX ||
        !put_rows(mirror, rows, count, verdicts, places)) {
        mirror_free(mirror);
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    for (size_t j = 0; j < table_count; j++) {
        MIB_IPNET_ROW2 row;
        size_t i;

        surplus[j] = 0;
        if (!mirror_find(mirror, &table[j], &row)) {
            surplus[j] = is_plannable(&table[j]);
            continue;
        }
        i = row.ReachabilityTime.LastReachable;
        places[i] = (ULONG)j;
        verdicts[i] = NETIO_PLAN_EXISTS;
        if (differs(&rows[i], &table[j], exact_flags))
            verdicts[i] |= NETIO_PLAN_DIFFERS;
        if (table[j].Flags & NETIO_IS_FOREIGN)
            verdicts[i] |= NETIO_PLAN_FOREIGN;
    }
    mirror_free(mirror);
    return NO_ERROR;
}
