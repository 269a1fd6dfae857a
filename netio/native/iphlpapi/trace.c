/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <inttypes.h>
#include <stdbool.h>

#include "inet.h"
#include "trace_line.h"

#define ADDRESS_SIZE 46 /* the longest text that inet_ntop writes, with its terminator */

bool trace_is_enabled(void)
{
    static volatile LONG state; /* 0: not read yet; 1: off; 2: on */
    LONG known = InterlockedCompareExchange(&state, 0, 0);
    char value[4];

    if (known == 0) {
        const DWORD length = GetEnvironmentVariableA("NETIO_DEBUG", value, sizeof value);

        known = length == 1 && value[0] == '1' ? 2 : 1;
        InterlockedExchange(&state, known);
    }
    return known == 2;
}

void trace_write(const char *text, size_t size)
{
    DWORD written;

    WriteFile(GetStdHandle(STD_ERROR_HANDLE), text, (DWORD)size, &written, NULL);
}

static void begin(struct trace_line *line, const char *function)
{
    trace_line_begin(line);
    trace_line_add(line, "%s", function);
}

static DWORD end(struct trace_line *line, DWORD code)
{
    trace_line_add(line, "code %lu", code);
    trace_line_end(line);
    return code;
}

static void add_address(struct trace_line *line, const char *name, const SOCKADDR_INET *address)
{
    char text[ADDRESS_SIZE];
    size_t size;
    const void *bytes = inet_bytes(address, &size);

    if (bytes == NULL || inet_ntop(address->si_family, bytes, text, sizeof text) == NULL)
        trace_line_add(line, "%s of family %u", name, (unsigned)address->si_family);
    else
        trace_line_add(line, "%s %s", name, text);
}

static void add_interface(struct trace_line *line, NET_LUID luid, NET_IFINDEX index)
{
    trace_line_add(line, "luid 0x%" PRIx64 " index %lu", (uint64_t)luid.Value, index);
}

DWORD trace_entry(const char *function, const MIB_IPNET_ROW2 *key, const SOCKADDR_INET *source, DWORD code)
{
    struct trace_line line;

    if (!trace_is_enabled())
        return code;
    begin(&line, function);
    add_address(&line, "address", &key->Address);
    add_interface(&line, key->InterfaceLuid, key->InterfaceIndex);
    if (source != NULL)
        add_address(&line, "source", source);
    return end(&line, code);
}

DWORD trace_address(const char *function, const SOCKADDR_INET *address, const NET_LUID *luid, DWORD code)
{
    struct trace_line line;

    if (!trace_is_enabled())
        return code;
    begin(&line, function);
    add_address(&line, "address", address);
    if (luid != NULL)
        add_interface(&line, *luid, 0);
    return end(&line, code);
}

DWORD trace_interface(const char *function, NET_LUID luid, NET_IFINDEX index, DWORD code)
{
    struct trace_line line;

    if (!trace_is_enabled())
        return code;
    begin(&line, function);
    add_interface(&line, luid, index);
    return end(&line, code);
}

DWORD trace_alias(const char *function, const WCHAR *alias, DWORD code)
{
    struct trace_line line;
    char text[NETIO_NAME_SIZE];

    if (!trace_is_enabled())
        return code;
    if (WideCharToMultiByte(CP_UTF8, 0, alias, -1, text, (int)sizeof text, NULL, NULL) == 0)
        text[0] = '\0';
    begin(&line, function);
    trace_line_add(&line, "alias %.300s", text); /* leaves room for the code */
    return end(&line, code);
}

DWORD trace_table(const char *function, ADDRESS_FAMILY family, NET_IFINDEX index, DWORD code)
{
    struct trace_line line;

    if (!trace_is_enabled())
        return code;
    begin(&line, function);
    trace_line_add(&line, "family %u index %lu", (unsigned)family, index);
    return end(&line, code);
}
