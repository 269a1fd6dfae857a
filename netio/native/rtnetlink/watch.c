/* SPDX-License-Identifier: MIT */
/*
 * Watching over rtnetlink: notifications update the table as reported, and if some were lost (RESYNC), a dump shows the
 * differences. Each call does a bounded piece of work. The stages of a watch:
 *
 *   netio_watch_open() ──► DUMPING ──► CATCHING_UP ── initial ──────────────► REPORTING
 *                             ▲             │  │                                  │
 *                             │             │  └── not initial ──► WATCHING ◄─────┤ the end of the differences
 *                             │  RESYNC     └─────────────────────────────────────┤
 *                             │                                       │           │
 *                          EMPTYING ◄── lost, and the pause is over ──┤           │
 *                                                                     │           │
 *                              the interface was removed: REPORTING ◄─┘           └──► ENDED
 *
 * EMPTYING discards notifications: after an overrun the kernel drops every notification for the socket until its queue
 * is empty. DUMPING reads the table into a fresh mirror and applies the notifications that arrive: they outrank the
 * dump, whose next part can be older. CATCHING_UP applies those that still wait. Against a fast writer a queue is never
 * empty, so these stages read at most as many notifications as it can hold. REPORTING returns the differences between
 * the reported and the fresh mirror. If notifications are lost on the way, it does so all the same, and another RESYNC
 * follows: to wait for a dump without a loss could take forever.
 */
#include <errno.h>
#include <linux/neighbour.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "detail.h"
#include "inet.h"
#include "link.h"
#include "link_names.h"
#include "mirror.h"
#include "neighbor.h"
#include "platform.h"
#include "rtnl.h"
#include "status.h"
#include "table.h"
#include "watch_socket.h"

/* The time after which a call returns. An event loop waits for no longer than that. */
#define PIECE_US 1000

/* The pause after a dump, at least: in ms, and as a multiple of its duration. A dump walks the entries of all namespaces. */
#define DUMP_PAUSE_MS 100
#define DUMP_PAUSE_FACTOR 4

/* A deletion sends a FAILED and a removal; a FAILED without the latter is reported after this time. */
#define HELD_BACK_US 1000

/* Reads of the queue for each part of a dump, which has a few hundred entries. */
#define READS_PER_PART 8

/* Entries that are compared between two looks at the clock. */
#define STEPS_AT_ONCE 256

/* The most changes of one read of the queue: two for each notification, and one for an entry held back before. */
#define MOST_CHANGES (2 * RTNL_NOTIFICATIONS_AT_ONCE + 1)
_Static_assert(NETIO_WATCH_ROOM >= MOST_CHANGES, "a read of the queue fits into the least room for changes");

enum stage { WATCHING, EMPTYING, DUMPING, CATCHING_UP, REPORTING, ENDED };

/* Results of a step, beside a negative errno. */
enum { PROGRESS, IDLE };

/* An entry. Only in a watch with details its detail is set. */
struct entry {
    MIB_IPNET_ROW2 row;
    netio_linux_detail detail;
};

/* The changes of one call. */
struct output {
    netio_change *changes;
    MIB_IPNET_ROW2 *rows;
    netio_linux_detail *details; /* one for each row; NULL in a watch without details */
    size_t count, room, row_count;
};

struct netio_watch {
    int netns;
    bool is_detailed;
    struct table selected;
    struct rtnl_socket notifications;
    struct link_names names;
    int timer, descriptor; /* a timerfd; an epoll instance with it and the notifications */
    bool timer_is_set;
    enum stage stage;
    int error; /* to return by the next call, after the changes before it */
    bool lost; /* notifications, since the last dump */
    bool gone; /* the selected interface */
    struct mirror *reported;

    /* A FAILED that may be the first part of a deletion. */
    bool holds;
    struct entry held;
    int64_t held_since; /* in us */

    /* From EMPTYING to REPORTING. */
    struct rtnl_socket requests; /* during the dump */
    struct rtnl_dump dump;
    struct mirror *fresh, *touched; /* touched: the keys of the notifications during the dump */
    size_t left;                    /* notifications to read in this stage */
    unsigned reads;
    int64_t dump_began, next_dump; /* in ms */
    struct mirror_walk walk;
    bool marks; /* RESYNC is still to be returned */

    struct output *output; /* within a call */
};

/* The kernel does not announce that ages and references change. */
static bool is_same_detail(const void *one, const void *other)
{
    const netio_linux_detail *a = one, *b = other;

    return a->nud == b->nud && a->flags == b->flags && a->protocol == b->protocol;
}

static struct mirror *new_mirror(const netio_watch *watch)
{
    struct mirror *mirror = mirror_new(MIRROR_BY_INDEX, MIRROR_STATE | NETIO_IS_ROUTER | NETIO_IS_UNREACHABLE);

    if (mirror != NULL && watch->is_detailed)
        mirror_set_extra(mirror, sizeof(netio_linux_detail), is_same_detail);
    return mirror;
}

static netio_linux_detail detail_in(const struct mirror *mirror, const MIB_IPNET_ROW2 *key)
{
    const netio_linux_detail *detail = mirror_extra(mirror, key);

    return detail == NULL ? (netio_linux_detail){0} : *detail;
}

/* Adds an entry to the output, with the LUID of its interface. */
static void add_entry(struct output *output, const struct entry *entry, NET_LUID luid)
{
    const size_t place = output->row_count++;

    output->rows[place] = entry->row;
    output->rows[place].InterfaceLuid = luid;
    if (output->details != NULL)
        output->details[place] = entry->detail;
}

/* Adds a change of an entry. before is NULL unless it is CHANGED. last: the last physical address. */
static void add_change(netio_watch *watch, netio_change_kind kind, const struct entry *before,
                       const struct entry *now, const netio_change *last, NET_LUID luid)
{
    struct output *output = watch->output;

    if (before != NULL)
        add_entry(output, before, luid);
    add_entry(output, now, luid);
    output->changes[output->count] = *last;
    output->changes[output->count++].kind = (BYTE)kind;
}

static void add_mark(netio_watch *watch)
{
    watch->output->changes[watch->output->count++] = (netio_change){.kind = NETIO_RESYNC};
    watch->marks = false;
}

static netio_change last_known(const netio_watch *watch, const MIB_IPNET_ROW2 *key)
{
    netio_change last = {.kind = NETIO_ADDED};

    last.last_physical_address_length =
        (BYTE)mirror_last_physical_address(watch->reported, key, last.last_physical_address);
    return last;
}

/*
 * Sets an entry of the reported table and adds the change, if there is one. The look-up of the interface, which can fail,
 * comes first: the reported table must not have a change that is not in the output.
 */
static int report_entry(netio_watch *watch, const struct entry *now)
{
    const netio_change last = last_known(watch, &now->row);
    const netio_interface *interface = NULL;
    const int error = link_names_find(&watch->names, now->row.InterfaceIndex, &interface);
    struct entry before;

    if (error != 0)
        return error;
    before.detail = detail_in(watch->reported, &now->row);
    switch (mirror_put_extra(watch->reported, &now->row, &now->detail, &before.row)) {
    case MIRROR_ABSENT:
        add_change(watch, NETIO_ADDED, NULL, now, &last, interface->luid);
        return 0;
    case MIRROR_DIFFERS:
        add_change(watch, NETIO_CHANGED, &before, now, &last, interface->luid);
        return 0;
    case MIRROR_EQUAL:
        return 0;
    default:
        return -ENOMEM;
    }
}

/* The kernel also announces the removal of entries that it never announced. */
static int report_removal(netio_watch *watch, const MIB_IPNET_ROW2 *key)
{
    const netio_change last = last_known(watch, key);
    const netio_interface *interface = NULL;
    const int error = link_names_find(&watch->names, key->InterfaceIndex, &interface);
    struct entry before = {.detail = detail_in(watch->reported, key)};

    if (error == 0 && mirror_remove(watch->reported, key, &before.row))
        add_change(watch, NETIO_REMOVED, NULL, &before, &last, interface->luid);
    return error;
}

static int report_held(netio_watch *watch)
{
    watch->holds = false;
    return report_entry(watch, &watch->held);
}

/* Handles a message about an interface, which may lack its last attributes. */
static void on_link(netio_watch *watch, const struct nlmsghdr *message)
{
    const struct ifinfomsg *fixed = NLMSG_DATA(message);

    if (message->nlmsg_len < NLMSG_LENGTH(sizeof *fixed) || fixed->ifi_family != AF_UNSPEC)
        return;
    if (message->nlmsg_type == RTM_NEWLINK) {
        link_names_update(&watch->names, message);
        return;
    }
    link_names_removed(&watch->names, (NET_IFINDEX)fixed->ifi_index);
    if (watch->selected.index != 0 && watch->selected.index == (NET_IFINDEX)fixed->ifi_index)
        watch->gone = true;
}

/* Reads a message about a selected entry. Returns 1 if it is one; 0: it is another one, and handled. */
static int read_entry(netio_watch *watch, const struct nlmsghdr *message, struct entry *entry)
{
    const struct rtattr *found[NEIGHBOR_ATTRIBUTES];
    int error;

    if (message->nlmsg_type == RTM_NEWLINK || message->nlmsg_type == RTM_DELLINK)
        on_link(watch, message);
    if ((message->nlmsg_type != RTM_NEWNEIGH && message->nlmsg_type != RTM_DELNEIGH) ||
        neighbor_is_ignored(message, false))
        return 0;
    error = neighbor_parse_attributes(message, found, &entry->row);
    if (error == 0 && watch->is_detailed)
        neighbor_parse_detail(message, found, &entry->detail);
    return error != 0 ? error : table_accepts(&watch->selected, &entry->row);
}

static bool has_key(const MIB_IPNET_ROW2 *a, const MIB_IPNET_ROW2 *b)
{
    return a->InterfaceIndex == b->InterfaceIndex && inet_equal(&a->Address, &b->Address);
}

/* Whether a FAILED may be the first part of a deletion. One after PROBE or INCOMPLETE is that of a silent host. */
static bool may_be_deletion(const netio_watch *watch, const MIB_IPNET_ROW2 *row)
{
    MIB_IPNET_ROW2 known;

    if (row->State != NlnsUnreachable)
        return false;
    return !mirror_find(watch->reported, row, &known) ||
           (known.State != NlnsProbe && known.State != NlnsIncomplete && known.State != NlnsUnreachable);
}

static int visit_reported(void *visitor, const struct nlmsghdr *message)
{
    netio_watch *watch = visitor;
    struct entry entry;
    const int result = read_entry(watch, message, &entry);
    int error = 0;

    if (result != 1)
        return result;
    if (watch->holds && message->nlmsg_type == RTM_DELNEIGH && has_key(&watch->held.row, &entry.row))
        watch->holds = false;
    if (watch->holds)
        error = report_held(watch);
    if (error != 0)
        return error;
    if (message->nlmsg_type == RTM_DELNEIGH)
        return report_removal(watch, &entry.row);
    if (!may_be_deletion(watch, &entry.row))
        return report_entry(watch, &entry);
    watch->holds = true;
    watch->held = entry;
    watch->held_since = now_us();
    return 0;
}

static int visit_discarded(void *visitor, const struct nlmsghdr *message)
{
    struct entry entry;
    const int result = read_entry(visitor, message, &entry);

    return result < 0 ? result : 0;
}

static int put(struct mirror *mirror, const struct entry *entry)
{
    return mirror_put_extra(mirror, &entry->row, &entry->detail, NULL) == MIRROR_FAILED ? -ENOMEM : 0;
}

/* Applies a notification to the fresh mirror. touched is NULL after the dump. */
static int visit_fresh(void *visitor, const struct nlmsghdr *message)
{
    netio_watch *watch = visitor;
    struct entry entry;
    const int result = read_entry(watch, message, &entry);
    const int error = result == 1 && watch->touched != NULL ? put(watch->touched, &entry) : 0;

    if (result != 1 || error != 0)
        return result != 1 ? result : error;
    if (message->nlmsg_type == RTM_NEWNEIGH)
        return put(watch->fresh, &entry);
    (void)mirror_remove(watch->fresh, &entry.row, NULL);
    return 0;
}

static int visit_dumped(void *visitor, const struct nlmsghdr *message)
{
    netio_watch *watch = visitor;
    struct entry entry;
    const int result = read_entry(watch, message, &entry);

    if (result != 1 || mirror_find(watch->touched, &entry.row, NULL))
        return result != 1 ? result : 0;
    return put(watch->fresh, &entry);
}

/* Reads a part of the queue. IDLE: it is empty. An error ends the visits, so the others are lost. */
static int read_queue(netio_watch *watch, rtnl_visit *visit)
{
    const int error = rtnl_read_queue(&watch->notifications, &watch->lost, visit, watch);

    if (error == -EAGAIN)
        return IDLE;
    watch->lost = watch->lost || error != 0;
    return error != 0 ? error : PROGRESS;
}

/* Frees the memory and the socket of a RESYNC. */
static void end_resync(netio_watch *watch)
{
    rtnl_close(&watch->requests);
    mirror_free(watch->fresh);
    mirror_free(watch->touched);
    watch->fresh = watch->touched = NULL;
}

static int begin_dump(netio_watch *watch)
{
    int error;

    end_resync(watch); /* of an attempt that failed */
    watch->dump_began = now_ms();
    watch->next_dump = watch->dump_began + DUMP_PAUSE_MS;
    watch->fresh = new_mirror(watch);
    watch->touched = mirror_new(MIRROR_BY_INDEX, 0);
    error = rtnl_open(&watch->requests, watch->netns, 0);
    if (error == 0 && (watch->fresh == NULL || watch->touched == NULL))
        error = -ENOMEM;
    table_request(&watch->selected, &watch->dump.request);
    if (error == 0)
        error = rtnl_dump_begin(&watch->requests, &watch->dump);
    if (error != 0)
        return error;
    watch->reads = 0;
    watch->stage = DUMPING;
    return PROGRESS;
}

static void begin_emptying(netio_watch *watch)
{
    watch->holds = false; /* the differences include it */
    watch->left = watch_socket_room(&watch->notifications);
    watch->stage = EMPTYING;
    link_names_expire(&watch->names);
}

/* A queue that does not become empty keeps losing notifications, so this RESYNC will not be the last one. */
static int step_emptying(netio_watch *watch)
{
    const int result = read_queue(watch, visit_discarded);

    if (result < 0)
        return result;
    watch->left -= watch->left < RTNL_NOTIFICATIONS_AT_ONCE ? watch->left : RTNL_NOTIFICATIONS_AT_ONCE;
    if (result == PROGRESS && watch->left > 0)
        return PROGRESS;
    watch->lost = result == PROGRESS;
    return begin_dump(watch);
}

static int step_dumping(netio_watch *watch)
{
    const int result = read_queue(watch, visit_fresh);
    int error = 0;

    if (result < 0)
        return result;
    if (result == IDLE || ++watch->reads % READS_PER_PART == 0)
        error = rtnl_dump_part(&watch->requests, &watch->dump, visit_dumped, watch);
    if (error != 0 || !watch->dump.ended)
        return error;
    watch->lost = watch->lost || watch->dump.interrupted;
    rtnl_close(&watch->requests);
    mirror_free(watch->touched);
    watch->touched = NULL;
    watch->left = watch_socket_room(&watch->notifications);
    watch->stage = CATCHING_UP;
    return PROGRESS;
}

static void begin_reporting(netio_watch *watch)
{
    watch->walk = (struct mirror_walk){0};
    watch->stage = REPORTING;
}

/* Makes the remaining entries of a removed interface differences. */
static int report_gone(netio_watch *watch)
{
    mirror_free(watch->fresh);
    watch->fresh = new_mirror(watch);
    if (watch->fresh == NULL)
        return -ENOMEM;
    watch->holds = false;
    begin_reporting(watch);
    return PROGRESS;
}

/* The notification about the removal may have been among the lost ones. */
static int check_interface(netio_watch *watch)
{
    netio_interface interface = {.index = watch->selected.index};
    const int error = interface.index == 0 ? 0 : link_find(&watch->names.socket, &interface);

    if (error == -ENODEV)
        watch->gone = true;
    return error == -ENODEV ? 0 : error;
}

static int step_catching_up(netio_watch *watch)
{
    const int result = read_queue(watch, visit_fresh);
    const int64_t now = now_ms();
    int error;

    if (result < 0)
        return result;
    watch->left -= watch->left < RTNL_NOTIFICATIONS_AT_ONCE ? watch->left : RTNL_NOTIFICATIONS_AT_ONCE;
    if (result == PROGRESS && watch->left > 0)
        return PROGRESS;
    watch->next_dump = now + DUMP_PAUSE_FACTOR * (now - watch->dump_began);
    if (watch->next_dump < now + DUMP_PAUSE_MS)
        watch->next_dump = now + DUMP_PAUSE_MS;
    error = check_interface(watch);
    if (error != 0)
        return error;
    if (watch->gone)
        return report_gone(watch);
    begin_reporting(watch);
    return PROGRESS;
}

static int report_difference(netio_watch *watch, enum mirror_difference difference, const MIB_IPNET_ROW2 *before,
                             const MIB_IPNET_ROW2 *now)
{
    struct entry entry;

    if (difference == MIRROR_REMOVED)
        return report_removal(watch, before);
    entry.row = *now;
    entry.detail = detail_in(watch->fresh, now);
    return report_entry(watch, &entry);
}

static int step_reporting(netio_watch *watch)
{
    size_t steps = STEPS_AT_ONCE;
    MIB_IPNET_ROW2 before, now;
    enum mirror_difference difference = MIRROR_ADDED;
    int error = 0;

    if (watch->marks)
        add_mark(watch);
    while (error == 0 && watch->output->count < watch->output->room) {
        difference = mirror_next_difference(watch->reported, watch->fresh, &watch->walk, &steps, &before, &now);
        if (difference == MIRROR_PAUSED || difference == MIRROR_END)
            break;
        error = report_difference(watch, difference, &before, &now);
    }
    if (error != 0 || difference != MIRROR_END)
        return error;
    end_resync(watch);
    watch->stage = watch->gone ? ENDED : WATCHING;
    return PROGRESS;
}

static int step_watching(netio_watch *watch)
{
    int result;

    if (watch->gone)
        return report_gone(watch);
    if (watch->lost && now_ms() >= watch->next_dump) {
        watch->marks = true;
        begin_emptying(watch);
        return PROGRESS;
    }
    if (watch->output->room - watch->output->count < MOST_CHANGES)
        return PROGRESS;
    result = read_queue(watch, visit_reported);
    if (result == IDLE && watch->holds && now_us() - watch->held_since >= HELD_BACK_US) {
        const int error = report_held(watch);

        return error != 0 ? error : PROGRESS;
    }
    return result;
}

static int step(netio_watch *watch)
{
    switch (watch->stage) {
    case WATCHING:
        return step_watching(watch);
    case EMPTYING:
        return step_emptying(watch);
    case DUMPING:
        return step_dumping(watch);
    case CATCHING_UP:
        return step_catching_up(watch);
    case REPORTING:
        return step_reporting(watch);
    default:
        return IDLE;
    }
}

/* After a failure in a RESYNC the next one begins from the start, after the pause. */
static int failed(netio_watch *watch, int error)
{
    watch->lost = true;
    if (watch->stage == EMPTYING || watch->stage == DUMPING || watch->stage == CATCHING_UP) {
        end_resync(watch);
        watch->next_dump = now_ms() + DUMP_PAUSE_MS;
        watch->stage = WATCHING;
    }
    return error;
}

#define NEVER_US INT64_MIN

/* Makes the descriptor readable when there is work without a notification: after that time, or NEVER_US. */
static void set_timer(netio_watch *watch, int64_t after_us)
{
    struct itimerspec spec = {.it_value = {.tv_sec = 0}};

    if (after_us == NEVER_US && !watch->timer_is_set)
        return;
    watch->timer_is_set = after_us != NEVER_US;
    if (watch->timer_is_set) {
        if (after_us < 0) /* the time is over */
            after_us = 0;
        spec.it_value.tv_sec = after_us / 1000000;
        spec.it_value.tv_nsec = after_us % 1000000 * 1000 + 1;
    }
    (void)timerfd_settime(watch->timer, 0, &spec, NULL);
}

static void set_due(netio_watch *watch, bool is_idle)
{
    int64_t after = NEVER_US;

    if (!is_idle || watch->error != 0 || watch->stage == ENDED)
        after = 0;
    else if (watch->holds)
        after = watch->held_since + HELD_BACK_US - now_us();
    else if (watch->lost)
        after = (watch->next_dump - now_ms()) * 1000;
    set_timer(watch, after);
}

/* Runs steps until there is nothing to do, the time is over or the output is full. */
static int work(netio_watch *watch)
{
    const struct output *output = watch->output;
    const int64_t end = now_us() + PIECE_US;
    int result;

    do
        result = step(watch);
    while (result == PROGRESS && output->count + MOST_CHANGES <= output->room && now_us() < end);
    return result < 0 ? failed(watch, result) : result;
}

static DWORD read_changes(netio_watch *watch, struct output *output, size_t *count)
{
    int result = watch->error;

    *count = 0;
    if (output->room < NETIO_WATCH_ROOM)
        return ERROR_INVALID_PARAMETER;
    watch->output = output;
    watch->error = 0;
    link_names_forget(&watch->names); /* the names of earlier changes were taken */
    if (result == 0)
        result = work(watch);
    if (result < 0 && output->count > 0) {
        watch->error = result;
        result = PROGRESS;
    }
    set_due(watch, result == IDLE);
    *count = output->count;
    if (result < 0)
        return win32_status(result);
    if (watch->stage == ENDED && output->count == 0)
        return ERROR_FILE_NOT_FOUND;
    return result == IDLE && output->count == 0 ? WAIT_TIMEOUT : NO_ERROR;
}

DWORD netio_watch_read(netio_watch *watch, size_t room, netio_change *changes, MIB_IPNET_ROW2 *rows, size_t *count)
{
    struct output output = {.changes = changes, .rows = rows, .room = room};

    return read_changes(watch, &output, count);
}

DWORD netio_linux_watch_read(netio_watch *watch, size_t room, netio_change *changes, MIB_IPNET_ROW2 *rows,
                             netio_linux_detail *details, size_t *count)
{
    struct output output = {.changes = changes, .rows = rows, .details = details, .room = room};

    *count = 0;
    return watch->is_detailed ? read_changes(watch, &output, count) : ERROR_INVALID_PARAMETER;
}

/* Looks up the interfaces of all entries: one that is removed later has no name then. */
static int find_names(netio_watch *watch)
{
    const netio_interface *interface = NULL;
    size_t cursor = 0;
    MIB_IPNET_ROW2 row;
    int error = 0;

    while (error == 0 && mirror_next(watch->reported, &cursor, &row))
        error = link_names_find(&watch->names, row.InterfaceIndex, &interface);
    return error;
}

/* Reads the table at the start. Notifications that are older than the dump have no effect on what is reported. */
static int start(netio_watch *watch, bool initial)
{
    int result = begin_dump(watch);

    while (result >= 0 && (watch->stage == DUMPING || watch->stage == CATCHING_UP))
        result = step(watch);
    if (result < 0 || initial || watch->gone)
        return result < 0 ? result : 0;
    mirror_free(watch->reported);
    watch->reported = watch->fresh;
    watch->fresh = NULL;
    watch->stage = WATCHING;
    return find_names(watch);
}

static int open_descriptor(netio_watch *watch)
{
    struct epoll_event event = {.events = EPOLLIN};

    watch->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    watch->descriptor = epoll_create1(EPOLL_CLOEXEC);
    if (watch->timer < 0 || watch->descriptor < 0 ||
        epoll_ctl(watch->descriptor, EPOLL_CTL_ADD, watch->timer, &event) != 0 ||
        epoll_ctl(watch->descriptor, EPOLL_CTL_ADD, watch->notifications.fd, &event) != 0)
        return -errno;
    return 0;
}

static int open_all(netio_watch *watch, ADDRESS_FAMILY family, const NET_LUID *interface, ULONG receive_buffer)
{
    int error = link_names_open(&watch->names, watch->netns);

    if (error == 0)
        error = table_select(&watch->names.socket, family, interface, NULL, &watch->selected);
    if (error == 0)
        error = watch_socket_open(&watch->notifications, watch->netns, &watch->selected, receive_buffer);
    return error != 0 ? error : open_descriptor(watch);
}

static DWORD open_watch(int netns, ADDRESS_FAMILY family, const NET_LUID *interface, bool initial, ULONG receive_buffer,
                        bool is_detailed, netio_watch **out)
{
    netio_watch *watch = calloc(1, sizeof *watch);
    int error = -ENOMEM;

    *out = NULL;
    if (watch == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    watch->netns = netns;
    watch->is_detailed = is_detailed;
    watch->notifications.fd = watch->requests.fd = watch->names.socket.fd = watch->timer = watch->descriptor = -1;
    watch->reported = new_mirror(watch);
    if (watch->reported != NULL)
        error = open_all(watch, family, interface, receive_buffer);
    if (error == 0)
        error = start(watch, initial);
    if (error != 0) {
        netio_watch_close(watch);
        return win32_status(error);
    }
    set_due(watch, watch->stage == WATCHING);
    *out = watch;
    return NO_ERROR;
}

DWORD netio_watch_open(int netns, ADDRESS_FAMILY family, const NET_LUID *interface, bool initial, ULONG receive_buffer,
                       netio_watch **watch)
{
    return open_watch(netns, family, interface, initial, receive_buffer, false, watch);
}

DWORD netio_linux_watch_open(int netns, ADDRESS_FAMILY family, const NET_LUID *interface, bool initial,
                             ULONG receive_buffer, netio_watch **watch)
{
    return open_watch(netns, family, interface, initial, receive_buffer, true, watch);
}

/* Adds the interface of an index to a set, unless it has it, and returns its LUID. */
static int collect(netio_watch *watch, struct interface_set *set, NET_IFINDEX index, NET_LUID *luid)
{
    netio_interface *added = interface_set_find(set, index);
    const netio_interface *found = NULL;
    int error;

    if (added != NULL) {
        *luid = added->luid;
        return 0;
    }
    added = interface_set_add(set, index);
    if (added == NULL)
        return -ENOMEM;
    error = link_names_find(&watch->names, index, &found);
    if (error != 0)
        return error;
    *added = *found;
    *luid = added->luid;
    return 0;
}

DWORD netio_watch_table(netio_watch *watch, MIB_IPNET_TABLE2 **table, netio_interface **interfaces,
                        size_t *interface_count)
{
    MIB_IPNET_TABLE2 *copy = mirror_table(watch->reported);
    struct interface_set set = {.count = 0};
    int error = copy == NULL ? -ENOMEM : 0;

    for (size_t i = 0; error == 0 && i < copy->NumEntries; i++)
        error = collect(watch, &set, copy->Table[i].InterfaceIndex, &copy->Table[i].InterfaceLuid);
    free(set.slots);
    if (error != 0) {
        free(copy);
        free(set.list);
        return win32_status(error);
    }
    *table = copy;
    *interfaces = set.list;
    *interface_count = set.count;
    return NO_ERROR;
}

DWORD netio_linux_watch_table(netio_watch *watch, MIB_IPNET_TABLE2 **table, netio_linux_detail **details,
                              netio_interface **interfaces, size_t *interface_count)
{
    netio_linux_detail *copy;
    DWORD code;

    if (!watch->is_detailed)
        return ERROR_INVALID_PARAMETER;
    copy = calloc(mirror_count(watch->reported) + 1, sizeof *copy);
    if (copy == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    code = netio_watch_table(watch, table, interfaces, interface_count);
    if (code != NO_ERROR) {
        free(copy);
        return code;
    }
    mirror_extras(watch->reported, copy);
    *details = copy;
    return NO_ERROR;
}

DWORD netio_watch_interface(netio_watch *watch, netio_interface *interface)
{
    const netio_interface *found = NULL;
    const int error = link_names_find(&watch->names, interface->index, &found);

    if (error == 0)
        *interface = *found;
    return win32_status(error);
}

ULONG netio_watch_names(const netio_watch *watch)
{
    return watch->names.version;
}

void netio_watch_wake(netio_watch *watch)
{
    set_timer(watch, 0);
}

int netio_watch_fd(const netio_watch *watch)
{
    return watch->descriptor;
}

void netio_watch_close(netio_watch *watch)
{
    if (watch == NULL)
        return;
    if (watch->descriptor >= 0)
        close(watch->descriptor);
    if (watch->timer >= 0)
        close(watch->timer);
    end_resync(watch);
    mirror_free(watch->reported);
    link_names_close(&watch->names);
    rtnl_close(&watch->notifications);
    free(watch);
}
