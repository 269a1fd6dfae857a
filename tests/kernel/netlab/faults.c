/* SPDX-License-Identifier: MIT */
/*
 * A library for LD_PRELOAD that injects faults into the system calls of a process, as another kernel or a concurrent
 * change would cause them. Each fault has a switch, an environment variable with the prefix NETIO_FAULT_:
 *
 *   switch                 value     fault
 *   LOSE                   requests  the selected send is lost
 *                          replies   the kernel executes the selected send, but all replies to it are lost
 *                          overrun   the same, and the socket reports the loss by ENOBUFS
 *                          flood     the same as replies, and other messages arrive without end
 *   RUN_BEFORE_SEND        command   the shell runs the command before the selected send
 *   RUN_AFTER_SEND         command   the same after it, before the first reply is read
 *   TABLE_FULL             m-n       the neighbour table has no room for the m-th to n-th new entry, counted from 0:
 *                                    requests get ENOBUFS, datagrams are dropped
 *   FIREWALL               1         datagrams are rejected with EPERM
 *   INTERRUPT_DUMPS        number    so many dumps are marked as interrupted by a change
 *   WRONG_REPLIES          what      replies to requests for one entry, route or interface are wrong:
 *                          ack       an acknowledgement
 *                          type      of another type
 *                          address   about another address; for an interface: with another name
 *                          index     about another interface
 *   NO_FAMILY              AF_       the kernel does not support the address family
 *   REFUSE_SOCKETS         AF_ errno socket() fails for the address family, as in a sandbox
 *   FAIL_SENDS             errno     sends of requests fail
 *   SMALL_BUFFERS          AF_       netlink sockets have room for two or three replies or notifications, sockets of
 *                                    other families for as few datagrams that wait for their neighbour
 *   SMALL_SEND_BUFFERS     AF_       sockets have the smallest send buffer, as net.core.wmem_default may set it
 *   SETNS                  m-n       the m-th to n-th setns(), counted from 0, fails with ENOMEM
 *   RUN_AFTER_SIOCGIFNAME  command   the shell runs the command after the first SIOCGIFNAME
 *   POINT_TO_POINT         1         SIOCGIFFLAGS returns IFF_POINTOPOINT too
 *
 * The selected send is a datagram with requests of rtnetlink. Three more switches select it:
 *
 *   SEND_TYPE              RTM_      its first request has this type; default: any
 *   SEND_REQUESTS          number    it has at least so many requests; default: 1
 *   SEND_TURN              number    it is the n-th of those, counted from 1; default: 1; 0: each of them
 *
 * REPLY_TYPE (RTM_) selects the replies that are wrong by their type.
 *
 * A process can also choose a fault itself: after faults_find(), which looks for the library under test,
 * faults_arm("send", 2, ENOBUFS) makes its second send() fail; faults_disarm() returns how often it failed, 0 if it made
 * fewer calls. faults_allocated() is the number of its blocks of memory that were not freed. NTH is the mark of such
 * faults, and the switch without which faults_find() fails.
 *
 * Each injected fault appends the name of its switch as a line to the file NETIO_FAULT_MARKS. A test that does not find
 * the mark has tested nothing. A wait for replies after ENOBUFS has announced their loss appends WAIT_AFTER_OVERRUN, and
 * one after another wait in vain WAIT_AFTER_WAIT.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* The largest datagram over rtnetlink. */
#define DATAGRAM_SIZE 65536

/* An address family that no kernel has. The kernel replies EAFNOSUPPORT to a request with it. */
#define INVALID_FAMILY 255

/* A type that no attribute has. */
#define UNKNOWN_ATTRIBUTE 1000

/* RTA_NEXT without the length, of which the macro changes the sign. */
#define NEXT_ATTRIBUTE(one) ((struct rtattr *)((char *)(one) + RTA_ALIGN((one)->rta_len)))

/* The function that this library replaces. */
#define NEXT(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

/* The socket to which the replies to the last send were lost. */
static struct {
    int fd;
    bool is_overrun;  /* the next receive fails with ENOBUFS */
    bool is_reported; /* it has failed */
    bool is_flooded;  /* each receive returns a message that is not a reply */
} lost = {.fd = -1};

static const char *value_of(const char *name)
{
    char variable[64];

    snprintf(variable, sizeof variable, "NETIO_FAULT_%s", name);
    return getenv(variable);
}

static long number_of(const char *name, long otherwise)
{
    const char *value = value_of(name);

    return value == NULL ? otherwise : strtol(value, NULL, 10);
}

static void mark(const char *name)
{
    const char *path = value_of("MARKS");
    const int error = errno;
    const int file = path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    if (file < 0 || dprintf(file, "%s\n", name) < 0)
        abort();
    close(file);
    errno = error;
}

/* Runs the command of a switch, without this library. */
static void run(const char *name)
{
    char command[96];

    snprintf(command, sizeof command, "unset LD_PRELOAD; eval \"$NETIO_FAULT_%s\"", name);
    if (system(command) != 0)
        abort();
    mark(name);
}

static int family_of(int fd)
{
    const int error = errno;
    int family = AF_UNSPEC;
    socklen_t size = sizeof family;

    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0)
        family = AF_UNSPEC;
    errno = error;
    return family;
}

/* Counts an event. Returns whether its number is in the range of a switch. */
static bool is_in_range(const char *name, unsigned long *events)
{
    const char *range = value_of(name);
    const unsigned long number = (*events)++;
    unsigned long first, last;

    if (range == NULL || sscanf(range, "%lu-%lu", &first, &last) != 2 || number < first || number > last)
        return false;
    mark(name);
    return true;
}

#define MAX_BLOCKS 4096

/* The code of the library under test, the call that fails, and the library's blocks of memory. */
static struct {
    uintptr_t start, end;
    char call[16]; /* empty: none */
    long nth, calls, failures;
    int error;
    void *blocks[MAX_BLOCKS];
    size_t count;
} nth;

bool faults_find(void)
{
    FILE *maps = value_of("NTH") == NULL ? NULL : fopen("/proc/self/maps", "re");
    char line[512];

    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        unsigned long start, end;

        if (strstr(line, "/_native.") == NULL || sscanf(line, "%lx-%lx", &start, &end) != 2)
            continue;
        nth.start = nth.start == 0 ? start : nth.start;
        nth.end = end;
    }
    if (maps != NULL)
        fclose(maps);
    return nth.start != 0;
}

void faults_arm(const char *call, long number, int error)
{
    snprintf(nth.call, sizeof nth.call, "%s", call);
    nth.nth = number;
    nth.error = error;
    nth.calls = nth.failures = 0;
}

long faults_disarm(void)
{
    nth.call[0] = '\0';
    if (nth.failures != 0)
        mark("NTH");
    return nth.failures;
}

size_t faults_allocated(void)
{
    return nth.count;
}

/* Whether the library under test makes this call. */
#define IS_TESTED ((uintptr_t)__builtin_return_address(0) - nth.start < nth.end - nth.start)

static bool fails_now(bool is_tested, const char *call)
{
    if (!is_tested || strcmp(nth.call, call) != 0 || ++nth.calls != nth.nth)
        return false;
    nth.failures++;
    errno = nth.error;
    return true;
}

#define FAILS(call) fails_now(IS_TESTED, call)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void __libc_free(void *block);

static void *remember(bool is_tested, void *block)
{
    if (!is_tested || block == NULL)
        return block;
    if (nth.count == MAX_BLOCKS)
        abort();
    nth.blocks[nth.count++] = block;
    return block;
}

/* The caller of free() does not matter: the interpreter calls destructors. */
static bool forget(const void *block)
{
    for (size_t i = nth.count; block != NULL && i > 0; i--)
        if (nth.blocks[i - 1] == block) {
            nth.blocks[i - 1] = nth.blocks[--nth.count];
            return true;
        }
    return false;
}

void *malloc(size_t size)
{
    return FAILS("malloc") ? NULL : remember(IS_TESTED, __libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return FAILS("calloc") ? NULL : remember(IS_TESTED, __libc_calloc(count, size));
}

void *realloc(void *block, size_t size)
{
    const bool is_tested = IS_TESTED;
    void *moved;

    if (FAILS("realloc"))
        return NULL;
    moved = __libc_realloc(block, size);
    if (moved != NULL && is_tested) {
        forget(block);
        remember(true, moved);
    }
    return moved;
}

void free(void *block)
{
    forget(block);
    __libc_free(block);
}

static bool is_selected(const struct nlmsghdr *first, long size)
{
    static long turn;
    const long selected = number_of("SEND_TURN", 1);
    const struct nlmsghdr *request = first;
    long requests = 0;

    for (; NLMSG_OK(request, size); request = NLMSG_NEXT(request, size))
        requests++;
    if (requests < number_of("SEND_REQUESTS", 1) || first->nlmsg_type != number_of("SEND_TYPE", first->nlmsg_type))
        return false;
    return ++turn == selected || selected == 0;
}

/* Requests neighbour tables of a family that does not exist instead of NO_FAMILY. */
static void hide_family(struct nlmsghdr *request, long size)
{
    struct ndtmsg *fixed = NLMSG_DATA(request);

    if (NLMSG_OK(request, size) && request->nlmsg_type == RTM_GETNEIGHTBL &&
        fixed->ndtm_family == number_of("NO_FAMILY", -1))
        fixed->ndtm_family = INVALID_FAMILY;
}

static void fill_table(struct nlmsghdr *request, long size)
{
    static unsigned long entries;

    for (; NLMSG_OK(request, size); request = NLMSG_NEXT(request, size))
        if (request->nlmsg_type == RTM_NEWNEIGH && is_in_range("TABLE_FULL", &entries))
            ((struct ndmsg *)NLMSG_DATA(request))->ndm_family = INVALID_FAMILY;
}

/* Replies to requests are in the queue of the socket when the send returns. */
static size_t discard_replies(int fd)
{
    unsigned char datagram[DATAGRAM_SIZE];
    size_t count = 0;

    while (NEXT(recv)(fd, datagram, sizeof datagram, MSG_DONTWAIT) >= 0)
        count++;
    return count;
}

/* Sends requests of which something is lost. */
static ssize_t send_lossy(int fd, const struct msghdr *message, int flags, const char *what)
{
    ssize_t sent = (ssize_t)message->msg_iov->iov_len;
    bool is_lost = strcmp(what, "requests") == 0;

    if (!is_lost) {
        sent = NEXT(sendmsg)(fd, message, flags);
        is_lost = discard_replies(fd) != 0;
    }
    lost.fd = fd;
    lost.is_overrun = strcmp(what, "overrun") == 0;
    lost.is_reported = false;
    lost.is_flooded = strcmp(what, "flood") == 0;
    if (is_lost && !lost.is_overrun)
        mark("LOSE");
    return sent;
}

static ssize_t send_requests(int fd, const struct msghdr *message, int flags)
{
    _Alignas(NLMSG_ALIGNTO) unsigned char copy[DATAGRAM_SIZE];
    struct iovec part = {.iov_base = copy};
    struct msghdr copied = *message;
    bool selected;
    ssize_t sent;

    for (size_t i = 0; i < message->msg_iovlen; i++) {
        if (message->msg_iov[i].iov_len > sizeof copy - part.iov_len)
            abort();
        memcpy(copy + part.iov_len, message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
        part.iov_len += message->msg_iov[i].iov_len;
    }
    copied.msg_iov = &part;
    copied.msg_iovlen = 1;
    selected = is_selected((struct nlmsghdr *)copy, (long)part.iov_len);
    if (selected && value_of("RUN_BEFORE_SEND") != NULL)
        run("RUN_BEFORE_SEND");
    if (value_of("FAIL_SENDS") != NULL) {
        mark("FAIL_SENDS");
        errno = (int)number_of("FAIL_SENDS", 0);
        return -1;
    }
    fill_table((struct nlmsghdr *)copy, (long)part.iov_len);
    hide_family((struct nlmsghdr *)copy, (long)part.iov_len);
    if (fd == lost.fd)
        lost.fd = -1;
    if (selected && value_of("LOSE") != NULL)
        return send_lossy(fd, &copied, flags, value_of("LOSE"));
    sent = NEXT(sendmsg)(fd, &copied, flags);
    if (selected && value_of("RUN_AFTER_SEND") != NULL)
        run("RUN_AFTER_SEND");
    return sent;
}

static ssize_t send_datagram(int fd, const struct msghdr *message, int flags)
{
    static unsigned long entries;
    ssize_t size = 0;

    if (value_of("FIREWALL") != NULL) {
        mark("FIREWALL");
        errno = EPERM;
        return -1;
    }
    if (!is_in_range("TABLE_FULL", &entries))
        return NEXT(sendmsg)(fd, message, flags);
    for (size_t i = 0; i < message->msg_iovlen; i++)
        size += (ssize_t)message->msg_iov[i].iov_len;
    return size;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    const int family = family_of(fd);

    if (FAILS("sendmsg"))
        return -1;
    if (family == AF_NETLINK)
        return send_requests(fd, message, flags);
    if (family == AF_INET || family == AF_INET6)
        return send_datagram(fd, message, flags);
    return NEXT(sendmsg)(fd, message, flags);
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
    struct iovec part = {(void *)data, size};
    const struct msghdr message = {
        .msg_name = (void *)to, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1};

    if (FAILS("sendto"))
        return -1;
    return sendmsg(fd, &message, flags);
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    if (FAILS("send"))
        return -1;
    return sendto(fd, data, size, flags, NULL, 0);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
    unsigned int done;

    for (done = 0; done < count; done++) {
        const ssize_t sent = sendmsg(fd, &messages[done].msg_hdr, flags);

        if (sent < 0)
            break;
        messages[done].msg_len = (unsigned int)sent;
    }
    return done == 0 && count != 0 ? -1 : (int)done;
}

static void interrupt_dump(struct nlmsghdr *last, long size)
{
    static long interrupted;

    if (interrupted >= number_of("INTERRUPT_DUMPS", 0) || !NLMSG_OK(last, size) || !(last->nlmsg_flags & NLM_F_MULTI))
        return;
    for (struct nlmsghdr *next = last; NLMSG_OK(next, size); next = NLMSG_NEXT(next, size))
        last = next;
    last->nlmsg_flags |= NLM_F_DUMP_INTR;
    if (last->nlmsg_type == NLMSG_DONE) {
        interrupted++;
        mark("INTERRUPT_DUMPS");
    }
}

/* Replaces the kernel's error for INVALID_FAMILY by that for a full table. */
static void report_full_table(struct nlmsghdr *reply, long size)
{
    for (; value_of("TABLE_FULL") != NULL && NLMSG_OK(reply, size); reply = NLMSG_NEXT(reply, size)) {
        struct nlmsgerr *result = NLMSG_DATA(reply);

        if (reply->nlmsg_type == NLMSG_ERROR && result->error == -EAFNOSUPPORT)
            result->error = -ENOBUFS;
    }
}

static void change_attribute(struct nlmsghdr *reply, size_t fixed, unsigned short type)
{
    struct rtattr *one = (struct rtattr *)((char *)reply + NLMSG_SPACE(fixed));
    int left = (int)reply->nlmsg_len - (int)NLMSG_SPACE(fixed);

    for (; RTA_OK(one, left); left -= (int)RTA_ALIGN(one->rta_len), one = NEXT_ATTRIBUTE(one))
        if (one->rta_type == type)
            *(unsigned char *)RTA_DATA(one) ^= 1;
        else if (reply->nlmsg_type == RTM_NEWLINK && (one->rta_type & NLA_TYPE_MASK) == IFLA_PROP_LIST)
            one->rta_type = UNKNOWN_ATTRIBUTE;
}

static void change_address(struct nlmsghdr *reply)
{
    if (reply->nlmsg_type == RTM_NEWNEIGH)
        change_attribute(reply, sizeof(struct ndmsg), NDA_DST);
    else if (reply->nlmsg_type == RTM_NEWROUTE)
        change_attribute(reply, sizeof(struct rtmsg), RTA_DST);
    else
        change_attribute(reply, sizeof(struct ifinfomsg), IFLA_IFNAME);
}

/* Spoils the reply to a request for one entry, route or interface. Acknowledgements have no errors then. */
static void spoil_reply(struct nlmsghdr *reply, long size)
{
    const char *what = value_of("WRONG_REPLIES");

    if (what == NULL || !NLMSG_OK(reply, size) || reply->nlmsg_flags & NLM_F_MULTI || reply->nlmsg_type < RTM_BASE ||
        reply->nlmsg_type != number_of("REPLY_TYPE", reply->nlmsg_type))
        return;
    if (strcmp(what, "ack") == 0) {
        reply->nlmsg_type = NLMSG_ERROR;
        memset(NLMSG_DATA(reply), 0, sizeof(int));
    } else if (strcmp(what, "type") == 0) {
        reply->nlmsg_type = RTM_NEWADDR;
    } else if (strcmp(what, "address") == 0) {
        change_address(reply);
    } else {
        ((struct ifinfomsg *)NLMSG_DATA(reply))->ifi_index ^= 256; /* ndm_ifindex has the same place */
    }
    mark("WRONG_REPLIES");
}

static void alter(int fd, void *data, size_t room, ssize_t size)
{
    if (size <= 0 || (size_t)size > room || family_of(fd) != AF_NETLINK)
        return;
    interrupt_dump(data, size);
    report_full_table(data, size);
    spoil_reply(data, size);
}

static bool fails_by_overrun(int fd)
{
    if (fd != lost.fd || !lost.is_overrun)
        return false;
    mark("LOSE");
    lost.is_overrun = false;
    lost.is_reported = true;
    errno = ENOBUFS;
    return true;
}

ssize_t recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *length)
{
    const struct nlmsghdr other = {.nlmsg_len = sizeof other, .nlmsg_type = NLMSG_MIN_TYPE};
    ssize_t got = -1;

    if (FAILS("recvfrom"))
        return -1;
    if (fd == lost.fd && lost.is_flooded && size >= sizeof other) {
        memcpy(data, &other, sizeof other);
        return sizeof other;
    }
    if (!fails_by_overrun(fd))
        got = NEXT(recvfrom)(fd, data, size, flags, from, length);
    alter(fd, data, size, got);
    return got;
}

ssize_t recv(int fd, void *data, size_t size, int flags)
{
    return recvfrom(fd, data, size, flags, NULL, NULL);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    ssize_t got = -1;

    if (!fails_by_overrun(fd))
        got = NEXT(recvmsg)(fd, message, flags);
    if (got > 0)
        alter(fd, message->msg_iov->iov_base, message->msg_iov->iov_len, got);
    return got;
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags, struct timespec *timeout)
{
    int got = -1;

    if (FAILS("recvmmsg"))
        return -1;
    if (!fails_by_overrun(fd))
        got = NEXT(recvmmsg)(fd, messages, count, flags, timeout);
    for (int i = 0; i < got; i++) {
        const struct iovec *part = messages[i].msg_hdr.msg_iov;

        alter(fd, part->iov_base, part->iov_len, messages[i].msg_len);
    }
    return got;
}

/*
 * Ends a wait for replies that were lost at once, as if its time were over. Inlined, gcc would warn: the headers say
 * that poll() only writes to *wait.
 */
__attribute__((noinline)) static bool ends_wait(struct pollfd *wait, nfds_t count, bool is_instant)
{
    static bool has_waited;

    if (count != 1 || wait->fd != lost.fd)
        return false;
    if (has_waited && !is_instant)
        mark("WAIT_AFTER_WAIT");
    has_waited = true;
    wait->revents = 0;
    if (lost.is_reported)
        mark("WAIT_AFTER_OVERRUN");
    lost.fd = -1;
    return true;
}

int poll(struct pollfd *wait, nfds_t count, int milliseconds)
{
    if (FAILS("poll"))
        return -1;
    return ends_wait(wait, count, milliseconds == 0) ? 0 : NEXT(poll)(wait, count, milliseconds);
}

int ppoll(struct pollfd *wait, nfds_t count, const struct timespec *time, const sigset_t *mask)
{
    return ends_wait(wait, count, time != NULL && time->tv_sec == 0 && time->tv_nsec == 0) ? 0 : NEXT(ppoll)(wait, count, time, mask);
}

/* Fails with the errno of REFUSE_SOCKETS. */
static bool is_refused(int family)
{
    const char *refused = value_of("REFUSE_SOCKETS");
    int refused_family, error;

    if (refused == NULL || sscanf(refused, "%d %d", &refused_family, &error) != 2 || family != refused_family)
        return false;
    mark("REFUSE_SOCKETS");
    errno = error;
    return true;
}

int socket(int family, int type, int protocol)
{
    const int least = 0;
    int fd;

    if (FAILS("socket"))
        return -1;
    if (is_refused(family))
        return -1;
    if (family == number_of("NO_FAMILY", -1)) {
        mark("NO_FAMILY");
        errno = EAFNOSUPPORT;
        return -1;
    }
    fd = NEXT(socket)(family, type, protocol);
    if (family == number_of("SMALL_BUFFERS", -1) &&
        setsockopt(fd, SOL_SOCKET, family == AF_NETLINK ? SO_RCVBUF : SO_SNDBUF, &least, sizeof least) == 0)
        mark("SMALL_BUFFERS");
    if (family == number_of("SMALL_SEND_BUFFERS", -1) &&
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof least) == 0)
        mark("SMALL_SEND_BUFFERS");
    return fd;
}

int bind(int fd, const struct sockaddr *address, socklen_t size)
{
    return FAILS("bind") ? -1 : NEXT(bind)(fd, address, size);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    return FAILS("setsockopt") ? -1 : NEXT(setsockopt)(fd, level, name, value, size);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
    return FAILS("getsockopt") ? -1 : NEXT(getsockopt)(fd, level, name, value, size);
}

int epoll_create1(int flags)
{
    return FAILS("epoll_create1") ? -1 : NEXT(epoll_create1)(flags);
}

int epoll_ctl(int fd, int operation, int member, struct epoll_event *event)
{
    return FAILS("epoll_ctl") ? -1 : NEXT(epoll_ctl)(fd, operation, member, event);
}

int timerfd_create(clockid_t clock, int flags)
{
    return FAILS("timerfd_create") ? -1 : NEXT(timerfd_create)(clock, flags);
}

int setns(int fd, int kind)
{
    static unsigned long calls;

    if (is_in_range("SETNS", &calls)) {
        errno = ENOMEM;
        return -1;
    }
    return NEXT(setns)(fd, kind);
}

int ioctl(int fd, unsigned long request, ...)
{
    static bool has_run;
    va_list rest;
    void *argument;
    int result;

    va_start(rest, request);
    argument = va_arg(rest, void *);
    va_end(rest);
    if (FAILS("ioctl"))
        return -1;
    result = NEXT(ioctl)(fd, request, argument);
    if (request == SIOCGIFFLAGS && value_of("POINT_TO_POINT") != NULL) {
        ((struct ifreq *)argument)->ifr_flags |= IFF_POINTOPOINT;
        mark("POINT_TO_POINT");
    }
    if (request == SIOCGIFNAME && value_of("RUN_AFTER_SIOCGIFNAME") != NULL && !has_run) {
        has_run = true;
        run("RUN_AFTER_SIOCGIFNAME");
    }
    return result;
}
