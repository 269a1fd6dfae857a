/* SPDX-License-Identifier: MIT */
/* The C declarations for cffi. They contain no numbers: the compiler supplies every size, offset and value. */

typedef int... BYTE;
typedef int... UCHAR;
typedef int... ULONG;
typedef int... DWORD;
typedef int... ADDRESS_FAMILY;
typedef int... NET_IFINDEX;
typedef int... ULONG64;

struct in_addr { ...; };
struct in6_addr { ...; };

typedef struct {
    struct in_addr sin_addr;
    ...;
} SOCKADDR_IN;

typedef struct {
    struct in6_addr sin6_addr;
    ...;
} SOCKADDR_IN6;

typedef union {
    SOCKADDR_IN Ipv4;
    SOCKADDR_IN6 Ipv6;
    ADDRESS_FAMILY si_family;
    ...;
} SOCKADDR_INET;

typedef union {
    ULONG64 Value;
    ...;
} NET_LUID;

typedef enum {
    NlnsUnreachable,
    NlnsIncomplete,
    NlnsProbe,
    NlnsDelay,
    NlnsStale,
    NlnsReachable,
    NlnsPermanent,
    ...
} NL_NEIGHBOR_STATE;

typedef struct {
    SOCKADDR_INET Address;
    NET_IFINDEX InterfaceIndex;
    NET_LUID InterfaceLuid;
    UCHAR PhysicalAddress[...];
    ULONG PhysicalAddressLength;
    NL_NEIGHBOR_STATE State;
    UCHAR Flags;
    union {
        ULONG LastReachable;
        ULONG LastUnreachable;
    } ReachabilityTime;
    ...;
} MIB_IPNET_ROW2;

typedef struct {
    ULONG NumEntries;
    MIB_IPNET_ROW2 Table[...];
    ...;
} MIB_IPNET_TABLE2;

typedef struct {
    NET_LUID luid;
    NET_IFINDEX index;
    ULONG physical_address_length;
    UCHAR physical_address[...];
    ULONG flags;
    char name[...];
    char scope[...];
    ...;
} netio_interface;

typedef struct {
    SOCKADDR_INET address;
    SOCKADDR_INET prefix;
    ULONG prefix_length;
    NET_IFINDEX index;
    bool is_tentative;
    ...;
} netio_address;

typedef ... netio_resolver;
typedef ... netio_sweep;
typedef ... netio_watch;

typedef enum { NETIO_ADDED, NETIO_CHANGED, NETIO_REMOVED, NETIO_RESYNC, ... } netio_change_kind;

typedef struct {
    BYTE kind;
    BYTE last_physical_address_length;
    UCHAR last_physical_address[...];
    ...;
} netio_change;

typedef struct {
    NET_IFINDEX index;
    int32_t name;
    const char *scope;
    ...;
} netio_named;

typedef struct {
    const netio_named *interfaces;
    size_t interface_count;
    const uint32_t *states;
    size_t state_count;
    int32_t *address_offsets;
    char *address;
    int32_t *interface;
    int32_t *physical_address_offsets;
    char *physical_address;
    int32_t *state;
    uint8_t *is_router;
    uint8_t *is_unreachable;
    int64_t *reachability_time;
    uint32_t *interface_index;
    uint64_t *interface_luid;
    ...;
} netio_columns;

struct ArrowArray { ...; };

#define AF_UNSPEC ...
#define AF_INET ...
#define AF_INET6 ...

#define IF_MAX_PHYS_ADDRESS_LENGTH ...
#define NETIO_INTERFACE_PROBES ...
#define NETIO_INTERFACE_UP ...
#define NETIO_ADDRESS_OWN ...
#define NETIO_ADDRESS_BROADCAST ...
#define NETIO_IS_ROUTER ...
#define NETIO_IS_UNREACHABLE ...
#define NETIO_IS_FOREIGN ...
#define NETIO_IS_KERNEL_MADE ...
#define NETIO_ERRNO ...
#define NETIO_HAS_DETAIL ...
#define NETIO_HAS_NAMESPACES ...
#define NETIO_OWN_NETNS ...
#define NETIO_NAME_SIZE ...
#define NETIO_NEVER ...
#define NETIO_UNKNOWN_TIME ...
#define NETIO_WATCH_ROOM ...
#define NETIO_SCOPE_IS_NAME ...
#define NETIO_PLAN_EXISTS ...
#define NETIO_PLAN_DIFFERS ...
#define NETIO_PLAN_FOREIGN ...
#define NETIO_PLAN_REPEATED ...
#define NETIO_PLAN_CONTRADICTS ...
#define NETIO_PLAN_INVALID ...
#define NETIO_ADDRESS_TEXT ...
#define NETIO_PHYSICAL_TEXT ...

#define NO_ERROR ...
#define ERROR_FILE_NOT_FOUND ...
#define ERROR_PATH_NOT_FOUND ...
#define ERROR_ACCESS_DENIED ...
#define ERROR_NOT_ENOUGH_MEMORY ...
#define ERROR_NOT_SUPPORTED ...
#define ERROR_BAD_NET_NAME ...
#define ERROR_INVALID_PARAMETER ...
#define WAIT_TIMEOUT ...
#define ERROR_NOT_FOUND ...
#define ERROR_NETWORK_UNREACHABLE ...
#define ERROR_HOST_UNREACHABLE ...
#define ERROR_NO_SYSTEM_RESOURCES ...
#define ERROR_OBJECT_ALREADY_EXISTS ...

void netio_create(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results);
void netio_set(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results);
void netio_replace(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results);
void netio_delete(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results);
DWORD netio_get(int netns, netio_interface *interface, MIB_IPNET_ROW2 *row);

DWORD netio_table(int netns, ADDRESS_FAMILY family, const NET_LUID *interface, const MIB_IPNET_ROW2 *like,
                  MIB_IPNET_TABLE2 **table, netio_interface **interfaces, size_t *interface_count);
DWORD netio_flush(int netns, ADDRESS_FAMILY family, const NET_LUID *interface);

DWORD netio_resolver_open(int netns, bool keep, netio_resolver **resolver);
DWORD netio_resolver_submit(netio_resolver *resolver, const MIB_IPNET_ROW2 *rows, size_t count,
                            const SOCKADDR_INET *source, size_t first_tag);
DWORD netio_resolver_wait(netio_resolver *resolver, DWORD wait_ms, size_t *tags, MIB_IPNET_ROW2 *rows,
                          DWORD *results, size_t *count);
int netio_resolver_fd(const netio_resolver *resolver);
DWORD netio_resolver_due(netio_resolver *resolver);

DWORD netio_watch_open(int netns, ADDRESS_FAMILY family, const NET_LUID *interface, bool initial, ULONG receive_buffer,
                       netio_watch **watch);
DWORD netio_watch_read(netio_watch *watch, size_t room, netio_change *changes, MIB_IPNET_ROW2 *rows, size_t *count);
DWORD netio_watch_table(netio_watch *watch, MIB_IPNET_TABLE2 **table, netio_interface **interfaces,
                        size_t *interface_count);
DWORD netio_watch_interface(netio_watch *watch, netio_interface *interface);
ULONG netio_watch_names(const netio_watch *watch);
int netio_watch_fd(const netio_watch *watch);
void netio_watch_wake(netio_watch *watch);

DWORD netio_sweep_open(int netns, ULONG rate, ULONG timeout_ms, ULONG retries, netio_sweep **sweep);
void netio_sweep_submit(netio_sweep *sweep, const MIB_IPNET_ROW2 *rows, const SOCKADDR_INET *sources, size_t count,
                        DWORD *results);
DWORD netio_sweep_wait(netio_sweep *sweep, DWORD wait_ms, bool more, MIB_IPNET_ROW2 *rows, ULONG *elapsed_us,
                       size_t *count);
size_t netio_sweep_pending(const netio_sweep *sweep);
size_t netio_sweep_unsent(const netio_sweep *sweep);

DWORD netio_interfaces(int netns, netio_interface **list, size_t *count);
DWORD netio_interface_find(int netns, netio_interface *interface);
DWORD netio_addresses(int netns, netio_address **list, size_t *count);
DWORD netio_address_kind(int netns, const SOCKADDR_INET *address, NET_IFINDEX index);
void netio_route(int netns, const SOCKADDR_INET *destinations, NET_LUID *interfaces, SOCKADDR_INET *gateways,
                 size_t count, DWORD *results);
DWORD netio_netns_check(int netns);
void netio_message(DWORD code, char *text, size_t size);

void netio_release(void *variable);
void netio_resolver_release(netio_resolver **variable);
void netio_sweep_release(netio_sweep **variable);
void netio_watch_release(netio_watch **variable);

void netio_columns_fill(const netio_columns *columns, const MIB_IPNET_ROW2 *rows, size_t count);
size_t netio_column_values(const MIB_IPNET_ROW2 *rows, size_t count, size_t offset, uint32_t *values);
void netio_arrow_move(struct ArrowArray *from, struct ArrowArray *to);

DWORD netio_plan_compare(const MIB_IPNET_ROW2 *rows, size_t count, const MIB_IPNET_ROW2 *table, size_t table_count,
                         UCHAR exact_flags, UCHAR *verdicts, ULONG *places, UCHAR *surplus);
