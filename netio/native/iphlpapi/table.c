/* SPDX-License-Identifier: MIT */
/* Reads and flushes the whole table. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "calls.h"
#include "filter.h"
#include "interface_set.h"
#include "link.h"
#include "platform.h"

/* Makes room for more rows at the end of a block. */
static DWORD reserve(MIB_IPNET_TABLE2 **block, ULONG more)
{
    const size_t most = (SIZE_MAX - sizeof **block) / sizeof *(*block)->Table;
    void *grown;

    if (most < more || most - more < (*block)->NumEntries)
        return ERROR_NOT_ENOUGH_MEMORY;
    grown = realloc(*block, sizeof **block + ((size_t)(*block)->NumEntries + more) * sizeof *(*block)->Table);
    if (grown == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    *block = grown;
    return NO_ERROR;
}

/* The arguments of netio_table that select rows, beside the family. */
struct selection {
    const NET_LUID *interface; /* NULL: every interface */
    const MIB_IPNET_ROW2 *like;
};

/* Adds the selected rows of a system table. */
static DWORD add_rows(MIB_IPNET_TABLE2 **block, const MIB_IPNET_TABLE2 *table, const struct selection *selection)
{
    const NET_LUID *interface = selection->interface;
    const DWORD code = reserve(block, table->NumEntries);

    for (ULONG i = 0; code == NO_ERROR && i < table->NumEntries; i++)
        if ((interface == NULL || table->Table[i].InterfaceLuid.Value == interface->Value) &&
            filter_accepts(selection->like, &table->Table[i]))
            (*block)->Table[(*block)->NumEntries++] = table->Table[i];
    return code;
}

static DWORD add_family(MIB_IPNET_TABLE2 **block, ADDRESS_FAMILY family, const struct selection *selection)
{
    MIB_IPNET_TABLE2 *table = NULL;
    DWORD code = call_get_table(family, &table);

    if (code == ERROR_NOT_FOUND) /* documented: there are no entries */
        return NO_ERROR;
    if (code != NO_ERROR) /* the value of the pointer is not documented then */
        return code;
    code = add_rows(block, table, selection);
    FreeMibTable(table);
    return code;
}

/*
 * Both families are read and flushed one at a time: the result for AF_UNSPEC is not documented if one of the stacks is
 * missing.
 */
static DWORD add_both(MIB_IPNET_TABLE2 **block, const struct selection *selection)
{
    const DWORD ip4 = add_family(block, AF_INET, selection);
    DWORD ip6;

    if (ip4 != NO_ERROR && ip4 != ERROR_NOT_SUPPORTED)
        return ip4;
    ip6 = add_family(block, AF_INET6, selection);
    return ip6 == ERROR_NOT_SUPPORTED ? ip4 : ip6;
}

/* GetIpNetTable2 takes no interface, so only this detects an unknown one. */
static bool index_of(const NET_LUID *interface, NET_IFINDEX *index)
{
    return call_luid_to_index(interface, index) == NO_ERROR && *index != 0;
}

/* Looks up the interface of each row that the set does not have yet. */
static DWORD find_interfaces(const MIB_IPNET_TABLE2 *table, struct interface_set *set)
{
    for (ULONG i = 0; i < table->NumEntries; i++) {
        netio_interface found = {.luid = table->Table[i].InterfaceLuid, .index = table->Table[i].InterfaceIndex};
        netio_interface *added;

        if (interface_set_find(set, found.index) != NULL)
            continue;
        added = interface_set_add(set, found.index);
        if (added == NULL)
            return ERROR_NOT_ENOUGH_MEMORY;
        if (link_identify(&found) == NO_ERROR && found.index == added->index)
            *added = found;
        else
            interface_set_removed(added);
    }
    return NO_ERROR;
}

DWORD netio_table(int netns, ADDRESS_FAMILY family, const NET_LUID *interface, const MIB_IPNET_ROW2 *like,
                  MIB_IPNET_TABLE2 **table, netio_interface **interfaces, size_t *interface_count)
{
    const struct selection selection = {interface, like};
    MIB_IPNET_TABLE2 *block = calloc(1, sizeof *block);
    struct interface_set set = {.count = 0};
    NET_IFINDEX index = 0;
    DWORD code;

    (void)netns;
    if (block == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    code = family == AF_UNSPEC ? add_both(&block, &selection) : add_family(&block, family, &selection);
    if (code == NO_ERROR && interface != NULL && !index_of(interface, &index))
        code = ERROR_NOT_FOUND;
    if (code == NO_ERROR)
        code = find_interfaces(block, &set);
    free(set.slots);
    if (code != NO_ERROR) {
        free(block);
        free(set.list);
        return code;
    }
    *table = block;
    *interfaces = set.list;
    *interface_count = set.count;
    return NO_ERROR;
}

/* Create returns ERROR_NOT_FOUND on an interface without the stack; what flush does there is not documented. */
static DWORD flush_family(ADDRESS_FAMILY family, NET_IFINDEX index)
{
    const DWORD code = call_flush_table(family, index);

    return index != 0 && code == ERROR_NOT_FOUND ? ERROR_NOT_SUPPORTED : code;
}

static DWORD flush_both(NET_IFINDEX index)
{
    const DWORD ip4 = flush_family(AF_INET, index);
    DWORD ip6;

    if (ip4 != NO_ERROR && ip4 != ERROR_NOT_SUPPORTED)
        return ip4;
    ip6 = flush_family(AF_INET6, index);
    return ip6 == ERROR_NOT_SUPPORTED ? ip4 : ip6;
}

DWORD netio_flush(int netns, ADDRESS_FAMILY family, const NET_LUID *interface)
{
    NET_IFINDEX index = 0; /* FlushIpNetTable2 flushes every interface for 0 */

    (void)netns;
    if (interface != NULL && !index_of(interface, &index))
        return ERROR_NOT_FOUND;
    return family == AF_UNSPEC ? flush_both(index) : flush_family(family, index);
}

void netio_free(void *memory)
{
    free(memory);
}
