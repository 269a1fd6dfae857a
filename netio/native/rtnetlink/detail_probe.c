/* SPDX-License-Identifier: MIT */
/* Makes the kernel probe entries as they are: none is removed, and no reply is awaited. */
#include <linux/neighbour.h>

#include "detail.h"
#include "inet.h"
#include "link.h"
#include "neighbor.h"
#include "probe.h"
#include "row.h"
#include "rtnl.h"
#include "status.h"

/* Foreign entries are not written, which would clear their flags: a datagram makes the kernel probe them. */
static int probe_by_datagram(struct probe_socket *probe, int netns, NET_IFINDEX index, const MIB_IPNET_ROW2 *row)
{
    const SOCKADDR_INET any_source = {.si_family = AF_UNSPEC};
    const int error = probe_open(probe, netns, row->Address.si_family, index, &any_source);

    return error == 0 ? probe_send(probe, &row->Address) : error;
}

/* A state PROBE is probed at once; a use would wait for the delay of a STALE entry. Without NLM_F_CREATE. */
static int probe_by_request(struct rtnl_socket *sock, NET_IFINDEX index, const MIB_IPNET_ROW2 *row)
{
    const bool is_known = row->PhysicalAddressLength != 0 && !(row->Flags & NETIO_IS_UNREACHABLE);
    const struct ndmsg fixed = {
        .ndm_family = (unsigned char)row->Address.si_family,
        .ndm_ifindex = (int)index,
        .ndm_state = is_known ? NUD_PROBE : NUD_NONE,
        .ndm_flags = (unsigned char)((is_known ? 0 : NTF_USE) | (row->Flags & NETIO_IS_ROUTER ? NTF_ROUTER : 0)),
    };
    struct rtnl_request request;
    size_t size;
    const void *bytes = inet_bytes(&row->Address, &size);

    rtnl_begin(&request, RTM_NEWNEIGH, NLM_F_REPLACE | NLM_F_ACK, &fixed, sizeof fixed);
    if (bytes != NULL)
        rtnl_put(&request, NDA_DST, bytes, size);
    return rtnl_call(sock, &request, NULL, NULL);
}

static int probe_row(struct rtnl_socket *sock, struct probe_socket *probe, struct recent_links *recent,
                     const MIB_IPNET_ROW2 *row)
{
    MIB_IPNET_ROW2 entry = *row;
    struct link link;
    int error = link_recall(sock, recent, row->InterfaceLuid, row->InterfaceIndex, &link);

    if (error == 0)
        error = row_read(sock, link.index, link.luid, &entry);
    if (error != 0 || entry.State == NlnsPermanent)
        return error;
    if (entry.Flags & NETIO_IS_FOREIGN)
        return probe_by_datagram(probe, sock->netns, link.index, &entry);
    return probe_by_request(sock, link.index, &entry);
}

void netio_linux_probe(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results)
{
    struct recent_links recent = {.next = 0};
    struct probe_socket probe = {.fd = -1};
    struct rtnl_socket sock;
    const int error = rtnl_open(&sock, netns, 0);

    for (size_t i = 0; i < count; i++)
        results[i] = win32_status(error == 0 ? probe_row(&sock, &probe, &recent, &rows[i]) : error);
    probe_close(&probe);
    rtnl_close(&sock);
}
