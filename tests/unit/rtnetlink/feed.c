/* SPDX-License-Identifier: MIT */
/*
 * Feeds the reader of rtnetlink replies and the parser of neighbour messages from standard input, without a kernel.
 *
 * A line in:  "all", "one" or "none" for the request: a dump, a query of one entry, a removal; its sequence number,
 *             then datagrams, each as SENDER:HEX, or the errno of a failed read.
 * A line out: the rows, each as the hex of a MIB_IPNET_ROW2, then the reader's result.
 *
 * A line in:  "write" or "get", the sequence number of a batch's first request, their count, then datagrams.
 * A line out: the rows of a get, each as PLACE:HEX, then "results" and one for each request, then the number of
 *             unread datagrams.
 *
 * A line in:  "dump", then the datagrams that a socket has for a dump, each as HEX.
 * A line out: "restart" for each attempt, followed by its rows, then "requests", the type, the flags and the sequence
 *             number of each request, "result" and that of the dump.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "neighbor.h"
#include "rtnl.h"

struct line {
    char *rest;
};

static unsigned hex_digit(char digit)
{
    return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)(digit - 'a' + 10);
}

static void write_bytes(const char *hex, unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
}

/* Like recv() with MSG_TRUNC: copies what fits and returns the whole length; -ETIMEDOUT if no datagram is left. */
static ssize_t receive(void *source, const unsigned char **data, uint32_t *sender)
{
    static _Alignas(NLMSG_ALIGNTO) unsigned char buffer[RTNL_BUFFER_SIZE];
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
    write_bytes(hex, buffer, length < sizeof buffer ? length : sizeof buffer);
    *data = buffer;
    return (ssize_t)length;
}

/* Parses a copy that ends with the message, so that the sanitizer detects reads beyond it. */
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
    if (neighbor_is_ignored(message, false))
        return 0;
    error = parse(message, &row);
    if (error == 0) {
        putchar(' ');
        print_row(&row);
    }
    return error;
}

static void feed_reply(struct line *line, uint16_t type, uint16_t flags)
{
    struct nlmsghdr request = {.nlmsg_type = type, .nlmsg_flags = flags};

    request.nlmsg_seq = (uint32_t)strtoul(strtok_r(NULL, " \n", &line->rest), NULL, 10);
    printf(" %d\n", rtnl_read_reply(receive, line, &request, type == RTM_GETNEIGH ? visit : NULL, NULL));
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
    struct nlmsghdr first = {.nlmsg_type = visitor == NULL ? RTM_NEWNEIGH : RTM_GETNEIGH};
    const char *sequence = strtok_r(NULL, " \n", &line->rest);
    const size_t count = strtoul(strtok_r(NULL, " \n", &line->rest), NULL, 10);
    int *results = malloc(count * sizeof *results); /* exactly this size: the sanitizer detects writes beyond it */
    unsigned left = 0;

    if (results == NULL)
        exit(1);
    first.nlmsg_seq = (uint32_t)strtoul(sequence, NULL, 10);
    rtnl_read_replies(receive, line, &first, count, results, visitor, NULL);
    printf(" results");
    for (size_t i = 0; i < count; i++)
        printf(" %d", results[i]);
    while (strtok_r(NULL, " \n", &line->rest) != NULL)
        left++;
    printf(" %u\n", left);
    free(results);
}

static void restart(void *visitor)
{
    (void)visitor;
    printf(" restart");
}

/* Opens a pair of sockets, of which one stands for the kernel: it has sent all replies before the first request. */
static void open_with_replies(struct line *line, int pair[2])
{
    const char *hex;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
        exit(1);
    while ((hex = strtok_r(NULL, " \n", &line->rest)) != NULL) {
        unsigned char bytes[4096];
        const size_t size = strlen(hex) / 2;

        if (size > sizeof bytes)
            exit(1);
        write_bytes(hex, bytes, size);
        if (send(pair[1], bytes, size, MSG_DONTWAIT) != (ssize_t)size)
            exit(1);
    }
}

static void print_requests(int fd)
{
    struct rtnl_request request;
    const struct nlmsghdr *header = &request.message.header;

    while (recv(fd, &request.message, sizeof request.message, MSG_DONTWAIT) >= (ssize_t)sizeof *header)
        printf(" %u:%u:%u", (unsigned)header->nlmsg_type, (unsigned)header->nlmsg_flags, (unsigned)header->nlmsg_seq);
}

static void feed_dump(struct line *line)
{
    const struct ndmsg fixed = {.ndm_family = AF_UNSPEC};
    struct rtnl_request request;
    struct rtnl_socket sock = {.buffer = malloc(RTNL_BUFFER_SIZE)};
    int pair[2], result;

    if (sock.buffer == NULL)
        exit(1);
    open_with_replies(line, pair);
    sock.fd = pair[0];
    rtnl_begin(&request, RTM_GETNEIGH, NLM_F_DUMP, &fixed, sizeof fixed);
    result = rtnl_dump(&sock, &request, restart, visit, NULL);
    printf(" requests");
    print_requests(pair[1]);
    printf(" result %d\n", result);
    rtnl_close(&sock);
    close(pair[1]);
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
        else if (strcmp(word, "dump") == 0)
            feed_dump(&line);
        else if (strcmp(word, "one") == 0)
            feed_reply(&line, RTM_GETNEIGH, 0);
        else if (strcmp(word, "none") == 0)
            feed_reply(&line, RTM_DELNEIGH, NLM_F_ACK);
        else
            feed_reply(&line, RTM_GETNEIGH, NLM_F_DUMP);
        fflush(stdout);
    }
    free(text);
    return 0;
}
