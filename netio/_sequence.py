# SPDX-License-Identifier: MIT
"""The methods of a sequence and the text that every table of entries has. Pure functions of the entries."""

from __future__ import annotations

from types import GenericAlias

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import ClassVar, Generic, Self, SupportsIndex, TypeVar, overload

    Entry = TypeVar("Entry")
else:
    Entry = None

    class Generic:  # netio does not import typing, which takes longer than netio itself
        """Accepts a type parameter and ignores it."""

        __slots__ = ()
        __class_getitem__ = classmethod(GenericAlias)


# Entries that str() of a table shows.
_SHOWN = 10


def _printable(cell: str) -> str:
    # An interface name can hold any character: none of them may start a line or control a terminal.
    return cell if cell.isprintable() else ascii(cell)[1:-1]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# Neither a subclass of collections.abc.Sequence nor registered as one: data frame libraries test for that first and
# then read the table row by row.
class TableSequence(Generic[Entry]):
    """An immutable sequence of entries. A subclass adds length, items, slices, iteration, and the cells of its text."""

    __slots__ = ()

    _heading: ClassVar[tuple[str, ...]]

    if TYPE_CHECKING:

        def __len__(self) -> int: ...
        def __iter__(self) -> Iterator[Entry]: ...
        @overload
        def __getitem__(self, place: SupportsIndex) -> Entry: ...
        @overload
        def __getitem__(self, place: slice) -> Self: ...
        def __getitem__(self, place: SupportsIndex | slice) -> Entry | Self: ...
        def _cells(self, entry: Entry) -> tuple[str, ...]: ...

    def __reversed__(self) -> Iterator[Entry]:
        return iter(self[::-1])

    def __contains__(self, row: object) -> bool:
        return any(row == one for one in self)

    def index(self, row: object, start: int = 0, stop: int | None = None) -> int:
        """Return the first position of a row, between start and stop if they are given.

        Raises:
            ValueError: The row is not in the table.
        """
        for place in range(len(self))[start:stop]:
            if self[place] == row:
                return place
        raise ValueError(f"{row!r} is not in the table")

    def count(self, row: object) -> int:
        """Return how often a row occurs."""
        return sum(row == one for one in self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return len(self) == len(other) and all(row == twin for row, twin in zip(self, other, strict=True))

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} rows>"

    def __str__(self) -> str:
        lines = [self._heading, *self._shown()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        texts = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
        return "\n".join([*texts, *self._rest()])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{title}</th>" for title in self._heading)
        rows = "".join(
            "<tr>" + "".join(f"<td>{_escaped(cell)}</td>" for cell in cells) + "</tr>" for cells in self._shown()
        )
        rest = "".join(f"<p>{text}</p>" for text in self._rest())
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{rest}"

    def _shown(self) -> list[tuple[str, ...]]:
        return [tuple(map(_printable, self._cells(entry))) for entry in self[:_SHOWN]]

    def _rest(self) -> list[str]:
        """Returns a line about the entries that are not shown, if there are any."""
        return [f"... {len(self) - _SHOWN:,} more"] if len(self) > _SHOWN else []
