/* SPDX-License-Identifier: MIT */
/*
 * Any sequence of changes of two mirrors, each compared with a plain list of rows, and the differences between them,
 * which make the old one equal to the new one.
 *
 * The input: a byte for the kind of key, then changes: a byte for the change, and the row.
 */
#include <string.h>

#include "inet.h"
#include "input.h"
#include "mirror.h"

#define MOST_ROWS 512 /* the number of keys */
#define MOST_CHANGES 2000
#define COUNTED (MIRROR_STATE | NETIO_IS_ROUTER)

struct list {
    struct mirror *mirror;
    MIB_IPNET_ROW2 rows[MOST_ROWS];
    size_t count;
};

static enum mirror_key key;

static bool has_key(const MIB_IPNET_ROW2 *a, const MIB_IPNET_ROW2 *b)
{
    return inet_equal(&a->Address, &b->Address) && (key == MIRROR_BY_LUID ? a->InterfaceLuid.Value == b->InterfaceLuid.Value
                                                                         : a->InterfaceIndex == b->InterfaceIndex);
}

static bool is_equal(const MIB_IPNET_ROW2 *a, const MIB_IPNET_ROW2 *b)
{
    return has_key(a, b) && a->State == b->State && ((a->Flags ^ b->Flags) & COUNTED) == 0 &&
           a->PhysicalAddressLength == b->PhysicalAddressLength &&
           memcmp(a->PhysicalAddress, b->PhysicalAddress, a->PhysicalAddressLength) == 0;
}

/* 128 addresses on 4 interfaces. */
static void make_row(MIB_IPNET_ROW2 *row)
{
    const uint8_t choice = input_byte(), kind = input_byte();
    unsigned char bytes[16] = {0xfe, 0x80, 0, choice >> 2};

    memset(row, 0, sizeof *row);
    CHECK(inet_set(&row->Address, kind & 1 ? AF_INET6 : AF_INET, bytes, kind & 1 ? 16 : 4));
    row->InterfaceIndex = 1 + (choice & 3);
    row->InterfaceLuid.Value = (ULONG64)6 << 48 | (ULONG64)row->InterfaceIndex << 24;
    row->State = (NL_NEIGHBOR_STATE)(kind >> 1 & 7);
    row->Flags = kind & 16 ? NETIO_IS_ROUTER : NETIO_IS_FOREIGN;
    row->PhysicalAddressLength = kind & 32 ? input_below(IF_MAX_PHYS_ADDRESS_LENGTH + 1) : 6;
    memset(row->PhysicalAddress, kind >> 6, row->PhysicalAddressLength);
}

static MIB_IPNET_ROW2 *find_row(struct list *list, const MIB_IPNET_ROW2 *row)
{
    for (size_t i = 0; i < list->count; i++)
        if (has_key(&list->rows[i], row))
            return &list->rows[i];
    return NULL;
}

static void put(struct list *list, const MIB_IPNET_ROW2 *row)
{
    MIB_IPNET_ROW2 *known = find_row(list, row), before;
    const enum mirror_verdict expected = known == NULL ? MIRROR_ABSENT : is_equal(known, row) ? MIRROR_EQUAL : MIRROR_DIFFERS;

    CHECK(mirror_compare(list->mirror, row) == expected);
    CHECK(mirror_put(list->mirror, row, &before) == expected);
    CHECK(known == NULL || is_equal(known, &before));
    if (known == NULL) {
        CHECK(list->count < MOST_ROWS);
        known = &list->rows[list->count++];
    }
    *known = *row;
}

static void remove_row(struct list *list, const MIB_IPNET_ROW2 *row)
{
    MIB_IPNET_ROW2 *known = find_row(list, row), before;
    UCHAR last[IF_MAX_PHYS_ADDRESS_LENGTH];

    CHECK(mirror_remove(list->mirror, row, &before) == (known != NULL));
    if (known == NULL)
        return;
    CHECK(is_equal(known, &before) && !mirror_find(list->mirror, row, NULL));
    if (known->PhysicalAddressLength != 0) {
        CHECK(mirror_last_physical_address(list->mirror, row, last) == known->PhysicalAddressLength);
        CHECK(memcmp(last, known->PhysicalAddress, known->PhysicalAddressLength) == 0);
    }
    *known = list->rows[--list->count];
}

/* Compares all entries, in two ways. */
static void check(struct list *list)
{
    MIB_IPNET_TABLE2 *table = mirror_table(list->mirror);
    MIB_IPNET_ROW2 row;

    CHECK(table != NULL && table->NumEntries == list->count && mirror_count(list->mirror) == list->count);
    for (size_t i = 0; i < list->count; i++) {
        const MIB_IPNET_ROW2 *known = find_row(list, &table->Table[i]);

        CHECK(known != NULL && is_equal(known, &table->Table[i]));
        CHECK(mirror_find(list->mirror, &list->rows[i], &row) && is_equal(&row, &list->rows[i]));
    }
    free(table);
}

/* Applies each difference to the old list, which then equals the new one. */
static void apply_differences(struct list *old, struct list *fresh)
{
    struct mirror_walk walk = {0};
    MIB_IPNET_ROW2 before, now;
    size_t limit = MOST_CHANGES;

    for (;;) {
        size_t steps = 1 + input_below(8);
        const enum mirror_difference found =
            mirror_next_difference(old->mirror, fresh->mirror, &walk, &steps, &before, &now);

        CHECK(limit-- > 0);
        if (found == MIRROR_END)
            break;
        if (found == MIRROR_REMOVED)
            remove_row(old, &before);
        else if (found != MIRROR_PAUSED)
            put(old, &now);
    }
    check(old);
    CHECK(old->count == fresh->count);
    for (size_t i = 0; i < fresh->count; i++) {
        const MIB_IPNET_ROW2 *known = find_row(old, &fresh->rows[i]);

        CHECK(known != NULL && is_equal(known, &fresh->rows[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct list lists[2];

    input_begin(data, size);
    key = input_byte() & 1 ? MIRROR_BY_LUID : MIRROR_BY_INDEX;
    for (int i = 0; i < 2; i++) {
        lists[i].mirror = mirror_new(key, COUNTED);
        lists[i].count = 0;
        CHECK(lists[i].mirror != NULL);
    }
    for (unsigned i = 0; i < MOST_CHANGES && input_left != 0; i++) {
        const uint8_t choice = input_byte();
        struct list *list = &lists[choice & 1];
        MIB_IPNET_ROW2 row;

        if (choice > 250) {
            apply_differences(&lists[0], &lists[1]);
            continue;
        }
        make_row(&row);
        if (choice & 2)
            remove_row(list, &row);
        else
            put(list, &row);
    }
    check(&lists[1]);
    apply_differences(&lists[0], &lists[1]);
    mirror_free(lists[0].mirror);
    mirror_free(lists[1].mirror);
    return 0;
}
