# SPDX-License-Identifier: MIT
"""Keeps desired entries in the table: watches it, and writes again the entries that were removed or changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextvars import copy_context
from dataclasses import replace
from time import monotonic

from netio._requests import checked_entries, with_interfaces
from netio._types import ChangeKind, Neighbor, NeighborState, whole_number
from netio._watch import watch_neighbors
from netio.errors import AccessDeniedError, NetioError, invalid
from netio.plan import OnMissing, PlannedAction, PlannedChange, apply_part, plan_neighbors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Context
    from ipaddress import IPv4Address, IPv6Address

    from netio._types import NeighborChange
    from netio._watch import NeighborWatch

    Key = tuple[IPv4Address | IPv6Address, str]

_MINUTE = 60.0

# Seconds between two looks for interfaces that do not exist: the watch does not report new ones.
_RETRY = 5.0

# Seconds between two looks at a table whose changes the system does not announce.
_POLL = 1.0

_NO_INTERFACE = "the interface does not exist"


def keep_neighbors(
    desired: Iterable[Neighbor],
    *,
    owner: int | None = None,
    missing_interfaces: OnMissing = "fail",
    most_per_minute: int = 6,
) -> Iterator[PlannedChange]:
    """Write desired entries, and write them again whenever the system or another program removes or changes them.

    Linux removes permanent entries if their interface is disabled or gets another physical address; `ip neigh flush`
    and other programs remove them, too. The call opens a watch and writes the entries. The iterator then waits, and
    yields each change that it has made, the first ones too. It ends only by an error, or if it is closed.

    An entry is written again at most so many times a minute. If another program writes it with other values that
    often, the iterator yields a CONFLICT and leaves the entry to that program until it changes again, so that two
    keepers with different addresses do not write for ever. An entry that was removed that often is written again after
    the minute. Entries of other owners, and of interfaces that do not exist, are yielded as CONFLICT, too; an interface
    that is created later is noticed within 5 seconds.

    Args:
        desired: As for plan_neighbors(), except that all entries of a NeighborTable count.
        owner: As for plan_neighbors().
        missing_interfaces: As for plan_neighbors(), for the start.
        most_per_minute: The number of times that one entry is written again within a minute, at least 1.

    Raises:
        AccessDeniedError: Administrator rights are missing. The iterator raises it, too.
        ExceptionGroup: As plan_neighbors().
        InvalidParameterError: An argument is invalid.
        NotSupportedError: As for plan_neighbors().
        TypeError: An argument has another type.

    >>> changes = netio.keep_neighbors([netio.Neighbor("192.0.2.8", "02:00:5e:00:00:08", interface="eth0")])
    >>> next(changes).action.value
    'create'
    >>> netio.delete_neighbor("192.0.2.8", interface="eth0")
    >>> next(changes).action.value  # waits for a change
    'create'

    Windows: GetIpNetTable2 at an interval, then as Plan.apply(). Linux: RTNLGRP_NEIGH.
    """
    if whole_number("most_per_minute", most_per_minute) < 1:
        raise invalid(f"most_per_minute is {most_per_minute}; it must be at least 1")
    watch = watch_neighbors(poll_interval=_POLL)  # before the first plan, so that it misses no change
    entries = checked_entries(desired, Neighbor)
    plan_neighbors(entries, owner=owner, missing_interfaces=missing_interfaces)  # raises what is wrong with them
    keeper = _Keeper(watch, with_interfaces(entries), owner, most_per_minute)
    first = keeper.write(keeper.keys, is_first=True)
    return keeper.run(first)


class _Keeper:
    """The entries that are kept, and when they were written."""

    def __init__(self, watch: NeighborWatch, entries: list[Neighbor], owner: int | None, most: int) -> None:
        self._watch = watch
        # By name, so that an entry follows an interface that is created again.
        self._desired = {entry.key: _by_name(entry) for entry in entries}
        self._owner = owner
        self._most = most
        self._written: dict[Key, deque[float]] = {}
        self._due: dict[Key, float] = {}  # entries that are written again at a time
        self._reported: dict[Key, str] = {}  # reasons of conflicts
        self._context: Context = copy_context()  # of the namespace

    @property
    def keys(self) -> list[Key]:
        """The keys of all entries."""
        return list(self._desired)

    def run(self, first: list[PlannedChange]) -> Iterator[PlannedChange]:
        """Yields changes for ever."""
        with self._watch as watch:
            yield from first
            while True:
                now = monotonic()
                timeout = max(0.0, min(self._due.values()) - now) if self._due else None
                changes = watch.read(timeout)
                now = monotonic()
                keys = self._touched(changes) | {key for key, due in self._due.items() if due <= now}
                if keys:
                    yield from self._context.run(self.write, [key for key in self._desired if key in keys])

    def _touched(self, changes: list[NeighborChange]) -> set[Key]:
        """Returns the keys of entries that are not as desired any more, as far as the changes show."""
        keys = set()
        for change in changes:
            if change.neighbor is None:  # RESYNC
                return set(self._desired)
            desired = self._desired.get(change.neighbor.key)
            if desired is not None and (change.kind is ChangeKind.REMOVED or _differs(desired, change.neighbor)):
                keys.add(desired.key)
        return keys

    def write(self, keys: list[Key], *, is_first: bool = False) -> list[PlannedChange]:
        """Writes the entries that the table lacks or has with other values, as often as each may be written."""
        plan = plan_neighbors([self._desired[key] for key in keys], owner=self._owner, missing_interfaces="skip")
        for key in keys:
            self._due.pop(key, None)
        allowed, events = [], []
        for place, change in enumerate(plan.changes):
            if is_first or self._is_allowed(change):
                allowed.append(place)
            else:
                events.append(self._limited(change))
        errors = apply_part(plan, allowed)
        for place in allowed:
            change, error = plan.changes[place], errors.get(place)
            events.append(self._done(change) if error is None else self._failed(change, error))
        events += plan.conflicts
        events += self._missing(keys, plan.missing_interfaces)
        return [event for event in events if self._is_news(event)]

    def _is_allowed(self, change: PlannedChange) -> bool:
        """Returns whether an entry may be written now, and counts it."""
        now, written = monotonic(), self._written.setdefault(change.neighbor.key, deque())
        while written and written[0] <= now - _MINUTE:
            written.popleft()
        if len(written) >= self._most:
            return False
        written.append(now)
        return True

    def _limited(self, change: PlannedChange) -> PlannedChange:
        key = change.neighbor.key
        if change.previous is None:
            self._due[key] = self._written[key][0] + _MINUTE
            return _conflict(change, f"it was removed {self._most} times within a minute; it is written again later")
        return _conflict(change, f"another program writes it, too: {self._most} times within a minute")

    def _done(self, change: PlannedChange) -> PlannedChange:
        if self._watch.fileno() < 0:
            # Another program may undo the change before the watch sees it, so look again after its next poll.
            self._due[change.neighbor.key] = monotonic() + 2 * _POLL
        return change

    def _failed(self, change: PlannedChange, error: NetioError) -> PlannedChange:
        if isinstance(error, AccessDeniedError):
            raise error
        self._due[change.neighbor.key] = monotonic() + _RETRY
        return _conflict(change, error.reason)

    def _missing(self, keys: list[Key], names: tuple[str, ...]) -> Iterator[PlannedChange]:
        for key in keys:
            if key[1] in names:
                self._due[key] = monotonic() + _RETRY
                yield PlannedChange(PlannedAction.CONFLICT, self._desired[key], None, _NO_INTERFACE)

    def _is_news(self, event: PlannedChange) -> bool:
        """Returns whether an event differs from the last one about the entry: a conflict is reported once."""
        key = event.neighbor.key
        before = self._reported.pop(key, "")
        if event.action is PlannedAction.CONFLICT:
            self._reported[key] = event.reason
        return event.action is not PlannedAction.CONFLICT or event.reason != before


def _by_name(entry: Neighbor) -> Neighbor:
    return replace(entry, interface=entry.interface) if entry.interface else entry


def _differs(desired: Neighbor, entry: Neighbor) -> bool:
    return (
        entry.physical_address != desired.physical_address
        or entry.state is not NeighborState.PERMANENT
        or entry.is_router < desired.is_router
    )


def _conflict(change: PlannedChange, reason: str) -> PlannedChange:
    return PlannedChange(PlannedAction.CONFLICT, change.neighbor, change.previous, reason)
