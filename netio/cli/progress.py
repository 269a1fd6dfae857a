# SPDX-License-Identifier: MIT
"""The progress bar, on stderr if that is a terminal. rich is imported only then."""

from __future__ import annotations

import math
import sys
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    from rich.progress import ProgressColumn, Task
    from rich.text import Text

# Narrower terminals show the numbers without the bar.
_WIDTH_WITH_BAR = 60


@contextmanager
def progress(total: int, *, wanted: bool = True, printing: bool = False) -> Iterator[Callable[[int, str], None]]:
    """Shows a bar while the context lasts. Yields a function that updates the number of completed items and a text.

    There is no bar if `printing` is set and stdout is a terminal: the printed lines show the progress there, and a bar
    would break them.
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
            yield lambda done, text: bar.update(task, completed=done, description=text)
    finally:
        console.show_cursor()  # a Ctrl-C while rich starts the bar would leave the cursor hidden


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _columns(width: int) -> list[ProgressColumn]:
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """The mean rate since the start, and the time left at that rate. rich's own column shows the rate of bursts."""

        def render(self, task: Task) -> Text:
            rate = task.completed / (task.elapsed or math.inf)
            left = timedelta(seconds=round((task.remaining or 0) / rate)) if rate else "-:--:--"
            return Text(f"{rate:,.0f}/s {left}")

    numbers = [MofNCompleteColumn(), TextColumn("{task.description}"), Rate()]
    return [BarColumn(), *numbers] if width >= _WIDTH_WITH_BAR else numbers
