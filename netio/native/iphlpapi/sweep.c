/* SPDX-License-Identifier: MIT */
/* Sweeping needs packet sockets, which Windows does not have. */
#include "platform.h"

DWORD netio_sweep_open(int netns, ULONG rate, ULONG timeout_ms, ULONG retries, netio_sweep **sweep)
{
    (void)netns;
    (void)rate;
    (void)timeout_ms;
    (void)retries;
    *sweep = NULL;
    return ERROR_NOT_SUPPORTED;
}

void netio_sweep_submit(netio_sweep *sweep, const MIB_IPNET_ROW2 *rows, const SOCKADDR_INET *sources, size_t count,
                        DWORD *results)
{
    (void)sweep;
    (void)rows;
    (void)sources;
    for (size_t i = 0; i < count; i++)
        results[i] = ERROR_NOT_SUPPORTED;
}

DWORD netio_sweep_wait(netio_sweep *sweep, DWORD wait_ms, bool more, MIB_IPNET_ROW2 *rows, ULONG *elapsed_us,
                       size_t *count)
{
    (void)sweep;
    (void)wait_ms;
    (void)more;
    (void)rows;
    (void)elapsed_us;
    *count = 0;
    return ERROR_NOT_SUPPORTED;
}

size_t netio_sweep_pending(const netio_sweep *sweep)
{
    (void)sweep;
    return 0;
}

size_t netio_sweep_unsent(const netio_sweep *sweep)
{
    (void)sweep;
    return 0;
}

void netio_sweep_close(netio_sweep *sweep)
{
    (void)sweep;
}
