# SPDX-License-Identifier: MIT
"""A watch in an event loop: tasks that await changes, are cancelled, or close it, and a flood of changes."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from contextlib import suppress
from ipaddress import IPv4Address
from itertools import islice
from typing import TYPE_CHECKING

import pytest

import netio
from netio import ChangeKind, Neighbor, NeighborChange, NeighborWatch, aio
from netio._native import lib
from netlab.loops import nothing_left
from netlab.replay import Replay
from netlab.wire import FAR_IP4, FAR_MAC

if TYPE_CHECKING:
    from netlab.loops import Run
    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"
HOST, OTHER = "192.0.2.7", "192.0.2.8"


def shown(changes: list[NeighborChange]) -> list[tuple[str, str]]:
    return [(str(change.kind), "" if change.neighbor is None else str(change.neighbor.address)) for change in changes]


async def taken(watch: NeighborWatch, count: int) -> list[NeighborChange]:
    return [await anext(watch) for _ in range(count)]


@pytest.mark.usefixtures("wire")
def test_changes_wake_the_task(run: Run) -> None:
    """Bug: the event loop does not notice a change, or the watch needs a thread."""

    async def main() -> None:
        async with nothing_left():
            async with aio.watch_neighbors(interface="near0") as watch:
                waiting = asyncio.create_task(taken(watch, 2))
                await asyncio.sleep(0.05)
                netio.create_neighbor(HOST, MAC, interface="near0")
                netio.delete_neighbor(HOST, interface="near0")
                assert shown(await waiting) == [("ADDED", HOST), ("REMOVED", HOST)]
            del waiting

    run(main())


@pytest.mark.usefixtures("wire")
def test_break_and_the_end_of_the_block_leave_nothing(run: Run) -> None:
    """Bug: after a break the event loop keeps the descriptor, or the block does not close the watch."""

    async def main() -> None:
        netio.create_neighbor(HOST, MAC, interface="near0")
        async with nothing_left():
            async with aio.watch_neighbors(initial=True) as watch:
                async for _ in watch:
                    break
            assert len([change async for change in watch]) <= lib.NETIO_WATCH_ROOM  # those that were read ahead
            with pytest.raises(ValueError, match="closed"):
                watch.read(0)
            del watch
        async with nothing_left():
            async for _ in aio.watch_neighbors(initial=True):
                break

    run(main())


@pytest.mark.usefixtures("wire")
def test_cancellation_at_every_await_loses_no_change(run: Run) -> None:
    """Bug: a cancelled task keeps its reader, or takes a change with it."""

    async def main() -> None:
        async with nothing_left():
            async with aio.watch_neighbors(interface="near0") as watch:
                found: list[NeighborChange] = []

                async def collect() -> None:
                    async for change in watch:
                        found.append(change)  # noqa: PERF401 - the changes before a cancel count

                for turns in range(12):
                    collecting = asyncio.create_task(collect())
                    for turn in range(turns):
                        if turn == turns // 2:
                            netio.replace_neighbor(HOST, f"02:00:5e:00:00:{turns:02x}", interface="near0")
                        await asyncio.sleep(0)
                    collecting.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await collecting
                netio.create_neighbor(OTHER, MAC, interface="near0")
                while not found or str(found[-1].neighbor and found[-1].neighbor.address) != OTHER:
                    found.append(await anext(watch))
                del collecting, collect
            assert [str(change.neighbor and change.neighbor.physical_address) for change in found] == [
                *(f"02:00:5e:00:00:{turns:02x}" for turns in range(1, 12)),
                MAC,
            ]

    run(main())


@pytest.mark.parametrize("by", ["task", "thread"])
@pytest.mark.usefixtures("wire")
def test_close_ends_the_iteration(run: Run, by: str) -> None:
    """Bug: a task waits for ever for a watch that is closed, or its descriptor is closed while the loop polls it."""

    async def main() -> None:
        async with nothing_left():
            watch = aio.watch_neighbors()
            waiting = asyncio.create_task(taken(watch, 1))
            await asyncio.sleep(0.05)
            if by == "task":
                watch.close()
            else:
                closing = threading.Thread(target=watch.close)
                closing.start()
                closing.join()
                del closing
            with suppress(StopAsyncIteration, RuntimeError):  # a coroutine turns the former into the latter
                await asyncio.wait_for(waiting, 10)
            assert waiting.done()
            del waiting, watch

    run(main())


@pytest.mark.usefixtures("wire")
def test_second_task_is_rejected(run: Run) -> None:
    """Bug: the second task that awaits the same watch replaces the reader of the first, which then waits for ever."""

    async def main() -> None:
        async with aio.watch_neighbors(interface="near0") as watch:
            first = asyncio.create_task(taken(watch, 1))
            await asyncio.sleep(0.05)
            with pytest.raises(RuntimeError, match="another task is waiting"):
                await anext(watch)
            netio.create_neighbor(HOST, MAC, interface="near0")
            assert shown(await asyncio.wait_for(first, 10)) == [("ADDED", HOST)]

    run(main())


def test_removed_interface_ends_the_iteration(wire: Wire, run: Run) -> None:
    """Bug: the watch of an interface that is removed never returns."""
    wire.near.ip("link add name gone0 type bridge", "link set gone0 up")

    async def main() -> None:
        async with nothing_left():
            async with aio.watch_neighbors(interface="gone0") as watch:
                wire.near.ip("link del gone0")
                with pytest.raises(netio.InterfaceNotFoundError):
                    await asyncio.wait_for(taken(watch, 1000), 10)
            del watch

    run(main())


@pytest.mark.usefixtures("wire")
def test_flood_does_not_keep_the_loop(run: Run) -> None:
    """Bug: RESYNC reads the whole table, or reports all differences, before other tasks run."""
    count = 3000
    rows = [Neighbor(IPv4Address("10.0.0.1") + i, MAC, interface="near0") for i in range(count)]
    turn = 0
    kinds: Counter[ChangeKind] = Counter()
    turns: Counter[int] = Counter()

    async def count_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    async def main() -> None:
        async with nothing_left():
            async with aio.watch_neighbors(interface="near0", receive_buffer=16384) as watch:
                replay = Replay(watch, watch.table())
                expected = len(replay.entries) + count - 100
                netio.create_neighbors(rows)
                netio.delete_neighbors(islice(rows, 100))
                counting = asyncio.create_task(count_turns())
                async with asyncio.timeout(20):
                    while len(replay.entries) < expected or len(watch.table()) != expected:
                        replay.apply([await anext(watch)])
                        turns[turn] += 1
                counting.cancel()
                with suppress(asyncio.CancelledError):
                    await counting
                replay.check(interface="near0")
                kinds.update(replay.kinds)
            del counting, watch, replay

    run(main())

    assert ChangeKind.RESYNC in kinds
    assert max(turns.values()) <= lib.NETIO_WATCH_ROOM
    assert len(turns) > (count - 100) / lib.NETIO_WATCH_ROOM
    netio.delete_neighbors(rows, missing_ok=True)


@pytest.mark.usefixtures("wire")
def test_resolve_beside_a_watch(run: Run) -> None:
    """Bug: two descriptors of netio in one event loop disturb each other."""

    async def main() -> None:
        async with nothing_left():
            async with aio.watch_neighbors(interface="near0") as watch:
                waiting = asyncio.create_task(taken(watch, 1))
                assert (await aio.resolve_neighbor(FAR_IP4)).physical_address == FAR_MAC
                (change,) = await waiting
                assert change.neighbor is not None
                assert str(change.neighbor.address) == FAR_IP4
            del waiting, watch

    run(main())
