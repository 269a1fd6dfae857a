/* SPDX-License-Identifier: MIT */
/*
 * Datagrams of any content to the readers of replies, dumps and batches, to the parser of entries, and to that of
 * neighbour tables.
 *
 * The input: a byte for the reader and the number of requests, then datagrams, each as a byte for its kind, two bytes
 * for its length, and its content. After the byte 0xff: messages about neighbour tables, each as two bytes for
 * its length and its content.
 */
#include <errno.h>
#include <string.h>

#include "inet.h"
#include "input.h"
#include "neighbor.h"
#include "neightbl.h"
#include "rtnl.h"

enum { READ_DUMP, READ_ONE, READ_ACKNOWLEDGEMENT, READ_BATCH_OF_QUERIES, READ_BATCH_OF_WRITES, READERS };

static ssize_t receive(void *source, const unsigned char **data, uint32_t *sender)
{
    static _Alignas(NLMSG_ALIGNTO) unsigned char buffer[RTNL_BUFFER_SIZE];
    const uint8_t kind = input_byte();
    size_t size;

    (void)source;
    if (input_left == 0)
        return -ETIMEDOUT;
    if (kind == 0xff)
        return -ENOBUFS;
    if (kind == 0xfe)
        return -(ssize_t)(input_byte() + 1);
    size = input_byte();
    size |= (size_t)input_byte() << 8;
    if (size > sizeof buffer)
        return (ssize_t)size;
    *data = buffer;
    *sender = kind == 0xfd ? 4711 : 0;
    return (ssize_t)input_take(buffer, size);
}

static void check_row(const MIB_IPNET_ROW2 *row)
{
    struct rtnl_request request;
    MIB_IPNET_ROW2 again;

    CHECK(row->Address.si_family == AF_INET || row->Address.si_family == AF_INET6);
    CHECK(row->PhysicalAddressLength <= sizeof row->PhysicalAddress);
    neighbor_request(&request, RTM_NEWNEIGH, 0, row, row->InterfaceIndex, NUD_PERMANENT, 0);
    CHECK(!request.overflow);
    CHECK(neighbor_parse_reply(&request.message.header, row, row->InterfaceIndex, &again) == 0);
    CHECK(again.PhysicalAddressLength == row->PhysicalAddressLength);
    CHECK(memcmp(again.PhysicalAddress, row->PhysicalAddress, sizeof again.PhysicalAddress) == 0);
}

static int parse(const struct nlmsghdr *message)
{
    MIB_IPNET_ROW2 row;
    struct nlmsghdr *copy;
    int error;

    if (neighbor_is_ignored(message, false))
        return 0;
    copy = input_memory(message->nlmsg_len);
    memcpy(copy, message, message->nlmsg_len);
    memset(&row, 0xa5, sizeof row);
    error = neighbor_parse(copy, &row);
    CHECK(error <= 0);
    if (error == 0)
        check_row(&row);
    free(copy);
    return error;
}

static int visit(void *visitor, const struct nlmsghdr *message)
{
    (void)visitor;
    return parse(message);
}

static int visit_place(void *visitor, size_t place, const struct nlmsghdr *message)
{
    const size_t *count = visitor;

    CHECK(place < *count);
    return parse(message);
}

static void read_batch(bool is_query, size_t count)
{
    const struct nlmsghdr first = {.nlmsg_type = is_query ? RTM_GETNEIGH : RTM_NEWNEIGH, .nlmsg_seq = 1};
    int *results = input_memory(count * sizeof *results);

    rtnl_read_replies(receive, NULL, &first, count, results, is_query ? visit_place : NULL, &count);
    for (size_t i = 0; i < count; i++)
        CHECK(results[i] <= RTNL_NO_REPLY);
    free(results);
}

/* The parsed numbers fit into a request that sets them. */
static void read_tables(void)
{
    netio_linux_neightbl table;
    netio_linux_parameters parameters;
    struct rtnl_request request;

    memset(&table, 0, sizeof table);
    while (input_left != 0) {
        const size_t low = input_byte(), size = sizeof(struct nlmsghdr) + (low | (size_t)input_below(4) << 8);
        struct nlmsghdr *message = input_memory(size);
        bool is_table;
        int error;

        *message = (struct nlmsghdr){.nlmsg_len = (uint32_t)size, .nlmsg_type = RTM_NEWNEIGHTBL};
        input_take(message + 1, size - sizeof *message);
        memset(&parameters, 0, sizeof parameters);
        error = neightbl_parse(message, &is_table, &table, &parameters);
        free(message);
        CHECK(error == 0 || error == -EBADMSG);
        neightbl_request(&request, AF_INET, &table, &parameters);
        CHECK(!request.overflow && neightbl_is_known(&parameters, &parameters));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nlmsghdr request = {.nlmsg_type = RTM_GETNEIGH, .nlmsg_seq = 1};
    uint8_t choice;

    input_begin(data, size);
    choice = input_byte();
    if (choice == 0xff) {
        read_tables();
        return 0;
    }
    switch (choice % READERS) {
    case READ_DUMP:
        request.nlmsg_flags = NLM_F_DUMP;
        CHECK(rtnl_read_reply(receive, NULL, &request, visit, NULL) <= 0);
        break;
    case READ_ONE:
        CHECK(rtnl_read_reply(receive, NULL, &request, visit, NULL) <= 0);
        break;
    case READ_ACKNOWLEDGEMENT:
        request = (struct nlmsghdr){.nlmsg_type = RTM_DELNEIGH, .nlmsg_flags = NLM_F_ACK, .nlmsg_seq = 1};
        CHECK(rtnl_read_reply(receive, NULL, &request, NULL, NULL) <= 0);
        break;
    case READ_BATCH_OF_QUERIES:
        read_batch(true, 1 + choice / READERS);
        break;
    default:
        read_batch(false, 1 + choice / READERS);
    }
    return 0;
}
