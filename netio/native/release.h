/* SPDX-License-Identifier: MIT */
/*
 * Destructors for the out parameters of the backend interface. The caller attaches one to the variable before the call:
 * an exception of a signal handler can strike right after the call, before any Python code owns the result.
 */
#ifndef NETIO_RELEASE_H
#define NETIO_RELEASE_H

#include "platform.h"

/* Frees the memory that a pointer variable holds, with netio_free, and clears the variable. variable: its address. */
void netio_release(void *variable);

/* Closes the resolver that a variable holds and clears the variable. */
void netio_resolver_release(netio_resolver **variable);

/* Closes the sweep or the watch that a variable holds and clears the variable. */
void netio_sweep_release(netio_sweep **variable);
void netio_watch_release(netio_watch **variable);

#endif
