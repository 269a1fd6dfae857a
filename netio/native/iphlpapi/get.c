/* SPDX-License-Identifier: MIT */
/* Reads one entry together with its interface. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "link.h"
#include "platform.h"

#define MAX_INDEX_DIGITS 10

/* The LUID of no interface: with it Windows validates the address before it rejects the interface. */
#define UNKNOWN_LUID (~(ULONG64)0)

/* Finds the interface that an IPv6 scope names: by alias, else by decimal index. */
static DWORD find_scope(const char *scope, netio_interface *interface)
{
    const size_t length = strlen(scope);
    unsigned long long number;
    DWORD status;

    memset(interface, 0, sizeof *interface);
    memcpy(interface->name, scope, length);
    status = link_identify(interface);
    if (status != ERROR_FILE_NOT_FOUND || length > MAX_INDEX_DIGITS || strspn(scope, "0123456789") != length)
        return status;
    number = strtoull(scope, NULL, 10);
    if (number == 0 || number > 0xffffffffu)
        return ERROR_FILE_NOT_FOUND;
    memset(interface, 0, sizeof *interface);
    interface->index = (NET_IFINDEX)number;
    return link_identify(interface);
}

/* Finds the interface that the caller named, which must be the one that the scope names, if there is one. */
static DWORD find_named(const char *scope, netio_interface *interface)
{
    netio_interface scoped;
    DWORD status = link_identify(interface);

    if (status != NO_ERROR || scope[0] == '\0' || strcmp(scope, interface->scope) == 0)
        return status;
    status = find_scope(scope, &scoped);
    if (status == ERROR_FILE_NOT_FOUND || (status == NO_ERROR && scoped.luid.Value != interface->luid.Value))
        return ERROR_INVALID_PARAMETER;
    return status;
}

static DWORD find_by_route(const SOCKADDR_INET *address, netio_interface *interface)
{
    SOCKADDR_INET gateway;
    DWORD status;

    netio_route(NETIO_OWN_NETNS, address, &interface->luid, &gateway, 1, &status);
    return status == NO_ERROR ? link_identify(interface) : status;
}

static DWORD find_interface(const SOCKADDR_INET *address, netio_interface *interface)
{
    char scope[NETIO_NAME_SIZE];

    memcpy(scope, interface->scope, sizeof scope);
    scope[sizeof scope - 1] = '\0';
    if (interface->luid.Value != 0 || interface->index != 0 || interface->name[0] != '\0')
        return find_named(scope, interface);
    if (scope[0] != '\0')
        return find_scope(scope, interface);
    return find_by_route(address, interface);
}

DWORD netio_get(int netns, netio_interface *interface, MIB_IPNET_ROW2 *row)
{
    const DWORD status = find_interface(&row->Address, interface);
    DWORD result;

    (void)netns;
    row->InterfaceLuid = interface->luid;
    row->InterfaceIndex = interface->index;
    if (status != NO_ERROR) {
        row->InterfaceLuid.Value = UNKNOWN_LUID;
        row->InterfaceIndex = 0;
    }
    result = call_get_entry(row);
    return status == NO_ERROR || result == ERROR_INVALID_PARAMETER ? result : status;
}
