/* SPDX-License-Identifier: MIT */
/* Interfaces. They are identified by the LUID, since the index changes when an interface is disabled and enabled. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "platform.h"

static void fill(netio_interface *interface, const MIB_IF_ROW2 *row)
{
    const int length = (int)wcsnlen(row->Alias, IF_MAX_STRING_SIZE);

    memset(interface, 0, sizeof *interface);
    interface->luid = row->InterfaceLuid;
    interface->index = row->InterfaceIndex;
    interface->physical_address_length = row->PhysicalAddressLength;
    interface->flags = NETIO_INTERFACE_PROBES; /* Windows decides that itself */
    if (row->OperStatus == IfOperStatusUp)
        interface->flags |= NETIO_INTERFACE_UP;
    WideCharToMultiByte(CP_UTF8, 0, row->Alias, length, interface->name, (int)sizeof interface->name - 1, NULL, NULL);
    snprintf(interface->scope, sizeof interface->scope, "%lu", row->InterfaceIndex);
}

static DWORD copy_table(const MIB_IF_TABLE2 *table, netio_interface **list, size_t *count)
{
    *list = calloc((size_t)table->NumEntries + 1, sizeof **list); /* calloc may return NULL for 0 */
    if (*list == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    /* Windows also lists the filter drivers of each adapter. They have no addresses and thus no neighbours. */
    for (ULONG i = 0; i < table->NumEntries; i++)
        if (!table->Table[i].InterfaceAndOperStatusFlags.FilterInterface)
            fill(&(*list)[(*count)++], &table->Table[i]);
    return NO_ERROR;
}

DWORD netio_interfaces(int netns, netio_interface **list, size_t *count)
{
    MIB_IF_TABLE2 *table = NULL;
    DWORD code = GetIfTable2(&table);

    (void)netns;
    *list = NULL;
    *count = 0;
    if (code != NO_ERROR)
        return code;
    code = copy_table(table, list, count);
    FreeMibTable(table);
    return code;
}

static bool luid_of_alias(const char *name, NET_LUID *luid)
{
    WCHAR alias[IF_MAX_STRING_SIZE + 1];
    const int length = (int)strnlen(name, NETIO_NAME_SIZE);
    int units;

    if (length == 0 || length == NETIO_NAME_SIZE)
        return false;
    units = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, name, length, alias, IF_MAX_STRING_SIZE);
    alias[units] = L'\0';
    return units > 0 && ConvertInterfaceAliasToLuid(alias, luid) == NO_ERROR;
}

DWORD netio_interface_find(int netns, netio_interface *interface)
{
    MIB_IF_ROW2 row;
    DWORD code;

    (void)netns;
    memset(&row, 0, sizeof row);
    row.InterfaceLuid = interface->luid;
    row.InterfaceIndex = interface->index;
    if (row.InterfaceLuid.Value == 0 && row.InterfaceIndex == 0 &&
        !luid_of_alias(interface->name, &row.InterfaceLuid))
        return ERROR_FILE_NOT_FOUND;
    code = GetIfEntry2(&row);
    if (code == NO_ERROR)
        fill(interface, &row);
    /* The result for an unknown LUID or index depends on the version of Windows. */
    return code == ERROR_INVALID_PARAMETER || code == ERROR_NOT_FOUND ? ERROR_FILE_NOT_FOUND : code;
}
