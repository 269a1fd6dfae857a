/* SPDX-License-Identifier: MIT */
/* The functions by which the tests configure the stand-in for iphlpapi.dll and inspect the calls to it. */
#ifndef NETIO_STANDIN_H
#define NETIO_STANDIN_H

#include "platform.h"

#ifdef STANDIN_BUILD
#define STANDIN __declspec(dllexport)
#else
#define STANDIN __declspec(dllimport)
#endif

/* Restores the initial state: no rows, hosts or routes; both stacks; elevated; Ethernet (4), Überall (7), a filter. */
STANDIN void standin_reset(void);

STANDIN void standin_elevated(int elevated);
STANDIN void standin_stacks(int ip4, int ip6);
STANDIN void standin_index(const NET_LUID *luid, NET_IFINDEX index); /* as after disable and enable */

/* Makes the function of that name return this code for any arguments; 0 restores its behaviour. */
STANDIN void standin_answer(const char *function, DWORD code);

STANDIN void standin_row(const MIB_IPNET_ROW2 *row);                                       /* unchanged, by its LUID */
STANDIN void standin_host(const SOCKADDR_INET *address, UCHAR last_byte, DWORD delay_ms); /* replies to probes */
STANDIN void standin_silence(DWORD delay_ms); /* the duration of a resolve without a reply */

/* NULL as gateway: on-link. The protocol is RouteProtocolLocal for routes that Windows creates itself. */
STANDIN void standin_route(const SOCKADDR_INET *prefix, UCHAR length, const NET_LUID *luid, const SOCKADDR_INET *gateway,
                           int protocol);

STANDIN void standin_address(const SOCKADDR_INET *address, UCHAR length, const NET_LUID *luid);

STANDIN LONG standin_tables(void);       /* returned and not freed */
STANDIN LONG standin_resolving(void);    /* running calls */
STANDIN LONG standin_resolving_most(void); /* their maximum since the reset */
STANDIN LONG standin_resolved(void);     /* finished calls since the reset */
STANDIN LONG standin_calls(void);        /* calls of Create, Set, Delete, Get */
STANDIN SIZE_T standin_last(MIB_IPNET_ROW2 *row); /* the row of the last of these calls, and its size */

#endif
