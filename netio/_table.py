# SPDX-License-Identifier: MIT
"""NeighborTable: the entries of the system's table, over the memory that it was read into."""

from __future__ import annotations

from netio._arrow import arrow_schema, arrow_stream, row_dtype
from netio._codec import ROW_SIZE, unpack
from netio._native import ffi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, ClassVar, SupportsIndex, TypeAlias, overload

    import numpy

    from netio._native import CData
    from netio._types import Neighbor

    _Array: TypeAlias = numpy.ndarray[Any, Any]
else:
    _Array = object  # NumPy is optional, and imported on first use


_FLAGS_OFFSET = ffi.offsetof("MIB_IPNET_ROW2", "Flags")

# Entries that str() of a table shows, and their columns.
_SHOWN = 10
_HEADING = ("ADDRESS", "PHYSICAL ADDRESS", "INTERFACE", "STATE")


def _cells_of(entry: Neighbor) -> tuple[str, ...]:
    cells = (str(entry.address), entry.physical_address or "-", entry.interface, str(entry.state))
    # An interface name can hold any character: none of them may start a line or control a terminal.
    return tuple(cell if cell.isprintable() else ascii(cell)[1:-1] for cell in cells)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# Neither a subclass of collections.abc.Sequence nor registered as one: data frame libraries test for that first and
# then read the table row by row.
class NeighborTable:
    """An immutable sequence of Neighbor, returned by list_neighbors().

    print(table) shows the first entries, and notebooks show them as an HTML table.

    Each access decodes a row again: the values are equal, not identical. Slices share the memory, which is freed with
    the last of them. Threads may read concurrently. A pattern such as `case [first, *_]` matches lists and tuples:
    write `match list(table)`.

    pyarrow.table(table), polars.DataFrame(table), pandas.DataFrame.from_arrow(table), a query of duckdb and every other
    consumer of Arrow streams get one column for each field of Neighbor, with text for the addresses. That needs
    nanoarrow: `pip install "netioapi[arrow]"`. pandas.DataFrame(table) has the same columns without it, but decodes
    every row. to_numpy() is the memory itself.

    Windows: MIB_IPNET_TABLE2.
    """

    __slots__ = ("_names", "_positions", "_rows")

    _rows: memoryview  # all rows of the block
    _positions: range  # the rows of this table
    _names: dict[int, tuple[str, str]]  # name and IPv6 scope of each interface that occurs

    def __init__(self) -> None:
        raise TypeError("a NeighborTable cannot be created directly; list_neighbors() returns one")

    def __len__(self) -> int:
        return len(self._positions)

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, place: SupportsIndex) -> Neighbor: ...
        @overload
        def __getitem__(self, place: slice) -> NeighborTable: ...

    def __getitem__(self, place: SupportsIndex | slice) -> Neighbor | NeighborTable:
        positions = self._positions[place]
        if isinstance(positions, range):
            return _table(self._rows, positions, self._names)
        return next(unpack(self._rows[positions * ROW_SIZE : (positions + 1) * ROW_SIZE], self._names))

    def __iter__(self) -> Iterator[Neighbor]:
        if self._positions.step == 1:
            yield from unpack(self._native_rows(), self._names)
        else:
            yield from (self[place] for place in range(len(self)))

    def __reversed__(self) -> Iterator[Neighbor]:
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
        if not isinstance(other, NeighborTable):
            return NotImplemented
        return len(self) == len(other) and all(row == twin for row, twin in zip(self, other, strict=True))

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<NeighborTable of {len(self)} rows>"

    def __str__(self) -> str:
        lines = [_HEADING, *map(_cells_of, self[:_SHOWN])]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        texts = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
        return "\n".join([*texts, *self._rest()])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{title}</th>" for title in _HEADING)
        rows = "".join(
            "<tr>" + "".join(f"<td>{_escaped(cell)}</td>" for cell in _cells_of(entry)) + "</tr>"
            for entry in self[:_SHOWN]
        )
        rest = "".join(f"<p>{text}</p>" for text in self._rest())
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{rest}"

    def _rest(self) -> list[str]:
        """Returns a line about the entries that are not shown, if there are any."""
        return [f"... {len(self) - _SHOWN:,} more"] if len(self) > _SHOWN else []

    def __reduce__(self) -> tuple[Callable[..., NeighborTable], tuple[bytes, dict[int, tuple[str, str]]]]:
        return _restore, (bytes(self._native_rows()), self._names)

    # Not __array__: pandas.DataFrame() prefers it to the fields of the rows, and cannot use a structured array.
    def to_numpy(self) -> _Array:
        """Return an array on the same memory, read-only, with the members of MIB_IPNET_ROW2 as fields.

        Raises:
            ModuleNotFoundError: NumPy is not installed.
        """
        from numpy import ndarray

        positions = self._positions
        first = positions.start * ROW_SIZE if positions else 0
        return ndarray(len(self), row_dtype(), self._rows, first, (positions.step * ROW_SIZE,))

    def __arrow_c_schema__(self) -> object:
        return arrow_schema().__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        stream = arrow_stream(self._native_rows(), self._names)
        return stream.__arrow_c_stream__(requested_schema)

    def _native_rows(self) -> memoryview:
        """Returns the rows as contiguous MIB_IPNET_ROW2: a view if they are contiguous in memory, else a copy."""
        first, count = self._positions.start * ROW_SIZE, len(self) * ROW_SIZE
        if self._positions.step == 1:
            return self._rows[first : first + count]
        return memoryview(b"".join(self._rows[p * ROW_SIZE : (p + 1) * ROW_SIZE] for p in self._positions))


def _table(rows: memoryview, positions: range, names: dict[int, tuple[str, str]]) -> NeighborTable:
    table = object.__new__(NeighborTable)
    table._rows, table._positions, table._names = rows, positions, names
    return table


def row_flags(table: NeighborTable) -> memoryview:
    """Returns the Flags of each row. They have the internal bits of the backend, such as NETIO_IS_FOREIGN."""
    return native_rows(table)[_FLAGS_OFFSET::ROW_SIZE]


def native_rows(table: NeighborTable) -> memoryview:
    """Returns the rows of a table as contiguous MIB_IPNET_ROW2. A function, to keep it out of the public class."""
    return table._native_rows()  # noqa: SLF001


def _restore(rows: bytes, names: dict[int, tuple[str, str]]) -> NeighborTable:
    return _table(memoryview(rows), range(len(rows) // ROW_SIZE), names)


def adopt(variable: CData, names: dict[int, tuple[str, str]]) -> NeighborTable:
    """Makes a table of the MIB_IPNET_TABLE2 that a variable owns, with name and scope of each interface."""
    count = variable[0].NumEntries
    # The views of the block must keep its owner alive. The destructor does that; it is a method in C, because a signal
    # handler could raise inside a function in Python.
    block = ffi.gc(variable[0], [variable].append)
    first = ffi.offsetof("MIB_IPNET_TABLE2", "Table")
    view = memoryview(ffi.buffer(block, first + count * ROW_SIZE)).toreadonly()[first:]
    return _table(view, range(count), names)
