/* SPDX-License-Identifier: MIT */
#include "parameters.h"

#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "link.h"
#include "neightbl.h"
#include "rtnl.h"
#include "status.h"

/* A table of the kernel while it is read. */
struct reading {
    netio_linux_neightbl table;
    netio_linux_parameters *list;
    size_t count, room;
    bool is_found;
};

static void restart(void *visitor)
{
    struct reading *reading = visitor;

    reading->count = 0;
    reading->is_found = false;
}

static int visit(void *visitor, const struct nlmsghdr *message)
{
    struct reading *reading = visitor;
    void *list = array_with_room(reading->list, reading->count, &reading->room, 0, sizeof *reading->list);
    bool is_table;
    int error;

    if (list == NULL)
        return -ENOMEM;
    reading->list = list;
    error = neightbl_parse(message, &is_table, &reading->table, &reading->list[reading->count]);
    if (error != 0)
        return error;
    reading->count++;
    reading->is_found = reading->is_found || is_table;
    return 0;
}

/* -EAFNOSUPPORT: the kernel has no table for the family. The caller frees the list, also after an error. */
static int read_table(struct rtnl_socket *sock, ADDRESS_FAMILY family, struct reading *reading)
{
    const struct ndtmsg fixed = {.ndtm_family = (unsigned char)family};
    struct rtnl_request request;
    int error;

    if (family != AF_INET && family != AF_INET6)
        return -EINVAL;
    rtnl_begin(&request, RTM_GETNEIGHTBL, NLM_F_DUMP, &fixed, sizeof fixed);
    error = rtnl_dump(sock, &request, restart, visit, reading);
    return error == 0 && !reading->is_found ? -EAFNOSUPPORT : error;
}

DWORD netio_linux_neightbl_read(int netns, ADDRESS_FAMILY family, netio_linux_neightbl *table,
                                netio_linux_parameters **list, size_t *count)
{
    struct reading reading = {.count = 0};
    struct rtnl_socket sock;
    int error = rtnl_open(&sock, netns, 0);

    if (error == 0)
        error = read_table(&sock, family, &reading);
    rtnl_close(&sock);
    if (error != 0) {
        free(reading.list);
        return win32_status(error);
    }
    *table = reading.table;
    *list = reading.list;
    *count = reading.count;
    return NO_ERROR;
}

/* The kernel ignores parameters that it does not know. -EAFNOSUPPORT: the interface has no stack for the family. */
static int check_support(const struct reading *reading, const netio_linux_parameters *wanted)
{
    for (size_t i = 0; i < reading->count; i++)
        if (reading->list[i].index == wanted->index)
            return neightbl_is_known(wanted, &reading->list[i]) ? 0 : -EOPNOTSUPP;
    return -EAFNOSUPPORT;
}

static int set_table(struct rtnl_socket *sock, ADDRESS_FAMILY family, const NET_LUID *luid,
                     const netio_linux_neightbl *table, const netio_linux_parameters *parameters)
{
    netio_linux_parameters wanted = *parameters;
    struct reading reading = {.count = 0};
    struct rtnl_request request;
    int error = 0;

    wanted.index = 0;
    if (luid != NULL) {
        netio_interface interface = {.luid = *luid};

        error = luid->Value == 0 ? -EINVAL : link_find(sock, &interface);
        wanted.index = interface.index;
    }
    if (error == 0)
        error = read_table(sock, family, &reading);
    if (error == 0)
        error = check_support(&reading, &wanted);
    free(reading.list);
    if (error != 0)
        return error;
    neightbl_request(&request, family, luid == NULL ? table : NULL, &wanted);
    return rtnl_call(sock, &request, NULL, NULL);
}

DWORD netio_linux_neightbl_set(int netns, ADDRESS_FAMILY family, const NET_LUID *interface,
                               const netio_linux_neightbl *table, const netio_linux_parameters *parameters)
{
    struct rtnl_socket sock;
    int error = rtnl_open(&sock, netns, 0);

    if (error == 0)
        error = set_table(&sock, family, interface, table, parameters);
    rtnl_close(&sock);
    return win32_status(error);
}
