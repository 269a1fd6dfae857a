# SPDX-License-Identifier: MIT
"""LinuxTable: the entries of the kernel's table with their details, over the memory that they were read into."""

from __future__ import annotations

from array import array
from struct import calcsize

from netio._arrow import FurtherColumn, arrow_schema, row_dtype
from netio._codec import struct_layout
from netio._linux_types import LinuxNeighbor, NeighborFlags, Nud
from netio._native import ffi, lib
from netio._sequence import TableSequence
from netio._table import NEIGHBOR_HEADING, adopt, native_rows, neighbor_cells, wider_stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, Literal, SupportsIndex, TypeAlias, overload

    import numpy
    from typing_extensions import Buffer

    from netio._native import CData
    from netio._table import NeighborTable
    from netio._types import Neighbor

    _Array: TypeAlias = numpy.ndarray[Any, Any]
else:
    _Array = object  # NumPy is optional, and imported on first use

# struct formats of the members, in the order of their offsets.
_MEMBERS: dict[str, Literal["I", "H", "B"]] = {
    "flags": "I",
    "probes": "I",
    "used": "I",
    "confirmed": "I",
    "updated": "I",
    "references": "I",
    "nud": "H",
    "protocol": "B",
}
DETAIL_SIZE = ffi.sizeof("netio_linux_detail") if lib.NETIO_HAS_DETAIL else 0
if lib.NETIO_HAS_DETAIL:
    _LAYOUT = struct_layout("netio_linux_detail", (((name,), kind) for name, kind in _MEMBERS.items()))

_NUDS = {int(nud): nud for nud in Nud}


# As _Filling of _codec.py: an entry while its fields are set.
class _Filling:
    __slots__ = LinuxNeighbor.__slots__

    neighbor: Neighbor
    nud: Nud
    flags: NeighborFlags
    protocol: int
    probes: int
    used: int
    confirmed: int
    updated: int
    references: int


def unpack_details(neighbors: Iterator[Neighbor], details: memoryview) -> Iterator[LinuxNeighbor]:
    """Joins entries with their details. No content of a detail raises."""
    known: dict[int, NeighborFlags] = {}
    for neighbor, detail in zip(neighbors, _LAYOUT.iter_unpack(details), strict=True):
        row = _Filling()
        row.neighbor = neighbor
        flags, row.probes, row.used, row.confirmed, row.updated, row.references, nud, row.protocol = detail
        row.nud = _NUDS[nud] if nud in _NUDS else Nud(nud)
        if flags not in known:
            known[flags] = NeighborFlags(flags)
        row.flags = known[flags]
        row.__class__ = LinuxNeighbor  # type: ignore[assignment]
        yield row  # type: ignore[misc]


def pack_details(entries: Sequence[LinuxNeighbor]) -> CData:
    """Encodes the input part of details: nud, flags and protocol."""
    native = ffi.new("netio_linux_detail[]", len(entries))
    view = memoryview(ffi.buffer(native))
    for place, entry in enumerate(entries):
        _LAYOUT.pack_into(view, place * DETAIL_SIZE, entry.flags, 0, 0, 0, 0, 0, entry.nud, entry.protocol)
    return native


def permanent_details(marks: Iterable[tuple[int, bool]]) -> CData:
    """Encodes details of permanent entries with a protocol and, if it is set, the router flag."""
    packed = b"".join(
        _LAYOUT.pack(NeighborFlags.ROUTER if is_router else 0, 0, 0, 0, 0, 0, Nud.PERMANENT, protocol)
        for protocol, is_router in marks
    )
    native = ffi.new("netio_linux_detail[]", len(packed) // DETAIL_SIZE)
    memoryview(ffi.buffer(native))[:] = packed
    return native


def unpack_detail(neighbor: Neighbor, detail: CData) -> LinuxNeighbor:
    """Joins an entry with its detail behind a pointer."""
    return next(unpack_details(iter([neighbor]), ffi.buffer(detail)))


class LinuxTable(TableSequence["LinuxNeighbor"]):
    """An immutable sequence of LinuxNeighbor, returned by linux.list_neighbors(), over the memory that was read.

    It behaves like NeighborTable. As columns it has those of NeighborTable and one for each further field.
    """

    __slots__ = ("_details", "_neighbors", "_positions")

    _heading = (*NEIGHBOR_HEADING, "NUD", "FLAGS", "PROTOCOL")

    _neighbors: NeighborTable
    _details: memoryview  # all details of the block
    _positions: range  # those of this table

    def __init__(self) -> None:
        raise TypeError("a LinuxTable cannot be created directly; linux.list_neighbors() returns one")

    @property
    def neighbors(self) -> NeighborTable:
        """The entries without their details, over the same memory."""
        return self._neighbors

    def __len__(self) -> int:
        return len(self._positions)

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, place: SupportsIndex) -> LinuxNeighbor: ...
        @overload
        def __getitem__(self, place: slice) -> LinuxTable: ...

    def __getitem__(self, place: SupportsIndex | slice) -> LinuxNeighbor | LinuxTable:
        if isinstance(place, slice):
            return _table(self._neighbors[place], self._details, self._positions[place])
        first = self._positions[place] * DETAIL_SIZE
        return next(unpack_details(iter([self._neighbors[place]]), self._details[first : first + DETAIL_SIZE]))

    def __iter__(self) -> Iterator[LinuxNeighbor]:
        return unpack_details(iter(self._neighbors), self._native_details())

    def _cells(self, entry: LinuxNeighbor) -> tuple[str, ...]:
        flags = str(entry.flags.name or "-").replace("|", ",")
        return *neighbor_cells(entry.neighbor), str(entry.nud), flags, str(entry.protocol or "-")

    def __reduce__(self) -> tuple[Callable[..., LinuxTable], tuple[NeighborTable, bytes]]:
        return _restore, (self._neighbors, bytes(self._native_details()))

    def to_numpy(self) -> _Array:
        """Return an array with the members of MIB_IPNET_ROW2 and then those of the detail as fields. It is a copy.

        Raises:
            ModuleNotFoundError: NumPy is not installed.
        """
        from numpy import dtype, empty, frombuffer

        parts = [
            frombuffer(native_rows(self._neighbors), row_dtype()),
            frombuffer(self._native_details(), row_dtype("netio_linux_detail")),
        ]
        members = [(name, part) for part in parts for name in part.dtype.names or ()]
        joined = empty(len(self), dtype([(name, part.dtype[name]) for name, part in members]))
        for name, part in members:
            joined[name] = part[name]
        return joined

    def __arrow_c_schema__(self) -> object:
        return arrow_schema(self._further_columns()).__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return wider_stream(self._neighbors, self._further_columns()).__arrow_c_stream__(requested_schema)

    def _further_columns(self) -> list[FurtherColumn]:
        details = self._native_details()
        return [FurtherColumn(name, kind, *_column(details, name, kind)) for name, kind in _COLUMNS.items()]

    def _native_details(self) -> memoryview:
        """Returns the details as contiguous memory: a view if they are contiguous already, else a copy."""
        first, count = self._positions.start * DETAIL_SIZE, len(self) * DETAIL_SIZE
        if self._positions.step == 1:
            return self._details[first : first + count]
        size = DETAIL_SIZE
        return memoryview(b"".join(self._details[place * size : (place + 1) * size] for place in self._positions))


# The kind of each further column (FurtherColumn).
_COLUMNS = {
    "nud": "word",
    "flags": "uint32",
    "protocol": "uint8",
    "probes": "uint32",
    "used": "milliseconds",
    "confirmed": "milliseconds",
    "updated": "milliseconds",
    "references": "uint32",
}


def _column(details: memoryview, name: str, kind: str) -> tuple[Buffer, list[str]]:
    """Returns the values of a column, contiguous and as wide as its kind, and its words."""
    offset, member = ffi.offsetof("netio_linux_detail", name), _MEMBERS[name]
    size = calcsize(member)
    values = details.cast(member)[offset // size :: DETAIL_SIZE // size] if details else details
    if kind == "milliseconds":
        return array("q", values.tolist()), []
    if kind == "word":
        places = {value: place for place, value in enumerate(dict.fromkeys([*_NUDS, *values]))}
        return array("i", map(places.__getitem__, values)), [Nud(value).name for value in places]
    return memoryview(values.tobytes()).cast(member), []


# Flags of entries that a routing daemon or an orchestrator owns, whatever their protocol is.
_OWNED = NeighborFlags.EXT_LEARNED | NeighborFlags.MANAGED | NeighborFlags.EXT_VALIDATED


def positions_of(table: LinuxTable, protocol: int) -> list[int]:
    """Returns the positions of the entries with a protocol, except those that other marks make foreign."""
    details = table._native_details()  # noqa: SLF001
    protocols, _ = _column(details, "protocol", "uint8")
    marked = []
    for place, number in enumerate(memoryview(protocols)):
        if number == protocol:
            flags, *_, nud, _ = _LAYOUT.unpack_from(details, place * DETAIL_SIZE)
            if not flags & _OWNED and not nud & Nud.NOARP:
                marked.append(place)
    return marked


def _table(neighbors: NeighborTable, details: memoryview, positions: range) -> LinuxTable:
    table = object.__new__(LinuxTable)
    table._neighbors, table._details, table._positions = neighbors, details, positions
    return table


def _restore(neighbors: NeighborTable, details: bytes) -> LinuxTable:
    return _table(neighbors, memoryview(details), range(len(neighbors)))


def adopt_detailed(rows: CData, details: CData, names: dict[int, tuple[str, str]]) -> LinuxTable:
    """Makes a table of the arrays that two variables own, with name and scope of each interface."""
    neighbors = adopt(rows, names)
    if not neighbors:
        return _restore(neighbors, b"")
    # As in adopt(): the view keeps the owner of the memory alive.
    block = ffi.gc(details[0], [details].append)
    view = memoryview(ffi.buffer(block, len(neighbors) * DETAIL_SIZE)).toreadonly()
    return _table(neighbors, view, range(len(neighbors)))
