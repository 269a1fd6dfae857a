# SPDX-License-Identifier: MIT
"""Rows in every state that the kernel knows: what is read of them, and what each verb makes of them."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from pyroute2 import IPRoute  # type: ignore[import-untyped]

import netio
from netio import NeighborState
from netlab.oracle import Seen, seen

if TYPE_CHECKING:
    from netlab.wire import Wire

OLD, NEW = "02:00:5e:00:00:07", "02:00:5e:00:00:08"

# The kernel's state -> what netio shows: state, is_unreachable.
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


def leave(wire: Wire, address: str, state: str) -> Seen:
    """Puts a row of that state into the near host's table, with a physical address where the state has one."""
    physical_address = "" if state in ("incomplete", "none", "failed") else OLD
    given = f"lladdr {physical_address}" if physical_address else ""
    # The kernel moves a row that is written as DELAY on at once; a datagram makes a lasting one of a stale row.
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
def test_read(wire: Wire, absent: str, state: str) -> None:
    """Bug: a state that has no name raises, or goes by another one; a physical address where none is known."""
    row = leave(wire, absent, state)

    got = netio.get_neighbor(absent, interface="near0")

    assert (got.state, got.is_unreachable) == SHOWN[state]
    assert got.physical_address == bytes.fromhex(row.physical_address.replace(":", ""))
    assert got.is_resolved == (state not in ("incomplete", "none", "failed"))
    assert got in netio.list_neighbors(interface="near0")


@every_state
def test_create_over_a_leftover(wire: Wire, absent: str, state: str) -> None:
    """Bug: create takes over a row that is there, a failed one above all, as the kernel does without NLM_F_EXCL."""
    row = leave(wire, absent, state)

    with pytest.raises(netio.NeighborExistsError) as caught:
        netio.create_neighbor(absent, NEW, interface="near0")

    assert caught.value.code == 5010
    assert seen(wire.near) == {absent: row}


@every_state
def test_set(wire: Wire, absent: str, state: str) -> None:
    """Bug: a set row keeps a state in which it is forgotten again."""
    leave(wire, absent, state)

    netio.set_neighbor(absent, NEW, interface="near0")

    assert seen(wire.near) == {absent: Seen(NEW)}


@every_state
def test_replace(wire: Wire, absent: str, state: str) -> None:
    """Bug: replace depends on what was there before."""
    leave(wire, absent, state)

    netio.replace_neighbor(absent, NEW, interface="near0")

    assert seen(wire.near) == {absent: Seen(NEW)}


@every_state
def test_delete(wire: Wire, absent: str, state: str) -> None:
    """Bug: delete leaves rows that nobody wrote, or those that somebody did."""
    leave(wire, absent, state)

    netio.delete_neighbor(absent, interface="near0")

    assert absent not in seen(wire.near)


@pytest.mark.parametrize("address", ["2001:db8::77", "fe80::77"])
def test_set_keeps_the_router_flag(wire: Wire, address: str) -> None:
    """Bug: NLM_F_REPLACE clears NTF_ROUTER, and with it the kernel's trust in its default router."""
    wire.near.ip(f"neigh add {address} lladdr {OLD} dev near0 router")
    assert netio.get_neighbor(address, interface="near0").is_router

    netio.set_neighbor(address, NEW, interface="near0")

    assert seen(wire.near) == {address: Seen(NEW, router=True)}


def test_set_invents_no_router(wire: Wire, absent: str) -> None:
    """Bug: the flag is set on hosts that are none."""
    wire.near.ip(f"neigh add {absent} lladdr {OLD} dev near0")

    netio.set_neighbor(absent, NEW, interface="near0")

    assert not netio.get_neighbor(absent, interface="near0").is_router
    assert seen(wire.near) == {absent: Seen(NEW)}


@pytest.mark.parametrize("verb", [netio.set_neighbor, netio.replace_neighbor])
def test_a_written_row_is_nobody_elses(wire: Wire, absent: str, verb: object) -> None:
    """Bug: extern_learn stays, and a routing daemon takes the row back."""
    assert callable(verb)
    wire.near.ip(f"neigh add {absent} lladdr {OLD} dev near0 nud noarp extern_learn")
    assert seen(wire.near) == {absent: Seen(OLD, "NOARP", extern_learn=True)}

    verb(absent, NEW, interface="near0")

    assert seen(wire.near) == {absent: Seen(NEW)}


def test_reachability_time_of_a_stale_row(wire: Wire, absent: str) -> None:
    """Bug: ticks are taken for milliseconds, or the wrong one of the kernel's three ages."""
    leave(wire, absent, "stale")

    before = ages(absent)["ndm_confirmed"] * 10
    shown = netio.get_neighbor(absent, interface="near0").reachability_time
    after = ages(absent)["ndm_confirmed"] * 10

    # A row that was never confirmed counts as confirmed two reachable times ago.
    assert 50_000 < before <= shown <= after


def test_reachability_time_of_a_failed_row(wire: Wire, absent: str) -> None:
    """Bug: a failed row shows when it was last confirmed, a minute ago, not when it failed."""
    leave(wire, absent, "failed")

    shown = netio.get_neighbor(absent, interface="near0").reachability_time

    assert shown <= ages(absent)["ndm_updated"] * 10 < 30_000


def ages(address: str) -> dict[str, int]:
    """The ages of a row in ticks of 10 ms."""
    with IPRoute() as route:
        (row,) = (row for row in route.get_neighbours() if row.get_attr("NDA_DST") == address)
        return dict(row.get_attr("NDA_CACHEINFO"))
