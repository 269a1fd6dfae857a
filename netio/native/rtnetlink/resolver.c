/* SPDX-License-Identifier: MIT */
/*
 * Resolving over rtnetlink. A row on its way:
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
#include <linux/neighbour.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "code.h"
#include "neighbor.h"
#include "route.h"
#include "row.h"
#include "rtnl.h"
#include "shim.h"

#define WAIT_LIMIT_MS 50

/* A row that is being deleted is seen as failed for an instant: only one that stays so has failed. */
#define FAILED_FOR_GOOD_MS 20

/* How often a datagram may leave no row behind, as when somebody else removes it, before the table is called full. */
#define GONE_LIMIT 8

#define DISCARD_PORT 9 /* RFC 863: whoever is sent something there throws it away */

/* Lists of the rows that are waited for, by their key: an event must find its row among a thousand. */
#define BUCKETS 256

/* One submitted row. */
struct query {
    struct query *next; /* in the list that it is in, one at a time */
    size_t tag;
    MIB_IPNET_ROW2 row; /* key, then the answer */
    netio_interface interface;
    SOCKADDR_INET source; /* family 0: the system chooses */
    UCHAR before[IF_MAX_PHYS_ADDRESS_LENGTH]; /* the physical address that the row had when it was asked for */
    ULONG before_length;
    DWORD result;
    bool dropped;         /* the row was removed: CAP_NET_ADMIN is there */
    bool asked_again;     /* because the row failed with its old physical address */
    unsigned times_gone;  /* how often a datagram left no row */
    int64_t failed_since; /* when the row was first seen as failed; 0: it is not */
};

struct netio_resolver {
    struct rtnl_socket requests;
    struct rtnl_socket events;
    struct query *asked[BUCKETS];
    struct query *first_done, **last_done; /* in the order of their answers */
    netio_interface interface;             /* of the row before, within one submit; index 0: none yet */
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
    *out = resolver;
    return NO_ERROR;
}

static void free_list(struct query *query)
{
    while (query != NULL) {
        struct query *next = query->next;

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

/* Counts it among those that are waited for. */
static void await(netio_resolver *resolver, struct query *query)
{
    struct query **bucket = bucket_of(resolver, &query->row);

    query->next = *bucket;
    *bucket = query;
}

/* Its answer is there: from the rows that are waited for, where it is one of them, to those that are done. */
static void finish(netio_resolver *resolver, struct query *query, DWORD result)
{
    struct query **link = bucket_of(resolver, &query->row);

    while (*link != NULL && *link != query)
        link = &(*link)->next;
    if (*link == query)
        *link = query->next;
    query->result = result;
    query->next = NULL;
    *resolver->last_done = query;
    resolver->last_done = &query->next;
}

/* A socket that is bound to the interface, and to the source where there is one; its datagrams stay on the link. */
static int open_datagrams(const struct query *query)
{
    const int one_hop = 1;
    const bool ip6 = query->row.Address.si_family == AF_INET6;
    SOCKADDR_INET source = query->source;
    const int fd = socket(query->row.Address.si_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = 0;

    if (fd < 0)
        return -errno;
    source.Ipv4.sin_port = 0;
    if (ip6) {
        source.Ipv6.sin6_flowinfo = 0;
        source.Ipv6.sin6_scope_id = query->interface.index;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, query->interface.name,
                   (socklen_t)strlen(query->interface.name)) < 0 ||
        setsockopt(fd, ip6 ? IPPROTO_IPV6 : IPPROTO_IP, ip6 ? IPV6_UNICAST_HOPS : IP_TTL, &one_hop,
                   sizeof one_hop) < 0)
        error = -errno;
    else if (source.si_family != 0 &&
             bind(fd, (const struct sockaddr *)&source, ip6 ? sizeof source.Ipv6 : sizeof source.Ipv4) < 0)
        error = -errno;
    if (error == 0)
        return fd;
    close(fd);
    return error;
}

/* An empty datagram that the kernel must resolve the neighbour for. */
static int send_datagram(const struct query *query)
{
    const bool ip6 = query->row.Address.si_family == AF_INET6;
    SOCKADDR_INET destination = query->row.Address;
    const int fd = open_datagrams(query);
    int error = 0;

    if (fd < 0)
        return fd;
    destination.Ipv4.sin_port = htons(DISCARD_PORT);
    if (ip6) {
        destination.Ipv6.sin6_flowinfo = 0;
        destination.Ipv6.sin6_scope_id = query->interface.index;
    }
    if (sendto(fd, "", 0, 0, (const struct sockaddr *)&destination,
               ip6 ? sizeof destination.Ipv6 : sizeof destination.Ipv4) < 0)
        error = -errno;
    close(fd);
    return error;
}

static int send_use(netio_resolver *resolver, const struct query *query)
{
    struct rtnl_request request;

    neighbor_request(&request, RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE, &query->row, query->interface.index, NUD_NONE,
                     NTF_USE);
    return rtnl_ask(&resolver->requests, &request, NULL, NULL);
}

static DWORD code_of_ask(int error)
{
    switch (-error) {
    case EADDRNOTAVAIL: /* the interface has no address to ask from */
    case EPERM:         /* a firewall */
    case EACCES:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTUNREACH:
        return ERROR_BAD_NET_NAME;
    case EINVAL: /* the interface has no stack of that family */
        return ERROR_NOT_SUPPORTED;
    default:
        return code_of(error);
    }
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

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* NTF_USE needs CAP_NET_ADMIN and takes no source. */
static bool uses_request(const struct query *query)
{
    return query->dropped && query->source.si_family == 0;
}

static void ask(netio_resolver *resolver, struct query *query);

static void ask_again(netio_resolver *resolver, struct query *query)
{
    query->failed_since = 0;
    query->before_length = 0;
    ask(resolver, query);
}

/* Nobody answered. A row that was there before may have failed for its old physical address alone. */
static void fail(netio_resolver *resolver, struct query *query)
{
    if (query->before_length == 0 || query->asked_again) {
        finish(resolver, query, ERROR_BAD_NET_NAME);
        return;
    }
    query->asked_again = true;
    ask_again(resolver, query);
}

/*
 * The row has gone: somebody has removed it, such as another one who resolves it. Right after NTF_USE, which says when
 * the table is full, the event of that is on its way. A datagram is taken where the table is full, too.
 */
static void miss(netio_resolver *resolver, struct query *query, bool just_asked)
{
    if (uses_request(query)) {
        if (!just_asked)
            ask_again(resolver, query);
    } else if (query->times_gone++ < GONE_LIMIT)
        ask_again(resolver, query);
    else
        finish(resolver, query, ERROR_NO_SYSTEM_RESOURCES);
}

/* Reads the row again and judges it. */
static void look(netio_resolver *resolver, struct query *query, bool just_asked)
{
    MIB_IPNET_ROW2 row = query->row;
    const int error = row_read(&resolver->requests, &query->interface, &row);

    if (error == -ENOENT)
        miss(resolver, query, just_asked);
    else if (error != 0)
        finish(resolver, query, code_of(error));
    else if (is_answer(query, &row)) {
        finish(resolver, query, NO_ERROR);
        query->row = row;
    } else if (row.State != NlnsUnreachable)
        query->failed_since = 0;
    else if (query->failed_since == 0)
        query->failed_since = now_ms();
    else if (now_ms() - query->failed_since >= FAILED_FOR_GOOD_MS)
        fail(resolver, query);
}

/* Asks the link for a row that is waited for. */
static void ask(netio_resolver *resolver, struct query *query)
{
    const int error = uses_request(query) ? send_use(resolver, query) : send_datagram(query);

    if (error != 0)
        finish(resolver, query, code_of_ask(error));
    else
        look(resolver, query, true);
}

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
        next = query->next; /* the look may take it out of the list */
        /* The event only tells where to look: meanwhile somebody may have dropped the row or asked anew. */
        if (neighbor_same_key(&row, &query->row))
            look(resolver, query, false);
    }
    return 0;
}

static bool is_in_doubt(const struct query *query)
{
    return query->failed_since != 0;
}

/* Looks at the rows that are waited for: all of them, or those in doubt. */
static void look_again(netio_resolver *resolver, bool only_in_doubt)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct query *query = resolver->asked[i], *next; query != NULL; query = next) {
            next = query->next;
            if (!only_in_doubt || is_in_doubt(query))
                look(resolver, query, false);
        }
}

/* Takes in what has happened; after lost events every row that is waited for is read again. */
static DWORD take_events(netio_resolver *resolver)
{
    const int error = rtnl_read_events(&resolver->events, visit_event, resolver);

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

static bool is_link_local(const SOCKADDR_INET *address)
{
    return address->si_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&address->Ipv6.sin6_addr);
}

/*
 * Only what is on the interface's link can be asked for; one's own addresses, on whatever link, and broadcast ones are
 * no neighbours. Mostly the first route tells; another one is asked for where it leads elsewhere.
 */
static DWORD check_route(netio_resolver *resolver, const struct query *query)
{
    const SOCKADDR_INET *address = &query->row.Address;
    struct route route = {0};
    int error = is_link_local(address) ? -ENETUNREACH : route_find(&resolver->requests, address, 0, &route);

    if (error == 0 && route.type == RTN_LOCAL)
        return ERROR_INVALID_PARAMETER;
    if (error != 0 || route.index != query->interface.index)
        error = route_find(&resolver->requests, address, query->interface.index, &route);
    if (error != 0)
        return route_is_none(error) ? ERROR_BAD_NET_NAME : code_of(error);
    if (route.type == RTN_LOCAL || route.type == RTN_BROADCAST || route.type == RTN_ANYCAST)
        return ERROR_INVALID_PARAMETER;
    if ((route.type != RTN_UNICAST && route.type != RTN_MULTICAST) || route.gateway.si_family != 0)
        return ERROR_BAD_NET_NAME;
    return NO_ERROR;
}

/*
 * Before anything is changed: whether the source is an address that this machine can ask from. bind() alone takes
 * broadcast, multicast and unspecified ones too, and lets the system choose another.
 */
static DWORD check_source(netio_resolver *resolver, const struct query *query)
{
    const SOCKADDR_INET *source = &query->source;
    struct route route = {0};
    int fd;

    if (source->si_family == 0)
        return NO_ERROR;
    if (source->si_family != query->row.Address.si_family || !inet_is_neighbor(source))
        return ERROR_INVALID_PARAMETER;
    if (route_find(&resolver->requests, source, is_link_local(source) ? query->interface.index : 0, &route) != 0 ||
        route.type != RTN_LOCAL)
        return ERROR_INVALID_PARAMETER;
    fd = open_datagrams(query);
    if (fd < 0)
        return fd == -EADDRNOTAVAIL ? ERROR_INVALID_PARAMETER : code_of(fd);
    close(fd);
    return NO_ERROR;
}

static DWORD check_query(netio_resolver *resolver, struct query *query)
{
    const DWORD code = row_check(&resolver->requests, &query->row, false, &resolver->interface);

    if (code != NO_ERROR)
        return code;
    query->interface = resolver->interface;
    query->row.InterfaceIndex = query->interface.index;
    return check_source(resolver, query);
}

/* Checks what is asked for, and reads the row: the result, or WAIT_TIMEOUT where the link is to be asked. */
static DWORD prepare(netio_resolver *resolver, struct query *query)
{
    DWORD code = check_query(resolver, query), route_code;
    int error;

    if (code != NO_ERROR)
        return code;
    route_code = check_route(resolver, query);
    if (route_code == ERROR_INVALID_PARAMETER)
        return route_code;
    error = row_read(&resolver->requests, &query->interface, &query->row);
    if (error == 0 && query->row.State == NlnsPermanent)
        return NO_ERROR;
    if (route_code != NO_ERROR) /* only a row that a person wrote needs no route */
        return route_code;
    if (query->interface.physical_address_length == 0)
        return ERROR_BAD_NET_NAME;
    if (error != 0 && error != -ENOENT)
        return code_of(error);
    if (query->row.State != NlnsUnreachable) {
        query->before_length = query->row.PhysicalAddressLength;
        memcpy(query->before, query->row.PhysicalAddress, sizeof query->before);
    }
    return WAIT_TIMEOUT;
}

/* Whether the same has been asked already: then that one's answer is this one's too. */
static bool join(netio_resolver *resolver, struct query *query)
{
    for (const struct query *other = *bucket_of(resolver, &query->row); other != NULL; other = other->next)
        if (neighbor_same_key(&other->row, &query->row) &&
            memcmp(&other->source, &query->source, sizeof query->source) == 0) {
            memcpy(query->before, other->before, sizeof query->before);
            query->before_length = other->before_length;
            query->dropped = other->dropped;
            query->asked_again = other->asked_again;
            query->failed_since = other->failed_since;
            return true;
        }
    return false;
}

/*
 * Removes the row, where that is allowed, and reads away the events of it: they are no answer. Where it is not
 * allowed, a reachable row is the answer as it stands.
 */
static DWORD drop(netio_resolver *resolver, struct query *query)
{
    const int error = row_remove(&resolver->requests, query->interface.index, &query->row);
    DWORD code;

    if (error == -EPERM)
        return query->row.State == NlnsReachable ? NO_ERROR : WAIT_TIMEOUT;
    if (error != 0 && error != -ENOENT)
        return code_of(error);
    query->dropped = true;
    query->before_length = 0;
    code = take_events(resolver);
    return code == NO_ERROR ? WAIT_TIMEOUT : code;
}

static void begin(netio_resolver *resolver, struct query *query)
{
    DWORD code = prepare(resolver, query);
    bool joined = false;

    if (code == WAIT_TIMEOUT) {
        joined = join(resolver, query);
        if (!joined)
            code = drop(resolver, query);
    }
    if (code != WAIT_TIMEOUT) {
        finish(resolver, query, code);
        return;
    }
    await(resolver, query);
    if (!joined)
        ask(resolver, query);
}

DWORD netio_resolver_submit(netio_resolver *resolver, const MIB_IPNET_ROW2 *rows, size_t count,
                            const SOCKADDR_INET *source, size_t first_tag)
{
    resolver->interface.index = 0; /* since the last submit it may have gone */
    for (size_t i = 0; i < count; i++) {
        struct query *query = calloc(1, sizeof *query);

        if (query == NULL)
            return ERROR_NOT_ENOUGH_MEMORY;
        query->tag = first_tag + i;
        query->row.Address = rows[i].Address; /* the key, and no more of it */
        query->row.InterfaceIndex = rows[i].InterfaceIndex;
        query->row.InterfaceLuid = rows[i].InterfaceLuid;
        if (source != NULL)
            query->source = *source;
        begin(resolver, query);
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
    if (poll(&wait, 1, limit) > 0) {
        const DWORD code = take_events(resolver);

        if (code != NO_ERROR)
            return code;
    }
    look_again(resolver, true);
    *count = hand_out(resolver, tags, rows, results, room);
    return *count == 0 ? WAIT_TIMEOUT : NO_ERROR;
}
