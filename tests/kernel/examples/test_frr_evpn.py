# SPDX-License-Identifier: MIT
"""examples/frr_evpn.py writes the entries that FRR writes for remote hosts of an EVPN.

FRR is written in C, so the original is `ip neigh` with the state, flags and protocol that it sends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import frr_evpn
import netio
from frr_evpn import RemoteHost
from netlab.oracle import details, seen
from netlab.wire import FAR_IP4

if TYPE_CHECKING:
    from netlab.wire import Wire

MAC, OTHER_MAC = "02:00:5e:00:00:07", "02:00:5e:00:00:08"
ZEBRA = "extern_learn proto zebra"


@pytest.mark.parametrize("address", ["192.0.2.50", "2001:db8::50", "fe80::50"])
@pytest.mark.parametrize("is_router", [False, True], ids=["host", "router"])
def test_same_entry_as_frr(wire: Wire, address: str, *, is_router: bool) -> None:
    """Bug: state, flags or protocol differ, so that the kernel probes the host, or FRR does not recognise the entry."""
    wire.near.ip(f"neigh replace {address} lladdr {MAC} dev near0 nud noarp {ZEBRA} {'router' if is_router else ''}")
    expected, content = details(wire.near)[address], seen(wire.near)
    netio.delete_neighbor(address, interface="near0")

    frr_evpn.install([RemoteHost(address, MAC, is_router)], "near0")

    found = details(wire.near)[address]
    assert (found.state, found.flags, found.protocol) == (expected.state, expected.flags, expected.protocol)
    assert seen(wire.near) == content


def test_only_what_differs_is_written_and_others_stay(wire: Wire) -> None:
    """Bug: an entry of another program is deleted, or one that is in sync is written again."""
    others = ["192.0.2.60", "192.0.2.61", "192.0.2.62"]
    wire.near.ip(
        f"neigh add 192.0.2.60 lladdr {MAC} dev near0",
        f"neigh add 192.0.2.61 lladdr {MAC} dev near0 extern_learn nud noarp proto bgp",
        f"neigh add 192.0.2.62 lladdr {MAC} dev near0 proto zebra",  # without extern_learn
        f"neigh add 192.0.2.53 lladdr {MAC} dev near0 nud noarp {ZEBRA}",  # withdrawn
    )
    kept = {address: details(wire.near)[address] for address in others}
    hosts = [RemoteHost("192.0.2.50", MAC), RemoteHost("192.0.2.51", MAC), RemoteHost("fe80::52", MAC)]
    frr_evpn.install(hosts, "near0")
    before = details(wire.near)

    moved = [hosts[0], RemoteHost("192.0.2.51", OTHER_MAC), hosts[2]]
    with wire.near.entered():
        frr_evpn.install(moved, "near0")

    found = details(wire.near)
    assert found.keys() == {*others, *(host.address for host in hosts)}
    assert seen(wire.near)["192.0.2.51"].physical_address == OTHER_MAC
    assert {address: (found[address].flags, found[address].protocol) for address in others} == {
        address: (detail.flags, detail.protocol) for address, detail in kept.items()
    }
    assert FAR_IP4 not in before
