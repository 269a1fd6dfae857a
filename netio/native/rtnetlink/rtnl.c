/* SPDX-License-Identifier: MIT */
#include "rtnl.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Newer than the kernel headers of old build images. */
#ifndef NETLINK_GET_STRICT_CHK
#define NETLINK_GET_STRICT_CHK 12
#endif

/* The kernel has answered a request before send returns: this only bounds a wait for what will not come. */
#define ANSWER_LIMIT_MS 2000

/* Datagrams read in one go: a table that never stops changing must not hold a reader for ever. */
#define EVENTS_LIMIT 4096

int rtnl_open(struct rtnl_socket *sock, uint32_t groups)
{
    const int on = 1;
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};

    sock->sequence = 0;
    sock->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (sock->fd < 0)
        return -errno;
    /* Makes the kernel filter dumps. Where it cannot, readers filter for themselves, so failure is no error. */
    (void)setsockopt(sock->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
    if (groups != 0 && bind(sock->fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        const int error = -errno;
        rtnl_close(sock);
        return error;
    }
    return 0;
}

void rtnl_close(struct rtnl_socket *sock)
{
    if (sock->fd >= 0)
        close(sock->fd);
    sock->fd = -1;
}

static unsigned char *append(struct rtnl_request *request, size_t size)
{
    const size_t used = NLMSG_ALIGN(request->message.header.nlmsg_len);

    if (request->overflow || used > sizeof request->message || size > sizeof request->message - used) {
        request->overflow = true;
        return NULL;
    }
    request->message.header.nlmsg_len = (uint32_t)(used + size);
    return request->message.bytes + used;
}

void rtnl_begin(struct rtnl_request *request, uint16_t type, uint16_t flags, const void *fixed, size_t size)
{
    unsigned char *place;

    memset(request, 0, sizeof *request);
    request->message.header.nlmsg_len = NLMSG_HDRLEN;
    request->message.header.nlmsg_type = type;
    request->message.header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    place = append(request, size);
    if (place != NULL)
        memcpy(place, fixed, size);
}

void rtnl_put(struct rtnl_request *request, uint16_t type, const void *data, size_t size)
{
    struct rtattr attribute = {.rta_type = type};
    unsigned char *place;

    if (size > sizeof request->message) {
        request->overflow = true;
        return;
    }
    attribute.rta_len = (unsigned short)RTA_LENGTH(size);
    place = append(request, RTA_LENGTH(size));
    if (place != NULL) {
        memcpy(place, &attribute, sizeof attribute);
        memcpy(place + RTA_LENGTH(0), data, size);
    }
}

static ssize_t receive_now(struct rtnl_socket *sock, void *buffer, size_t size, uint32_t *sender)
{
    struct sockaddr_nl from = {0};
    socklen_t length = sizeof from;
    const ssize_t got =
        recvfrom(sock->fd, buffer, size, MSG_TRUNC | MSG_DONTWAIT, (struct sockaddr *)&from, &length);

    *sender = from.nl_pid;
    return got < 0 ? -errno : got;
}

static ssize_t receive_answer(void *source, void *buffer, size_t size, uint32_t *sender)
{
    struct rtnl_socket *sock = source;
    ssize_t got = receive_now(sock, buffer, size, sender);

    if (got == -EAGAIN) {
        struct pollfd wait = {.fd = sock->fd, .events = POLLIN};
        const int ready = poll(&wait, 1, ANSWER_LIMIT_MS);

        if (ready < 0)
            return -errno;
        got = ready == 0 ? -ETIMEDOUT : receive_now(sock, buffer, size, sender);
    }
    return got;
}

/* The next message of a datagram, NULL at its end or where the next one's length cannot be (*bad). */
static const struct nlmsghdr *next_message(const unsigned char *data, size_t size, size_t *offset, bool *bad)
{
    const size_t left = size - *offset;
    struct nlmsghdr header;

    if (left == 0)
        return NULL;
    *bad = true;
    if (left < sizeof header)
        return NULL;
    memcpy(&header, data + *offset, sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > left)
        return NULL;
    *bad = false;
    data += *offset;
    *offset += NLMSG_ALIGN(header.nlmsg_len) < left ? NLMSG_ALIGN(header.nlmsg_len) : left;
    return (const struct nlmsghdr *)(const void *)data;
}

/* The error that an NLMSG_ERROR or NLMSG_DONE message carries; 0 is an acknowledgement. */
static int carried_error(const struct nlmsghdr *message)
{
    int error;

    if (message->nlmsg_len < NLMSG_LENGTH(sizeof error))
        return message->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
    memcpy(&error, NLMSG_DATA(message), sizeof error);
    return error <= 0 ? error : -EBADMSG;
}

/* What is known of an answer while it is read. */
struct answer {
    uint32_t sequence;
    rtnl_visit *visit;
    void *visitor;
    bool interrupted;
    bool ended;
};

static int take_message(struct answer *answer, const struct nlmsghdr *message)
{
    if (message->nlmsg_seq != answer->sequence || message->nlmsg_type == NLMSG_NOOP)
        return 0;
    if (message->nlmsg_flags & NLM_F_DUMP_INTR)
        answer->interrupted = true;
    if (message->nlmsg_type == NLMSG_OVERRUN)
        return -ENOBUFS;
    if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
        answer->ended = true;
        return carried_error(message);
    }
    answer->ended = !(message->nlmsg_flags & NLM_F_MULTI);
    return answer->visit == NULL ? 0 : answer->visit(answer->visitor, message);
}

static int take_datagram(struct answer *answer, const unsigned char *data, size_t size)
{
    const struct nlmsghdr *message;
    size_t offset = 0;
    bool bad = false;
    int error = 0;

    while (error == 0 && !answer->ended && (message = next_message(data, size, &offset, &bad)) != NULL)
        error = take_message(answer, message);
    return bad ? -EBADMSG : error;
}

int rtnl_read_answer(rtnl_receive *receive, void *source, uint32_t sequence, rtnl_visit *visit, void *visitor)
{
    _Alignas(NLMSG_ALIGNTO) unsigned char buffer[RTNL_BUFFER_SIZE];
    struct answer answer = {.sequence = sequence, .visit = visit, .visitor = visitor};
    int error = 0;

    while (error == 0 && !answer.ended) {
        uint32_t sender = 0;
        const ssize_t got = receive(source, buffer, sizeof buffer, &sender);

        if (got < 0)
            error = (int)got;
        else if (sender != 0)
            continue;
        else if ((size_t)got > sizeof buffer)
            error = -EMSGSIZE;
        else
            error = take_datagram(&answer, buffer, (size_t)got);
    }
    return error == 0 && answer.interrupted ? -EAGAIN : error;
}

int rtnl_ask(struct rtnl_socket *sock, struct rtnl_request *request, rtnl_visit *visit, void *visitor)
{
    struct nlmsghdr *header = &request->message.header;

    if (request->overflow)
        return -EMSGSIZE;
    header->nlmsg_seq = ++sock->sequence;
    if (send(sock->fd, request->message.bytes, header->nlmsg_len, 0) < 0)
        return -errno;
    return rtnl_read_answer(receive_answer, sock, header->nlmsg_seq, visit, visitor);
}

int rtnl_read_events(struct rtnl_socket *sock, rtnl_visit *visit, void *visitor)
{
    _Alignas(NLMSG_ALIGNTO) unsigned char buffer[RTNL_BUFFER_SIZE];
    bool lost = false;

    for (unsigned datagrams = 0; datagrams < EVENTS_LIMIT; datagrams++) {
        uint32_t sender = 0;
        const ssize_t got = receive_now(sock, buffer, sizeof buffer, &sender);
        const struct nlmsghdr *message;
        size_t offset = 0;
        bool bad = false;
        int error = 0;

        if (got == -EAGAIN)
            break;
        if (got == -ENOBUFS || got > (ssize_t)sizeof buffer) {
            lost = true;
            continue;
        }
        if (got < 0)
            return (int)got;
        if (sender != 0)
            continue;
        while (error == 0 && (message = next_message(buffer, (size_t)got, &offset, &bad)) != NULL)
            error = visit(visitor, message);
        if (bad || error != 0)
            return bad ? -EBADMSG : error;
    }
    return lost ? -ENOBUFS : 0;
}

int rtnl_attributes(const struct nlmsghdr *message, size_t fixed, const struct rtattr *found[], size_t count)
{
    const size_t size = message->nlmsg_len;
    size_t offset = NLMSG_SPACE(fixed);

    memset(found, 0, count * sizeof *found);
    if (size < NLMSG_LENGTH(fixed))
        return -EBADMSG;
    while (offset < size) {
        const struct rtattr *attribute = (const struct rtattr *)(const void *)((const char *)message + offset);
        const size_t left = size - offset;

        if (left < sizeof *attribute || attribute->rta_len < sizeof *attribute || attribute->rta_len > left)
            return -EBADMSG;
        if ((attribute->rta_type & NLA_TYPE_MASK) < count)
            found[attribute->rta_type & NLA_TYPE_MASK] = attribute;
        offset += RTA_ALIGN(attribute->rta_len);
    }
    return 0;
}
