# SPDX-License-Identifier: MIT
"""The changes of a plan as rows: the operation for each by the table, and their reversal."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress

from netio._codec import (
    ADDRESS_SIZE,
    FLAGS_OFFSET,
    INDEX_OFFSET,
    LENGTH_OFFSET,
    ROW_SIZE,
    STATE_OFFSET,
    interface_keys,
    physical_address_in,
)
from netio._failures import LIST
from netio._native import ffi, lib
from netio._table import names_in, native_rows
from netio._verbs import read_table
from netio.errors import InterfaceNotFoundError, check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from netio._interfaces import InterfaceCache
    from netio._namespace import Namespace

    Names = dict[int, tuple[str, str]]

ROWS = "MIB_IPNET_ROW2[]"

# The operation for a row. REFUSED: the entry of another owner, or a changed one, is in the way.
NOTHING, TO_CREATE, TO_SET, TO_REPLACE, TO_DELETE, REFUSED = range(6)

_EXISTS, _DIFFERS, _FOREIGN = lib.NETIO_PLAN_EXISTS, lib.NETIO_PLAN_DIFFERS, lib.NETIO_PLAN_FOREIGN

# By verdict of netio_plan_compare: for a row to be written, and for one to be deleted.
_WRITES = {0: TO_CREATE, _EXISTS | _DIFFERS: TO_SET, _EXISTS | _DIFFERS | _FOREIGN: REFUSED}
_WRITE_TABLE = bytes(_WRITES.get(verdict, NOTHING) for verdict in range(256))
_DELETE_TABLE = bytes((NOTHING, TO_DELETE)[verdict] if verdict <= _EXISTS else REFUSED for verdict in range(256))

ROUTER = lib.NETIO_IS_ROUTER


@dataclass(frozen=True)
class Current:
    """The table as it is now.

    Attributes:
        rows: Its entries.
        names: Name and IPv6 scope of each interface.
        owned: The positions of the entries that carry the owner's protocol; they are not foreign in rows.
    """

    rows: memoryview
    names: Names
    owned: frozenset[int]


def read_current(netns: Namespace, keys: set[tuple[int, int]], family: int, owner: int) -> Current:
    """Reads the entries of a family, of all interfaces or of the only one that is given; owner: 0 if there is none."""
    ((luid, _),) = keys if len(keys) == 1 else ((0, 0),)
    try:
        return _read_marked(netns, family, luid, owner) if owner else _read(netns, family, luid)
    except InterfaceNotFoundError:  # it was removed since it was looked up; writing reports that for each entry
        return Current(memoryview(b""), {}, frozenset())


def _read(netns: Namespace, family: int, luid: int) -> Current:
    table = read_table(netns, family, luid)
    return Current(native_rows(table), names_in(table), frozenset())


def _read_marked(netns: Namespace, family: int, luid: int, owner: int) -> Current:
    from netio._linux_table import positions_of  # few callers have an owner, and these take longer than netio itself
    from netio.linux import read_detailed

    detailed = read_detailed(netns, family, luid)
    rows = bytearray(native_rows(detailed.neighbors))
    owned = positions_of(detailed, owner)
    for place in owned:
        rows[place * ROW_SIZE + FLAGS_OFFSET] &= ~lib.NETIO_IS_FOREIGN
    return Current(memoryview(rows), names_in(detailed.neighbors), frozenset(owned))


def plannable(rows: memoryview, chosen: bytes, cache: InterfaceCache, only: set[int] | None = None) -> list[int]:
    """Returns the positions of the entries that netio could create again.

    Their physical addresses have the length that their interface has. Those of a removed interface count, too.

    Args:
        rows: The entries.
        chosen: The third result of compare().
        cache: The interfaces.
        only: The indexes of the interfaces that count; None for all.
    """
    if 1 not in chosen:
        return []
    words = rows.cast("I")
    columns = (words[offset // 4 :: ROW_SIZE // 4] for offset in (INDEX_OFFSET, LENGTH_OFFSET))
    candidates = list(compress(zip(range(len(chosen)), *columns, strict=True), chosen))
    indexes = {index for _, index, _ in candidates}
    found = {index: cache.find(index=index) for index in (indexes if only is None else indexes & only)}
    lengths = {index: 0 if one is None else one.physical_address_length for index, one in found.items()}
    removed = {index for index, one in found.items() if one is None}
    return [place for place, index, length in candidates if lengths.get(index) == length or index in removed]


def plannable_in(rows: memoryview, cache: InterfaceCache) -> list[int]:
    """Returns the positions of the rows of a table that may be planned."""
    _, _, chosen = compare(memoryview(b""), b"", Current(rows, {}, frozenset()))
    return plannable(rows, chosen, cache)


def compare(
    rows: memoryview, protocols: bytes, current: Current, *, exact: bool = False
) -> tuple[bytearray, memoryview, bytes]:
    """Calls netio_plan_compare for desired rows, and returns verdicts, places and surplus.

    Another owner is a difference, too.

    Args:
        rows: The desired rows.
        protocols: The protocol to be written for each, 0 for the default.
        current: The table.
        exact: Whether the router flag of the entry must be that of the row.
    """
    count, size = len(rows) // ROW_SIZE, len(current.rows) // ROW_SIZE
    verdicts, places, surplus = ffi.new("UCHAR[]", count), ffi.new("ULONG[]", count), ffi.new("UCHAR[]", size)
    flags = ROUTER if exact and lib.NETIO_HAS_DETAIL else 0
    with ffi.from_buffer(ROWS, rows) as desired, ffi.from_buffer(ROWS, current.rows) as table:
        check(LIST, lib.netio_plan_compare(desired, count, table, size, flags, verdicts, places, surplus))
    judged, positions = bytearray(ffi.buffer(verdicts)), memoryview(ffi.buffer(places)).cast("I")
    if current.owned or any(protocols):
        for place, verdict in enumerate(judged):
            if verdict == _EXISTS and (positions[place] in current.owned) != (protocols[place] != 0):
                judged[place] |= _DIFFERS
    return judged, positions, bytes(ffi.buffer(surplus))


def gather(rows: memoryview | bytes, places: Sequence[int]) -> bytes:
    """Joins the rows at these positions; -1 is a row of zeros."""
    size, none, count = ROW_SIZE, bytes(ROW_SIZE), len(places)
    if places.count(-1) == count:
        return none * count
    if count * size == len(rows) and list(places) == list(range(count)):
        return bytes(rows)
    return b"".join([none if place < 0 else rows[place * size : (place + 1) * size] for place in places])


@dataclass(frozen=True)
class Changes:
    """Rows to be written, and after them rows to be deleted.

    Attributes:
        rows: The entries as they will be; those to be deleted as they are.
        previous: The entries as they are, all 0 for those to be created.
        operations: The operation for each.
        writes: The number of rows to be written.
        protocols: The protocol to be written for each; 0 for the default.
        owned: Whether the entry has the owner's protocol now.
        exact: Whether these are the changes of an undo, which clear the router flag if a row does not have it, and
            write no entry that was changed since.
    """

    rows: bytes
    previous: bytes
    operations: bytes
    writes: int
    protocols: bytes
    owned: bytes
    exact: bool = False

    def __len__(self) -> int:
        return len(self.operations)

    def part(self, places: Sequence[int]) -> Changes:
        """Returns the changes at these positions, which are in order."""
        return Changes(
            gather(self.rows, places),
            gather(self.previous, places),
            bytes(map(self.operations.__getitem__, places)),
            sum(place < self.writes for place in places),
            bytes(map(self.protocols.__getitem__, places)),
            bytes(map(self.owned.__getitem__, places)),
            self.exact,
        )

    def followed_by(self, deletions: Changes) -> Changes:
        """Returns these changes, all of them writes, and the deletions after them."""
        return Changes(
            self.rows + deletions.rows,
            self.previous + deletions.previous,
            self.operations + deletions.operations,
            len(self),
            self.protocols + deletions.protocols,
            self.owned + deletions.owned,
            self.exact,
        )

    def keys(self) -> set[tuple[int, int]]:
        """Returns LUID and index of the interfaces."""
        if not len(self):
            return set()
        with ffi.from_buffer(ROWS, memoryview(self.rows)) as native:
            return set(zip(*interface_keys(native), strict=True))


def writes_by(
    verdicts: bytearray,
    places: memoryview,
    rows: memoryview,
    protocols: bytes,
    current: Current,
    *,
    exact: bool = False,
) -> tuple[Changes, list[int]]:
    """Returns the operations that write rows into the table, and the position of each change among the rows.

    Args:
        verdicts: The first result of compare() for the rows.
        places: The second one.
        rows: The desired rows.
        protocols: As for compare().
        current: The table.
        exact: As for compare().
    """
    operations = verdicts.translate(_WRITE_TABLE)
    chosen = list(compress(range(len(operations)), operations))
    before = [-1 if operations[place] == TO_CREATE else places[place] for place in chosen]
    wanted, previous = bytearray(gather(rows, chosen)), gather(current.rows, before)
    operations = bytearray(filter(None, operations))
    states = memoryview(previous).cast("i")[STATE_OFFSET // 4 :: ROW_SIZE // 4] if chosen else memoryview(b"")
    flags = previous[FLAGS_OFFSET::ROW_SIZE]
    settable = compress(range(len(operations)), map(TO_SET.__eq__, operations)) if TO_SET in operations else ()
    for place in settable:
        if states[place] != lib.NlnsPermanent:
            operations[place] = TO_REPLACE
        if not exact and flags[place] & ROUTER:  # the flag of the entry stays
            wanted[place * ROW_SIZE + FLAGS_OFFSET] |= ROUTER
    owned = bytes(map(current.owned.__contains__, before))
    changes = Changes(
        bytes(wanted), previous, bytes(operations), len(chosen), bytes(map(protocols.__getitem__, chosen)), owned, exact
    )
    return changes, chosen


def deletions_of(places: Sequence[int], current: Current, owner: int) -> Changes:
    """Returns the deletion of the entries at these positions of the table, in the order of their addresses."""
    size = ROW_SIZE
    # A socket address begins with the family and has the address in network order.
    places = sorted(places, key=lambda place: bytes(current.rows[place * size : place * size + ADDRESS_SIZE]))
    rows, count = gather(current.rows, places), len(places)
    owned = bytes(place in current.owned for place in places)
    return Changes(rows, rows, bytes([TO_DELETE]) * count, 0, bytes(owner * flag for flag in owned), owned)


def reconsidered(changes: Changes, current: Current) -> Changes:
    """Returns the operations for the same rows by the table as it is now. Places stay: it may be NOTHING."""
    operations, previous, owned = bytearray(len(changes)), [-1] * len(changes), bytearray(len(changes))
    split = changes.writes * ROW_SIZE
    rows = memoryview(changes.rows)
    verdicts, places, _ = compare(rows[:split], changes.protocols, current, exact=changes.exact)
    writes, chosen = writes_by(verdicts, places, rows[:split], changes.protocols, current, exact=changes.exact)
    for place, operation in zip(chosen, writes.operations, strict=True):
        is_refused = changes.exact and operation == TO_SET and not _is_expected(changes, place, current, places[place])
        operations[place] = REFUSED if is_refused else operation
        previous[place] = -1 if operation == TO_CREATE else places[place]
    deleted = changes.protocols[changes.writes :]
    verdicts, places, _ = compare(rows[split:], deleted, current)
    for place, operation in enumerate(verdicts.translate(_DELETE_TABLE), changes.writes):
        operations[place] = operation
        previous[place] = -1 if operation == NOTHING else places[place - changes.writes]
    for place, found in enumerate(previous):
        owned[place] = found in current.owned
    return Changes(
        changes.rows,
        gather(current.rows, previous),
        bytes(operations),
        changes.writes,
        changes.protocols,
        bytes(owned),
        changes.exact,
    )


def _is_expected(changes: Changes, place: int, current: Current, found: int) -> bool:
    """Returns whether an entry of the table has the physical address that it had before the change at this place."""
    return physical_address_in(changes.previous, place) == physical_address_in(current.rows, found)


def reversed_changes(changes: Changes, owner: int) -> Changes:
    """Returns the changes that undo these. Entries that were dynamic are deleted, since they do not return."""
    by_operation: dict[int, list[int]] = {operation: [] for operation in range(6)}
    for place, operation in enumerate(changes.operations):
        by_operation[operation].append(place)
    deleted, changed = changes.part(by_operation[TO_DELETE]), changes.part(by_operation[TO_SET])
    created = changes.part(sorted(by_operation[TO_CREATE] + by_operation[TO_REPLACE]))
    none = bytes(len(deleted.rows))
    again = Changes(
        _as_written(deleted.rows + changed.previous),
        none + changed.rows,
        bytes([TO_CREATE]) * len(deleted) + changed.operations,
        len(deleted) + len(changed),
        bytes(owner * flag for flag in deleted.owned + changed.owned),
        bytes(len(deleted)) + bytes(protocol != 0 for protocol in changed.protocols),
        exact=True,
    )
    owned = bytes(protocol != 0 for protocol in created.protocols)
    removed = Changes(created.rows, created.rows, bytes([TO_DELETE]) * len(created), 0, created.protocols, owned)
    return again.followed_by(removed)


def _as_written(rows: bytes) -> bytes:
    """Returns rows without the internal flags of the table."""
    written = bytearray(rows)
    written[FLAGS_OFFSET::ROW_SIZE] = bytes(flags & ROUTER for flags in written[FLAGS_OFFSET::ROW_SIZE])
    return bytes(written)
