# SPDX-License-Identifier: MIT
"""The progress of long work, on stderr where that is a terminal. Only there rich is loaded."""

from __future__ import annotations

import sys
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    from rich.progress import ProgressColumn, Task
    from rich.text import Text

# On a narrower terminal the numbers need all the room.
_WIDTH_WITH_BAR = 60


@contextmanager
def progress(total: int, *, printing: bool = False) -> Iterator[Callable[[int, str], None]]:
    """Draws a bar, which is gone afterwards; gives a function that takes how many are done, and a word on them.

    Where lines are printed meanwhile, and to a terminal, they show the progress and there is no bar among them.
    """
    if not _is_terminal(sys.stderr) or (printing and _is_terminal(sys.stdout)):
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
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed or 0:,.0f}/s")

    numbers = [MofNCompleteColumn(), TextColumn("{task.description}"), Rate(), TimeRemainingColumn()]
    return [BarColumn(), *numbers] if width >= _WIDTH_WITH_BAR else numbers
