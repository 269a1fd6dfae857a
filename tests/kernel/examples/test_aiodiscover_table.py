# SPDX-License-Identifier: MIT
"""examples/aiodiscover_table.py returns the table that aiodiscover returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiodiscover_table
import netio
from netlab.hosts import LIVE, hosts
from netlab.oracle import seen
from netlab.original import run_original
from netlab.wire import ABSENT_IP4, FAR_IP4, FAR_IP6, FAR_LINK_LOCAL, FAR_MAC, NEAR_IP4

if TYPE_CHECKING:
    from netlab.wire import Wire

# It sleeps for 10 seconds; the kernel of the far host replies at once.
ORIGINAL = """
import asyncio, json, sys
from aiodiscover import network
from pyroute2 import AsyncIPRoute

async def neighbours(addresses):
    async with AsyncIPRoute() as route:
        return await network.SystemNetworkData(route).async_get_neighbours(addresses)

network.ARP_CACHE_POPULATE_TIME = 2
print(json.dumps(asyncio.run(neighbours(json.load(sys.stdin)))))
"""

# An interface that knows more than the entries of live hosts.
OTHERS = [
    "neigh add 192.0.2.50 lladdr 02:00:5e:00:00:07 dev near0",
    "neigh add 192.0.2.51 lladdr 02:00:5e:00:00:08 dev near0 nud noarp extern_learn proto zebra",
    "neigh add 192.0.2.52 lladdr ff:ff:ff:ff:ff:ff dev near0",
    "neigh add 192.0.2.53 lladdr 00:00:00:00:00:00 dev near0",
    "neigh add 2001:db8::50 lladdr 02:00:5e:00:00:09 dev near0",
    f"neigh add {FAR_LINK_LOCAL} lladdr {FAR_MAC} dev near0",
    "neigh add proxy 192.0.2.54 dev near0",
]


def test_same_table_as_aiodiscover(crowd: Wire) -> None:
    """Bug: an address or a physical address differs, or an address without an entry is not probed."""
    crowd.hasten()
    crowd.near.ip(*OTHERS)
    live = [str(address) for address in hosts(LIVE, 5)]
    addresses = [FAR_IP4, ABSENT_IP4, NEAR_IP4, "192.0.2.255", "192.0.2.50", *live]

    expected = run_original(crowd.near, ORIGINAL, addresses)
    netio.flush_neighbors()
    assert FAR_IP4 not in seen(crowd.near)

    found = aiodiscover_table.neighbours(addresses)

    assert found == expected
    assert {FAR_IP4, *live} <= {address for address, found in expected.items() if found == FAR_MAC}
    assert {"192.0.2.50", "192.0.2.51"} <= expected.keys()


def test_table_without_probes(crowd: Wire) -> None:
    """Bug: the port probes although each address is known, or leaves an entry out."""
    crowd.near.ip(*OTHERS, f"neigh add {FAR_IP6} lladdr {FAR_MAC} dev near0 nud stale")
    before = seen(crowd.near)

    found = aiodiscover_table.neighbours([FAR_IP6, "192.0.2.50"])

    assert found == run_original(crowd.near, ORIGINAL, [FAR_IP6, "192.0.2.50"])
    assert found[FAR_IP6] == FAR_MAC
    assert seen(crowd.near) == before
