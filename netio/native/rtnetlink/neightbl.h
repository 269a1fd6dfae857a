/* SPDX-License-Identifier: MIT */
/* Converts between neighbour table messages of rtnetlink and their parameters. Pure functions. */
#ifndef NETIO_NEIGHTBL_H
#define NETIO_NEIGHTBL_H

#include <stdbool.h>

#include "parameters.h"
#include "rtnl.h"

/*
 * Reads a message of RTM_GETNEIGHTBL. The first message of a table has its numbers and the defaults, and sets *is_table;
 * each further one has the parameters of an interface and leaves table as it is. A parameter that the kernel does not
 * have is NETIO_NO_NUMBER. -EBADMSG: an invalid length, or a missing attribute.
 */
int neightbl_parse(const struct nlmsghdr *message, bool *is_table, netio_linux_neightbl *table,
                   netio_linux_parameters *parameters);

/*
 * Starts a request that sets the numbers that are not NETIO_NO_NUMBER, those of parameters for its index. table may be
 * NULL.
 */
void neightbl_request(struct rtnl_request *request, ADDRESS_FAMILY family, const netio_linux_neightbl *table,
                      const netio_linux_parameters *parameters);

/* Returns whether the kernel reports each number that is to be set, so that it does not ignore it. */
bool neightbl_is_known(const netio_linux_parameters *wanted, const netio_linux_parameters *reported);

#endif
