/* SPDX-License-Identifier: MIT */
/* Selects rows of a table. A pure function, the same on every system. */
#ifndef NETIO_FILTER_H
#define NETIO_FILTER_H

#include <stdbool.h>

#include "platform.h"

/* Returns whether netio_table returns a row for this argument like; NULL accepts every row. */
bool filter_accepts(const MIB_IPNET_ROW2 *like, const MIB_IPNET_ROW2 *row);

#endif
