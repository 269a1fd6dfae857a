# SPDX-License-Identifier: MIT
"""The functions of netio that wait, for asyncio: resolving and watching, without a thread on Linux.

>>> import asyncio
>>> from netio import aio
>>> asyncio.run(aio.resolve_neighbor("192.0.2.2", interface="eth0")).physical_address
PhysicalAddress('02:00:00:00:00:02')

They take the arguments of the functions of the same names in `netio`, return the same results and raise the same
errors. `watch_neighbors` is that of `netio`, whose NeighborWatch is an asynchronous iterator and context manager. They
work with every event loop that has `add_reader()`, uvloop's too. On Windows a thread waits for a resolver.

All other functions of netio return at once and need no counterpart: call `netio.get_neighbor()` and the functions that
write an entry directly, which takes less time than a change of threads. A large table is different: call
`await asyncio.to_thread(netio.list_neighbors)`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from typing import Any

from netio._event_loop import Wait
from netio._resolve import CHUNK, Resolving
from netio._types import Address, InterfaceLike, Neighbor
from netio._watch import watch_neighbors
from netio.errors import NetioError

__all__ = ["ResolvedNeighbors", "resolve_neighbor", "resolve_neighbors", "watch_neighbors"]


def resolve_neighbor(
    address: Address,
    *,
    interface: InterfaceLike | None = None,
    source: Address | None = None,
    timeout: float | None = None,
    keep: bool = False,
) -> Coroutine[Any, Any, Neighbor]:
    """Probe an address, wait for the reply, and return the entry, as netio.resolve_neighbor() does.

    >>> asyncio.run(aio.resolve_neighbor("192.0.2.2", timeout=5)).state.name
    'REACHABLE'

    Cancelling the call ends it at once and leaves no task, descriptor or thread behind. The kernel continues to probe,
    and the table keeps the entry until the kernel removes it. The network namespace is the one in which the
    function is called, not the one in which its result is awaited.

    Args:
        address: As for netio.resolve_neighbor().
        interface: As for netio.resolve_neighbor().
        source: As for netio.resolve_neighbor().
        timeout: As for netio.resolve_neighbor().
        keep: As for netio.resolve_neighbor().

    Raises:
        InterfaceNotFoundError: As netio.resolve_neighbor() does; likewise the errors below.
        InvalidParameterError: An argument is invalid.
        NotSupportedError: The system or the interface has no stack for the family; on Windows keep is true.
        TableFullError: The kernel's table has no room for another dynamic entry.
        TypeError: An argument has another type.
        UnreachableError: No reply arrived within the timeout, or the address is not on-link.

    Windows: ResolveIpNetEntry2. Linux: RTM_NEWNEIGH with NTF_USE, or an empty UDP datagram; RTNLGRP_NEIGH.
    """
    return _only_answer(
        resolve_neighbors([address], interface=interface, source=source, timeout=timeout, keep=keep, max_in_flight=1)
    )


def resolve_neighbors(
    addresses: Iterable[Address],
    *,
    interface: InterfaceLike | None = None,
    source: Address | None = None,
    timeout: float | None = None,
    keep: bool = False,
    max_in_flight: int = 256,
) -> ResolvedNeighbors:
    """Probe many addresses in a sliding window, as netio.resolve_neighbors() does.

    >>> async def states(addresses: list[str]) -> list[str]:
    ...     return [answer.state.name async for _, answer in aio.resolve_neighbors(addresses)]
    >>> asyncio.run(states(["192.0.2.2"]))
    ['REACHABLE']

    Other tasks of the event loop run after at most 64 addresses or results. The first result that is awaited starts to
    probe. The network namespace is the one in which the function is called.

    Args:
        addresses: As for netio.resolve_neighbors(): an ordinary iterable, not an asynchronous one.
        interface: As for netio.resolve_neighbors().
        source: As for netio.resolve_neighbors().
        timeout: As for netio.resolve_neighbors().
        keep: As for netio.resolve_neighbors().
        max_in_flight: As for netio.resolve_neighbors().

    Raises:
        InvalidParameterError: interface, source, timeout or max_in_flight is invalid. An error of a single address is
            yielded as NetioError.
        NotSupportedError: keep is true on Windows.
        TypeError: An argument has another type. For an address of another type the iterator raises it.

    Windows: ResolveIpNetEntry2. Linux: RTM_NEWNEIGH with NTF_USE, or an empty UDP datagram; RTNLGRP_NEIGH.
    """
    resolving = Resolving(
        addresses, interface=interface, source=source, timeout=timeout, keep=keep, max_in_flight=max_in_flight
    )
    results = object.__new__(ResolvedNeighbors)
    results._start(resolving)
    return results


class ResolvedNeighbors(AsyncIterator[tuple[Address, Neighbor | NetioError]]):
    """The results of resolve_neighbors(), an asynchronous iterator.

    It holds its sockets until the last result, until aclose(), or until the last reference to it disappears, as after
    a `break`. If the task that awaits a result is cancelled, no result is lost: iteration can continue.
    """

    __slots__ = ("_resolving", "_steps", "_wait", "_without_pause")

    def __init__(self) -> None:
        raise TypeError("ResolvedNeighbors cannot be created directly; resolve_neighbors() returns it")

    def _start(self, resolving: Resolving) -> None:
        self._resolving = resolving
        self._steps = resolving.steps(block=False)
        self._wait = Wait()
        self._without_pause = 0  # results since the event loop last ran other tasks

    def __aiter__(self) -> ResolvedNeighbors:
        return self

    async def __anext__(self) -> tuple[Address, Neighbor | NetioError]:
        self._wait.check_free()
        if self._without_pause >= CHUNK:
            await self._pause(0)
        for step in self._steps:
            if not isinstance(step, float):
                self._without_pause += 1
                return step
            await self._pause(step)
        raise StopAsyncIteration

    async def _pause(self, seconds: float) -> None:
        self._without_pause = 0
        if seconds == 0:
            await asyncio.sleep(0)
        elif (descriptor := self._resolving.fileno()) >= 0:
            await self._wait.until_readable(descriptor, seconds)
        else:
            await self._wait.until_true(self._resolving.waiter(), seconds)

    async def aclose(self) -> None:
        """End the iteration and close its sockets at once. A task that awaits a result gets StopAsyncIteration."""
        self._wait.end()
        self._steps.close()


async def _only_answer(results: ResolvedNeighbors) -> Neighbor:
    try:
        _, answer = await anext(results)
    finally:
        await results.aclose()
    if isinstance(answer, NetioError):
        answer.position = None
        raise answer
    return answer
