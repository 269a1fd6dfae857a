/* SPDX-License-Identifier: MIT */
/*
 * Sweeping: probes over packet sockets, which neither read nor write the kernel's table.
 *
 * TARGET_UNSENT     in `unsent`: not probed yet
 * TARGET_WAITING    in `sent`: no reply yet
 * TARGET_AGAIN      in `again`: no reply yet, and its next probe is due
 * TARGET_ANSWERED   in `sent` or `again`: replied; not probed again, but another host may reply as well
 *
 * A target is in `sent` for one interval per probe, so that the order of sending is the order in which they are due.
 * After its last interval it is removed.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "clock.h"
#include "inet.h"
#include "pending.h"
#include "status.h"
#include "sweep_pace.h"
#include "sweep_port.h"

#define MS_NS 1000000

/* Different physical addresses that are reported for one address. A host can invent any number of them. */
#define MAX_HEARD 16

/* Frames that are read between two looks at the clock: more than a receive buffer holds. */
#define MAX_FRAMES 4096

/* The pause after the queue of an interface was full, and the time, beside that of a target, after which it ends. */
#define FULL_PAUSE_NS (10 * MS_NS)
#define FULL_MAX_NS (1000 * MS_NS)

/* With fewer unsent targets, netio_sweep_wait returns if the caller has more. */
#define FEW_UNSENT 32

enum target_state { TARGET_UNSENT, TARGET_WAITING, TARGET_AGAIN, TARGET_ANSWERED };

struct target {
    struct pending pending;
    struct target *next; /* in its queue */
    size_t port;         /* its place in the ports */
    enum frame_kind kind;
    enum target_state state;
    ULONG probes_left;
    int64_t first_sent, due;
    size_t heard_count;
    UCHAR heard[MAX_HEARD][FRAME_MAC_SIZE];
};

struct queue {
    struct target *first, **last;
    size_t count;
};

struct reply {
    MIB_IPNET_ROW2 row;
    ULONG elapsed_us;
};

struct netio_sweep {
    int netns;
    ULONG retries;
    int64_t timeout;
    int64_t interval; /* between the probes of a target, and after the last one */
    struct pace pace;
    int64_t full_since, blocked_until; /* the queue of an interface was full; 0 if it is not */
    uint32_t id;                       /* of the probes for all nodes */
    struct port *ports;
    struct pollfd *polled; /* one for each port */
    size_t port_count, port_room, polled_room;
    struct pending_set targets;
    struct queue unsent, again, sent;
    struct reply *replies;
    size_t reply_count, reply_room, next_reply;
};

static void queue_init(struct queue *queue)
{
    *queue = (struct queue){.last = &queue->first};
}

static void queue_push(struct queue *queue, struct target *target)
{
    target->next = NULL;
    *queue->last = target;
    queue->last = &target->next;
    queue->count++;
}

static struct target *queue_pop(struct queue *queue)
{
    struct target *target = queue->first;

    queue->first = target->next;
    if (queue->first == NULL)
        queue->last = &queue->first;
    queue->count--;
    return target;
}

DWORD netio_sweep_open(int netns, ULONG rate, ULONG timeout_ms, ULONG retries, netio_sweep **out)
{
    netio_sweep *sweep;
    const int error = port_check(netns);

    *out = NULL;
    if (error != 0)
        return win32_status(error);
    if (rate == 0)
        return ERROR_INVALID_PARAMETER;
    sweep = calloc(1, sizeof *sweep);
    if (sweep == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    sweep->netns = netns;
    sweep->retries = retries;
    sweep->timeout = (int64_t)timeout_ms * MS_NS;
    sweep->interval = sweep->timeout / ((int64_t)retries + 1);
    sweep->pace = pace_of(rate);
    sweep->id = (uint32_t)((uint64_t)now_ns() ^ (uint64_t)getpid() << 16); /* no host outside the link can guess it */
    pending_init(&sweep->targets);
    queue_init(&sweep->unsent);
    queue_init(&sweep->again);
    queue_init(&sweep->sent);
    *out = sweep;
    return NO_ERROR;
}

void netio_sweep_close(netio_sweep *sweep)
{
    if (sweep == NULL)
        return;
    for (size_t i = 0; i < sweep->port_count; i++)
        port_close(&sweep->ports[i]);
    pending_free_registered(&sweep->targets);
    free(sweep->ports);
    free(sweep->polled);
    free(sweep->replies);
    free(sweep);
}

static int add_port(netio_sweep *sweep, const MIB_IPNET_ROW2 *row)
{
    const size_t count = sweep->port_count;
    void *ports = array_with_room(sweep->ports, count, &sweep->port_room, 0, sizeof *sweep->ports);
    void *polled;
    int error;

    if (ports == NULL)
        return -ENOMEM;
    sweep->ports = ports;
    polled = array_with_room(sweep->polled, count, &sweep->polled_room, 0, sizeof *sweep->polled);
    if (polled == NULL)
        return -ENOMEM;
    sweep->polled = polled;
    error = port_open(&sweep->ports[count], sweep->netns, row);
    if (error != 0)
        return error;
    sweep->polled[count] = (struct pollfd){.fd = sweep->ports[count].fd, .events = POLLIN};
    sweep->port_count++;
    return 0;
}

/* Finds the port for the interface index of a row and the family of its address, or opens it. */
static int find_port(netio_sweep *sweep, const MIB_IPNET_ROW2 *row, size_t *place)
{
    for (*place = 0; *place < sweep->port_count; ++*place)
        if (sweep->ports[*place].index == row->InterfaceIndex &&
            sweep->ports[*place].family == row->Address.si_family)
            return 0;
    return add_port(sweep, row);
}

/* Targets are found by the interface index. The place of the LUID has the kind, so ff02::1 has a target for each. */
static MIB_IPNET_ROW2 key_of(const SOCKADDR_INET *address, NET_IFINDEX index, enum frame_kind kind)
{
    return (MIB_IPNET_ROW2){.Address = *address, .InterfaceIndex = index, .InterfaceLuid = {.Value = kind + 1}};
}

static int add_target(netio_sweep *sweep, size_t port, const SOCKADDR_INET *address, const SOCKADDR_INET *source,
                      enum frame_kind kind)
{
    const MIB_IPNET_ROW2 key = key_of(address, sweep->ports[port].index, kind);
    struct target *target = pending_new(sizeof *target, &key, source, 0);

    if (target == NULL)
        return -ENOMEM;
    target->port = port;
    target->kind = kind;
    target->probes_left = sweep->retries;
    if (pending_register(&sweep->targets, &target->pending))
        queue_push(&sweep->unsent, target);
    return 0;
}

static DWORD submit(netio_sweep *sweep, const MIB_IPNET_ROW2 *row, const SOCKADDR_INET *source)
{
    const bool is_all_nodes = frame_is_all_nodes(&row->Address);
    size_t port;
    int error;

    if (!inet_is_ip(&row->Address) || row->Address.si_family != source->si_family || row->InterfaceIndex == 0 ||
        (inet_is_multicast(&row->Address) && !is_all_nodes))
        return ERROR_INVALID_PARAMETER;
    error = find_port(sweep, row, &port);
    if (error == 0)
        error = add_target(sweep, port, &row->Address, source, is_all_nodes ? FRAME_ECHO : FRAME_SOLICITATION);
    if (error == 0 && is_all_nodes)
        error = add_target(sweep, port, &row->Address, source, FRAME_OPTION);
    return win32_status(error);
}

void netio_sweep_submit(netio_sweep *sweep, const MIB_IPNET_ROW2 *rows, const SOCKADDR_INET *sources, size_t count,
                        DWORD *results)
{
    for (size_t i = 0; i < count; i++)
        results[i] = submit(sweep, &rows[i], &sources[i]);
}

size_t netio_sweep_pending(const netio_sweep *sweep)
{
    const size_t targets = sweep->unsent.count + sweep->again.count + sweep->sent.count;

    return targets + (sweep->reply_count - sweep->next_reply);
}

size_t netio_sweep_unsent(const netio_sweep *sweep)
{
    return sweep->unsent.count;
}

static bool is_new(struct target *target, const UCHAR *mac)
{
    for (size_t i = 0; i < target->heard_count; i++)
        if (memcmp(target->heard[i], mac, FRAME_MAC_SIZE) == 0)
            return false;
    if (target->heard_count == MAX_HEARD)
        return false;
    memcpy(target->heard[target->heard_count++], mac, FRAME_MAC_SIZE);
    return true;
}

static int add_reply(netio_sweep *sweep, const struct target *target, const struct frame_reply *heard)
{
    const int64_t elapsed = (now_ns() - target->first_sent) / 1000;
    void *replies =
        array_with_room(sweep->replies, sweep->reply_count, &sweep->reply_room, 0, sizeof *sweep->replies);
    struct reply *reply;

    if (replies == NULL)
        return -ENOMEM;
    sweep->replies = replies;
    reply = &sweep->replies[sweep->reply_count++];
    memset(reply, 0, sizeof *reply);
    reply->row.Address = heard->address;
    reply->row.InterfaceIndex = target->pending.row.InterfaceIndex;
    memcpy(reply->row.PhysicalAddress, heard->mac, FRAME_MAC_SIZE);
    reply->row.PhysicalAddressLength = FRAME_MAC_SIZE;
    reply->elapsed_us = elapsed < UINT32_MAX ? (ULONG)elapsed : UINT32_MAX;
    return 0;
}

/* Finds the target that a reply answers; NULL if there is none. */
static struct target *answered_by(const netio_sweep *sweep, const struct port *port, const struct frame_reply *reply)
{
    const MIB_IPNET_ROW2 key = key_of(&reply->target, port->index, reply->kind);

    for (struct pending *pending = pending_bucket(&sweep->targets, &key); pending != NULL; pending = pending->next)
        if (pending_same_key(&pending->row, &key) && inet_equal(&pending->source, &reply->to))
            return (struct target *)pending;
    return NULL;
}

static int handle_reply(netio_sweep *sweep, const struct port *port, const struct frame_reply *reply)
{
    struct target *target = answered_by(sweep, port, reply);

    if (target == NULL || target->state == TARGET_UNSENT)
        return 0;
    if (reply->kind != FRAME_SOLICITATION) /* of any host: the target remains without an answer of its own */
        return reply->id == sweep->id ? add_reply(sweep, target, reply) : 0;
    if (!is_new(target, reply->mac))
        return 0;
    target->state = TARGET_ANSWERED;
    return add_reply(sweep, target, reply);
}

static int receive(netio_sweep *sweep)
{
    for (size_t i = 0; i < sweep->port_count; i++)
        for (size_t count = 0; count < MAX_FRAMES; count++) {
            struct frame_reply reply;
            bool is_reply;
            int error = port_receive(&sweep->ports[i], &reply, &is_reply);

            if (error == -EAGAIN || error == -EINTR)
                break;
            if (error == 0 && is_reply)
                error = handle_reply(sweep, &sweep->ports[i], &reply);
            if (error != 0)
                return error;
        }
    return 0;
}

/* Begins the next interval of a target. */
static void wait_interval(netio_sweep *sweep, struct target *target, int64_t now)
{
    target->due = now + sweep->interval;
    queue_push(&sweep->sent, target);
}

/* Moves the targets on whose interval is over, or removes them. */
static void expire(netio_sweep *sweep, int64_t now)
{
    while (sweep->sent.first != NULL && sweep->sent.first->due <= now) {
        struct target *target = queue_pop(&sweep->sent);

        if (target->probes_left == 0) {
            pending_complete(&sweep->targets, &target->pending, NO_ERROR, NULL);
            pending_free_completed(&sweep->targets);
        } else if (target->state == TARGET_ANSWERED) {
            target->probes_left--;
            wait_interval(sweep, target, now);
        } else {
            target->state = TARGET_AGAIN;
            queue_push(&sweep->again, target);
        }
    }
}

static int send_probe(netio_sweep *sweep, struct target *target, int64_t now)
{
    const int error = port_send(&sweep->ports[target->port], target->kind, &target->pending.source,
                                &target->pending.row.Address, sweep->id);

    if (error != 0)
        return error;
    sweep->full_since = 0;
    /* The time after it was sent: then the limit holds however long sending took. */
    pace_sent(&sweep->pace, now_ns());
    if (target->state == TARGET_UNSENT)
        target->first_sent = now;
    target->state = TARGET_WAITING;
    return 0;
}

/* Sends one due probe: those of targets that were probed before come first. */
static int send_next(netio_sweep *sweep, int64_t now)
{
    struct queue *queue = sweep->again.first != NULL ? &sweep->again : &sweep->unsent;
    struct target *target = queue->first;

    if (target->state != TARGET_ANSWERED) { /* replied while it was in the queue */
        const int error = send_probe(sweep, target, now);

        if (error != 0)
            return error;
    }
    queue_pop(queue);
    if (queue == &sweep->again)
        target->probes_left--;
    wait_interval(sweep, target, now);
    return 0;
}

/*
 * Pauses, since the queue of an interface is full. -ENOBUFS: no probe could be sent for so long that the cause is another
 * one. The kernel reports a packet filter that drops the probe in the same way.
 */
static int pause_sending(netio_sweep *sweep, int64_t now)
{
    if (sweep->full_since == 0)
        sweep->full_since = now;
    sweep->blocked_until = now + FULL_PAUSE_NS;
    return now - sweep->full_since < sweep->timeout + FULL_MAX_NS ? 0 : -ENOBUFS;
}

static bool has_due(const netio_sweep *sweep)
{
    return sweep->again.first != NULL || sweep->unsent.first != NULL;
}

static int send_due(netio_sweep *sweep, int64_t now)
{
    while (has_due(sweep) && now >= sweep->blocked_until && pace_allows(&sweep->pace, now)) {
        int error = send_next(sweep, now);

        if (error == -EAGAIN || error == -ENOBUFS || error == -EINTR)
            error = pause_sending(sweep, now);
        if (error != 0)
            return error;
    }
    return 0;
}

/* Blocks until a frame arrives, a probe or the end of a target is due, or until that time. False: a signal arrived. */
static bool sleep_until(netio_sweep *sweep, int64_t until)
{
    int64_t rest;
    struct timespec timeout;

    if (sweep->sent.first != NULL && sweep->sent.first->due < until)
        until = sweep->sent.first->due;
    if (has_due(sweep)) {
        const int64_t due = pace_due(&sweep->pace);
        const int64_t possible = due > sweep->blocked_until ? due : sweep->blocked_until;

        until = possible < until ? possible : until;
    }
    rest = until - now_ns();
    if (rest < 0)
        rest = 0;
    timeout = (struct timespec){.tv_sec = (time_t)(rest / PACE_SECOND_NS), .tv_nsec = (long)(rest % PACE_SECOND_NS)};
    return ppoll(sweep->polled, (nfds_t)sweep->port_count, &timeout, NULL) >= 0 || errno != EINTR;
}

static size_t take_replies(netio_sweep *sweep, MIB_IPNET_ROW2 *rows, ULONG *elapsed_us, size_t room)
{
    size_t count = 0;

    while (count < room && sweep->next_reply < sweep->reply_count) {
        rows[count] = sweep->replies[sweep->next_reply].row;
        elapsed_us[count++] = sweep->replies[sweep->next_reply++].elapsed_us;
    }
    if (sweep->next_reply == sweep->reply_count)
        sweep->next_reply = sweep->reply_count = 0;
    return count;
}

/* Whether the caller can do something: take replies, submit more targets, or end. */
static bool has_work(const netio_sweep *sweep, bool more)
{
    return sweep->reply_count > 0 || (more && sweep->unsent.count < FEW_UNSENT) || netio_sweep_pending(sweep) == 0;
}

DWORD netio_sweep_wait(netio_sweep *sweep, DWORD wait_ms, bool more, MIB_IPNET_ROW2 *rows, ULONG *elapsed_us,
                       size_t *count)
{
    const int64_t until = now_ns() + (int64_t)wait_ms * MS_NS;
    bool is_over = sweep->reply_count > 0; /* the caller takes them first, so their number is limited */
    int error = 0;

    while (!is_over) {
        const int64_t now = now_ns();

        /* Replies first: one that arrived in time counts, also if this process was stopped since. */
        error = receive(sweep);
        if (error == 0) {
            expire(sweep, now);
            error = send_due(sweep, now);
        }
        is_over = error != 0 || has_work(sweep, more) || now >= until || !sleep_until(sweep, until);
    }
    *count = take_replies(sweep, rows, elapsed_us, *count);
    if (error != 0)
        return win32_status(error);
    return *count == 0 ? WAIT_TIMEOUT : NO_ERROR;
}
