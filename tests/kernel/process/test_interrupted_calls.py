# SPDX-License-Identifier: MIT
"""Exceptions of signal handlers strike between any two instructions: Ctrl-C, alarms, time limits of job queues."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.wire import FAR_IP4

if TYPE_CHECKING:
    from collections.abc import Callable

    from netlab.wire import Wire

ENTRIES = 5_000
TABLE_KILOBYTES = ENTRIES * 88 // 1000
CALLS = 300


class AlarmError(Exception):
    """The exception of the handler."""


def interrupted(call: Callable[[], object], seconds: float) -> int:
    """Calls a function many times, each time with an alarm somewhere inside; returns how many were interrupted."""

    def strike(signum: int, frame: object) -> None:
        del signum, frame
        raise AlarmError

    before = signal.signal(signal.SIGALRM, strike)
    count = 0
    try:
        for number in range(CALLS):
            try:
                signal.setitimer(signal.ITIMER_REAL, seconds * (0.2 + number / CALLS))
                call()
                signal.setitimer(signal.ITIMER_REAL, 0)
            except AlarmError:
                count += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return count


def memory_kilobytes() -> int:
    """The resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def descriptors() -> int:
    """The number of open descriptors of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


def duration(call: Callable[[], object]) -> float:
    """Returns the seconds that a call takes, the least of some."""

    def once() -> float:
        start = perf_counter()
        call()
        return perf_counter() - start

    return min(once() for _ in range(5))


def test_interrupted_listing_frees_its_table(wire: Wire) -> None:
    """Bug: the result of C is lost if a signal handler raises before Python owns it: 440 kB each time."""
    entries = [netio.Neighbor(f"10.9.{n // 250}.{n % 250 + 1}", bytes(6), interface="near0") for n in range(ENTRIES)]
    wire.near.ip("address add 10.9.0.254/16 dev near0")
    netio.create_neighbors(entries)
    call = netio.list_neighbors
    seconds = duration(call)
    interrupted(call, seconds)  # to reach the greatest memory of an honest run
    before = memory_kilobytes()

    count = interrupted(call, seconds)

    assert count > CALLS // 10
    assert memory_kilobytes() - before < TABLE_KILOBYTES * count // 4


def test_interrupted_resolve_closes_its_sockets(wire: Wire) -> None:
    """Bug: an interrupted resolve leaves its two netlink sockets open for ever."""
    del wire

    def call() -> object:
        return netio.resolve_neighbor(FAR_IP4, interface="near0")

    seconds = duration(call)
    before = descriptors()

    count = interrupted(call, seconds)

    assert count > CALLS // 10
    assert descriptors() == before


@pytest.mark.parametrize("name", ["near0", None])
def test_interrupted_read_closes_its_socket(wire: Wire, name: str | None) -> None:
    """Bug: the socket of a read is closed by Python code that the exception skips."""
    del wire
    netio.create_neighbor("192.0.2.9", bytes(6), interface="near0")

    def call() -> object:
        return netio.get_neighbor("192.0.2.9", interface=name)

    before = descriptors()
    interrupted(call, duration(call))
    assert descriptors() == before
