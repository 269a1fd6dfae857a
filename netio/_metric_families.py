# SPDX-License-Identifier: MIT
"""The metrics of netio.prometheus: their names, kinds, labels and help, and the samples of one scrape."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

from netio._native import lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client import Metric


@dataclass(frozen=True, slots=True)
class Definition:
    """A metric. A scope is "namespace" (of each network namespace), "entry" (if entries have series), or "" (once).

    The names of counters are without `_total`, which the exposition adds.
    """

    name: str
    text: str
    labels: tuple[str, ...] = ()
    scope: str = ""
    is_counter: bool = False


_BY_INTERFACE = ("interface", "family")

_METRICS = (
    Definition("netio_up", "Whether the neighbour table could be read.", scope="namespace"),
    Definition(
        "netio_neighbor_entries",
        "Entries of the neighbour table, of every kind.",
        (*_BY_INTERFACE, "state"),
        "namespace",
    ),
    Definition(
        "netio_neighbor_changes",
        "Changes of entries: added, changed (state or physical address) and removed.",
        (*_BY_INTERFACE, "kind"),
        "namespace",
        is_counter=True,
    ),
    Definition(
        "netio_neighbor_moves",
        "Changes of the physical address of a neighbour, also after its entry failed or was removed.",
        _BY_INTERFACE,
        "namespace",
        is_counter=True,
    ),
    Definition(
        "netio_gateway_moves",
        "Changes of the physical address of the gateway of the default route.",
        _BY_INTERFACE,
        "namespace",
        is_counter=True,
    ),
    Definition(
        "netio_watch_resyncs",
        "Losses of notifications, after which the differences were counted.",
        scope="namespace",
        is_counter=True,
    ),
    Definition("netio_watch_errors", "Errors of the watch that counts changes.", scope="namespace", is_counter=True),
    Definition(
        "netio_neighbor_info",
        "An entry with a physical address; always 1.",
        (*_BY_INTERFACE, "address", "physical_address"),
        "entry",
    ),
    Definition(
        "netio_neighbor_info_omitted_entries",
        "Entries with a physical address that have no series, since there are more than the limit.",
        scope="entry",
    ),
)

# Of the kernel's table of a family, by the names in TableParameters and TableStatistics.
TABLE_METRICS = {
    "gc_thresh1": Definition(
        "netio_table_gc_thresh1", "Number of entries below which unused ones are not removed periodically."
    ),
    "gc_thresh2": Definition(
        "netio_table_gc_thresh2", "Number of dynamic entries above which a new one removes unused ones."
    ),
    "gc_thresh3": Definition("netio_table_gc_thresh3", "The most dynamic entries."),
    "entries": Definition(
        "netio_table_entries", "Entries of all network namespaces, also permanent ones, to which no limit applies."
    ),
    "hash_buckets": Definition("netio_table_hash_buckets", "The size of the hash table."),
    "proxy_queued": Definition("netio_table_proxy_queued_requests", "Requests for proxy entries that wait."),
    "allocations": Definition("netio_table_allocations", "Entries that were made.", is_counter=True),
    "destroys": Definition("netio_table_destroys", "Entries that were freed.", is_counter=True),
    "hash_grows": Definition("netio_table_hash_grows", "Enlargements of the hash table.", is_counter=True),
    "res_failed": Definition("netio_table_failed_resolutions", "Entries that became FAILED.", is_counter=True),
    "lookups": Definition("netio_table_lookups", "Look-ups of an entry.", is_counter=True),
    "hits": Definition("netio_table_hits", "Look-ups that found an entry.", is_counter=True),
    "rcv_probes_mcast": Definition(
        "netio_table_multicast_probes_received", "Multicast neighbour solicitations received.", is_counter=True
    ),
    "rcv_probes_ucast": Definition(
        "netio_table_unicast_probes_received", "Unicast neighbour solicitations received.", is_counter=True
    ),
    "periodic_gc_runs": Definition(
        "netio_table_periodic_gc_runs", "Periodic collections of unused entries.", is_counter=True
    ),
    "forced_gc_runs": Definition(
        "netio_table_forced_gc_runs",
        "Collections because there were more than gc_thresh2 dynamic entries.",
        is_counter=True,
    ),
    "table_fulls": Definition(
        "netio_table_fulls",
        "Entries that were not made because there were gc_thresh3 dynamic ones.",
        is_counter=True,
    ),
}


def label_text(text: str) -> str:
    """Returns a name as a label. It is UTF-8, which the names of interfaces and namespaces need not be."""
    return text.encode("utf-8", "backslashreplace").decode()


class Families:
    """The metrics of one scrape. Each name has a family, also if there are no samples."""

    def __init__(self, *, with_namespaces: bool, with_entries: bool) -> None:
        self._families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for one in _METRICS:
            if one.scope != "entry" or with_entries:
                of_namespace = one.scope == "namespace" or one.name == "netio_neighbor_info"
                self._define(one, ("namespace", *one.labels) if with_namespaces and of_namespace else one.labels)
        if lib.NETIO_HAS_DETAIL:  # only Linux has these numbers
            for one in TABLE_METRICS.values():
                self._define(one, ("family",))
        self._duration = GaugeMetricFamily(
            "netio_scrape_duration_seconds", "How long this scrape took.", labels=(), unit="seconds"
        )
        self._build = InfoMetricFamily("netio_build", "The version of netio, and its system.", labels=())

    def _define(self, one: Definition, labels: Sequence[str]) -> None:
        kind = CounterMetricFamily if one.is_counter else GaugeMetricFamily
        self._families[one.name] = kind(one.name, one.text, labels=labels)

    def add(self, name: str, labels: Sequence[str], value: float) -> None:
        """Adds a sample, with the values of the labels in their order."""
        self._families[name].add_metric(labels, value)

    def finish(self, version: str, seconds: float) -> None:
        """Adds the metrics of the scrape itself."""
        self._duration.add_metric((), seconds)
        self._build.add_metric((), {"version": version, "python": platform.python_version(), "system": sys.platform})

    def __iter__(self) -> Iterator[Metric]:
        yield from self._families.values()
        yield self._duration
        yield self._build
