/* SPDX-License-Identifier: MIT */
/* Writes entries: create, set, replace, delete. */
#include "platform.h"

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

void netio_replace(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    (void)netns;
    for (size_t i = 0; i < count; i++) {
        results[i] = CreateIpNetEntry2(&rows[i]);
        if (results[i] == ERROR_OBJECT_ALREADY_EXISTS)
            results[i] = set_row(&rows[i]);
    }
}

void netio_delete(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    (void)netns;
    for (size_t i = 0; i < count; i++)
        results[i] = DeleteIpNetEntry2(&rows[i]);
}
