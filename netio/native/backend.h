/* SPDX-License-Identifier: MIT */
/*
 * The seam: what netio asks of an operating system. One implementation a system:
 * rtnetlink/ on Linux, iphlpapi/ on Windows. Results are Win32 numbers, families
 * the system's own AF_ values, text is UTF-8 (an interface name on Linux: whatever
 * bytes the kernel has). Functions take many rows at a time,
 * give each its own result and go on after a failed one; they use InterfaceLuid
 * where it is not 0, else InterfaceIndex. Only a netio_resolver holds state, and
 * one is for one thread at a time; all else may be called from any thread.
 *
 * On Windows the SDK's headers must come before this file: include iphlpapi/platform.h.
 */
#ifndef NETIO_BACKEND_H
#define NETIO_BACKEND_H

#include <stddef.h>

#include <netioapi.h>

/* MIB_IPNET_ROW2.Flags */
#define NETIO_IS_ROUTER 0x01
#define NETIO_IS_UNREACHABLE 0x02

/* A result with this bit is a Linux errno without a Win32 twin. No Windows function gives such a number. */
#define NETIO_ERRNO 0x20000000

/* 256 UTF-16 units, the longest alias of a Windows interface, in UTF-8, and the terminator. */
#define NETIO_NAME_SIZE (3 * 256 + 1)

typedef struct netio_interface {
    NET_LUID luid;
    NET_IFINDEX index;
    ULONG physical_address_length; /* of its neighbours; 0: they have none (loopback, point to point) */
    char name[NETIO_NAME_SIZE];    /* the interface name on Linux, the alias on Windows */
    char scope[NETIO_NAME_SIZE];   /* how a socket address text names it after the %: name or decimal index */
} netio_interface;

/* Neighbour rows. Only the key (Address, InterfaceLuid or InterfaceIndex) and the physical address are read. */
void netio_create(const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results);
void netio_set(const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results);
void netio_replace(const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results); /* create, and set on 5010 */
void netio_delete(const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results);
/*
 * One row. In: the interface as for netio_interface_find, and the row's Address; out: both. They are judged as one
 * key: first the address (87), then whether there is such an interface (2).
 */
DWORD netio_get(netio_interface *interface, MIB_IPNET_ROW2 *row);

/* NULL: every interface. An empty table is a result of 0. The caller frees the table with netio_free, on 0 only. */
DWORD netio_table(ADDRESS_FAMILY family, const NET_LUID *interface, MIB_IPNET_TABLE2 **table);
DWORD netio_flush(ADDRESS_FAMILY family, const NET_LUID *interface);
void netio_free(void *memory); /* NULL is fine */

/*
 * Resolving: open, submit rows, wait for answers until each came once, close. Row i
 * of a submit is answered under the tag first_tag + i. A NULL source: the system chooses.
 */
typedef struct netio_resolver netio_resolver;
DWORD netio_resolver_open(netio_resolver **resolver);
DWORD netio_resolver_submit(netio_resolver *resolver, const MIB_IPNET_ROW2 *rows, size_t count,
                            const SOCKADDR_INET *source, size_t first_tag);
/* *count in: room; out: answers. WAIT_TIMEOUT: none yet. Waits at most 50 ms, and returns early on a signal. */
DWORD netio_resolver_wait(netio_resolver *resolver, DWORD wait_ms, size_t *tags, MIB_IPNET_ROW2 *rows,
                          DWORD *results, size_t *count);
void netio_resolver_close(netio_resolver *resolver); /* what is in flight is forgotten */

DWORD netio_interfaces(netio_interface **list, size_t *count); /* freed with netio_free */
/* In: luid, else index, else name; out: all. One look-up; ERROR_FILE_NOT_FOUND: there is no such interface. */
DWORD netio_interface_find(netio_interface *interface);

/*
 * The interface on whose link each destination is. In: 0, or the only interface whose routes count; out: the interface.
 * 87: the address itself does not tell (one's own, broadcast, multicast; link-local, where no interface is given);
 * 1231: no route, or only one through a gateway, which netio_gateway names.
 */
void netio_route(const SOCKADDR_INET *destinations, NET_LUID *interfaces, size_t count, DWORD *results);
DWORD netio_gateway(const SOCKADDR_INET *destination, SOCKADDR_INET *gateway); /* 1168: the route has none */

void netio_message(DWORD code, char *text, size_t size); /* what the system says of a code, always terminated */

#endif
