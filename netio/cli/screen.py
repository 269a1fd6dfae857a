# SPDX-License-Identifier: MIT
"""A terminal that shows one page at a time, and reads single keys. Restores the terminal at its end."""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from rich.control import Control
from rich.text import Text

from netio.cli.draw import console

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

# The modules for keys: each system has one of them.
_termios: Any
_msvcrt: Any
_termios, _msvcrt = (import_module(name) if find_spec(name) else None for name in ("termios", "msvcrt"))

# A wait for a key on Windows, where nothing can wait for keys and for changes.
_SLICE = 0.1


class Screen:
    """Shows pages on the alternate screen of the terminal, so that what was there before returns at the end."""

    def __init__(self) -> None:
        self._console = console()
        self._parts = ExitStack()
        self._keyboard: int | None = None

    def __enter__(self) -> Screen:
        with ExitStack() as parts:
            parts.enter_context(_terminable())
            self._keyboard = parts.enter_context(_keys())
            self._page = parts.enter_context(self._console.screen(hide_cursor=True))
            self._parts = parts.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.close()

    @property
    def size(self) -> tuple[int, int]:
        """The columns and lines of the terminal, which change with its window."""
        return self._console.size

    def show(self, lines: Sequence[Sequence[tuple[str, str]]]) -> None:
        """Shows a page: lines of texts with their styles. Longer lines are folded."""
        with self._console:  # one write, so that the page does not flicker
            self._console.control(Control.home())
            self._page.update(*(Text.assemble(*line, overflow="fold") for line in lines))

    def wait(self, seconds: float, descriptor: int = -1) -> str:
        """Waits for a key or until a descriptor is readable. Returns the key, or "" if none was pressed."""
        if _msvcrt is not None:
            return _key_on_windows(min(seconds, _SLICE))
        watched = [each for each in (self._keyboard, descriptor) if each is not None and each >= 0]
        ready, _, _ = select.select(watched, [], [], max(seconds, 0))
        if self._keyboard not in ready or self._keyboard is None:
            return ""
        key = os.read(self._keyboard, 1)
        if not key:  # the terminal was closed
            raise KeyboardInterrupt
        return key.decode("ascii", "replace")


@contextmanager
def _keys() -> Iterator[int | None]:
    """Makes the terminal pass on each key at once. Yields its descriptor, None if there is none to wait for."""
    if _termios is None or sys.stdin is None or not sys.stdin.isatty():
        yield None
        return
    keyboard = sys.stdin.fileno()
    before = _termios.tcgetattr(keyboard)
    changed = _termios.tcgetattr(keyboard)
    changed[3] &= ~(_termios.ICANON | _termios.ECHO)
    changed[6][_termios.VMIN], changed[6][_termios.VTIME] = 1, 0
    # A stopped process would leave the alternate screen and the hidden cursor to the shell.
    changed[6][_termios.VSUSP] = b"\0"
    try:
        _termios.tcsetattr(keyboard, _termios.TCSADRAIN, changed)
        yield keyboard
    finally:
        _termios.tcsetattr(keyboard, _termios.TCSADRAIN, before)


@contextmanager
def _terminable() -> Iterator[None]:
    """Lets SIGTERM restore the terminal."""

    def end(number: int, frame: FrameType | None) -> None:
        del frame
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _key_on_windows(seconds: float) -> str:
    until = monotonic() + seconds
    while not _msvcrt.kbhit():
        if monotonic() >= until:
            return ""
        sleep(0.01)
    key: str = _msvcrt.getwch()
    return key
