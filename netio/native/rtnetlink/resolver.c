/* SPDX-License-Identifier: MIT */
/*
 * Resolving over rtnetlink. Up to GROUP_MAX rows take each step together, in one send. The stages of a row:
 *
 *   CHECKING ── invalid, not on-link, permanent; unprivileged or keep: REACHABLE ────────────► DONE
 *      │
 *      │ resolve_probe()
 *      ├── an entry stayed in place ───────► VERIFYING ── REACHABLE, or another address ─────► DONE
 *      │                                       │    ▲ on_recovered()
 *      │                            on_failed()▼    │
 *      │                                  VERIFYING_FAILED
 *      │                                       │ on_failed_for_good()
 *      │                                       ▼
 *      │                                       │◄─────── on_absent() in any probed stage
 *      │                                       │         datagrams: ABSENT until due_at; too long ► DONE (table full)
 *      │                                   REPROBING
 *      │                                       │ resolve_probe()
 *      │                                       ▼
 *      └── the entry is new ───────────────► PROBED ── any address ──────────────────────────► DONE
 *                                              │    ▲ on_recovered()
 *                                   on_failed()▼    │
 *                                        PROBED_FAILED ── on_failed_for_good() ──────────────► DONE (bad net name)
 *
 * There are two sockets: when a burst of notifications overruns a socket, the kernel drops everything for it,
 * acknowledgements included, until its queue is empty.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "neighbor.h"
#include "pending.h"
#include "platform.h"
#include "resolve_steps.h"
#include "rtnl.h"
#include "status.h"

/* An entry that is being deleted is FAILED for an instant: only one that stays FAILED for so long has failed. */
#define FAILED_FOR_GOOD_MS 20

/*
 * A datagram is accepted even if the table is full. It is repeated at this interval. If no datagram leaves an entry for
 * the limit, and no notification shows that other processes remove the entries, the table is full.
 */
#define ABSENT_INTERVAL_MS 10
#define ABSENT_LIMIT_MS 100

struct netio_resolver {
    struct rtnl_socket requests;
    struct rtnl_socket notifications;
    int notifications_error; /* of the last read, not handled yet; -ENOBUFS: notifications were lost */
    struct rtnl_batch batch; /* the requests of the present step */
    size_t group_limit;
    bool keep; /* existing entries are not removed */
    struct pending_set pending;
    int64_t absent_since, last_absent; /* milliseconds: the first and last of the datagrams that left no entry */
    struct recent_links recent; /* within one submit */
};

/* Why entries are reread. */
enum reread_reason { AFTER_PROBE, AFTER_NOTIFICATION };

DWORD netio_resolver_open(int netns, bool keep, netio_resolver **out)
{
    netio_resolver *resolver = calloc(1, sizeof *resolver);
    int error;

    *out = NULL;
    if (resolver == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    pending_init(&resolver->pending);
    resolver->keep = keep;
    resolver->requests.fd = resolver->notifications.fd = -1;
    error = rtnl_open(&resolver->requests, netns, 0);
    if (error == 0)
        error = rtnl_open(&resolver->notifications, netns, RTMGRP_NEIGH);
    if (error != 0) {
        netio_resolver_close(resolver);
        return win32_status(error);
    }
    resolver->group_limit = rtnl_batch_limit(&resolver->requests, GROUP_MAX);
    if (resolver->group_limit > GROUP_MAX)
        resolver->group_limit = GROUP_MAX;
    *out = resolver;
    return NO_ERROR;
}

void netio_resolver_close(netio_resolver *resolver)
{
    if (resolver == NULL)
        return;
    rtnl_close(&resolver->requests);
    rtnl_close(&resolver->notifications);
    pending_free_registered(&resolver->pending);
    pending_free_completed(&resolver->pending);
    free(resolver);
}

static bool is_probed(const struct resolution *resolution)
{
    switch (resolution->stage) {
    case STAGE_VERIFYING:
    case STAGE_VERIFYING_FAILED:
    case STAGE_PROBED:
    case STAGE_PROBED_FAILED:
        return true;
    default:
        return false;
    }
}

static bool is_failed(const struct resolution *resolution)
{
    return resolution->stage == STAGE_VERIFYING_FAILED || resolution->stage == STAGE_PROBED_FAILED;
}

/* In a stage that ends at due_at. */
static bool is_timed(const struct resolution *resolution)
{
    return resolution->stage == STAGE_ABSENT || is_failed(resolution);
}

static bool is_old_address(const struct resolution *resolution, const MIB_IPNET_ROW2 *entry)
{
    return (resolution->stage == STAGE_VERIFYING || resolution->stage == STAGE_VERIFYING_FAILED) &&
           entry->PhysicalAddressLength == resolution->old_length &&
           memcmp(entry->PhysicalAddress, resolution->old_address, resolution->old_length) == 0;
}

/* Returns whether an entry is the reply to the probe: confirmed, or with a physical address that is not the old one. */
static bool is_reply(const struct resolution *resolution, const MIB_IPNET_ROW2 *entry)
{
    if (entry->State == NlnsReachable || entry->State == NlnsPermanent)
        return true;
    return entry->PhysicalAddressLength != 0 && entry->State != NlnsUnreachable && entry->State != NlnsIncomplete &&
           !is_old_address(resolution, entry);
}

static void complete(netio_resolver *resolver, struct resolution *resolution, DWORD result)
{
    resolve_set_result(resolution, result);
    pending_complete(&resolver->pending, &resolution->pending, result, NULL);
}

/* Moves the rows of a group that are done to the completed list and leaves the others in the group. */
static void drop_completed(netio_resolver *resolver, struct group *group)
{
    size_t kept = 0;

    for (size_t i = 0; i < group->count; i++) {
        struct resolution *resolution = group->rows[i];

        if (resolution->stage == STAGE_DONE)
            complete(resolver, resolution, resolution->pending.result);
        else
            group->rows[kept++] = resolution;
    }
    group->count = kept;
}

static void on_reply(netio_resolver *resolver, struct resolution *resolution, const MIB_IPNET_ROW2 *entry)
{
    const NET_LUID luid = resolution->pending.row.InterfaceLuid;

    resolution->pending.row = *entry;
    resolution->pending.row.InterfaceLuid = luid; /* a notification does not carry it */
    complete(resolver, resolution, NO_ERROR);
}

static void on_failed(struct resolution *resolution)
{
    resolution->stage = resolution->stage == STAGE_VERIFYING ? STAGE_VERIFYING_FAILED : STAGE_PROBED_FAILED;
    resolution->due_at = now_ms() + FAILED_FOR_GOOD_MS;
}

static void on_recovered(struct resolution *resolution)
{
    resolution->stage = resolution->stage == STAGE_VERIFYING_FAILED ? STAGE_VERIFYING : STAGE_PROBED;
}

/* No reply came. On an entry that stayed in place, earlier probes may have failed, not this one: probe once more. */
static void on_failed_for_good(netio_resolver *resolver, struct resolution *resolution)
{
    if (resolution->stage == STAGE_VERIFYING_FAILED)
        resolution->stage = STAGE_REPROBING;
    else
        complete(resolver, resolution, ERROR_BAD_NET_NAME);
}

/*
 * Another process removed the entry, for example to resolve it too. NTF_USE itself reports a full table, so if the
 * entry is absent right after it, the notification of the removal follows.
 */
static void on_absent(netio_resolver *resolver, struct resolution *resolution, enum reread_reason reason)
{
    const int64_t now = now_ms();

    if (!resolve_probes_by_datagram(resolution)) {
        if (reason == AFTER_NOTIFICATION)
            resolution->stage = STAGE_REPROBING;
        return;
    }
    if (now - resolver->last_absent > ABSENT_LIMIT_MS)
        resolver->absent_since = now;
    resolver->last_absent = now;
    if (now - resolver->absent_since >= ABSENT_LIMIT_MS) {
        complete(resolver, resolution, ERROR_NO_SYSTEM_RESOURCES);
    } else {
        resolution->stage = STAGE_ABSENT;
        resolution->due_at = now + ABSENT_INTERVAL_MS;
    }
}

static void on_present(netio_resolver *resolver, struct resolution *resolution, const MIB_IPNET_ROW2 *entry)
{
    if (resolve_probes_by_datagram(resolution))
        resolver->absent_since = now_ms();
    if (resolve_is_made_up(&resolver->requests, entry))
        complete(resolver, resolution, ERROR_BAD_NET_NAME);
    else if (is_reply(resolution, entry))
        on_reply(resolver, resolution, entry);
    else if (entry->State != NlnsUnreachable && is_failed(resolution))
        on_recovered(resolution);
    else if (entry->State == NlnsUnreachable && !is_failed(resolution))
        on_failed(resolution);
    else if (entry->State == NlnsUnreachable && now_ms() >= resolution->due_at)
        on_failed_for_good(resolver, resolution);
}

static void on_reread(netio_resolver *resolver, struct resolution *resolution, int error, const MIB_IPNET_ROW2 *entry,
                      enum reread_reason reason)
{
    if (error == 0)
        on_present(resolver, resolution, entry);
    else if (error == -ENOENT)
        on_absent(resolver, resolution, reason);
    else
        complete(resolver, resolution, win32_status(error));
}

/*
 * Rereads the entries of a group and moves each probed row to its next stage. Leaves those in the group that need a
 * probe.
 */
static void reread(netio_resolver *resolver, struct group *group, enum reread_reason reason)
{
    MIB_IPNET_ROW2 found[GROUP_MAX];
    int errors[GROUP_MAX];
    size_t kept = 0;

    resolve_read(&resolver->requests, &resolver->batch, group, found);
    memcpy(errors, resolver->batch.results, group->count * sizeof *errors);
    for (size_t i = 0; i < group->count; i++) {
        struct resolution *resolution = group->rows[i];

        if (is_probed(resolution))
            on_reread(resolver, resolution, errors[i], &found[i], reason);
        if (resolution->stage == STAGE_REPROBING)
            group->rows[kept++] = resolution;
    }
    group->count = kept;
}

/*
 * A notification that is a reply is taken as such: older ones were drained before the probe. Any other one only makes
 * the entry due, because another process may have removed or probed it since.
 */
static int visit_notification(void *visitor, const struct nlmsghdr *message)
{
    netio_resolver *resolver = visitor;
    MIB_IPNET_ROW2 entry;
    int error;

    if ((message->nlmsg_type != RTM_NEWNEIGH && message->nlmsg_type != RTM_DELNEIGH) ||
        neighbor_is_ignored(message, false))
        return 0;
    error = neighbor_parse(message, &entry);
    if (error != 0)
        return error;
    for (struct pending *pending = pending_bucket(&resolver->pending, &entry), *next; pending != NULL; pending = next) {
        struct resolution *resolution = (struct resolution *)pending;

        next = pending->next; /* on_reply takes the row out of the bucket */
        if (!pending_same_key(&entry, &pending->row))
            continue;
        if (resolution->stage == STAGE_ABSENT)
            resolver->absent_since = now_ms(); /* the table had room for the entry */
        if (!is_probed(resolution))
            continue;
        if (message->nlmsg_type == RTM_NEWNEIGH && is_reply(resolution, &entry) &&
            !(entry.Flags & NETIO_IS_KERNEL_MADE))
            on_reply(resolver, resolution, &entry);
        else
            resolution->is_due = true;
    }
    return 0;
}

/* Reads the notifications that have arrived. handle_notifications handles an error. */
static void drain_notifications(netio_resolver *resolver)
{
    const int error = rtnl_read_notifications(&resolver->notifications, visit_notification, resolver);

    if (error != 0)
        resolver->notifications_error = error;
}

static void probe(netio_resolver *resolver, struct group *group)
{
    resolve_probe(&resolver->requests, &resolver->batch, group);
    drop_completed(resolver, group);
}

/* Rereads the entries of a group and probes those again that need it. */
static void reread_and_reprobe(netio_resolver *resolver, struct group *group, enum reread_reason reason)
{
    reread(resolver, group, reason);
    if (group->count == 0)
        return;
    drain_notifications(resolver); /* they answer the previous probe */
    probe(resolver, group);
    reread(resolver, group, AFTER_PROBE);
}

/* Milliseconds until a row must be reread or probed again without a further notification. */
static int64_t due_in(const struct resolution *resolution, int64_t now)
{
    if (resolution->is_due)
        return 0;
    if (!is_timed(resolution))
        return NETIO_NEVER;
    return resolution->due_at > now ? resolution->due_at - now : 0;
}

/* Takes the rows that are due now. */
static struct resolution *take_due(netio_resolver *resolver)
{
    const int64_t now = now_ms();
    struct resolution *due = NULL;

    for (size_t i = 0; i < PENDING_BUCKETS; i++)
        for (struct pending *pending = resolver->pending.buckets[i]; pending != NULL; pending = pending->next) {
            struct resolution *resolution = (struct resolution *)pending;

            if (due_in(resolution, now) != 0)
                continue;
            resolution->is_due = false;
            resolution->next_due = due;
            due = resolution;
            if (resolution->stage == STAGE_ABSENT)
                resolution->stage = STAGE_REPROBING;
        }
    return due;
}

/*
 * Handles the rows that are due, in one pass. Those that become due in it are handled by the next call: processes that
 * change the entries all the time must not keep the caller.
 */
static void handle_due(netio_resolver *resolver)
{
    struct resolution *due = take_due(resolver);

    while (due != NULL) {
        struct group group = {0};

        for (; due != NULL && group.count < resolver->group_limit; due = due->next_due)
            if (due->stage != STAGE_DONE) /* no notification has completed it since */
                group.rows[group.count++] = due;
        reread_and_reprobe(resolver, &group, AFTER_NOTIFICATION);
    }
}

/* Notifications were lost: any entry may have changed. */
static void make_all_due(netio_resolver *resolver)
{
    for (size_t i = 0; i < PENDING_BUCKETS; i++)
        for (struct pending *pending = resolver->pending.buckets[i]; pending != NULL; pending = pending->next)
            ((struct resolution *)pending)->is_due = is_probed((struct resolution *)pending);
}

/* Handles the notifications that have arrived, and the rows whose time is over. */
static DWORD handle_events(netio_resolver *resolver)
{
    int error;

    drain_notifications(resolver);
    error = resolver->notifications_error;
    resolver->notifications_error = 0;
    if (error == -ENOBUFS)
        make_all_due(resolver);
    handle_due(resolver);
    return error == -ENOBUFS ? NO_ERROR : win32_status(error);
}

/* Handles events while a group is being started. If that fails, the outcome of the group is unknown. */
static void handle_events_for(netio_resolver *resolver, struct group *group)
{
    const DWORD status = handle_events(resolver);
    size_t kept = 0;

    for (size_t i = 0; i < group->count; i++) {
        struct resolution *resolution = group->rows[i];

        if (resolution->stage == STAGE_DONE)
            continue; /* completed by a notification */
        if (status != NO_ERROR)
            complete(resolver, resolution, status);
        else
            group->rows[kept++] = resolution;
    }
    group->count = kept;
}

/* Registers the rows of a group and drops the duplicates of others from it. */
static void register_pending(netio_resolver *resolver, struct group *group)
{
    size_t kept = 0;

    for (size_t i = 0; i < group->count; i++)
        if (pending_register(&resolver->pending, &group->rows[i]->pending))
            group->rows[kept++] = group->rows[i];
    group->count = kept;
}

/* Takes a group from STAGE_CHECKING to where its probes have been sent. */
static void start(netio_resolver *resolver, struct group *group)
{
    resolve_check(&resolver->requests, group, &resolver->recent);
    drop_completed(resolver, group);
    resolve_prepare(&resolver->requests, &resolver->batch, group);
    drop_completed(resolver, group);
    register_pending(resolver, group);
    resolve_remove(&resolver->requests, &resolver->batch, group, resolver->keep);
    drop_completed(resolver, group);
    handle_events_for(resolver, group); /* of the removal and of earlier changes: none is a reply */
    probe(resolver, group);
    handle_events_for(resolver, group);
    reread_and_reprobe(resolver, group, AFTER_PROBE);
}

DWORD netio_resolver_submit(netio_resolver *resolver, const MIB_IPNET_ROW2 *rows, size_t count,
                            const SOCKADDR_INET *source, size_t first_tag)
{
    resolver->recent = (struct recent_links){.next = 0}; /* interfaces may have changed since the last submit */
    for (size_t next = 0; next < count;) {
        struct group group = {0};

        while (group.count < resolver->group_limit && next < count) {
            struct resolution *resolution = pending_new(sizeof *resolution, &rows[next], source, first_tag + next);

            if (resolution == NULL) {
                while (group.count > 0)
                    free(group.rows[--group.count]);
                return ERROR_NOT_ENOUGH_MEMORY;
            }
            group.rows[group.count++] = resolution;
            next++;
        }
        start(resolver, &group);
    }
    return NO_ERROR;
}

int netio_resolver_fd(const netio_resolver *resolver)
{
    return resolver->notifications.fd;
}

DWORD netio_resolver_due(netio_resolver *resolver)
{
    int64_t due = NETIO_NEVER;
    const int64_t now = now_ms();

    if (resolver->pending.completed != NULL || resolver->notifications_error != 0)
        return 0;
    for (size_t i = 0; i < PENDING_BUCKETS; i++)
        for (const struct pending *pending = resolver->pending.buckets[i]; pending != NULL; pending = pending->next) {
            const int64_t row_due = due_in((const struct resolution *)pending, now);

            if (row_due < due)
                due = row_due;
        }
    return (DWORD)due;
}

/* Waits until there is work or the time is over. */
static void wait_for_events(netio_resolver *resolver, DWORD wait_ms)
{
    struct pollfd wait = {.fd = resolver->notifications.fd, .events = POLLIN};
    const DWORD due = netio_resolver_due(resolver);
    const DWORD limit = wait_ms < due ? wait_ms : due;

    (void)poll(&wait, 1, limit < INT32_MAX ? (int)limit : INT32_MAX);
}

DWORD netio_resolver_wait(netio_resolver *resolver, DWORD wait_ms, size_t *tags, MIB_IPNET_ROW2 *rows, DWORD *results,
                          size_t *count)
{
    const size_t room = *count;
    DWORD status;

    *count = pending_pop(&resolver->pending, tags, rows, results, room);
    if (*count != 0)
        return NO_ERROR;
    wait_for_events(resolver, wait_ms);
    status = handle_events(resolver);
    if (status != NO_ERROR)
        return status;
    *count = pending_pop(&resolver->pending, tags, rows, results, room);
    return *count == 0 ? WAIT_TIMEOUT : NO_ERROR;
}
