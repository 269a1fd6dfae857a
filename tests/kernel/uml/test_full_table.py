# SPDX-License-Identifier: MIT
"""A table that is really full: this kernel has a limit of its own, which the test lowers."""

from __future__ import annotations

import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.hosts import LIVE, SILENT, hosts, summary
from netlab.wire import FAR_MAC

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from netlab.wire import Wire

ROOM = 40


def limit(entries: int) -> None:
    """Sets the limit of IPv4 entries, which only the first namespace can do."""
    command = f"ip ntable change name arp_cache thresh1 {entries} thresh2 {entries} thresh3 {entries}"
    subprocess.run(["nsenter", "--net=/proc/1/ns/net", *command.split()], check=True, timeout=20)


@pytest.fixture
def full(crowd: Wire) -> Iterator[Wire]:
    """The table has room for ROOM entries in the whole kernel."""
    limit(ROOM)
    yield crowd
    limit(1024)


@pytest.mark.parametrize("prefix", [(), UNPRIVILEGED], ids=["root", "nobody"])
def test_resolve_of_more_hosts_than_the_table_holds(full: Wire, prefix: Sequence[str]) -> None:
    """Bug: an address without room is reported as a silent host, or the others are not resolved."""
    addresses = hosts(LIVE, 3 * ROOM)
    call = ("resolve_neighbors", (addresses,), {"interface": "near0", "max_in_flight": 2 * ROOM})
    (results,) = call_elsewhere(full.near, prefix, [call])
    kinds = Counter(kind for _, kind in summary(results).elements())
    assert set(kinds) == {FAR_MAC, "TableFullError"}, kinds
    assert kinds.total() == len(addresses)
    assert kinds[FAR_MAC] >= ROOM // 2


def test_silent_hosts_do_not_fill_the_table(full: Wire) -> None:
    """Bug: entries of silent hosts stay and take the room of the live ones."""
    full.hasten()
    silent, live = hosts(SILENT, 2 * ROOM), hosts(LIVE, ROOM // 4)
    found = summary(netio.resolve_neighbors([*silent, *live], interface="near0", max_in_flight=ROOM // 2))
    kinds = Counter(kind for _, kind in found.elements())
    assert kinds[FAR_MAC] == len(live), kinds


def test_permanent_entries_do_not_count(full: Wire) -> None:
    """The kernel's limit is for dynamic entries: permanent ones are written without a limit since Linux 5.0."""
    rows = [netio.Neighbor(address, FAR_MAC, interface="near0") for address in hosts(SILENT, 2 * ROOM)]
    netio.create_neighbors(rows)
    assert len(netio.list_neighbors(interface="near0")) >= len(rows)
    netio.delete_neighbors(rows)
    assert full.near.json("neigh show nud permanent dev near0") == []
