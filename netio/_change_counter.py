# SPDX-License-Identifier: MIT
"""Counts the changes of a table in a thread, by interface and family, as long as the table is wanted."""

from __future__ import annotations

from collections import Counter
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address
from threading import Event, Lock, Thread
from time import monotonic

from netio._interfaces import InterfaceCache
from netio._native import lib
from netio._types import ChangeKind
from netio._verbs import next_hop
from netio._watch import watch_neighbors
from netio.errors import NetioError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from netio._types import NeighborChange

# Between two looks at whether the table is still wanted.
_CHECK_SECONDS = 5.0

# After an error of the watch, so that one that persists costs nothing.
_PAUSE_SECONDS = 1.0

# Above this number of interfaces the counts of those that were removed are dropped, also if nothing reads them.
_MANY_INTERFACES = 1000

# Addresses behind every gateway: no network has those for documentation (RFC 5737, RFC 9637).
_BEYOND = (IPv4Address("198.51.100.1"), IPv6Address("3fff::1"))


@dataclass
class ChangeCounts:
    """Numbers of changes, by the index of the interface and the family; those of `changes` also by their kind."""

    changes: Counter[tuple[int, int, ChangeKind]] = field(default_factory=Counter)
    moves: Counter[tuple[int, int]] = field(default_factory=Counter)
    gateway_moves: Counter[tuple[int, int]] = field(default_factory=Counter)
    resyncs: int = 0
    errors: int = 0

    def copy(self) -> ChangeCounts:
        """Returns a copy that does not change."""
        changes, moves, gateway_moves = Counter(self.changes), Counter(self.moves), Counter(self.gateway_moves)
        return replace(self, changes=changes, moves=moves, gateway_moves=gateway_moves)

    def drop(self, indexes: Iterable[int]) -> None:
        """Drops the counts of interfaces: of removed ones, whose number would grow without limit."""
        dropped = set(indexes)
        for counter in (self.changes, self.moves, self.gateway_moves):
            for key in [key for key in counter if key[0] in dropped]:
                del counter[key]

    def indexes(self) -> set[int]:
        """Returns the interfaces that have counts."""
        return {key[0] for key in self.changes}


def default_gateways() -> set[tuple[IPv4Address | IPv6Address, int]]:
    """Returns the gateways of the default routes, each with the index of its interface."""
    found = set()
    for destination in _BEYOND:
        try:
            hop = next_hop(destination)
        except NetioError:  # no route, or no stack for the family
            continue
        if hop.address != destination:
            found.add((hop.address, hop.interface.index))
    return found


def family_of(address: IPv4Address | IPv6Address) -> int:
    """Returns the family of an address, as the rows have it."""
    return lib.AF_INET if isinstance(address, IPv4Address) else lib.AF_INET6


def is_move(change: NeighborChange) -> bool:
    """Whether an address has another physical address than the last known one."""
    if change.kind is ChangeKind.REMOVED or change.neighbor is None:
        return False
    now, last = change.neighbor.physical_address, change.last_physical_address
    return "" not in (now, last) and now != last


class ChangeCounter:
    """Counts the changes of the current namespace in a thread, until it is closed or the table is not wanted.

    The table is looked at again every few seconds: a watch keeps the namespace in existence, also a deleted one.
    """

    def __init__(self, poll_interval: float, is_wanted: Callable[[], bool]) -> None:
        self._counts, self._lock = ChangeCounts(), Lock()
        self._is_wanted, self._closed = is_wanted, Event()
        self._watch = watch_neighbors(poll_interval=poll_interval)
        # A thread begins with an empty context, which has no namespace.
        self._thread = Thread(target=copy_context().run, args=(self._run,), name="netio-changes", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether changes are still counted."""
        return self._thread.is_alive()

    def counts(self) -> ChangeCounts:
        """Returns the counts so far."""
        with self._lock:
            return self._counts.copy()

    def drop(self, indexes: Iterable[int]) -> None:
        """Drops the counts of removed interfaces."""
        with self._lock:
            self._counts.drop(indexes)

    def close(self) -> None:
        """Ends the thread, and waits for its end."""
        self._closed.set()
        self._watch.close()
        self._thread.join()

    def _run(self) -> None:
        next_check = monotonic() + _CHECK_SECONDS
        with self._watch:
            while not self._closed.is_set():
                try:
                    self._count(self._watch.read(max(0.0, next_check - monotonic())))
                except NetioError:  # the next read continues
                    with self._lock:
                        self._counts.errors += 1
                    self._closed.wait(_PAUSE_SECONDS)
                except ValueError:  # closed while it waited
                    return
                if monotonic() >= next_check:
                    next_check = monotonic() + _CHECK_SECONDS
                    if not self._is_wanted():
                        return
                    self._drop_removed()

    def _count(self, changes: list[NeighborChange]) -> None:
        moves = [entry for change in changes if is_move(change) and (entry := change.neighbor) is not None]
        gateways = default_gateways() if moves else set()
        with self._lock:
            for change in changes:
                if change.neighbor is None:
                    self._counts.resyncs += 1
                else:
                    entry = change.neighbor
                    self._counts.changes[entry.interface_index, family_of(entry.address), change.kind] += 1
            for entry in moves:
                key = entry.interface_index, family_of(entry.address)
                self._counts.moves[key] += 1
                if (entry.address, entry.interface_index) in gateways:
                    self._counts.gateway_moves[key] += 1

    def _drop_removed(self) -> None:
        indexes = self._counts.indexes()
        if len(indexes) > _MANY_INTERFACES:
            cache = InterfaceCache()
            self.drop(index for index in indexes if cache.find(index=index) is None)
