/* SPDX-License-Identifier: MIT */
/* The lines that netio prints to stderr if the environment variable NETIO_DEBUG is 1. The same on every system. */
#ifndef NETIO_TRACE_LINE_H
#define NETIO_TRACE_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct trace_line {
    size_t length;
    char text[512];
};

void trace_line_begin(struct trace_line *line); /* netio: */

/* Adds a blank and the formatted text, as much of it as there is room for. Control characters become question marks. */
void trace_line_add(struct trace_line *line, const char *format, ...);

/* Adds a blank and the bytes in hexadecimal; dots follow if those are too many for an entry. */
void trace_line_add_bytes(struct trace_line *line, const void *bytes, size_t size);

/* Writes the line at once, so that those of several threads do not mix. */
void trace_line_end(struct trace_line *line);

/* The trace.c of each backend has these two. The environment is read once. */
bool trace_is_enabled(void);
void trace_write(const char *text, size_t size); /* ignores a failure: stderr may be closed */

#endif
