# SPDX-License-Identifier: MIT
"""Entries in every state of the kernel: how netio reads them, and how each verb changes them."""

from __future__ import annotations

import socket
from datetime import timedelta
from time import sleep
from typing import TYPE_CHECKING

import pytest
from pyroute2 import IPRoute  # type: ignore[import-untyped]

import netio
from netio import NeighborState
from netlab.oracle import Seen, seen

if TYPE_CHECKING:
    from netlab.wire import Wire

OLD, NEW = "02:00:5e:00:00:07", "02:00:5e:00:00:08"

# The state in the kernel -> state and is_unreachable in netio.
SHOWN = {
    "permanent": (NeighborState.PERMANENT, False),
    "noarp": (NeighborState.PERMANENT, False),
    "reachable": (NeighborState.REACHABLE, False),
    "stale": (NeighborState.STALE, False),
    "delay": (NeighborState.DELAY, False),
    "probe": (NeighborState.PROBE, False),
    "incomplete": (NeighborState.INCOMPLETE, False),
    "none": (NeighborState.INCOMPLETE, False),
    "failed": (NeighborState.UNREACHABLE, True),
}
every_state = pytest.mark.parametrize("state", SHOWN)


def put(wire: Wire, address: str, state: str) -> Seen:
    """Puts an entry of that state into the table of the near host, with a physical address if the state has one."""
    physical_address = "" if state in ("incomplete", "none", "failed") else OLD
    given = f"lladdr {physical_address}" if physical_address else ""
    # The kernel changes a written DELAY entry at once; a datagram makes one of a STALE entry that lasts.
    wire.near.ip(f"neigh add {address} {given} dev near0 nud {'stale' if state == 'delay' else state}")
    if state == "delay":
        send_datagram(address)
    row = Seen(physical_address, state.upper())
    assert seen(wire.near) == {address: row}
    return row


def send_datagram(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    scope = (0, socket.if_nametoindex("near0")) if family == socket.AF_INET6 else ()
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"", (address, 9, *scope))


@every_state
def test_get_and_list(wire: Wire, absent: str, state: str) -> None:
    """Bug: a state raises or is shown as another one, or an unknown physical address is shown."""
    row = put(wire, absent, state)

    got = netio.get_neighbor(absent, interface="near0")

    assert (got.state, got.is_unreachable) == SHOWN[state]
    assert got.physical_address == row.physical_address
    assert got.is_resolved == (state not in ("incomplete", "none", "failed"))
    assert got in netio.list_neighbors(interface="near0")


@every_state
def test_create_fails_over_an_entry_in_any_state(wire: Wire, absent: str, state: str) -> None:
    """Bug: create overwrites an existing entry, as the kernel does without NLM_F_EXCL."""
    row = put(wire, absent, state)

    with pytest.raises(netio.NeighborExistsError) as caught:
        netio.create_neighbor(absent, NEW, interface="near0")

    assert caught.value.code == 5010
    assert seen(wire.near) == {absent: row}


@every_state
def test_set(wire: Wire, absent: str, state: str) -> None:
    """Bug: a set entry keeps a dynamic state."""
    put(wire, absent, state)

    netio.set_neighbor(absent, NEW, interface="near0")

    assert seen(wire.near) == {absent: Seen(NEW)}


@every_state
def test_replace(wire: Wire, absent: str, state: str) -> None:
    """Bug: the result of replace depends on the previous state."""
    put(wire, absent, state)

    netio.replace_neighbor(absent, NEW, interface="near0")

    assert seen(wire.near) == {absent: Seen(NEW)}


@every_state
def test_delete(wire: Wire, absent: str, state: str) -> None:
    """Bug: delete leaves dynamic or permanent entries."""
    put(wire, absent, state)

    netio.delete_neighbor(absent, interface="near0")

    assert absent not in seen(wire.near)


@pytest.mark.parametrize("address", ["2001:db8::77", "fe80::77"])
def test_set_keeps_the_router_flag(wire: Wire, address: str) -> None:
    """Bug: NLM_F_REPLACE clears NTF_ROUTER, and with it the kernel's trust in its default router."""
    wire.near.ip(f"neigh add {address} lladdr {OLD} dev near0 router")
    assert netio.get_neighbor(address, interface="near0").is_router

    netio.set_neighbor(address, NEW, interface="near0")

    assert seen(wire.near) == {address: Seen(NEW, router=True)}


def test_set_does_not_add_the_router_flag(wire: Wire, absent: str) -> None:
    """Bug: the flag is set on hosts that are not routers."""
    wire.near.ip(f"neigh add {absent} lladdr {OLD} dev near0")

    netio.set_neighbor(absent, NEW, interface="near0")

    assert not netio.get_neighbor(absent, interface="near0").is_router
    assert seen(wire.near) == {absent: Seen(NEW)}


@pytest.mark.parametrize("verb", [netio.set_neighbor, netio.replace_neighbor])
def test_written_entry_loses_extern_learn(wire: Wire, absent: str, verb: object) -> None:
    """Bug: extern_learn stays, so that a routing daemon removes the entry."""
    assert callable(verb)
    wire.near.ip(f"neigh add {absent} lladdr {OLD} dev near0 nud noarp extern_learn")
    assert seen(wire.near) == {absent: Seen(OLD, "NOARP", extern_learn=True)}

    verb(absent, NEW, interface="near0")

    assert seen(wire.near) == {absent: Seen(NEW)}


def test_age_of_a_stale_entry_that_was_confirmed(wire: Wire, absent: str) -> None:
    """Bug: ticks are taken for milliseconds, another one of the kernel's three ages is used, or the age is None."""
    put(wire, absent, "reachable")
    sleep(0.2)
    wire.near.ip(f"neigh replace {absent} lladdr {OLD} dev near0 nud stale")

    before = ages(absent)
    entry = netio.get_neighbor(absent, interface="near0")
    after = ages(absent)

    assert before["ndm_updated"] + 10 < before["ndm_confirmed"]
    assert before["ndm_confirmed"] * 10 <= entry.reachability_time <= after["ndm_confirmed"] * 10
    assert entry.age == timedelta(milliseconds=entry.reachability_time)


@pytest.mark.parametrize("state", ["stale", "delay", "probe", "incomplete", "permanent", "noarp"])
def test_age_of_an_entry_that_was_never_confirmed(wire: Wire, absent: str, state: str) -> None:
    """Bug: the kernel's start value, two reachable times, is shown as an age of 60 seconds."""
    put(wire, absent, state)
    assert netio.get_neighbor(absent, interface="near0").age is None


@pytest.mark.parametrize("previous", ["reachable", "permanent"])
def test_age_of_another_physical_address(wire: Wire, absent: str, previous: str) -> None:
    """Bug: a physical address that was never confirmed has the age of the one before it."""
    put(wire, absent, previous)
    wire.near.ip(f"neigh replace {absent} lladdr {NEW} dev near0 nud stale")
    assert netio.get_neighbor(absent, interface="near0").age is None


def test_age_of_an_entry_learned_from_a_request(wire: Wire) -> None:
    """Bug: a neighbour that sent a request, and never replied to one, counts as confirmed a minute ago."""
    wire.far.ip("address add 192.0.2.50/24 dev far0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("192.0.2.1", 0))  # without a receiver the system replies, and then probes the neighbour
        with wire.far.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind(("192.0.2.50", 0))
            sender.sendto(b"x", receiver.getsockname())
        receiver.recv(1)
        entry = netio.get_neighbor("192.0.2.50")
    assert (entry.state, entry.age) == (NeighborState.STALE, None)


def test_reachability_time_of_a_failed_entry(wire: Wire, absent: str) -> None:
    """Bug: a failed entry shows the time since its last confirmation instead of since it failed."""
    put(wire, absent, "failed")

    shown = netio.get_neighbor(absent, interface="near0").reachability_time

    assert shown <= ages(absent)["ndm_updated"] * 10 < 30_000
    assert netio.get_neighbor(absent, interface="near0").age is not None


# Several bits at once, which ip(8) refuses to write and the kernel stores -> state and is_unreachable in netio.
COMBINED = {
    0xC0: (NeighborState.PERMANENT, False),
    0x84: (NeighborState.PERMANENT, False),
    0xA0: (NeighborState.PERMANENT, False),
    0xFF: (NeighborState.PERMANENT, False),
    0x44: (NeighborState.PERMANENT, False),
    0x06: (NeighborState.REACHABLE, False),
    0x22: (NeighborState.REACHABLE, False),
    0x14: (NeighborState.PROBE, False),
    0x24: (NeighborState.STALE, False),
    0x21: (NeighborState.INCOMPLETE, False),
}


@pytest.mark.parametrize("bits", COMBINED, ids=hex)
def test_state_of_several_bits(wire: Wire, bits: int) -> None:
    """Bug: the state is UNKNOWN_ and a number, and flush and resolve remove an entry whose permanent bit is set."""
    address, is_permanent = "192.0.2.77", bool(bits & 0x80)
    with wire.near.entered(), IPRoute() as route:
        (index,) = route.link_lookup(ifname="near0")
        route.neigh("add", dst=address, lladdr=OLD, ifindex=index, state=bits)

    row = netio.get_neighbor(address, interface="near0")
    assert (row.state, row.is_unreachable) == COMBINED[bits]
    assert row in netio.list_neighbors(interface="near0")
    if is_permanent:
        assert netio.resolve_neighbor(address, interface="near0", timeout=0) == row
    netio.flush_neighbors()
    assert (address in raw_states()) == bool(bits & 0xC0)
    assert raw_states().get(address, bits) == bits


def raw_states() -> dict[str, int]:
    """Returns the state of each entry as the kernel's number."""
    with IPRoute() as route:
        return {row.get_attr("NDA_DST"): row["state"] for row in route.get_neighbours()}


def ages(address: str) -> dict[str, int]:
    """Returns the ages of an entry in ticks of 10 ms."""
    with IPRoute() as route:
        (row,) = (row for row in route.get_neighbours() if row.get_attr("NDA_DST") == address)
        return dict(row.get_attr("NDA_CACHEINFO"))
