# SPDX-License-Identifier: MIT
"""How much the functions of netio.aio delay the other tasks of an event loop, compared with an idle loop."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

from lab import Result
from resolving import FIRST_SILENT, INTERFACE, SILENT

import netio
from netio import aio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    # Occupies the event loop.
    Work = Callable[[], Awaitable[object]]

_TICK = 0.001
_IDLE_SECONDS = 3

# The changes of a flood, and the entries that change.
FLOOD, FLOODED = 100_000, 4_000


async def _delays(work: Work) -> list[float]:
    """Return how much later than requested the event loop ran a task that slept repeatedly, during some work."""
    delays: list[float] = []
    running = asyncio.ensure_future(work())
    while not running.done():
        start = perf_counter()
        await asyncio.sleep(_TICK)
        delays.append(perf_counter() - start - _TICK)
    await running
    return delays


async def _idle() -> None:
    await asyncio.sleep(_IDLE_SECONDS)


async def _resolve_silent() -> None:
    targets = [FIRST_SILENT + i for i in range(SILENT)]
    found = [error async for _, error in aio.resolve_neighbors(targets, interface=INTERFACE, max_in_flight=SILENT)]
    if len(found) != SILENT:
        raise RuntimeError("not every address has a result")
    netio.flush_neighbors(interface=INTERFACE)


# The last change of a flood.
_MARK = FIRST_SILENT + FLOODED


async def _flood() -> None:
    """Let ip(8) change entries in another process, and remove them."""
    changes = "".join(
        f"neigh replace {FIRST_SILENT + number} lladdr 02:00:5e:00:00:{turn:02x} dev {INTERFACE} nud permanent\n"
        for turn in range(FLOOD // FLOODED)
        for number in range(FLOODED + (turn == FLOOD // FLOODED - 1))
    )
    writer = await asyncio.create_subprocess_exec("ip", "-batch", "-", stdin=asyncio.subprocess.PIPE)
    await writer.communicate(changes.encode())


async def _watch_flood() -> None:
    """Follow more changes than the smallest receive buffer holds."""
    resyncs = 0
    async with aio.watch_neighbors(interface=INTERFACE, receive_buffer=1) as watch:
        writing = asyncio.ensure_future(_flood())
        async for change in watch:
            resyncs += change.kind is netio.ChangeKind.RESYNC
            if change.neighbor is not None and change.neighbor.address == _MARK:
                break
        await writing
        if resyncs == 0 or len(watch.table()) < FLOODED:
            raise RuntimeError("the watch was not flooded, or lost changes")


def _clean_up() -> None:
    """Remove the entries of the flood."""
    netio.delete_neighbors(netio.list_neighbors(interface=INTERFACE), missing_ok=True)


WAYS: dict[str, Work] = {
    "idle event loop": _idle,
    f"aio.resolve_neighbors(), {SILENT:,} silent": _resolve_silent,
    f"idle event loop beside {FLOOD:,} changes": _flood,
    f"aio.watch_neighbors(), {FLOOD:,} changes with RESYNC": _watch_flood,
}


def delays(rounds: int) -> list[Result]:
    """Measure the 99th percentile of the delay in each round."""
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, work in WAYS.items():
            found = sorted(asyncio.run(_delays(work)))
            _clean_up()
            seconds[way].append(found[len(found) * 99 // 100])
    idle = next(iter(seconds.values()))
    return [
        Result(way, found, [one / reference for one, reference in zip(found, idle, strict=True)])
        for way, found in seconds.items()
    ]
