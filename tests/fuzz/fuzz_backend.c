/* SPDX-License-Identifier: MIT */
/*
 * Any sequence of calls of the backend interface over a fake kernel, with failing system calls and allocations. Each
 * result must be a code of the interface, each row must have exactly one, and no socket or memory may stay behind.
 *
 * The input: a byte with the allocation to fail, one for the kernel's lies, then calls: a byte for the function, one for
 * the number of rows, the rows, and the bytes that the kernel reads.
 */
#include <string.h>

#include "detail.h"
#include "fake_kernel.h"
#include "input.h"

#define CALLS 16
#define TAGS 600
#define NO_RESULT 0xdeadbeefu

struct calls {
    MIB_IPNET_ROW2 *rows;
    size_t count;
    DWORD *results;
    uint8_t choice;
    netio_resolver *resolver;
    size_t tags;        /* submitted to the resolver */
    bool returned[TAGS];
};

static void check_code(DWORD code)
{
    CHECK(code != NO_RESULT);
    CHECK((code & ~(DWORD)NETIO_ERRNO) < 6000);
}

static void check_results(const struct calls *calls)
{
    for (size_t i = 0; i < calls->count; i++)
        check_code(calls->results[i]);
}

static NET_LUID luid_of(NET_IFINDEX index)
{
    return (NET_LUID){.Value = (ULONG64)6 << 48 | (ULONG64)index << 24};
}

/* Few addresses on few interfaces, so that rows meet the kernel's replies and each other. */
static void make_row(MIB_IPNET_ROW2 *row)
{
    static const unsigned char ip4[] = {192, 0, 2}, ip6[] = {0x20, 1, 0xd, 0xb8}, link_local[] = {0xfe, 0x80};
    const uint8_t choice = input_byte();
    unsigned char *address = (unsigned char *)&row->Address.Ipv6.sin6_addr;

    memset(row, 0, sizeof *row);
    if (choice & 1) {
        row->Address.si_family = AF_INET;
        address = (unsigned char *)&row->Address.Ipv4.sin_addr;
        memcpy(address, ip4, sizeof ip4);
        address[3] = (unsigned char)input_below(6);
    } else {
        row->Address.si_family = AF_INET6;
        memcpy(address, choice & 2 ? link_local : ip6, choice & 2 ? sizeof link_local : sizeof ip6);
        address[15] = (unsigned char)input_below(6);
    }
    row->InterfaceIndex = 1 + (choice >> 4 & 3);
    row->PhysicalAddressLength = 6;
    row->PhysicalAddress[5] = input_byte();
    if (choice & 8)
        row->InterfaceLuid = luid_of(row->InterfaceIndex);
    if (choice == 0xc8)
        row->Address.si_family = input_byte();
    if (choice == 0xca)
        row->PhysicalAddressLength = input_byte();
    kernel_learn(row);
}

static void call_get(struct calls *calls)
{
    netio_interface interface;
    netio_linux_detail detail;

    memset(&interface, 0, sizeof interface);
    if (calls->choice & 0x40)
        interface.index = 1 + (calls->choice & 3);
    else if (calls->choice & 0x80)
        memset(interface.name, 'x', input_byte());
    if (input_below(2))
        check_code(netio_get(NETIO_OWN_NETNS, &interface, calls->rows));
    else
        check_code(netio_linux_get(NETIO_OWN_NETNS, &interface, input_below(2), calls->rows, &detail));
    CHECK(memchr(interface.name, '\0', sizeof interface.name) != NULL);
}

static void call_table(struct calls *calls)
{
    const NET_LUID luid = luid_of(1 + (calls->choice & 3));
    const NET_LUID *selected = calls->choice & 0x40 ? &luid : NULL;
    static const ADDRESS_FAMILY families[] = {AF_UNSPEC, AF_INET, AF_INET6, 99};
    const ADDRESS_FAMILY family = families[input_below(4)];
    MIB_IPNET_TABLE2 *table = NULL;
    netio_linux_detail *details = NULL;
    netio_interface *interfaces = NULL;
    size_t count = 0;
    DWORD code;

    if (input_below(2))
        code = netio_table(NETIO_OWN_NETNS, family, selected, calls->choice & 0x80 ? calls->rows : NULL, &table,
                           &interfaces, &count);
    else
        code = netio_linux_table(NETIO_OWN_NETNS, family, selected, calls->choice & 0x20 ? &luid : NULL,
                                 input_below(2), &table, &details, &interfaces, &count);
    check_code(code);
    CHECK(code != NO_ERROR || table != NULL);
    for (size_t i = 0; table != NULL && i < table->NumEntries; i++)
        CHECK(table->Table[i].PhysicalAddressLength <= sizeof table->Table[i].PhysicalAddress);
    netio_free(table);
    netio_free(details);
    netio_free(interfaces);
}

static void call_lists(struct calls *calls)
{
    netio_interface *interfaces;
    netio_address *addresses;
    size_t count;
    DWORD code;

    if (calls->choice & 0x40) {
        code = netio_interfaces(NETIO_OWN_NETNS, &interfaces, &count);
        CHECK(code == NO_ERROR || (interfaces == NULL && count == 0));
        netio_free(interfaces);
    } else {
        code = netio_addresses(NETIO_OWN_NETNS, &addresses, &count);
        CHECK(code == NO_ERROR || (addresses == NULL && count == 0));
        netio_free(addresses);
    }
    check_code(code);
}

static void call_route(struct calls *calls)
{
    SOCKADDR_INET *destinations = input_memory(calls->count * sizeof *destinations);
    SOCKADDR_INET *gateways = input_memory(calls->count * sizeof *gateways);
    NET_LUID *interfaces = input_memory(calls->count * sizeof *interfaces);

    for (size_t i = 0; i < calls->count; i++) {
        destinations[i] = calls->rows[i].Address;
        interfaces[i].Value = calls->choice & 0x40 ? calls->rows[i].InterfaceLuid.Value : 0;
    }
    netio_route(NETIO_OWN_NETNS, destinations, interfaces, gateways, calls->count, calls->results);
    check_results(calls);
    for (size_t i = 0; i < calls->count; i++)
        CHECK(calls->results[i] != NO_ERROR || (interfaces[i].Value != 0 && gateways[i].si_family == 0));
    free(destinations);
    free(gateways);
    free(interfaces);
}

static void call_message(struct calls *calls)
{
    const size_t size = 1 + input_below(200);
    char *text = input_memory(size);

    netio_message(calls->choice & 0x40 ? ERROR_NO_SYSTEM_RESOURCES : input_byte(), text, size);
    CHECK(memchr(text, '\0', size) != NULL);
    free(text);
}

static void call_details(struct calls *calls)
{
    netio_linux_detail *details = input_memory(calls->count * sizeof *details);

    for (size_t i = 0; i < calls->count; i++)
        input_take(&details[i], sizeof *details);
    if (calls->choice & 0x40)
        netio_linux_probe(NETIO_OWN_NETNS, calls->rows, calls->count, calls->results);
    else
        netio_linux_write(NETIO_OWN_NETNS, (netio_linux_verb)input_below(3), calls->rows, details, calls->count,
                          calls->results);
    check_results(calls);
    free(details);
}

static void close_resolver(struct calls *calls)
{
    netio_resolver_close(calls->resolver);
    calls->resolver = NULL;
    calls->tags = 0;
    memset(calls->returned, 0, sizeof calls->returned);
}

static void open_or_submit(struct calls *calls)
{
    SOCKADDR_INET source = calls->rows[0].Address;
    DWORD code;

    if (calls->resolver == NULL) {
        code = netio_resolver_open(NETIO_OWN_NETNS, calls->choice & 0x40, &calls->resolver);
        CHECK((code == NO_ERROR) == (calls->resolver != NULL));
        check_code(code);
    }
    if (calls->resolver == NULL || calls->tags + calls->count > TAGS)
        return;
    check_code(netio_resolver_submit(calls->resolver, calls->rows, calls->count,
                                     calls->choice & 0x80 ? &source : NULL, calls->tags));
    calls->tags += calls->count;
}

static void wait_for_rows(struct calls *calls)
{
    size_t tags[5], count = 1 + input_below(5);
    MIB_IPNET_ROW2 rows[5];
    DWORD results[5], code;

    if (calls->resolver == NULL)
        return;
    (void)netio_resolver_fd(calls->resolver);
    (void)netio_resolver_due(calls->resolver);
    code = netio_resolver_wait(calls->resolver, input_byte(), tags, rows, results, &count);
    check_code(code);
    CHECK(code != NO_ERROR || count > 0);
    for (size_t i = 0; code == NO_ERROR && i < count; i++) {
        CHECK(tags[i] < calls->tags && !calls->returned[tags[i]]);
        calls->returned[tags[i]] = true;
        check_code(results[i]);
        CHECK(rows[i].PhysicalAddressLength <= sizeof rows[i].PhysicalAddress || results[i] != NO_ERROR);
    }
}

static void call_write(struct calls *calls, void (*write)(int, const MIB_IPNET_ROW2 *, size_t, DWORD *))
{
    write(NETIO_OWN_NETNS, calls->rows, calls->count, calls->results);
    check_results(calls);
}

static void call(struct calls *calls)
{
    switch (calls->choice % 14) {
    case 0: call_write(calls, netio_create); break;
    case 1: call_write(calls, netio_set); break;
    case 2: call_write(calls, netio_replace); break;
    case 3: call_write(calls, netio_delete); break;
    case 4: call_get(calls); break;
    case 5: call_table(calls); break;
    case 6: check_code(netio_flush(NETIO_OWN_NETNS, AF_UNSPEC, NULL)); break;
    case 7: call_lists(calls); break;
    case 8: call_route(calls); break;
    case 9: call_message(calls); break;
    case 10: call_details(calls); break;
    case 11: open_or_submit(calls); break;
    case 12: wait_for_rows(calls); break;
    default:
        if (calls->choice & 0x40)
            close_resolver(calls);
        else
            wait_for_rows(calls);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct calls calls = {.resolver = NULL};
    uint8_t failing;

    input_begin(data, size);
    failing = input_byte();
    kernel_begin(input_byte() & 1, failing > 40 ? 0 : failing);
    for (unsigned i = 0; i < CALLS && input_left != 0; i++) {
        uint8_t number;

        calls.choice = input_byte();
        number = input_byte();
        calls.count = number < 248 ? 1u + number % 9 : 126u + number % 8; /* around a full batch */
        calls.rows = input_memory(calls.count * sizeof *calls.rows);
        calls.results = input_memory(calls.count * sizeof *calls.results);
        for (size_t row = 0; row < calls.count; row++) {
            make_row(&calls.rows[row]);
            calls.results[row] = NO_RESULT;
        }
        call(&calls);
        free(calls.rows);
        free(calls.results);
        CHECK(kernel_open_sockets() == 0 || calls.resolver != NULL);
    }
    netio_resolver_close(calls.resolver);
    CHECK(kernel_open_sockets() == 0);
    return 0;
}
