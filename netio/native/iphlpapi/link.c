/* SPDX-License-Identifier: MIT */
/* Interfaces. They are identified by the LUID, since the index changes when an interface is disabled and enabled. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "calls.h"
#include "link.h"
#include "platform.h"

/* Sets LUID, index, name and scope, and clears the other members. */
static void identify(netio_interface *interface, NET_LUID luid, NET_IFINDEX index, const WCHAR *alias)
{
    const int length = (int)wcsnlen(alias, IF_MAX_STRING_SIZE);

    memset(interface, 0, sizeof *interface);
    interface->luid = luid;
    interface->index = index;
    WideCharToMultiByte(CP_UTF8, 0, alias, length, interface->name, (int)sizeof interface->name - 1, NULL, NULL);
    snprintf(interface->scope, sizeof interface->scope, "%lu", index);
}

static void fill(netio_interface *interface, const MIB_IF_ROW2 *row)
{
    const ULONG most = sizeof interface->physical_address;

    identify(interface, row->InterfaceLuid, row->InterfaceIndex, row->Alias);
    interface->physical_address_length = row->PhysicalAddressLength < most ? row->PhysicalAddressLength : most;
    memcpy(interface->physical_address, row->PhysicalAddress, interface->physical_address_length);
    interface->flags = NETIO_INTERFACE_PROBES; /* Windows decides that itself */
    if (row->OperStatus == IfOperStatusUp)
        interface->flags |= NETIO_INTERFACE_UP;
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
    DWORD code = call_get_interfaces(&table);

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
    return units > 0 && call_alias_to_luid(alias, luid) == NO_ERROR;
}

/* The result for an unknown interface depends on the function and on the version of Windows. */
static DWORD look_up_code(DWORD code)
{
    return code == ERROR_INVALID_PARAMETER || code == ERROR_NOT_FOUND ? ERROR_FILE_NOT_FOUND : code;
}

static DWORD find_luid(const netio_interface *interface, NET_LUID *luid)
{
    *luid = interface->luid;
    if (luid->Value != 0)
        return NO_ERROR;
    if (interface->index != 0)
        return look_up_code(call_index_to_luid(interface->index, luid));
    return luid_of_alias(interface->name, luid) ? NO_ERROR : ERROR_FILE_NOT_FOUND;
}

DWORD link_identify(netio_interface *interface)
{
    WCHAR alias[IF_MAX_STRING_SIZE + 1];
    NET_IFINDEX index = 0;
    NET_LUID luid;
    DWORD code = find_luid(interface, &luid);

    if (code == NO_ERROR)
        code = look_up_code(call_luid_to_index(&luid, &index));
    if (code == NO_ERROR)
        code = look_up_code(call_luid_to_alias(&luid, alias, sizeof alias / sizeof *alias));
    if (code == NO_ERROR && index == 0)
        code = ERROR_FILE_NOT_FOUND;
    if (code == NO_ERROR)
        identify(interface, luid, index, alias);
    return code;
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
    code = call_get_interface(&row);
    if (code == NO_ERROR)
        fill(interface, &row);
    return look_up_code(code);
}
