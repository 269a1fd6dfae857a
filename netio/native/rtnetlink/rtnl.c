/* SPDX-License-Identifier: MIT */
#include "rtnl.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "netns.h"
#include "trace.h"

/* Newer than the kernel headers of old build images. */
#ifndef NETLINK_GET_STRICT_CHK
#define NETLINK_GET_STRICT_CHK 12
#endif

/* The kernel replies to a request before send returns, so this is the time after which a reply is lost. */
#define REPLY_LIMIT_MS 2000

/* Twice the most that a reply takes of a socket's receive buffer, bookkeeping included. */
#define REPLY_ROOM 1664

/* The most that a request takes of a socket's send buffer, including its share of the kernel's bookkeeping. */
#define REQUEST_ROOM (sizeof(struct rtnl_request) + 32)

/* How often a dump is requested if changes interrupt it. */
#define DUMP_ATTEMPTS 16

/* Notifications read in one call: a table that changes all the time must not keep a reader forever. */
#define NOTIFICATIONS_LIMIT 4096

/* The room for a notification. One about a neighbour has 100 to 200 bytes. */
#define NOTIFICATION_BUFFER_SIZE (RTNL_BUFFER_SIZE / RTNL_NOTIFICATIONS_AT_ONCE)

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ENOBUFS means a full table in replies, and lack of memory as the error of a system call. */
static int call_error(int error)
{
    return error == ENOBUFS ? -ENOMEM : -error;
}

int rtnl_open(struct rtnl_socket *sock, int netns, uint32_t groups)
{
    const int on = 1;
    int error = 0;

    memset(sock, 0, sizeof *sock);
    sock->netns = netns;
    sock->fd = netns_socket(netns, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    if (sock->fd < 0)
        return call_error(-sock->fd);
    /* Makes the kernel filter dumps. Readers filter again, so a failure is harmless. */
    (void)setsockopt(sock->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
    if (groups != 0)
        error = rtnl_subscribe(sock, groups);
    sock->buffer = error == 0 ? malloc(RTNL_BUFFER_SIZE) : NULL;
    if (sock->buffer == NULL) {
        rtnl_close(sock);
        return error != 0 ? error : -ENOMEM;
    }
    return 0;
}

int rtnl_subscribe(struct rtnl_socket *sock, uint32_t groups)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};

    return bind(sock->fd, (const struct sockaddr *)&address, sizeof address) < 0 ? call_error(errno) : 0;
}

void rtnl_close(struct rtnl_socket *sock)
{
    if (sock->fd >= 0)
        close(sock->fd);
    free(sock->buffer);
    sock->fd = -1;
    sock->buffer = NULL;
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
        if (size > 0)
            memcpy(place + RTA_LENGTH(0), data, size);
    }
}

size_t rtnl_begin_nested(struct rtnl_request *request, uint16_t type)
{
    const size_t place = NLMSG_ALIGN(request->message.header.nlmsg_len);

    rtnl_put(request, type | NLA_F_NESTED, NULL, 0);
    return place;
}

void rtnl_end_nested(struct rtnl_request *request, size_t place)
{
    struct rtattr attribute;

    if (request->overflow)
        return;
    memcpy(&attribute, request->message.bytes + place, sizeof attribute);
    attribute.rta_len = (unsigned short)(request->message.header.nlmsg_len - place);
    memcpy(request->message.bytes + place, &attribute, sizeof attribute);
}

static ssize_t receive_now(struct rtnl_socket *sock, uint32_t *sender)
{
    struct sockaddr_nl from = {0};
    socklen_t length = sizeof from;
    const ssize_t got = recvfrom(sock->fd, sock->buffer, RTNL_BUFFER_SIZE, MSG_TRUNC | MSG_DONTWAIT,
                                 (struct sockaddr *)&from, &length);

    *sender = from.nl_pid;
    if (got < 0)
        return -errno;
    trace_datagram("received", sock->buffer, least((size_t)got, RTNL_BUFFER_SIZE));
    return got;
}

static int send_requests(struct rtnl_socket *sock, const void *bytes, size_t size)
{
    sock->overrun = sock->received = false;
    sock->deadline = now_ms() + REPLY_LIMIT_MS;
    trace_datagram("sent", bytes, size);
    return send(sock->fd, bytes, size, 0) < 0 ? call_error(errno) : 0;
}

/* Waits for a datagram until the deadline. A kernel that loses replies does not delay a bulk call for each of them. */
static int wait_for_reply(struct rtnl_socket *sock)
{
    struct pollfd wait = {.fd = sock->fd, .events = POLLIN};
    const int64_t left = sock->deadline - now_ms();
    int ready;

    if (sock->overrun)
        return -ETIMEDOUT;
    ready = poll(&wait, 1, sock->waited || left < 0 ? 0 : (int)left);
    if (ready < 0)
        return -errno;
    sock->waited = sock->waited || ready == 0;
    return ready == 0 ? -ETIMEDOUT : 0;
}

/* Returns whether a datagram is a part of a dump. The kernel makes the next part when this one is read. */
static bool continues_dump(const struct rtnl_socket *sock, size_t size)
{
    struct nlmsghdr header;

    if (size < sizeof header)
        return false;
    memcpy(&header, sock->buffer, sizeof header);
    return header.nlmsg_seq == sock->sequence && header.nlmsg_flags & NLM_F_MULTI;
}

/*
 * The deadline holds also if datagrams that are not the reply keep arriving. The first one is accepted in any case: the
 * process may have been stopped.
 */
static ssize_t receive_reply(void *source, const unsigned char **data, uint32_t *sender)
{
    struct rtnl_socket *sock = source;
    ssize_t got = receive_now(sock, sender);

    *data = sock->buffer;
    if (got == -EAGAIN) {
        const int error = wait_for_reply(sock);

        got = error != 0 ? error : receive_now(sock, sender);
    }
    if (got == -ENOBUFS)
        sock->overrun = true;
    if (got < 0)
        return got == -EAGAIN ? -ETIMEDOUT : got;
    if (*sender == 0 && continues_dump(sock, (size_t)got))
        sock->deadline = now_ms() + REPLY_LIMIT_MS;
    else if (sock->received && now_ms() > sock->deadline)
        return -ETIMEDOUT;
    sock->received = true;
    return got;
}

/* Returns the next message of a datagram; NULL at its end, or if the next message has an invalid length (*bad). */
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

/* Returns the error that an NLMSG_ERROR or NLMSG_DONE message carries; 0 is an acknowledgement. */
static int carried_error(const struct nlmsghdr *message)
{
    int error;

    if (message->nlmsg_len < NLMSG_LENGTH(sizeof error))
        return message->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
    memcpy(&error, NLMSG_DATA(message), sizeof error);
    return error <= 0 && error > -RTNL_REFUSED ? error : -EBADMSG;
}

/* rtnetlink numbers its message types in groups of four: NEW, DEL, GET, SET. The reply to a GET is a NEW. */
static bool is_query(const struct nlmsghdr *request)
{
    return (request->nlmsg_type & 3) == (RTM_GETNEIGH & 3);
}

static bool answers(const struct nlmsghdr *message, const struct nlmsghdr *request)
{
    return is_query(request) && message->nlmsg_type == request->nlmsg_type - (RTM_GETNEIGH - RTM_NEWNEIGH);
}

static bool is_dump(const struct nlmsghdr *request)
{
    return is_query(request) && (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
}

/* Returns the error of an NLMSG_ERROR or NLMSG_DONE message. An acknowledgement does not answer a query. */
static int final_error(const struct nlmsghdr *request, const struct nlmsghdr *message)
{
    const int error = carried_error(message);
    const bool is_end = is_dump(request) ? message->nlmsg_type == NLMSG_DONE
                                         : !is_query(request) && message->nlmsg_type == NLMSG_ERROR;

    return error == 0 && !is_end ? -EBADMSG : error;
}

/* A reply while it is read. */
struct reply {
    const struct nlmsghdr *request;
    rtnl_visit *visit;
    void *visitor;
    bool interrupted;
    bool ended;
};

static int handle_message(struct reply *reply, const struct nlmsghdr *message)
{
    if (message->nlmsg_seq != reply->request->nlmsg_seq || message->nlmsg_type == NLMSG_NOOP)
        return 0;
    if (message->nlmsg_flags & NLM_F_DUMP_INTR)
        reply->interrupted = true;
    if (message->nlmsg_type == NLMSG_OVERRUN)
        return -ETIMEDOUT;
    if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
        reply->ended = true;
        return final_error(reply->request, message);
    }
    if (!answers(message, reply->request))
        return -EBADMSG;
    reply->ended = !is_dump(reply->request);
    return reply->visit(reply->visitor, message);
}

static int handle_datagram(struct reply *reply, const unsigned char *data, size_t size)
{
    const struct nlmsghdr *message;
    size_t offset = 0;
    bool bad = false;
    int error = 0;

    while (error == 0 && !reply->ended && (message = next_message(data, size, &offset, &bad)) != NULL)
        error = handle_message(reply, message);
    return bad ? -EBADMSG : error;
}

/* Reads one datagram of a reply, and skips it if another process sent it. */
static int read_part(struct reply *reply, rtnl_receive *receive, void *source)
{
    const unsigned char *data = NULL;
    uint32_t sender = 0;
    const ssize_t got = receive(source, &data, &sender);

    if (got < 0)
        return got == -ENOBUFS ? -ETIMEDOUT : (int)got; /* the socket overran, which is not a full table */
    if (sender != 0)
        return 0;
    return got > RTNL_BUFFER_SIZE ? -EMSGSIZE : handle_datagram(reply, data, (size_t)got);
}

int rtnl_read_reply(rtnl_receive *receive, void *source, const struct nlmsghdr *request, rtnl_visit *visit,
                    void *visitor)
{
    struct reply reply = {.request = request, .visit = visit, .visitor = visitor};
    int error = 0;

    while (error == 0 && !reply.ended)
        error = read_part(&reply, receive, source);
    return error == 0 && reply.interrupted ? -EAGAIN : error;
}

static int send_numbered(struct rtnl_socket *sock, struct rtnl_request *request)
{
    struct nlmsghdr *header = &request->message.header;

    if (request->overflow)
        return -EMSGSIZE;
    header->nlmsg_seq = ++sock->sequence;
    return send_requests(sock, request->message.bytes, header->nlmsg_len);
}

int rtnl_dump_begin(struct rtnl_socket *sock, struct rtnl_dump *dump)
{
    dump->interrupted = dump->ended = false;
    return send_numbered(sock, &dump->request);
}

int rtnl_dump_part(struct rtnl_socket *sock, struct rtnl_dump *dump, rtnl_visit *visit, void *visitor)
{
    struct reply reply = {.request = &dump->request.message.header, .visit = visit, .visitor = visitor};
    const int error = read_part(&reply, receive_reply, sock);

    dump->interrupted = dump->interrupted || reply.interrupted;
    dump->ended = reply.ended;
    return error;
}

int rtnl_call(struct rtnl_socket *sock, struct rtnl_request *request, rtnl_visit *visit, void *visitor)
{
    const int error = send_numbered(sock, request);

    return error != 0 ? error : rtnl_read_reply(receive_reply, sock, &request->message.header, visit, visitor);
}

int rtnl_dump(struct rtnl_socket *sock, struct rtnl_request *request, rtnl_restart *restart, rtnl_visit *visit,
              void *visitor)
{
    int error = -EAGAIN;

    for (int attempt = 0; attempt < DUMP_ATTEMPTS && error == -EAGAIN; attempt++) {
        restart(visitor);
        error = rtnl_call(sock, request, visit, visitor);
    }
    return error;
}

/* The replies to a batch while they are read. */
struct replies {
    const struct nlmsghdr *first;
    size_t count;
    int *results;
    rtnl_visit_place *visit;
    void *visitor;
    bool lost;
};

static void handle_reply(struct replies *replies, const struct nlmsghdr *message)
{
    const size_t place = message->nlmsg_seq - replies->first->nlmsg_seq;

    if (message->nlmsg_type == NLMSG_OVERRUN)
        replies->lost = true;
    if (place >= replies->count || replies->results[place] != RTNL_NO_REPLY || message->nlmsg_type == NLMSG_NOOP ||
        message->nlmsg_type == NLMSG_OVERRUN)
        return;
    if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE)
        replies->results[place] = final_error(replies->first, message);
    else if (is_query(replies->first) && !answers(message, replies->first))
        replies->results[place] = -EBADMSG;
    else if (replies->visit != NULL)
        replies->results[place] = replies->visit(replies->visitor, place, message);
}

/* Reads one datagram. A negative errno: no more will arrive. */
static int read_replies(struct replies *replies, rtnl_receive *receive, void *source)
{
    const struct nlmsghdr *message;
    const unsigned char *data = NULL;
    uint32_t sender = 0;
    const ssize_t got = receive(source, &data, &sender);
    size_t offset = 0;
    bool bad = false;

    if (got == -ENOBUFS) { /* some were lost; the others are still in the queue */
        replies->lost = true;
        return 0;
    }
    if (got < 0)
        return (int)got;
    if (sender != 0)
        return 0;
    if (got > RTNL_BUFFER_SIZE)
        return -EMSGSIZE;
    while ((message = next_message(data, (size_t)got, &offset, &bad)) != NULL)
        handle_reply(replies, message);
    return bad ? -EBADMSG : 0;
}

void rtnl_read_replies(rtnl_receive *receive, void *source, const struct nlmsghdr *first, size_t count, int *results,
                       rtnl_visit_place *visit, void *visitor)
{
    struct replies replies = {first, count, results, visit, visitor, false};
    int error = 0;

    for (size_t i = 0; i < count; i++)
        results[i] = RTNL_NO_REPLY;
    while (error == 0 && results[count - 1] == RTNL_NO_REPLY)
        error = read_replies(&replies, receive, source);
    if (error != 0 || replies.lost || visit != NULL)
        return;
    /* The kernel replies in order: if the last reply arrived and none was lost, a request without a reply succeeded. */
    for (size_t i = 0; i < count; i++)
        if (results[i] == RTNL_NO_REPLY)
            results[i] = 0;
}

static size_t buffer_size(const struct rtnl_socket *sock, int option)
{
    int room = 0;
    socklen_t size = sizeof room;

    return getsockopt(sock->fd, SOL_SOCKET, option, &room, &size) == 0 && room > 0 ? (size_t)room : 0;
}

size_t rtnl_batch_limit(const struct rtnl_socket *sock, size_t count)
{
    size_t limit = RTNL_BATCH_MAX;

    if (count < 2)
        return 1;
    limit = least(limit, buffer_size(sock, SO_RCVBUF) / REPLY_ROOM);
    limit = least(limit, buffer_size(sock, SO_SNDBUF) / REQUEST_ROOM);
    return limit > 0 ? limit : 1;
}

void rtnl_batch_begin(struct rtnl_batch *batch)
{
    batch->count = 0;
    batch->size = 0;
}

void rtnl_batch_add(struct rtnl_batch *batch, const struct rtnl_request *request)
{
    const size_t size = NLMSG_ALIGN(request->message.header.nlmsg_len);

    memcpy(batch->bytes + batch->size, request->message.bytes, size);
    batch->results[batch->count++] = request->overflow ? -EMSGSIZE : 0;
    batch->size += size;
}

/* Numbers the requests. -EMSGSIZE: a part did not fit into one of them. */
static int number(struct rtnl_batch *batch, uint32_t first, bool acknowledge)
{
    size_t offset = 0;

    for (size_t i = 0; i < batch->count; i++) {
        struct nlmsghdr header;

        if (batch->results[i] != 0)
            return batch->results[i];
        memcpy(&header, batch->bytes + offset, sizeof header);
        header.nlmsg_seq = first + (uint32_t)i;
        if (acknowledge && i == batch->count - 1)
            header.nlmsg_flags |= NLM_F_ACK;
        memcpy(batch->bytes + offset, &header, sizeof header);
        offset += NLMSG_ALIGN(header.nlmsg_len);
    }
    return 0;
}

void rtnl_batch_call(struct rtnl_socket *sock, struct rtnl_batch *batch, rtnl_visit_place *visit, void *visitor)
{
    const uint32_t first = sock->sequence + 1;
    int error = number(batch, first, visit == NULL);

    if (batch->count == 0)
        return;
    sock->sequence += (uint32_t)batch->count;
    if (error == 0)
        error = send_requests(sock, batch->bytes, batch->size); /* the kernel has executed none if that fails */
    for (size_t i = 0; error != 0 && i < batch->count; i++)
        batch->results[i] = error;
    if (error == 0)
        rtnl_read_replies(receive_reply, sock, (const struct nlmsghdr *)(const void *)batch->bytes, batch->count,
                          batch->results, visit, visitor);
}

/* The datagrams of one system call. Their bytes are in the buffer of the socket. */
struct datagrams {
    struct sockaddr_nl senders[RTNL_NOTIFICATIONS_AT_ONCE];
    struct iovec places[RTNL_NOTIFICATIONS_AT_ONCE];
    struct mmsghdr heads[RTNL_NOTIFICATIONS_AT_ONCE];
};

/* Returns the number of datagrams received, or a negative errno. */
static int receive_many(struct rtnl_socket *sock, struct datagrams *datagrams)
{
    int count;

    for (size_t i = 0; i < RTNL_NOTIFICATIONS_AT_ONCE; i++) {
        datagrams->places[i] =
            (struct iovec){sock->buffer + i * NOTIFICATION_BUFFER_SIZE, NOTIFICATION_BUFFER_SIZE};
        datagrams->heads[i].msg_hdr = (struct msghdr){
            .msg_name = &datagrams->senders[i],
            .msg_namelen = sizeof datagrams->senders[i],
            .msg_iov = &datagrams->places[i],
            .msg_iovlen = 1,
        };
    }
    count = recvmmsg(sock->fd, datagrams->heads, RTNL_NOTIFICATIONS_AT_ONCE, MSG_TRUNC | MSG_DONTWAIT, NULL);
    if (count < 0)
        return -errno;
    for (int i = 0; i < count; i++)
        trace_datagram("notified", datagrams->places[i].iov_base,
                       least(datagrams->heads[i].msg_len, NOTIFICATION_BUFFER_SIZE));
    return count;
}

static int visit_datagram(const unsigned char *data, size_t size, rtnl_visit *visit, void *visitor)
{
    const struct nlmsghdr *message;
    size_t offset = 0;
    bool bad = false;
    int error = 0;

    while (error == 0 && (message = next_message(data, size, &offset, &bad)) != NULL)
        error = visit(visitor, message);
    return bad ? -EBADMSG : error;
}

/*
 * Shortens a message about an interface, which can be long, to the part that was received. False: it is another message,
 * of which the rest is needed.
 */
static bool cut_link(unsigned char *data)
{
    struct nlmsghdr header;

    memcpy(&header, data, sizeof header);
    if (header.nlmsg_type != RTM_NEWLINK && header.nlmsg_type != RTM_DELLINK)
        return false;
    header.nlmsg_len = NOTIFICATION_BUFFER_SIZE;
    memcpy(data, &header, sizeof header);
    return true;
}

static int visit_notification(const struct datagrams *datagrams, int place, bool *lost, rtnl_visit *visit,
                              void *visitor)
{
    unsigned char *data = datagrams->places[place].iov_base;
    size_t size = datagrams->heads[place].msg_len;

    if (datagrams->senders[place].nl_pid != 0)
        return 0;
    if (size > NOTIFICATION_BUFFER_SIZE) {
        if (!cut_link(data)) {
            *lost = true;
            return 0;
        }
        size = NOTIFICATION_BUFFER_SIZE;
    }
    return visit_datagram(data, size, visit, visitor);
}

int rtnl_read_queue(struct rtnl_socket *sock, bool *lost, rtnl_visit *visit, void *visitor)
{
    struct datagrams datagrams;
    const int count = receive_many(sock, &datagrams);
    int error = 0;

    if (count == -ENOBUFS)
        *lost = true;
    else if (count < 0)
        return count;
    for (int i = 0; i < count && error == 0; i++)
        error = visit_notification(&datagrams, i, lost, visit, visitor);
    return error;
}

int rtnl_read_notifications(struct rtnl_socket *sock, rtnl_visit *visit, void *visitor)
{
    bool lost = false;
    int error = 0;

    for (unsigned calls = 0; calls < NOTIFICATIONS_LIMIT / RTNL_NOTIFICATIONS_AT_ONCE && error == 0; calls++)
        error = rtnl_read_queue(sock, &lost, visit, visitor);
    if (error == -EAGAIN)
        error = 0;
    return error == 0 && lost ? -ENOBUFS : error;
}

const struct rtattr *rtnl_next_attribute(const void *data, size_t size, size_t *offset)
{
    const struct rtattr *attribute = (const struct rtattr *)(const void *)((const char *)data + *offset);
    const size_t left = *offset < size ? size - *offset : 0;

    if (left < sizeof *attribute || attribute->rta_len < sizeof *attribute || attribute->rta_len > left)
        return NULL;
    *offset += RTA_ALIGN(attribute->rta_len);
    return attribute;
}

/* Finds the attributes of data from an offset on. The data itself need not end with padding. */
static int find_attributes(const void *data, size_t size, size_t offset, const struct rtattr *found[], size_t count)
{
    const struct rtattr *attribute;

    memset(found, 0, count * sizeof *found);
    while ((attribute = rtnl_next_attribute(data, size, &offset)) != NULL)
        if ((attribute->rta_type & NLA_TYPE_MASK) < count)
            found[attribute->rta_type & NLA_TYPE_MASK] = attribute;
    return offset < size ? -EBADMSG : 0;
}

int rtnl_attributes(const struct nlmsghdr *message, size_t fixed, const struct rtattr *found[], size_t count)
{
    if (message->nlmsg_len < NLMSG_LENGTH(fixed)) {
        memset(found, 0, count * sizeof *found);
        return -EBADMSG;
    }
    return find_attributes(message, message->nlmsg_len, NLMSG_SPACE(fixed), found, count);
}

int rtnl_nested_attributes(const struct rtattr *outer, const struct rtattr *found[], size_t count)
{
    return find_attributes(RTA_DATA(outer), RTA_PAYLOAD(outer), 0, found, count);
}
