# SPDX-License-Identifier: MIT
"""Desired entries as rows of a plan: finds their interfaces, and why entries cannot be written."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from operator import attrgetter

from netio._changes import gather, plannable_in
from netio._codec import FLAGS_OFFSET, LENGTH_OFFSET, ROW_SIZE, STATE_OFFSET, interface_keys
from netio._failures import CREATE, LIST, entry_errors, entry_failure
from netio._interfaces import InterfaceCache, key_of, pack_entries
from netio._native import ffi, lib
from netio._reasons import why_no_neighbor
from netio._requests import checked_entries
from netio._table import NeighborTable, names_in, native_rows, table_of
from netio._types import Neighbor, identify
from netio.errors import failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from netio._interfaces import Refusal
    from netio._native import CData
    from netio._types import InterfaceLike
    from netio.errors import NetioError

# On a system without these details netio cannot write the flag, so there it does not count.
_WRITTEN_FLAGS = bytes(flags & lib.NETIO_IS_ROUTER if lib.NETIO_HAS_DETAIL else 0 for flags in range(256))


@dataclass
class Desired:
    """Desired entries, and their interfaces.

    Attributes:
        entries: The entries as they were given.
        native: Their rows, with LUID and index of the interface, the state PERMANENT and the flags to be written.
        positions: The position of each among the given ones.
        codes: Win32 numbers: why a row cannot be written, 0 if it can.
        interfaces: LUID and index of the interfaces of the plan.
        missing: The names of interfaces that do not exist.
        errors: Errors that are not about one row.
    """

    entries: Sequence[Neighbor] | NeighborTable
    native: CData
    positions: Sequence[int]
    codes: CData
    refused: dict[int, Refusal]
    interfaces: set[tuple[int, int]] = field(default_factory=set)
    missing: dict[str, None] = field(default_factory=dict)
    errors: list[NetioError] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def view(self) -> memoryview:
        """The rows as bytes."""
        return memoryview(ffi.buffer(self.native))

    def families(self) -> set[int]:
        """Returns the address families that occur."""
        return set(self.view.cast("H")[:: ROW_SIZE // 2]) if len(self) else set()


def desired_rows(
    desired: Iterable[Neighbor], interfaces: Iterable[InterfaceLike], cache: InterfaceCache, *, skip_missing: bool
) -> Desired:
    """Makes the rows of desired entries. Entries on missing interfaces are left out, if they are to be skipped.

    Raises:
        TypeError: An item has another type.
    """
    rows = _packed(desired, cache)
    keys = _find_interfaces(rows, cache)
    for interface in _checked_interfaces(interfaces):
        _add_interface(rows, interface, cache, skip_missing=skip_missing)
    if skip_missing and None in keys.values():
        rows = _without_missing(rows, {key for key, found in keys.items() if found is None})
    if len(rows):
        states = rows.view.cast("i")[STATE_OFFSET // 4 :: ROW_SIZE // 4]
        states[:] = memoryview(array("i", [lib.NlnsPermanent]) * len(rows))
    _check_lengths(rows, keys)
    return rows


def _packed(desired: Iterable[Neighbor], cache: InterfaceCache) -> Desired:
    if isinstance(desired, NeighborTable):
        return _of_table(desired, cache)
    entries = checked_entries(desired, Neighbor)
    native, refused = pack_entries(entries, cache)
    flags = bytes(map(attrgetter("is_router"), entries)).replace(b"\1", bytes([lib.NETIO_IS_ROUTER]))
    return _with_flags(Desired(entries, native, range(len(entries)), ffi.new("DWORD[]", len(entries)), refused), flags)


def _of_table(table: NeighborTable, cache: InterfaceCache) -> Desired:
    """Takes the entries of a table that may be planned."""
    source = native_rows(table)
    places = plannable_in(source, cache)
    native = ffi.new("MIB_IPNET_ROW2[]", len(places))
    if places:
        memoryview(ffi.buffer(native))[:] = rows = gather(source, places)
        entries: Sequence[Neighbor] | NeighborTable = table_of(memoryview(rows), names_in(table))
    else:
        entries, rows = [], b""
    taken = Desired(entries, native, places, ffi.new("DWORD[]", len(places)), {})
    return _with_flags(taken, rows[FLAGS_OFFSET::ROW_SIZE])


def _with_flags(rows: Desired, flags: bytes) -> Desired:
    """Sets the flags of the rows, as far as netio writes them."""
    if len(rows):
        rows.view[FLAGS_OFFSET::ROW_SIZE] = memoryview(flags.translate(_WRITTEN_FLAGS))
    return rows


def _find_interfaces(rows: Desired, cache: InterfaceCache) -> dict[tuple[int, int], CData | None]:
    """Looks up each interface once, and completes LUID and index in the rows."""
    luids, indexes = interface_keys(rows.native)
    keys = dict.fromkeys(zip(luids, indexes, strict=True))
    found = {key: cache.find(luid=key[0], index=key[1]) for key in keys}
    rows.interfaces = {key_of(interface) for interface in found.values() if interface is not None}
    changed = {key: key_of(one) for key, one in found.items() if one is not None and key_of(one) != key}
    if changed:
        for place, key in enumerate(zip(luids, indexes, strict=True)):
            if key in changed:
                rows.native[place].InterfaceLuid.Value, rows.native[place].InterfaceIndex = changed[key]
    return found | {changed[key]: found[key] for key in changed}


def _checked_interfaces(interfaces: Iterable[InterfaceLike]) -> list[InterfaceLike]:
    if isinstance(interfaces, (str, int)):
        raise TypeError(f"interfaces must be names, indexes or Interfaces in a list, not {type(interfaces).__name__}")
    return list(interfaces)


def _add_interface(rows: Desired, interface: InterfaceLike, cache: InterfaceCache, *, skip_missing: bool) -> None:
    name, index, luid = identify(interface)
    found = cache.find(name=name, index=index, luid=luid)
    shown = name or str(index or luid)
    if found is not None:
        rows.interfaces.add(key_of(found))
    elif skip_missing:
        rows.missing[shown] = None
    else:
        rows.errors.append(failure(LIST, lib.ERROR_FILE_NOT_FOUND, f"interface {shown}"))


def _without_missing(rows: Desired, missing: set[tuple[int, int]]) -> Desired:
    """Leaves out the entries on interfaces that do not exist. Entries that name no interface stay: they are errors."""
    luids, indexes = interface_keys(rows.native)
    kept = [
        place
        for place, key in enumerate(zip(luids, indexes, strict=True))
        if key not in missing or place in rows.refused
    ]
    for place in set(range(len(rows))) - set(kept):
        entry = rows.entries[place]
        scope = getattr(entry.address, "scope_id", None)
        rows.missing[entry.interface or str(entry.interface_index or scope or entry.interface_luid)] = None
    view = rows.view
    native = ffi.new("MIB_IPNET_ROW2[]", len(kept))
    if kept:
        parts = (view[place * ROW_SIZE : (place + 1) * ROW_SIZE] for place in kept)
        memoryview(ffi.buffer(native))[:] = b"".join(parts)
    refused = {new: rows.refused[old] for new, old in enumerate(kept) if old in rows.refused}
    entries = [rows.entries[place] for place in kept]
    codes, positions = ffi.new("DWORD[]", len(kept)), [rows.positions[place] for place in kept]
    return Desired(entries, native, positions, codes, refused, rows.interfaces, rows.missing, rows.errors)


def _check_lengths(rows: Desired, keys: dict[tuple[int, int], CData | None]) -> None:
    """Sets the codes of rows without interface, or with a physical address that the interface does not have."""
    if not len(rows):
        return
    luids, indexes = interface_keys(rows.native)
    lengths = rows.view.cast("I")[LENGTH_OFFSET // 4 :: ROW_SIZE // 4]
    codes = {}
    for luid, index, length in set(zip(luids, indexes, lengths, strict=True)):
        found = keys[luid, index]
        if found is None:
            codes[luid, index, length] = lib.ERROR_NOT_FOUND
        elif length == 0 or length != found.physical_address_length:
            codes[luid, index, length] = lib.ERROR_INVALID_PARAMETER
    if codes:
        for place, row in enumerate(zip(luids, indexes, lengths, strict=True)):
            if row in codes:
                rows.codes[place] = codes[row]


def errors_of(rows: Desired, verdicts: bytearray, places: memoryview, cache: InterfaceCache) -> list[NetioError]:
    """Returns why entries cannot be planned, in their order; verdicts and places: of netio_plan_compare."""
    errors = list(
        entry_errors(CREATE, rows.codes, rows.native, rows.entries, rows.refused, cache.netns, missing_ok=False)
    )
    wrong = lib.NETIO_PLAN_INVALID | lib.NETIO_PLAN_CONTRADICTS
    if any(verdict & wrong for verdict in set(verdicts)):
        for place, verdict in enumerate(verdicts):
            if verdict & wrong and rows.codes[place] == lib.NO_ERROR:
                errors.append(_error_of(rows, place, verdict, places[place], cache))
    errors.sort(key=lambda error: error.position or 0)
    for error in errors:
        if error.position is not None:
            error.position = rows.positions[error.position]
    return [*rows.errors, *errors]


def _error_of(rows: Desired, place: int, verdict: int, earlier: int, cache: InterfaceCache) -> NetioError:
    entry = rows.entries[place]
    if verdict & lib.NETIO_PLAN_CONTRADICTS:
        other = rows.entries[earlier].physical_address
        reason = f"the entry is also at position {rows.positions[earlier]}, as {other}; remove one of them"
    else:
        reason = why_no_neighbor(entry.address) or "it is a multicast address, whose entry belongs to the system"
    interface = cache.find(luid=rows.native[place].InterfaceLuid.Value, index=rows.native[place].InterfaceIndex)
    return entry_failure(CREATE, lib.ERROR_INVALID_PARAMETER, entry, interface, reason, place)
