# SPDX-License-Identifier: MIT
"""Resolving one address of a live host, and entries that need no probe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import netio
from netio import NeighborState
from netlab.capture import capturing
from netlab.hosts import LIVE, hosts, reachable
from netlab.oracle import Seen, seen
from netlab.wire import FAR_IP4, FAR_IP6, FAR_MAC, NEAR_IP4, NEAR_IP6, NEAR_LINK_LOCAL

if TYPE_CHECKING:
    from conftest import Caller
    from netlab.wire import Wire

WRONG_MAC = "02:00:5e:00:00:99"

REACHABLE = Seen(FAR_MAC, "REACHABLE")


def test_live_address(wire: Wire, live: str, anyone: Caller) -> None:
    """Bug: no probe is sent, the reply is not recognised, or resolving needs privileges."""
    assert anyone("resolve_neighbor", live, interface="near0") == reachable(live)
    assert seen(wire.near)[live] == REACHABLE


@pytest.mark.usefixtures("wire")
def test_age_of_new_entry() -> None:
    """Bug: the age of a new entry is that of the entry it replaced, or in another unit."""
    assert netio.resolve_neighbor(FAR_IP4, interface="near0").reachability_time < 5000


@pytest.mark.parametrize("address", [FAR_IP4, FAR_IP6])
@pytest.mark.usefixtures("wire")
def test_interface_from_route(address: str) -> None:
    """Bug: without interface= the interface is not found."""
    assert netio.resolve_neighbor(address) == reachable(address)


@pytest.mark.usefixtures("wire")
def test_interface_from_scope() -> None:
    """Bug: the scope of a link-local address is not used."""
    assert netio.resolve_neighbor("fe80::2%near0") == reachable("fe80::2")


@pytest.mark.parametrize("state", ["stale", "reachable", "delay", "probe", "failed", "incomplete"])
def test_dynamic_entry_is_probed_again(wire: Wire, live: str, state: str) -> None:
    """Bug: an existing entry is returned with its wrong physical address; or its removal is taken for the result."""
    given = "" if state in ("failed", "incomplete") else f"lladdr {WRONG_MAC}"
    wire.near.ip(f"neigh add {live} {given} dev near0 nud {state}")

    assert netio.resolve_neighbor(live, interface="near0") == reachable(live)
    assert seen(wire.near) == {live: REACHABLE}


@pytest.mark.parametrize("source", [None, "own"])
@pytest.mark.parametrize("state", ["permanent", "noarp"])
def test_permanent_entry_is_returned(wire: Wire, live: str, state: str, source: str | None) -> None:
    """Bug: resolving removes an entry that an administrator created."""
    wire.near.ip(f"neigh add {live} lladdr {WRONG_MAC} dev near0 nud {state}")
    own = NEAR_IP4 if live == FAR_IP4 else NEAR_IP6 if live == FAR_IP6 else NEAR_LINK_LOCAL

    entry = netio.resolve_neighbor(live, interface="near0", source=source and own)

    assert (entry.physical_address, entry.state) == (WRONG_MAC, NeighborState.PERMANENT)
    assert seen(wire.near) == {live: Seen(WRONG_MAC, state.upper())}


def test_permanent_entry_is_returned_at_once(wire: Wire, absent: str) -> None:
    """Bug: a permanent entry is only read after the wait."""
    wire.near.ip(f"neigh add {absent} lladdr {WRONG_MAC} dev near0")

    entry = netio.resolve_neighbor(absent, interface="near0", timeout=0)

    assert entry.physical_address == WRONG_MAC


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8:9::7", "198.51.100.7", "2001:db8:8::7"])
def test_permanent_entry_needs_no_route(wire: Wire, anyone: Caller, address: str) -> None:
    """Bug: a permanent entry is only returned if the routes lead to its interface."""
    wire.near.ip(
        f"route add 198.51.100.0/24 via {FAR_IP4}",
        f"route add 2001:db8:8::/48 via {FAR_IP6}",
        f"neigh add {address} lladdr {WRONG_MAC} dev near0",
    )

    entry = anyone("resolve_neighbor", address, interface="near0")

    assert (entry.physical_address, entry.state) == (WRONG_MAC, NeighborState.PERMANENT)


@pytest.mark.parametrize(
    ("group", "physical_address"), [("224.0.0.9", "01:00:5e:00:00:09"), ("ff02::9", "33:33:00:00:00:09")]
)
@pytest.mark.usefixtures("wire")
def test_multicast(group: str, physical_address: str) -> None:
    """Bug: resolving waits for a reply of a multicast address, whose physical address follows from it."""
    entry = netio.resolve_neighbor(group, interface="near0")

    assert (entry.physical_address, entry.state) == (physical_address, NeighborState.PERMANENT)


def test_unprivileged_returns_reachable_entry(wire: Wire, live: str, unprivileged: Caller) -> None:
    """Bug: unprivileged, resolving waits for a REACHABLE entry, or sends a packet to it."""
    wire.near.ip(f"neigh add {live} lladdr {WRONG_MAC} dev near0 nud reachable")
    with capturing(wire) as capture:
        entry = unprivileged("resolve_neighbor", live, interface="near0", timeout=2)

        assert capture.frames() == []
    assert (entry.physical_address, entry.state) == (WRONG_MAC, NeighborState.REACHABLE)


def test_unprivileged_confirms_correct_stale_entry(wire: Wire, live: str, unprivileged: Caller) -> None:
    """Bug: the end of the kernel's own verification, which does not change the address, is missed."""
    wire.hasten()
    wire.near.ip(f"neigh add {live} lladdr {FAR_MAC} dev near0 nud stale")

    assert unprivileged("resolve_neighbor", live, interface="near0") == reachable(live)


def test_unprivileged_corrects_wrong_stale_entry(wire: Wire, live: str, unprivileged: Caller) -> None:
    """Bug: that the old physical address does not reply is taken for a failure of the host."""
    wire.hasten()
    wire.near.ip(f"neigh add {live} lladdr {WRONG_MAC} dev near0 nud stale")

    assert unprivileged("resolve_neighbor", live, interface="near0") == reachable(live)


def test_unprivileged_corrects_wrong_stale_entry_at_default_timers(wire: Wire, unprivileged: Caller) -> None:
    """Bug: the default timeout is shorter than the kernel's timers: 5 seconds before its probes and 3 of probing."""
    wire.near.ip(f"neigh add {FAR_IP4} lladdr {WRONG_MAC} dev near0 nud stale")

    assert unprivileged("resolve_neighbor", FAR_IP4, interface="near0") == reachable(FAR_IP4)


def test_resolving_leaves_nothing_open(wire: Wire) -> None:
    """Bug: each call leaks a socket or an entry."""
    wire.far.ip(f"route add local {LIVE} dev lo")
    wire.near.ip(f"route add {LIVE} dev near0")
    addresses = [str(host) for host in hosts(LIVE, 400)]
    descriptors = open_files()

    try:
        for address in addresses:
            assert netio.resolve_neighbor(address, interface="near0") == reachable(address)
        assert seen(wire.near) == dict.fromkeys(addresses, REACHABLE)
    finally:
        netio.flush_neighbors()

    assert seen(wire.near) == {}
    assert open_files() == descriptors


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
