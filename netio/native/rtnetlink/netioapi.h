/* SPDX-License-Identifier: MIT */
/*
 * The part of the Windows header netioapi.h that netio uses, for Linux: the same types, names, numbers and layout, so
 * that both systems share one row. The exception are families: AF_INET6 is the system's own.
 */
#ifndef NETIO_RTNETLINK_NETIOAPI_H
#define NETIO_RTNETLINK_NETIOAPI_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

typedef uint8_t BYTE;
typedef uint8_t UCHAR;
typedef uint32_t ULONG;
typedef uint32_t DWORD;
typedef uint64_t ULONG64;
typedef sa_family_t ADDRESS_FAMILY;
typedef ULONG NET_IFINDEX;

typedef struct sockaddr_in SOCKADDR_IN;
typedef struct sockaddr_in6 SOCKADDR_IN6;

typedef union _SOCKADDR_INET {
    SOCKADDR_IN Ipv4;
    SOCKADDR_IN6 Ipv6;
    ADDRESS_FAMILY si_family;
} SOCKADDR_INET;

/* link.c accesses its parts by shifts on Value, because the order of bit-fields depends on the compiler. */
typedef union _NET_LUID {
    _Alignas(8) ULONG64 Value;
} NET_LUID;

typedef enum _NL_NEIGHBOR_STATE {
    NlnsUnreachable,
    NlnsIncomplete,
    NlnsProbe,
    NlnsDelay,
    NlnsStale,
    NlnsReachable,
    NlnsPermanent,
    NlnsMaximum
} NL_NEIGHBOR_STATE;

#define IF_MAX_PHYS_ADDRESS_LENGTH 32

typedef struct _MIB_IPNET_ROW2 {
    SOCKADDR_INET Address;
    NET_IFINDEX InterfaceIndex;
    NET_LUID InterfaceLuid;
    UCHAR PhysicalAddress[IF_MAX_PHYS_ADDRESS_LENGTH];
    ULONG PhysicalAddressLength;
    NL_NEIGHBOR_STATE State;
    UCHAR Flags; /* instead of the bit-fields of Windows: NETIO_IS_ROUTER and NETIO_IS_UNREACHABLE of backend.h */
    union {
        ULONG LastReachable;
        ULONG LastUnreachable;
    } ReachabilityTime;
} MIB_IPNET_ROW2;

typedef struct _MIB_IPNET_TABLE2 {
    ULONG NumEntries;
    MIB_IPNET_ROW2 Table[1];
} MIB_IPNET_TABLE2;

/* winerror.h */
#define NO_ERROR 0
#define ERROR_FILE_NOT_FOUND 2
#define ERROR_PATH_NOT_FOUND 3
#define ERROR_ACCESS_DENIED 5
#define ERROR_NOT_ENOUGH_MEMORY 8
#define ERROR_NOT_SUPPORTED 50
#define ERROR_BAD_NET_NAME 67
#define ERROR_INVALID_PARAMETER 87
#define WAIT_TIMEOUT 258
#define ERROR_NOT_FOUND 1168
#define ERROR_NETWORK_UNREACHABLE 1231
#define ERROR_HOST_UNREACHABLE 1232
#define ERROR_NO_SYSTEM_RESOURCES 1450
#define ERROR_OBJECT_ALREADY_EXISTS 5010

#include "layout.h"

#endif
