/* SPDX-License-Identifier: MIT */
/* The seam over the IP Helper functions: rows. (interface.c: interfaces; route.c: routes; resolver.c: resolving.) */
#include "platform.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void netio_create(const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    for (size_t i = 0; i < count; i++)
        results[i] = CreateIpNetEntry2(&rows[i]);
}

/* The documents do not say what Windows writes into the row. */
static DWORD set_row(const MIB_IPNET_ROW2 *row)
{
    MIB_IPNET_ROW2 copy = *row;

    return SetIpNetEntry2(&copy);
}

void netio_set(const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    for (size_t i = 0; i < count; i++)
        results[i] = set_row(&rows[i]);
}

void netio_replace(const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    for (size_t i = 0; i < count; i++) {
        results[i] = CreateIpNetEntry2(&rows[i]);
        if (results[i] == ERROR_OBJECT_ALREADY_EXISTS)
            results[i] = set_row(&rows[i]);
    }
}

void netio_delete(const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    for (size_t i = 0; i < count; i++)
        results[i] = DeleteIpNetEntry2(&rows[i]);
}

DWORD netio_get(netio_interface *interface, MIB_IPNET_ROW2 *row)
{
    const DWORD code = netio_interface_find(interface);

    if (code != NO_ERROR && code != ERROR_FILE_NOT_FOUND)
        return code;
    row->InterfaceLuid = interface->luid;
    row->InterfaceIndex = interface->index;
    /* A name that nobody has goes down as the LUID that nobody has, so that Windows judges the address before. */
    if (row->InterfaceLuid.Value == 0 && row->InterfaceIndex == 0)
        row->InterfaceLuid.Value = ~(ULONG64)0;
    return GetIpNetEntry2(row);
}

/* Makes room behind the rows of a block. */
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

/* Adds the rows of a table of Windows that are on an interface; NULL: on any. */
static DWORD add_rows(MIB_IPNET_TABLE2 **block, const MIB_IPNET_TABLE2 *table, const NET_LUID *interface)
{
    const DWORD code = reserve(block, table->NumEntries);

    for (ULONG i = 0; code == NO_ERROR && i < table->NumEntries; i++)
        if (interface == NULL || table->Table[i].InterfaceLuid.Value == interface->Value)
            (*block)->Table[(*block)->NumEntries++] = table->Table[i];
    return code;
}

static DWORD add_family(MIB_IPNET_TABLE2 **block, ADDRESS_FAMILY family, const NET_LUID *interface)
{
    MIB_IPNET_TABLE2 *table = NULL;
    DWORD code = GetIpNetTable2(family, &table);

    if (code == ERROR_NOT_FOUND) /* documented as success without rows */
        return NO_ERROR;
    if (code != NO_ERROR) /* what is in the pointer now is not documented */
        return code;
    code = add_rows(block, table, interface);
    FreeMibTable(table);
    return code;
}

/* One family at a time: what Windows does with AF_UNSPEC where it lacks one of the stacks is not documented. */
static DWORD add_both(MIB_IPNET_TABLE2 **block, const NET_LUID *interface)
{
    const DWORD ip4 = add_family(block, AF_INET, interface);
    DWORD ip6;

    if (ip4 != NO_ERROR && ip4 != ERROR_NOT_SUPPORTED)
        return ip4;
    ip6 = add_family(block, AF_INET6, interface);
    return ip6 == ERROR_NOT_SUPPORTED ? ip4 : ip6;
}

/* GetIpNetTable2 takes no interface, so nobody else would notice an unknown one. */
static bool index_of(const NET_LUID *interface, NET_IFINDEX *index)
{
    return ConvertInterfaceLuidToIndex(interface, index) == NO_ERROR && *index != 0;
}

DWORD netio_table(ADDRESS_FAMILY family, const NET_LUID *interface, MIB_IPNET_TABLE2 **table)
{
    MIB_IPNET_TABLE2 *block = calloc(1, sizeof *block);
    NET_IFINDEX index = 0;
    DWORD code;

    if (block == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    code = family == AF_UNSPEC ? add_both(&block, interface) : add_family(&block, family, interface);
    if (code == NO_ERROR && interface != NULL && !index_of(interface, &index))
        code = ERROR_NOT_FOUND;
    if (code != NO_ERROR)
        free(block);
    else
        *table = block;
    return code;
}

DWORD netio_flush(ADDRESS_FAMILY family, const NET_LUID *interface)
{
    NET_IFINDEX index = 0; /* every interface: so an unknown one must not get there */

    if (interface != NULL && !index_of(interface, &index))
        return ERROR_NOT_FOUND;
    return FlushIpNetTable2(family, index);
}

void netio_free(void *memory)
{
    free(memory);
}

/* The text of a code in the user's language, without the line break at its end; its length, 0 where there is none. */
static int system_text(DWORD code, WCHAR *text, DWORD size)
{
    const DWORD flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
    DWORD length = FormatMessageW(flags, NULL, code, 0, text, size, NULL);

    while (length > 0 && (text[length - 1] == L'\r' || text[length - 1] == L'\n' || text[length - 1] == L' '))
        length--;
    return (int)length;
}

void netio_message(DWORD code, char *text, size_t size)
{
    WCHAR wide[1024];
    const int room = size > INT_MAX ? INT_MAX : (int)size - 1;
    int length = system_text(code, wide, sizeof wide / sizeof *wide);
    int written = 0;

    if (room < 0)
        return;
    /* A text that is too long loses its end, a whole character at a time. */
    for (; written == 0 && length > 0 && room > 0; length--)
        written = WideCharToMultiByte(CP_UTF8, 0, wide, length, text, room, NULL, NULL);
    text[written] = '\0';
    if (written == 0)
        snprintf(text, size, "Win32 error %lu", code);
}
