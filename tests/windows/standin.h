/* SPDX-License-Identifier: MIT */
/* How the tests arrange what the stand-in for iphlpapi.dll answers, and see what was done to it. */
#ifndef NETIO_STANDIN_H
#define NETIO_STANDIN_H

#include "platform.h"

#ifdef STANDIN_BUILD
#define STANDIN __declspec(dllexport)
#else
#define STANDIN __declspec(dllimport)
#endif

/* Starts anew: no rows, hosts or routes; both stacks; administrator; interfaces Ethernet (4), Überall (7), a filter. */
STANDIN void standin_reset(void);

STANDIN void standin_elevated(int elevated);
STANDIN void standin_stacks(int ip4, int ip6);
STANDIN void standin_index(const NET_LUID *luid, NET_IFINDEX index); /* as disable and enable change it */

/* A function, by its name, gives this code whatever it is asked; 0: its own answers again. */
STANDIN void standin_answer(const char *function, DWORD code);

STANDIN void standin_row(const MIB_IPNET_ROW2 *row);                                       /* as it is; its LUID */
STANDIN void standin_host(const SOCKADDR_INET *address, UCHAR last_byte, DWORD delay_ms); /* answers resolves */
STANDIN void standin_silence(DWORD delay_ms); /* how long the resolve of an absent host takes */

/* A NULL gateway: on link. The protocol is RouteProtocolLocal for those that Windows makes itself. */
STANDIN void standin_route(const SOCKADDR_INET *prefix, UCHAR length, const NET_LUID *luid, const SOCKADDR_INET *gateway,
                           int protocol);

STANDIN LONG standin_tables(void);       /* given out and not freed */
STANDIN LONG standin_resolving(void);    /* calls under way */
STANDIN LONG standin_resolving_most(void); /* at one time, since the reset */
STANDIN LONG standin_resolved(void);     /* calls ended, since the reset */
STANDIN LONG standin_calls(void);        /* calls of Create, Set, Delete, Get */
STANDIN SIZE_T standin_last(MIB_IPNET_ROW2 *row); /* the row of the last of those, as it came; its size */

#endif
