# SPDX-License-Identifier: MIT
"""Event loops of each kind, and what they leave behind."""

from __future__ import annotations

import asyncio
import gc
import threading
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import uvloop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


class Run(Protocol):
    """Runs a coroutine to its end."""

    def __call__(self, main: Coroutine[Any, Any, Any], /) -> Any: ...  # noqa: ANN401


def runner_of(kind: str) -> Run:
    """Returns a function that runs a coroutine on a new event loop of a kind."""

    def run(main: Coroutine[Any, Any, Any], /) -> Any:  # noqa: ANN401
        with asyncio.Runner(debug=True, loop_factory=LOOPS[kind]) as runner:
            return runner.run(main)

    return run


def open_files() -> int:
    """Returns the number of open descriptors."""
    return len(list(Path("/proc/self/fd").iterdir()))


def _readers() -> int:
    """Returns the number of descriptors for which the event loop waits; 0 of uvloop, which does not show them."""
    selector = getattr(asyncio.get_running_loop(), "_selector", None)
    return 0 if selector is None else len(selector.get_map())


@asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    """Asserts that the block leaves no descriptor, reader, task or thread behind, also none that ends later."""
    gc.disable()
    before = open_files(), _readers(), asyncio.all_tasks(), threading.enumerate()
    try:
        yield
        assert (open_files(), _readers(), asyncio.all_tasks(), threading.enumerate()) == before
    finally:
        gc.enable()
