/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "array.h"
#include "batch.h"
#include "filter.h"
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

bool table_accepts(const struct table *table, const MIB_IPNET_ROW2 *row)
{
    return (table->family == AF_UNSPEC || table->family == row->Address.si_family) &&
           (table->index == 0 || table->index == row->InterfaceIndex) && filter_accepts(table->like, row);
}

/* Filters again, since old kernels ignore the filter in the request. */
int table_add(struct table *table, const struct nlmsghdr *message, const struct rtattr *found[NEIGHBOR_ATTRIBUTES])
{
    MIB_IPNET_ROW2 *row;
    int error;

    if (neighbor_is_ignored(message, table->proxy))
        return 0;
    if (table->master != 0 && !(message->nlmsg_flags & NLM_F_DUMP_FILTERED))
        return -EOPNOTSUPP; /* an entry does not show the master of its interface, so netio cannot filter again */
    error = make_room(table);
    if (error != 0)
        return error;
    row = &table->block->Table[table->block->NumEntries];
    error = neighbor_parse_attributes(message, found, row);
    if (error != 0)
        return error;
    if (table_accepts(table, row))
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

/* A dump of one family suffices for an address. */
static ADDRESS_FAMILY dumped_family(const struct table *table)
{
    return table->family == AF_UNSPEC && table->like != NULL ? table->like->Address.si_family : table->family;
}

void table_request(const struct table *table, struct rtnl_request *request)
{
    const struct ndmsg fixed = {
        .ndm_family = (unsigned char)dumped_family(table),
        .ndm_flags = table->proxy ? NTF_PROXY : 0,
    };

    rtnl_begin(request, RTM_GETNEIGH, NLM_F_DUMP, &fixed, sizeof fixed);
    if (table->index != 0)
        rtnl_put(request, NDA_IFINDEX, &table->index, sizeof table->index);
    if (table->master != 0)
        rtnl_put(request, NDA_MASTER, &table->master, sizeof table->master);
}

static int dump_table(struct rtnl_socket *sock, struct table *table)
{
    struct rtnl_request request;
    const int error = make_room(table);

    if (error != 0)
        return error;
    table_request(table, &request);
    return rtnl_dump(sock, &request, restart_table, table->visit == NULL ? visit_row : table->visit, table);
}

static void restart_tables(void *visitor)
{
    bool *found = visitor;

    *found = false;
}

static int visit_table(void *visitor, const struct nlmsghdr *message)
{
    bool *found = visitor;

    (void)message;
    *found = true;
    return 0;
}

/*
 * A dump of a family without a stack is empty and reports no error. Opening a socket of the family does, but a sandbox
 * may cause the same error. The kernel's list of neighbour tables then decides; it is long if there are many interfaces.
 */
static int check_stack(struct rtnl_socket *sock, ADDRESS_FAMILY family)
{
    const struct ndtmsg fixed = {.ndtm_family = (unsigned char)family};
    const int fd = family == AF_UNSPEC ? 0 : netns_socket(sock->netns, family, SOCK_DGRAM, 0);
    struct rtnl_request request;
    bool found = false;
    int error;

    if (family != AF_UNSPEC && fd >= 0)
        close(fd);
    if (fd != -EAFNOSUPPORT)
        return 0;
    rtnl_begin(&request, RTM_GETNEIGHTBL, NLM_F_DUMP, &fixed, sizeof fixed);
    error = rtnl_dump(sock, &request, restart_tables, visit_table, &found);
    return error == 0 && !found ? -EAFNOSUPPORT : error;
}

/* Looks up the interface of a filter. Without one the index is 0. */
static int find_index(struct rtnl_socket *sock, const NET_LUID *luid, NET_IFINDEX *index)
{
    netio_interface interface = {.index = 0};
    int error;

    if (luid == NULL)
        return 0;
    if (luid->Value == 0)
        return -EINVAL;
    interface.luid = *luid;
    error = link_find(sock, &interface);
    *index = interface.index;
    return error;
}

int table_select(struct rtnl_socket *sock, ADDRESS_FAMILY family, const NET_LUID *luid, const NET_LUID *master,
                 struct table *table)
{
    int error;

    if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6)
        return -EINVAL;
    table->family = family;
    error = find_index(sock, luid, &table->index);
    if (error == 0)
        error = find_index(sock, master, &table->master);
    return error == 0 ? check_stack(sock, family) : error;
}

int table_read(int netns, struct rtnl_socket *sock, ADDRESS_FAMILY family, const NET_LUID *luid,
               const NET_LUID *master, struct table *table)
{
    int error = rtnl_open(sock, netns, 0);

    if (error == 0)
        error = table_select(sock, family, luid, master, table);
    return error == 0 ? dump_table(sock, table) : error;
}

DWORD netio_table(int netns, ADDRESS_FAMILY family, const NET_LUID *interface, const MIB_IPNET_ROW2 *like,
                  MIB_IPNET_TABLE2 **table, netio_interface **interfaces, size_t *interface_count)
{
    struct table read = {.like = like};
    struct interface_set set = {.count = 0};
    struct rtnl_socket sock;
    int error = table_read(netns, &sock, family, interface, NULL, &read);

    if (error == 0)
        error = link_fill_luids(&sock, read.block->Table, read.block->NumEntries, &set);
    rtnl_close(&sock);
    free(set.slots);
    if (error != 0) {
        free(read.block);
        free(set.list);
        return win32_status(error);
    }
    *table = read.block;
    *interfaces = set.list;
    *interface_count = set.count;
    return NO_ERROR;
}

/* Returns whether the entry was absent already: another process removed it, or the stack of its interface. */
static bool is_absent(DWORD result)
{
    return result == ERROR_NOT_FOUND || result == ERROR_NOT_SUPPORTED;
}

/* Removes the dynamic entries that are not foreign. Returns the first failure; an absent entry is not one. */
static DWORD remove_dynamic(struct rtnl_socket *sock, const MIB_IPNET_TABLE2 *table)
{
    const size_t limit = rtnl_batch_limit(sock, table->NumEntries);
    DWORD results[RTNL_BATCH_MAX], result = NO_ERROR;
    struct batch *batch = malloc(sizeof *batch);

    if (batch == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    batch->count = 0;
    for (size_t i = 0; i < table->NumEntries; i++) {
        const MIB_IPNET_ROW2 *row = &table->Table[i];

        if (row->State != NlnsPermanent && !(row->Flags & NETIO_IS_FOREIGN))
            batch_add(batch, row, &results[batch->count], row->InterfaceIndex, row->InterfaceLuid);
        if (batch->count == limit || i == table->NumEntries - 1) {
            const size_t count = batch->count;

            batch_write(sock, batch, &verb_delete);
            for (size_t place = 0; place < count; place++)
                if (result == NO_ERROR && !is_absent(results[place]))
                    result = results[place];
        }
    }
    free(batch);
    return result;
}

DWORD netio_flush(int netns, ADDRESS_FAMILY family, const NET_LUID *interface)
{
    struct table read = {.family = AF_UNSPEC};
    struct rtnl_socket sock;
    DWORD code = win32_status(table_read(netns, &sock, family, interface, NULL, &read));

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
