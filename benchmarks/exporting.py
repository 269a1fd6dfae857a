# SPDX-License-Identifier: MIT
"""Compares a scrape of netio.prometheus with list_neighbors(). Its options: --help.

Runs in a private network namespace, in one process: reading the table, the collector, and the text for Prometheus, one
after the other in each round.
"""

from __future__ import annotations

import argparse

from lab import FIRST, INTERFACE, enter_new_namespace, measure
from prometheus_client import CollectorRegistry, generate_latest

import netio
from netio import Neighbor
from netio.prometheus import NeighborCollector


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    enter_new_namespace()
    mac = "02:00:5e:00:00:07"
    netio.create_neighbors([Neighbor(FIRST + n, mac, interface=INTERFACE) for n in range(options.rows)])
    with NeighborCollector() as collector, NeighborCollector(per_entry=1000) as per_entry:
        registry, detailed = CollectorRegistry(), CollectorRegistry()
        registry.register(collector)
        detailed.register(per_entry)
        ways = {
            "list_neighbors()": netio.list_neighbors,
            "a scrape": lambda: list(collector.collect()),
            "a scrape as text": lambda: generate_latest(registry),
            "a scrape as text, --per-entry 1000": lambda: generate_latest(detailed),
        }
        for result in measure(ways, options.rounds):
            low, high = min(result.ratios), max(result.ratios)
            print(f"{result.way:36} {result.typical * 1e3:8.1f} ms  {result.ratio:.2f} ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
