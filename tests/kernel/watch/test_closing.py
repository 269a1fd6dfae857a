# SPDX-License-Identifier: MIT
"""Closing from another thread, a signal handler or a task; forks; descriptors and memory."""

from __future__ import annotations

import asyncio
import gc
import os
import select
import signal
import socket
from contextlib import suppress
from threading import Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest

import netio
from netlab import storm
from netlab.replay import Replay

if TYPE_CHECKING:
    from collections.abc import Callable

    from netlab.wire import Wire

PIN = "neigh add 192.0.2.60 lladdr 02:00:5e:00:00:07 dev near0"

pytestmark = pytest.mark.usefixtures("wire")


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))  # noqa: PTH208


def test_close_frees_the_descriptors() -> None:
    before = descriptors()
    watch = netio.watch_neighbors()
    assert len(descriptors()) > len(before)
    watch.close()
    watch.close()
    assert descriptors() == before
    with pytest.raises(ValueError, match="closed"):
        watch.read(0)
    with pytest.raises(ValueError, match="closed"):
        watch.table()
    with pytest.raises(ValueError, match="closed"):
        watch.fileno()
    assert list(watch) == []


def test_failed_and_forgotten_watches_free_their_descriptors() -> None:
    before = descriptors()
    with pytest.raises(netio.NetioError):
        netio.watch_neighbors(77)
    netio.watch_neighbors()
    gc.collect()
    assert descriptors() == before


def iterate(watch: netio.NeighborWatch) -> str:
    return f"{len(list(watch))} changes"


def read(watch: netio.NeighborWatch) -> str:
    try:
        return str(watch.read())
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("timeout", [float("inf"), 3e6, None])
def test_long_timeout(wire: Wire, timeout: float | None) -> None:
    """Bug: OverflowError, since poll() accepts 24 days at most."""
    with netio.watch_neighbors() as watch:
        results: list[list[netio.NeighborChange]] = []
        thread = Thread(target=lambda: results.append(watch.read(timeout)))
        thread.start()
        sleep(0.1)
        wire.near.ip(PIN)
        thread.join(10)
        assert [change.kind.name for changes in results for change in changes] == ["ADDED"]


@pytest.mark.parametrize(("function", "expected"), [(iterate, "0 changes"), (read, "the watch was closed")])
def test_close_just_before_a_look_at_the_changes(
    monkeypatch: pytest.MonkeyPatch, function: Callable[[netio.NeighborWatch], str], expected: str
) -> None:
    """Bug: the look disarms the timer by which close() woke the wait that follows, which then never ends."""
    watch = netio.watch_neighbors()
    fetch, waits = watch._fetch, list[float | None]()

    def close_and_fetch() -> bool:
        closer = Thread(target=watch.close)
        closer.start()
        closer.join()
        return fetch()

    monkeypatch.setattr(watch, "_fetch", close_and_fetch)
    monkeypatch.setattr(watch, "_wait", waits.append)
    assert function(watch) == expected
    assert waits == []


@pytest.mark.parametrize(("function", "expected"), [(iterate, "0 changes"), (read, "the watch was closed")])
def test_close_ends_a_wait_in_another_thread(function: Callable[[netio.NeighborWatch], str], expected: str) -> None:
    before = descriptors()
    watch = netio.watch_neighbors()
    results: list[str] = []
    threads = [Thread(target=lambda: results.append(function(watch))) for _ in range(3)]
    for thread in threads:
        thread.start()
    sleep(0.2)
    begin = monotonic()
    watch.close()
    for thread in threads:
        thread.join(10)
    assert monotonic() - begin < 5
    assert results == [expected] * 3
    assert descriptors() == before


def test_close_by_a_signal_handler_that_interrupts_a_flooded_read() -> None:
    """Bug: the handler waits for the lock that its own thread holds, or frees the memory that the thread decodes."""
    netio.create_neighbors(storm.entries(storm.stable(), 1))
    with storm.in_process(storm.change_values):
        for attempt in range(20):
            watch = netio.watch_neighbors(socket.AF_INET)
            old = signal.signal(signal.SIGALRM, lambda *_, watch=watch: watch.close())
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.01 + attempt / 1000)
                with suppress(ValueError):
                    while True:
                        watch.read(1)
            finally:
                signal.signal(signal.SIGALRM, old)
            with pytest.raises(ValueError, match="closed"):
                watch.read(0)


def test_interrupted_read_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bug: changes that were read when a signal handler raised, and are not decoded yet, are lost."""

    class InterruptError(Exception):
        pass

    def interrupt(*_: object) -> None:
        raise InterruptError

    netio.create_neighbors(storm.entries(storm.stable(), 1))
    old = signal.signal(signal.SIGALRM, interrupt)
    try:
        with netio.watch_neighbors(socket.AF_INET) as watch:
            replay = Replay(watch, watch.table())
            netio.set_neighbors(storm.entries(storm.stable(), 2))
            refresh, interrupts = watch._names.refresh, 0

            def interrupted_refresh() -> None:
                """Runs between the read and the decoding."""
                signal.raise_signal(signal.SIGALRM)
                refresh()

            while len(replay.seen) < len(storm.stable()):
                with monkeypatch.context() as patch:
                    patch.setattr(watch._names, "refresh", interrupted_refresh)
                    try:
                        watch._fetch()
                    except InterruptError:
                        interrupts += 1
                replay.apply(watch.read(0))
            replay.check(family=socket.AF_INET)
            assert interrupts > 0
    finally:
        signal.signal(signal.SIGALRM, old)


def test_child_process_does_not_take_changes(wire: Wire) -> None:
    """Bug: after a fork both processes read the same queue, and each misses changes."""
    watch = netio.watch_neighbors()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            watch.read(0)
        except ValueError as error:
            status = 0 if "another process" in str(error) else 2
        with suppress(ValueError):
            watch.table()
            status = 3
        watch.close()
        os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    wire.near.ip(PIN)
    assert len(watch.read(5)) == 1
    watch.close()


def test_descriptor_is_readable_while_there_is_work(wire: Wire) -> None:
    """Bug: an event loop is not called for the rest of a RESYNC, or for an entry that is held back."""
    netio.create_neighbors(storm.entries(storm.stable(), 1))
    with netio.watch_neighbors(socket.AF_INET, receive_buffer=4096) as watch:
        replay = Replay(watch, watch.table())
        poller = select.poll()
        poller.register(watch.fileno(), select.POLLIN)
        assert poller.poll(0) == []
        netio.set_neighbors(storm.entries(storm.stable(), 2))
        wire.near.ip("neigh add 192.0.2.60 lladdr 02:00:5e:00:00:07 dev near0 nud reachable")
        wire.near.ip("neigh replace 192.0.2.60 dev near0 nud failed")
        while poller.poll(1000):
            replay.apply(watch.read(0))
        replay.check(family=socket.AF_INET)
        assert replay.kinds[netio.ChangeKind.RESYNC] > 0
        wire.near.ip("neigh replace 192.0.2.60 lladdr 02:00:5e:00:00:07 dev near0 nud reachable")
        wire.near.ip("neigh replace 192.0.2.60 dev near0 nud failed")
        while poller.poll(1000):
            replay.apply(watch.read(0))
        assert replay.seen[-1].neighbor is not None
        assert replay.seen[-1].neighbor.is_unreachable


def test_changes_in_a_task(wire: Wire) -> None:
    async def first() -> netio.NeighborChange:
        async with netio.watch_neighbors() as watch:
            asyncio.get_running_loop().call_later(0.1, wire.near.ip, PIN)
            async for change in watch:
                return change
        raise AssertionError

    before = descriptors()
    assert asyncio.run(asyncio.wait_for(first(), 10)).kind is netio.ChangeKind.ADDED
    assert descriptors() == before


def test_task_that_waits_is_cancelled_at_once() -> None:
    async def wait() -> float:
        watch = netio.watch_neighbors()
        task = asyncio.create_task(watch.__anext__())
        await asyncio.sleep(0.1)
        begin = monotonic()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        watch.close()
        return monotonic() - begin

    before = descriptors()
    assert asyncio.run(wait()) < 1
    assert descriptors() == before


def test_close_ends_an_iteration_in_a_task() -> None:
    async def wait() -> int:
        watch = netio.watch_neighbors()
        asyncio.get_running_loop().call_later(0.1, watch.close)
        return len([change async for change in watch])

    before = descriptors()
    assert asyncio.run(asyncio.wait_for(wait(), 10)) == 0
    assert descriptors() == before
