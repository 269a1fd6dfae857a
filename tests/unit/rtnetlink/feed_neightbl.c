/* SPDX-License-Identifier: MIT */
/*
 * Feeds the functions on neighbour table messages from standard input, without a kernel.
 *
 * A line in:  "parse", the hex of a message.
 * A line out: the result, whether it is the message of a table, the hex of a netio_linux_neightbl and of a
 *             netio_linux_parameters, each with all bytes 0 before.
 *
 * A line in:  "request", a family, the hex of a netio_linux_neightbl or -, the hex of a netio_linux_parameters.
 * A line out: whether the request is too long, and its hex.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neightbl.h"

static unsigned hex_digit(char digit)
{
    return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)(digit - 'a' + 10);
}

static void read_bytes(const char *hex, void *bytes, size_t size)
{
    if (hex == NULL || strlen(hex) < 2 * size)
        exit(1);
    for (size_t i = 0; i < size; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
}

static void print_bytes(const void *bytes, size_t size)
{
    putchar(' ');
    for (size_t i = 0; i < size; i++)
        printf("%02x", ((const unsigned char *)bytes)[i]);
}

/* The memory ends with the message, so that the sanitizer detects reads beyond it. */
static void feed_message(const char *hex)
{
    const size_t size = hex == NULL ? 0 : strlen(hex) / 2;
    struct nlmsghdr *message;
    netio_linux_neightbl table = {0};
    netio_linux_parameters parameters = {0};
    bool is_table = false;
    int error;

    if (size < sizeof *message)
        exit(1);
    message = malloc(size);
    if (message == NULL)
        exit(1);
    read_bytes(hex, message, size);
    if (message->nlmsg_len != size)
        exit(1);
    error = neightbl_parse(message, &is_table, &table, &parameters);
    free(message);
    printf("%d %d", error, is_table);
    print_bytes(&table, sizeof table);
    print_bytes(&parameters, sizeof parameters);
    putchar('\n');
}

static void feed_request(char *rest)
{
    const ADDRESS_FAMILY family = (ADDRESS_FAMILY)strtoul(strtok_r(NULL, " \n", &rest), NULL, 10);
    const char *hex = strtok_r(NULL, " \n", &rest);
    netio_linux_neightbl table;
    netio_linux_parameters parameters;
    struct rtnl_request request;
    const bool has_table = hex != NULL && strcmp(hex, "-") != 0;

    if (has_table)
        read_bytes(hex, &table, sizeof table);
    read_bytes(strtok_r(NULL, " \n", &rest), &parameters, sizeof parameters);
    neightbl_request(&request, family, has_table ? &table : NULL, &parameters);
    printf("%d", request.overflow);
    print_bytes(&request.message, request.message.header.nlmsg_len);
    putchar('\n');
}

int main(void)
{
    char *text = NULL;
    size_t room = 0;

    while (getline(&text, &room, stdin) > 0) {
        char *rest = NULL;
        const char *word = strtok_r(text, " \n", &rest);

        if (strcmp(word, "parse") == 0)
            feed_message(strtok_r(NULL, " \n", &rest));
        else
            feed_request(rest);
        fflush(stdout);
    }
    free(text);
    return 0;
}
