/* SPDX-License-Identifier: MIT */
/* Frames of any content, as a packet socket delivers them to a sweep, in memory of exactly their size. */
#include <string.h>

#include "inet.h"
#include "input.h"
#include "sweep_frame.h"

static const UCHAR own[FRAME_MAC_SIZE] = {2, 0, 0, 0, 0, 1};

/* A reply is of another host, to an address of the same family, and about a probe that netio can send. */
static void check_reply(const struct frame_reply *reply)
{
    UCHAR *probe = input_memory(FRAME_PROBE_MAX);
    size_t size;

    CHECK(inet_is_ip(&reply->address) && reply->address.si_family == reply->to.si_family);
    CHECK(!inet_is_multicast(&reply->address));
    CHECK((reply->mac[0] & 1) == 0 && memcmp(reply->mac, own, sizeof own) != 0);
    CHECK(frame_is_all_nodes(&reply->target) == (reply->kind != FRAME_SOLICITATION));
    if (reply->kind == FRAME_SOLICITATION)
        size = frame_build(probe, own, &reply->to, &reply->target);
    else
        size = frame_build_all_nodes(probe, reply->kind, own, &reply->to, reply->id);
    CHECK(size >= 60 && size <= FRAME_PROBE_MAX);
    free(probe);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame frame = {.bytes = NULL};
    struct frame_reply reply;
    UCHAR *bytes;

    input_begin(data, size);
    frame.is_checksum_pending = input_byte() & 1;
    frame.tag = (uint16_t)(input_byte() << 8);
    frame.size = input_left;
    bytes = input_memory(frame.size);
    input_take(bytes, frame.size);
    frame.bytes = bytes;
    if (frame_parse(&frame, own, &reply))
        check_reply(&reply);
    free(bytes);
    return 0;
}
