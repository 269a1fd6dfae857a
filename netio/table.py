# SPDX-License-Identifier: MIT
"""Many neighbours at once: NeighborTable, over the memory that the system's table was read into."""

from __future__ import annotations

from netio._native import ffi, lib
from netio.convert import INDEX_OFFSET, ROW_SIZE, unpack
from netio.interfaces import Links

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import SupportsIndex, overload

    from netio._native import CData
    from netio.rows import Neighbor


# Not a collections.abc.Sequence, neither inherited nor registered: data frame libraries test for that first, and
# then read such a table row by row.
class NeighborTable:
    """An immutable sequence of Neighbor; what list_neighbors() returns.

    A row is decoded when it is asked for, each time anew: equal, not identical. Slices share the memory, which is
    freed with the last of them. Reading is safe from many threads.

    Windows: MIB_IPNET_TABLE2.
    """

    __slots__ = ("_names", "_positions", "_rows")

    _rows: memoryview  # all rows of the block
    _positions: range  # those that this table shows
    _names: dict[int, tuple[str, str]]  # of the interfaces that occur

    def __init__(self) -> None:
        raise TypeError("a NeighborTable comes from list_neighbors()")

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
            yield from unpack(self.native_rows(), self._names)
        else:
            yield from (self[place] for place in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NeighborTable):
            return NotImplemented
        return len(self) == len(other) and all(row == twin for row, twin in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<NeighborTable of {len(self)} rows>"

    def native_rows(self) -> memoryview:
        """The rows as MIB_IPNET_ROW2, one behind the other; a view where they lie so, else a copy."""
        first, count = self._positions.start * ROW_SIZE, len(self) * ROW_SIZE
        if self._positions.step == 1:
            return self._rows[first : first + count]
        return memoryview(b"".join(self._rows[p * ROW_SIZE : (p + 1) * ROW_SIZE] for p in self._positions))


def _table(rows: memoryview, positions: range, names: dict[int, tuple[str, str]]) -> NeighborTable:
    table = object.__new__(NeighborTable)
    table._rows, table._positions, table._names = rows, positions, names
    return table


def adopt(block: CData) -> NeighborTable:
    """Makes a table of a MIB_IPNET_TABLE2 pointer, which it frees in the end, and reads the interface names for it."""
    count = block.NumEntries
    block = ffi.gc(block, lib.netio_free)
    first = ffi.offsetof("MIB_IPNET_TABLE2", "Table")
    view = memoryview(ffi.buffer(block, first + count * ROW_SIZE)).toreadonly()[first:]
    indexes = view.cast("I")[INDEX_OFFSET // 4 :: ROW_SIZE // 4]
    return _table(view, range(count), Links().names(set(indexes)))
