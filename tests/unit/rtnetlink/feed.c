/* SPDX-License-Identifier: MIT */
/*
 * Feeds the reader of rtnetlink answers and the parser of neighbour messages from standard input, no kernel behind.
 *
 * A line in:  the sequence number of the request, then datagrams, each as SENDER:HEX, or 0 and the errno of a failure.
 * A line out: the rows, each as the hex of a MIB_IPNET_ROW2, then the reader's result.
 *
 * A line in:  "write" or "get", the sequence number of a batch's first request, their count, then datagrams.
 * A line out: the rows of a get, each as PLACE:HEX, then "results" and one of each request, then how many datagrams
 *             were left unread.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neighbor.h"
#include "rtnl.h"

struct line {
    char *rest;
};

static unsigned hex_digit(char digit)
{
    return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)(digit - 'a' + 10);
}

/* Like a socket with MSG_TRUNC: copies what fits, returns the whole length; no datagram left: -ETIMEDOUT. */
static ssize_t receive(void *source, void *buffer, size_t size, uint32_t *sender)
{
    struct line *line = source;
    char *word = strtok_r(NULL, " \n", &line->rest);
    const char *hex = word == NULL ? NULL : strchr(word, ':');
    size_t length;

    if (word == NULL)
        return -ETIMEDOUT;
    if (hex == NULL)
        return -(ssize_t)strtoul(word, NULL, 10);
    *sender = (uint32_t)strtoul(word, NULL, 10);
    length = strlen(++hex) / 2;
    for (size_t i = 0; i < length && i < size; i++)
        ((unsigned char *)buffer)[i] = (unsigned char)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    return (ssize_t)length;
}

/* Parses a copy that ends where the message ends, so that the sanitizer sees a read beyond it. */
static int parse(const struct nlmsghdr *message, MIB_IPNET_ROW2 *row)
{
    struct nlmsghdr *copy = malloc(message->nlmsg_len);
    int error;

    if (copy == NULL)
        return -ENOMEM;
    memcpy(copy, message, message->nlmsg_len);
    error = neighbor_parse(copy, row);
    free(copy);
    return error;
}

static void print_row(const MIB_IPNET_ROW2 *row)
{
    for (size_t i = 0; i < sizeof *row; i++)
        printf("%02x", ((const unsigned char *)row)[i]);
}

static int visit(void *visitor, const struct nlmsghdr *message)
{
    MIB_IPNET_ROW2 row;
    int error;

    (void)visitor;
    if (neighbor_is_foreign(message))
        return 0;
    error = parse(message, &row);
    if (error == 0) {
        putchar(' ');
        print_row(&row);
    }
    return error;
}

static int visit_place(void *visitor, size_t place, const struct nlmsghdr *message)
{
    MIB_IPNET_ROW2 row;
    const int error = parse(message, &row);

    (void)visitor;
    if (error == 0) {
        printf(" %zu:", place);
        print_row(&row);
    }
    return error;
}

static void feed_batch(struct line *line, rtnl_visit_place *visitor)
{
    const unsigned long first = strtoul(strtok_r(NULL, " \n", &line->rest), NULL, 10);
    const size_t count = strtoul(strtok_r(NULL, " \n", &line->rest), NULL, 10);
    int *results = malloc(count * sizeof *results); /* exactly so many: the sanitizer sees a write beyond them */
    unsigned left = 0;

    if (results == NULL)
        exit(1);
    rtnl_read_batch(receive, line, (uint32_t)first, count, results, visitor, NULL);
    printf(" results");
    for (size_t i = 0; i < count; i++)
        printf(" %d", results[i]);
    while (strtok_r(NULL, " \n", &line->rest) != NULL)
        left++;
    printf(" %u\n", left);
    free(results);
}

int main(void)
{
    char *text = NULL;
    size_t room = 0;

    while (getline(&text, &room, stdin) > 0) {
        struct line line = {NULL};
        const char *word = strtok_r(text, " \n", &line.rest);

        if (strcmp(word, "write") == 0)
            feed_batch(&line, NULL);
        else if (strcmp(word, "get") == 0)
            feed_batch(&line, visit_place);
        else
            printf(" %d\n", rtnl_read_answer(receive, &line, (uint32_t)strtoul(word, NULL, 10), visit, NULL));
        fflush(stdout);
    }
    free(text);
    return 0;
}
