/* SPDX-License-Identifier: MIT */
/* Prints calls of iphlpapi.dll to stderr, a line for each, if the environment variable NETIO_DEBUG is 1. */
#ifndef NETIO_TRACE_H
#define NETIO_TRACE_H

#include "platform.h"

/* Each prints the function, the key with which it was called, and the code that it returned. Each returns the code. */
DWORD trace_entry(const char *function, const MIB_IPNET_ROW2 *key, const SOCKADDR_INET *source, DWORD code);
DWORD trace_address(const char *function, const SOCKADDR_INET *address, const NET_LUID *luid, DWORD code);
DWORD trace_interface(const char *function, NET_LUID luid, NET_IFINDEX index, DWORD code);
DWORD trace_alias(const char *function, const WCHAR *alias, DWORD code);
DWORD trace_table(const char *function, ADDRESS_FAMILY family, NET_IFINDEX index, DWORD code);

#endif
