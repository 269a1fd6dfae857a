/* SPDX-License-Identifier: MIT */
#include "watch_socket.h"

#include <arpa/inet.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/if_link.h>
#include <sys/socket.h>

/* Holds 40,000 notifications: the kernel reserves twice the size. It takes memory only as notifications wait in it. */
#define DEFAULT_BUFFER (16u << 20)

/* ndmsg and ifinfomsg both begin with the family and have the interface index at the same offset. */
#define TYPE_OFFSET offsetof(struct nlmsghdr, nlmsg_type)
#define FAMILY_OFFSET (NLMSG_HDRLEN + offsetof(struct ndmsg, ndm_family))
#define INDEX_OFFSET (NLMSG_HDRLEN + offsetof(struct ndmsg, ndm_ifindex))
_Static_assert(offsetof(struct ndmsg, ndm_family) == offsetof(struct ifinfomsg, ifi_family) &&
                   offsetof(struct ndmsg, ndm_ifindex) == offsetof(struct ifinfomsg, ifi_index),
               "the filter reads both at the same offsets");

#define LOAD(size, offset) BPF_STMT(BPF_LD | BPF_ABS | (size), (offset))
#define IF_EQUAL(value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (then), (otherwise))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define ACCEPT UINT32_MAX /* the whole message: the kernel can pass a shortened one on to sockets of other programs */

/*
 * Selects notifications in the kernel, which also excludes the entries of bridges and VXLAN, and the requests to resolve
 * addresses (app_solicit). A filter loads numbers in network byte order. Without the filter the watch is only slower, as
 * it checks each notification again.
 */
static void attach_filter(int fd, const struct table *selected)
{
    const bool one_family = selected->family != AF_UNSPEC, one_index = selected->index != 0;
    struct sock_filter code[] = {
        LOAD(BPF_H, TYPE_OFFSET),
        IF_EQUAL(htons(RTM_NEWNEIGH), 5, 0),
        IF_EQUAL(htons(RTM_DELNEIGH), 4, 0),
        IF_EQUAL(htons(RTM_NEWLINK), 1, 0),
        IF_EQUAL(htons(RTM_DELLINK), 0, 8),
        /* Interfaces: not as the ports of a bridge. */
        LOAD(BPF_B, FAMILY_OFFSET),
        IF_EQUAL(AF_UNSPEC, 3, 6),
        /* Entries. */
        LOAD(BPF_B, FAMILY_OFFSET),
        IF_EQUAL(one_family ? selected->family : AF_INET, 1, 0),
        IF_EQUAL(one_family ? selected->family : AF_INET6, 0, 3),
        LOAD(BPF_W, INDEX_OFFSET),
        IF_EQUAL(htonl(selected->index), 0, one_index ? 1 : 0),
        RETURN(ACCEPT),
        RETURN(0),
    };
    const struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};

    (void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static void set_buffer(int fd, ULONG receive_buffer)
{
    const ULONG bytes = receive_buffer != 0 ? receive_buffer : DEFAULT_BUFFER;
    const int size = bytes > INT_MAX / 2 ? INT_MAX / 2 : (int)bytes;

    /* The first needs CAP_NET_ADMIN; the second one the kernel limits to net.core.rmem_max. */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

int watch_socket_open(struct rtnl_socket *sock, int netns, const struct table *selected, ULONG receive_buffer)
{
    const int error = rtnl_open(sock, netns, 0);

    if (error != 0)
        return error;
    attach_filter(sock->fd, selected);
    set_buffer(sock->fd, receive_buffer);
    return rtnl_subscribe(sock, RTMGRP_NEIGH | RTMGRP_LINK);
}

size_t watch_socket_room(const struct rtnl_socket *sock)
{
    int bytes = 0;
    socklen_t size = sizeof bytes;

    if (getsockopt(sock->fd, SOL_SOCKET, SO_RCVBUF, &bytes, &size) != 0 || bytes < WATCH_NOTIFICATION_ROOM)
        return 1;
    return (size_t)bytes / WATCH_NOTIFICATION_ROOM;
}
