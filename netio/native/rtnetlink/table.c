/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "array.h"
#include "batch.h"
#include "link.h"
#include "neighbor.h"
#include "netns.h"
#include "row.h"
#include "status.h"

static int make_room(struct table *table)
{
    const size_t count = table->block == NULL ? 0 : table->block->NumEntries;
    void *block;

    if (count == UINT32_MAX)
        return -ENOMEM;
    block = array_with_room(table->block, count, &table->room, offsetof(MIB_IPNET_TABLE2, Table),
                            sizeof *table->block->Table);
    if (block == NULL)
        return -ENOMEM;
    table->block = block;
    return 0;
}

/* Filters again, since old kernels ignore the filter in the request. */
int table_add(struct table *table, const struct nlmsghdr *message, const struct rtattr *found[NEIGHBOR_ATTRIBUTES])
{
    MIB_IPNET_ROW2 *row;
    int error;

    if (neighbor_is_ignored(message, table->proxy))
        return 0;
    error = make_room(table);
    if (error != 0)
        return error;
    row = &table->block->Table[table->block->NumEntries];
    error = neighbor_parse_attributes(message, found, row);
    if (error != 0)
        return error;
    if ((table->family == AF_UNSPEC || table->family == row->Address.si_family) &&
        (table->index == 0 || table->index == row->InterfaceIndex))
        table->block->NumEntries++;
    return 0;
}

static int visit_row(void *visitor, const struct nlmsghdr *message)
{
    const struct rtattr *found[NEIGHBOR_ATTRIBUTES];

    return table_add(visitor, message, found);
}

static void restart_table(void *visitor)
{
    struct table *table = visitor;

    table->block->NumEntries = 0;
}

static int dump_table(struct rtnl_socket *sock, struct table *table)
{
    const struct ndmsg fixed = {
        .ndm_family = (unsigned char)table->family,
        .ndm_flags = table->proxy ? NTF_PROXY : 0,
    };
    struct rtnl_request request;
    const int error = make_room(table);

    if (error != 0)
        return error;
    rtnl_begin(&request, RTM_GETNEIGH, NLM_F_DUMP, &fixed, sizeof fixed);
    if (table->index != 0)
        rtnl_put(&request, NDA_IFINDEX, &table->index, sizeof table->index);
    return rtnl_dump(sock, &request, restart_table, table->visit == NULL ? visit_row : table->visit, table);
}

/* A dump of a family without a stack is empty and reports no error. Only opening a socket of the family does. */
static int check_stack(int netns, ADDRESS_FAMILY family)
{
    int fd;

    if (family == AF_UNSPEC)
        return 0;
    fd = netns_socket(netns, family, SOCK_DGRAM, 0);
    if (fd < 0)
        return fd == -EAFNOSUPPORT ? fd : 0;
    close(fd);
    return 0;
}

DWORD table_read(int netns, struct rtnl_socket *sock, ADDRESS_FAMILY family, const NET_LUID *luid,
                 struct table *table)
{
    int error = rtnl_open(sock, netns, 0);

    if (error != 0)
        return win32_status(error);
    if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6)
        return ERROR_INVALID_PARAMETER;
    table->family = family;
    if (luid != NULL) {
        netio_interface interface = {.luid = *luid};

        if (luid->Value == 0)
            return ERROR_INVALID_PARAMETER;
        error = link_find(sock, &interface);
        if (error != 0)
            return win32_status(error);
        table->index = interface.index;
    }
    error = check_stack(netns, family);
    if (error == 0)
        error = dump_table(sock, table);
    return win32_status(error);
}

DWORD netio_table(int netns, ADDRESS_FAMILY family, const NET_LUID *interface, MIB_IPNET_TABLE2 **table)
{
    struct table read = {.family = AF_UNSPEC};
    struct rtnl_socket sock;
    DWORD code = table_read(netns, &sock, family, interface, &read);

    if (code == NO_ERROR)
        code = win32_status(link_fill_luids(&sock, read.block->Table, read.block->NumEntries));
    rtnl_close(&sock);
    if (code != NO_ERROR)
        free(read.block);
    else
        *table = read.block;
    return code;
}

/*
 * Removes the dynamic entries that are not foreign. Returns the first failure; an entry that another process removed is
 * not one.
 */
static DWORD remove_dynamic(struct rtnl_socket *sock, const MIB_IPNET_TABLE2 *table)
{
    const size_t limit = rtnl_batch_limit(sock, table->NumEntries);
    DWORD results[RTNL_BATCH_MAX], result = NO_ERROR;
    struct batch batch;

    batch.count = 0;
    for (size_t i = 0; i < table->NumEntries; i++) {
        const MIB_IPNET_ROW2 *row = &table->Table[i];

        if (row->State != NlnsPermanent && !(row->Flags & NETIO_IS_FOREIGN))
            batch_add(&batch, row, &results[batch.count], row->InterfaceIndex, row->InterfaceLuid);
        if (batch.count == limit || i == table->NumEntries - 1) {
            const size_t count = batch.count;

            batch_write(sock, &batch, &verb_delete);
            for (size_t place = 0; place < count; place++)
                if (result == NO_ERROR && results[place] != ERROR_NOT_FOUND)
                    result = results[place];
        }
    }
    return result;
}

DWORD netio_flush(int netns, ADDRESS_FAMILY family, const NET_LUID *interface)
{
    struct table read = {.family = AF_UNSPEC};
    struct rtnl_socket sock;
    DWORD code = table_read(netns, &sock, family, interface, &read);

    if (code == NO_ERROR && !row_may_remove(&sock))
        code = ERROR_ACCESS_DENIED;
    if (code == NO_ERROR)
        code = remove_dynamic(&sock, read.block);
    rtnl_close(&sock);
    free(read.block);
    return code;
}

void netio_free(void *memory)
{
    free(memory);
}
