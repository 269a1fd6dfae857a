/* SPDX-License-Identifier: MIT */
/*
 * Resolving over rtnetlink. Rows on their way, GROUP_MAX at a time, each step of all of them in one send:
 *
 *   check, read ── permanent ──────────────────────────────────────────────► answered as it is
 *     │
 *   drop (CAP_NET_ADMIN) or leave the row, then ask: NTF_USE, or a datagram
 *     │
 *   events ── reachable, or a physical address that was not there before ──► answered
 *     │
 *     └────── failed for good ── once more where the row was not fresh ──────► 67
 *
 * Two sockets: when a burst of events overruns a socket the kernel drops everything for it, acknowledgements
 * too, until its queue is empty.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "status.h"
#include "neighbor.h"
#include "resolve_steps.h"
#include "rtnl.h"
#include "backend.h"

#define WAIT_LIMIT_MS 50

/* A row that is being deleted is seen as failed for an instant: only one that stays so has failed. */
#define FAILED_FOR_GOOD_MS 20

/* How often a datagram may leave no row behind, as when somebody else removes it, before the table is called full. */
#define GONE_LIMIT 8

/* Lists of the rows that are waited for, by their key: an event must find its row among a thousand. */
#define BUCKETS 256

struct netio_resolver {
    struct rtnl_socket requests;
    struct rtnl_socket events;
    int events_error;        /* of a reading of them that nobody has judged yet; -ENOBUFS: some were lost */
    struct rtnl_batch batch; /* of whatever is asked at the moment */
    size_t limit;            /* queries in a group */
    struct query *asked[BUCKETS];
    struct query *due;                     /* those that are to be looked at */
    struct query *first_done, **last_done; /* in the order of their answers */
    struct recent_links recent;            /* within one submit */
};

DWORD netio_resolver_open(netio_resolver **out)
{
    netio_resolver *resolver = calloc(1, sizeof *resolver);
    int error;

    *out = NULL;
    if (resolver == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    resolver->last_done = &resolver->first_done;
    resolver->requests.fd = resolver->events.fd = -1;
    error = rtnl_open(&resolver->requests, 0);
    if (error == 0)
        error = rtnl_open(&resolver->events, RTMGRP_NEIGH);
    if (error != 0) {
        netio_resolver_close(resolver);
        return code_of(error);
    }
    resolver->limit = rtnl_batch_limit(&resolver->requests, GROUP_MAX);
    if (resolver->limit > GROUP_MAX)
        resolver->limit = GROUP_MAX;
    *out = resolver;
    return NO_ERROR;
}

static void free_list(struct query *query)
{
    while (query != NULL) {
        struct query *next = query->next;

        free_list(query->twins);
        free(query);
        query = next;
    }
}

void netio_resolver_close(netio_resolver *resolver)
{
    if (resolver == NULL)
        return;
    rtnl_close(&resolver->requests);
    rtnl_close(&resolver->events);
    for (size_t i = 0; i < BUCKETS; i++)
        free_list(resolver->asked[i]);
    free_list(resolver->first_done);
    free(resolver);
}

/* FNV-1a over the address and the interface. */
static struct query **bucket_of(netio_resolver *resolver, const MIB_IPNET_ROW2 *row)
{
    size_t size;
    const unsigned char *bytes = inet_bytes(&row->Address, &size);
    uint32_t hash = 2166136261u ^ row->InterfaceIndex;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return &resolver->asked[(hash ^ hash >> 16) % BUCKETS];
}

static void hand_in(netio_resolver *resolver, struct query *query, DWORD result)
{
    query->result = result;
    query->next = NULL;
    *resolver->last_done = query;
    resolver->last_done = &query->next;
}

/* Its answer is there: from the rows that are waited for, where it is one of them, to those that are done. */
static void finish(netio_resolver *resolver, struct query *query, DWORD result)
{
    struct query **link = bucket_of(resolver, &query->row);
    struct query *twin = query->twins;

    while (*link != NULL && *link != query)
        link = &(*link)->next;
    if (*link == query)
        *link = query->next;
    query->twins = NULL;
    hand_in(resolver, query, result);
    while (twin != NULL) {
        struct query *next = twin->next;

        twin->row = query->row;
        hand_in(resolver, twin, result);
        twin = next;
    }
}

/* Answers those of a group whose result is known, and leaves the others in it. */
static void sift(netio_resolver *resolver, struct group *group)
{
    size_t kept = 0;

    for (size_t i = 0; i < group->count; i++) {
        struct query *query = group->queries[i];

        if (query->result == WAIT_TIMEOUT)
            group->queries[kept++] = query;
        else
            finish(resolver, query, query->result);
    }
    group->count = kept;
}

/* Whether a row as it now stands answers: confirmed, or with a physical address that was not there before. */
static bool is_answer(const struct query *query, const MIB_IPNET_ROW2 *row)
{
    const ULONG length = row->PhysicalAddressLength;

    if (row->State == NlnsReachable || row->State == NlnsPermanent)
        return true;
    return length != 0 && row->State != NlnsUnreachable && row->State != NlnsIncomplete &&
           (length != query->before_length || memcmp(row->PhysicalAddress, query->before, length) != 0);
}

static void answer(netio_resolver *resolver, struct query *query, const MIB_IPNET_ROW2 *row)
{
    const NET_LUID luid = query->row.InterfaceLuid;

    query->row = *row;
    query->row.InterfaceLuid = luid; /* an event does not tell it */
    finish(resolver, query, NO_ERROR);
}

/* Has a query looked at with the others that are due. */
static void make_due(netio_resolver *resolver, struct query *query)
{
    if (query->due)
        return;
    query->due = true;
    query->next_due = resolver->due;
    resolver->due = query;
}

/*
 * An event that answers is taken at its word: what was told before the question went out has been read away. Any other
 * one only tells where to look: meanwhile somebody may have dropped the row, or asked anew.
 */
static int visit_event(void *visitor, const struct nlmsghdr *message)
{
    netio_resolver *resolver = visitor;
    MIB_IPNET_ROW2 row;
    int error;

    if ((message->nlmsg_type != RTM_NEWNEIGH && message->nlmsg_type != RTM_DELNEIGH) || neighbor_is_foreign(message))
        return 0;
    error = neighbor_parse(message, &row);
    if (error != 0)
        return error;
    for (struct query *query = *bucket_of(resolver, &row), *next; query != NULL; query = next) {
        next = query->next; /* the answer takes it out of the list */
        if (!query->asked || !neighbor_same_key(&row, &query->row))
            continue;
        if (message->nlmsg_type == RTM_NEWNEIGH && is_answer(query, &row))
            answer(resolver, query, &row);
        else
            make_due(resolver, query);
    }
    return 0;
}

/* Reads what has been told; what went wrong with that is for take_events. */
static void read_events(netio_resolver *resolver)
{
    const int error = rtnl_read_events(&resolver->events, visit_event, resolver);

    if (error != 0)
        resolver->events_error = error;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * The row has gone: somebody has removed it, such as another one who resolves it. Right after NTF_USE, which says when
 * the table is full, the event of that is on its way. A datagram is taken where the table is full, too. True: ask again.
 */
static bool miss(netio_resolver *resolver, struct query *query, bool just_asked)
{
    if (!query_sends_datagrams(query))
        return !just_asked;
    if (query->times_gone++ < GONE_LIMIT)
        return true;
    finish(resolver, query, ERROR_NO_SYSTEM_RESOURCES);
    return false;
}

/* Nobody answered. A row that was there before may have failed for its old physical address alone: ask again. */
static bool fail(netio_resolver *resolver, struct query *query)
{
    if (query->before_length != 0)
        return true;
    finish(resolver, query, ERROR_BAD_NET_NAME);
    return false;
}

/* Judges what was read of a row, or the error of that. True: ask again. */
static bool judge(netio_resolver *resolver, struct query *query, int error, const MIB_IPNET_ROW2 *row, bool just_asked)
{
    if (error == -ENOENT)
        return miss(resolver, query, just_asked);
    if (error != 0) {
        finish(resolver, query, code_of(error));
        return false;
    }
    query->times_gone = 0;
    if (is_answer(query, row))
        answer(resolver, query, row);
    else if (row->State != NlnsUnreachable)
        query->failed_since = 0;
    else if (query->failed_since == 0)
        query->failed_since = now_ms();
    else if (now_ms() - query->failed_since >= FAILED_FOR_GOOD_MS)
        return fail(resolver, query);
    return false;
}

/* Reads the rows of a group again and judges them. Those that are to be asked for again are left in it. */
static void look(netio_resolver *resolver, struct group *group, bool just_asked)
{
    MIB_IPNET_ROW2 found[GROUP_MAX];
    int errors[GROUP_MAX];
    size_t again = 0;

    query_read(&resolver->requests, &resolver->batch, group, found);
    memcpy(errors, resolver->batch.results, group->count * sizeof *errors);
    for (size_t i = 0; i < group->count; i++) {
        struct query *query = group->queries[i];

        if (!judge(resolver, query, errors[i], &found[i], just_asked))
            continue;
        query->failed_since = 0;
        query->before_length = 0;
        query->asked = false; /* events are about the question before until it is asked for again */
        group->queries[again++] = query;
    }
    group->count = again;
}

static void ask(netio_resolver *resolver, struct group *group)
{
    query_ask(&resolver->requests, &resolver->batch, group);
    sift(resolver, group);
}

static void settle(netio_resolver *resolver, struct group *group, bool just_asked)
{
    look(resolver, group, just_asked);
    while (group->count != 0) {
        read_events(resolver); /* what was told before is no answer to what is asked now */
        ask(resolver, group);
        look(resolver, group, true);
    }
}

/* Looks at those that are due and have no answer yet. */
static void look_at_due(netio_resolver *resolver)
{
    while (resolver->due != NULL) {
        struct group group = {0};

        while (resolver->due != NULL && group.count < resolver->limit) {
            struct query *query = resolver->due;

            resolver->due = query->next_due;
            query->due = false;
            if (query->result == WAIT_TIMEOUT)
                group.queries[group.count++] = query;
        }
        settle(resolver, &group, false);
    }
}

static bool is_in_doubt(const struct query *query)
{
    return query->failed_since != 0;
}

/* Looks at the rows that are waited for: all of them, or those in doubt. */
static void look_again(netio_resolver *resolver, bool only_in_doubt)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct query *query = resolver->asked[i]; query != NULL; query = query->next)
            if (query->asked && (!only_in_doubt || is_in_doubt(query)))
                make_due(resolver, query);
    look_at_due(resolver);
}

/* Takes in what has happened; after lost events every row that is waited for is read again. */
static DWORD take_events(netio_resolver *resolver)
{
    int error;

    read_events(resolver);
    look_at_due(resolver);
    error = resolver->events_error;
    resolver->events_error = 0;
    if (error != -ENOBUFS)
        return code_of(error);
    look_again(resolver, false);
    return NO_ERROR;
}

/* How long to wait for events before the rows that were seen as failed are due, at most limit. */
static int until_certain(const netio_resolver *resolver, int limit)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct query *query = resolver->asked[i]; query != NULL; query = query->next)
            if (is_in_doubt(query))
                return limit < FAILED_FOR_GOOD_MS ? limit : FAILED_FOR_GOOD_MS;
    return limit;
}

/* Whether the same is being asked for already: then that one's answer is this one's too. */
static bool join(netio_resolver *resolver, struct query *query)
{
    for (struct query *other = *bucket_of(resolver, &query->row); other != NULL; other = other->next)
        if (neighbor_same_key(&other->row, &query->row) &&
            memcmp(&other->source, &query->source, sizeof query->source) == 0) {
            query->next = other->twins;
            other->twins = query;
            return true;
        }
    return false;
}

/* Counts a group among those that are waited for, without the twins of others. */
static void await(netio_resolver *resolver, struct group *group)
{
    size_t kept = 0;

    for (size_t i = 0; i < group->count; i++) {
        struct query *query = group->queries[i], **bucket = bucket_of(resolver, &query->row);

        if (join(resolver, query))
            continue;
        query->next = *bucket;
        *bucket = query;
        group->queries[kept++] = query;
    }
    group->count = kept;
}

/* Takes in events; where that fails nobody knows what became of the group. */
static void take_events_of(netio_resolver *resolver, struct group *group)
{
    const DWORD code = take_events(resolver);
    size_t kept = 0;

    for (size_t i = 0; i < group->count; i++) {
        struct query *query = group->queries[i];

        if (query->result != WAIT_TIMEOUT) /* it has been answered */
            continue;
        if (code != NO_ERROR)
            finish(resolver, query, code);
        else
            group->queries[kept++] = query;
    }
    group->count = kept;
}

/* Brings a group to where the link has been asked. */
static void begin(netio_resolver *resolver, struct group *group)
{
    query_check(&resolver->requests, group, &resolver->recent);
    sift(resolver, group);
    query_prepare(&resolver->requests, &resolver->batch, group);
    sift(resolver, group);
    await(resolver, group);
    query_drop(&resolver->requests, &resolver->batch, group);
    sift(resolver, group);
    take_events_of(resolver, group); /* of the removal, and of what was before: they are no answer */
    ask(resolver, group);
    take_events_of(resolver, group);
    settle(resolver, group, true);
    look_at_due(resolver); /* what was told of others meanwhile */
}

static struct query *new_query(const MIB_IPNET_ROW2 *row, const SOCKADDR_INET *source, size_t tag)
{
    struct query *query = calloc(1, sizeof *query);

    if (query == NULL)
        return NULL;
    query->tag = tag;
    query->row.Address = row->Address; /* the key, and no more of it */
    query->row.InterfaceIndex = row->InterfaceIndex;
    query->row.InterfaceLuid = row->InterfaceLuid;
    if (source != NULL)
        query->source = *source;
    return query;
}

DWORD netio_resolver_submit(netio_resolver *resolver, const MIB_IPNET_ROW2 *rows, size_t count,
                            const SOCKADDR_INET *source, size_t first_tag)
{
    resolver->recent = (struct recent_links){.next = 0}; /* since the last submit they may have gone */
    for (size_t next = 0; next < count;) {
        struct group group = {0};

        while (group.count < resolver->limit && next < count) {
            struct query *query = new_query(&rows[next], source, first_tag + next);

            if (query == NULL) {
                while (group.count > 0)
                    free(group.queries[--group.count]);
                return ERROR_NOT_ENOUGH_MEMORY;
            }
            group.queries[group.count++] = query;
            next++;
        }
        begin(resolver, &group);
    }
    return NO_ERROR;
}

/* Hands out answers, at most room of them. */
static size_t hand_out(netio_resolver *resolver, size_t *tags, MIB_IPNET_ROW2 *rows, DWORD *results, size_t room)
{
    size_t answers = 0;

    while (answers < room && resolver->first_done != NULL) {
        struct query *query = resolver->first_done;

        tags[answers] = query->tag;
        rows[answers] = query->row;
        results[answers++] = query->result;
        resolver->first_done = query->next;
        free(query);
    }
    if (resolver->first_done == NULL)
        resolver->last_done = &resolver->first_done;
    return answers;
}

DWORD netio_resolver_wait(netio_resolver *resolver, DWORD wait_ms, size_t *tags, MIB_IPNET_ROW2 *rows, DWORD *results,
                          size_t *count)
{
    const size_t room = *count;
    struct pollfd wait = {.fd = resolver->events.fd, .events = POLLIN};
    int limit = (int)(wait_ms < WAIT_LIMIT_MS ? wait_ms : WAIT_LIMIT_MS);

    *count = hand_out(resolver, tags, rows, results, room);
    if (*count != 0)
        return NO_ERROR;
    limit = until_certain(resolver, limit);
    if (resolver->events_error != 0 || poll(&wait, 1, limit) > 0) {
        const DWORD code = take_events(resolver);

        if (code != NO_ERROR)
            return code;
    }
    look_again(resolver, true);
    *count = hand_out(resolver, tags, rows, results, room);
    return *count == 0 ? WAIT_TIMEOUT : NO_ERROR;
}
