/* SPDX-License-Identifier: MIT */
/* The functions of iphlpapi.dll that return a code. No other file calls them, so that NETIO_DEBUG=1 prints each call. */
#ifndef NETIO_CALLS_H
#define NETIO_CALLS_H

#include "platform.h"

DWORD call_create_entry(const MIB_IPNET_ROW2 *row);
DWORD call_set_entry(MIB_IPNET_ROW2 *row);
DWORD call_delete_entry(const MIB_IPNET_ROW2 *row);
DWORD call_get_entry(MIB_IPNET_ROW2 *row);
DWORD call_resolve_entry(MIB_IPNET_ROW2 *row, const SOCKADDR_INET *source);

DWORD call_get_table(ADDRESS_FAMILY family, MIB_IPNET_TABLE2 **table);
DWORD call_flush_table(ADDRESS_FAMILY family, NET_IFINDEX index);

DWORD call_get_interface(MIB_IF_ROW2 *row);
DWORD call_get_interfaces(MIB_IF_TABLE2 **table);
DWORD call_get_addresses(MIB_UNICASTIPADDRESS_TABLE **table);
DWORD call_alias_to_luid(const WCHAR *alias, NET_LUID *luid);
DWORD call_index_to_luid(NET_IFINDEX index, NET_LUID *luid);
DWORD call_luid_to_alias(const NET_LUID *luid, WCHAR *alias, size_t length);
DWORD call_luid_to_index(const NET_LUID *luid, NET_IFINDEX *index);

/* luid is NULL, or the only interface whose routes are considered. */
DWORD call_get_best_route(NET_LUID *luid, const SOCKADDR_INET *destination, MIB_IPFORWARD_ROW2 *route,
                          SOCKADDR_INET *source);

#endif
