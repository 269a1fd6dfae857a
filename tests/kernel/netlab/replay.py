# SPDX-License-Identifier: MIT
"""A table that follows the changes of a watch, and rejects each one that does not fit what was reported before."""

from __future__ import annotations

from collections import Counter
from time import monotonic
from typing import TYPE_CHECKING

import netio
from netio import ChangeKind, Neighbor, NeighborChange, NeighborWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from ipaddress import IPv4Address, IPv6Address

    Key = tuple[IPv4Address | IPv6Address, int]

_LIMIT_SECONDS = 40


class Replay:
    """The entries as reported by a watch."""

    def __init__(self, watch: NeighborWatch, entries: Iterable[Neighbor] = ()) -> None:
        self.watch = watch
        self.entries: dict[Key, Neighbor] = {_key(entry): entry for entry in entries}
        self.seen: list[NeighborChange] = []

    @property
    def kinds(self) -> Counter[ChangeKind]:
        return Counter(change.kind for change in self.seen)

    def apply(self, changes: Iterable[NeighborChange]) -> None:
        for change in changes:
            self.seen.append(change)
            if change.kind is ChangeKind.RESYNC:
                assert change == NeighborChange(ChangeKind.RESYNC, None)
                continue
            assert change.neighbor is not None
            key = _key(change.neighbor)
            known = self.entries.pop(key, None)
            assert change.previous == known, "the previous entry is not the one that was reported"
            assert (known is None) == (change.kind is ChangeKind.ADDED), change
            if change.kind is ChangeKind.REMOVED:
                assert change.neighbor == known
            else:
                assert change.neighbor != known, "a change without a difference"
                self.entries[key] = change.neighbor

    def read_until(self, is_done: Callable[[], bool]) -> None:
        """Reads until the function returns True."""
        end = monotonic() + _LIMIT_SECONDS
        while not is_done():
            assert monotonic() < end, f"the watch reported only {self.kinds}: {self.seen[-3:]}"
            self.apply(self.watch.read(0.05))

    def read_quiet(self, seconds: float = 0.4) -> None:
        """Reads until nothing is reported for a time that is longer than the pause between two dumps."""
        end = monotonic() + _LIMIT_SECONDS
        while changes := self.watch.read(seconds):
            assert monotonic() < end, "the watch does not become quiet"
            self.apply(changes)

    def check(self, *, interface: str | None = None, family: int = 0) -> None:
        """Asserts that the reported entries are those of table() and those of a dump."""
        assert {_key(entry): entry for entry in self.watch.table()} == self.entries
        dumped = {_key(entry): entry for entry in netio.list_neighbors(family, interface=interface)}
        assert self.entries == dumped


def _key(entry: Neighbor) -> Key:
    return entry.address, entry.interface_index
