# SPDX-License-Identifier: MIT
"""The collector for Prometheus on Windows, with the stand-in: without the numbers that only Linux has."""

from __future__ import annotations

from time import monotonic, sleep

import pytest
from prometheus_client import CollectorRegistry

import netio
from netio.errors import NotSupportedError
from netio.prometheus import NeighborCollector

pytestmark = pytest.mark.wine_lacks

ADDRESS, MAC, OTHER = "192.0.2.7", "02:00:5e:00:00:07", "02:00:5e:00:00:08"


def samples(collector: NeighborCollector) -> dict[tuple[str, ...], float]:
    """Return the samples by name and values of labels."""
    registry = CollectorRegistry()
    registry.register(collector)
    found = (sample for metric in registry.collect() for sample in metric.samples)
    return {(sample.name, *sorted(sample.labels.values())): sample.value for sample in found}


def await_value(collector: NeighborCollector, key: tuple[str, ...], value: float) -> None:
    until = monotonic() + 20
    while samples(collector).get(key) != value:
        assert monotonic() < until, samples(collector)
        sleep(0.02)


@pytest.mark.usefixtures("standin")
def test_entries_changes_and_moves_are_counted() -> None:
    """Bug: the thread does not poll, or a scrape asks for numbers that only Linux has."""
    with NeighborCollector(poll_interval=0.01) as collector:
        netio.create_neighbor(ADDRESS, MAC, interface="Ethernet")
        await_value(collector, ("netio_neighbor_changes_total", "Ethernet", "added", "ipv4"), 1)
        netio.set_neighbor(ADDRESS, OTHER, interface="Ethernet")
        await_value(collector, ("netio_neighbor_moves_total", "Ethernet", "ipv4"), 1)
        found = samples(collector)
    assert found["netio_neighbor_entries", "Ethernet", "ipv4", "permanent"] == 1
    assert found["netio_up",] == 1
    assert not [key for key in found if key[0].startswith("netio_table")]


@pytest.mark.usefixtures("standin")
def test_namespaces_are_not_supported() -> None:
    with pytest.raises(NotSupportedError):
        NeighborCollector(namespaces=["blue"])
