# SPDX-License-Identifier: MIT
"""LinuxWatch: a watch of the backend whose rows have details."""

from __future__ import annotations

from netio._codec import unpack_changes
from netio._failures import LIST
from netio._interfaces import names_of
from netio._linux_table import DETAIL_SIZE, LinuxTable, adopt_detailed, unpack_details
from netio._linux_types import LinuxChange
from netio._native import ffi, lib
from netio._types import ChangeKind
from netio._watch import ROOM, Watch
from netio.errors import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from netio._native import CData
    from netio._types import Neighbor, NeighborChange


class LinuxWatch(Watch["LinuxChange", "LinuxTable"]):
    """The changes of the kernel's table, returned by linux.watch_neighbors().

    It behaves like NeighborWatch, with LinuxChange and LinuxTable.
    """

    _name = "netio.linux.LinuxWatch"

    def _open_native(self, netns: int, family: int, interface: CData, receive_buffer: int, *, initial: bool) -> int:
        self._details = ffi.new("netio_linux_detail[]", 2 * ROOM)
        return lib.netio_linux_watch_open(netns, family, interface, initial, receive_buffer, self._owner)

    def _read_native(self) -> int:
        return lib.netio_linux_watch_read(self._watch, ROOM, self._changes, self._rows, self._details, self._count)

    def _decode(self, count: int) -> list[LinuxChange]:
        changes = list(unpack_changes(ffi.buffer(self._changes), ffi.buffer(self._rows), count, self._names))
        return list(_with_details(changes, ffi.buffer(self._details)))

    def _copy(self) -> LinuxTable:
        # The variables own the memory before the call, since a signal handler can raise right after it.
        rows = ffi.gc(ffi.new("MIB_IPNET_TABLE2 **"), lib.netio_release)
        details = ffi.gc(ffi.new("netio_linux_detail **"), lib.netio_release)
        interfaces, count = ffi.gc(ffi.new("netio_interface **"), lib.netio_release), ffi.new("size_t *")
        code = lib.netio_linux_watch_table(self._watch, rows, details, interfaces, count)
        check(LIST, code, self._subject)
        return adopt_detailed(rows, details, {native.index: names_of(native) for native in interfaces[0][0 : count[0]]})


def _rows_of(changes: Iterable[NeighborChange]) -> Iterator[Neighbor]:
    """Yields the entries of changes as netio_watch_read() orders them."""
    for change in changes:
        if change.previous is not None and change.kind is ChangeKind.CHANGED:
            yield change.previous
        if change.neighbor is not None:
            yield change.neighbor


def _with_details(changes: list[NeighborChange], details: memoryview) -> Iterator[LinuxChange]:
    rows = list(_rows_of(changes))
    entries = unpack_details(iter(rows), details[: len(rows) * DETAIL_SIZE])
    for change in changes:
        kind = change.kind
        before = next(entries) if kind is ChangeKind.CHANGED else None
        entry = None if kind is ChangeKind.RESYNC else next(entries)
        previous = entry if kind is ChangeKind.REMOVED else before
        yield LinuxChange(kind, entry, previous, change.last_physical_address)
