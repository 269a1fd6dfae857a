/* SPDX-License-Identifier: MIT */
/*
 * The backend interface: what netio needs from an operating system. Each system has one backend that implements it:
 * rtnetlink/ for Linux, iphlpapi/ for Windows.
 *
 * Results are Win32 error numbers. Families are the system's own AF_ values. Text is UTF-8; an interface name on Linux
 * is whatever bytes the kernel holds. A function on an array of rows gives each row its own result and continues after
 * a failed one. A row names its interface by InterfaceLuid if that is not 0, else by InterfaceIndex. Only a
 * netio_resolver, a netio_sweep and a netio_watch hold state, and each serves one thread at a time. All other functions
 * are thread-safe.
 *
 * Include platform.h instead of this file: Windows needs the SDK's headers in front of it.
 */
#ifndef NETIO_BACKEND_H
#define NETIO_BACKEND_H

#include <stdbool.h>
#include <stddef.h>

#include <netioapi.h>

/* MIB_IPNET_ROW2.Flags */
#define NETIO_IS_ROUTER 0x01
#define NETIO_IS_UNREACHABLE 0x02
/*
 * Internal, Linux only, in a bit that Windows leaves unused: another program or the kernel owns the entry. Resolving
 * and flushing do not remove it.
 */
#define NETIO_IS_FOREIGN 0x80
/* Beside NETIO_IS_FOREIGN: an entry in the state NOARP without an owner. The kernel makes such entries unprobed. */
#define NETIO_IS_KERNEL_MADE 0x40

/* MIB_IPNET_ROW2.ReachabilityTime of an entry that was never confirmed, or longer ago than the member can hold */
#define NETIO_UNKNOWN_TIME 0xffffffffu

/* netio_interface.flags */
#define NETIO_INTERFACE_PROBES 0x01 /* it sends ARP requests or neighbour solicitations */
#define NETIO_INTERFACE_UP 0x02     /* it is enabled, and its link is up (RFC 2863: ifOperStatus) */

/* A result with this bit is a Linux errno without a Win32 equivalent. No Windows function returns such a number. */
#define NETIO_ERRNO 0x20000000

/* The results of netio_address_kind */
#define NETIO_ADDRESS_OWN 1
#define NETIO_ADDRESS_BROADCAST 2

/* The longest alias of a Windows interface, 256 UTF-16 units, in UTF-8 with its terminator. */
#define NETIO_NAME_SIZE (3 * 256 + 1)

/* The result of netio_resolver_due if only the descriptor or a submit can bring work. */
#define NETIO_NEVER 0xffffffffu

typedef struct netio_interface {
    NET_LUID luid;
    NET_IFINDEX index;
    ULONG physical_address_length; /* of it and its neighbours; 0 if they have none (loopback, point to point) */
    UCHAR physical_address[IF_MAX_PHYS_ADDRESS_LENGTH]; /* its own */
    ULONG flags;                   /* NETIO_INTERFACE_ */
    char name[NETIO_NAME_SIZE];    /* the interface name on Linux, the alias on Windows */
    char scope[NETIO_NAME_SIZE];   /* the text after the % of a socket address: the name or the decimal index */
} netio_interface;

/* A unicast address of this machine. */
typedef struct netio_address {
    SOCKADDR_INET address;
    SOCKADDR_INET prefix; /* an address in its on-link prefix: the same one, or the peer's on a point-to-point link */
    ULONG prefix_length;
    NET_IFINDEX index; /* of its interface */
    bool is_tentative; /* another host may have it: duplicate address detection has not succeeded */
} netio_address;

/*
 * Every function that opens sockets takes the network namespace to open them in: a descriptor of a namespace file, which
 * the caller keeps open during the call, and for a resolver or a watch until it is closed. NETIO_OWN_NETNS is the
 * namespace of the calling thread. Windows has no others: there netio_netns_check rejects them, and the functions ignore
 * the argument.
 */
#define NETIO_OWN_NETNS (-1)
/*
 * ERROR_INVALID_PARAMETER: the descriptor does not refer to a network namespace. ERROR_ACCESS_DENIED: the thread may not
 * enter it. ERROR_NOT_SUPPORTED: the system has no network namespaces.
 */
DWORD netio_netns_check(int netns);

/* Write entries. Only the key (Address, InterfaceLuid or InterfaceIndex) and the physical address are read. */
void netio_create(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results);
void netio_set(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results);
/* Creates each entry, or sets it if it exists. */
void netio_replace(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results);
void netio_delete(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results);

/*
 * Reads one entry. In: Address, and the interface by luid, else index, else name, else scope (the IPv6 scope of the
 * address: a name, else a decimal index), else that on whose link it is by netio_route. Out: the entry, and LUID, index,
 * name and scope of its interface.
 * ERROR_INVALID_PARAMETER: the address is invalid, or scope and interface name different interfaces.
 * ERROR_FILE_NOT_FOUND: the address is valid, but the interface does not exist.
 */
DWORD netio_get(int netns, netio_interface *interface, MIB_IPNET_ROW2 *row);

/*
 * NULL selects every interface. like is NULL, or a row whose Address (unless its family is 0) and physical address
 * (unless its length is 0) the entries must have; the scope does not count. An empty table is NO_ERROR. On NO_ERROR the
 * caller frees the table and the interfaces with netio_free. Those are the interfaces of the entries, each once, with
 * LUID, index, name and scope. One that was removed since has no name, and its decimal index is the scope.
 */
DWORD netio_table(int netns, ADDRESS_FAMILY family, const NET_LUID *interface, const MIB_IPNET_ROW2 *like,
                  MIB_IPNET_TABLE2 **table, netio_interface **interfaces, size_t *interface_count);
DWORD netio_flush(int netns, ADDRESS_FAMILY family, const NET_LUID *interface);
void netio_free(void *memory); /* accepts NULL */

/*
 * Resolving: open, submit rows, wait until each has been returned once, close. Row i of a submit is returned under the
 * tag first_tag + i. If source is NULL, the system chooses it. With keep, existing entries are probed in place instead
 * of being removed first. ERROR_NOT_SUPPORTED: the system cannot do that (Windows).
 */
typedef struct netio_resolver netio_resolver;
DWORD netio_resolver_open(int netns, bool keep, netio_resolver **resolver);
DWORD netio_resolver_submit(netio_resolver *resolver, const MIB_IPNET_ROW2 *rows, size_t count,
                            const SOCKADDR_INET *source, size_t first_tag);
/*
 * Returns finished rows. In: *count is the room; out: the number of rows. WAIT_TIMEOUT: none has finished. Blocks for
 * at most wait_ms and returns early on a signal. Windows cannot interrupt a wait, so it blocks for at most 50 ms.
 * With a room of 0, which needs no arrays, it only waits; a thread may do that if the backend has no descriptor.
 */
DWORD netio_resolver_wait(netio_resolver *resolver, DWORD wait_ms, size_t *tags, MIB_IPNET_ROW2 *rows,
                          DWORD *results, size_t *count);
/* For event loops: readable if netio_resolver_wait has work. -1: the backend has no descriptor (Windows). */
int netio_resolver_fd(const netio_resolver *resolver);
/*
 * Milliseconds until netio_resolver_wait must be called although the descriptor is not readable, or NETIO_NEVER. 0: rows
 * have finished, or others are due.
 */
DWORD netio_resolver_due(netio_resolver *resolver);
void netio_resolver_close(netio_resolver *resolver); /* discards pending rows; accepts NULL */

/*
 * Sweeping: probes that neither read nor write the system's table. Open, submit, wait until nothing is pending, close. At
 * most rate packets are sent in any second. A target is pending for timeout_ms after its first probe, longer if the rate
 * delays its other probes: retries, at equal intervals, unless it replies. ERROR_ACCESS_DENIED: CAP_NET_RAW is missing.
 * ERROR_NOT_SUPPORTED: the system has no packet sockets (Windows).
 */
typedef struct netio_sweep netio_sweep;
DWORD netio_sweep_open(int netns, ULONG rate, ULONG timeout_ms, ULONG retries, netio_sweep **sweep);
/*
 * A row has Address and InterfaceIndex, and a source of the same family. ff02::1 stands for all nodes of the link: it is
 * probed in two ways. The caller has checked the routes. An address that is pending already is probed once.
 * ERROR_NOT_SUPPORTED: the interface has no Ethernet addresses, or sends no probes.
 */
void netio_sweep_submit(netio_sweep *sweep, const MIB_IPNET_ROW2 *rows, const SOCKADDR_INET *sources, size_t count,
                        DWORD *results);
/*
 * Sends, receives, and returns replies: Address, InterfaceIndex, physical address, and the time since the first probe.
 * Each physical address of a target is returned once, that of a host which replies for ff02::1 once for each probe. In:
 * *count is the room; out: the number of rows. WAIT_TIMEOUT: none. Blocks for at most wait_ms, and returns early on a
 * signal, if nothing is pending, or with more, if few targets are unsent.
 */
DWORD netio_sweep_wait(netio_sweep *sweep, DWORD wait_ms, bool more, MIB_IPNET_ROW2 *rows, ULONG *elapsed_us,
                       size_t *count);
size_t netio_sweep_pending(const netio_sweep *sweep); /* targets whose time is not over, and replies not returned */
size_t netio_sweep_unsent(const netio_sweep *sweep);  /* targets that were not probed yet */
void netio_sweep_close(netio_sweep *sweep);           /* accepts NULL */

/*
 * Watching: open, read changes, close. The entries as reported so far are in the memory of the watch. One watch serves
 * one thread at a time.
 */
typedef struct netio_watch netio_watch;

typedef enum netio_change_kind {
    NETIO_ADDED,
    NETIO_CHANGED,
    NETIO_REMOVED,
    NETIO_RESYNC, /* notifications were lost; the changes that follow are the differences to the table */
} netio_change_kind;

typedef struct netio_change {
    BYTE kind;                         /* netio_change_kind */
    BYTE last_physical_address_length; /* 0: none is known */
    /* The last one of this address on this interface before the change, also if it failed or was removed since. */
    UCHAR last_physical_address[IF_MAX_PHYS_ADDRESS_LENGTH];
} netio_change;

/* The least room for changes in netio_watch_read. */
#define NETIO_WATCH_ROOM 128

/*
 * NULL selects every interface. With initial, the first changes add the present entries. receive_buffer: bytes for
 * notifications, 0 for the default; Windows ignores it.
 */
DWORD netio_watch_open(int netns, ADDRESS_FAMILY family, const NET_LUID *interface, bool initial, ULONG receive_buffer,
                       netio_watch **watch);
/*
 * Returns changes, without waiting, after about a millisecond at most. room: for changes; rows has room for two rows a
 * change. *count: the number of changes. A CHANGED has two rows, the entry before and now; ADDED and REMOVED
 * have one, RESYNC has none. NO_ERROR with 0 changes: there is more to do, call again. WAIT_TIMEOUT: there is nothing to
 * do. ERROR_FILE_NOT_FOUND: the interface was removed, and all changes were returned.
 */
DWORD netio_watch_read(netio_watch *watch, size_t room, netio_change *changes, MIB_IPNET_ROW2 *rows, size_t *count);
/* Copies the entries as reported so far, as netio_table. Sends no request for them. */
DWORD netio_watch_table(netio_watch *watch, MIB_IPNET_TABLE2 **table, netio_interface **interfaces,
                        size_t *interface_count);
/*
 * Finds the interface of an entry by its index: LUID, index, name and scope. One that was removed keeps its last name;
 * without a known name its decimal index is the scope.
 */
DWORD netio_watch_interface(netio_watch *watch, netio_interface *interface);
ULONG netio_watch_names(const netio_watch *watch); /* a number that changes if an interface gets another name */
/* Readable while netio_watch_read has work. -1: the backend has no descriptor; read at an interval (Windows). */
int netio_watch_fd(const netio_watch *watch);
void netio_watch_wake(netio_watch *watch); /* makes the descriptor readable until the next read */
void netio_watch_close(netio_watch *watch); /* accepts NULL */

DWORD netio_interfaces(int netns, netio_interface **list, size_t *count); /* the caller frees the list with netio_free */
/* In: luid, else index, else name; out: all members. ERROR_FILE_NOT_FOUND: the interface does not exist. */
DWORD netio_interface_find(int netns, netio_interface *interface);
DWORD netio_addresses(int netns, netio_address **list, size_t *count); /* the caller frees the list with netio_free */
/*
 * Explains why an address is not probed on an interface: NETIO_ADDRESS_OWN or NETIO_ADDRESS_BROADCAST; 0 if it is
 * neither, or if that is not certain. index is 0, or the interface, which a link-local address needs.
 */
DWORD netio_address_kind(int netns, const SOCKADDR_INET *address, NET_IFINDEX index);

/*
 * Finds the next hop of each destination. In: 0, or the only interface whose routes are considered; out: the interface
 * of the next hop, and the gateway, whose family is 0 if there is none. NO_ERROR: the destination is on-link.
 * ERROR_NETWORK_UNREACHABLE: it is behind the gateway, or no route leads to it. ERROR_INVALID_PARAMETER: the address
 * does not determine a link (local, broadcast or multicast addresses; link-local ones without an interface).
 * Interface and gateway are 0 for all other errors, and if there is no route.
 */
void netio_route(int netns, const SOCKADDR_INET *destinations, NET_LUID *interfaces, SOCKADDR_INET *gateways,
                 size_t count, DWORD *results);

void netio_message(DWORD code, char *text, size_t size); /* the system's text for a code, always terminated */

#endif
