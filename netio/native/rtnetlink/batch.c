/* SPDX-License-Identifier: MIT */
#include "batch.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>

#include "neighbor.h"
#include "row.h"
#include "stack.h"
#include "status.h"

const struct verb verb_create = {RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, NUD_PERMANENT};
const struct verb verb_set = {RTM_NEWNEIGH, NLM_F_REPLACE, NUD_PERMANENT};
const struct verb verb_replace = {RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, NUD_PERMANENT};
const struct verb verb_delete = {RTM_DELNEIGH, 0, NUD_NONE};

void batch_add(struct batch *batch, const MIB_IPNET_ROW2 *row, DWORD *result, NET_IFINDEX index, NET_LUID luid)
{
    struct batch_row *added = &batch->rows[batch->count++];

    added->row = row;
    added->result = result;
    added->index = index;
    added->luid = luid;
    added->neighbor_flags = 0;
}

/* The keys of entries, and the entries. */
struct readings {
    const struct batch_row *rows;
    MIB_IPNET_ROW2 *found;
};

static int visit_found(void *visitor, size_t place, const struct nlmsghdr *message)
{
    const struct readings *readings = visitor;
    const struct batch_row *row = &readings->rows[place];

    return neighbor_parse_reply(message, row->row, row->index, &readings->found[place]);
}

static int read_alone(struct rtnl_socket *sock, const struct batch_row *row, MIB_IPNET_ROW2 *found)
{
    *found = *row->row;
    return row_read(sock, row->index, row->luid, found);
}

void batch_read(struct rtnl_socket *sock, struct rtnl_batch *requests, const struct batch_row rows[], size_t count,
                MIB_IPNET_ROW2 found[])
{
    struct readings readings = {rows, found};

    rtnl_batch_begin(requests);
    for (size_t i = 0; i < count; i++) {
        struct rtnl_request request;

        neighbor_request(&request, RTM_GETNEIGH, 0, rows[i].row, rows[i].index, NUD_NONE, 0);
        rtnl_batch_add(requests, &request);
    }
    rtnl_batch_call(sock, requests, visit_found, &readings);
    for (size_t i = 0; i < count; i++) {
        if (requests->results[i] == 0)
            found[i].InterfaceLuid = rows[i].luid;
        else if (requests->results[i] == RTNL_NO_REPLY)
            requests->results[i] = read_alone(sock, &rows[i], &found[i]);
    }
}

/*
 * NLM_F_REPLACE clears the router flag of an IPv6 entry unless the request repeats it. A row whose entry cannot be read
 * gets that error as its result and leaves the batch.
 */
static void keep_router_flags(struct rtnl_socket *sock, struct batch *batch)
{
    size_t count = 0, kept = 0, place = 0;

    for (size_t i = 0; i < batch->count; i++)
        if (batch->rows[i].row->Address.si_family == AF_INET6)
            batch->read[count++] = batch->rows[i];
    if (count == 0)
        return;
    batch_read(sock, &batch->requests, batch->read, count, batch->found);
    for (size_t i = 0; i < batch->count; i++) {
        struct batch_row row = batch->rows[i];
        int error = 0;

        if (row.row->Address.si_family == AF_INET6) {
            error = batch->requests.results[place];
            if (error == 0 && batch->found[place].Flags & NETIO_IS_ROUTER)
                row.neighbor_flags = NTF_ROUTER;
            place++;
        }
        if (error == 0 || error == -ENOENT)
            batch->rows[kept++] = row;
        else
            *row.result = win32_status(error);
    }
    batch->count = kept;
}

static bool is_written(const MIB_IPNET_ROW2 *found, const MIB_IPNET_ROW2 *row)
{
    return found->State == NlnsPermanent && found->PhysicalAddressLength == row->PhysicalAddressLength &&
           memcmp(found->PhysicalAddress, row->PhysicalAddress, row->PhysicalAddressLength) == 0;
}

/*
 * Determines the outcome of a request without a reply by reading the entry back: repeating the request could turn a
 * success into an error. -ETIMEDOUT: the entry does not show the outcome.
 */
static int outcome_of(struct rtnl_socket *sock, const struct verb *verb, const struct batch_row *written)
{
    MIB_IPNET_ROW2 found;
    const int error = read_alone(sock, written, &found);

    if (error == -ENOENT)
        return verb == &verb_delete ? 0 : verb == &verb_set ? error : -ETIMEDOUT;
    if (error != 0)
        return error;
    if (verb == &verb_delete)
        return -ETIMEDOUT;
    if (is_written(&found, written->row))
        return 0;
    return verb == &verb_create ? -EEXIST : -ETIMEDOUT;
}

void batch_write(struct rtnl_socket *sock, struct batch *batch, const struct verb *verb)
{
    struct known_stack stack = {.index = 0};

    if (verb == &verb_set)
        keep_router_flags(sock, batch);
    rtnl_batch_begin(&batch->requests);
    for (size_t i = 0; i < batch->count; i++) {
        const struct batch_row *row = &batch->rows[i];
        struct rtnl_request request;

        neighbor_request(&request, verb->type, verb->flags, row->row, row->index, verb->state, row->neighbor_flags);
        rtnl_batch_add(&batch->requests, &request);
    }
    rtnl_batch_call(sock, &batch->requests, NULL, NULL);
    for (size_t i = 0; i < batch->count; i++) {
        int error = batch->requests.results[i];

        if (error == RTNL_NO_REPLY)
            error = outcome_of(sock, verb, &batch->rows[i]);
        /* The row is valid by now, so the kernel rejects an interface without a stack of that family. */
        if (error == -EINVAL && verb != &verb_delete)
            error = -EAFNOSUPPORT;
        if (error == -ENOENT &&
            stack_is_missing(sock, &stack, batch->rows[i].index, batch->rows[i].row->Address.si_family))
            error = -EAFNOSUPPORT;
        *batch->rows[i].result = win32_status(error);
    }
    batch->count = 0;
}
