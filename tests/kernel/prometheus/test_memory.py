# SPDX-License-Identifier: MIT
"""The memory of a scrape: bounded, and freed after it."""

from __future__ import annotations

import gc
from ipaddress import IPv4Address
from pathlib import Path

import pytest

import netio
from netio import Neighbor, NeighborTable
from netio.prometheus import NeighborCollector
from netlab.exporter import exporting

ENTRIES = 100_000

# A table of that size is 9 MB, and its entries as objects are 40 MB more.
BOUND_BYTES = 20_000_000

# The C library returns freed memory of this size and more to the system, and keeps none of it for later.
RETURNING = {"MALLOC_MMAP_THRESHOLD_": "131072"}
FREED_BYTES = 4_000_000


@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("more", [{}, RETURNING], ids=["default", "returning"])
def test_scrape_of_many_entries_needs_20_megabytes_more_than_idle(more: dict[str, str]) -> None:
    """Bug: a scrape decodes every entry, or keeps several tables at a time; or the table stays after the scrape."""
    first = int(IPv4Address("10.0.0.1"))
    netio.create_neighbors(
        [Neighbor(IPv4Address(first + n), "02:00:5e:00:00:07", interface="near0") for n in range(ENTRIES)]
    )
    with exporting(**more) as exporter:
        idle = exporter.status_lines()["VmRSS"]
        Path(f"/proc/{exporter.process.pid}/clear_refs").write_text("5")  # the peak starts again
        for _ in range(5):
            samples = exporter.scrape()
        after = exporter.status_lines()
    assert samples['netio_neighbor_entries{family="ipv4",interface="near0",state="permanent"}'] == ENTRIES
    assert (after["VmHWM"] - idle) * 1024 <= BOUND_BYTES
    if more:
        assert (after["VmRSS"] - idle) * 1024 <= FREED_BYTES


@pytest.mark.usefixtures("wire")
def test_table_is_freed_before_the_metrics_are_used() -> None:
    """Bug: the metrics of a scrape refer to the table, which then exists as long as they do."""
    with NeighborCollector(per_entry=10) as collector:
        metrics = list(collector.collect())
        gc.collect()
        assert [one for one in gc.get_objects() if isinstance(one, NeighborTable)] == []
    assert metrics
