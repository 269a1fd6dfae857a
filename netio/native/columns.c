/* SPDX-License-Identifier: MIT */
#include "columns.h"

#include <stdbool.h>
#include <string.h>

#define GROUPS 8 /* of an IPv6 address */

/* Values that netio_column_values recognises: a table has few interfaces and states, in any order. */
#define RECENT 8

static const char digits[] = "0123456789abcdef";

static char *write_decimal(char *text, unsigned byte)
{
    if (byte >= 100)
        *text++ = digits[byte / 100];
    if (byte >= 10)
        *text++ = digits[byte / 10 % 10];
    *text++ = digits[byte % 10];
    return text;
}

static char *write_ip4(char *text, const unsigned char *bytes)
{
    for (size_t i = 0; i < 4; i++) {
        if (i != 0)
            *text++ = '.';
        text = write_decimal(text, bytes[i]);
    }
    return text;
}

static unsigned group_at(const unsigned char *bytes, size_t i)
{
    return (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
}

static char *write_group(char *text, unsigned group)
{
    bool begun = false;

    for (int shift = 12; shift >= 0; shift -= 4) {
        begun = begun || group >> shift != 0 || shift == 0;
        if (begun)
            *text++ = digits[group >> shift & 0xf];
    }
    return text;
}

/* Returns the start of the longest run of zero groups, the first of several. RFC 5952 does not shorten a single one. */
static size_t longest_zeros(const unsigned char *bytes, size_t *length)
{
    size_t best = GROUPS;

    *length = 1;
    for (size_t i = 0, run = 0; i < GROUPS; i++) {
        run = group_at(bytes, i) == 0 ? run + 1 : 0;
        if (run > *length) {
            *length = run;
            best = i + 1 - run;
        }
    }
    return best;
}

static char *write_ip6(char *text, const unsigned char *bytes)
{
    size_t length;
    const size_t zeros = longest_zeros(bytes, &length);

    for (size_t i = 0; i < GROUPS; i++) {
        if (i == zeros) {
            *text++ = ':';
            *text++ = ':';
            i += length - 1;
            continue;
        }
        if (i != 0 && (zeros == GROUPS || i != zeros + length))
            *text++ = ':';
        text = write_group(text, group_at(bytes, i));
    }
    return text;
}

static char *write_address(char *text, const SOCKADDR_INET *address, const netio_named *interface)
{
    const unsigned char *bytes = (const unsigned char *)&address->Ipv6.sin6_addr;
    size_t length;

    if (address->si_family == AF_INET)
        return write_ip4(text, (const unsigned char *)&address->Ipv4.sin_addr);
    text = write_ip6(text, bytes);
    if (bytes[0] != 0xfe || (bytes[1] & 0xc0) != 0x80) /* not fe80::/10, which alone has scopes */
        return text;
    *text++ = '%';
    length = strlen(interface->scope);
    memcpy(text, interface->scope, length);
    return text + length;
}

static char *write_physical(char *text, const MIB_IPNET_ROW2 *row)
{
    const ULONG most = IF_MAX_PHYS_ADDRESS_LENGTH;
    const ULONG length = row->PhysicalAddressLength < most ? row->PhysicalAddressLength : most;

    for (ULONG i = 0; i < length; i++) {
        if (i != 0)
            *text++ = ':';
        *text++ = digits[row->PhysicalAddress[i] >> 4];
        *text++ = digits[row->PhysicalAddress[i] & 0xf];
    }
    return text;
}

/* Finds the interface of an index, which exists; usually it is the one of the previous row. */
static const netio_named *find(const netio_columns *columns, const netio_named *before, NET_IFINDEX index)
{
    size_t low = 0, high = columns->interface_count;

    if (before->index == index)
        return before;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;

        if (columns->interfaces[middle].index <= index)
            low = middle;
        else
            high = middle;
    }
    return &columns->interfaces[low];
}

static int32_t state_of(const netio_columns *columns, uint32_t state)
{
    size_t i = 0;

    while (i + 1 < columns->state_count && columns->states[i] != state)
        i++;
    return (int32_t)i;
}

static void set_flag(uint8_t *flags, size_t i, bool is_set)
{
    flags[i / 8] = (uint8_t)(flags[i / 8] | (unsigned)is_set << i % 8);
}

void netio_columns_fill(const netio_columns *columns, const MIB_IPNET_ROW2 *rows, size_t count)
{
    const netio_named *interface = columns->interfaces;
    char *address = columns->address, *physical = columns->physical_address;

    columns->address_offsets[0] = columns->physical_address_offsets[0] = 0;
    for (size_t i = 0; i < count; i++) {
        const MIB_IPNET_ROW2 *row = &rows[i];

        interface = find(columns, interface, row->InterfaceIndex);
        address = write_address(address, &row->Address, interface);
        columns->address_offsets[i + 1] = (int32_t)(address - columns->address);
        physical = write_physical(physical, row);
        columns->physical_address_offsets[i + 1] = (int32_t)(physical - columns->physical_address);
        columns->interface[i] = interface->name;
        columns->state[i] = state_of(columns, (uint32_t)row->State);
        set_flag(columns->is_router, i, (row->Flags & NETIO_IS_ROUTER) != 0);
        set_flag(columns->is_unreachable, i, (row->Flags & NETIO_IS_UNREACHABLE) != 0);
        columns->reachability_time[i] = row->ReachabilityTime.LastReachable;
        columns->interface_index[i] = row->InterfaceIndex;
        columns->interface_luid[i] = row->InterfaceLuid.Value;
    }
}

size_t netio_column_values(const MIB_IPNET_ROW2 *rows, size_t count, size_t offset, uint32_t *values)
{
    uint32_t recent[RECENT];
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        const size_t known = found < RECENT ? found : RECENT;
        size_t place = 0;
        uint32_t value;

        memcpy(&value, (const char *)&rows[i] + offset, sizeof value);
        while (place < known && recent[place] != value)
            place++;
        if (place == known) {
            recent[found % RECENT] = value;
            values[found++] = value;
        }
    }
    return found;
}

void netio_arrow_move(struct ArrowArray *from, struct ArrowArray *to)
{
    if (to->release != NULL)
        to->release(to);
    *to = *from;
    from->release = NULL;
}
