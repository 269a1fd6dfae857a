/* SPDX-License-Identifier: MIT */
/*
 * Writes the columns of rows from standard input. Each block of memory has exactly the size that columns.h requires,
 * so that the sanitizer detects reads and writes beyond it.
 *
 * A line in:  "fill", the rows as HEX (- if there are none), interfaces as INDEX:NAME:SCOPE, "states", the states.
 * A line out: the columns, each as HEX of its bytes, in the order of netio_columns; - if a column is empty.
 *
 * A line in:  "values", the rows, the offset of a member.
 * A line out: "values", the values of that member.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"

#define MANY 64

static char *next_word(char **rest)
{
    return strtok_r(NULL, " \n", rest);
}

/* Allocates memory of exactly that size. The pattern ensures that no byte is 0 by chance. */
static void *memory(size_t size)
{
    void *block = malloc(size);

    if (block == NULL)
        exit(1);
    memset(block, 0x5a, size);
    return block;
}

static void *copy(const void *from, size_t size)
{
    void *block = memory(size);

    memcpy(block, from, size);
    return block;
}

static MIB_IPNET_ROW2 *read_rows(const char *hex, size_t *count)
{
    const size_t size = *hex == '-' ? 0 : strlen(hex) / 2;
    unsigned char *bytes = memory(size);

    for (size_t i = 0; i < size; i++) {
        const char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

        bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    *count = size / sizeof(MIB_IPNET_ROW2);
    return (MIB_IPNET_ROW2 *)(void *)bytes;
}

static void print_column(void *bytes, size_t size)
{
    printf(" %s", size == 0 ? "-" : "");
    for (size_t i = 0; i < size; i++)
        printf("%02x", ((const unsigned char *)bytes)[i]);
    free(bytes);
}

/* Reads the interfaces up to the word "states"; returns the length of the longest scope. */
static size_t read_interfaces(char **rest, netio_columns *columns)
{
    netio_named interfaces[MANY];
    size_t count = 0, longest = 0;
    const char *word;

    while (count < MANY && (word = next_word(rest)) != NULL && strcmp(word, "states") != 0) {
        const char *scope = strrchr(word, ':') + 1;

        interfaces[count].index = (NET_IFINDEX)strtoul(word, NULL, 10);
        interfaces[count].name = (int32_t)strtol(strchr(word, ':') + 1, NULL, 10);
        interfaces[count++].scope = scope;
        longest = strlen(scope) > longest ? strlen(scope) : longest;
    }
    columns->interface_count = count;
    columns->interfaces = copy(interfaces, count * sizeof *interfaces);
    return longest;
}

static void read_states(char **rest, netio_columns *columns)
{
    uint32_t states[MANY];
    size_t count = 0;
    const char *word;

    while (count < MANY && (word = next_word(rest)) != NULL)
        states[count++] = (uint32_t)strtoul(word, NULL, 10);
    columns->state_count = count;
    columns->states = copy(states, count * sizeof *states);
}

static void make_room(netio_columns *columns, size_t count, size_t longest_scope)
{
    const size_t flags = (count + 7) / 8;

    columns->address_offsets = memory((count + 1) * sizeof *columns->address_offsets);
    columns->address = memory(count * (NETIO_ADDRESS_TEXT + 1 + longest_scope));
    columns->interface = memory(count * sizeof *columns->interface);
    columns->physical_address_offsets = memory((count + 1) * sizeof *columns->physical_address_offsets);
    columns->physical_address = memory(count * NETIO_PHYSICAL_TEXT);
    columns->state = memory(count * sizeof *columns->state);
    columns->is_router = memory(flags);
    memset(columns->is_router, 0, flags);
    columns->is_unreachable = memory(flags);
    memset(columns->is_unreachable, 0, flags);
    columns->reachability_time = memory(count * sizeof *columns->reachability_time);
    columns->interface_index = memory(count * sizeof *columns->interface_index);
    columns->interface_luid = memory(count * sizeof *columns->interface_luid);
}

static void print_columns(const netio_columns *columns, size_t count)
{
    const size_t text = (size_t)columns->address_offsets[count];
    const size_t physical_text = (size_t)columns->physical_address_offsets[count];

    print_column(columns->address_offsets, (count + 1) * sizeof *columns->address_offsets);
    print_column(columns->address, text);
    print_column(columns->interface, count * sizeof *columns->interface);
    print_column(columns->physical_address_offsets, (count + 1) * sizeof *columns->physical_address_offsets);
    print_column(columns->physical_address, physical_text);
    print_column(columns->state, count * sizeof *columns->state);
    print_column(columns->is_router, (count + 7) / 8);
    print_column(columns->is_unreachable, (count + 7) / 8);
    print_column(columns->reachability_time, count * sizeof *columns->reachability_time);
    print_column(columns->interface_index, count * sizeof *columns->interface_index);
    print_column(columns->interface_luid, count * sizeof *columns->interface_luid);
}

static void fill(char **rest)
{
    netio_columns columns;
    size_t count, longest_scope;
    MIB_IPNET_ROW2 *rows = read_rows(next_word(rest), &count);

    longest_scope = read_interfaces(rest, &columns);
    read_states(rest, &columns);
    make_room(&columns, count, longest_scope);
    netio_columns_fill(&columns, rows, count);
    print_columns(&columns, count);
    free((void *)columns.interfaces);
    free((void *)columns.states);
    free(rows);
}

static void list_values(char **rest)
{
    size_t count, found;
    MIB_IPNET_ROW2 *rows = read_rows(next_word(rest), &count);
    uint32_t *values = memory(count * sizeof *values);

    found = netio_column_values(rows, count, strtoul(next_word(rest), NULL, 10), values);
    printf(" values");
    for (size_t i = 0; i < found; i++)
        printf(" %lu", (unsigned long)values[i]);
    free(values);
    free(rows);
}

int main(void)
{
    char *text = NULL;
    size_t room = 0;

    while (getline(&text, &room, stdin) > 0) {
        char *rest = NULL;

        if (strcmp(strtok_r(text, " \n", &rest), "fill") == 0)
            fill(&rest);
        else
            list_values(&rest);
        printf("\n");
        fflush(stdout);
    }
    free(text);
    return 0;
}
