/* SPDX-License-Identifier: MIT */
/*
 * Asserts the layout on which Python and C rely, for each system's netioapi.h: the SDK's own header on Windows,
 * rtnetlink/netioapi.h on Linux.
 */
#ifndef NETIO_LAYOUT_H
#define NETIO_LAYOUT_H

#include <stddef.h>

#define NETIO_ASSERT_OFFSET(type, member, offset) \
    _Static_assert(offsetof(type, member) == (offset), #type "." #member " is not at its offset on Windows")

_Static_assert(sizeof(SOCKADDR_INET) == 28 && _Alignof(SOCKADDR_INET) == 4, "SOCKADDR_INET");
NETIO_ASSERT_OFFSET(SOCKADDR_INET, si_family, 0);
NETIO_ASSERT_OFFSET(SOCKADDR_INET, Ipv4.sin_family, 0);
NETIO_ASSERT_OFFSET(SOCKADDR_INET, Ipv4.sin_port, 2);
NETIO_ASSERT_OFFSET(SOCKADDR_INET, Ipv4.sin_addr, 4);
NETIO_ASSERT_OFFSET(SOCKADDR_INET, Ipv4.sin_zero, 8);
NETIO_ASSERT_OFFSET(SOCKADDR_INET, Ipv6.sin6_family, 0);
NETIO_ASSERT_OFFSET(SOCKADDR_INET, Ipv6.sin6_port, 2);
NETIO_ASSERT_OFFSET(SOCKADDR_INET, Ipv6.sin6_flowinfo, 4);
NETIO_ASSERT_OFFSET(SOCKADDR_INET, Ipv6.sin6_addr, 8);
NETIO_ASSERT_OFFSET(SOCKADDR_INET, Ipv6.sin6_scope_id, 24);
_Static_assert(sizeof(SOCKADDR_IN) == 16 && sizeof(SOCKADDR_IN6) == 28, "SOCKADDR_IN, SOCKADDR_IN6");
_Static_assert(sizeof(ADDRESS_FAMILY) == 2, "ADDRESS_FAMILY");

_Static_assert(sizeof(NET_LUID) == 8 && _Alignof(NET_LUID) == 8, "NET_LUID");
_Static_assert(sizeof(NL_NEIGHBOR_STATE) == 4, "NL_NEIGHBOR_STATE");
_Static_assert(NlnsUnreachable == 0 && NlnsIncomplete == 1 && NlnsProbe == 2 && NlnsDelay == 3 && NlnsStale == 4 &&
                   NlnsReachable == 5 && NlnsPermanent == 6 && NlnsMaximum == 7,
               "NL_NEIGHBOR_STATE");

_Static_assert(sizeof(MIB_IPNET_ROW2) == 88 && _Alignof(MIB_IPNET_ROW2) == 8, "MIB_IPNET_ROW2");
NETIO_ASSERT_OFFSET(MIB_IPNET_ROW2, Address, 0);
NETIO_ASSERT_OFFSET(MIB_IPNET_ROW2, InterfaceIndex, 28);
NETIO_ASSERT_OFFSET(MIB_IPNET_ROW2, InterfaceLuid, 32);
NETIO_ASSERT_OFFSET(MIB_IPNET_ROW2, PhysicalAddress, 40);
NETIO_ASSERT_OFFSET(MIB_IPNET_ROW2, PhysicalAddressLength, 72);
NETIO_ASSERT_OFFSET(MIB_IPNET_ROW2, State, 76);
NETIO_ASSERT_OFFSET(MIB_IPNET_ROW2, Flags, 80);
NETIO_ASSERT_OFFSET(MIB_IPNET_ROW2, ReachabilityTime, 84);

_Static_assert(sizeof(MIB_IPNET_TABLE2) == 96 && _Alignof(MIB_IPNET_TABLE2) == 8, "MIB_IPNET_TABLE2");
NETIO_ASSERT_OFFSET(MIB_IPNET_TABLE2, NumEntries, 0);
NETIO_ASSERT_OFFSET(MIB_IPNET_TABLE2, Table, 8);

#endif
