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

/* What an answer takes of a socket's receive buffer at most, its bookkeeping included, and as much again. */
#define ANSWER_ROOM 1664

/* How often a dump that a change has interrupted is asked for. */
#define DUMP_ATTEMPTS 16

/* The answer to one request of a batch is a few hundred bytes. */
#define BATCH_BUFFER_SIZE 8192

/* Datagrams read in one go: a table that never stops changing must not hold a reader for ever. */
#define EVENTS_LIMIT 4096

/* Events read with one call of the system, and room for each: it has a hundred bytes or two. */
#define EVENTS_AT_ONCE 32
#define EVENT_BUFFER_SIZE 1024

int rtnl_open(struct rtnl_socket *sock, uint32_t groups)
{
    const int on = 1;
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};

    sock->sequence = 0;
    sock->overrun = false;
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

    if (got == -ENOBUFS)
        sock->overrun = true;
    else if (got == -EAGAIN && sock->overrun)
        got = -ETIMEDOUT;
    else if (got == -EAGAIN) {
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
        return -ETIMEDOUT;
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
            error = got == -ENOBUFS ? -ETIMEDOUT : (int)got; /* an ENOBUFS that an answer carries is the kernel's */
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
    sock->overrun = false;
    if (send(sock->fd, request->message.bytes, header->nlmsg_len, 0) < 0)
        return -errno;
    return rtnl_read_answer(receive_answer, sock, header->nlmsg_seq, visit, visitor);
}

int rtnl_dump(struct rtnl_socket *sock, struct rtnl_request *request, rtnl_restart *restart, rtnl_visit *visit,
              void *visitor)
{
    int error = -EAGAIN;

    for (int attempt = 0; attempt < DUMP_ATTEMPTS && error == -EAGAIN; attempt++) {
        restart(visitor);
        error = rtnl_ask(sock, request, visit, visitor);
    }
    return error;
}

/* What is known of the answers to a batch while they are read. */
struct answers {
    uint32_t first;
    size_t count;
    int *results;
    rtnl_visit_place *visit;
    void *visitor;
    bool lost;
};

static void take_answer(struct answers *answers, const struct nlmsghdr *message)
{
    const size_t place = message->nlmsg_seq - answers->first;

    if (message->nlmsg_type == NLMSG_OVERRUN)
        answers->lost = true;
    if (place >= answers->count || answers->results[place] != RTNL_UNANSWERED || message->nlmsg_type == NLMSG_NOOP ||
        message->nlmsg_type == NLMSG_OVERRUN)
        return;
    if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE)
        answers->results[place] = carried_error(message);
    else if (answers->visit != NULL)
        answers->results[place] = answers->visit(answers->visitor, place, message);
}

/* One datagram; a negative errno where no more can come. */
static int take_answers(struct answers *answers, rtnl_receive *receive, void *source)
{
    _Alignas(NLMSG_ALIGNTO) unsigned char buffer[BATCH_BUFFER_SIZE];
    const struct nlmsghdr *message;
    uint32_t sender = 0;
    const ssize_t got = receive(source, buffer, sizeof buffer, &sender);
    size_t offset = 0;
    bool bad = false;

    if (got == -ENOBUFS) { /* some were lost; those that were not are still to be read */
        answers->lost = true;
        return 0;
    }
    if (got < 0)
        return (int)got;
    if (sender != 0)
        return 0;
    if ((size_t)got > sizeof buffer)
        return -EMSGSIZE;
    while ((message = next_message(buffer, (size_t)got, &offset, &bad)) != NULL)
        take_answer(answers, message);
    return bad ? -EBADMSG : 0;
}

void rtnl_read_batch(rtnl_receive *receive, void *source, uint32_t first, size_t count, int *results,
                     rtnl_visit_place *visit, void *visitor)
{
    struct answers answers = {first, count, results, visit, visitor, false};
    int error = 0;

    for (size_t i = 0; i < count; i++)
        results[i] = RTNL_UNANSWERED;
    while (error == 0 && results[count - 1] == RTNL_UNANSWERED)
        error = take_answers(&answers, receive, source);
    if (error != 0 || answers.lost || visit != NULL)
        return;
    /* The kernel answers in order: with the last one here and none lost, who has no answer did not fail. */
    for (size_t i = 0; i < count; i++)
        if (results[i] == RTNL_UNANSWERED)
            results[i] = 0;
}

size_t rtnl_batch_limit(const struct rtnl_socket *sock, size_t count)
{
    int room = 0;
    socklen_t size = sizeof room;
    size_t limit = 1;

    if (count > 1 && getsockopt(sock->fd, SOL_SOCKET, SO_RCVBUF, &room, &size) == 0 && room > ANSWER_ROOM)
        limit = (size_t)room / ANSWER_ROOM;
    return limit < RTNL_BATCH_MAX ? limit : RTNL_BATCH_MAX;
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

/* Numbers the requests; -EMSGSIZE where something did not fit into one. */
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

void rtnl_batch_ask(struct rtnl_socket *sock, struct rtnl_batch *batch, rtnl_visit_place *visit, void *visitor)
{
    const uint32_t first = sock->sequence + 1;
    int error = number(batch, first, visit == NULL);

    if (batch->count == 0)
        return;
    sock->sequence += (uint32_t)batch->count;
    sock->overrun = false;
    if (error == 0 && send(sock->fd, batch->bytes, batch->size, 0) < 0)
        error = -errno; /* nothing has been carried out */
    for (size_t i = 0; error != 0 && i < batch->count; i++)
        batch->results[i] = error;
    if (error == 0)
        rtnl_read_batch(receive_answer, sock, first, batch->count, batch->results, visit, visitor);
}

/* Datagrams that come with one call of the system. */
struct datagrams {
    _Alignas(NLMSG_ALIGNTO) unsigned char bytes[EVENTS_AT_ONCE][EVENT_BUFFER_SIZE];
    struct sockaddr_nl senders[EVENTS_AT_ONCE];
    struct iovec places[EVENTS_AT_ONCE];
    struct mmsghdr heads[EVENTS_AT_ONCE];
};

/* How many came, or a negative errno. */
static int receive_many(struct rtnl_socket *sock, struct datagrams *datagrams)
{
    int count;

    for (size_t i = 0; i < EVENTS_AT_ONCE; i++) {
        datagrams->places[i] = (struct iovec){datagrams->bytes[i], sizeof datagrams->bytes[i]};
        datagrams->heads[i].msg_hdr = (struct msghdr){
            .msg_name = &datagrams->senders[i],
            .msg_namelen = sizeof datagrams->senders[i],
            .msg_iov = &datagrams->places[i],
            .msg_iovlen = 1,
        };
    }
    count = recvmmsg(sock->fd, datagrams->heads, EVENTS_AT_ONCE, MSG_TRUNC | MSG_DONTWAIT, NULL);
    return count < 0 ? -errno : count;
}

static int visit_events(const unsigned char *data, size_t size, rtnl_visit *visit, void *visitor)
{
    const struct nlmsghdr *message;
    size_t offset = 0;
    bool bad = false;
    int error = 0;

    while (error == 0 && (message = next_message(data, size, &offset, &bad)) != NULL)
        error = visit(visitor, message);
    return bad ? -EBADMSG : error;
}

int rtnl_read_events(struct rtnl_socket *sock, rtnl_visit *visit, void *visitor)
{
    struct datagrams datagrams;
    bool lost = false;
    int error = 0;

    for (unsigned calls = 0; calls < EVENTS_LIMIT / EVENTS_AT_ONCE && error == 0; calls++) {
        const int count = receive_many(sock, &datagrams);

        if (count == -EAGAIN)
            break;
        if (count < 0 && count != -ENOBUFS)
            return count;
        lost = lost || count < 0;
        for (int i = 0; i < count && error == 0; i++) {
            if (datagrams.heads[i].msg_len > EVENT_BUFFER_SIZE)
                lost = true;
            else if (datagrams.senders[i].nl_pid == 0)
                error = visit_events(datagrams.bytes[i], datagrams.heads[i].msg_len, visit, visitor);
        }
    }
    return error == 0 && lost ? -ENOBUFS : error;
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
