/* SPDX-License-Identifier: MIT */
/* Prints netlink messages to stderr, a line for each, if the environment variable NETIO_DEBUG is 1. */
#ifndef NETIO_TRACE_H
#define NETIO_TRACE_H

#include <stddef.h>

/* Prints the messages of a datagram that was sent or received. Keeps errno. */
void trace_datagram(const char *direction, const void *data, size_t size);

#endif
