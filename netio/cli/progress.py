# SPDX-License-Identifier: MIT
"""The progress of long work, on stderr where that is a terminal. Only there rich is loaded."""

from __future__ import annotations

import math
import sys
from contextlib import contextmanager
from datetime import timedelta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    from rich.progress import ProgressColumn, Task
    from rich.text import Text

# On a narrower terminal the numbers need all the room.
_WIDTH_WITH_BAR = 60


@contextmanager
def progress(total: int, *, wanted: bool = True, printing: bool = False) -> Iterator[Callable[[int, str], None]]:
    """Draws a bar, which is gone afterwards; gives a function that takes how many are done, and a word on them.

    Where lines are printed meanwhile, and to a terminal, they show the progress and there is no bar among them.
    """
    if not wanted or not _is_terminal(sys.stderr) or (printing and _is_terminal(sys.stdout)):
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    bar = Progress(*_columns(console.width), console=console, transient=True)
    try:
        with bar:
            task = bar.add_task("", total=total)
            yield lambda done, word: bar.update(task, completed=done, description=word)
    finally:
        console.show_cursor()  # also where a Ctrl-C came while the bar was being set up


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _columns(width: int) -> list[ProgressColumn]:
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn
    from rich.text import Text

    class Pace(ProgressColumn):
        """The rate since the beginning, and the time that is left at it. rich's own follows each burst of answers."""

        def render(self, task: Task) -> Text:
            rate = task.completed / (task.elapsed or math.inf)
            left = timedelta(seconds=round((task.remaining or 0) / rate)) if rate else "-:--:--"
            return Text(f"{rate:,.0f}/s {left}")

    numbers = [MofNCompleteColumn(), TextColumn("{task.description}"), Pace()]
    return [BarColumn(), *numbers] if width >= _WIDTH_WITH_BAR else numbers
