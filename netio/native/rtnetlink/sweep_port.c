/* SPDX-License-Identifier: MIT */
#include "sweep_port.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "link.h"
#include "netns.h"
#include "rtnl.h"

#define RECEIVE_BUFFER (1 << 20) /* the kernel limits it to net.core.rmem_max */
#define FRAME_ROOM 2048          /* a reply has at most 1500 bytes and its header */

/*
 * The parts of the filters. A frame to another host has that packet type, and so has one with the tag of a VLAN for which
 * there is no interface: the kernel removes such a tag before it delivers the frame.
 */
#define LOAD_EXTENSION(what) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + (what)))
#define ACCEPT BPF_STMT(BPF_RET | BPF_K, UINT32_MAX)
#define REJECT BPF_STMT(BPF_RET | BPF_K, 0)
#define JUMP_EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))

static int attach(int fd, struct sock_filter *program, unsigned short size)
{
    const struct sock_fprog filter = {.len = size, .filter = program};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) < 0 ? -errno : 0;
}

/* ARP replies: opcode 2. */
static int attach_arp(int fd)
{
    struct sock_filter program[] = {
        LOAD_EXTENSION(SKF_AD_PKTTYPE),
        JUMP_EQUAL(PACKET_OTHERHOST, 3, 0),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20),
        JUMP_EQUAL(2, 0, 1),
        ACCEPT,
        REJECT,
    };

    return attach(fd, program, sizeof program / sizeof program[0]);
}

/* ICMPv6 parameter problems (4), echo replies (129) and neighbour advertisements (136). */
static int attach_icmp6(int fd)
{
    struct sock_filter program[] = {
        LOAD_EXTENSION(SKF_AD_PKTTYPE),
        JUMP_EQUAL(PACKET_OTHERHOST, 7, 0),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
        JUMP_EQUAL(58, 0, 5),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
        JUMP_EQUAL(4, 2, 0),
        JUMP_EQUAL(129, 1, 0),
        JUMP_EQUAL(136, 0, 1),
        ACCEPT,
        REJECT,
    };

    return attach(fd, program, sizeof program / sizeof program[0]);
}

/* A packet socket of protocol 0 receives nothing before it is bound, so the filter sees the first frame. */
static int set_up(const struct port *port)
{
    const int on = 1, room = RECEIVE_BUFFER;
    const struct sockaddr_ll address = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(port->family == AF_INET ? ETH_P_ARP : ETH_P_IPV6),
        .sll_ifindex = (int)port->index,
    };
    const int error = port->family == AF_INET ? attach_arp(port->fd) : attach_icmp6(port->fd);

    if (error != 0)
        return error;
    if (setsockopt(port->fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on) < 0 ||
        setsockopt(port->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room) < 0 ||
        bind(port->fd, (const struct sockaddr *)&address, sizeof address) < 0)
        return -errno;
    return 0;
}

int port_check(int netns)
{
    const int fd = netns_socket(netns, AF_PACKET, SOCK_RAW, 0);

    if (fd < 0)
        return fd;
    close(fd);
    return 0;
}

static int find_interface(int netns, const MIB_IPNET_ROW2 *row, netio_interface *interface)
{
    struct rtnl_socket sock;
    int error = rtnl_open(&sock, netns, 0);

    if (error != 0)
        return error;
    memset(interface, 0, sizeof *interface);
    interface->luid = row->InterfaceLuid;
    interface->index = row->InterfaceIndex;
    error = link_find(&sock, interface);
    rtnl_close(&sock);
    return error;
}

int port_open(struct port *port, int netns, const MIB_IPNET_ROW2 *row)
{
    netio_interface interface;
    int error = find_interface(netns, row, &interface);

    if (error != 0)
        return error;
    if (interface.physical_address_length != FRAME_MAC_SIZE || (interface.flags & NETIO_INTERFACE_PROBES) == 0)
        return -EOPNOTSUPP;
    port->family = row->Address.si_family;
    port->index = interface.index;
    memcpy(port->mac, interface.physical_address, FRAME_MAC_SIZE);
    port->fd = netns_socket(netns, AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
    if (port->fd < 0)
        return port->fd;
    error = set_up(port);
    if (error != 0)
        port_close(port);
    return error;
}

void port_close(struct port *port)
{
    if (port->fd >= 0)
        close(port->fd);
    port->fd = -1;
}

int port_send(const struct port *port, enum frame_kind kind, const SOCKADDR_INET *source, const SOCKADDR_INET *target,
              uint32_t id)
{
    UCHAR frame[FRAME_PROBE_MAX];
    const size_t size = kind == FRAME_SOLICITATION ? frame_build(frame, port->mac, source, target)
                                                   : frame_build_all_nodes(frame, kind, port->mac, source, id);

    if (size == 0)
        return -EINVAL;
    return send(port->fd, frame, size, 0) < 0 ? -errno : 0;
}

/* The socket requests only this control message, so it is the first one. */
static void read_auxiliary(struct msghdr *message, struct frame *frame)
{
    const struct cmsghdr *part = CMSG_FIRSTHDR(message);
    struct tpacket_auxdata data;

    if (part == NULL || part->cmsg_level != SOL_PACKET || part->cmsg_type != PACKET_AUXDATA ||
        part->cmsg_len < CMSG_LEN(sizeof data))
        return;
    memcpy(&data, CMSG_DATA(part), sizeof data);
    if (data.tp_status & TP_STATUS_VLAN_VALID)
        frame->tag = data.tp_vlan_tci;
    frame->is_checksum_pending = (data.tp_status & TP_STATUS_CSUMNOTREADY) != 0;
}

int port_receive(const struct port *port, struct frame_reply *reply, bool *is_reply)
{
    UCHAR bytes[FRAME_ROOM];
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    struct iovec part = {.iov_base = bytes, .iov_len = sizeof bytes};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = sizeof control,
    };
    struct frame frame = {.bytes = bytes};
    const ssize_t size = recvmsg(port->fd, &message, 0);

    *is_reply = false;
    if (size < 0)
        return -errno;
    if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
        return 0;
    frame.size = (size_t)size;
    read_auxiliary(&message, &frame);
    *is_reply = frame_parse(&frame, port->mac, reply);
    return 0;
}
