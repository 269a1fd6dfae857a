# SPDX-License-Identifier: MIT
"""Dumps that the kernel says were interrupted by a change, as a library in front of the C library plays it."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.child import call_elsewhere
from netlab.oracle import seen
from netlab.preload import library

if TYPE_CHECKING:
    from pathlib import Path

    from netlab.child import Call
    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"

# The last message of each datagram of the first dumps says that a change interrupted them.
INTERRUPTED = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

ssize_t recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *length)
{
    static int ended;
    ssize_t (*real)(int, void *, size_t, int, struct sockaddr *, socklen_t *);
    struct nlmsghdr *last = data;
    ssize_t got;

    *(void **)&real = dlsym(RTLD_NEXT, "recvfrom");
    got = real(fd, data, size, flags, from, length);
    if (got < (ssize_t)sizeof *last || got > (ssize_t)size || !(last->nlmsg_flags & NLM_F_MULTI) || ended == TIMES)
        return got;
    for (size_t left = (size_t)got; NLMSG_ALIGN(last->nlmsg_len) < left;) {
        left -= NLMSG_ALIGN(last->nlmsg_len);
        last = (struct nlmsghdr *)((char *)last + NLMSG_ALIGN(last->nlmsg_len));
    }
    last->nlmsg_flags |= NLM_F_DUMP_INTR;
    ended += last->nlmsg_type == NLMSG_DONE;
    return got;
}
"""

LISTS: list[Call] = [
    ("list_neighbors", (), {"interface": "near0"}),
    ("list_interfaces", (), {}),
]


def lay_rows(wire: Wire) -> None:
    """Several datagrams' worth."""
    wire.near.ip(*(f"neigh add 10.0.{n // 250}.{n % 250} lladdr {MAC} dev near0" for n in range(1, 1000)))


@pytest.mark.parametrize("call", LISTS, ids=lambda call: str(call[0]))
@pytest.mark.parametrize("times", [1, 15])
def test_a_list_after_interruptions(wire: Wire, tmp_path: Path, times: int, call: Call) -> None:
    """Bug: what the interrupted dumps had stays in the list, or it is given up while there is hope."""
    lay_rows(wire)
    verb, _, named = call
    (listed,) = call_elsewhere(wire.near, (), [call], LD_PRELOAD=library(tmp_path, INTERRUPTED, f"-DTIMES={times}"))
    assert listed == list(getattr(netio, verb)(**named))


def test_lists_that_are_always_interrupted(wire: Wire, tmp_path: Path) -> None:
    """Bug: it is tried without end, or a part of the table is taken for all of it, and flushed as that."""
    lay_rows(wire)
    wire.near.ip(f"neigh add 192.0.2.77 lladdr {MAC} dev near0 nud stale")
    calls = [*LISTS, ("flush_neighbors", (), {"interface": "near0"})]

    errors = call_elsewhere(wire.near, (), calls, LD_PRELOAD=library(tmp_path, INTERRUPTED, "-DTIMES=1000"))

    assert [(type(error), error.errno) for error in errors] == [(netio.NetioError, errno.EAGAIN)] * 3
    assert all("try again" in str(error) for error in errors)
    assert "192.0.2.77" in seen(wire.near)
