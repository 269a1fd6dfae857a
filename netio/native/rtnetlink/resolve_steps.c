/* SPDX-License-Identifier: MIT */
#include "resolve_steps.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>

#include "batch.h"
#include "inet.h"
#include "neighbor.h"
#include "probe.h"
#include "route.h"
#include "row.h"
#include "source.h"
#include "stack.h"
#include "status.h"

void resolve_set_result(struct resolution *resolution, DWORD result)
{
    resolution->pending.result = result;
    resolution->stage = STAGE_DONE;
}

/*
 * Checks, before anything is changed, that this machine can send from the source. bind() alone accepts broadcast,
 * multicast and unspecified addresses too and lets the kernel choose another source.
 */
static DWORD check_source(struct rtnl_socket *sock, const struct pending *pending)
{
    const SOCKADDR_INET *source = &pending->source;
    const NET_IFINDEX index = pending->row.InterfaceIndex;
    struct probe_socket probe = {.fd = -1};
    int error;

    if (source->si_family == 0)
        return NO_ERROR;
    if (source->si_family != pending->row.Address.si_family || !inet_is_neighbor(source))
        return ERROR_INVALID_PARAMETER;
    if (!route_is_local(sock, source, index))
        return ERROR_INVALID_PARAMETER;
    error = probe_open(&probe, sock->netns, source->si_family, index, source);
    probe_close(&probe);
    return error == -EADDRNOTAVAIL ? ERROR_INVALID_PARAMETER : win32_status(error);
}

/* The outcome of check_source for each interface and family: all rows of a submit have one source. */
struct source_checks {
    size_t count;
    struct {
        NET_IFINDEX index;
        ADDRESS_FAMILY family;
        DWORD status;
    } checks[GROUP_MAX];
};

static DWORD check_source_once(struct rtnl_socket *sock, struct source_checks *done, const struct pending *pending)
{
    const MIB_IPNET_ROW2 *row = &pending->row;
    DWORD status;

    for (size_t i = 0; i < done->count; i++)
        if (done->checks[i].index == row->InterfaceIndex && done->checks[i].family == row->Address.si_family)
            return done->checks[i].status;
    status = check_source(sock, pending);
    done->checks[done->count].index = row->InterfaceIndex;
    done->checks[done->count].family = row->Address.si_family;
    done->checks[done->count++].status = status;
    return status;
}

void resolve_check(struct rtnl_socket *sock, struct group *group, struct recent_links *recent)
{
    struct source_checks done = {.count = 0};

    for (size_t i = 0; i < group->count; i++) {
        struct resolution *resolution = group->rows[i];
        MIB_IPNET_ROW2 *row = &resolution->pending.row;
        struct link link;
        DWORD status = row_check(sock, row, ROW_RESOLVE, recent, &link);

        if (status == NO_ERROR) {
            row->InterfaceIndex = link.index;
            row->InterfaceLuid = link.luid;
            resolution->physical_address_length = link.physical_address_length;
            resolution->interface_probes = (link.flags & NETIO_INTERFACE_PROBES) != 0;
            status = check_source_once(sock, &done, &resolution->pending);
        }
        if (status != NO_ERROR)
            resolve_set_result(resolution, status);
    }
}

static DWORD status_of_route(const struct route_search *search, const SOCKADDR_INET *destination)
{
    const struct route *route = &search->route;

    if (search->error != 0)
        return route_is_none(search->error) ? ERROR_BAD_NET_NAME : win32_status(search->error);
    if (route->type == RTN_LOCAL || route->type == RTN_BROADCAST || route->type == RTN_ANYCAST)
        return ERROR_INVALID_PARAMETER;
    if ((route->type != RTN_UNICAST && route->type != RTN_MULTICAST) || !route_is_on_link(route, destination))
        return ERROR_BAD_NET_NAME;
    return NO_ERROR;
}

/*
 * Only on-link addresses can be probed. Addresses of this machine, on any interface, and broadcast addresses are not
 * neighbours. The unrestricted route usually decides that; if it leads elsewhere, or the interface belongs to a VRF,
 * the route on the row's own interface does.
 */
static void check_routes(struct rtnl_socket *sock, struct rtnl_batch *requests, const struct group *group,
                         DWORD statuses[])
{
    struct route_search searches[GROUP_MAX];
    struct known_stack stack = {.index = 0};

    memset(searches, 0, sizeof searches);
    for (size_t i = 0; i < group->count; i++)
        if (!inet_is_link_local(&group->rows[i]->pending.row.Address))
            searches[i].destination = &group->rows[i]->pending.row.Address;
    route_find_many(sock, requests, searches, group->count);
    for (size_t i = 0; i < group->count; i++) {
        const MIB_IPNET_ROW2 *row = &group->rows[i]->pending.row;
        const struct route_search *search = &searches[i];
        bool is_decided = search->destination != NULL && search->error == 0 &&
                          (search->route.type == RTN_LOCAL || search->route.index == row->InterfaceIndex);

        if (is_decided && search->route.type == RTN_LOCAL)
            is_decided = !stack_is_in_vrf(sock, &stack, row->InterfaceIndex, row->Address.si_family);
        searches[i].destination = is_decided ? NULL : &row->Address;
        searches[i].index = row->InterfaceIndex;
    }
    route_find_many(sock, requests, searches, group->count);
    for (size_t i = 0; i < group->count; i++) {
        const MIB_IPNET_ROW2 *row = &group->rows[i]->pending.row;

        statuses[i] = status_of_route(&searches[i], &row->Address);
        group->rows[i]->preferred = searches[i].route.source;
        if (statuses[i] == ERROR_BAD_NET_NAME &&
            stack_is_missing(sock, &stack, row->InterfaceIndex, row->Address.si_family))
            statuses[i] = ERROR_NOT_SUPPORTED;
    }
}

void resolve_read(struct rtnl_socket *sock, struct rtnl_batch *requests, const struct group *group,
                  MIB_IPNET_ROW2 found[])
{
    struct batch_row rows[GROUP_MAX];

    for (size_t i = 0; i < group->count; i++) {
        const MIB_IPNET_ROW2 *row = &group->rows[i]->pending.row;

        rows[i] = (struct batch_row){.row = row, .index = row->InterfaceIndex, .luid = row->InterfaceLuid};
    }
    batch_read(sock, requests, rows, group->count, found);
}

/*
 * The kernel makes an entry without a probe on an interface without ARP (with the interface's own physical address)
 * and in a namespace without IPv4 addresses (with the broadcast address). That is not a reply of a neighbour. For
 * multicast addresses it is the right entry.
 */
static bool is_made_up(const MIB_IPNET_ROW2 *entry)
{
    return entry->Flags & NETIO_IS_KERNEL_MADE && !inet_is_multicast(&entry->Address);
}

static bool has_broadcast_address(const MIB_IPNET_ROW2 *entry)
{
    for (ULONG i = 0; i < entry->PhysicalAddressLength; i++)
        if (entry->PhysicalAddress[i] != 0xff)
            return false;
    return entry->PhysicalAddressLength != 0;
}

static bool can_be_probed(const struct resolution *resolution)
{
    return resolution->physical_address_length != 0 &&
           (resolution->interface_probes || inet_is_multicast(&resolution->pending.row.Address));
}

/* Decides by the route and by the present entry, or the error of reading it, whether a row needs a probe. */
static void decide(struct resolution *resolution, DWORD route, int error, const MIB_IPNET_ROW2 *entry)
{
    if (route == ERROR_INVALID_PARAMETER) {
        resolve_set_result(resolution, route);
        return;
    }
    resolution->found = error == 0;
    if (resolution->found) {
        resolution->pending.row = *entry;
        resolution->is_foreign = (entry->Flags & NETIO_IS_FOREIGN) != 0;
    }
    if (resolution->found && entry->State == NlnsPermanent) { /* needs no route */
        resolve_set_result(resolution, is_made_up(entry) && !can_be_probed(resolution) ? ERROR_BAD_NET_NAME : NO_ERROR);
    } else if (route != NO_ERROR) {
        resolve_set_result(resolution, route);
    } else if (!can_be_probed(resolution)) {
        resolve_set_result(resolution, ERROR_BAD_NET_NAME);
    } else if (error != 0 && error != -ENOENT) {
        resolve_set_result(resolution, win32_status(error));
    } else if (resolution->found) {
        resolution->old_length = entry->PhysicalAddressLength;
        memcpy(resolution->old_address, entry->PhysicalAddress, sizeof resolution->old_address);
    }
}

void resolve_prepare(struct rtnl_socket *sock, struct rtnl_batch *requests, struct group *group)
{
    DWORD routes[GROUP_MAX];
    MIB_IPNET_ROW2 found[GROUP_MAX];

    check_routes(sock, requests, group, routes);
    resolve_read(sock, requests, group, found);
    for (size_t i = 0; i < group->count; i++)
        decide(group->rows[i], routes[i], requests->results[i], &found[i]);
}

/* Removes the entries that are not foreign. Returns whether that is permitted, even if there is nothing to remove. */
static bool remove_entries(struct rtnl_socket *sock, struct rtnl_batch *requests, struct group *group)
{
    struct resolution *removed[GROUP_MAX];
    bool permitted = true;

    rtnl_batch_begin(requests);
    for (size_t i = 0; i < group->count; i++) {
        struct resolution *resolution = group->rows[i];
        const MIB_IPNET_ROW2 *row = &resolution->pending.row;
        struct rtnl_request request;

        if (!resolution->found || resolution->is_foreign)
            continue;
        removed[requests->count] = resolution;
        neighbor_request(&request, RTM_DELNEIGH, 0, row, row->InterfaceIndex, NUD_NONE, 0);
        rtnl_batch_add(requests, &request);
    }
    if (requests->count == 0)
        return group->count == 0 || row_may_remove(sock);
    rtnl_batch_call(sock, requests, NULL, NULL);
    for (size_t place = 0; place < requests->count; place++) {
        const MIB_IPNET_ROW2 *row = &removed[place]->pending.row;
        int error = requests->results[place];

        if (error == RTNL_NO_REPLY) /* removing an absent entry is harmless */
            error = row_remove(sock, row->InterfaceIndex, row);
        if (error == -EPERM)
            permitted = false;
        else if (error != 0 && error != -ENOENT)
            resolve_set_result(removed[place], win32_status(error));
    }
    return permitted;
}

void resolve_remove(struct rtnl_socket *sock, struct rtnl_batch *requests, struct group *group, bool keep)
{
    const bool permitted = !keep && remove_entries(sock, requests, group);

    if (permitted)
        source_find(sock, group);
    for (size_t i = 0; i < group->count; i++) {
        struct resolution *resolution = group->rows[i];

        resolution->may_remove = permitted && !resolution->is_foreign;
        if (!resolution->may_remove && resolution->pending.row.State == NlnsReachable)
            resolve_set_result(resolution, NO_ERROR);
    }
}

bool resolve_probes_by_datagram(const struct resolution *resolution)
{
    return !resolution->may_remove || resolution->pending.source.si_family != 0 || !resolution->kernel_has_source;
}

bool resolve_is_made_up(struct rtnl_socket *sock, const MIB_IPNET_ROW2 *entry)
{
    if (!is_made_up(entry))
        return false;
    if (has_broadcast_address(entry)) /* the probe caused it; an unprivileged process has to leave it */
        (void)row_remove(sock, entry->InterfaceIndex, entry);
    return true;
}

/*
 * The stage after a probe was sent. If an entry stayed in place, the kernel first ends what it does with that: it
 * verifies the old physical address, or sends the rest of its earlier probes.
 */
static void on_probe_sent(struct resolution *resolution)
{
    const bool stayed = resolution->found && !resolution->may_remove;

    if (resolution->stage == STAGE_CHECKING && stayed && resolution->pending.row.State != NlnsUnreachable)
        resolution->stage = STAGE_VERIFYING;
    else
        resolution->stage = STAGE_PROBED;
}

static void on_probe_result(struct resolution *resolution, int error)
{
    switch (-error) {
    case 0:
        on_probe_sent(resolution);
        break;
    case EADDRNOTAVAIL: /* the interface has no address to send from */
    case EPERM:         /* a firewall */
    case EACCES:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTUNREACH:
        resolve_set_result(resolution, ERROR_BAD_NET_NAME);
        break;
    case EINVAL: /* the interface has no stack of that family */
        resolve_set_result(resolution, ERROR_NOT_SUPPORTED);
        break;
    default:
        resolve_set_result(resolution, win32_status(error));
    }
}

static void use_request(struct rtnl_request *request, uint16_t flags, const MIB_IPNET_ROW2 *row)
{
    neighbor_request(request, RTM_NEWNEIGH, NLM_F_CREATE | flags, row, row->InterfaceIndex, NUD_NONE, NTF_USE);
}

static void probe_by_requests(struct rtnl_socket *sock, struct rtnl_batch *requests, struct group *group)
{
    struct resolution *probed[GROUP_MAX];
    struct rtnl_request request;

    rtnl_batch_begin(requests);
    for (size_t i = 0; i < group->count; i++) {
        if (resolve_probes_by_datagram(group->rows[i]))
            continue;
        probed[requests->count] = group->rows[i];
        use_request(&request, 0, &group->rows[i]->pending.row);
        rtnl_batch_add(requests, &request);
    }
    rtnl_batch_call(sock, requests, NULL, NULL);
    for (size_t place = 0; place < requests->count; place++) {
        int error = requests->results[place];

        if (error == RTNL_NO_REPLY) { /* a second probe is harmless */
            use_request(&request, NLM_F_ACK, &probed[place]->pending.row);
            error = rtnl_call(sock, &request, NULL, NULL);
        }
        on_probe_result(probed[place], error);
    }
}

static int send_datagram(struct probe_socket *probe, int netns, const struct pending *pending)
{
    const MIB_IPNET_ROW2 *row = &pending->row;
    int error = probe_open(probe, netns, row->Address.si_family, row->InterfaceIndex, &pending->source);

    if (error == 0)
        error = probe_send(probe, &row->Address);
    if (error == -EAGAIN) { /* the socket is full of datagrams that wait for their neighbour */
        probe_close(probe);
        error = probe_open(probe, netns, row->Address.si_family, row->InterfaceIndex, &pending->source);
        if (error == 0)
            error = probe_send(probe, &row->Address);
    }
    return error;
}

static void probe_by_datagrams(int netns, struct group *group)
{
    struct probe_socket probe = {.fd = -1};

    for (size_t i = 0; i < group->count; i++)
        if (resolve_probes_by_datagram(group->rows[i]))
            on_probe_result(group->rows[i], send_datagram(&probe, netns, &group->rows[i]->pending));
    probe_close(&probe);
}

void resolve_probe(struct rtnl_socket *sock, struct rtnl_batch *requests, struct group *group)
{
    probe_by_requests(sock, requests, group);
    probe_by_datagrams(sock->netns, group);
}
