# SPDX-License-Identifier: MIT
"""The entries that the live view of watch shows, with marks for recent changes. Without a clock and a terminal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from netio import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from netio import Neighbor, NeighborChange

# How long a change is marked, and a removed entry is still shown.
MARK_SECONDS = 10.0


class Mark(Enum):
    """How an entry changed recently. The value is the sign in front of it."""

    NONE = " "
    NEW = "+"
    CHANGED = "*"
    GONE = "-"


@dataclass(slots=True)
class Row:
    """An entry as it is shown."""

    entry: Neighbor
    mark: Mark = Mark.NONE
    until: float = 0.0  # the end of the mark


class LiveTable:
    """The entries of a watch.

    Args:
        entries: The entries at the beginning.
        is_shown: Whether an entry is shown. One that no longer is counts as gone.
    """

    def __init__(self, entries: Iterable[Neighbor], is_shown: Callable[[Neighbor], bool]) -> None:
        self._is_shown = is_shown
        self._rows = {_key(entry): Row(entry) for entry in entries if is_shown(entry)}
        self.resyncs: int = 0

    def apply(self, change: NeighborChange, now: float) -> None:
        """Takes over a change."""
        entry = change.neighbor
        if entry is None:
            self.resyncs += 1
            return
        row = self._rows.get(_key(entry))
        if change.kind is not ChangeKind.REMOVED and self._is_shown(entry):
            # An entry that returns while it is shown as gone, as after a probe that replaces it, has changed.
            new = row is None or row.mark is Mark.NEW
            self._rows[_key(entry)] = Row(entry, Mark.NEW if new else Mark.CHANGED, now + MARK_SECONDS)
        elif row is not None and row.mark is not Mark.GONE:
            row.mark, row.until = Mark.GONE, now + MARK_SECONDS

    def expire(self, now: float) -> None:
        """Removes the marks, and the entries that are gone, after their time."""
        for key, row in list(self._rows.items()):
            if row.mark is Mark.NONE or now < row.until:
                continue
            if row.mark is Mark.GONE:
                del self._rows[key]
            else:
                row.mark = Mark.NONE

    def rows(self, most: int, order: Callable[[Neighbor], Any]) -> list[Row]:
        """Returns the rows that fit, in their order. Marked ones have precedence."""
        by_order = sorted(self._rows.values(), key=lambda row: order(row.entry))
        kept = sorted(by_order, key=lambda row: row.mark is Mark.NONE)[: max(most, 0)]
        chosen = set(map(id, kept))
        return [row for row in by_order if id(row) in chosen]

    def counts(self) -> Counter[Mark]:
        """Returns the number of rows with each mark."""
        return Counter(row.mark for row in self._rows.values())


def _key(entry: Neighbor) -> tuple[object, int]:
    """The interface may be renamed, so its index counts."""
    return entry.address, entry.interface_index
