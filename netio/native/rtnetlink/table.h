/* SPDX-License-Identifier: MIT */
/* Reads and flushes the whole table. */
#ifndef NETIO_TABLE_H
#define NETIO_TABLE_H

#include <stdbool.h>

#include "neighbor.h"
#include "platform.h"
#include "rtnl.h"

/* Filters of the table, and its entries while they are read. */
struct table {
    ADDRESS_FAMILY family;      /* AF_UNSPEC: both */
    NET_IFINDEX index;          /* 0: every interface */
    NET_IFINDEX master;         /* 0: interfaces with any master, or without one */
    const MIB_IPNET_ROW2 *like; /* NULL: every address and physical address */
    bool proxy;                 /* the proxy entries, which the kernel keeps in another list */
    rtnl_visit *visit;          /* the visitor is this struct; NULL: it only calls table_add */
    MIB_IPNET_TABLE2 *block;
    size_t room;
};

/*
 * Validates a family, an interface and a master (NULL: every one) and sets them as filters. -ENODEV: no such interface.
 */
int table_select(struct rtnl_socket *socket, ADDRESS_FAMILY family, const NET_LUID *luid, const NET_LUID *master,
                 struct table *table);

/* Starts the request for a dump of the entries that pass the filters. Old kernels dump others, too. */
void table_request(const struct table *table, struct rtnl_request *request);

bool table_accepts(const struct table *table, const MIB_IPNET_ROW2 *row); /* the row passes the filters */

/*
 * Opens the socket, which the caller closes also after a failure, validates the arguments and reads the entries of a
 * family and interface. Their InterfaceLuid stays 0. master may be NULL. -EOPNOTSUPP: the kernel does not filter by it.
 */
int table_read(int netns, struct rtnl_socket *socket, ADDRESS_FAMILY family, const NET_LUID *luid,
               const NET_LUID *master, struct table *table);

/*
 * Adds the entry of a message, if it passes the filters, and returns the attributes of an added one. There is a block
 * during a dump.
 */
int table_add(struct table *table, const struct nlmsghdr *message, const struct rtattr *found[NEIGHBOR_ATTRIBUTES]);

#endif
