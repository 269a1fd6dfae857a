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


WAYS: dict[str, Work] = {
    "idle event loop": _idle,
    f"aio.resolve_neighbors(), {SILENT:,} silent": _resolve_silent,
}


def delays(rounds: int) -> list[Result]:
    """Measure the 99th percentile of the delay in each round."""
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, work in WAYS.items():
            found = sorted(asyncio.run(_delays(work)))
            seconds[way].append(found[len(found) * 99 // 100])
    idle = next(iter(seconds.values()))
    return [
        Result(way, found, [one / reference for one, reference in zip(found, idle, strict=True)])
        for way, found in seconds.items()
    ]
