/* SPDX-License-Identifier: MIT */
/*
 * Resolving over rtnetlink. Up to GROUP_MAX rows take each step together, in one send. The stages of a row:
 *
 *   CHECKING ── invalid, not on-link, permanent; unprivileged: REACHABLE ────────────────────► DONE
 *      │
 *      │ resolve_probe()
 *      ├── the entry kept an old address ──► VERIFYING ── REACHABLE, or another address ─────► DONE
 *      │                                       │    ▲ on_recovered()
 *      │                            on_failed()▼    │
 *      │                                  VERIFYING_FAILED
 *      │                                       │ on_failed_for_good()
 *      │                                       ▼
 *      │            on_absent() in any ──► REPROBING ── too often absent ────────────────────► DONE (table full)
 *      │            probed stage               │ resolve_probe()
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
#include <time.h>

#include "neighbor.h"
#include "pending.h"
#include "platform.h"
#include "resolve_steps.h"
#include "rtnl.h"
#include "status.h"

/* An entry that is being deleted is FAILED for an instant: only one that stays FAILED for so long has failed. */
#define FAILED_FOR_GOOD_MS 20

/* After so many probes by datagram without an entry, the table is full. Fewer: other processes removed the entry. */
#define ABSENT_LIMIT 8

struct netio_resolver {
    struct rtnl_socket requests;
    struct rtnl_socket notifications;
    int notifications_error; /* of the last read, not handled yet; -ENOBUFS: notifications were lost */
    struct rtnl_batch batch; /* the requests of the present step */
    size_t group_limit;
    struct pending_set pending;
    struct resolution *due;     /* rows whose entries must be reread */
    struct recent_links recent; /* within one submit */
};

/* Why entries are reread. */
enum reread_reason { AFTER_PROBE, AFTER_NOTIFICATION };

DWORD netio_resolver_open(int netns, netio_resolver **out)
{
    netio_resolver *resolver = calloc(1, sizeof *resolver);
    int error;

    *out = NULL;
    if (resolver == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    pending_init(&resolver->pending);
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

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
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
    resolution->failed_since = now_ms();
}

static void on_recovered(struct resolution *resolution)
{
    resolution->stage = resolution->stage == STAGE_VERIFYING_FAILED ? STAGE_VERIFYING : STAGE_PROBED;
}

/* No reply came. The kernel verified an old address by unicast first, so an entry that had one is probed once more. */
static void on_failed_for_good(netio_resolver *resolver, struct resolution *resolution)
{
    if (resolution->stage == STAGE_VERIFYING_FAILED)
        resolution->stage = STAGE_REPROBING;
    else
        complete(resolver, resolution, ERROR_BAD_NET_NAME);
}

/*
 * Another process removed the entry, for example to resolve it too. NTF_USE itself reports a full table, so if the
 * entry is absent right after it, the notification of the removal follows. A datagram is accepted even if the table is
 * full.
 */
static void on_absent(netio_resolver *resolver, struct resolution *resolution, enum reread_reason reason)
{
    if (!resolve_probes_by_datagram(resolution)) {
        if (reason == AFTER_NOTIFICATION)
            resolution->stage = STAGE_REPROBING;
    } else if (resolution->times_absent++ < ABSENT_LIMIT) {
        resolution->stage = STAGE_REPROBING;
    } else {
        complete(resolver, resolution, ERROR_NO_SYSTEM_RESOURCES);
    }
}

static void on_present(netio_resolver *resolver, struct resolution *resolution, const MIB_IPNET_ROW2 *entry)
{
    resolution->times_absent = 0;
    if (resolve_is_made_up(&resolver->requests, entry))
        complete(resolver, resolution, ERROR_BAD_NET_NAME);
    else if (is_reply(resolution, entry))
        on_reply(resolver, resolution, entry);
    else if (entry->State != NlnsUnreachable && is_failed(resolution))
        on_recovered(resolution);
    else if (entry->State == NlnsUnreachable && !is_failed(resolution))
        on_failed(resolution);
    else if (entry->State == NlnsUnreachable && now_ms() - resolution->failed_since >= FAILED_FOR_GOOD_MS)
        on_failed_for_good(resolver, resolution);
}

/* Rereads the entries of a group and moves each row to its next stage. Leaves those in the group that need a probe. */
static void reread(netio_resolver *resolver, struct group *group, enum reread_reason reason)
{
    MIB_IPNET_ROW2 found[GROUP_MAX];
    int errors[GROUP_MAX];
    size_t kept = 0;

    resolve_read(&resolver->requests, &resolver->batch, group, found);
    memcpy(errors, resolver->batch.results, group->count * sizeof *errors);
    for (size_t i = 0; i < group->count; i++) {
        struct resolution *resolution = group->rows[i];

        if (errors[i] == 0)
            on_present(resolver, resolution, &found[i]);
        else if (errors[i] == -ENOENT)
            on_absent(resolver, resolution, reason);
        else
            complete(resolver, resolution, win32_status(errors[i]));
        if (resolution->stage == STAGE_REPROBING)
            group->rows[kept++] = resolution;
    }
    group->count = kept;
}

static void make_due(netio_resolver *resolver, struct resolution *resolution)
{
    if (resolution->is_due)
        return;
    resolution->is_due = true;
    resolution->next_due = resolver->due;
    resolver->due = resolution;
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

    if ((message->nlmsg_type != RTM_NEWNEIGH && message->nlmsg_type != RTM_DELNEIGH) || neighbor_is_ignored(message, false))
        return 0;
    error = neighbor_parse(message, &entry);
    if (error != 0)
        return error;
    for (struct pending *pending = pending_bucket(&resolver->pending, &entry), *next; pending != NULL; pending = next) {
        struct resolution *resolution = (struct resolution *)pending;

        next = pending->next; /* on_reply takes the row out of the bucket */
        if (!is_probed(resolution) || !pending_same_key(&entry, &pending->row))
            continue;
        if (message->nlmsg_type == RTM_NEWNEIGH && is_reply(resolution, &entry) &&
            !(entry.Flags & NETIO_IS_KERNEL_MADE))
            on_reply(resolver, resolution, &entry);
        else
            make_due(resolver, resolution);
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

/* Rereads the entries of a group and probes those again that need it, until none does. */
static void reprobe_until_sent(netio_resolver *resolver, struct group *group, enum reread_reason reason)
{
    reread(resolver, group, reason);
    while (group->count != 0) {
        drain_notifications(resolver); /* they answer the previous probe */
        probe(resolver, group);
        reread(resolver, group, AFTER_PROBE);
    }
}

static void reread_due(netio_resolver *resolver)
{
    while (resolver->due != NULL) {
        struct group group = {0};

        while (resolver->due != NULL && group.count < resolver->group_limit) {
            struct resolution *resolution = resolver->due;

            resolver->due = resolution->next_due;
            resolution->is_due = false;
            if (is_probed(resolution))
                group.rows[group.count++] = resolution;
        }
        reprobe_until_sent(resolver, &group, AFTER_NOTIFICATION);
    }
}

/* Milliseconds until the entry of a row in one of the FAILED stages must be reread. */
static int64_t failed_due(const struct resolution *resolution, int64_t now)
{
    const int64_t left = resolution->failed_since + FAILED_FOR_GOOD_MS - now;

    return left > 0 ? left : 0;
}

/* Rereads the entries that have been FAILED for long enough. */
static void reread_failed(netio_resolver *resolver)
{
    const int64_t now = now_ms();

    for (size_t i = 0; i < PENDING_BUCKETS; i++)
        for (struct pending *pending = resolver->pending.buckets[i]; pending != NULL; pending = pending->next) {
            struct resolution *resolution = (struct resolution *)pending;

            if (is_failed(resolution) && failed_due(resolution, now) == 0)
                make_due(resolver, resolution);
        }
    reread_due(resolver);
}

/* Rereads the entries of all probed rows, after notifications were lost. */
static void reread_all(netio_resolver *resolver)
{
    for (size_t i = 0; i < PENDING_BUCKETS; i++)
        for (struct pending *pending = resolver->pending.buckets[i]; pending != NULL; pending = pending->next)
            if (is_probed((struct resolution *)pending))
                make_due(resolver, (struct resolution *)pending);
    reread_due(resolver);
}

static DWORD handle_notifications(netio_resolver *resolver)
{
    int error;

    drain_notifications(resolver);
    reread_due(resolver);
    error = resolver->notifications_error;
    resolver->notifications_error = 0;
    if (error != -ENOBUFS)
        return win32_status(error);
    reread_all(resolver);
    return NO_ERROR;
}

/* Handles notifications while a group is being started. If that fails, the outcome of the group is unknown. */
static void handle_notifications_for(netio_resolver *resolver, struct group *group)
{
    const DWORD status = handle_notifications(resolver);
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
    resolve_remove(&resolver->requests, &resolver->batch, group);
    drop_completed(resolver, group);
    handle_notifications_for(resolver, group); /* of the removal and of earlier changes: none is a reply */
    probe(resolver, group);
    handle_notifications_for(resolver, group);
    reprobe_until_sent(resolver, group, AFTER_PROBE);
    reread_due(resolver); /* other rows, about which notifications arrived in between */
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

DWORD netio_resolver_due(const netio_resolver *resolver)
{
    int64_t due = NETIO_NEVER;
    const int64_t now = now_ms();

    if (resolver->pending.completed != NULL || resolver->notifications_error != 0)
        return 0;
    for (size_t i = 0; i < PENDING_BUCKETS; i++)
        for (const struct pending *pending = resolver->pending.buckets[i]; pending != NULL; pending = pending->next) {
            const struct resolution *resolution = (const struct resolution *)pending;

            if (is_failed(resolution) && failed_due(resolution, now) < due)
                due = failed_due(resolution, now);
        }
    return (DWORD)due;
}

/* Waits for notifications until there is work or the time is over. */
static bool wait_for_notifications(const netio_resolver *resolver, DWORD wait_ms)
{
    struct pollfd wait = {.fd = resolver->notifications.fd, .events = POLLIN};
    const DWORD due = netio_resolver_due(resolver);
    const DWORD limit = wait_ms < due ? wait_ms : due;

    return poll(&wait, 1, limit < INT32_MAX ? (int)limit : INT32_MAX) > 0 || resolver->notifications_error != 0;
}

DWORD netio_resolver_wait(netio_resolver *resolver, DWORD wait_ms, size_t *tags, MIB_IPNET_ROW2 *rows, DWORD *results,
                          size_t *count)
{
    const size_t room = *count;

    *count = pending_pop(&resolver->pending, tags, rows, results, room);
    if (*count != 0)
        return NO_ERROR;
    if (wait_for_notifications(resolver, wait_ms)) {
        const DWORD status = handle_notifications(resolver);

        if (status != NO_ERROR)
            return status;
    }
    reread_failed(resolver);
    *count = pending_pop(&resolver->pending, tags, rows, results, room);
    return *count == 0 ? WAIT_TIMEOUT : NO_ERROR;
}
