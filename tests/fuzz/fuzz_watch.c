/* SPDX-License-Identifier: MIT */
/*
 * Any sequence of calls on a watch over a fake kernel: notifications about entries and interfaces, lost ones, dumps that
 * are interrupted or fail, and failing allocations. The changes, applied to a list of entries, must always give the table
 * of the watch: an ADDED entry is not in the list, a CHANGED or REMOVED one is there as the change says.
 *
 * The input: a byte with the allocation to fail, one for the kernel's lies, one for the selection, one for the number of
 * keys of entries and the keys, then a byte for each call and the bytes that the kernel reads.
 */
#include <string.h>

#include "fake_kernel.h"
#include "inet.h"
#include "input.h"

#define CALLS 64
#define MOST_KEYS 8
#define MOST_ROWS 4096
#define COUNTED_FLAGS (NETIO_IS_ROUTER | NETIO_IS_UNREACHABLE)

static struct {
    netio_watch *watch;
    MIB_IPNET_ROW2 rows[MOST_ROWS];
    size_t count;
    bool is_known; /* the rows are those of the watch */
} run;

static void check_code(DWORD code)
{
    CHECK((code & ~(DWORD)NETIO_ERRNO) < 6000);
}

static void learn_keys(void)
{
    for (unsigned left = 1 + input_below(MOST_KEYS); left > 0; left--) {
        MIB_IPNET_ROW2 row;
        const uint8_t choice = input_byte();
        unsigned char bytes[16] = {192, 0, 2, choice >> 5};

        if (choice & 2)
            memcpy(bytes, choice & 16 ? "\xfe\x80" : "\x20\x01", 2);
        memset(&row, 0, sizeof row);
        CHECK(inet_set(&row.Address, choice & 2 ? AF_INET6 : AF_INET, bytes, choice & 2 ? 16 : 4));
        row.InterfaceIndex = 1 + (choice >> 2 & 3);
        kernel_learn(&row);
    }
}

static bool has_key(const MIB_IPNET_ROW2 *a, const MIB_IPNET_ROW2 *b)
{
    return a->InterfaceIndex == b->InterfaceIndex && inet_equal(&a->Address, &b->Address);
}

static bool is_equal(const MIB_IPNET_ROW2 *a, const MIB_IPNET_ROW2 *b)
{
    return has_key(a, b) && a->State == b->State && ((a->Flags ^ b->Flags) & COUNTED_FLAGS) == 0 &&
           a->PhysicalAddressLength == b->PhysicalAddressLength &&
           memcmp(a->PhysicalAddress, b->PhysicalAddress, a->PhysicalAddressLength) == 0;
}

static MIB_IPNET_ROW2 *find_row(const MIB_IPNET_ROW2 *key)
{
    for (size_t i = 0; i < run.count; i++)
        if (has_key(&run.rows[i], key))
            return &run.rows[i];
    return NULL;
}

/* Compares the table of the watch with the rows, or takes it as the rows if they are not known. */
static void read_table(void)
{
    MIB_IPNET_TABLE2 *table = NULL;
    netio_interface *interfaces = NULL;
    size_t count = 0;
    const DWORD code = netio_watch_table(run.watch, &table, &interfaces, &count);

    check_code(code);
    CHECK((code == NO_ERROR) == (table != NULL));
    if (code != NO_ERROR)
        return;
    CHECK(table->NumEntries <= MOST_ROWS && (!run.is_known || table->NumEntries == run.count));
    for (size_t i = 0; i < table->NumEntries; i++) {
        const MIB_IPNET_ROW2 *known = run.is_known ? find_row(&table->Table[i]) : NULL;

        CHECK(!run.is_known || (known != NULL && is_equal(known, &table->Table[i])));
        if (!run.is_known)
            run.rows[i] = table->Table[i];
    }
    run.count = table->NumEntries;
    run.is_known = true;
    netio_free(table);
    netio_free(interfaces);
}

static size_t apply(const netio_change *change, const MIB_IPNET_ROW2 *row)
{
    MIB_IPNET_ROW2 *known = find_row(row);

    CHECK(change->last_physical_address_length <= IF_MAX_PHYS_ADDRESS_LENGTH);
    switch (change->kind) {
    case NETIO_ADDED:
        CHECK(known == NULL && run.count < MOST_ROWS);
        run.rows[run.count++] = row[0];
        return 1;
    case NETIO_CHANGED:
        CHECK(known != NULL && is_equal(known, &row[0]) && has_key(&row[0], &row[1]) && !is_equal(&row[0], &row[1]));
        *known = row[1];
        return 2;
    default:
        CHECK(change->kind == NETIO_REMOVED && known != NULL && is_equal(known, row));
        *known = run.rows[--run.count];
        return 1;
    }
}

static void read_changes(size_t room)
{
    netio_change *changes = input_memory(room * sizeof *changes);
    MIB_IPNET_ROW2 *rows = input_memory(2 * room * sizeof *rows);
    size_t count = 0, place = 0;
    const DWORD code = netio_watch_read(run.watch, room, changes, rows, &count);

    check_code(code);
    CHECK(count <= room && (code == NO_ERROR || count == 0));
    for (size_t i = 0; i < count; i++) {
        CHECK(changes[i].kind <= NETIO_RESYNC);
        if (changes[i].kind != NETIO_RESYNC)
            place += run.is_known ? apply(&changes[i], &rows[place]) : 0;
    }
    free(changes);
    free(rows);
}

static void read_interface(void)
{
    netio_interface interface = {.index = 1 + input_below(8)};

    check_code(netio_watch_interface(run.watch, &interface));
    CHECK(memchr(interface.name, '\0', sizeof interface.name) != NULL);
    CHECK(memchr(interface.scope, '\0', sizeof interface.scope) != NULL);
    (void)netio_watch_names(run.watch);
}

static void call(uint8_t choice)
{
    switch (choice % 8) {
    case 0:
        read_table();
        break;
    case 1:
        read_interface();
        break;
    case 2:
        netio_watch_wake(run.watch);
        CHECK(netio_watch_fd(run.watch) >= 0);
        break;
    default:
        read_changes(NETIO_WATCH_ROOM + (choice >> 3));
    }
}

static void open_watch(void)
{
    static const ADDRESS_FAMILY families[] = {AF_UNSPEC, AF_INET, AF_INET6, AF_UNSPEC};
    const uint8_t choice = input_byte();
    const NET_LUID luid = {.Value = (ULONG64)6 << 48 | (ULONG64)(1 + (choice >> 2 & 3)) << 24};
    DWORD code;

    learn_keys();
    kernel_dump_learned();
    run.count = 0;
    run.is_known = choice & 32;
    code = netio_watch_open(NETIO_OWN_NETNS, families[choice & 3], choice & 16 ? &luid : NULL, choice & 32,
                            choice & 64 ? 4096 : 0, &run.watch);
    check_code(code);
    CHECK((code == NO_ERROR) == (run.watch != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t failing;

    input_begin(data, size);
    failing = input_byte();
    kernel_begin(input_byte() & 1, failing > 60 ? 0 : failing);
    open_watch();
    for (unsigned i = 0; run.watch != NULL && i < CALLS && input_left != 0; i++) {
        if (!run.is_known)
            read_table();
        call(input_byte());
    }
    if (run.watch != NULL)
        read_table();
    netio_watch_close(run.watch);
    run.watch = NULL;
    CHECK(kernel_open_sockets() == 0);
    return 0;
}
