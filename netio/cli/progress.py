# SPDX-License-Identifier: MIT
"""The progress of long work, on stderr where that is a terminal."""

from __future__ import annotations

from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Task


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f}/s")


@contextmanager
def progress(total: int) -> Iterator[Callable[[int, str], None]]:
    """Draws a bar, which is gone afterwards; gives a function that takes how many are done, and a word on them."""
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), _Rate(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total)
        yield lambda done, word: bar.update(task, completed=done, description=word)
