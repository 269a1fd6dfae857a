/* SPDX-License-Identifier: MIT */
/* The unicast addresses of this machine: GetUnicastIpAddressTable. */
#include <stdlib.h>

#include "calls.h"
#include "platform.h"

static DWORD copy_table(const MIB_UNICASTIPADDRESS_TABLE *table, netio_address **list, size_t *count)
{
    *list = calloc((size_t)table->NumEntries + 1, sizeof **list); /* calloc may return NULL for 0 */
    if (*list == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    for (ULONG i = 0; i < table->NumEntries; i++) {
        const MIB_UNICASTIPADDRESS_ROW *row = &table->Table[i];

        (*list)[i] = (netio_address){row->Address, row->Address, row->OnLinkPrefixLength, row->InterfaceIndex};
    }
    *count = table->NumEntries;
    return NO_ERROR;
}

DWORD netio_addresses(int netns, netio_address **list, size_t *count)
{
    MIB_UNICASTIPADDRESS_TABLE *table = NULL;
    DWORD code = call_get_addresses(&table);

    (void)netns;
    *list = NULL;
    *count = 0;
    if (code == ERROR_NOT_FOUND) /* documented: there are no addresses */
        return NO_ERROR;
    if (code != NO_ERROR)
        return code;
    code = copy_table(table, list, count);
    FreeMibTable(table);
    return code;
}
