# SPDX-License-Identifier: MIT
"""Reads the tables of network namespaces, and turns entries and changes into samples of netio.prometheus."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from heapq import nsmallest
from logging import getLogger

from netio._change_counter import ChangeCounter, ChangeCounts, default_gateways, family_of
from netio._codec import struct_layout
from netio._interfaces import InterfaceCache
from netio._metric_families import TABLE_METRICS, label_text
from netio._namespace import current_namespace, namespace
from netio._native import lib
from netio._table import NeighborTable, names_in, native_rows
from netio._types import ChangeKind, NeighborState, identify
from netio._verbs import list_neighbors
from netio.errors import NamespaceNotFoundError, NetioError
from netio.linux import table_parameters, table_statistics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from netio._metric_families import Families
    from netio._namespace import NamespaceLike
    from netio._types import InterfaceLike

_log = getLogger("netio.prometheus")

_FAMILIES = {lib.AF_INET: "ipv4", lib.AF_INET6: "ipv6"}

_KINDS = (ChangeKind.ADDED, ChangeKind.CHANGED, ChangeKind.REMOVED)

# The members by which entries are counted, and those by which entries with series of their own are chosen.
_COUNTED = struct_layout(
    "MIB_IPNET_ROW2", ((("Address", "si_family"), "H"), (("InterfaceIndex",), "I"), (("State",), "I"))
)
_CHOSEN = struct_layout(
    "MIB_IPNET_ROW2",
    (
        (("Address", "si_family"), "H"),
        (("Address", "Ipv4", "sin_addr"), "4s"),
        (("Address", "Ipv6", "sin6_addr"), "16s"),
        (("InterfaceIndex",), "I"),
        (("PhysicalAddressLength",), "I"),
    ),
)


class Source:
    """A network namespace whose table is read and whose changes are counted; None is that of the caller."""

    def __init__(self, which: NamespaceLike | None, poll_interval: float) -> None:
        self.which = which
        self.labels = () if which is None else (label_text(str(which)),)
        self._poll_interval = poll_interval
        self._counter: ChangeCounter | None = None
        self._identity: tuple[int, int] | None = None
        self._problem = ""

    def open(self) -> None:
        """Begins to count changes, if the namespace exists."""
        try:
            with self._selected():
                self._running_counter()
        except NamespaceNotFoundError as error:
            self._report(error)

    def read(self, interfaces: Sequence[InterfaceLike]) -> Reading | None:
        """Reads the table and the counts of changes; returns None if that fails."""
        try:
            with self._selected():
                counter = self._running_counter()
                counts, table, gateways = counter.counts(), list_neighbors(), default_gateways()
                cache = InterfaceCache()
                names = {index: name for index, (name, _) in names_in(table).items()}
                for index in counts.indexes() - set(names):
                    found = cache.find(index=index)
                    names[index] = "" if found is None else cache.names([index])[index][0]
                selected = _indexes(interfaces, cache)
        except NetioError as error:
            self._report(error)
            return None
        self._report(None)
        counter.drop(index for index, name in names.items() if not name)
        shown = {i: label_text(name) for i, name in names.items() if name and (not interfaces or i in selected)}
        return Reading(self.labels, table, counts, shown, {(index, family_of(one)) for one, index in gateways})

    def close(self) -> None:
        """Ends the thread, and releases the namespace."""
        if self._counter is not None:
            self._counter.close()
            self._counter = None

    def _selected(self) -> AbstractContextManager[None]:
        return nullcontext() if self.which is None else namespace(self.which)

    def _running_counter(self) -> ChangeCounter:
        """Returns the counter of the current namespace, a new one if the name is that of another namespace now."""
        identity = _current_identity()
        if self._counter is not None and (identity != self._identity or not self._counter.is_running):
            self.close()
        if self._counter is None:
            self._identity = identity
            self._counter = ChangeCounter(self._poll_interval, partial(self._exists, identity))
        return self._counter

    def _exists(self, identity: tuple[int, int] | None) -> bool:
        """Whether the name is still that of this namespace."""
        try:
            with self._selected():
                return _current_identity() == identity
        except NetioError:
            return False

    def _report(self, error: NetioError | None) -> None:
        """Logs a problem when it begins."""
        problem = "" if error is None else str(error)
        if problem and problem != self._problem:
            where = "" if self.which is None else f" of the namespace {self.which}"
            _log.warning("the neighbour table%s cannot be read: %s", where, problem)
        self._problem = problem


def _current_identity() -> tuple[int, int] | None:
    """Returns numbers that the current namespace has as long as it is open; None for the process's own."""
    descriptor = current_namespace().descriptor
    if descriptor < 0:
        return None
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


@dataclass(frozen=True, slots=True)
class Reading:
    """A table, and the changes so far. `names` are those of the interfaces that have series, by index."""

    labels: tuple[str, ...]
    table: NeighborTable
    counts: ChangeCounts
    names: dict[int, str]
    gateways: set[tuple[int, int]]  # interface and family of each default gateway

    def add_counts(self, families: Families) -> None:
        """Adds the numbers of entries and of changes."""
        entries: Counter[tuple[str, ...]] = Counter()
        changes: Counter[tuple[str, ...]] = Counter()
        moves: Counter[tuple[str, ...]] = Counter()
        gateway_moves: Counter[tuple[str, ...]] = Counter()
        rows = Counter(_COUNTED.iter_unpack(native_rows(self.table)))
        for (family, index, state), count in rows.items():
            entries[*self._place(index, family), NeighborState(state).name.lower()] += count
        # A series begins with 0: Prometheus does not see the first change of one that begins with 1.
        places = {(index, family) for family, index, _ in rows} | {key[:2] for key in self.counts.changes}
        for index, family in places:
            for kind in _KINDS:
                number = self.counts.changes[index, family, kind]
                changes[*self._place(index, family), kind.name.lower()] += number
            moves[self._place(index, family)] += self.counts.moves[index, family]
        for index, family in self.gateways | set(self.counts.gateway_moves):
            gateway_moves[self._place(index, family)] += self.counts.gateway_moves[index, family]
        self._add(families, "netio_neighbor_entries", entries)
        self._add(families, "netio_neighbor_changes", changes)
        self._add(families, "netio_neighbor_moves", moves)
        self._add(families, "netio_gateway_moves", gateway_moves)
        families.add("netio_watch_resyncs", self.labels, self.counts.resyncs)
        families.add("netio_watch_errors", self.labels, self.counts.errors)

    def add_infos(self, families: Families, room: int) -> tuple[int, int]:
        """Adds a series for each entry with a physical address, as many as there is room for.

        Returns the numbers of those added and of the others.
        """
        rows = native_rows(self.table)
        total = sum(1 for _ in self._resolved(rows))
        chosen = nsmallest(room, self._resolved(rows))
        infos: Counter[tuple[str, ...]] = Counter()
        for *_, index, position in chosen:
            entry = self.table[position]
            address = label_text(str(entry.address))
            infos[*self._place(index, family_of(entry.address)), address, str(entry.physical_address)] = 1
        self._add(families, "netio_neighbor_info", infos)
        return len(chosen), total - len(chosen)

    def _resolved(self, rows: memoryview) -> Iterator[tuple[int, bytes, int, int]]:
        """Yields family, address, interface and position of each entry with a physical address."""
        for position, (family, ip4, ip6, index, length) in enumerate(_CHOSEN.iter_unpack(rows)):
            if length and index in self.names:
                yield family, ip4 if family == lib.AF_INET else ip6, index, position

    def _place(self, index: int, family: int) -> tuple[str, str]:
        """Returns the labels of an interface and a family; the first is empty if the interface has no series."""
        return self.names.get(index, ""), _FAMILIES.get(family, "")

    def _add(self, families: Families, name: str, values: Counter[tuple[str, ...]]) -> None:
        for labels, value in sorted(values.items()):
            if labels[0]:
                families.add(name, (*self.labels, *labels), value)


def add_table(families: Families) -> None:
    """Adds the limits and statistics of the kernel's tables."""
    for family, label in _FAMILIES.items():
        try:
            numbers = table_parameters(family), table_statistics(family)
        except NetioError:  # there is no stack for the family, or a sandbox refuses the request
            continue
        for name, metric in TABLE_METRICS.items():
            source = numbers[0] if hasattr(numbers[0], name) else numbers[1]
            families.add(metric.name, (label,), getattr(source, name))


def _indexes(interfaces: Iterable[InterfaceLike], cache: InterfaceCache) -> set[int]:
    """Returns the indexes of the interfaces that exist."""
    found = []
    for one in interfaces:
        name, index, luid = identify(one)
        found.append(cache.find(name=name, index=index, luid=luid))
    return {one.index for one in found if one is not None}
