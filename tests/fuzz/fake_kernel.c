/* SPDX-License-Identifier: MIT */
/* Its calls have the names of fake_calls.h, and others that the build gives them: of memory, timers and epoll. */
#include "fake_calls.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "fake_kernel.h"
#include "inet.h"
#include "input.h"

#define FIRST_DESCRIPTOR 1000
#define SOCKETS 64
#define REQUESTS 160
#define KEYS 16
#define BUFFER_SIZE 70000
#define REPLY_ROOM 1024
#define DATAGRAMS 400 /* in one run, so that it ends */

struct request {
    struct nlmsghdr header;
    unsigned char body[64];
    bool answered;
};

struct descriptor {
    bool is_open;
    int family;
    uint32_t groups;
    size_t count;
    struct request requests[REQUESTS];
};

static struct {
    struct descriptor sockets[SOCKETS];
    unsigned open;
    SOCKADDR_INET keys[KEYS];
    int indexes[KEYS];
    size_t key_count;
    bool lies, dumps_learned;
    unsigned failing, allocations, datagrams;
    int bound_index;
    int64_t milliseconds;
} kernel;

void kernel_begin(bool lies, unsigned failing_allocation)
{
    for (int i = 0; i < SOCKETS; i++)
        kernel.sockets[i].is_open = false;
    kernel.open = 0;
    kernel.key_count = 0;
    kernel.allocations = 0;
    kernel.milliseconds = 0;
    kernel.lies = lies;
    kernel.dumps_learned = false;
    kernel.failing = failing_allocation;
    kernel.datagrams = DATAGRAMS;
    kernel.bound_index = 1;
}

void kernel_learn(const MIB_IPNET_ROW2 *row)
{
    const size_t place = kernel.key_count < KEYS ? kernel.key_count++ : input_below(KEYS);

    kernel.keys[place] = row->Address;
    kernel.indexes[place] = (int)row->InterfaceIndex;
}

void kernel_dump_learned(void)
{
    kernel.dumps_learned = true;
}

unsigned kernel_open_sockets(void)
{
    return kernel.open;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

static int any_error(void)
{
    static const int errors[] = {EPERM,   ENOENT,     EEXIST,       EINVAL,  ENOBUFS,      ENODEV,        EACCES,
                                 ENOMEM,  EOPNOTSUPP, EAFNOSUPPORT, EBUSY,   ENETUNREACH,  EHOSTUNREACH,  EAGAIN,
                                 EINTR,   EMFILE,     ENETDOWN,     EMSGSIZE, ETIMEDOUT,   EADDRNOTAVAIL, ENFILE};

    return errors[input_below(sizeof errors / sizeof *errors)];
}

static bool fails(void)
{
    return input_byte() == 7;
}

static struct descriptor *find(int fd)
{
    CHECK(fd >= FIRST_DESCRIPTOR && fd < FIRST_DESCRIPTOR + SOCKETS);
    CHECK(kernel.sockets[fd - FIRST_DESCRIPTOR].is_open);
    return &kernel.sockets[fd - FIRST_DESCRIPTOR];
}

static bool is_allocation_failing(void)
{
    return kernel.failing != 0 && ++kernel.allocations == kernel.failing;
}

void *fake_malloc(size_t size)
{
    return is_allocation_failing() ? NULL : malloc(size);
}

void *fake_calloc(size_t count, size_t size)
{
    return is_allocation_failing() ? NULL : calloc(count, size);
}

void *fake_realloc(void *block, size_t size)
{
    return is_allocation_failing() ? NULL : realloc(block, size);
}

int fake_clock_gettime(clockid_t clock, struct timespec *now)
{
    (void)clock;
    kernel.milliseconds += input_byte();
    *now = (struct timespec){.tv_sec = kernel.milliseconds / 1000, .tv_nsec = kernel.milliseconds % 1000 * 1000000};
    return 0;
}

int fake_close(int fd)
{
    find(fd)->is_open = false;
    kernel.open--;
    return 0;
}

int fake_bind(int fd, const struct sockaddr *address, socklen_t size)
{
    struct descriptor *socket = find(fd);

    if (fails())
        return fail(any_error());
    if (socket->family == AF_NETLINK) {
        CHECK(size == sizeof(struct sockaddr_nl));
        socket->groups = ((const struct sockaddr_nl *)(const void *)address)->nl_groups;
    }
    return 0;
}

int fake_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    (void)find(fd);
    (void)value;
    (void)size;
    if (level == SOL_SOCKET && name == SO_BINDTODEVICE) {
        if (input_below(2) == 0)
            return fail(ENODEV);
        kernel.bound_index = 1 + (int)input_below(6);
    }
    return fails() ? fail(any_error()) : 0;
}

int fake_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
    static const int rooms[] = {212992, 2304, 5000, 0, 20000, -1, 212992, 212992};
    int number = kernel.bound_index;

    (void)find(fd);
    if (fails())
        return fail(any_error());
    if (level == SOL_SOCKET && (name == SO_RCVBUF || name == SO_SNDBUF))
        number = rooms[input_below(sizeof rooms / sizeof *rooms)];
    CHECK(*size >= sizeof number);
    memcpy(value, &number, sizeof number);
    return 0;
}

int fake_ioctl(int fd, unsigned long request, ...)
{
    const uint8_t choice = input_byte();
    struct ifreq *interface;
    va_list rest;

    va_start(rest, request);
    interface = va_arg(rest, struct ifreq *);
    va_end(rest);
    (void)find(fd);
    if (choice % 5 == 4)
        return fail(any_error());
    if (request == SIOCGIFNAME) {
        memset(interface->ifr_name, 'e', IFNAMSIZ);
        interface->ifr_name[choice & 8 ? choice % IFNAMSIZ : IFNAMSIZ - 1] = '\0';
    } else if (request == SIOCGIFHWADDR) {
        interface->ifr_hwaddr.sa_family = choice & 16 ? ARPHRD_TUNNEL : ARPHRD_ETHER;
    } else if (request == SIOCGIFFLAGS) {
        interface->ifr_flags = (short)(choice & 32 ? IFF_POINTOPOINT : IFF_RUNNING);
    } else if (request == SIOCGIFINDEX) {
        interface->ifr_ifindex = choice & 64 ? 77 : 1 + (choice & 3);
    }
    return 0;
}

static int new_descriptor(int family)
{
    if (fails())
        return fail(any_error());
    for (int i = 0; i < SOCKETS; i++) {
        if (kernel.sockets[i].is_open)
            continue;
        kernel.sockets[i] = (struct descriptor){.is_open = true, .family = family};
        kernel.open++;
        return FIRST_DESCRIPTOR + i;
    }
    CHECK(kernel.open < SOCKETS); /* the backend has few sockets */
    return fail(EMFILE);
}

int fake_socket(int family, int type, int protocol)
{
    (void)type;
    (void)protocol;
    return new_descriptor(family);
}

int fake_timerfd_create(int clock, int flags)
{
    (void)clock;
    (void)flags;
    return new_descriptor(AF_UNSPEC);
}

int fake_timerfd_settime(int fd, int flags, const struct itimerspec *spec, struct itimerspec *old)
{
    CHECK(find(fd)->family == AF_UNSPEC && flags == 0 && old == NULL);
    CHECK(spec->it_value.tv_sec >= 0 && spec->it_value.tv_nsec >= 0 && spec->it_value.tv_nsec < 1000000000);
    return 0;
}

int fake_epoll_create1(int flags)
{
    (void)flags;
    return new_descriptor(AF_UNSPEC);
}

int fake_epoll_ctl(int fd, int operation, int member, struct epoll_event *event)
{
    (void)find(fd);
    (void)find(member);
    CHECK(operation == EPOLL_CTL_ADD && event->events == EPOLLIN);
    return fails() ? fail(any_error()) : 0;
}

/* Takes requests, of which a program must send only valid ones. */
ssize_t fake_send(int fd, const void *data, size_t size, int flags)
{
    struct descriptor *socket = find(fd);
    const unsigned char *bytes = data;
    size_t offset = 0;

    (void)flags;
    if (fails())
        return fail(any_error());
    while (offset < size) {
        struct nlmsghdr header;
        struct request *request = &socket->requests[socket->count % REQUESTS];
        size_t body;

        CHECK(size - offset >= sizeof header);
        memcpy(&header, bytes + offset, sizeof header);
        CHECK(header.nlmsg_len >= sizeof header && header.nlmsg_len <= size - offset);
        CHECK(header.nlmsg_flags & NLM_F_REQUEST);
        body = header.nlmsg_len - sizeof header;
        *request = (struct request){.header = header};
        memcpy(request->body, bytes + offset + sizeof header, body < sizeof request->body ? body : sizeof request->body);
        socket->count++;
        offset += NLMSG_ALIGN(header.nlmsg_len);
    }
    return (ssize_t)size;
}

ssize_t fake_sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
    (void)data;
    (void)flags;
    CHECK(find(fd)->family != AF_NETLINK && to != NULL && length >= sizeof(struct sockaddr_in));
    return fails() ? fail(any_error()) : (ssize_t)size;
}

/* A message while it is written. */
struct message {
    unsigned char *bytes;
    size_t size;
};

static void put(struct message *message, const void *data, size_t size)
{
    CHECK(message->size + NLMSG_ALIGN(size) <= REPLY_ROOM);
    memset(message->bytes + message->size, 0, NLMSG_ALIGN(size));
    memcpy(message->bytes + message->size, data, size);
    message->size += NLMSG_ALIGN(size);
}

static void put_attribute(struct message *message, uint16_t type, const void *data, size_t size)
{
    const struct rtattr head = {.rta_type = type, .rta_len = (unsigned short)RTA_LENGTH(size)};

    put(message, &head, sizeof head);
    put(message, data, size);
}

/* An attribute that usually has its size, and sometimes another one. */
static void put_input(struct message *message, uint16_t type, size_t usual)
{
    unsigned char data[64];
    const uint8_t choice = input_byte();
    const size_t size = choice < 224 ? usual : choice % sizeof data;

    input_take(data, size);
    put_attribute(message, type, data, size);
}

static void put_neighbor(struct message *message, const SOCKADDR_INET *address, int index)
{
    static const uint16_t states[] = {NUD_NONE,  NUD_INCOMPLETE, NUD_REACHABLE, NUD_STALE,     NUD_DELAY,
                                      NUD_PROBE, NUD_FAILED,     NUD_NOARP,     NUD_PERMANENT, 0x33};
    static const uint8_t flags[] = {0, NTF_ROUTER, NTF_PROXY, 0x10};
    const uint8_t choice = input_byte();
    const struct ndmsg fixed = {
        .ndm_family = (unsigned char)address->si_family,
        .ndm_ifindex = index,
        .ndm_state = states[input_below(sizeof states / sizeof *states)],
        .ndm_flags = flags[choice & 3],
    };
    size_t size = 0;
    const void *bytes = inet_bytes(address, &size);

    put(message, &fixed, sizeof fixed);
    if (bytes != NULL)
        put_attribute(message, NDA_DST, bytes, size);
    if (choice & 4)
        put_input(message, NDA_LLADDR, 6);
    if (choice & 8)
        put_input(message, NDA_CACHEINFO, sizeof(struct nda_cacheinfo));
    if (choice & 16)
        put_input(message, NDA_PROBES, 4);
    if (choice & 32)
        put_input(message, 12, 1); /* NDA_PROTOCOL */
    if (choice & 64)
        put_input(message, 15, 4); /* NDA_FLAGS_EXT */
}

static void put_link(struct message *message, int index)
{
    static const unsigned short types[] = {ARPHRD_ETHER, ARPHRD_TUNNEL, ARPHRD_LOOPBACK, ARPHRD_INFINIBAND};
    const uint8_t choice = input_byte();
    const struct ifinfomsg fixed = {
        .ifi_type = types[choice & 3],
        .ifi_index = choice & 4 ? index : 1 + (int)input_below(6),
        .ifi_flags = choice & 8 ? IFF_LOOPBACK : IFF_RUNNING,
    };

    put(message, &fixed, sizeof fixed);
    put_attribute(message, IFLA_IFNAME, "near0", choice & 16 ? 4 : 6);
    put_input(message, IFLA_ADDRESS, 6);
    if (choice & 32)
        put_input(message, 52, 24); /* IFLA_PROP_LIST */
    if (choice & 64)
        put_input(message, IFLA_AF_SPEC, 40);
}

static void put_route(struct message *message, const SOCKADDR_INET *destination)
{
    static const unsigned char types[] = {RTN_UNICAST, RTN_LOCAL, RTN_BROADCAST, RTN_MULTICAST, RTN_BLACKHOLE};
    const uint8_t choice = input_byte();
    size_t size = 0;
    const void *bytes = inet_bytes(destination, &size);
    const struct rtmsg fixed = {
        .rtm_family = (unsigned char)destination->si_family,
        .rtm_type = choice & 1 ? RTN_UNICAST : types[input_below(sizeof types)],
        .rtm_dst_len = (unsigned char)(choice & 2 ? size * 8 : input_below(130)),
    };
    const int index = 1 + (int)input_below(4);

    put(message, &fixed, sizeof fixed);
    if (bytes != NULL && choice & 2)
        put_attribute(message, RTA_DST, bytes, size);
    if (choice & 4)
        put_attribute(message, RTA_OIF, &index, sizeof index);
    if (choice & 8)
        put_input(message, RTA_GATEWAY, size);
    if (choice & 16)
        put_input(message, 18, 18); /* RTA_VIA */
    if (choice & 32)
        put_input(message, RTA_PREFSRC, 4);
}

static void put_address(struct message *message)
{
    const uint8_t choice = input_byte();
    const unsigned char fixed[8] = {choice & 1 ? AF_INET : AF_INET6, input_byte(), 0, 0, 1};
    const size_t size = choice & 1 ? 4 : 16;

    put(message, fixed, sizeof fixed);
    put_input(message, 1, size); /* IFA_ADDRESS, IFA_LOCAL */
    if (choice & 2)
        put_input(message, 2, size);
}

/* Reads the key of a request, which is its fixed part and its first attribute. */
static void read_key(const struct request *request, SOCKADDR_INET *address, int *index)
{
    const sa_family_t family = request->body[0] == AF_INET6 ? AF_INET6 : AF_INET;
    const size_t start = request->header.nlmsg_type == RTM_GETROUTE ? 16 : sizeof(struct ndmsg) + 4;

    if (kernel.dumps_learned && kernel.key_count != 0 && (request->header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP) {
        const size_t key = input_below((unsigned)kernel.key_count);

        *address = kernel.keys[key];
        *index = kernel.indexes[key];
        return;
    }
    memcpy(index, request->body + 4, sizeof *index);
    if (request->header.nlmsg_flags & NLM_F_DUMP || *index == 0)
        *index = 1 + (int)input_below(4);
    memset(address, 0, sizeof *address);
    CHECK(inet_set(address, family, request->body + start, family == AF_INET ? 4 : 16));
    if ((request->header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
        ((unsigned char *)address)[4 + input_below(4)] ^= input_byte();
}

static bool put_reply_body(struct message *message, const struct request *request)
{
    SOCKADDR_INET address;
    int index;
    uint32_t thresholds[2];

    read_key(request, &address, &index);
    switch (request->header.nlmsg_type) {
    case RTM_GETNEIGH:
        put_neighbor(message, &address, index);
        return true;
    case RTM_GETLINK:
        put_link(message, index);
        return true;
    case RTM_GETROUTE:
        put_route(message, &address);
        return true;
    case RTM_GETADDR:
        put_address(message);
        return true;
    case RTM_GETNEIGHTBL:
        input_take(thresholds, sizeof thresholds);
        put(message, thresholds, sizeof(struct ndtmsg));
        put_input(message, NDTA_THRESH3, 4);
        return true;
    default:
        return false;
    }
}

static size_t finish(struct message *message, uint16_t type, uint16_t flags, uint32_t sequence)
{
    struct nlmsghdr header = {.nlmsg_len = (uint32_t)message->size, .nlmsg_type = type, .nlmsg_flags = flags};

    header.nlmsg_seq = sequence;
    memcpy(message->bytes, &header, sizeof header);
    if (kernel.lies && input_byte() > 240)
        message->bytes[input_byte() % message->size] = input_byte();
    return message->size;
}

/* Writes a reply: an entry, an error or an acknowledgement. */
static size_t reply_to(unsigned char *bytes, const struct request *request, uint16_t flags)
{
    struct message message = {bytes, sizeof(struct nlmsghdr)};
    const uint8_t choice = input_byte();
    const int error = choice & 64 ? -any_error() : 0;

    if (choice % 8 == 7 || !put_reply_body(&message, request)) {
        put(&message, &error, sizeof error);
        put(&message, &request->header, sizeof request->header);
        return finish(&message, NLMSG_ERROR, 0, request->header.nlmsg_seq);
    }
    return finish(&message, (uint16_t)(request->header.nlmsg_type - 2), flags, request->header.nlmsg_seq);
}

static size_t end_of_dump(unsigned char *bytes, const struct request *request)
{
    struct message message = {bytes, sizeof(struct nlmsghdr)};
    const uint8_t choice = input_byte();
    const int error = choice > 250 ? -any_error() : 0;

    put(&message, &error, sizeof error);
    return finish(&message, NLMSG_DONE, (uint16_t)(NLM_F_MULTI | (choice & 31 ? 0 : NLM_F_DUMP_INTR)),
                  request->header.nlmsg_seq);
}

static struct request *next_request(struct descriptor *socket)
{
    const size_t count = socket->count < REQUESTS ? socket->count : REQUESTS;
    size_t skipped = input_byte() > 224 ? input_below(8) : 0;
    struct request *first = NULL;

    for (size_t i = 0; i < count; i++) {
        if (socket->requests[i].answered)
            continue;
        if (first == NULL)
            first = &socket->requests[i];
        if (skipped-- == 0)
            return &socket->requests[i];
    }
    return first;
}

static size_t datagram(struct descriptor *socket, unsigned char *bytes)
{
    struct request *request = next_request(socket);
    size_t size = 0;

    if (request == NULL)
        return 0;
    request->answered = true;
    if ((request->header.nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP) {
        /* The kernel replies to a write only if it fails or demands an acknowledgement. */
        if (request->header.nlmsg_type % 4 != 2 && !(request->header.nlmsg_flags & NLM_F_ACK) && input_below(2))
            return datagram(socket, bytes);
        return reply_to(bytes, request, 0);
    }
    for (unsigned entries = input_below(24); entries > 0; entries--)
        size += reply_to(bytes + size, request, NLM_F_MULTI);
    if (input_below(4) != 0)
        return size + end_of_dump(bytes + size, request);
    request->answered = false;
    return size;
}

ssize_t fake_recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *length)
{
    static _Alignas(NLMSG_ALIGNTO) unsigned char bytes[BUFFER_SIZE];
    struct descriptor *socket = find(fd);
    struct sockaddr_nl sender = {.nl_family = AF_NETLINK};
    uint8_t choice;
    size_t got;

    (void)flags;
    if (kernel.datagrams == 0 || input_left == 0)
        return fail(EAGAIN);
    kernel.datagrams--;
    choice = input_byte();
    if (choice > 252)
        return fail(choice == 253 ? ENOBUFS : any_error());
    if (choice == 252) {
        memset(data, 0, size);
        return (ssize_t)size + 1;
    }
    if (choice == 251) { /* another process */
        sender.nl_pid = 4711;
        got = input_take(bytes, input_byte());
    } else if (choice == 250 && kernel.lies) {
        got = input_take(bytes, input_byte());
    } else {
        got = datagram(socket, bytes);
    }
    if (got == 0)
        return fail(EAGAIN);
    CHECK(*length == sizeof sender);
    memcpy(from, &sender, sizeof sender);
    memcpy(data, bytes, got < size ? got : size);
    return (ssize_t)got;
}

/* Writes a notification about an entry, or also about an interface to a socket that is subscribed to those. */
static void notify(uint32_t groups, struct msghdr *head, unsigned *size)
{
    _Alignas(NLMSG_ALIGNTO) unsigned char bytes[REPLY_ROOM];
    struct message message = {bytes, sizeof(struct nlmsghdr)};
    struct sockaddr_nl *sender = head->msg_name;
    const uint8_t choice = input_byte();
    const bool is_link = groups & RTMGRP_LINK && (choice & 0x70) == 0x70;
    const size_t key = kernel.key_count == 0 ? 0 : input_below((unsigned)kernel.key_count);

    memset(sender, 0, sizeof *sender);
    if (choice > 250)
        sender->nl_pid = 4711;
    if (is_link) {
        put_link(&message, 1 + (int)input_below(4));
        *size = (unsigned)finish(&message, choice & 1 ? RTM_DELLINK : RTM_NEWLINK, 0, 0);
    } else {
        put_neighbor(&message, &kernel.keys[key], kernel.indexes[key]);
        *size = (unsigned)finish(&message, choice & 1 ? RTM_DELNEIGH : RTM_NEWNEIGH, 0, 0);
    }
    CHECK(*size <= head->msg_iov->iov_len);
    memcpy(head->msg_iov->iov_base, bytes, *size);
    if (choice == 250)
        *size = 5000; /* truncated */
}

int fake_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
    const uint32_t groups = find(fd)->groups;
    unsigned number;

    (void)flags;
    (void)timeout;
    CHECK(groups == RTMGRP_NEIGH || groups == (RTMGRP_NEIGH | RTMGRP_LINK));
    if (kernel.datagrams == 0 || input_left == 0)
        return fail(EAGAIN);
    kernel.datagrams--;
    number = input_byte();
    if (number % 4 == 0)
        return fail(EAGAIN);
    if (number > 252)
        return fail(number == 253 ? ENOBUFS : any_error());
    number = 1 + number % 6;
    if (number > count)
        number = count;
    for (unsigned i = 0; i < number; i++)
        notify(groups, &messages[i].msg_hdr, &messages[i].msg_len);
    return (int)number;
}

int fake_poll(struct pollfd *wait, nfds_t count, int milliseconds)
{
    const uint8_t choice = input_byte();

    CHECK(count == 1 && milliseconds >= 0);
    (void)find(wait->fd);
    kernel.milliseconds += milliseconds;
    if (choice == 3)
        return fail(EINTR);
    wait->revents = choice & 1 ? POLLIN : 0;
    return choice & 1;
}
