# SPDX-License-Identifier: MIT
"""Rows that somebody else changes or removes while they are resolved."""

from __future__ import annotations

from threading import Thread
from time import sleep
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.child import call_elsewhere
from netlab.oracle import Seen, seen
from netlab.preload import library
from netlab.wire import ABSENT_IP4, ABSENT_IP6, FAR_MAC, NEAR_IP4, NEAR_IP6

if TYPE_CHECKING:
    from pathlib import Path

    from netlab.wire import Wire

WRONG_MAC = "02:00:5e:00:00:99"

# Somebody else changes the row before a request of that type, the first or a later one.
SOMEBODY = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    static int count;
    ssize_t (*real)(int, const void *, size_t, int);
    const struct nlmsghdr *first = data;

    *(void **)&real = dlsym(RTLD_NEXT, "send");
    if (first->nlmsg_type == TYPE && ++count == TURN && system("unset LD_PRELOAD; " CHANGE) != 0)
        abort();
    return real(fd, data, size, flags);
}
"""


@pytest.mark.parametrize(("address", "source"), [(ABSENT_IP4, NEAR_IP4), (ABSENT_IP6, NEAR_IP6)])
def test_what_was_told_before_it_is_asked_for_again(wire: Wire, tmp_path: Path, address: str, source: str) -> None:
    """Bug: the event of a row that has gone is taken for the answer to the question after it."""
    wire.hasten()
    row = f"{address} dev near0"
    change = f"ip neigh replace {row} lladdr {WRONG_MAC} nud probe && ip neigh del {row}"
    # The row is read for the second time after the question.
    shim = library(tmp_path, SOMEBODY, "-DTYPE=RTM_GETNEIGH", "-DTURN=2", f'-DCHANGE="{change}"')
    # With a source it is a datagram that asks, which does not tell whether there is a row: a missing one is asked for.
    calls = [("resolve_neighbor", (address,), {"interface": "near0", "source": source})]

    (answer,) = call_elsewhere(wire.near, [], calls, LD_PRELOAD=shim)

    assert isinstance(answer, netio.UnreachableError), answer
    assert answer.code == 67


def test_a_row_that_is_written_before_the_removal(wire: Wire, tmp_path: Path) -> None:
    """Bug: rights are tried out by the removal of a row that was absent, and is no more."""
    change = f"ip neigh replace {ABSENT_IP4} dev near0 lladdr {WRONG_MAC} nud permanent"
    shim = library(tmp_path, SOMEBODY, "-DTYPE=RTM_DELNEIGH", "-DTURN=1", f'-DCHANGE="{change}"')
    # With a source it is a datagram that asks: NTF_USE would make the row a dynamic one.
    calls = [("resolve_neighbor", (ABSENT_IP4,), {"interface": "near0", "source": NEAR_IP4})]

    (answer,) = call_elsewhere(wire.near, [], calls, LD_PRELOAD=shim)

    assert seen(wire.near) == {ABSENT_IP4: Seen(WRONG_MAC)}
    assert answer == netio.Neighbor(ABSENT_IP4, WRONG_MAC, interface="near0")


def test_a_row_that_is_removed_now_and_then(wire: Wire) -> None:
    """Bug: how often the row was gone is added up over all the time, and the table called full."""

    def remove() -> None:
        for _ in range(12):
            sleep(0.1)
            netio.delete_neighbor(ABSENT_IP4, interface="near0", missing_ok=True)
        wire.far.ip(f"address add {ABSENT_IP4}/24 dev far0")

    remover = Thread(target=remove)
    remover.start()
    try:
        row = netio.resolve_neighbor(ABSENT_IP4, interface="near0", source=NEAR_IP4)
    finally:
        remover.join()

    assert row.physical_address == FAR_MAC
