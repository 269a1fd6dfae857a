# SPDX-License-Identifier: MIT
"""The waits of tasks in an event loop. Imports asyncio, so it is imported by asynchronous code only."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable

_INFINITY = float("inf")


class Wait:
    """The wait of one task, for a descriptor or for a function that blocks. Nothing of it remains when it ends."""

    __slots__ = ("_end",)

    def __init__(self) -> None:
        self._end: Callable[[], None] | None = None

    def check_free(self) -> None:
        """Raises RuntimeError if a task is waiting."""
        if self._end is not None:
            raise RuntimeError("another task is waiting")

    async def until_readable(self, descriptor: int, seconds: float = _INFINITY) -> None:
        """Waits until the descriptor is readable, for this time at most."""
        loop = asyncio.get_running_loop()
        woken = loop.create_future()
        loop.add_reader(descriptor, _wake, woken)
        await self._until(woken, seconds, lambda: loop.remove_reader(descriptor))

    async def until_true(self, blocking: Callable[[], bool], seconds: float) -> None:
        """Waits until the function returns true, for this time at most. A thread calls it repeatedly."""
        loop = asyncio.get_running_loop()
        woken = loop.create_future()
        ended = Event()

        def work() -> None:
            while not ended.is_set():
                if blocking():
                    with suppress(RuntimeError):  # the loop is closed
                        loop.call_soon_threadsafe(_wake, woken)
                    return

        Thread(target=work, name="netio.aio", daemon=True).start()
        await self._until(woken, seconds, ended.set)

    async def _until(self, woken: Future[None], seconds: float, undo: Callable[[], object]) -> None:
        timer = woken.get_loop().call_later(seconds, _wake, woken) if seconds < _INFINITY else None

        def end() -> None:
            self._end = None
            undo()
            if timer is not None:
                timer.cancel()
            _wake(woken)

        self._end = end
        try:
            await woken
        finally:
            if self._end is end:
                end()

    def end(self) -> None:
        """Ends the wait, if there is one. Its task continues."""
        if self._end is not None:
            self._end()


def _wake(woken: Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
