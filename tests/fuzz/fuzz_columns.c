/* SPDX-License-Identifier: MIT */
/* Columns of rows of any content, in memory of exactly the size that columns.h requires. */
#include <arpa/inet.h>
#include <string.h>

#include "columns.h"
#include "input.h"

#define MOST 16

struct table {
    MIB_IPNET_ROW2 *rows;
    size_t count;
    netio_columns columns;
};

static void make_interfaces(struct table *table, size_t *longest)
{
    const size_t count = 1 + input_below(MOST);
    netio_named *interfaces = input_memory(count * sizeof *interfaces);
    NET_IFINDEX index = 0;

    *longest = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t room = input_below(20);
        char *scope = input_memory(room + 1);

        input_take(scope, room);
        scope[room] = '\0';
        index += 1u + input_byte();
        interfaces[i] = (netio_named){index, (int32_t)input_below((unsigned)count), scope};
        *longest = strlen(scope) > *longest ? strlen(scope) : *longest;
    }
    table->columns.interfaces = interfaces;
    table->columns.interface_count = count;
}

static void make_states(struct table *table)
{
    const size_t count = 1 + input_below(MOST);
    uint32_t *states = input_memory(count * sizeof *states);

    for (size_t i = 0; i < count; i++)
        states[i] = input_byte();
    table->columns.states = states;
    table->columns.state_count = count;
}

/* Random bytes are rarely a known family, interface or zeros in an address, so those are set. */
static void make_rows(struct table *table)
{
    table->count = input_below(40);
    table->rows = input_memory(table->count * sizeof *table->rows);
    for (size_t i = 0; i < table->count; i++) {
        MIB_IPNET_ROW2 *row = &table->rows[i];
        unsigned char *address = (unsigned char *)&row->Address.Ipv6.sin6_addr;
        const uint8_t choice = input_byte();

        input_take(row, sizeof *row);
        if (choice & 1)
            row->InterfaceIndex = table->columns.interfaces[choice % table->columns.interface_count].index;
        if (choice & 2)
            row->Address.si_family = choice & 4 ? AF_INET : AF_INET6;
        if (choice & 8)
            row->PhysicalAddressLength %= 40;
        if (choice & 16)
            memcpy(address, "\xfe\x80", 2);
        if (choice & 32)
            memset(address + (choice >> 6) * 2, 0, 10);
    }
}

static void make_room(struct table *table, size_t longest_scope)
{
    netio_columns *columns = &table->columns;
    const size_t count = table->count, flags = (count + 7) / 8;

    columns->address_offsets = input_memory((count + 1) * sizeof *columns->address_offsets);
    columns->address = input_memory(count * (NETIO_ADDRESS_TEXT + 1 + longest_scope));
    columns->interface = input_memory(count * sizeof *columns->interface);
    columns->physical_address_offsets = input_memory((count + 1) * sizeof *columns->physical_address_offsets);
    columns->physical_address = input_memory(count * NETIO_PHYSICAL_TEXT);
    columns->state = input_memory(count * sizeof *columns->state);
    columns->is_router = memset(input_memory(flags), 0, flags);
    columns->is_unreachable = memset(input_memory(flags), 0, flags);
    columns->reachability_time = input_memory(count * sizeof *columns->reachability_time);
    columns->interface_index = input_memory(count * sizeof *columns->interface_index);
    columns->interface_luid = input_memory(count * sizeof *columns->interface_luid);
}

/* Compares the text with that of the C library, which writes the last 32 bits of some addresses as IPv4. */
static void check_address(const struct table *table, size_t i)
{
    const MIB_IPNET_ROW2 *row = &table->rows[i];
    const size_t start = (size_t)table->columns.address_offsets[i];
    const size_t length = (size_t)table->columns.address_offsets[i + 1] - start;
    const char *scope = memchr(table->columns.address + start, '%', length);
    const size_t bare = scope == NULL ? length : (size_t)(scope - table->columns.address) - start;
    char text[INET6_ADDRSTRLEN] = "", expected[INET6_ADDRSTRLEN];
    struct in6_addr parsed;

    CHECK(length > 0 && bare < sizeof text);
    memcpy(text, table->columns.address + start, bare);
    if (row->Address.si_family == AF_INET) {
        inet_ntop(AF_INET, &row->Address.Ipv4.sin_addr, expected, sizeof expected);
        CHECK(strcmp(text, expected) == 0);
        return;
    }
    CHECK(inet_pton(AF_INET6, text, &parsed) == 1);
    CHECK(memcmp(&parsed, &row->Address.Ipv6.sin6_addr, sizeof parsed) == 0);
    inet_ntop(AF_INET6, &parsed, expected, sizeof expected);
    CHECK(IN6_IS_ADDR_V4MAPPED(&parsed) || IN6_IS_ADDR_V4COMPAT(&parsed) || strcmp(text, expected) == 0);
}

static void check_columns(const struct table *table)
{
    const netio_columns *columns = &table->columns;

    CHECK(columns->address_offsets[0] == 0 && columns->physical_address_offsets[0] == 0);
    for (size_t i = 0; i < table->count; i++) {
        check_address(table, i);
        CHECK(columns->physical_address_offsets[i + 1] >= columns->physical_address_offsets[i]);
        CHECK(columns->state[i] >= 0 && (size_t)columns->state[i] < columns->state_count);
        CHECK(columns->interface[i] >= 0 && (size_t)columns->interface[i] < columns->interface_count);
    }
}

static void check_values(const struct table *table)
{
    uint32_t *values = input_memory(table->count * sizeof *values);
    const size_t offset = input_below(sizeof *table->rows / sizeof *values) * sizeof *values;
    const size_t found = netio_column_values(table->rows, table->count, offset, values);

    CHECK(found <= table->count);
    for (size_t i = 0; i < table->count; i++) {
        uint32_t value;
        size_t place = 0;

        memcpy(&value, (const char *)&table->rows[i] + offset, sizeof value);
        while (place < found && values[place] != value)
            place++;
        CHECK(place < found);
    }
    free(values);
}

static void release(struct table *table)
{
    netio_columns *columns = &table->columns;

    for (size_t i = 0; i < columns->interface_count; i++)
        free((void *)columns->interfaces[i].scope);
    free((void *)columns->interfaces);
    free((void *)columns->states);
    free(columns->address_offsets);
    free(columns->address);
    free(columns->interface);
    free(columns->physical_address_offsets);
    free(columns->physical_address);
    free(columns->state);
    free(columns->is_router);
    free(columns->is_unreachable);
    free(columns->reachability_time);
    free(columns->interface_index);
    free(columns->interface_luid);
    free(table->rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct table table;
    size_t longest_scope;

    input_begin(data, size);
    make_interfaces(&table, &longest_scope);
    make_states(&table);
    make_rows(&table);
    make_room(&table, longest_scope);
    netio_columns_fill(&table.columns, table.rows, table.count);
    check_columns(&table);
    check_values(&table);
    release(&table);
    return 0;
}
