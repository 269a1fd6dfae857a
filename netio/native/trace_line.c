/* SPDX-License-Identifier: MIT */
#include "trace_line.h"

#include <stdarg.h>
#include <stdio.h>

/* Bytes that are printed: those of one entry. */
#define SHOWN_MAX 100

void trace_line_begin(struct trace_line *line)
{
    line->length = (size_t)snprintf(line->text, sizeof line->text, "netio:");
}

/* The last byte is kept for the line break. */
static size_t room(const struct trace_line *line)
{
    return sizeof line->text - 1 - line->length;
}

void trace_line_add(struct trace_line *line, const char *format, ...)
{
    char *text = line->text + line->length;
    const size_t most = room(line);
    va_list arguments;
    size_t length;
    int wanted;

    if (most < 2)
        return;
    text[0] = ' ';
    va_start(arguments, format);
    wanted = vsnprintf(text + 1, most - 1, format, arguments);
    va_end(arguments);
    if (wanted < 0)
        return;
    length = (size_t)wanted < most - 1 ? (size_t)wanted + 1 : most - 1; /* vsnprintf also writes a terminator */
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = '?';
    line->length += length;
}

void trace_line_add_bytes(struct trace_line *line, const void *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *byte = bytes;
    const size_t shown = size < SHOWN_MAX ? size : SHOWN_MAX;
    char text[2 * SHOWN_MAX + 1];

    for (size_t i = 0; i < shown; i++) {
        text[2 * i] = digits[byte[i] >> 4];
        text[2 * i + 1] = digits[byte[i] & 0xf];
    }
    text[2 * shown] = '\0';
    trace_line_add(line, "%s%s", text, shown < size ? "..." : "");
}

void trace_line_end(struct trace_line *line)
{
    line->text[line->length++] = '\n';
    trace_write(line->text, line->length);
}
