/* SPDX-License-Identifier: MIT */
#include "calls.h"

#include "trace.h"

DWORD call_create_entry(const MIB_IPNET_ROW2 *row)
{
    return trace_entry("CreateIpNetEntry2", row, NULL, CreateIpNetEntry2(row));
}

/* The functions that write into the row may change its key, even if they fail. */
DWORD call_set_entry(MIB_IPNET_ROW2 *row)
{
    const MIB_IPNET_ROW2 key = *row;

    return trace_entry("SetIpNetEntry2", &key, NULL, SetIpNetEntry2(row));
}

DWORD call_delete_entry(const MIB_IPNET_ROW2 *row)
{
    return trace_entry("DeleteIpNetEntry2", row, NULL, DeleteIpNetEntry2(row));
}

DWORD call_get_entry(MIB_IPNET_ROW2 *row)
{
    const MIB_IPNET_ROW2 key = *row;

    return trace_entry("GetIpNetEntry2", &key, NULL, GetIpNetEntry2(row));
}

DWORD call_resolve_entry(MIB_IPNET_ROW2 *row, const SOCKADDR_INET *source)
{
    const MIB_IPNET_ROW2 key = *row;

    return trace_entry("ResolveIpNetEntry2", &key, source, ResolveIpNetEntry2(row, source));
}

DWORD call_get_table(ADDRESS_FAMILY family, MIB_IPNET_TABLE2 **table)
{
    return trace_table("GetIpNetTable2", family, 0, GetIpNetTable2(family, table));
}

DWORD call_flush_table(ADDRESS_FAMILY family, NET_IFINDEX index)
{
    return trace_table("FlushIpNetTable2", family, index, FlushIpNetTable2(family, index));
}

DWORD call_get_interface(MIB_IF_ROW2 *row)
{
    const NET_LUID luid = row->InterfaceLuid;
    const NET_IFINDEX index = row->InterfaceIndex;

    return trace_interface("GetIfEntry2", luid, index, GetIfEntry2(row));
}

DWORD call_get_interfaces(MIB_IF_TABLE2 **table)
{
    return trace_table("GetIfTable2", AF_UNSPEC, 0, GetIfTable2(table));
}

DWORD call_get_addresses(MIB_UNICASTIPADDRESS_TABLE **table)
{
    return trace_table("GetUnicastIpAddressTable", AF_UNSPEC, 0, GetUnicastIpAddressTable(AF_UNSPEC, table));
}

DWORD call_alias_to_luid(const WCHAR *alias, NET_LUID *luid)
{
    return trace_alias("ConvertInterfaceAliasToLuid", alias, ConvertInterfaceAliasToLuid(alias, luid));
}

DWORD call_index_to_luid(NET_IFINDEX index, NET_LUID *luid)
{
    const NET_LUID none = {.Value = 0};

    return trace_interface("ConvertInterfaceIndexToLuid", none, index, ConvertInterfaceIndexToLuid(index, luid));
}

DWORD call_luid_to_alias(const NET_LUID *luid, WCHAR *alias, size_t length)
{
    return trace_interface("ConvertInterfaceLuidToAlias", *luid, 0, ConvertInterfaceLuidToAlias(luid, alias, length));
}

DWORD call_luid_to_index(const NET_LUID *luid, NET_IFINDEX *index)
{
    return trace_interface("ConvertInterfaceLuidToIndex", *luid, 0, ConvertInterfaceLuidToIndex(luid, index));
}

DWORD call_get_best_route(NET_LUID *luid, const SOCKADDR_INET *destination, MIB_IPFORWARD_ROW2 *route,
                          SOCKADDR_INET *source)
{
    return trace_address("GetBestRoute2", destination, luid,
                         GetBestRoute2(luid, 0, NULL, destination, 0, route, source));
}
