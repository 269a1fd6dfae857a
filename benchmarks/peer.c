/* SPDX-License-Identifier: MIT */
/*
 * The same work in a minimal C program, as the lower limit for netio's times. It checks only that the work is done.
 * Functions return the number of rows or of failures, or a negative errno.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 128

/* The number of probes of a sweep that are sent before replies are read. */
#define BURST 64

/* The time for which a sweep waits for a reply. */
#define SWEEP_MS 1000

struct row {
    unsigned char address[28];
    uint32_t index;
    uint64_t luid;
    unsigned char physical_address[32];
    uint32_t length, state, flags, age;
};

_Static_assert(sizeof(struct row) == 88, "a row must have the size of MIB_IPNET_ROW2");

struct rows {
    struct row *rows;
    long count, room;
};

static int open_socket(void)
{
    const int on = 1;
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd >= 0)
        (void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
    return fd;
}

static size_t put(unsigned char *message, size_t size, unsigned short type, const void *data, size_t length)
{
    const struct rtattr head = {.rta_len = (unsigned short)RTA_LENGTH(length), .rta_type = type};

    memcpy(message + size, &head, sizeof head);
    memcpy(message + size + RTA_LENGTH(0), data, length);
    return size + RTA_SPACE(length);
}

static size_t begin(unsigned char *message, int type, int flags, uint32_t sequence, const struct ndmsg *fixed)
{
    const struct nlmsghdr head = {
        .nlmsg_type = (uint16_t)type,
        .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
        .nlmsg_seq = sequence,
    };

    memcpy(message, &head, sizeof head);
    memcpy(message + NLMSG_HDRLEN, fixed, sizeof *fixed);
    return NLMSG_SPACE(sizeof *fixed);
}

static void end(unsigned char *message, size_t size)
{
    ((struct nlmsghdr *)(void *)message)->nlmsg_len = (uint32_t)size;
}

static int parse(struct row *row, const struct nlmsghdr *message)
{
    const struct ndmsg *fixed = NLMSG_DATA(message);
    const struct rtattr *attribute = (const void *)((const char *)fixed + NLMSG_ALIGN(sizeof *fixed));
    long left = (long)message->nlmsg_len - (long)NLMSG_SPACE(sizeof *fixed);

    memset(row, 0, sizeof *row);
    row->address[0] = fixed->ndm_family;
    row->index = (uint32_t)fixed->ndm_ifindex;
    row->state = fixed->ndm_state;
    row->flags = fixed->ndm_flags;
    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        const size_t size = RTA_PAYLOAD(attribute);

        if (attribute->rta_type == NDA_DST && size <= 16)
            memcpy(row->address + (size == 4 ? 4 : 8), RTA_DATA(attribute), size);
        else if (attribute->rta_type == NDA_LLADDR && size <= sizeof row->physical_address)
            memcpy(row->physical_address, RTA_DATA(attribute), row->length = (uint32_t)size);
        else if (attribute->rta_type == NDA_CACHEINFO && size >= 4)
            memcpy(&row->age, RTA_DATA(attribute), 4);
    }
    return 0;
}

static int take(struct rows *rows, const struct nlmsghdr *message)
{
    if (rows->count == rows->room) {
        const long room = rows->room == 0 ? 16 : rows->room * 2;
        struct row *more = realloc(rows->rows, (size_t)room * sizeof *more);

        if (more == NULL)
            return -ENOMEM;
        rows->rows = more;
        rows->room = room;
    }
    return parse(&rows->rows[rows->count++], message);
}

static int read_dump(int fd, struct rows *rows)
{
    _Alignas(NLMSG_ALIGNTO) static unsigned char buffer[32768];

    for (;;) {
        ssize_t got = recv(fd, buffer, sizeof buffer, 0);

        if (got < 0)
            return -errno;
        for (struct nlmsghdr *m = (void *)buffer; NLMSG_OK(m, got); m = NLMSG_NEXT(m, got)) {
            if (m->nlmsg_type == NLMSG_DONE || m->nlmsg_type == NLMSG_ERROR)
                return 0;
            if (m->nlmsg_type == RTM_NEWNEIGH && take(rows, m) != 0)
                return -ENOMEM;
        }
    }
}

/* Dumps the table of one interface, or of all (index 0), into rows, and frees them. */
long peer_dump(int index)
{
    const struct ndmsg fixed = {.ndm_family = AF_UNSPEC};
    _Alignas(NLMSG_ALIGNTO) unsigned char message[64];
    struct rows rows = {0};
    const int fd = open_socket();
    size_t size = begin(message, RTM_GETNEIGH, NLM_F_DUMP, 1, &fixed);
    int error;

    if (index != 0)
        size = put(message, size, NDA_IFINDEX, &index, sizeof index);
    end(message, size);
    error = send(fd, message, size, 0) < 0 ? -errno : read_dump(fd, &rows);
    close(fd);
    free(rows.rows);
    return error != 0 ? error : rows.count;
}

static size_t write_request(unsigned char *message, int flags, uint32_t sequence, int index, uint32_t address,
                            unsigned generation)
{
    const struct ndmsg fixed = {.ndm_family = AF_INET, .ndm_ifindex = index, .ndm_state = NUD_PERMANENT};
    const unsigned char mac[6] = {2, (unsigned char)generation, (unsigned char)(sequence >> 24),
                                  (unsigned char)(sequence >> 16), (unsigned char)(sequence >> 8), (unsigned char)sequence};
    const uint32_t network = htonl(address);
    size_t size = begin(message, RTM_NEWNEIGH, flags, sequence, &fixed);

    size = put(message, size, NDA_DST, &network, sizeof network);
    size = put(message, size, NDA_LLADDR, mac, sizeof mac);
    end(message, size);
    return size;
}

static long read_failures(int fd, uint32_t last)
{
    _Alignas(NLMSG_ALIGNTO) unsigned char buffer[8192];
    long failed = 0;

    for (;;) {
        ssize_t got = recv(fd, buffer, sizeof buffer, 0);

        if (got < 0)
            return -errno;
        for (struct nlmsghdr *m = (void *)buffer; NLMSG_OK(m, got); m = NLMSG_NEXT(m, got)) {
            failed += ((struct nlmsgerr *)NLMSG_DATA(m))->error != 0;
            if (m->nlmsg_seq == last)
                return failed;
        }
    }
}

/* Writes count rows from that address on, many in one send. Returns the number of failures. */
long peer_write(int index, uint32_t address, uint32_t count, unsigned generation, int create)
{
    const int flags = create ? NLM_F_CREATE | NLM_F_EXCL : NLM_F_REPLACE;
    _Alignas(NLMSG_ALIGNTO) unsigned char messages[BATCH * 64];
    const int fd = open_socket();
    long failed = 0, error = 0;

    for (uint32_t start = 0; start < count && error >= 0; start += BATCH) {
        const uint32_t stop = count - start < BATCH ? count : start + BATCH;
        size_t size = 0;

        for (uint32_t i = start; i < stop; i++)
            size += write_request(messages + size, flags | (i == stop - 1 ? NLM_F_ACK : 0), i + 1, index, address + i,
                                  generation);
        error = send(fd, messages, size, 0) < 0 ? -errno : read_failures(fd, stop);
        failed += error;
    }
    close(fd);
    return error < 0 ? error : failed;
}

/* Reads count rows from that address on, each with a new socket. */
long peer_get(int index, uint32_t address, uint32_t count)
{
    const struct ndmsg fixed = {.ndm_family = AF_INET, .ndm_ifindex = index};
    _Alignas(NLMSG_ALIGNTO) unsigned char message[64], buffer[8192];
    struct row row;
    long found = 0;

    for (uint32_t i = 0; i < count; i++) {
        const uint32_t network = htonl(address + i);
        const int fd = open_socket();
        const size_t size = put(message, begin(message, RTM_GETNEIGH, 0, 1, &fixed), NDA_DST, &network, sizeof network);
        const struct nlmsghdr *reply = (const void *)buffer;

        end(message, size);
        if (send(fd, message, size, 0) > 0 && recv(fd, buffer, sizeof buffer, 0) > 0)
            found += reply->nlmsg_type == RTM_NEWNEIGH && parse(&row, reply) == 0;
        close(fd);
    }
    return found;
}

struct arp_frame {
    struct ether_header head;
    struct ether_arp arp;
} __attribute__((packed));

static struct arp_frame arp_request(const unsigned char *own, uint32_t source)
{
    const uint32_t network = htonl(source);
    struct arp_frame frame = {
        .head.ether_type = htons(ETH_P_ARP),
        .arp.ea_hdr = {htons(ARPHRD_ETHER), htons(ETH_P_IP), ETH_ALEN, sizeof network, htons(ARPOP_REQUEST)},
    };

    memset(frame.head.ether_dhost, 0xff, ETH_ALEN);
    memcpy(frame.head.ether_shost, own, ETH_ALEN);
    memcpy(frame.arp.arp_sha, own, ETH_ALEN);
    memcpy(frame.arp.arp_spa, &network, sizeof network);
    return frame;
}

static int send_burst(int fd, struct arp_frame *frame, uint32_t from, uint32_t to)
{
    for (uint32_t target = from; target < to; target++) {
        const uint32_t network = htonl(target);

        memcpy(frame->arp.arp_tpa, &network, sizeof network);
        if (send(fd, frame, sizeof *frame, 0) < 0)
            return -errno;
    }
    return 0;
}

/* Reads the replies in the queue. Returns the number of addresses that replied for the first time. */
static long read_replies(int fd, uint32_t address, uint32_t count, unsigned char *replied)
{
    struct arp_frame frame;
    uint32_t sender;
    long new = 0;

    while (recv(fd, &frame, sizeof frame, MSG_DONTWAIT) >= (ssize_t)sizeof frame) {
        memcpy(&sender, frame.arp.arp_spa, sizeof sender);
        sender = ntohl(sender) - address;
        if (frame.arp.ea_hdr.ar_op == htons(ARPOP_REPLY) && sender < count && !replied[sender])
            new += replied[sender] = 1;
    }
    return new;
}

/* Opens a socket for the ARP frames of an interface. It is used by all sweeps, as close() takes milliseconds. */
int peer_frames(int index)
{
    const struct sockaddr_ll link = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_ifindex = index};
    const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

    return fd >= 0 && bind(fd, (const struct sockaddr *)&link, sizeof link) < 0 ? -errno : fd;
}

/* Sends ARP requests for count addresses from that one on. Returns the number of addresses that replied. */
long peer_sweep(int fd, const unsigned char *own, uint32_t source, uint32_t address, uint32_t count)
{
    struct arp_frame frame = arp_request(own, source);
    unsigned char *replied = calloc(count, 1);
    long replies = 0, error = replied == NULL ? -ENOMEM : 0;

    for (uint32_t start = 0; start < count && error == 0; start += BURST) {
        error = send_burst(fd, &frame, address + start, address + (count - start < BURST ? count : start + BURST));
        replies += read_replies(fd, address, count, replied);
    }
    while (error == 0 && replies < count) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};

        if (poll(&wait, 1, SWEEP_MS) <= 0)
            break;
        replies += read_replies(fd, address, count, replied);
    }
    free(replied);
    return error != 0 ? error : replies;
}

/* Opens a socket that is subscribed to the notifications about neighbours, with that receive buffer. */
long peer_subscribe(int buffer)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_NEIGH};
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    return bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ? -errno : fd;
}

/* Walks the attributes of a notification. Returns whether it is one about an entry. */
static int walk_notification(const unsigned char *data, size_t size)
{
    const struct nlmsghdr *header = (const void *)data;
    int left = (int)size - (int)NLMSG_SPACE(sizeof(struct ndmsg)), found = 0;

    if (size < NLMSG_SPACE(sizeof(struct ndmsg)) || header->nlmsg_type != RTM_NEWNEIGH)
        return 0;
    for (const struct rtattr *a = (const void *)(data + NLMSG_SPACE(sizeof(struct ndmsg))); RTA_OK(a, left);
         a = RTA_NEXT(a, left))
        found |= a->rta_type == NDA_DST;
    return found;
}

/* Reads notifications until none arrives for a time. Returns their number; *lost: the overruns. */
long peer_watch(int fd, int quiet_ms, long *lost)
{
    enum { AT_ONCE = 32, ROOM = 1024 };
    static unsigned char buffers[AT_ONCE][ROOM];
    struct iovec places[AT_ONCE];
    struct mmsghdr heads[AT_ONCE];
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    long count = 0;

    *lost = 0;
    for (int i = 0; i < AT_ONCE; i++) {
        places[i] = (struct iovec){buffers[i], ROOM};
        heads[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &places[i], .msg_iovlen = 1}};
    }
    for (;;) {
        const int got = recvmmsg(fd, heads, AT_ONCE, MSG_DONTWAIT, NULL);

        if (got < 0 && errno == ENOBUFS)
            ++*lost;
        else if (got < 0 && errno == EAGAIN && poll(&wait, 1, quiet_ms) == 0)
            return count;
        for (int i = 0; i < got; i++)
            count += walk_notification(buffers[i], heads[i].msg_len);
    }
}
