# SPDX-License-Identifier: MIT
"""Writes the changes of a plan, and decides once more about entries that changed since the table was read."""

from __future__ import annotations

from dataclasses import replace
from itertools import compress

from netio._changes import (
    REFUSED,
    ROUTER,
    ROWS,
    TO_CREATE,
    TO_DELETE,
    TO_REPLACE,
    TO_SET,
    Changes,
    gather,
    read_current,
    reconsidered,
)
from netio._codec import FLAGS_OFFSET, INDEX_OFFSET, ROW_SIZE
from netio._failures import CREATE, DELETE, SET, entry_errors, entry_failure
from netio._interfaces import CHUNK, InterfaceCache
from netio._native import ffi, lib
from netio._table import table_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from netio._changes import Names
    from netio._namespace import Namespace
    from netio._native import CData
    from netio._types import Neighbor
    from netio.errors import NetioError

    Progress = Callable[[int, int], object]
    Write = Callable[[int, CData, int, CData], None]

_OPERATIONS = {TO_CREATE: CREATE, TO_SET: SET, TO_REPLACE: CREATE, TO_DELETE: DELETE}
# By name, since FakeTable replaces the backend.
_FUNCTIONS = {TO_CREATE: "netio_create", TO_SET: "netio_set", TO_REPLACE: "netio_replace", TO_DELETE: "netio_delete"}

# Rows in one call of C while a caller watches the progress.
_STEP = 5_000

# RTPROT_STATIC, which netio_create and netio_set write.
_STATIC = 4


_KERNEL_MADE = "the kernel made the entry"
_FOREIGN = "another program owns the entry"
_CHANGED = "the entry was changed since the plan was made"
_RENAMED = "the interface was renamed or replaced since the plan was made; make a new one"


class Application:
    """Applies changes to the table of a namespace once.

    Args:
        changes: The changes.
        names: Name and IPv6 scope of their interfaces.
        netns: The namespace.
        owner: The owner's protocol, 0 if there is none.
        progress: Is called with the number of changes that were tried and that failed.
    """

    def __init__(
        self, changes: Changes, names: Names, netns: Namespace, owner: int, progress: Progress | None = None
    ) -> None:
        self._changes = changes
        self._names = names
        self._netns = netns
        self._owner = owner
        self._progress = progress
        self._operations = bytearray(changes.operations)
        self._codes = [lib.NO_ERROR] * len(changes)
        self._refused: dict[int, str] = {}  # by position, with the reason
        self._tried = 0

    def run(self, *, is_fresh: bool) -> list[NetioError]:
        """Writes the changes and returns the errors by position; is_fresh: the plan has just read the table."""
        if not len(self._changes):
            return []
        if is_fresh:
            self._write(self._changes, range(len(self._changes)))
        else:
            self._reconsider(range(len(self._changes)))
        moved = [place for place, code in enumerate(self._codes) if code and self._may_have_moved(place)]
        if moved:
            self._reconsider(moved)
        return self._errors()

    def _may_have_moved(self, place: int) -> bool:
        """Returns whether an error shows that the entry was created or removed, or that the outcome is unknown."""
        code = self._codes[place]
        if code == lib.ERROR_OBJECT_ALREADY_EXISTS:
            return self._operations[place] == TO_CREATE
        return code == lib.ERROR_NOT_FOUND or code & lib.NETIO_ERRNO != 0

    def _reconsider(self, places: Sequence[int]) -> None:
        """Decides about changes by the table as it is now, and writes those that are still needed."""
        part = self._changes.part(places)
        part = reconsidered(part, read_current(self._netns, part.keys(), lib.AF_UNSPEC, self._owner))
        flags = part.previous[FLAGS_OFFSET::ROW_SIZE]
        operations, renamed = bytearray(part.operations), self._on_renamed_interfaces(part)
        for number, place in enumerate(places):
            if number in renamed:
                operations[number] = REFUSED
            self._operations[place], self._codes[place] = operations[number], lib.NO_ERROR
            if operations[number] == REFUSED:
                self._refused[place] = _RENAMED if number in renamed else reason_of_refusal(flags[number])
        self._write(replace(part, operations=bytes(operations)), places)

    def _on_renamed_interfaces(self, part: Changes) -> set[int]:
        """Returns the positions of changes on interfaces that have not the name that the plan shows.

        Linux gives the index of a removed interface to a new one, if that requests it or comes from another namespace.
        """
        keys = part.keys()
        indexes = {index for _, index in keys}
        now = InterfaceCache(self._netns).names(indexes)
        renamed = {index for index in indexes if now[index][0] not in ("", self._names.get(index, now[index])[0])}
        if not renamed:
            return set()
        of_rows = memoryview(part.rows).cast("I")[INDEX_OFFSET // 4 :: ROW_SIZE // 4]
        return {place for place, index in enumerate(of_rows) if index in renamed}

    def _write(self, part: Changes, positions: Sequence[int]) -> None:
        """Writes changes that have these positions."""
        needed = _needs_detail(part)
        for operation, function in _FUNCTIONS.items():
            places: Sequence[int] = range(len(part))
            if part.operations.count(operation) < len(part):
                places = [place for place in places if part.operations[place] == operation]
            plain, detailed = places, list(compress(places, map(needed.__getitem__, places))) if any(needed) else []
            if detailed:
                plain = [place for place in places if not needed[place]]
            if plain:
                self._call(getattr(lib, function), part, plain, positions)
            if detailed:
                self._call(_detailed(part, detailed, operation), part, detailed, positions)

    def _call(self, function: Write, part: Changes, places: Sequence[int], positions: Sequence[int]) -> None:
        count, step = len(places), CHUNK if self._progress is None else _STEP
        rows = part.rows if count == len(part) else gather(part.rows, places)
        with ffi.from_buffer(ROWS, memoryview(rows)) as native:
            for start in range(0, count, step):
                size = min(step, count - start)
                results = ffi.new("DWORD[]", size)
                function(self._netns.descriptor, native + start, size, results)
                codes = ffi.unpack(results, size)
                for place in compress(range(size), codes):
                    self._codes[positions[places[start + place]]] = codes[place]
                self._tried = min(self._tried + size, len(self._changes))
                if self._progress is not None:
                    self._progress(self._tried, sum(map(bool, self._codes)) + len(self._refused))

    def _errors(self) -> list[NetioError]:
        """Makes the errors of the changes that failed, and of those that the table does not permit any more."""
        errors = [error for operation in _FUNCTIONS for error in self._failures(operation)]
        if self._refused:
            cache = InterfaceCache(self._netns)
            part = self._changes.part(list(self._refused))
            entries = table_of(memoryview(part.rows), self._names)
            for (place, reason), entry in zip(self._refused.items(), entries, strict=True):
                errors.append(refusal(entry, reason, cache, place))
        return sorted(errors, key=lambda error: error.position or 0)

    def _failures(self, operation: int) -> Iterator[NetioError]:
        """Makes the errors of one kind of operation."""
        places = [place for place, code in enumerate(self._codes) if code and self._operations[place] == operation]
        part, is_deletion = self._changes.part(places), operation == TO_DELETE
        if not places:
            return
        codes = ffi.new("DWORD[]", [self._codes[place] for place in places])
        entries = table_of(memoryview(part.rows), self._names)
        name = _OPERATIONS[operation]
        with ffi.from_buffer(ROWS, memoryview(part.rows)) as native:
            found = list(entry_errors(name, codes, native, entries, {}, self._netns, missing_ok=is_deletion))
        for error in found:
            error.position = places[error.position or 0]
            yield error


def reason_of_refusal(flags: int) -> str:
    """Returns why a change is refused, by the Flags of the entry in its way."""
    if flags & lib.NETIO_IS_KERNEL_MADE:
        return _KERNEL_MADE
    return _FOREIGN if flags & lib.NETIO_IS_FOREIGN else _CHANGED


def refusal(entry: Neighbor, reason: str, cache: InterfaceCache, position: int | None) -> NetioError:
    """Makes the error of a change that is refused."""
    interface = cache.find(luid=entry.interface_luid, index=entry.interface_index)
    code = lib.ERROR_FILE_NOT_FOUND if reason == _RENAMED else lib.ERROR_OBJECT_ALREADY_EXISTS
    return entry_failure(CREATE, code, entry, interface, reason, position)


def _needs_detail(part: Changes) -> bytes:
    """Returns for each change whether writing it needs a request with a protocol or a router flag (Linux)."""
    count = len(part)
    wanted, before = part.rows[FLAGS_OFFSET::ROW_SIZE], part.previous[FLAGS_OFFSET::ROW_SIZE]
    if not lib.NETIO_HAS_DETAIL or not (any(part.protocols) or any(wanted) or any(before)):
        return bytes(count)
    return bytes(map(_row_needs_detail, part.operations, part.protocols, wanted, before, [part.exact] * count))


def _row_needs_detail(operation: int, protocol: int, wanted: int, before: int, exact: bool) -> bool:
    if operation not in (TO_CREATE, TO_SET, TO_REPLACE):
        return False
    router, was_router = wanted & ROUTER, before & ROUTER
    if operation == TO_SET:  # netio_set keeps the flag
        return protocol != 0 or (router != was_router if exact else router > was_router)
    return protocol != 0 or router != 0 or (was_router != 0 and not exact)


def _detailed(part: Changes, places: list[int], operation: int) -> Write:
    """Returns a function that writes consecutive parts of the rows at these places with protocol and router flag."""
    from netio._linux_table import permanent_details

    verb = lib.NETIO_LINUX_CREATE if operation == TO_CREATE else lib.NETIO_LINUX_REPLACE
    wanted, before = part.rows[FLAGS_OFFSET::ROW_SIZE], part.previous[FLAGS_OFFSET::ROW_SIZE]
    details = permanent_details(
        (part.protocols[place] or _STATIC, (wanted[place] | (0 if part.exact else before[place])) & ROUTER != 0)
        for place in places
    )
    done = 0

    def write(netns: int, rows: CData, count: int, codes: CData) -> None:
        nonlocal done
        lib.netio_linux_write(netns, verb, rows, details + done, count, codes)
        done += count

    return write
