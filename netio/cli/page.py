# SPDX-License-Identifier: MIT
"""The page that the live view of watch shows: a summary, and the entries that fit with their marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netio.cli.columns import READ
from netio.cli.draw import entry_lines
from netio.cli.live_table import Mark

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from netio import Neighbor
    from netio.cli.columns import Result
    from netio.cli.draw import Line
    from netio.cli.live_table import LiveTable
    from netio.cli.vendor import Vendors

_STYLES = {Mark.NONE: "", Mark.NEW: "green", Mark.CHANGED: "yellow", Mark.GONE: "red"}
_MEANINGS = {Mark.NEW: "new", Mark.CHANGED: "changed", Mark.GONE: "gone"}


def page(
    table: LiveTable, width: int, height: int, vendors: Vendors | None, order: Callable[[Neighbor], Any]
) -> list[Line]:
    """Returns the lines of a page, which fill the terminal at most."""
    rows = table.rows(height, order)
    lines: list[Line] = []
    while True:
        shown: list[Result] = [(row.entry.address, row.entry) for row in rows]
        heading, *entries = entry_lines(shown, vendors, READ, width - 2)
        lines = [[("  ", ""), *heading]]
        lines += [
            [(f"{row.mark.value} ", _STYLES[row.mark]), *_gone(parts, row.mark)]
            for row, parts in zip(rows, entries, strict=True)
        ]
        hidden = table.counts().total() - len(rows)
        page = [_summary(table, width), *lines, *([[(f"  {hidden:,} more", "dim")]] if hidden else [])]
        too_many = sum(_height(line, width) for line in page) - height
        if too_many <= 0 or not rows:
            return page
        rows = table.rows(len(rows) - max(1, too_many // max(_height(line, width) for line in lines)), order)


def _gone(parts: Line, mark: Mark) -> Line:
    """Dims the entry if it is gone."""
    return [(text, "dim") for text, _ in parts] if mark is Mark.GONE else parts


def _height(line: Line, width: int) -> int:
    """Returns the lines of the terminal that a line takes."""
    from rich.cells import cell_len

    return max(1, -(-sum(cell_len(text) for text, _ in line) // width))


def _summary(table: LiveTable, width: int) -> Line:
    counts = table.counts()
    present = counts.total() - counts[Mark.GONE]
    entries = f"{present:,} {'entry' if present == 1 else 'entries'}"
    resyncs = [f"{table.resyncs:,} RESYNC"] if table.resyncs else []
    long = [f"{counts[mark]:,} {word} ({mark.value})" for mark, word in _MEANINGS.items()]
    short = [f"{mark.value}{counts[mark]:,}" for mark in _MEANINGS]
    text = ", ".join([entries, *long, *resyncs]) + "; q ends"
    if len(text) > width:
        text = " ".join([entries, *short, *resyncs, "q ends"])
    return [(text, "bold")]
