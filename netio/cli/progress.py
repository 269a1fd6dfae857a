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
def progress(
    total: int, *, wanted: bool = True, printing: bool = False, time_left: Callable[[bool], str] | None = None
) -> Iterator[Callable[[int, str], None]]:
    """Shows a bar while the context lasts. Yields a function that updates the number of completed items and a text.

    There is no bar if `printing` is set and stdout is a terminal: the printed lines show the progress there, and a bar
    would break them. `time_left` returns the text for the time left, in a short form if its argument is set; without
    it the mean rate is shown, and the time left at that rate.
    """
    if not wanted or not _is_terminal(sys.stderr) or (printing and _is_terminal(sys.stdout)):
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    with_bar = console.width >= _WIDTH_WITH_BAR
    columns = _columns(time_left, with_bar=with_bar)
    bar = Progress(*columns, console=console, transient=True, expand=with_bar)
    try:
        with bar:
            task = bar.add_task("", total=total)
            yield lambda done, text: bar.update(task, completed=done, description=text)
    finally:
        console.show_cursor()  # a Ctrl-C while rich starts the bar would leave the cursor hidden


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _columns(time_left: Callable[[bool], str] | None, *, with_bar: bool) -> list[ProgressColumn]:
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn
    from rich.text import Text

    class TimeLeft(ProgressColumn):
        """The time left. rich's own column shows the rate of bursts."""

        def render(self, task: Task) -> Text:
            return Text(_time_at_mean_rate(task) if time_left is None else time_left(not with_bar), no_wrap=True)

    numbers = [MofNCompleteColumn(), TextColumn("{task.description}"), TimeLeft()]
    return [BarColumn(bar_width=None), *numbers] if with_bar else numbers


def _time_at_mean_rate(task: Task) -> str:
    rate = task.completed / (task.elapsed or math.inf)
    left = timedelta(seconds=round((task.remaining or 0) / rate)) if rate else "-:--:--"
    return f"{rate:,.0f}/s {left}"
