/* SPDX-License-Identifier: MIT */
/* Compares desired entries with a table. A pure function, the same on every system. */
#ifndef NETIO_PLAN_H
#define NETIO_PLAN_H

#include "platform.h"

/* The results for a desired row, as bits; 0: the table has no such entry. */
#define NETIO_PLAN_EXISTS 0x01
#define NETIO_PLAN_DIFFERS 0x02    /* it is dynamic, or has another physical address or flag */
#define NETIO_PLAN_FOREIGN 0x04    /* it has NETIO_IS_FOREIGN */
#define NETIO_PLAN_REPEATED 0x08   /* an earlier row has the same key */
#define NETIO_PLAN_CONTRADICTS 0x10 /* beside that: and another physical address */
#define NETIO_PLAN_INVALID 0x20    /* the address is not one of a single host, so no entry is planned */

/*
 * Compares rows with a table. Each row of both names its interface by index, and by LUID if the interface has one.
 * NETIO_IS_ROUTER counts if a row has it, and if it is in exact_flags also if only the entry has it.
 *
 * verdicts[i] gets the bits for row i; places[i] the position of the entry in the table, or of the earlier row.
 * surplus[j] becomes 1 if no row has the key of entry j, and the entry is one that may be planned: permanent, of a
 * single host, with a physical address, and not foreign. ERROR_NOT_ENOUGH_MEMORY: there is no result.
 */
DWORD netio_plan_compare(const MIB_IPNET_ROW2 *rows, size_t count, const MIB_IPNET_ROW2 *table, size_t table_count,
                         UCHAR exact_flags, UCHAR *verdicts, ULONG *places, UCHAR *surplus);

#endif
