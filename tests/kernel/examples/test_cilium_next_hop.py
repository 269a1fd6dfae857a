# SPDX-License-Identifier: MIT
"""examples/cilium_next_hop.py writes the entries that Cilium writes, for the next hops to the nodes only.

Cilium is written in Go, so the original is `ip neigh` with the flags that it sends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import cilium_next_hop
import netio
from netlab.oracle import details, seen
from netlab.wire import ABSENT_IP4, FAR_IP4, FAR_IP6, FAR_LINK_LOCAL, FAR_MAC

if TYPE_CHECKING:
    from netlab.wire import Wire

FLAGS = 0x110  # NTF_EXT_LEARNED, and NTF_EXT_MANAGED above the first byte
NODES = ["203.0.113.9", "203.0.113.10"]  # behind a gateway


@pytest.fixture
def routed(wire: Wire) -> Wire:
    """A wire with nodes behind the far host."""
    wire.near.ip(
        f"route add 203.0.113.0/24 via {FAR_IP4} dev near0",
        f"route add 2001:db8:1::/64 via {FAR_LINK_LOCAL} dev near0",
    )
    return wire


@pytest.mark.parametrize(
    ("nodes", "hop"),
    [(NODES, FAR_IP4), ([FAR_IP4], FAR_IP4), ([FAR_IP6], FAR_IP6), (["2001:db8:1::9"], FAR_LINK_LOCAL)],
    ids=["gateway", "on-link", "IPv6", "link-local gateway"],
)
def test_same_entry_as_cilium(routed: Wire, nodes: list[str], hop: str) -> None:
    """Bug: the entry is that of the node, lacks a flag, or is not probed."""
    routed.near.ip(f"neigh replace {hop} dev near0 managed extern_learn")
    expected = details(routed.near)[hop]
    netio.delete_neighbor(hop, interface="near0")

    cilium_next_hop.manage(nodes, "near0")

    found = details(routed.near)
    assert found.keys() == {hop}
    assert (found[hop].state, found[hop].flags, found[hop].protocol) == (expected.state, FLAGS, 0)
    assert seen(routed.near)[hop].physical_address == FAR_MAC


def test_entry_lives_as_long_as_a_node_needs_it(routed: Wire) -> None:
    """Bug: an entry is deleted while a node is left, stays without one, or an entry of another program is deleted."""
    routed.near.ip(f"neigh add 192.0.2.50 lladdr {FAR_MAC} dev near0 extern_learn nud noarp proto zebra")
    cilium_next_hop.manage([*NODES, ABSENT_IP4], "near0")
    cilium_next_hop.manage(NODES[1:], "near0")
    assert details(routed.near).keys() == {FAR_IP4, "192.0.2.50"}

    cilium_next_hop.manage([], "near0")
    assert details(routed.near).keys() == {"192.0.2.50"}
