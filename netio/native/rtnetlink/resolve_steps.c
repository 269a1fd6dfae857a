/* SPDX-License-Identifier: MIT */
#include "resolve_steps.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>

#include "batch.h"
#include "status.h"
#include "probe.h"
#include "neighbor.h"
#include "route.h"
#include "row.h"

static bool is_link_local(const SOCKADDR_INET *address)
{
    return address->si_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&address->Ipv6.sin6_addr);
}

/*
 * Before anything is changed: whether the source is an address that this machine can ask from. bind() alone takes
 * broadcast, multicast and unspecified ones too, and lets the system choose another.
 */
static DWORD check_source(struct rtnl_socket *sock, const struct query *query)
{
    const SOCKADDR_INET *source = &query->source;
    const NET_IFINDEX index = query->row.InterfaceIndex;
    struct datagram_socket datagrams = {.fd = -1};
    struct route route = {0};
    int error;

    if (source->si_family == 0)
        return WAIT_TIMEOUT;
    if (source->si_family != query->row.Address.si_family || !inet_is_neighbor(source))
        return ERROR_INVALID_PARAMETER;
    if (route_find(sock, source, is_link_local(source) ? index : 0, &route) != 0 || route.type != RTN_LOCAL)
        return ERROR_INVALID_PARAMETER;
    error = datagram_open(&datagrams, source->si_family, index, source);
    datagram_close(&datagrams);
    if (error != 0)
        return error == -EADDRNOTAVAIL ? ERROR_INVALID_PARAMETER : code_of(error);
    return WAIT_TIMEOUT;
}

/* Queries whose source has been checked, one of each interface and family: the sources of a submit are the same. */
struct checked {
    size_t count;
    const struct query *queries[GROUP_MAX];
};

static const struct query *find_alike(const struct checked *checked, const struct query *query)
{
    for (size_t i = 0; i < checked->count; i++) {
        const MIB_IPNET_ROW2 *row = &checked->queries[i]->row;

        if (row->InterfaceIndex == query->row.InterfaceIndex &&
            row->Address.si_family == query->row.Address.si_family)
            return checked->queries[i];
    }
    return NULL;
}

void query_check(struct rtnl_socket *sock, struct group *group, struct recent_links *recent)
{
    struct checked checked = {.count = 0};

    for (size_t i = 0; i < group->count; i++) {
        struct query *query = group->queries[i];
        const struct query *alike;
        struct link link;

        query->result = row_check(sock, &query->row, false, recent, &link);
        if (query->result != NO_ERROR)
            continue;
        query->row.InterfaceIndex = link.index;
        query->row.InterfaceLuid = link.luid;
        query->physical_address_length = link.physical_address_length;
        alike = find_alike(&checked, query);
        query->result = alike != NULL ? alike->result : check_source(sock, query);
        if (alike == NULL)
            checked.queries[checked.count++] = query;
    }
}

static DWORD code_of_route(const struct route_search *found)
{
    const struct route *route = &found->route;

    if (found->error != 0)
        return route_is_none(found->error) ? ERROR_BAD_NET_NAME : code_of(found->error);
    if (route->type == RTN_LOCAL || route->type == RTN_BROADCAST || route->type == RTN_ANYCAST)
        return ERROR_INVALID_PARAMETER;
    if ((route->type != RTN_UNICAST && route->type != RTN_MULTICAST) || route->gateway.si_family != 0)
        return ERROR_BAD_NET_NAME;
    return NO_ERROR;
}

/*
 * Only what is on the interface's link can be asked for; one's own addresses, on whatever link, and broadcast ones are
 * no neighbours. Mostly the first route tells; another one is asked for where it leads elsewhere.
 */
static void check_routes(struct rtnl_socket *sock, struct rtnl_batch *requests, const struct group *group,
                         DWORD results[])
{
    struct route_search found[GROUP_MAX];

    memset(found, 0, sizeof found);
    for (size_t i = 0; i < group->count; i++)
        if (!is_link_local(&group->queries[i]->row.Address))
            found[i].destination = &group->queries[i]->row.Address;
    route_find_many(sock, requests, found, group->count);
    for (size_t i = 0; i < group->count; i++) {
        const MIB_IPNET_ROW2 *row = &group->queries[i]->row;
        const bool tells = found[i].destination != NULL && found[i].error == 0 &&
                           (found[i].route.type == RTN_LOCAL || found[i].route.index == row->InterfaceIndex);

        found[i].destination = tells ? NULL : &row->Address;
        found[i].index = row->InterfaceIndex;
    }
    route_find_many(sock, requests, found, group->count);
    for (size_t i = 0; i < group->count; i++)
        results[i] = code_of_route(&found[i]);
}

void query_read(struct rtnl_socket *sock, struct rtnl_batch *requests, const struct group *group,
                MIB_IPNET_ROW2 found[])
{
    struct batch_row asked[GROUP_MAX];

    for (size_t i = 0; i < group->count; i++) {
        const MIB_IPNET_ROW2 *row = &group->queries[i]->row;

        asked[i] = (struct batch_row){.row = row, .index = row->InterfaceIndex, .luid = row->InterfaceLuid};
    }
    batch_read(sock, requests, asked, group->count, found);
}

/* By the route, and by the row that was read or the error of that. */
static DWORD judge(struct query *query, DWORD route, int error, const MIB_IPNET_ROW2 *row)
{
    if (route == ERROR_INVALID_PARAMETER)
        return route;
    query->found = error == 0;
    if (query->found)
        query->row = *row;
    if (query->found && row->State == NlnsPermanent)
        return NO_ERROR;
    if (route != NO_ERROR) /* only a row that a person wrote needs no route */
        return route;
    if (query->physical_address_length == 0)
        return ERROR_BAD_NET_NAME;
    if (error != 0 && error != -ENOENT)
        return code_of(error);
    if (query->found && row->State != NlnsUnreachable) {
        query->before_length = row->PhysicalAddressLength;
        memcpy(query->before, row->PhysicalAddress, sizeof query->before);
    }
    return WAIT_TIMEOUT;
}

void query_prepare(struct rtnl_socket *sock, struct rtnl_batch *requests, struct group *group)
{
    DWORD routes[GROUP_MAX];
    MIB_IPNET_ROW2 found[GROUP_MAX];

    check_routes(sock, requests, group, routes);
    query_read(sock, requests, group, found);
    for (size_t i = 0; i < group->count; i++)
        group->queries[i]->result = judge(group->queries[i], routes[i], requests->results[i], &found[i]);
}

/* Removes the rows of those that have one, and tells whether that is allowed, also where nobody has. */
static bool remove_rows(struct rtnl_socket *sock, struct rtnl_batch *requests, struct group *group)
{
    struct query *asked[GROUP_MAX];
    bool allowed = true;

    rtnl_batch_begin(requests);
    for (size_t i = 0; i < group->count; i++) {
        struct query *query = group->queries[i];
        struct rtnl_request request;

        if (!query->found)
            continue;
        asked[requests->count] = query;
        neighbor_request(&request, RTM_DELNEIGH, 0, &query->row, query->row.InterfaceIndex, NUD_NONE, 0);
        rtnl_batch_add(requests, &request);
    }
    if (requests->count == 0)
        return group->count == 0 || row_may_remove(sock);
    rtnl_batch_ask(sock, requests, NULL, NULL);
    for (size_t place = 0; place < requests->count; place++) {
        int error = requests->results[place];

        if (error == RTNL_UNANSWERED) /* to remove what has gone does no harm */
            error = row_remove(sock, asked[place]->row.InterfaceIndex, &asked[place]->row);
        if (error == -EPERM)
            allowed = false;
        else if (error != 0 && error != -ENOENT)
            asked[place]->result = code_of(error);
    }
    return allowed;
}

void query_drop(struct rtnl_socket *sock, struct rtnl_batch *requests, struct group *group)
{
    const bool allowed = remove_rows(sock, requests, group);

    for (size_t i = 0; i < group->count; i++) {
        struct query *query = group->queries[i];

        query->may_remove = allowed;
        if (allowed)
            query->before_length = 0;
        else if (query->row.State == NlnsReachable)
            query->result = NO_ERROR;
    }
}

bool query_sends_datagrams(const struct query *query)
{
    return !query->may_remove || query->source.si_family != 0;
}

static DWORD code_of_ask(int error)
{
    switch (-error) {
    case 0:
        return WAIT_TIMEOUT;
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

static void use_request(struct rtnl_request *request, uint16_t flags, const struct query *query)
{
    neighbor_request(request, RTM_NEWNEIGH, NLM_F_CREATE | flags, &query->row, query->row.InterfaceIndex, NUD_NONE,
                     NTF_USE);
}

static void ask_by_requests(struct rtnl_socket *sock, struct rtnl_batch *requests, struct group *group)
{
    struct query *asked[GROUP_MAX];
    struct rtnl_request request;

    rtnl_batch_begin(requests);
    for (size_t i = 0; i < group->count; i++) {
        if (query_sends_datagrams(group->queries[i]))
            continue;
        asked[requests->count] = group->queries[i];
        use_request(&request, 0, group->queries[i]);
        rtnl_batch_add(requests, &request);
    }
    rtnl_batch_ask(sock, requests, NULL, NULL);
    for (size_t place = 0; place < requests->count; place++) {
        int error = requests->results[place];

        if (error == RTNL_UNANSWERED) { /* to ask twice does no harm */
            use_request(&request, NLM_F_ACK, asked[place]);
            error = rtnl_ask(sock, &request, NULL, NULL);
        }
        asked[place]->result = code_of_ask(error);
    }
}

static int send_datagram(struct datagram_socket *datagrams, const struct query *query)
{
    const MIB_IPNET_ROW2 *row = &query->row;
    int error = datagram_open(datagrams, row->Address.si_family, row->InterfaceIndex, &query->source);

    if (error == 0)
        error = datagram_send(datagrams, &row->Address);
    if (error == -EAGAIN) { /* full of datagrams that wait for their neighbour */
        datagram_close(datagrams);
        error = datagram_open(datagrams, row->Address.si_family, row->InterfaceIndex, &query->source);
        if (error == 0)
            error = datagram_send(datagrams, &row->Address);
    }
    return error;
}

static void ask_by_datagrams(struct group *group)
{
    struct datagram_socket datagrams = {.fd = -1};

    for (size_t i = 0; i < group->count; i++)
        if (query_sends_datagrams(group->queries[i]))
            group->queries[i]->result = code_of_ask(send_datagram(&datagrams, group->queries[i]));
    datagram_close(&datagrams);
}

void query_ask(struct rtnl_socket *sock, struct rtnl_batch *requests, struct group *group)
{
    ask_by_requests(sock, requests, group);
    ask_by_datagrams(group);
    for (size_t i = 0; i < group->count; i++)
        group->queries[i]->asked = true;
}
