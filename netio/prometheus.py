# SPDX-License-Identifier: MIT
"""A collector for Prometheus: the entries of the neighbour table by state, their changes, and the kernel's limits.

It needs the library prometheus-client: `pip install "netioapi[prometheus]"`. The command `netio exporter` serves it.

>>> from netio.prometheus import NeighborCollector
>>> from prometheus_client import CollectorRegistry
>>> registry = CollectorRegistry()
>>> with NeighborCollector(interfaces=["eth0"]) as collector:
...     registry.register(collector)
...     labels = {"interface": "eth0", "family": "ipv4", "state": "permanent"}
...     registry.get_sample_value("netio_neighbor_entries", labels)
1
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextvars import copy_context
from threading import RLock
from time import perf_counter

try:
    from prometheus_client import Metric
except ModuleNotFoundError as _error:
    if _error.name != "prometheus_client":
        raise
    _REASON = 'netio.prometheus needs prometheus-client; install it with: pip install "netioapi[prometheus]"'
    raise ModuleNotFoundError(_REASON, name=_error.name) from None

import netio
from netio._metric_families import Families
from netio._metric_source import Source, add_table
from netio._namespace import NamespaceLike
from netio._native import lib
from netio._types import InterfaceLike, identify, whole_number
from netio.errors import invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self, TypeVar

    Item = TypeVar("Item")

__all__ = ["NeighborCollector"]


class NeighborCollector:
    """A collector for prometheus-client, whose metrics the page "Prometheus" of the documentation lists.

    From its creation until close(), a thread for each namespace counts the changes of the table as watch_neighbors()
    reports them. Each scrape reads the table once and frees it; concurrent scrapes wait for one another.

    Labels name interfaces, families and states; the series of removed interfaces are dropped. Addresses are labels only
    if per_entry is given. After a fork the collector belongs to the parent process: create one in each process.

    Args:
        interfaces: Names, indexes or Interfaces whose entries and changes are counted; empty for all. They need not
            exist yet.
        namespaces: Network namespaces, as namespace() accepts them, whose tables are read; empty for the one in which
            the collector is created. If they are given, each series of a table has the label `namespace`. One that does
            not exist has `netio_up` 0; a deleted one is released within 5 seconds.
        per_entry: The most entries that get a series `netio_neighbor_info` with address and physical address, those
            with the lowest addresses of each namespace first; `netio_neighbor_info_omitted_entries` counts the others.
        poll_interval: Seconds between two looks at the table on Windows, which announces no changes.

    Raises:
        AccessDeniedError: The process may not enter a namespace.
        InvalidParameterError: An argument is out of range or empty, or a file is not a namespace.
        NetioError: The system reports an error.
        NotSupportedError: namespaces are given, and the system has none (Windows).
        TypeError: An argument has another type.

    Windows: GetIpNetTable2. Linux: RTM_GETNEIGH, RTM_GETNEIGHTBL and the group RTNLGRP_NEIGH.
    """

    def __init__(
        self,
        *,
        interfaces: Iterable[InterfaceLike] = (),
        namespaces: Iterable[NamespaceLike] = (),
        per_entry: int = 0,
        poll_interval: float = 1.0,
    ) -> None:
        if whole_number("per_entry", per_entry) < 0:
            raise invalid(f"per_entry is {per_entry}; it must not be negative")
        self._interfaces = [_checked(interface) for interface in _items("interfaces", interfaces)]
        names: list[NamespaceLike | None] = [*dict.fromkeys(_items("namespaces", namespaces))]
        self._per_entry = per_entry
        self._lock = RLock()  # of a scrape; a signal handler may close the collector during one
        self._context = copy_context()  # which has the caller's namespace; scrapes are in other threads
        self._is_closed = False
        self._sources: list[Source] = []
        try:
            for name in names or [None]:
                self._sources.append(Source(name, poll_interval))
                self._sources[-1].open()
        except BaseException:
            self.close()
            raise

    def collect(self) -> Iterator[Metric]:
        """Read the tables and return the metrics, as a registry does for each scrape.

        Raises:
            ValueError: The collector is closed.
        """
        # The tables are freed before the first metric is returned.
        return iter(self._context.copy().run(self._scrape))

    def describe(self) -> Iterator[Metric]:
        """Return the metrics without samples, by which a registry detects names that occur twice."""
        return iter(self._new_families())

    def close(self) -> None:
        """End the threads, and release the namespaces. Idempotent."""
        with self._lock:
            self._is_closed = True
            for source in self._sources:
                source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _new_families(self) -> Families:
        named = any(source.which is not None for source in self._sources)
        return Families(with_namespaces=named, with_entries=self._per_entry > 0)

    def _scrape(self) -> Families:
        with self._lock:
            if self._is_closed:
                raise ValueError("the collector is closed")
            begin = perf_counter()
            families = self._new_families()
            room, omitted = self._per_entry, 0
            for source in self._sources:
                added, others = self._scrape_source(source, families, room)
                room, omitted = room - added, omitted + others
            if self._per_entry:
                families.add("netio_neighbor_info_omitted_entries", (), omitted)
            if lib.NETIO_HAS_DETAIL:
                add_table(families)
            families.finish(netio.__version__, perf_counter() - begin)
            return families

    def _scrape_source(self, source: Source, families: Families, room: int) -> tuple[int, int]:
        """Adds the metrics of a namespace. Returns the numbers of entries with series of their own, and without."""
        reading = source.read(self._interfaces)
        families.add("netio_up", source.labels, int(reading is not None))
        if reading is None:
            return 0, 0
        reading.add_counts(families)
        return reading.add_infos(families, room) if self._per_entry else (0, 0)


def _checked(interface: InterfaceLike) -> InterfaceLike:
    if interface == "":
        raise invalid("an interface must not be ''; omit interfaces to count all of them")
    identify(interface)
    return interface


def _items(name: str, values: Iterable[Item]) -> list[Item]:
    """Returns the items of an argument that a single name is not an abbreviation of."""
    if isinstance(values, str):
        raise TypeError(f"{name} must be an iterable such as [{values!r}], not str")
    return list(values)
