/* SPDX-License-Identifier: MIT */
/*
 * A stand-in for iphlpapi.dll with the rows in memory. It behaves as Microsoft documents the functions, and where the
 * documentation is silent as records of real systems say; each such place names its source. enum standin_question lists
 * what is open, with a switch for each. So the tests compare netio with the documentation and these records, not with
 * Windows.
 */
#define STANDIN_BUILD
#include "standin.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define ROW_MAX 20000
#define ITEM_MAX 64

struct host {
    SOCKADDR_INET address;
    UCHAR last_byte;
    DWORD delay_ms;
};

static const struct {
    ULONG64 luid;
    NET_IFINDEX index;
    ULONG physical_address_length;
    bool filter;
    const WCHAR *alias;
} initial[] = {
    {(ULONG64)24 << 48 | 0x8000ULL << 24, 1, 0, false, L"Loopback Pseudo-Interface 1"},
    {(ULONG64)6 << 48 | 0x8001ULL << 24, 4, 6, false, L"Ethernet"},
    {(ULONG64)71 << 48 | 0x8002ULL << 24, 7, 6, false, L"\u00dcberall"},
    {(ULONG64)6 << 48 | 0x8003ULL << 24, 9, 6, true, L"Ethernet-Filter-0000"},
};

#define INTERFACES (sizeof initial / sizeof *initial)

static SRWLOCK lock = SRWLOCK_INIT;
static MIB_IF_ROW2 interfaces[INTERFACES];
static MIB_IPNET_ROW2 rows[ROW_MAX];
static size_t row_count;
static struct host hosts[ITEM_MAX];
static size_t host_count;
static MIB_IPFORWARD_ROW2 routes[ITEM_MAX];
static size_t route_count;
static MIB_UNICASTIPADDRESS_ROW addresses[ITEM_MAX];
static size_t address_count;
static struct {
    char function[32];
    DWORD code;
} answers[ITEM_MAX], single_answers[ITEM_MAX];
static size_t single_count;
static int switches[STANDIN_QUESTIONS];
static MIB_IPNET_ROW2 deleted;
static int deleted_lasts;
static bool elevated, has_ip4, has_ip6;
static volatile DWORD silence_ms;
static MIB_IPNET_ROW2 last;
static SOCKADDR_INET last_source;
static volatile LONG tables, resolving, resolving_most, resolved, calls, lookups;

void standin_reset(void)
{
    AcquireSRWLockExclusive(&lock);
    memset(interfaces, 0, sizeof interfaces);
    for (size_t i = 0; i < INTERFACES; i++) {
        interfaces[i].InterfaceLuid.Value = initial[i].luid;
        interfaces[i].InterfaceIndex = initial[i].index;
        interfaces[i].InterfaceAndOperStatusFlags.FilterInterface = initial[i].filter;
        interfaces[i].PhysicalAddressLength = initial[i].physical_address_length;
        memcpy(interfaces[i].PhysicalAddress, "\x02\x00\x5e\x00\x01", 5);
        interfaces[i].PhysicalAddress[5] = (UCHAR)initial[i].index;
        interfaces[i].OperStatus = initial[i].index == 7 ? IfOperStatusDown : IfOperStatusUp;
        wcscpy(interfaces[i].Alias, initial[i].alias);
    }
    row_count = host_count = route_count = address_count = 0;
    memset(answers, 0, sizeof answers);
    single_count = 0;
    memset(switches, 0, sizeof switches);
    deleted_lasts = 0;
    elevated = has_ip4 = has_ip6 = true;
    silence_ms = 300;
    resolving_most = resolved = calls = lookups = 0;
    ReleaseSRWLockExclusive(&lock);
}

void standin_elevated(int value)
{
    elevated = value != 0;
}

void standin_stacks(int ip4, int ip6)
{
    has_ip4 = ip4 != 0;
    has_ip6 = ip6 != 0;
}

void standin_silence(DWORD delay_ms)
{
    silence_ms = delay_ms;
}

void standin_answer(const char *function, DWORD code)
{
    size_t i = 0;

    while (answers[i].function[0] != '\0' && strcmp(answers[i].function, function) != 0)
        i++;
    strncpy(answers[i].function, function, sizeof answers[i].function - 1);
    answers[i].code = code;
}

void standin_answer_once(const char *function, DWORD code)
{
    strncpy(single_answers[single_count].function, function, sizeof single_answers[0].function - 1);
    single_answers[single_count++].code = code;
}

LONG standin_unused(void)
{
    return (LONG)single_count;
}

void standin_switch(enum standin_question question, int value)
{
    switches[question] = value;
}

LONG standin_tables(void)
{
    return tables;
}

LONG standin_resolving(void)
{
    return resolving;
}

LONG standin_resolving_most(void)
{
    return resolving_most;
}

LONG standin_resolved(void)
{
    return resolved;
}

LONG standin_calls(void)
{
    return calls;
}

LONG standin_lookups(void)
{
    return lookups;
}

SIZE_T standin_last(MIB_IPNET_ROW2 *row)
{
    *row = last;
    return sizeof *row;
}

SIZE_T standin_last_source(SOCKADDR_INET *source)
{
    *source = last_source;
    return sizeof *source;
}

static DWORD configured(const char *function)
{
    for (size_t i = 0; i < single_count; i++)
        if (strcmp(single_answers[i].function, function) == 0) {
            const DWORD code = single_answers[i].code;

            single_count--;
            memmove(&single_answers[i], &single_answers[i + 1], (single_count - i) * sizeof *single_answers);
            return code;
        }
    for (size_t i = 0; i < ITEM_MAX; i++)
        if (strcmp(answers[i].function, function) == 0)
            return answers[i].code;
    return NO_ERROR;
}

static MIB_IF_ROW2 *interface_of(const NET_LUID *luid, NET_IFINDEX index)
{
    for (size_t i = 0; i < INTERFACES; i++)
        if (luid->Value != 0 ? interfaces[i].InterfaceLuid.Value == luid->Value
                             : interfaces[i].InterfaceIndex == index && index != 0)
            return &interfaces[i];
    return NULL;
}

void standin_index(const NET_LUID *luid, NET_IFINDEX index)
{
    interface_of(luid, 0)->InterfaceIndex = index;
    for (size_t i = 0; i < row_count; i++)
        if (rows[i].InterfaceLuid.Value == luid->Value)
            rows[i].InterfaceIndex = index;
}

void standin_row(const MIB_IPNET_ROW2 *row)
{
    AcquireSRWLockExclusive(&lock);
    rows[row_count] = *row;
    rows[row_count++].InterfaceIndex = interface_of(&row->InterfaceLuid, 0)->InterfaceIndex;
    ReleaseSRWLockExclusive(&lock);
}

void standin_host(const SOCKADDR_INET *address, UCHAR last_byte, DWORD delay_ms)
{
    hosts[host_count].address = *address;
    hosts[host_count].last_byte = last_byte;
    hosts[host_count++].delay_ms = delay_ms;
}

void standin_route(const SOCKADDR_INET *prefix, UCHAR length, const NET_LUID *luid, const SOCKADDR_INET *gateway,
                   int protocol)
{
    MIB_IPFORWARD_ROW2 *route = &routes[route_count++];

    memset(route, 0, sizeof *route);
    route->DestinationPrefix.Prefix = *prefix;
    route->DestinationPrefix.PrefixLength = length;
    route->InterfaceLuid = *luid;
    route->NextHop.si_family = prefix->si_family;
    if (gateway != NULL)
        route->NextHop = *gateway;
    route->Protocol = (NL_ROUTE_PROTOCOL)protocol;
}

void standin_address(const SOCKADDR_INET *address, UCHAR length, const NET_LUID *luid)
{
    MIB_UNICASTIPADDRESS_ROW *row = &addresses[address_count++];

    memset(row, 0, sizeof *row);
    row->Address = *address;
    row->OnLinkPrefixLength = length;
    row->InterfaceLuid = *luid;
    row->InterfaceIndex = interface_of(luid, 0)->InterfaceIndex;
}

static bool same_address(const SOCKADDR_INET *a, const SOCKADDR_INET *b)
{
    if (a->si_family != b->si_family)
        return false;
    if (a->si_family == AF_INET)
        return a->Ipv4.sin_addr.s_addr == b->Ipv4.sin_addr.s_addr;
    return memcmp(&a->Ipv6.sin6_addr, &b->Ipv6.sin6_addr, sizeof a->Ipv6.sin6_addr) == 0;
}

static MIB_IPNET_ROW2 *find_row(const MIB_IPNET_ROW2 *key, const MIB_IF_ROW2 *interface)
{
    for (size_t i = 0; i < row_count; i++)
        if (rows[i].InterfaceLuid.Value == interface->InterfaceLuid.Value && same_address(&rows[i].Address, &key->Address))
            return &rows[i];
    return NULL;
}

/*
 * The length is that of the interface, whatever the caller's is: netioapi.h calls the length and the state read-only,
 * LGTVCompanion passes 8 as length, and on windows-latest a row on the loopback interface has no physical address
 * (net-lattice).
 */
static void write_physical_address(MIB_IPNET_ROW2 *row, const MIB_IPNET_ROW2 *given, const MIB_IF_ROW2 *interface)
{
    memset(row->PhysicalAddress, 0, sizeof row->PhysicalAddress);
    memcpy(row->PhysicalAddress, given->PhysicalAddress, interface->PhysicalAddressLength);
    row->PhysicalAddressLength = interface->PhysicalAddressLength;
}

static void add_row(const MIB_IPNET_ROW2 *key, const MIB_IF_ROW2 *interface, NL_NEIGHBOR_STATE state)
{
    MIB_IPNET_ROW2 *row = &rows[row_count++];

    memset(row, 0, sizeof *row);
    row->Address = key->Address;
    row->InterfaceLuid = interface->InterfaceLuid;
    row->InterfaceIndex = interface->InterfaceIndex;
    write_physical_address(row, key, interface);
    row->State = state;
}

static bool is_loopback(const SOCKADDR_INET *address)
{
    if (address->si_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&address->Ipv6.sin6_addr);
    return ntohl(address->Ipv4.sin_addr.s_addr) >> 24 == 127;
}

static bool is_valid(const SOCKADDR_INET *address)
{
    if (address->si_family == AF_INET6)
        return !IN6_IS_ADDR_UNSPECIFIED(&address->Ipv6.sin6_addr) && !IN6_IS_ADDR_V4MAPPED(&address->Ipv6.sin6_addr);
    return address->si_family == AF_INET && address->Ipv4.sin_addr.s_addr != INADDR_ANY &&
           address->Ipv4.sin_addr.s_addr != INADDR_BROADCAST;
}

/* The checks that Microsoft documents for all functions of rows. */
static DWORD check_row(const MIB_IPNET_ROW2 *row, MIB_IF_ROW2 **interface, bool takes_loopback, bool is_written)
{
    if (row == NULL || !is_valid(&row->Address) || (!takes_loopback && is_loopback(&row->Address)))
        return ERROR_INVALID_PARAMETER;
    if (is_written && (row->PhysicalAddressLength == 0 || row->PhysicalAddressLength > sizeof row->PhysicalAddress))
        return ERROR_INVALID_PARAMETER;
    if (row->InterfaceLuid.Value == 0 && row->InterfaceIndex == 0)
        return ERROR_INVALID_PARAMETER;
    if (row->Address.si_family == AF_INET ? !has_ip4 : !has_ip6)
        return ERROR_NOT_SUPPORTED;
    *interface = interface_of(&row->InterfaceLuid, row->InterfaceIndex);
    return *interface == NULL ? ERROR_NOT_FOUND : NO_ERROR;
}

/* Counts and records the call, then checks its row. */
static DWORD begin(const char *function, const MIB_IPNET_ROW2 *row, MIB_IF_ROW2 **interface, bool takes_loopback,
                   bool is_written)
{
    const DWORD code = configured(function);

    calls++;
    if (row != NULL)
        last = *row;
    return code != NO_ERROR ? code : check_row(row, interface, takes_loopback, is_written);
}

/* Whether Create still finds the row that was deleted last, as on a real Windows once: see the switch. */
static bool is_still_deleted(const MIB_IPNET_ROW2 *row)
{
    return same_address(&row->Address, &deleted.Address) && deleted_lasts > 0 && deleted_lasts-- > 0;
}

/* The state is Permanent whatever the caller's is: LGTVCompanion issue 19, net-lattice's tests on windows-latest. */
static DWORD create(const MIB_IPNET_ROW2 *row)
{
    MIB_IF_ROW2 *interface = NULL;
    const DWORD code = begin("CreateIpNetEntry2", row, &interface, false, true);

    if (code != NO_ERROR)
        return code;
    if (!elevated)
        return ERROR_ACCESS_DENIED;
    if (find_row(row, interface) != NULL || is_still_deleted(row))
        return ERROR_OBJECT_ALREADY_EXISTS;
    if (row_count == ROW_MAX)
        return ERROR_NOT_ENOUGH_MEMORY;
    add_row(row, interface, NlnsPermanent);
    return NO_ERROR;
}

static DWORD set(MIB_IPNET_ROW2 *row)
{
    MIB_IF_ROW2 *interface = NULL;
    const DWORD code = begin("SetIpNetEntry2", row, &interface, false, true);
    MIB_IPNET_ROW2 *present;

    if (code != NO_ERROR)
        return code;
    if (!elevated)
        return ERROR_ACCESS_DENIED;
    present = find_row(row, interface);
    if (present == NULL) /* not documented: a comment in Vanara's NetIOApiTests.cs */
        return ERROR_NOT_FOUND;
    if (present->State != NlnsPermanent && switches[STANDIN_SET_DYNAMIC] > 1)
        return (DWORD)switches[STANDIN_SET_DYNAMIC];
    write_physical_address(present, row, interface);
    if (switches[STANDIN_SET_DYNAMIC] == 0)
        present->State = NlnsPermanent;
    *row = *present;
    return NO_ERROR;
}

static DWORD delete(const MIB_IPNET_ROW2 *row)
{
    MIB_IF_ROW2 *interface = NULL;
    const DWORD code = begin("DeleteIpNetEntry2", row, &interface, true, false);
    MIB_IPNET_ROW2 *present;

    if (code != NO_ERROR)
        return code;
    if (!elevated)
        return ERROR_ACCESS_DENIED;
    present = find_row(row, interface);
    if (present == NULL) /* not documented: Wine's tests/nsi.c for the keys of other IP tables */
        return ERROR_NOT_FOUND;
    deleted = *present;
    deleted_lasts = switches[STANDIN_DELETED_ROW_LASTS];
    *present = rows[--row_count];
    return NO_ERROR;
}

static DWORD get(MIB_IPNET_ROW2 *row)
{
    MIB_IF_ROW2 *interface = NULL;
    const DWORD code = begin("GetIpNetEntry2", row, &interface, true, false);
    const MIB_IPNET_ROW2 *present;

    if (code == ERROR_NOT_FOUND && interface_of(&row->InterfaceLuid, row->InterfaceIndex) == NULL &&
        switches[STANDIN_GET_UNKNOWN_INTERFACE] == 0)
        return ERROR_FILE_NOT_FOUND;
    if (code != NO_ERROR)
        return code;
    present = find_row(row, interface);
    if (present == NULL)
        return ERROR_NOT_FOUND;
    *row = *present;
    return NO_ERROR;
}

#define LOCKED(call) \
    DWORD code; \
    AcquireSRWLockExclusive(&lock); \
    code = call; \
    ReleaseSRWLockExclusive(&lock); \
    return code

DWORD WINAPI CreateIpNetEntry2(const MIB_IPNET_ROW2 *row)
{
    LOCKED(create(row));
}

DWORD WINAPI SetIpNetEntry2(MIB_IPNET_ROW2 *row)
{
    LOCKED(set(row));
}

DWORD WINAPI DeleteIpNetEntry2(const MIB_IPNET_ROW2 *row)
{
    LOCKED(delete (row));
}

DWORD WINAPI GetIpNetEntry2(MIB_IPNET_ROW2 *row)
{
    LOCKED(get(row));
}

static bool has_stack(ADDRESS_FAMILY family)
{
    return family == AF_UNSPEC ? has_ip4 && has_ip6 : family == AF_INET ? has_ip4 : has_ip6;
}

static DWORD check_family(const char *function, ADDRESS_FAMILY family)
{
    const DWORD code = configured(function);

    if (code != NO_ERROR)
        return code;
    if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6)
        return ERROR_INVALID_PARAMETER;
    return has_stack(family) ? NO_ERROR : ERROR_NOT_SUPPORTED;
}

static DWORD flush(ADDRESS_FAMILY family, NET_IFINDEX index)
{
    const DWORD code = check_family("FlushIpNetTable2", family);

    if (code != NO_ERROR)
        return code;
    if (!elevated)
        return ERROR_ACCESS_DENIED;
    for (size_t i = row_count; i-- > 0;)
        if ((rows[i].State != NlnsPermanent || switches[STANDIN_FLUSH_PERMANENT]) && (family == AF_UNSPEC || rows[i].Address.si_family == family) &&
            (index == 0 || rows[i].InterfaceIndex == index))
            rows[i] = rows[--row_count];
    return NO_ERROR;
}

DWORD WINAPI FlushIpNetTable2(ADDRESS_FAMILY family, NET_IFINDEX index)
{
    LOCKED(flush(family, index));
}

static DWORD read_table(ADDRESS_FAMILY family, MIB_IPNET_TABLE2 **table)
{
    const DWORD code = check_family("GetIpNetTable2", family);

    *table = (MIB_IPNET_TABLE2 *)(ULONG_PTR)0xdead; /* after a failure the pointer is invalid */
    if (code != NO_ERROR)
        return code;
    if (row_count == 0)
        return ERROR_NOT_FOUND;
    *table = calloc(1, sizeof **table + row_count * sizeof *rows);
    if (*table == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    InterlockedIncrement(&tables);
    for (size_t i = 0; i < row_count; i++)
        if (family == AF_UNSPEC || rows[i].Address.si_family == family)
            (*table)->Table[(*table)->NumEntries++] = rows[i];
    return NO_ERROR;
}

DWORD WINAPI GetIpNetTable2(ADDRESS_FAMILY family, MIB_IPNET_TABLE2 **table)
{
    LOCKED(read_table(family, table));
}

void WINAPI FreeMibTable(void *memory)
{
    if (memory != NULL)
        InterlockedDecrement(&tables);
    free(memory);
}

DWORD WINAPI GetIfTable2(MIB_IF_TABLE2 **table)
{
    const DWORD code = configured("GetIfTable2");

    *table = (MIB_IF_TABLE2 *)(ULONG_PTR)0xdead;
    if (code != NO_ERROR)
        return code;
    *table = calloc(1, sizeof **table + sizeof interfaces);
    if (*table == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    InterlockedIncrement(&tables);
    (*table)->NumEntries = INTERFACES;
    memcpy((*table)->Table, interfaces, sizeof interfaces);
    return NO_ERROR;
}

DWORD WINAPI GetUnicastIpAddressTable(ADDRESS_FAMILY family, MIB_UNICASTIPADDRESS_TABLE **table)
{
    const DWORD code = configured("GetUnicastIpAddressTable");

    *table = (MIB_UNICASTIPADDRESS_TABLE *)(ULONG_PTR)0xdead;
    if (code != NO_ERROR || address_count == 0 || family != AF_UNSPEC)
        return code != NO_ERROR ? code : family != AF_UNSPEC ? ERROR_INVALID_PARAMETER : ERROR_NOT_FOUND;
    *table = calloc(1, sizeof **table + sizeof addresses);
    if (*table == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    InterlockedIncrement(&tables);
    (*table)->NumEntries = (ULONG)address_count;
    memcpy((*table)->Table, addresses, sizeof addresses);
    return NO_ERROR;
}

DWORD WINAPI GetIfEntry2(MIB_IF_ROW2 *row)
{
    const MIB_IF_ROW2 *found = interface_of(&row->InterfaceLuid, row->InterfaceIndex);
    const DWORD code = configured("GetIfEntry2");

    InterlockedIncrement(&lookups);
    if (code != NO_ERROR || found == NULL)
        return code != NO_ERROR ? code : ERROR_FILE_NOT_FOUND;
    *row = *found;
    return NO_ERROR;
}

DWORD WINAPI ConvertInterfaceAliasToLuid(const WCHAR *alias, NET_LUID *luid)
{
    luid->Value = 0;
    for (size_t i = 0; i < INTERFACES; i++)
        if (wcscmp(interfaces[i].Alias, alias) == 0)
            *luid = interfaces[i].InterfaceLuid;
    return luid->Value == 0 ? ERROR_INVALID_PARAMETER : NO_ERROR;
}

DWORD WINAPI ConvertInterfaceIndexToLuid(NET_IFINDEX index, NET_LUID *luid)
{
    const MIB_IF_ROW2 *found = interface_of(&(const NET_LUID){.Value = 0}, index);

    luid->Value = found == NULL ? 0 : found->InterfaceLuid.Value;
    return found == NULL ? ERROR_FILE_NOT_FOUND : NO_ERROR;
}

DWORD WINAPI ConvertInterfaceLuidToAlias(const NET_LUID *luid, WCHAR *alias, SIZE_T length)
{
    const MIB_IF_ROW2 *found = interface_of(luid, 0);
    const DWORD code = configured("ConvertInterfaceLuidToAlias");

    if (code != NO_ERROR)
        return code;
    if (found == NULL)
        return ERROR_INVALID_PARAMETER;
    if (length <= wcslen(found->Alias))
        return ERROR_NOT_ENOUGH_MEMORY;
    wcscpy(alias, found->Alias);
    return NO_ERROR;
}

DWORD WINAPI ConvertInterfaceLuidToIndex(const NET_LUID *luid, NET_IFINDEX *index)
{
    const MIB_IF_ROW2 *found = interface_of(luid, 0);

    *index = found == NULL ? 0 : found->InterfaceIndex;
    return found == NULL ? ERROR_INVALID_PARAMETER : NO_ERROR;
}

static bool covers(const MIB_IPFORWARD_ROW2 *route, const SOCKADDR_INET *address)
{
    const SOCKADDR_INET *prefix = &route->DestinationPrefix.Prefix;
    const bool ip6 = address->si_family == AF_INET6;
    const UCHAR *a = ip6 ? (const UCHAR *)&address->Ipv6.sin6_addr : (const UCHAR *)&address->Ipv4.sin_addr;
    const UCHAR *b = ip6 ? (const UCHAR *)&prefix->Ipv6.sin6_addr : (const UCHAR *)&prefix->Ipv4.sin_addr;

    if (prefix->si_family != address->si_family)
        return false;
    for (UCHAR bit = 0; bit < route->DestinationPrefix.PrefixLength; bit++)
        if ((a[bit / 8] ^ b[bit / 8]) & (0x80 >> bit % 8))
            return false;
    return true;
}

DWORD WINAPI GetBestRoute2(NET_LUID *luid, NET_IFINDEX index, const SOCKADDR_INET *source,
                           const SOCKADDR_INET *destination, ULONG options, MIB_IPFORWARD_ROW2 *best,
                           SOCKADDR_INET *best_source)
{
    const DWORD code = configured("GetBestRoute2");
    const MIB_IPFORWARD_ROW2 *found = NULL;

    if (code != NO_ERROR || index != 0 || source != NULL || options != 0)
        return code != NO_ERROR ? code : ERROR_INVALID_PARAMETER;
    for (size_t i = 0; i < route_count; i++)
        if (covers(&routes[i], destination) && (luid == NULL || luid->Value == routes[i].InterfaceLuid.Value) &&
            (found == NULL || routes[i].DestinationPrefix.PrefixLength > found->DestinationPrefix.PrefixLength))
            found = &routes[i];
    if (found == NULL)
        return ERROR_NETWORK_UNREACHABLE;
    *best = *found;
    memset(best_source, 0, sizeof *best_source);
    return NO_ERROR;
}

static const struct host *find_host(const SOCKADDR_INET *address)
{
    for (size_t i = 0; i < host_count; i++)
        if (same_address(&hosts[i].address, address))
            return &hosts[i];
    return NULL;
}

static DWORD begin_resolve(const MIB_IPNET_ROW2 *row, MIB_IF_ROW2 **interface)
{
    const DWORD configured_code = configured("ResolveIpNetEntry2");
    const DWORD code = configured_code != NO_ERROR ? configured_code : check_row(row, interface, false, false);
    MIB_IPNET_ROW2 *present;

    if (code != NO_ERROR)
        return code;
    present = find_row(row, *interface);
    if (present != NULL)
        *present = rows[--row_count];
    return NO_ERROR;
}

static DWORD end_resolve(MIB_IPNET_ROW2 *row, const MIB_IF_ROW2 *interface, const struct host *host)
{
    row->InterfaceIndex = 0; /* a failed call may have changed the row */
    if (host == NULL)
        return ERROR_BAD_NET_NAME;
    memcpy(row->PhysicalAddress, "\x02\x00\x5e\x00\x00", 5);
    row->PhysicalAddress[5] = host->last_byte;
    row->PhysicalAddressLength = 6;
    add_row(row, interface, NlnsReachable);
    *row = rows[row_count - 1];
    return NO_ERROR;
}

/* A link-local address exists once on each link, so it needs its scope. */
static bool is_own_address(const SOCKADDR_INET *source, const MIB_IF_ROW2 *interface)
{
    const bool is_scoped = source->si_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&source->Ipv6.sin6_addr);

    for (size_t i = 0; i < address_count; i++)
        if (addresses[i].InterfaceLuid.Value == interface->InterfaceLuid.Value &&
            same_address(&addresses[i].Address, source) &&
            (!is_scoped || source->Ipv6.sin6_scope_id == interface->InterfaceIndex))
            return true;
    return false;
}

static void delay(DWORD delay_ms)
{
    if (delay_ms != INFINITE)
        Sleep(delay_ms);
    while (delay_ms == INFINITE && silence_ms == INFINITE)
        Sleep(5);
}

static void count_resolving(void)
{
    const LONG now = InterlockedIncrement(&resolving);

    AcquireSRWLockExclusive(&lock);
    if (now > resolving_most)
        resolving_most = now;
    ReleaseSRWLockExclusive(&lock);
}

DWORD WINAPI ResolveIpNetEntry2(MIB_IPNET_ROW2 *row, const SOCKADDR_INET *source)
{
    MIB_IF_ROW2 *interface = NULL;
    const struct host *host;
    DWORD code;

    count_resolving();
    AcquireSRWLockExclusive(&lock);
    code = begin_resolve(row, &interface);
    if (source != NULL)
        last_source = *source;
    ReleaseSRWLockExclusive(&lock);
    /* Like its predecessor SendARP for a source that is not local. */
    if (code == NO_ERROR && source != NULL && !is_own_address(source, interface))
        code = ERROR_NOT_FOUND;
    if (code == NO_ERROR) {
        host = find_host(&row->Address);
        delay(host == NULL ? silence_ms : host->delay_ms);
        AcquireSRWLockExclusive(&lock);
        code = end_resolve(row, interface, host);
        ReleaseSRWLockExclusive(&lock);
    }
    InterlockedDecrement(&resolving);
    InterlockedIncrement(&resolved);
    return code;
}

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    (void)instance;
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        standin_reset();
    return TRUE;
}
