/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace_line.h"

/* A program with more privilege than its caller (setuid) ignores the environment. */
bool trace_is_enabled(void)
{
    static atomic_int state; /* 0: not read yet; 1: off; 2: on */
    int known = atomic_load_explicit(&state, memory_order_relaxed);

    if (known == 0) {
        const char *value = secure_getenv("NETIO_DEBUG");

        known = value != NULL && strcmp(value, "1") == 0 ? 2 : 1;
        atomic_store_explicit(&state, known, memory_order_relaxed);
    }
    return known == 2;
}

static const char *name_of(unsigned type)
{
    static const struct {
        unsigned type;
        const char *name;
    } names[] = {
        {NLMSG_NOOP, "NLMSG_NOOP"},         {NLMSG_ERROR, "NLMSG_ERROR"},       {NLMSG_DONE, "NLMSG_DONE"},
        {NLMSG_OVERRUN, "NLMSG_OVERRUN"},   {RTM_NEWLINK, "RTM_NEWLINK"},       {RTM_GETLINK, "RTM_GETLINK"},       {RTM_DELLINK, "RTM_DELLINK"},       {RTM_DELNEIGH, "RTM_DELNEIGH"},
        {RTM_NEWROUTE, "RTM_NEWROUTE"},     {RTM_GETROUTE, "RTM_GETROUTE"},     {RTM_NEWNEIGH, "RTM_NEWNEIGH"},
        {RTM_DELNEIGH, "RTM_DELNEIGH"},     {RTM_GETNEIGH, "RTM_GETNEIGH"},     {RTM_NEWNEIGHTBL, "RTM_NEWNEIGHTBL"},
        {RTM_GETNEIGHTBL, "RTM_GETNEIGHTBL"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].type == type)
            return names[i].name;
    return "message";
}

void trace_write(const char *text, size_t size)
{
    if (write(STDERR_FILENO, text, size) < 0)
        return;
}

static void print_message(const char *direction, const struct nlmsghdr *header, const unsigned char *body, size_t size)
{
    struct trace_line line;

    trace_line_begin(&line);
    trace_line_add(&line, "%s %s type %u flags 0x%x sequence %u length %u", direction, name_of(header->nlmsg_type),
                   (unsigned)header->nlmsg_type, (unsigned)header->nlmsg_flags, (unsigned)header->nlmsg_seq,
                   (unsigned)header->nlmsg_len);
    trace_line_add_bytes(&line, body, size);
    trace_line_end(&line);
}

void trace_datagram(const char *direction, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    const int error = errno;
    struct nlmsghdr header;
    size_t offset = 0;

    if (!trace_is_enabled())
        return;
    while (offset < size && size - offset >= sizeof header) {
        const size_t left = size - offset;
        size_t length;

        memcpy(&header, bytes + offset, sizeof header);
        length = header.nlmsg_len < sizeof header || header.nlmsg_len > left ? left : header.nlmsg_len;
        print_message(direction, &header, bytes + offset + sizeof header, length - sizeof header);
        offset += NLMSG_ALIGN(length);
    }
    errno = error;
}
