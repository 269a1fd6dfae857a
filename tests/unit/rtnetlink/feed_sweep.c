/* SPDX-License-Identifier: MIT */
/*
 * Feeds the functions on the frames of a sweep from standard input, without a kernel.
 *
 * A line in:  "parse", the physical address of the host, the tag, whether the checksum is pending, the hex of a frame.
 * A line out: - if it is not a reply; else its address, the address of the host and the physical address, each as hex,
 *             the kind and the id of the probe.
 *
 * A line in:  "build", the physical address of the host, its address, the target.
 * A line out: the hex of the frame; - if there is none.
 *
 * A line in:  "all-nodes", the kind of the probe, the physical address of the host, its address, the id of the probe.
 * A line out: the hex of the frame.
 *
 * A line in:  "pace", a rate, the times at which the sender wakes up, in nanoseconds.
 * A line out: "sent", the times of the packets, if it sends all that it may at each time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inet.h"
#include "sweep_frame.h"
#include "sweep_pace.h"

/* Packets at one time: more would be an error. */
#define MANY 100000

static char *next_word(char **rest)
{
    char *word = strtok_r(NULL, " \n", rest);

    if (word == NULL)
        exit(1);
    return word;
}

/* Returns memory of exactly that size, so that the sanitizer detects reads beyond it. */
static UCHAR *read_bytes(const char *hex, size_t *size)
{
    UCHAR *bytes;

    *size = hex[0] == '-' ? 0 : strlen(hex) / 2;
    bytes = malloc(*size == 0 ? 1 : *size);
    if (bytes == NULL)
        exit(1);
    for (size_t i = 0; i < *size; i++) {
        const char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

        bytes[i] = (UCHAR)strtoul(pair, NULL, 16);
    }
    return bytes;
}

static void print_bytes(const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        printf("%02x", ((const UCHAR *)bytes)[i]);
}

static void print_address(const SOCKADDR_INET *address)
{
    size_t size;
    const void *bytes = inet_bytes(address, &size);

    print_bytes(bytes, size);
    putchar(' ');
}

static SOCKADDR_INET read_address(const char *hex)
{
    SOCKADDR_INET address;
    size_t size;
    UCHAR *bytes = read_bytes(hex, &size);

    inet_set(&address, size == 4 ? AF_INET : AF_INET6, bytes, size);
    free(bytes);
    return address;
}

static void feed_frame(char *rest)
{
    size_t size;
    UCHAR *mac = read_bytes(next_word(&rest), &size);
    struct frame frame = {.tag = (uint16_t)strtoul(next_word(&rest), NULL, 10)};
    struct frame_reply reply;
    UCHAR *bytes;

    if (size != FRAME_MAC_SIZE)
        exit(1);
    frame.is_checksum_pending = next_word(&rest)[0] == '1';
    frame.bytes = bytes = read_bytes(next_word(&rest), &frame.size);
    if (frame_parse(&frame, mac, &reply)) {
        print_address(&reply.address);
        print_address(&reply.to);
        print_bytes(reply.mac, sizeof reply.mac);
        printf(" %d %" PRIu32 "\n", (int)reply.kind, reply.id);
    } else {
        puts("-");
    }
    free(bytes);
    free(mac);
}

/* The frame is in memory of exactly that size, so that the sanitizer detects writes beyond it. */
static void feed_probe(bool is_all_nodes, char *rest)
{
    const enum frame_kind kind = is_all_nodes ? (enum frame_kind)strtoul(next_word(&rest), NULL, 10) : FRAME_SOLICITATION;
    size_t size;
    UCHAR *mac = read_bytes(next_word(&rest), &size), *frame = malloc(FRAME_PROBE_MAX);
    const SOCKADDR_INET source = read_address(next_word(&rest));
    const char *last = next_word(&rest);

    if (size != FRAME_MAC_SIZE || frame == NULL)
        exit(1);
    if (!is_all_nodes) {
        const SOCKADDR_INET target = read_address(last);

        size = frame_build(frame, mac, &source, &target);
    } else {
        size = frame_build_all_nodes(frame, kind, mac, &source, (uint32_t)strtoul(last, NULL, 10));
    }
    if (size == 0)
        putchar('-');
    print_bytes(frame, size);
    putchar('\n');
    free(frame);
    free(mac);
}

static void feed_pace(char *rest)
{
    struct pace pace = pace_of((uint32_t)strtoul(next_word(&rest), NULL, 10));
    const char *word;

    printf("sent");
    while ((word = strtok_r(NULL, " \n", &rest)) != NULL) {
        const int64_t now = strtoll(word, NULL, 10);

        for (size_t i = 0; i < MANY && pace_allows(&pace, now); i++) {
            pace_sent(&pace, now);
            printf(" %" PRId64, now);
        }
    }
    putchar('\n');
}

int main(void)
{
    char *text = NULL;
    size_t room = 0;

    while (getline(&text, &room, stdin) > 0) {
        char *rest = NULL;
        const char *word = strtok_r(text, " \n", &rest);

        if (word == NULL)
            return 1;
        if (strcmp(word, "parse") == 0)
            feed_frame(rest);
        else if (strcmp(word, "build") == 0)
            feed_probe(false, rest);
        else if (strcmp(word, "all-nodes") == 0)
            feed_probe(true, rest);
        else
            feed_pace(rest);
        fflush(stdout);
    }
    free(text);
    return 0;
}
