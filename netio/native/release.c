/* SPDX-License-Identifier: MIT */
#include "release.h"

#include <string.h>

void netio_release(void *variable)
{
    void *memory;

    memcpy(&memory, variable, sizeof memory);
    netio_free(memory);
    memset(variable, 0, sizeof memory);
}

void netio_resolver_release(netio_resolver **variable)
{
    netio_resolver_close(*variable);
    *variable = NULL;
}

void netio_sweep_release(netio_sweep **variable)
{
    netio_sweep_close(*variable);
    *variable = NULL;
}

void netio_watch_release(netio_watch **variable)
{
    netio_watch_close(*variable);
    *variable = NULL;
}
