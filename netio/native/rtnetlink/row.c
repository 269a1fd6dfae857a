/* SPDX-License-Identifier: MIT */
#include "row.h"

#include <errno.h>
#include <linux/neighbour.h>

#include "inet.h"
#include "neighbor.h"
#include "status.h"

/*
 * Makes the checks that the kernel does not make, in the order that Microsoft documents: the kernel accepts loopback
 * addresses, and it truncates or rejects a physical address of a wrong length depending on the length. The kernel
 * itself checks the privilege, which therefore comes last.
 */
DWORD row_check(struct rtnl_socket *sock, const MIB_IPNET_ROW2 *row, enum row_use use, struct recent_links *recent,
                struct link *link)
{
    const ULONG length = row->PhysicalAddressLength;
    int error;

    if (use == ROW_DELETE ? !inet_is_ip(&row->Address) : !inet_is_neighbor(&row->Address))
        return ERROR_INVALID_PARAMETER;
    if (use == ROW_WRITE && (length == 0 || length > sizeof row->PhysicalAddress))
        return ERROR_INVALID_PARAMETER;
    if (row->InterfaceLuid.Value == 0 && row->InterfaceIndex == 0)
        return ERROR_INVALID_PARAMETER;
    error = link_recall(sock, recent, row->InterfaceLuid, row->InterfaceIndex, link);
    if (error != 0)
        return win32_status(error);
    if (use == ROW_WRITE && length != link->physical_address_length)
        return ERROR_INVALID_PARAMETER;
    return NO_ERROR;
}

/* The key of an entry, and the entry. */
struct reading {
    const MIB_IPNET_ROW2 *key;
    NET_IFINDEX index;
    MIB_IPNET_ROW2 found;
};

static int visit_row(void *visitor, const struct nlmsghdr *message)
{
    struct reading *reading = visitor;

    return neighbor_parse_reply(message, reading->key, reading->index, &reading->found);
}

int row_read(struct rtnl_socket *sock, NET_IFINDEX index, NET_LUID luid, MIB_IPNET_ROW2 *row)
{
    struct reading reading = {.key = row, .index = index};
    struct rtnl_request request;
    int error;

    neighbor_request(&request, RTM_GETNEIGH, 0, row, index, NUD_NONE, 0);
    error = rtnl_call(sock, &request, visit_row, &reading);
    if (error == 0) {
        *row = reading.found;
        row->InterfaceLuid = luid;
    }
    return error;
}

int row_remove(struct rtnl_socket *sock, NET_IFINDEX index, const MIB_IPNET_ROW2 *row)
{
    struct rtnl_request request;

    neighbor_request(&request, RTM_DELNEIGH, NLM_F_ACK, row, index, NUD_NONE, 0);
    return rtnl_call(sock, &request, NULL, NULL);
}

/* The kernel checks the privilege before it parses a request, so a request without an address changes nothing. */
bool row_may_remove(struct rtnl_socket *sock)
{
    const struct ndmsg fixed = {.ndm_family = AF_INET};
    struct rtnl_request request;

    rtnl_begin(&request, RTM_DELNEIGH, NLM_F_ACK, &fixed, sizeof fixed);
    return rtnl_call(sock, &request, NULL, NULL) != -EPERM;
}
