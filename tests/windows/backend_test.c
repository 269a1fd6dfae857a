/* SPDX-License-Identifier: MIT */
/* Tests of the Windows backend, linked with the stand-in: its calls, its results, and that it frees all memory. */
#include "standin.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ETHERNET ((ULONG64)6 << 48 | 0x8001ULL << 24)
#define UEBERALL ((ULONG64)71 << 48 | 0x8002ULL << 24)
#define LOOPBACK ((ULONG64)24 << 48 | 0x8000ULL << 24)
#define NO_INTERFACE (~(ULONG64)0)

/* Here the names denote the functions of the C library. */
#undef calloc
#undef realloc
#undef free

static int passed, failed;
static volatile LONG blocks;

#define CHECK(condition) check(condition, #condition, __LINE__)
#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

void *counted_calloc(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (memory != NULL)
        InterlockedIncrement(&blocks);
    return memory;
}

void *counted_realloc(void *memory, size_t size)
{
    void *moved = realloc(memory, size);

    if (memory == NULL && moved != NULL)
        InterlockedIncrement(&blocks);
    return moved;
}

void counted_free(void *memory)
{
    if (memory != NULL)
        InterlockedDecrement(&blocks);
    free(memory);
}

static void check(bool condition, const char *text, int line)
{
    condition ? passed++ : failed++;
    if (!condition)
        printf("backend_test.c:%d: failed: %s\n", line, text);
}

static bool reaches_blocks(LONG value)
{
    for (int i = 0; i < 6000 && blocks != value; i++)
        Sleep(10);
    return blocks == value;
}

/* Waits until as many calls run, or at least as many if the number is not 0. */
static bool reaches_resolving(LONG number)
{
    for (int i = 0; i < 6000 && (number == 0 ? standin_resolving() != 0 : standin_resolving() < number); i++)
        Sleep(10);
    return number == 0 ? standin_resolving() == 0 : standin_resolving() >= number;
}

static MIB_IPNET_ROW2 row4(UCHAR host, ULONG64 luid)
{
    MIB_IPNET_ROW2 row;

    memset(&row, 0, sizeof row);
    row.Address.si_family = AF_INET;
    row.Address.Ipv4.sin_addr.s_addr = htonl(0xc0000200u + host); /* 192.0.2.0/24 */
    row.InterfaceLuid.Value = luid;
    row.PhysicalAddressLength = 6;
    memcpy(row.PhysicalAddress, "\x02\x00\x5e\x00\x00\x07", 6);
    return row;
}

static MIB_IPNET_ROW2 row6(UCHAR host, ULONG64 luid)
{
    MIB_IPNET_ROW2 row = row4(0, luid);

    memset(&row.Address, 0, sizeof row.Address);
    row.Address.si_family = AF_INET6;
    memcpy(&row.Address.Ipv6.sin6_addr, "\x20\x01\x0d\xb8", 4);
    ((UCHAR *)&row.Address.Ipv6.sin6_addr)[15] = host;
    return row;
}

static void begin(void)
{
    CHECK(standin_unused() == 0);
    standin_reset();
    CHECK(blocks == 0);
    CHECK(standin_tables() == 0);
}

static void add(MIB_IPNET_ROW2 row)
{
    standin_row(&row);
}

static void test_rows(void)
{
    /* Random values in members that no function reads. */
    MIB_IPNET_ROW2 rows[3] = {row4(1, ETHERNET), row4(2, NO_INTERFACE), row6(3, 0)}, seen;
    DWORD results[3];

    begin();
    rows[0].State = NlnsStale;
    rows[0].Flags = 0xff;
    rows[0].Address.Ipv4.sin_port = 9;
    netio_create(NETIO_OWN_NETNS, rows, 1, results);
    CHECK(results[0] == NO_ERROR);
    CHECK(standin_last(&seen) == sizeof seen && memcmp(&seen, &rows[0], sizeof seen) == 0);
    netio_create(NETIO_OWN_NETNS, rows, 3, results);
    CHECK(results[0] == ERROR_OBJECT_ALREADY_EXISTS && results[1] == ERROR_NOT_FOUND);
    CHECK(results[2] == ERROR_INVALID_PARAMETER);
    rows[2].InterfaceIndex = 4;
    netio_set(NETIO_OWN_NETNS, rows, 3, results);
    CHECK(results[0] == NO_ERROR && results[1] == ERROR_NOT_FOUND && results[2] == ERROR_NOT_FOUND);
    CHECK(rows[0].State == NlnsStale); /* the caller's row is unchanged */
    netio_replace(NETIO_OWN_NETNS, rows, 3, results);
    CHECK(results[0] == NO_ERROR && results[1] == ERROR_NOT_FOUND && results[2] == NO_ERROR);
    netio_delete(NETIO_OWN_NETNS, rows, 3, results);
    CHECK(results[0] == NO_ERROR && results[1] == ERROR_NOT_FOUND && results[2] == NO_ERROR);
}

static bool is_permanent(const MIB_IPNET_ROW2 *key)
{
    MIB_IPNET_ROW2 row = *key;

    return GetIpNetEntry2(&row) == NO_ERROR && row.State == NlnsPermanent &&
           memcmp(row.PhysicalAddress, key->PhysicalAddress, key->PhysicalAddressLength) == 0;
}

static DWORD replace(const MIB_IPNET_ROW2 *row)
{
    DWORD result;

    netio_replace(NETIO_OWN_NETNS, row, 1, &result);
    return result;
}

/* Windows would write a physical address of another length padded or truncated. Each interface is looked up once. */
static void test_lengths(void)
{
    static const struct {
        ULONG64 luid;
        ULONG length;
        DWORD result;
    } cases[] = {
        {ETHERNET, 0, ERROR_INVALID_PARAMETER}, {ETHERNET, 4, ERROR_INVALID_PARAMETER},
        {ETHERNET, 8, ERROR_INVALID_PARAMETER}, {ETHERNET, 33, ERROR_INVALID_PARAMETER},
        {LOOPBACK, 0, ERROR_INVALID_PARAMETER}, {LOOPBACK, 6, ERROR_INVALID_PARAMETER},
        {UEBERALL, 6, NO_ERROR},                {NO_INTERFACE, 8, ERROR_NOT_FOUND},
    };
    static void (*const verbs[])(int, const MIB_IPNET_ROW2 *, size_t, DWORD *) = {netio_create, netio_set, netio_replace};
    MIB_IPNET_ROW2 rows[COUNT_OF(cases)];
    DWORD results[COUNT_OF(cases)];

    begin();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        rows[i] = row4((UCHAR)i, cases[i].luid);
        rows[i].PhysicalAddressLength = cases[i].length;
    }
    for (size_t verb = 0; verb < COUNT_OF(verbs); verb++) {
        const LONG calls = standin_calls(), lookups = standin_lookups();

        verbs[verb](NETIO_OWN_NETNS, rows, COUNT_OF(rows), results);
        for (size_t i = 0; i < COUNT_OF(cases); i++)
            CHECK(results[i] == cases[i].result);
        CHECK(standin_lookups() == lookups + 4);
        CHECK(standin_calls() <= calls + 4); /* of the last two rows: replace is Create, Set and Get of one of them */
    }
    standin_answer_once("GetIfEntry2", ERROR_NOT_ENOUGH_MEMORY);
    netio_create(NETIO_OWN_NETNS, rows, 1, results);
    CHECK(results[0] == ERROR_NOT_ENOUGH_MEMORY);
}

/* Replace writes a permanent entry, also if the entry expires between two of its calls. */
static void test_replace(void)
{
    const MIB_IPNET_ROW2 row = row4(1, ETHERNET);

    begin();
    standin_answer_once("CreateIpNetEntry2", ERROR_OBJECT_ALREADY_EXISTS); /* expires before Set */
    CHECK(replace(&row) == NO_ERROR && is_permanent(&row) && standin_unused() == 0);
    standin_answer_once("SetIpNetEntry2", ERROR_NOT_FOUND); /* expires, and is created by another program */
    CHECK(replace(&row) == NO_ERROR && is_permanent(&row) && standin_unused() == 0);
    standin_answer_once("SetIpNetEntry2", 4711);
    CHECK(replace(&row) == 4711);
    standin_answer("CreateIpNetEntry2", ERROR_OBJECT_ALREADY_EXISTS);
    standin_answer("SetIpNetEntry2", ERROR_NOT_FOUND);
    CHECK(replace(&row) == ERROR_OBJECT_ALREADY_EXISTS); /* not for ever */
}

/* A dynamic entry becomes permanent and a deleted one is created, whatever Set and Create answer: both are open. */
static void test_replace_under_every_answer(void)
{
    static const int set_dynamic[] = {0, 1, ERROR_NOT_SUPPORTED, ERROR_NOT_FOUND};
    MIB_IPNET_ROW2 row = row4(1, ETHERNET);

    for (size_t i = 0; i < 2 * COUNT_OF(set_dynamic); i++) {
        begin();
        standin_switch(STANDIN_SET_DYNAMIC, set_dynamic[i / 2]);
        standin_switch(STANDIN_DELETED_ROW_LASTS, i % 2 == 0 ? 0 : 2);
        row.State = NlnsStale;
        add(row);
        row.PhysicalAddress[5]++;
        CHECK(replace(&row) == NO_ERROR && is_permanent(&row));
        CHECK(DeleteIpNetEntry2(&row) == NO_ERROR);
        CHECK(replace(&row) == NO_ERROR && is_permanent(&row));
    }
    begin();
    add(row);
    standin_elevated(0);
    CHECK(replace(&row) == ERROR_ACCESS_DENIED);
}

static DWORD get(MIB_IPNET_ROW2 *row, UCHAR host, const char *name, NET_IFINDEX index, ULONG64 luid)
{
    netio_interface interface;
    DWORD code;

    memset(&interface, 0, sizeof interface);
    strcpy(interface.name, name);
    interface.index = index;
    interface.luid.Value = luid;
    *row = row4(host, UEBERALL); /* the interface in the row is ignored */
    row->InterfaceIndex = 4711;
    code = netio_get(NETIO_OWN_NETNS, &interface, row);
    CHECK(code != NO_ERROR || (strcmp(interface.name, "Ethernet") == 0 && interface.index == 4));
    CHECK(code != NO_ERROR || (row->State == NlnsPermanent && row->InterfaceLuid.Value == ETHERNET));
    return code;
}

static void route_to_ethernet(void)
{
    const MIB_IPNET_ROW2 prefix = row4(0, ETHERNET);

    standin_route(&prefix.Address, 24, &prefix.InterfaceLuid, NULL, 0);
}

static void test_get(void)
{
    MIB_IPNET_ROW2 row = row4(1, ETHERNET);

    begin();
    row.State = NlnsPermanent;
    add(row);
    CHECK(get(&row, 1, "Ethernet", 0, 0) == NO_ERROR);
    CHECK(get(&row, 1, "", 4, 0) == NO_ERROR);
    CHECK(get(&row, 1, "ethernet 9", 7, ETHERNET) == NO_ERROR);
    CHECK(get(&row, 2, "Ethernet", 0, 0) == ERROR_NOT_FOUND);
    CHECK(get(&row, 1, "", 0, UEBERALL) == ERROR_NOT_FOUND);
    CHECK(get(&row, 1, "ethernet 9", 0, 0) == ERROR_FILE_NOT_FOUND);
    CHECK(standin_last(&row) == sizeof row && row.InterfaceLuid.Value == NO_INTERFACE); /* validated by Windows */
    CHECK(get(&row, 1, "", 4712, 0) == ERROR_FILE_NOT_FOUND);
    standin_switch(STANDIN_GET_UNKNOWN_INTERFACE, 1);
    CHECK(get(&row, 1, "ethernet 9", 0, 0) == ERROR_FILE_NOT_FOUND);
    CHECK(get(&row, 1, "", 0, NO_INTERFACE) == ERROR_FILE_NOT_FOUND);
    CHECK(get(&row, 1, "", 0, 0) == ERROR_NETWORK_UNREACHABLE);
    route_to_ethernet();
    CHECK(get(&row, 1, "", 0, 0) == NO_ERROR); /* on the interface of the route */
    CHECK(get(&row, 77, "", 0, 0) == ERROR_NOT_FOUND);
    standin_answer("GetIpNetEntry2", ERROR_INVALID_PARAMETER);
    CHECK(get(&row, 1, "ethernet 9", 0, 0) == ERROR_INVALID_PARAMETER);
    standin_answer("GetIpNetEntry2", NO_ERROR);
    standin_answer("ConvertInterfaceLuidToAlias", ERROR_NOT_ENOUGH_MEMORY);
    CHECK(get(&row, 1, "Ethernet", 0, 0) == ERROR_NOT_ENOUGH_MEMORY);
    CHECK(standin_lookups() == 0); /* GetIfEntry2 queries each driver of the interface */
}

static DWORD get_scoped(const char *name, const char *scope)
{
    netio_interface interface;
    MIB_IPNET_ROW2 row = row4(1, 0);

    memset(&interface, 0, sizeof interface);
    strcpy(interface.name, name);
    strcpy(interface.scope, scope);
    return netio_get(NETIO_OWN_NETNS, &interface, &row);
}

/* A read uses the given interface, otherwise that of the scope, which is an alias or an index. */
static void test_get_by_scope(void)
{
    begin();
    add(row4(1, ETHERNET));
    CHECK(get_scoped("", "4") == NO_ERROR);
    CHECK(get_scoped("", "Ethernet") == NO_ERROR);
    CHECK(get_scoped("Ethernet", "4") == NO_ERROR);
    CHECK(get_scoped("Ethernet", "Ethernet") == NO_ERROR);
    CHECK(get_scoped("", "4711") == ERROR_FILE_NOT_FOUND);
    CHECK(get_scoped("", "99999999999") == ERROR_FILE_NOT_FOUND);
    CHECK(get_scoped("", "4x") == ERROR_FILE_NOT_FOUND);
    CHECK(get_scoped("Ethernet", "4711") == ERROR_INVALID_PARAMETER);
    CHECK(get_scoped("ethernet 9", "4") == ERROR_FILE_NOT_FOUND);
}

static ULONG count_rows_like(const MIB_IPNET_ROW2 *like, ADDRESS_FAMILY family, const NET_LUID *interface, DWORD *code)
{
    MIB_IPNET_TABLE2 *table = NULL;
    netio_interface *interfaces = NULL;
    size_t interface_count = 0;
    ULONG count = 0;

    *code = netio_table(NETIO_OWN_NETNS, family, interface, like, &table, &interfaces, &interface_count);
    if (*code == NO_ERROR) {
        count = table->NumEntries;
        CHECK((interface_count == 0) == (count == 0));
        netio_free(table);
        netio_free(interfaces);
    } else {
        CHECK(table == NULL);
    }
    CHECK(blocks == 0);
    CHECK(standin_tables() == 0);
    return count;
}

static ULONG count_rows(ADDRESS_FAMILY family, const NET_LUID *interface, DWORD *code)
{
    return count_rows_like(NULL, family, interface, code);
}

static void test_filters(void)
{
    const NET_LUID ethernet = {.Value = ETHERNET};
    MIB_IPNET_ROW2 like = row4(1, 0), physical = row4(1, ETHERNET);
    DWORD code;

    begin();
    add(row4(1, ETHERNET));
    add(row4(1, UEBERALL));
    add(row4(2, ETHERNET));
    add(row6(1, ETHERNET));
    memset(&physical.Address, 0, sizeof physical.Address);
    like.PhysicalAddressLength = 0;
    CHECK(count_rows_like(&like, AF_UNSPEC, NULL, &code) == 2 && code == NO_ERROR);
    CHECK(count_rows_like(&like, AF_UNSPEC, &ethernet, &code) == 1 && code == NO_ERROR);
    CHECK(count_rows_like(&like, AF_INET6, NULL, &code) == 0 && code == NO_ERROR);
    CHECK(count_rows_like(&physical, AF_INET, NULL, &code) == 3 && code == NO_ERROR);
    physical.PhysicalAddress[5]++;
    CHECK(count_rows_like(&physical, AF_UNSPEC, NULL, &code) == 0 && code == NO_ERROR);
}

static void test_tables(void)
{
    const NET_LUID ethernet = {.Value = ETHERNET}, unknown = {.Value = NO_INTERFACE}, zero = {.Value = 0};
    DWORD code;

    begin();
    CHECK(count_rows(AF_UNSPEC, NULL, &code) == 0 && code == NO_ERROR);
    CHECK(count_rows(AF_INET, &ethernet, &code) == 0 && code == NO_ERROR);
    add(row4(1, ETHERNET));
    add(row4(2, UEBERALL));
    add(row6(3, ETHERNET));
    CHECK(count_rows(AF_INET, NULL, &code) == 2 && code == NO_ERROR);
    CHECK(count_rows(AF_INET6, NULL, &code) == 1 && code == NO_ERROR);
    CHECK(count_rows(AF_UNSPEC, NULL, &code) == 3 && code == NO_ERROR);
    CHECK(count_rows(AF_UNSPEC, &ethernet, &code) == 2 && code == NO_ERROR);
    CHECK(count_rows(AF_UNSPEC, &unknown, &code) == 0 && code == ERROR_NOT_FOUND);
    CHECK(count_rows(AF_INET, &zero, &code) == 0 && code == ERROR_NOT_FOUND);
    CHECK(count_rows(99, NULL, &code) == 0 && code == ERROR_INVALID_PARAMETER);
    standin_stacks(1, 0);
    CHECK(count_rows(AF_UNSPEC, NULL, &code) == 2 && code == NO_ERROR);
    CHECK(count_rows(AF_INET6, NULL, &code) == 0 && code == ERROR_NOT_SUPPORTED);
    standin_stacks(0, 1);
    CHECK(count_rows(AF_UNSPEC, NULL, &code) == 1 && code == NO_ERROR);
    standin_stacks(0, 0);
    CHECK(count_rows(AF_UNSPEC, NULL, &code) == 0 && code == ERROR_NOT_SUPPORTED);
    standin_stacks(1, 1);
    CHECK(standin_lookups() == 0);
    standin_answer("GetIpNetTable2", ERROR_INVALID_FUNCTION);
    CHECK(count_rows(AF_UNSPEC, NULL, &code) == 0 && code == ERROR_INVALID_FUNCTION);
}

static void test_flush(void)
{
    const NET_LUID ueberall = {.Value = UEBERALL}, unknown = {.Value = NO_INTERFACE};
    MIB_IPNET_ROW2 permanent = row4(9, ETHERNET);
    DWORD code;

    begin();
    permanent.State = NlnsPermanent;
    add(permanent);
    add(row4(1, ETHERNET));
    add(row4(2, UEBERALL));
    CHECK(netio_flush(NETIO_OWN_NETNS, AF_INET, &unknown) == ERROR_NOT_FOUND);
    CHECK(count_rows(AF_INET, NULL, &code) == 3);
    CHECK(netio_flush(NETIO_OWN_NETNS, AF_INET, &ueberall) == NO_ERROR);
    CHECK(count_rows(AF_INET, NULL, &code) == 2);
    CHECK(netio_flush(NETIO_OWN_NETNS, AF_UNSPEC, NULL) == NO_ERROR);
    CHECK(count_rows(AF_INET, NULL, &code) == 1);
    CHECK(netio_flush(NETIO_OWN_NETNS, 99, NULL) == ERROR_INVALID_PARAMETER);
    add(row6(1, ETHERNET));
    standin_stacks(0, 1);
    CHECK(netio_flush(NETIO_OWN_NETNS, AF_UNSPEC, NULL) == NO_ERROR);
    CHECK(netio_flush(NETIO_OWN_NETNS, AF_INET, NULL) == ERROR_NOT_SUPPORTED);
    CHECK(count_rows(AF_INET6, NULL, &code) == 0);
    standin_stacks(1, 0);
    CHECK(netio_flush(NETIO_OWN_NETNS, AF_UNSPEC, NULL) == NO_ERROR);
    standin_stacks(0, 0);
    CHECK(netio_flush(NETIO_OWN_NETNS, AF_UNSPEC, NULL) == ERROR_NOT_SUPPORTED);
    standin_stacks(1, 1);
    standin_answer_once("FlushIpNetTable2", ERROR_NOT_FOUND); /* the interface has no IPv4 */
    CHECK(netio_flush(NETIO_OWN_NETNS, AF_UNSPEC, &ueberall) == NO_ERROR);
    standin_answer_once("FlushIpNetTable2", ERROR_NOT_FOUND);
    CHECK(netio_flush(NETIO_OWN_NETNS, AF_INET, &ueberall) == ERROR_NOT_SUPPORTED);
}

static DWORD find(netio_interface *interface, const char *name, NET_IFINDEX index, ULONG64 luid)
{
    memset(interface, 0, sizeof *interface);
    strcpy(interface->name, name);
    interface->index = index;
    interface->luid.Value = luid;
    return netio_interface_find(NETIO_OWN_NETNS, interface);
}

static void test_interfaces(void)
{
    const NET_LUID ethernet = {.Value = ETHERNET};
    netio_interface *list, found;
    size_t count;

    begin();
    CHECK(netio_interfaces(NETIO_OWN_NETNS, &list, &count) == NO_ERROR && count == 3);
    CHECK(list[0].index == 1 && list[0].physical_address_length == 0);
    CHECK(strcmp(list[2].name, "\xc3\x9c" "berall") == 0 && strcmp(list[2].scope, "7") == 0);
    CHECK(list[2].index == 7 && list[2].luid.Value == UEBERALL && list[2].physical_address_length == 6);
    CHECK(list[2].physical_address[5] == 7 && !(list[2].flags & NETIO_INTERFACE_UP));
    CHECK(list[1].physical_address[5] == 4 && list[1].flags & NETIO_INTERFACE_UP);
    netio_free(list);
    CHECK(blocks == 0 && standin_tables() == 0);
    CHECK(find(&found, "\xc3\x9c" "berall", 0, 0) == NO_ERROR && found.luid.Value == UEBERALL);
    CHECK(find(&found, "Ethernet", 7, 0) == NO_ERROR && found.luid.Value == UEBERALL);
    CHECK(find(&found, "", 7, ETHERNET) == NO_ERROR && found.index == 4 && strcmp(found.name, "Ethernet") == 0);
    standin_index(&ethernet, 21);
    CHECK(find(&found, "", 4, ETHERNET) == NO_ERROR && found.index == 21 && strcmp(found.scope, "21") == 0);
    CHECK(find(&found, "", 0, NO_INTERFACE) == ERROR_FILE_NOT_FOUND);
    CHECK(find(&found, "", 4711, 0) == ERROR_FILE_NOT_FOUND);
    CHECK(find(&found, "", 0, 0) == ERROR_FILE_NOT_FOUND);
    CHECK(find(&found, "ethernet 9", 0, 0) == ERROR_FILE_NOT_FOUND);
    CHECK(find(&found, "\xff\xfe", 0, 0) == ERROR_FILE_NOT_FOUND); /* invalid UTF-8 */
    memset(&found, 0, sizeof found);
    memset(found.name, 'x', sizeof found.name); /* no terminator */
    CHECK(netio_interface_find(NETIO_OWN_NETNS, &found) == ERROR_FILE_NOT_FOUND);
    standin_answer("GetIfEntry2", ERROR_INVALID_PARAMETER);
    CHECK(find(&found, "", 4711, 0) == ERROR_FILE_NOT_FOUND);
    standin_answer("GetIfEntry2", ERROR_NOT_ENOUGH_MEMORY);
    CHECK(find(&found, "Ethernet", 0, 0) == ERROR_NOT_ENOUGH_MEMORY);
    standin_answer("GetIfTable2", ERROR_NOT_ENOUGH_MEMORY);
    CHECK(netio_interfaces(NETIO_OWN_NETNS, &list, &count) == ERROR_NOT_ENOUGH_MEMORY && list == NULL && count == 0);
}

static void add_route(UCHAR host, UCHAR length, ULONG64 luid, UCHAR gateway, NL_ROUTE_PROTOCOL protocol)
{
    const MIB_IPNET_ROW2 prefix = row4(host, luid), router = row4(gateway, luid);

    standin_route(&prefix.Address, length, &prefix.InterfaceLuid, gateway == 0 ? NULL : &router.Address, (int)protocol);
}

static void test_routes(void)
{
    SOCKADDR_INET addresses[6], gateways[6];
    NET_LUID luids[6] = {{0}};
    DWORD results[6];

    begin();
    add_route(0, 25, ETHERNET, 0, RouteProtocolLocal);
    add_route(1, 32, ETHERNET, 0, RouteProtocolLocal);   /* a local address */
    add_route(5, 32, UEBERALL, 0, RouteProtocolNetMgmt); /* by an administrator */
    add_route(128, 25, ETHERNET, 9, RouteProtocolNetMgmt);
    addresses[0] = row4(7, 0).Address;
    addresses[1] = row4(1, 0).Address;
    addresses[2] = row4(5, 0).Address;
    addresses[3] = row4(200, 0).Address;
    addresses[4] = row6(1, 0).Address;
    addresses[5] = row4(0, 0).Address;
    addresses[5].Ipv4.sin_addr.s_addr = htonl(0xe00000fbu); /* 224.0.0.251 */
    memset(gateways, 0xff, sizeof gateways);
    netio_route(NETIO_OWN_NETNS, addresses, luids, gateways, 6, results);
    CHECK(results[0] == NO_ERROR && luids[0].Value == ETHERNET);
    CHECK(results[1] == ERROR_INVALID_PARAMETER && luids[1].Value == 0);
    CHECK(results[2] == NO_ERROR && luids[2].Value == UEBERALL);
    CHECK(results[3] == ERROR_NETWORK_UNREACHABLE && luids[3].Value == ETHERNET);
    CHECK(gateways[3].Ipv4.sin_addr.s_addr == row4(9, 0).Address.Ipv4.sin_addr.s_addr);
    CHECK(results[4] == ERROR_NETWORK_UNREACHABLE && luids[4].Value == 0);
    CHECK(results[5] == ERROR_INVALID_PARAMETER);
    for (size_t i = 0; i < 6; i++)
        CHECK(i == 3 || gateways[i].si_family == 0);
    luids[0].Value = ETHERNET; /* from here on only routes of that interface */
    luids[2].Value = ETHERNET;
    luids[1].Value = UEBERALL;
    netio_route(NETIO_OWN_NETNS, addresses, luids, gateways, 3, results);
    CHECK(results[0] == NO_ERROR && luids[0].Value == ETHERNET);
    CHECK(results[1] == ERROR_NETWORK_UNREACHABLE && luids[1].Value == 0);
    CHECK(results[2] == NO_ERROR && luids[2].Value == ETHERNET);
}

static void test_messages(void)
{
    char text[512], small[8];

    begin();
    netio_message(ERROR_ACCESS_DENIED, text, sizeof text);
    CHECK(strlen(text) > 5 && text[strlen(text) - 1] > ' ');
    netio_message(0x3fffffff, text, sizeof text);
    CHECK(strcmp(text, "Win32 error 1073741823") == 0);
    for (size_t size = 0; size <= sizeof small; size++) {
        memset(small, '#', sizeof small);
        netio_message(ERROR_ACCESS_DENIED, small, size);
        CHECK(size == 0 ? small[0] == '#' : strlen(small) == size - 1);
    }
}

/* Waits until that many results have arrived, at most two seconds. */
static size_t collect(netio_resolver *resolver, size_t *tags, DWORD *results, size_t expected)
{
    const ULONGLONG end = GetTickCount64() + 60000;
    MIB_IPNET_ROW2 rows[8];
    size_t received = 0;

    while (received < expected && GetTickCount64() < end) {
        size_t count = COUNT_OF(rows);

        if (netio_resolver_wait(resolver, 1000, tags + received, rows, results + received, &count) == NO_ERROR)
            received += count;
    }
    return received;
}

static void test_resolver(void)
{
    MIB_IPNET_ROW2 rows[3] = {row4(1, ETHERNET), row4(2, ETHERNET), row4(3, NO_INTERFACE)};
    const SOCKADDR_INET source = row4(77, 0).Address;
    netio_resolver *resolver;
    ULONGLONG start;
    size_t tags[8], count = 1;
    DWORD results[8];

    begin();
    standin_silence(INFINITE);
    standin_host(&rows[0].Address, 0x11, 100);
    CHECK(netio_resolver_open(NETIO_OWN_NETNS, false, &resolver) == NO_ERROR);
    start = GetTickCount64();
    CHECK(netio_resolver_wait(resolver, 60000, tags, rows, results, &count) == WAIT_TIMEOUT && count == 0);
    CHECK(GetTickCount64() - start < 60000);
    CHECK(netio_resolver_submit(resolver, rows, 3, NULL, 40) == NO_ERROR);
    CHECK(collect(resolver, tags, results, 2) == 2);
    CHECK(tags[0] == 42 && results[0] == ERROR_NOT_FOUND);
    CHECK(tags[1] == 40 && results[1] == NO_ERROR);
    standin_silence(0);
    CHECK(collect(resolver, tags, results, 1) == 1);
    CHECK(tags[0] == 41 && results[0] == ERROR_BAD_NET_NAME);
    CHECK(netio_resolver_submit(resolver, rows, 1, &source, 7) == NO_ERROR);
    CHECK(collect(resolver, tags, results, 1) == 1 && tags[0] == 7 && results[0] == ERROR_NOT_FOUND);
    netio_resolver_close(resolver);
    netio_resolver_close(NULL);
    CHECK(reaches_blocks(0));
}

/* A link-local source carries the interface of its row as scope, by LUID, since the index may have changed. */
static void test_link_local_source(void)
{
    MIB_IPNET_ROW2 rows[2] = {row6(1, UEBERALL), row6(1, 0)};
    SOCKADDR_INET source = {.si_family = AF_INET6}, seen;
    netio_resolver *resolver;
    size_t tag;
    DWORD result;

    begin();
    ((UCHAR *)&source.Ipv6.sin6_addr)[0] = 0xfe;
    ((UCHAR *)&source.Ipv6.sin6_addr)[1] = 0x80;
    rows[0].InterfaceIndex = 4711;
    rows[1].InterfaceIndex = 4;
    CHECK(netio_resolver_open(NETIO_OWN_NETNS, false, &resolver) == NO_ERROR);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CHECK(netio_resolver_submit(resolver, &rows[i], 1, &source, 0) == NO_ERROR);
        CHECK(collect(resolver, &tag, &result, 1) == 1);
        CHECK(standin_last_source(&seen) == sizeof seen && seen.Ipv6.sin6_scope_id == (i == 0 ? 7u : 4u));
        CHECK(memcmp(&seen.Ipv6.sin6_addr, &source.Ipv6.sin6_addr, sizeof seen.Ipv6.sin6_addr) == 0);
    }
    netio_resolver_close(resolver);
    CHECK(reaches_blocks(0));
}

/* A permanent entry is the result, unchanged: ResolveIpNetEntry2, which would remove it, is not called. */
static void test_resolve_permanent(void)
{
    MIB_IPNET_ROW2 row = row4(1, ETHERNET);
    netio_resolver *resolver;
    size_t tag;
    DWORD result;

    begin();
    standin_silence(0);
    row.State = NlnsPermanent;
    add(row);
    CHECK(netio_resolver_open(NETIO_OWN_NETNS, false, &resolver) == NO_ERROR);
    CHECK(netio_resolver_submit(resolver, &row, 1, NULL, 7) == NO_ERROR);
    CHECK(collect(resolver, &tag, &result, 1) == 1 && result == NO_ERROR && is_permanent(&row));
    CHECK(standin_resolved() == 0);
    netio_resolver_close(resolver);
    CHECK(reaches_blocks(0));
}

/* Rows with the same key and source share one call of ResolveIpNetEntry2, and each gets its result. */
static void test_duplicates(void)
{
    MIB_IPNET_ROW2 rows[3] = {row4(1, ETHERNET), row4(1, ETHERNET), row4(1, ETHERNET)};
    netio_resolver *resolver;
    size_t tags[8];
    DWORD results[8];

    begin();
    standin_silence(200);
    standin_host(&rows[0].Address, 0x11, 100);
    CHECK(netio_resolver_open(NETIO_OWN_NETNS, false, &resolver) == NO_ERROR);
    CHECK(netio_resolver_fd(resolver) == -1 && netio_resolver_due(resolver) == NETIO_NEVER);
    CHECK(netio_resolver_submit(resolver, rows, 3, NULL, 40) == NO_ERROR);
    CHECK(collect(resolver, tags, results, 3) == 3);
    for (size_t i = 0; i < 3; i++)
        CHECK(results[i] == NO_ERROR);
    CHECK(tags[0] + tags[1] + tags[2] == 40 + 41 + 42);
    CHECK(standin_resolved() == 1);
    netio_resolver_close(resolver);
    CHECK(reaches_blocks(0));
}

/* A wait without room leaves the rows, which are then due. */
static void test_wait_without_room(void)
{
    MIB_IPNET_ROW2 row = row4(1, ETHERNET);
    netio_resolver *resolver;
    size_t tag, none = 0;
    DWORD result;

    begin();
    standin_host(&row.Address, 0x11, 100);
    CHECK(netio_resolver_open(NETIO_OWN_NETNS, false, &resolver) == NO_ERROR);
    CHECK(netio_resolver_submit(resolver, &row, 1, NULL, 0) == NO_ERROR);
    CHECK(netio_resolver_due(resolver) == NETIO_NEVER);
    for (int i = 0; i < 100 && netio_resolver_due(resolver) != 0; i++)
        CHECK(netio_resolver_wait(resolver, 1000, NULL, NULL, NULL, &none) == WAIT_TIMEOUT);
    CHECK(netio_resolver_due(resolver) == 0);
    CHECK(collect(resolver, &tag, &result, 1) == 1);
    CHECK(result == NO_ERROR && netio_resolver_due(resolver) == NETIO_NEVER);
    netio_resolver_close(resolver);
    CHECK(reaches_blocks(0));
}

/* A session with one running call, which ends after the session (close_first) or before it. */
static void test_silence(bool close_first)
{
    MIB_IPNET_ROW2 row = row4(1, ETHERNET);
    netio_resolver *resolver;
    DWORD result = NO_ERROR;
    size_t tag, count = 0;

    begin();
    row.InterfaceIndex = 4;
    standin_silence(INFINITE);
    CHECK(netio_resolver_open(NETIO_OWN_NETNS, false, &resolver) == NO_ERROR);
    CHECK(netio_resolver_submit(resolver, &row, 1, NULL, 0) == NO_ERROR);
    CHECK(reaches_resolving(1) && blocks == 2); /* the session and the row */
    if (!close_first)
        standin_silence(0);
    for (int i = 0; !close_first && count == 0 && i < 1200; i++) {
        count = 1;
        netio_resolver_wait(resolver, 50, &tag, &row, &result, &count);
    }
    CHECK(close_first || result == ERROR_BAD_NET_NAME);
    CHECK(row.InterfaceIndex == 4); /* the key, although the failed call wrote to its row */
    netio_resolver_close(resolver);
    CHECK(!close_first || (standin_resolving() == 1 && blocks == 2));
    standin_silence(0);
    CHECK(reaches_blocks(0));
    CHECK(reaches_resolving(0));
}

/* Results that were not fetched, running calls and calls that had not begun: all memory is freed, none too early. */
static void test_close(void)
{
    MIB_IPNET_ROW2 rows[600];
    netio_resolver *resolver;

    begin();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        rows[i] = row4((UCHAR)(i % 200), ETHERNET);
        ((UCHAR *)&rows[i].Address.Ipv4.sin_addr)[2] = (UCHAR)(i / 200); /* no duplicates */
    }
    standin_silence(INFINITE);
    standin_host(&rows[0].Address, 0x11, 0);
    CHECK(netio_resolver_open(NETIO_OWN_NETNS, false, &resolver) == NO_ERROR);
    CHECK(netio_resolver_submit(resolver, rows, COUNT_OF(rows), NULL, 0) == NO_ERROR);
    CHECK(reaches_resolving(101));
    netio_resolver_close(resolver); /* does not wait for the running calls, which are held */
    CHECK(blocks > 100);            /* the session and the rows of the running calls */
    standin_silence(0);
    CHECK(reaches_blocks(0));
    CHECK(reaches_resolving(0));
    CHECK(standin_resolving_most() <= 256);
    CHECK(standin_resolved() < (LONG)COUNT_OF(rows)); /* the other calls did not begin */
}

static void test_flags(void)
{
    MIB_IPNET_ROW2 row;

    memset(&row, 0, sizeof row);
    row.IsRouter = 1;
    CHECK(row.Flags == NETIO_IS_ROUTER);
    row.Flags = NETIO_IS_UNREACHABLE;
    CHECK(row.IsUnreachable && !row.IsRouter);
}

int main(void)
{
    test_rows();
    test_lengths();
    test_replace();
    test_replace_under_every_answer();
    test_get();
    test_get_by_scope();
    test_tables();
    test_filters();
    test_flush();
    test_interfaces();
    test_routes();
    test_messages();
    test_resolver();
    test_link_local_source();
    test_resolve_permanent();
    test_duplicates();
    test_wait_without_room();
    test_silence(true);
    test_silence(false);
    test_close();
    test_flags();
    begin();
    printf("backend_test: %d passed, %d failed\n", passed, failed);
    return failed != 0;
}
