/* SPDX-License-Identifier: MIT */
/* The seam over rtnetlink: rows. (link.c: interfaces; route.c: routes; resolver.c: resolving; code.c: messages.) */
#include "backend.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "batch.h"
#include "status.h"
#include "link.h"
#include "neighbor.h"
#include "row.h"
#include "rtnl.h"

/*
 * The checks that the kernel does not make, in the order of the documents: it takes loopback addresses and cuts or
 * refuses a physical address of a wrong length in its own ways. Privilege comes last, from the kernel itself.
 */
DWORD row_check(struct rtnl_socket *sock, const MIB_IPNET_ROW2 *row, bool with_physical_address,
                struct recent_links *recent, struct link *link)
{
    const ULONG length = row->PhysicalAddressLength;
    int error;

    if (!inet_is_neighbor(&row->Address))
        return ERROR_INVALID_PARAMETER;
    if (with_physical_address && (length == 0 || length > sizeof row->PhysicalAddress))
        return ERROR_INVALID_PARAMETER;
    if (row->InterfaceLuid.Value == 0 && row->InterfaceIndex == 0)
        return ERROR_INVALID_PARAMETER;
    error = link_recall(sock, recent, row->InterfaceLuid, row->InterfaceIndex, link);
    if (error != 0)
        return code_of(error);
    if (with_physical_address && length != link->physical_address_length)
        return ERROR_INVALID_PARAMETER;
    return NO_ERROR;
}

static int visit_row(void *visitor, const struct nlmsghdr *message)
{
    return neighbor_parse(message, visitor);
}

int row_read(struct rtnl_socket *sock, NET_IFINDEX index, NET_LUID luid, MIB_IPNET_ROW2 *row)
{
    struct rtnl_request request;
    int error;

    neighbor_request(&request, RTM_GETNEIGH, 0, row, index, NUD_NONE, 0);
    error = rtnl_ask(sock, &request, visit_row, row);
    if (error == 0)
        row->InterfaceLuid = luid;
    return error;
}

int row_remove(struct rtnl_socket *sock, NET_IFINDEX index, const MIB_IPNET_ROW2 *row)
{
    struct rtnl_request request;

    neighbor_request(&request, RTM_DELNEIGH, NLM_F_ACK, row, index, NUD_NONE, 0);
    return rtnl_ask(sock, &request, NULL, NULL);
}

/* The kernel judges the privilege before it looks at a request: one without content asks for nothing else. */
bool row_may_remove(struct rtnl_socket *sock)
{
    const struct ndmsg fixed = {.ndm_family = AF_INET};
    struct rtnl_request request;

    rtnl_begin(&request, RTM_DELNEIGH, NLM_F_ACK, &fixed, sizeof fixed);
    return rtnl_ask(sock, &request, NULL, NULL) != -EPERM;
}

static void write_rows(const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results, const struct verb *verb)
{
    struct recent_links recent = {.next = 0};
    struct rtnl_socket sock;
    const int error = rtnl_open(&sock, 0);
    const size_t limit = rtnl_batch_limit(&sock, count);
    struct batch batch;

    batch.count = 0;
    for (size_t i = 0; i < count; i++) {
        struct link link;

        results[i] = error != 0 ? code_of(error) : row_check(&sock, &rows[i], verb->state != NUD_NONE, &recent, &link);
        if (results[i] == NO_ERROR)
            batch_add(&batch, &rows[i], &results[i], link.index, link.luid);
        if (batch.count == limit)
            batch_write(&sock, &batch, verb);
    }
    batch_write(&sock, &batch, verb);
    rtnl_close(&sock);
}

void netio_create(const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    write_rows(rows, count, results, &verb_create);
}

void netio_set(const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    write_rows(rows, count, results, &verb_set);
}

void netio_replace(const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    write_rows(rows, count, results, &verb_replace);
}

void netio_delete(const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    write_rows(rows, count, results, &verb_delete);
}

DWORD netio_get(netio_interface *interface, MIB_IPNET_ROW2 *row)
{
    struct rtnl_socket sock;
    int error;

    if (!inet_is_neighbor(&row->Address))
        return ERROR_INVALID_PARAMETER;
    error = rtnl_open(&sock, 0);
    if (error == 0)
        error = link_find(&sock, interface);
    if (error == 0)
        error = row_read(&sock, interface->index, interface->luid, row);
    rtnl_close(&sock);
    /* GetIpNetEntry2 alone tells an unknown interface (2) from an unknown neighbour (1168). */
    return error == -ENODEV ? ERROR_FILE_NOT_FOUND : code_of(error);
}

/* A table while it is read, and what it is to hold. */
struct table {
    ADDRESS_FAMILY family; /* AF_UNSPEC: both */
    NET_IFINDEX index;     /* 0: every interface */
    MIB_IPNET_TABLE2 *block;
    size_t room;
};

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

/* The kernel has filtered already, where it can. */
static int visit_row_of_table(void *visitor, const struct nlmsghdr *message)
{
    struct table *table = visitor;
    MIB_IPNET_ROW2 *row;
    int error;

    if (neighbor_is_foreign(message))
        return 0;
    error = make_room(table);
    if (error != 0)
        return error;
    row = &table->block->Table[table->block->NumEntries];
    error = neighbor_parse(message, row);
    if (error != 0)
        return error;
    if ((table->family == AF_UNSPEC || table->family == row->Address.si_family) &&
        (table->index == 0 || table->index == row->InterfaceIndex))
        table->block->NumEntries++;
    return 0;
}

static void restart_table(void *visitor)
{
    struct table *table = visitor;

    table->block->NumEntries = 0;
}

static int dump_table(struct rtnl_socket *sock, struct table *table)
{
    const struct ndmsg fixed = {.ndm_family = (unsigned char)table->family};
    struct rtnl_request request;
    const int error = make_room(table);

    if (error != 0)
        return error;
    rtnl_begin(&request, RTM_GETNEIGH, NLM_F_DUMP, &fixed, sizeof fixed);
    if (table->index != 0)
        rtnl_put(&request, NDA_IFINDEX, &table->index, sizeof table->index);
    return rtnl_dump(sock, &request, restart_table, visit_row_of_table, table);
}

/* A dump of a family without a stack is empty, without an error: only a socket of that family tells. */
static int check_stack(ADDRESS_FAMILY family)
{
    int fd;

    if (family == AF_UNSPEC)
        return 0;
    fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno == EAFNOSUPPORT ? -EAFNOSUPPORT : 0;
    close(fd);
    return 0;
}

/* The rows of a family and interface, the checks made; their LUIDs are left 0. */
static DWORD read_table(struct rtnl_socket *sock, ADDRESS_FAMILY family, const NET_LUID *luid, struct table *table)
{
    int error;

    if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6)
        return ERROR_INVALID_PARAMETER;
    table->family = family;
    if (luid != NULL) {
        netio_interface interface = {.luid = *luid};

        if (luid->Value == 0)
            return ERROR_INVALID_PARAMETER;
        error = link_find(sock, &interface);
        if (error != 0)
            return code_of(error);
        table->index = interface.index;
    }
    error = check_stack(family);
    if (error == 0)
        error = dump_table(sock, table);
    return code_of(error);
}

DWORD netio_table(ADDRESS_FAMILY family, const NET_LUID *interface, MIB_IPNET_TABLE2 **table)
{
    struct table read = {.family = AF_UNSPEC};
    struct rtnl_socket sock;
    const int error = rtnl_open(&sock, 0);
    DWORD code;

    if (error != 0)
        return code_of(error);
    code = read_table(&sock, family, interface, &read);
    if (code == NO_ERROR)
        code = code_of(link_fill_luids(&sock, read.block->Table, read.block->NumEntries));
    rtnl_close(&sock);
    if (code != NO_ERROR)
        free(read.block);
    else
        *table = read.block;
    return code;
}

/* Removes the dynamic rows; the first result that is not of a row gone by itself is the result. */
static DWORD remove_dynamic(struct rtnl_socket *sock, const MIB_IPNET_TABLE2 *table)
{
    const size_t limit = rtnl_batch_limit(sock, table->NumEntries);
    DWORD results[RTNL_BATCH_MAX], result = NO_ERROR;
    struct batch batch;

    batch.count = 0;
    for (size_t i = 0; i < table->NumEntries; i++) {
        const MIB_IPNET_ROW2 *row = &table->Table[i];

        if (row->State != NlnsPermanent)
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

DWORD netio_flush(ADDRESS_FAMILY family, const NET_LUID *interface)
{
    struct table read = {.family = AF_UNSPEC};
    struct rtnl_socket sock;
    const int error = rtnl_open(&sock, 0);
    DWORD code;

    if (error != 0)
        return code_of(error);
    code = read_table(&sock, family, interface, &read);
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
