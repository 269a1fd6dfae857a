/* SPDX-License-Identifier: MIT */
#include "get.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inet.h"
#include "link.h"
#include "platform.h"
#include "route.h"
#include "row.h"
#include "rtnl.h"
#include "stack.h"
#include "status.h"

#define MAX_INDEX_DIGITS 10

/* Finds the interface that an IPv6 scope names: by name, else by decimal index, as getaddrinfo(3) does. */
static int find_scope(struct rtnl_socket *sock, const char *scope, netio_interface *interface)
{
    const size_t length = strlen(scope);
    unsigned long long number;
    int error;

    memset(interface, 0, sizeof *interface);
    memcpy(interface->name, scope, length);
    error = link_find(sock, interface);
    if (error != -ENODEV || length > MAX_INDEX_DIGITS || strspn(scope, "0123456789") != length)
        return error;
    number = strtoull(scope, NULL, 10);
    if (number == 0 || number > UINT32_MAX)
        return -ENODEV;
    memset(interface, 0, sizeof *interface);
    interface->index = (NET_IFINDEX)number;
    return link_find(sock, interface);
}

/* Finds the interface that the caller named, which must be the one that the scope names, if there is one. */
static int find_named(struct rtnl_socket *sock, const char *scope, netio_interface *interface)
{
    netio_interface scoped;
    int error = link_find(sock, interface);

    if (error != 0 || scope[0] == '\0' || strcmp(scope, interface->scope) == 0)
        return error;
    error = find_scope(sock, scope, &scoped);
    if (error == -ENODEV || (error == 0 && scoped.index != interface->index))
        return -EINVAL;
    return error;
}

static int find_by_route(struct rtnl_socket *sock, const SOCKADDR_INET *address, netio_interface *interface,
                         DWORD *status)
{
    *status = route_link(sock, address, &interface->luid);
    return *status == NO_ERROR ? link_find(sock, interface) : 0;
}

static DWORD find_interface(struct rtnl_socket *sock, const SOCKADDR_INET *address, netio_interface *interface)
{
    DWORD status = NO_ERROR;
    char scope[NETIO_NAME_SIZE];
    int error;

    memcpy(scope, interface->scope, sizeof scope);
    scope[sizeof scope - 1] = '\0';
    if (interface->luid.Value != 0 || interface->index != 0 || interface->name[0] != '\0')
        error = find_named(sock, scope, interface);
    else if (scope[0] != '\0')
        error = find_scope(sock, scope, interface);
    else
        error = find_by_route(sock, address, interface, &status);
    if (error != 0) /* only GetIpNetEntry2 distinguishes an unknown interface from an unknown neighbour */
        return error == -ENODEV ? ERROR_FILE_NOT_FOUND : win32_status(error);
    return status;
}

DWORD get_entry(int netns, const SOCKADDR_INET *address, netio_interface *interface, get_read *read, void *reader)
{
    struct known_stack stack = {.index = 0};
    struct rtnl_socket sock;
    DWORD status;
    int error;

    if (!inet_is_ip(address))
        return ERROR_INVALID_PARAMETER;
    error = rtnl_open(&sock, netns, 0);
    if (error != 0)
        return win32_status(error);
    status = find_interface(&sock, address, interface);
    if (status == NO_ERROR) {
        error = read(reader, &sock, interface);
        status = error == -ENODEV ? ERROR_FILE_NOT_FOUND : win32_status(error);
        if (error == -ENOENT && stack_is_missing(&sock, &stack, interface->index, address->si_family))
            status = ERROR_NOT_SUPPORTED;
    }
    rtnl_close(&sock);
    return status;
}

static int read_row(void *reader, struct rtnl_socket *sock, netio_interface *interface)
{
    return row_read(sock, interface->index, interface->luid, reader);
}

DWORD netio_get(int netns, netio_interface *interface, MIB_IPNET_ROW2 *row)
{
    return get_entry(netns, &row->Address, interface, read_row, row);
}
