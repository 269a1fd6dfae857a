/* SPDX-License-Identifier: MIT */
/*
 * Applies operations from standard input to two mirrors, 0 and 1.
 *
 * A line in:  "index" or "luid", the mask of what counts, then operations, each as LETTER, MIRROR and ":HEX" of a row:
 *             p put, r remove, f find, c compare, l last physical address; "d" finds the differences from mirror 0 to
 *             mirror 1 and applies them to mirror 0; "t" and a mirror copies it. A limit of steps for d follows it.
 * A line out: for p "VERDICT:BEFORE", r and f "FOUND:ROW", c "VERDICT", l HEX or "-", for d each difference as
 *             "DIFFERENCE:BEFORE:NOW", then "pauses" and their number, for t "table" and the rows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mirror.h"

/* Reads a row from its hex digits; ends the program if they are not as many as a row has. */
static void read_row(const char *hex, MIB_IPNET_ROW2 *row)
{
    unsigned char bytes[sizeof *row];

    if (strlen(hex) != 2 * sizeof bytes)
        exit(1);
    for (size_t i = 0; i < sizeof bytes; i++) {
        const char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

        bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    memcpy(row, bytes, sizeof bytes);
}

static void print_hex(const void *data, size_t size)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < size; i++)
        printf("%02x", bytes[i]);
}

static void print_row(const MIB_IPNET_ROW2 *row)
{
    putchar(':');
    print_hex(row, sizeof *row);
}

static void apply(struct mirror *old_table, enum mirror_difference difference, const MIB_IPNET_ROW2 *before,
                  const MIB_IPNET_ROW2 *now)
{
    if (difference == MIRROR_REMOVED)
        mirror_remove(old_table, before, NULL);
    else
        mirror_put(old_table, now, NULL);
}

static void print_differences(struct mirror *mirrors[2], size_t limit)
{
    struct mirror_walk walk = {0};
    MIB_IPNET_ROW2 before, now;
    unsigned pauses = 0;

    for (;;) {
        size_t steps = limit;
        const enum mirror_difference difference =
            mirror_next_difference(mirrors[0], mirrors[1], &walk, &steps, &before, &now);

        if (difference == MIRROR_END)
            break;
        if (difference == MIRROR_PAUSED) {
            pauses++;
            continue;
        }
        printf("%d", difference);
        print_row(&before);
        print_row(&now);
        putchar(' ');
        apply(mirrors[0], difference, &before, &now);
    }
    printf("pauses %u ", pauses);
}

static void print_table(const struct mirror *mirror)
{
    MIB_IPNET_TABLE2 *table = mirror_table(mirror);

    if (table == NULL || table->NumEntries != mirror_count(mirror))
        exit(1);
    printf("table");
    for (size_t i = 0; i < table->NumEntries; i++) {
        putchar(' ');
        print_hex(&table->Table[i], sizeof table->Table[i]);
    }
    putchar(' ');
    free(table);
}

static void operate(struct mirror *mirror, char letter, const char *hex)
{
    UCHAR physical[IF_MAX_PHYS_ADDRESS_LENGTH];
    MIB_IPNET_ROW2 row, found;
    ULONG length;

    memset(&found, 0, sizeof found);
    read_row(hex, &row);
    switch (letter) {
    case 'p':
        printf("%d", mirror_put(mirror, &row, &found));
        print_row(&found);
        break;
    case 'r':
    case 'f':
        printf("%d", letter == 'r' ? mirror_remove(mirror, &row, &found) : mirror_find(mirror, &row, &found));
        print_row(&found);
        break;
    case 'c':
        printf("%d", mirror_compare(mirror, &row));
        break;
    default:
        length = mirror_last_physical_address(mirror, &row, physical);
        print_hex(physical, length);
        if (length == 0)
            putchar('-');
    }
    putchar(' ');
}

static void handle(char *line)
{
    char *rest = NULL, *word = strtok_r(line, " \n", &rest);
    const enum mirror_key key = word != NULL && strcmp(word, "luid") == 0 ? MIRROR_BY_LUID : MIRROR_BY_INDEX;
    const char *mask = strtok_r(NULL, " \n", &rest);
    const unsigned counts = mask == NULL ? 0 : (unsigned)strtoul(mask, NULL, 10);
    struct mirror *mirrors[2] = {mirror_new(key, counts), mirror_new(key, counts)};

    if (mirrors[0] == NULL || mirrors[1] == NULL)
        exit(1);
    while ((word = strtok_r(NULL, " \n", &rest)) != NULL) {
        if (*word == 'd')
            print_differences(mirrors, (size_t)strtoul(word + 1, NULL, 10));
        else if (*word == 't')
            print_table(mirrors[word[1] == '1']);
        else
            operate(mirrors[word[1] == '1'], word[0], word + 3);
    }
    putchar('\n');
    fflush(stdout);
    mirror_free(mirrors[0]);
    mirror_free(mirrors[1]);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, stdin) > 0)
        handle(line);
    free(line);
    return 0;
}
