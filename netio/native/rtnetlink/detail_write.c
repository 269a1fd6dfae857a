/* SPDX-License-Identifier: MIT */
/* Writes entries with their details, by the kernel's own rules for addresses, states and flags. */
#include <errno.h>
#include <linux/neighbour.h>
#include <stdlib.h>
#include <string.h>

#include "detail.h"
#include "inet.h"
#include "link.h"
#include "neighbor.h"
#include "rtnl.h"
#include "stack.h"
#include "status.h"

/* The rows of one send: requests.results[i] is that of the row at places[i]. */
struct detail_batch {
    size_t places[RTNL_BATCH_MAX];
    NET_IFINDEX indexes[RTNL_BATCH_MAX];
    ADDRESS_FAMILY families[RTNL_BATCH_MAX];
    bool changes_only[RTNL_BATCH_MAX];
    struct rtnl_batch requests;
};

/* States in which an entry has a physical address. */
#define NUD_WITH_ADDRESS (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_NOARP | NUD_PERMANENT)

/* The flags for which the kernel does not use the physical address and the state of the request. */
#define FLAGS_WITHOUT_STATE (NTF_USE | NTF_PROXY | NTF_EXT_MANAGED << NETIO_FLAGS_EXT_SHIFT)

static bool lacks_address(const MIB_IPNET_ROW2 *row, const netio_linux_detail *detail)
{
    return row->PhysicalAddressLength == 0 && detail->nud & NUD_WITH_ADDRESS && !(detail->flags & FLAGS_WITHOUT_STATE);
}

/*
 * Whether the kernel rejects such an entry: for some of these reasons after it has created the entry, which it leaves
 * behind in the state NONE. A replace without a physical address is valid if the entry has one.
 */
static bool is_rejected(const MIB_IPNET_ROW2 *row, const netio_linux_detail *detail, netio_linux_verb verb)
{
    const uint32_t extended = detail->flags >> NETIO_FLAGS_EXT_SHIFT;

    if (verb == NETIO_LINUX_DELETE)
        return false;
    if (extended & NTF_EXT_LOCKED || (extended & NTF_EXT_MANAGED && detail->nud & NUD_PERMANENT))
        return true;
    if (extended & NTF_EXT_EXT_VALIDATED && !(detail->nud & NUD_WITH_ADDRESS))
        return true;
    return verb == NETIO_LINUX_CREATE && lacks_address(row, detail);
}

/* A replace that keeps the physical address of the entry, and so must not create one. */
static bool changes_only(const MIB_IPNET_ROW2 *row, const netio_linux_detail *detail, netio_linux_verb verb)
{
    return verb == NETIO_LINUX_REPLACE && lacks_address(row, detail);
}

/* Starts the request. */
static void detail_request(struct rtnl_request *request, const MIB_IPNET_ROW2 *row, const netio_linux_detail *detail,
                           NET_IFINDEX index, netio_linux_verb verb)
{
    static const uint16_t message_flags[] = {
        [NETIO_LINUX_CREATE] = NLM_F_CREATE | NLM_F_EXCL,
        [NETIO_LINUX_REPLACE] = NLM_F_CREATE | NLM_F_REPLACE,
        [NETIO_LINUX_DELETE] = 0,
    };
    const uint32_t extended = detail->flags >> NETIO_FLAGS_EXT_SHIFT;
    const struct ndmsg fixed = {
        .ndm_family = (unsigned char)row->Address.si_family,
        .ndm_ifindex = (int)index,
        .ndm_state = detail->nud,
        .ndm_flags = (unsigned char)detail->flags,
    };
    const uint16_t flags = changes_only(row, detail, verb) ? NLM_F_REPLACE : message_flags[verb];
    size_t size;
    const void *bytes = inet_bytes(&row->Address, &size);

    rtnl_begin(request, verb == NETIO_LINUX_DELETE ? RTM_DELNEIGH : RTM_NEWNEIGH, flags, &fixed, sizeof fixed);
    if (bytes != NULL)
        rtnl_put(request, NDA_DST, bytes, size);
    if (verb == NETIO_LINUX_DELETE)
        return;
    if (row->PhysicalAddressLength != 0)
        rtnl_put(request, NDA_LLADDR, row->PhysicalAddress, row->PhysicalAddressLength);
    if (detail->protocol != 0)
        rtnl_put(request, NEIGHBOR_PROTOCOL, &detail->protocol, sizeof detail->protocol);
    if (extended != 0) /* kernels before 5.16 reject the attribute */
        rtnl_put(request, NEIGHBOR_FLAGS_EXT, &extended, sizeof extended);
}

/*
 * Validates a row and looks its interface up. The kernel truncates a longer physical address. A loopback interface has
 * none, but its entries can.
 */
static int check_row(struct rtnl_socket *sock, const MIB_IPNET_ROW2 *row, const netio_linux_detail *detail,
                     netio_linux_verb verb, struct recent_links *recent, struct link *link)
{
    const ULONG length = row->PhysicalAddressLength;
    int error;

    memset(link, 0, sizeof *link);
    if (length > sizeof row->PhysicalAddress || (row->InterfaceLuid.Value == 0 && row->InterfaceIndex == 0))
        return -EINVAL;
    error = link_recall(sock, recent, row->InterfaceLuid, row->InterfaceIndex, link);
    if (error != 0)
        return error;
    if (length != 0 && link->physical_address_length != 0 && length != link->physical_address_length)
        return -EINVAL;
    return is_rejected(row, detail, verb) ? -EINVAL : 0;
}

static void send_batch(struct rtnl_socket *sock, struct detail_batch *batch, DWORD *results)
{
    const size_t count = batch->requests.count;
    struct known_stack stack = {.index = 0};

    rtnl_batch_call(sock, &batch->requests, NULL, NULL);
    for (size_t i = 0; i < count; i++) {
        int error = batch->requests.results[i];

        if (error == RTNL_NO_REPLY)
            error = -ETIMEDOUT;
        else if (error == -ENOENT && batch->changes_only[i])
            error = -EINVAL; /* there is no entry whose physical address could stay */
        if ((error == -EINVAL || error == -ENOENT) &&
            stack_is_missing(sock, &stack, batch->indexes[i], batch->families[i]))
            error = -EAFNOSUPPORT;
        results[batch->places[i]] = win32_status(error);
    }
    rtnl_batch_begin(&batch->requests);
}

static void write_rows(struct rtnl_socket *sock, struct detail_batch *batch, netio_linux_verb verb,
                       const MIB_IPNET_ROW2 *rows, const netio_linux_detail *details, size_t count, DWORD *results)
{
    const size_t limit = rtnl_batch_limit(sock, count);
    struct recent_links recent = {.next = 0};

    rtnl_batch_begin(&batch->requests);
    for (size_t i = 0; i < count; i++) {
        struct rtnl_request request;
        struct link link;
        const int error = check_row(sock, &rows[i], &details[i], verb, &recent, &link);

        results[i] = win32_status(error);
        if (error == 0) {
            detail_request(&request, &rows[i], &details[i], link.index, verb);
            batch->places[batch->requests.count] = i;
            batch->indexes[batch->requests.count] = link.index;
            batch->families[batch->requests.count] = rows[i].Address.si_family;
            batch->changes_only[batch->requests.count] = changes_only(&rows[i], &details[i], verb);
            rtnl_batch_add(&batch->requests, &request);
        }
        if (batch->requests.count == limit || i == count - 1)
            send_batch(sock, batch, results);
    }
}

void netio_linux_write(int netns, netio_linux_verb verb, const MIB_IPNET_ROW2 *rows, const netio_linux_detail *details,
                       size_t count, DWORD *results)
{
    struct detail_batch *batch = malloc(sizeof *batch);
    struct rtnl_socket sock;
    int error = rtnl_open(&sock, netns, 0);

    if (error == 0 && batch == NULL)
        error = -ENOMEM;
    if (error == 0)
        write_rows(&sock, batch, verb, rows, details, count, results);
    for (size_t i = 0; error != 0 && i < count; i++)
        results[i] = win32_status(error);
    free(batch);
    rtnl_close(&sock);
}
