/* SPDX-License-Identifier: MIT */
/* Writes entries: create, set, replace, delete. */
#include <errno.h>
#include <stdlib.h>

#include "batch.h"
#include "link.h"
#include "platform.h"
#include "row.h"
#include "rtnl.h"
#include "status.h"

static void write_rows(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results, const struct verb *verb)
{
    const enum row_use use = verb == &verb_delete ? ROW_DELETE : ROW_WRITE;
    struct recent_links recent = {.next = 0};
    struct rtnl_socket sock;
    int error = rtnl_open(&sock, netns, 0);
    const size_t limit = error == 0 ? rtnl_batch_limit(&sock, count) : 0;
    struct batch *batch = malloc(sizeof *batch);

    if (batch != NULL)
        batch->count = 0;
    else if (error == 0)
        error = -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        struct link link;

        results[i] = win32_status(error);
        if (error == 0)
            results[i] = row_check(&sock, &rows[i], use, &recent, &link);
        if (results[i] == NO_ERROR)
            batch_add(batch, &rows[i], &results[i], link.index, link.luid);
        if (error == 0 && (batch->count == limit || i == count - 1))
            batch_write(&sock, batch, verb);
    }
    free(batch);
    rtnl_close(&sock);
}

void netio_create(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    write_rows(netns, rows, count, results, &verb_create);
}

void netio_set(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    write_rows(netns, rows, count, results, &verb_set);
}

void netio_replace(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    write_rows(netns, rows, count, results, &verb_replace);
}

void netio_delete(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    write_rows(netns, rows, count, results, &verb_delete);
}
