/* SPDX-License-Identifier: MIT */
#include "detail.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "get.h"
#include "inet.h"
#include "interface_set.h"
#include "link.h"
#include "neighbor.h"
#include "rtnl.h"
#include "status.h"
#include "table.h"

/* A table with its details. */
struct detailed_table {
    struct table table; /* the first member: it is the visitor of the dump */
    netio_linux_detail *details;
    size_t room;
};

static int visit_detailed_row(void *visitor, const struct nlmsghdr *message)
{
    struct detailed_table *read = visitor;
    const size_t count = read->table.block->NumEntries;
    const struct rtattr *found[NEIGHBOR_ATTRIBUTES];
    netio_linux_detail *details = array_with_room(read->details, count, &read->room, 0, sizeof *details);
    int error;

    if (details == NULL)
        return -ENOMEM;
    read->details = details;
    error = table_add(&read->table, message, found);
    if (error == 0 && read->table.block->NumEntries > count)
        neighbor_parse_detail(message, found, &details[count]);
    return error;
}

DWORD netio_linux_table(int netns, ADDRESS_FAMILY family, const NET_LUID *interface, const NET_LUID *master,
                        bool proxy, MIB_IPNET_TABLE2 **table, netio_linux_detail **details,
                        netio_interface **interfaces, size_t *interface_count)
{
    struct detailed_table read = {.table = {.proxy = proxy, .visit = visit_detailed_row}};
    struct interface_set set = {.count = 0};
    struct rtnl_socket sock;
    int error = table_read(netns, &sock, family, interface, master, &read.table);

    if (error == 0)
        error = link_fill_luids(&sock, read.table.block->Table, read.table.block->NumEntries, &set);
    rtnl_close(&sock);
    free(set.slots);
    if (error != 0) {
        free(read.table.block);
        free(read.details);
        free(set.list);
        return win32_status(error);
    }
    *table = read.table.block;
    *details = read.details;
    *interfaces = set.list;
    *interface_count = set.count;
    return NO_ERROR;
}

/* The key of an entry, and the entry. */
struct reading {
    const MIB_IPNET_ROW2 *key;
    NET_IFINDEX index;
    bool proxy;
    MIB_IPNET_ROW2 found;
    netio_linux_detail *detail;
};

/* A proxy entry for all interfaces, whose index is 0, is the entry of each of them. */
static bool is_requested(const struct reading *reading)
{
    return (reading->found.InterfaceIndex == reading->index ||
            (reading->proxy && reading->found.InterfaceIndex == 0)) &&
           inet_equal(&reading->found.Address, &reading->key->Address);
}

static int visit_entry(void *visitor, const struct nlmsghdr *message)
{
    struct reading *reading = visitor;
    const struct rtattr *found[NEIGHBOR_ATTRIBUTES];
    const int error = neighbor_parse_attributes(message, found, &reading->found);

    if (error != 0)
        return error;
    if (!is_requested(reading))
        return -EBADMSG;
    neighbor_parse_detail(message, found, reading->detail);
    return 0;
}

static int read_entry(void *reader, struct rtnl_socket *sock, netio_interface *interface)
{
    struct reading *reading = reader;
    struct rtnl_request request;
    int error;

    reading->index = interface->index;
    neighbor_request(&request, RTM_GETNEIGH, 0, reading->key, interface->index, NUD_NONE,
                     reading->proxy ? NTF_PROXY : 0);
    error = rtnl_call(sock, &request, visit_entry, reading);
    if (error != 0)
        return error;
    interface->index = reading->found.InterfaceIndex;
    if (interface->index == 0)
        interface_set_removed(interface);
    reading->found.InterfaceLuid = interface->luid;
    return 0;
}

DWORD netio_linux_get(int netns, netio_interface *interface, bool proxy, MIB_IPNET_ROW2 *row,
                      netio_linux_detail *detail)
{
    struct reading reading = {.key = row, .proxy = proxy, .detail = detail};
    const DWORD status = get_entry(netns, &row->Address, interface, read_entry, &reading);

    if (status == NO_ERROR)
        *row = reading.found;
    return status;
}
