/* SPDX-License-Identifier: MIT */
/* Writes entries: create, set, replace, delete. */
#include <stdbool.h>

#include "platform.h"

/* How often replace tries to create an entry before it reports that the entry exists. */
#define REPLACE_ROUNDS 5

void netio_create(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    (void)netns;
    for (size_t i = 0; i < count; i++)
        results[i] = CreateIpNetEntry2(&rows[i]);
}

/* Microsoft does not document what SetIpNetEntry2 writes into the row, so it gets a copy. */
static DWORD set_row(const MIB_IPNET_ROW2 *row)
{
    MIB_IPNET_ROW2 copy = *row;

    return SetIpNetEntry2(&copy);
}

void netio_set(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    (void)netns;
    for (size_t i = 0; i < count; i++)
        results[i] = set_row(&rows[i]);
}

static bool is_dynamic(const MIB_IPNET_ROW2 *row)
{
    MIB_IPNET_ROW2 entry = *row;

    return GetIpNetEntry2(&entry) == NO_ERROR && entry.State != NlnsPermanent;
}

/*
 * Sets an entry that exists. ERROR_OBJECT_ALREADY_EXISTS: create it again, because it has expired, or was deleted here.
 * Microsoft does not document whether SetIpNetEntry2 makes a dynamic entry permanent, leaves it dynamic or rejects it.
 */
static DWORD overwrite_row(const MIB_IPNET_ROW2 *row)
{
    DWORD code = set_row(row);

    if (is_dynamic(row)) {
        code = DeleteIpNetEntry2(row);
        if (code == NO_ERROR)
            return ERROR_OBJECT_ALREADY_EXISTS;
    }
    return code == ERROR_NOT_FOUND ? ERROR_OBJECT_ALREADY_EXISTS : code;
}

/* An entry can expire between two calls, and CreateIpNetEntry2 may still find one that was just deleted. */
static DWORD replace_row(const MIB_IPNET_ROW2 *row)
{
    DWORD code = ERROR_OBJECT_ALREADY_EXISTS;

    for (int round = 0; code == ERROR_OBJECT_ALREADY_EXISTS && round < REPLACE_ROUNDS; round++) {
        if (round > 0)
            Sleep(1);
        code = CreateIpNetEntry2(row);
        if (code == ERROR_OBJECT_ALREADY_EXISTS)
            code = overwrite_row(row);
    }
    return code;
}

void netio_replace(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    (void)netns;
    for (size_t i = 0; i < count; i++)
        results[i] = replace_row(&rows[i]);
}

void netio_delete(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    (void)netns;
    for (size_t i = 0; i < count; i++)
        results[i] = DeleteIpNetEntry2(&rows[i]);
}
