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

/*
 * Restores the initial state: no rows, hosts or routes; both stacks; elevated; a loopback interface (1), Ethernet (4,
 * up), Überall (7, down), a filter; every switch 0.
 */
STANDIN void standin_reset(void);

STANDIN void standin_elevated(int elevated);
STANDIN void standin_stacks(int ip4, int ip6);
STANDIN void standin_index(const NET_LUID *luid, NET_IFINDEX index); /* as after disable and enable */

/* Makes the function of that name return this code for any arguments; 0 restores its behaviour. */
STANDIN void standin_answer(const char *function, DWORD code);

/* The same for one call; such answers are used in their order. */
STANDIN void standin_answer_once(const char *function, DWORD code);
STANDIN LONG standin_unused(void); /* single answers that no call received */

/* Behaviour that no document and no record settles. The value is 0 initially. */
enum standin_question {
    /* Set of a dynamic row. 0: it becomes permanent (T2TouchId); 1: it stays dynamic; else the code of a refusal, since
       the PowerShell cmdlet Set-NetNeighbor changes permanent rows only. */
    STANDIN_SET_DYNAMIC,
    /* The number of Creates of the row deleted last that still return ERROR_OBJECT_ALREADY_EXISTS (5010). net-lattice
       recorded one on windows-latest. */
    STANDIN_DELETED_ROW_LASTS,
    /* Get with an unknown LUID. 0: ERROR_FILE_NOT_FOUND (2), as documented; 1: ERROR_NOT_FOUND (1168), which Wine's
       tests/nsi.c records for unknown keys of the IP tables. */
    STANDIN_GET_UNKNOWN_INTERFACE,
    /* Flush. 0: it keeps permanent rows; 1: it removes them, since the documentation makes no exception for them. */
    STANDIN_FLUSH_PERMANENT,
    STANDIN_QUESTIONS
};
STANDIN void standin_switch(enum standin_question question, int value);

STANDIN void standin_row(const MIB_IPNET_ROW2 *row);                                       /* unchanged, by its LUID */
/* A delay of INFINITE lasts until standin_silence sets another duration, so that no test depends on the clock. */
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
STANDIN LONG standin_lookups(void);      /* calls of GetIfEntry2 */
STANDIN SIZE_T standin_last(MIB_IPNET_ROW2 *row); /* the row of the last of these calls, and its size */
STANDIN SIZE_T standin_last_source(SOCKADDR_INET *source); /* the last source of Resolve, and its size */

#endif
