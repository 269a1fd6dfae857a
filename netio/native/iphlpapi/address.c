/* SPDX-License-Identifier: MIT */
/* The unicast addresses of this machine: GetUnicastIpAddressTable. */
#include <stdbool.h>
#include <stdlib.h>

#include "calls.h"
#include "inet.h"
#include "platform.h"

/* In a longer prefix no address is a broadcast address (RFC 3021). */
#define LONGEST_WITH_BROADCAST 30

static DWORD copy_table(const MIB_UNICASTIPADDRESS_TABLE *table, netio_address **list, size_t *count)
{
    *list = calloc((size_t)table->NumEntries + 1, sizeof **list); /* calloc may return NULL for 0 */
    if (*list == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    for (ULONG i = 0; i < table->NumEntries; i++) {
        const MIB_UNICASTIPADDRESS_ROW *row = &table->Table[i];

        (*list)[i] = (netio_address){
            .address = row->Address,
            .prefix = row->Address,
            .prefix_length = row->OnLinkPrefixLength,
            .index = row->InterfaceIndex,
            .is_tentative = row->DadState == IpDadStateTentative || row->DadState == IpDadStateDuplicate,
        };
    }
    *count = table->NumEntries;
    return NO_ERROR;
}

DWORD netio_addresses(int netns, netio_address **list, size_t *count)
{
    MIB_UNICASTIPADDRESS_TABLE *table = NULL;
    DWORD code = call_get_addresses(&table);

    (void)netns;
    *list = NULL;
    *count = 0;
    if (code == ERROR_NOT_FOUND) /* documented: there are no addresses */
        return NO_ERROR;
    if (code != NO_ERROR)
        return code;
    code = copy_table(table, list, count);
    FreeMibTable(table);
    return code;
}

/* Returns whether an address is the first or the last one of the IPv4 prefix of an address of this machine. */
static bool is_broadcast(const MIB_UNICASTIPADDRESS_ROW *row, const SOCKADDR_INET *address)
{
    const unsigned length = row->OnLinkPrefixLength;
    ULONG hosts, other, own;

    if (row->Address.si_family != AF_INET || address->si_family != AF_INET || length > LONGEST_WITH_BROADCAST)
        return false;
    hosts = 0xffffffffu >> length;
    other = ntohl(address->Ipv4.sin_addr.s_addr);
    own = ntohl(row->Address.Ipv4.sin_addr.s_addr);
    return (other & ~hosts) == (own & ~hosts) && ((other & hosts) == 0 || (other & hosts) == hosts);
}

DWORD netio_address_kind(int netns, const SOCKADDR_INET *address, NET_IFINDEX index)
{
    const bool is_on_every_link = inet_is_link_local(address);
    MIB_UNICASTIPADDRESS_TABLE *table = NULL;
    DWORD kind = 0;

    (void)netns;
    if (call_get_addresses(&table) != NO_ERROR)
        return 0;
    for (ULONG i = 0; i < table->NumEntries && kind != NETIO_ADDRESS_OWN; i++) {
        const MIB_UNICASTIPADDRESS_ROW *row = &table->Table[i];

        if (inet_equal(&row->Address, address) && (!is_on_every_link || row->InterfaceIndex == index))
            kind = NETIO_ADDRESS_OWN;
        else if (is_broadcast(row, address))
            kind = NETIO_ADDRESS_BROADCAST;
    }
    FreeMibTable(table);
    return kind;
}
