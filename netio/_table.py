# SPDX-License-Identifier: MIT
"""NeighborTable: the entries of the system's table, over the memory that it was read into."""

from __future__ import annotations

from netio._arrow import arrow_schema, arrow_stream, row_dtype
from netio._codec import FLAGS_OFFSET, ROW_SIZE, unpack
from netio._native import ffi
from netio._sequence import TableSequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, SupportsIndex, TypeAlias, overload

    import numpy

    from netio._arrow import FurtherColumn
    from netio._native import CData
    from netio._types import Neighbor

    _Array: TypeAlias = numpy.ndarray[Any, Any]
else:
    _Array = object  # NumPy is optional, and imported on first use


# The columns of the text of a table.
NEIGHBOR_HEADING = ("ADDRESS", "PHYSICAL ADDRESS", "INTERFACE", "STATE")


def neighbor_cells(entry: Neighbor) -> tuple[str, ...]:
    """Returns the text of an entry for these columns."""
    return str(entry.address), entry.physical_address or "-", entry.interface, str(entry.state)


class NeighborTable(TableSequence["Neighbor"]):
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

    _heading = NEIGHBOR_HEADING

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

    def _cells(self, entry: Neighbor) -> tuple[str, ...]:
        return neighbor_cells(entry)

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
        stream = self._arrow_stream(())
        return stream.__arrow_c_stream__(requested_schema)

    def _arrow_stream(self, further: Sequence[FurtherColumn]) -> Any:  # noqa: ANN401
        return arrow_stream(self._native_rows(), self._names, further)

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
    return native_rows(table)[FLAGS_OFFSET::ROW_SIZE]


def wider_stream(table: NeighborTable, further: Sequence[FurtherColumn]) -> Any:  # noqa: ANN401
    """Returns an Arrow stream of a table with further columns."""
    return table._arrow_stream(further)  # noqa: SLF001


def native_rows(table: NeighborTable) -> memoryview:
    """Returns the rows of a table as contiguous MIB_IPNET_ROW2. A function, to keep it out of the public class."""
    return table._native_rows()  # noqa: SLF001


def names_in(table: NeighborTable) -> dict[int, tuple[str, str]]:
    """Returns name and IPv6 scope of each interface that occurs, by index."""
    return table._names  # noqa: SLF001


def table_of(rows: memoryview, names: dict[int, tuple[str, str]]) -> NeighborTable:
    """Makes a table of contiguous rows, with name and scope of each interface."""
    return _table(rows, range(len(rows) // ROW_SIZE), names)


def _restore(rows: bytes, names: dict[int, tuple[str, str]]) -> NeighborTable:
    return table_of(memoryview(rows), names)


def adopt(variable: CData, names: dict[int, tuple[str, str]]) -> NeighborTable:
    """Makes a table of the MIB_IPNET_TABLE2 that a variable owns, with name and scope of each interface."""
    count = variable[0].NumEntries
    # The views of the block must keep its owner alive. The destructor does that; it is a method in C, because a signal
    # handler could raise inside a function in Python.
    block = ffi.gc(variable[0], [variable].append)
    first = ffi.offsetof("MIB_IPNET_TABLE2", "Table")
    view = memoryview(ffi.buffer(block, first + count * ROW_SIZE)).toreadonly()[first:]
    return _table(view, range(count), names)
