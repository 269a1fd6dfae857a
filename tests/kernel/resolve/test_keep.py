# SPDX-License-Identifier: MIT
"""keep=True probes an existing entry in place, with and without privileges alike."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

import netio
from netio import NeighborState
from netlab.capture import capturing
from netlab.command import answer
from netlab.hosts import reachable
from netlab.oracle import Seen, seen
from netlab.wire import ABSENT_IP4, FAR_IP4, FAR_MAC

if TYPE_CHECKING:
    from conftest import Caller
    from netlab.wire import Wire

WRONG_MAC = "02:00:5e:00:00:99"


@pytest.fixture(autouse=True)
def _fast_kernel(wire: Wire) -> None:
    wire.hasten()


def test_absent_entry_is_resolved(wire: Wire, live: str, anyone: Caller) -> None:
    """Bug: keep only reads entries, or needs one."""
    assert anyone("resolve_neighbor", live, interface="near0", keep=True) == reachable(live)
    assert seen(wire.near) == {live: Seen(FAR_MAC, "REACHABLE")}


@pytest.mark.parametrize("state", ["reachable", "permanent", "noarp"])
def test_confirmed_entry_is_returned_without_a_probe(wire: Wire, live: str, state: str, anyone: Caller) -> None:
    """Bug: a REACHABLE entry is removed or probed although keep is true."""
    wire.near.ip(f"neigh add {live} lladdr {WRONG_MAC} dev near0 nud {state}")
    with capturing(wire) as capture:
        entry = anyone("resolve_neighbor", live, interface="near0", keep=True)

        assert capture.frames() == []
    expected = NeighborState.REACHABLE if state == "reachable" else NeighborState.PERMANENT
    assert (entry.physical_address, entry.state) == (WRONG_MAC, expected)
    assert seen(wire.near) == {live: Seen(WRONG_MAC, state.upper())}


@pytest.mark.parametrize("physical_address", [FAR_MAC, WRONG_MAC])
def test_stale_entry_is_probed_in_place(wire: Wire, live: str, physical_address: str, anyone: Caller) -> None:
    """Bug: the entry is removed, so the first frame is a broadcast; or the host's new physical address is missed."""
    wire.near.ip(f"neigh add {live} lladdr {physical_address} dev near0 nud stale")
    with capturing(wire) as capture:
        assert anyone("resolve_neighbor", live, interface="near0", keep=True) == reachable(live)

        assert capture.frames()[0][:6].hex(":") == physical_address
    assert seen(wire.near) == {live: Seen(FAR_MAC, "REACHABLE")}


@pytest.mark.parametrize("state", ["delay", "probe", "failed"])
def test_entry_that_the_kernel_doubts_already(wire: Wire, live: str, state: str, anyone: Caller) -> None:
    """Bug: that the old physical address does not reply is taken for the result."""
    given = "" if state == "failed" else f"lladdr {WRONG_MAC}"
    wire.near.ip(f"neigh add {live} {given} dev near0 nud {state}")

    assert anyone("resolve_neighbor", live, interface="near0", keep=True) == reachable(live)


def test_end_of_earlier_probes_is_not_the_result(wire: Wire) -> None:
    """Bug: the kernel has sent its last probe before the call, and its end is reported as the result of the call."""
    wire.near.ip("ntable change name arp_cache dev near0 retrans 1000")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"", (ABSENT_IP4, 9))
    while wire.near.json(f"-s neigh show to {ABSENT_IP4}")[0]["probes"] < 6:  # it begins to count at 3
        pass
    wire.far.ip(f"address add {ABSENT_IP4}/24 dev far0")

    assert netio.resolve_neighbor(ABSENT_IP4, interface="near0", keep=True) == reachable(ABSENT_IP4)


def test_silent_host_keeps_its_physical_address_until_the_kernel_gives_up(
    wire: Wire, absent: str, anyone: Caller
) -> None:
    """Bug: the entry is removed at once; or the documentation promises more than the kernel does."""
    wire.near.ip(f"neigh add {absent} lladdr {WRONG_MAC} dev near0 nud stale")

    with pytest.raises(netio.UnreachableError):
        anyone("resolve_neighbor", absent, interface="near0", keep=True, timeout=0)
    assert seen(wire.near)[absent].physical_address == WRONG_MAC

    with pytest.raises(netio.UnreachableError) as caught:
        anyone("resolve_neighbor", absent, interface="near0", keep=True)
    assert caught.value.code == 67
    assert seen(wire.near).get(absent, Seen("", "FAILED")) == Seen("", "FAILED")


@pytest.mark.parametrize("keep", [1, None, "yes"])
def test_keep_of_another_type(wire: Wire, keep: object) -> None:
    """Bug: the text "no" keeps the entry."""
    wire.near.ip(f"neigh add {FAR_IP4} lladdr {WRONG_MAC} dev near0 nud stale")

    with pytest.raises(TypeError, match="keep must be a bool"):
        netio.resolve_neighbor(FAR_IP4, interface="near0", keep=keep)  # type: ignore[arg-type]

    assert seen(wire.near) == {FAR_IP4: Seen(WRONG_MAC, "STALE")}


def test_command_keeps_the_entry(wire: Wire) -> None:
    """Bug: --keep is accepted and not passed on."""
    wire.near.ip(f"neigh add {FAR_IP4} lladdr {WRONG_MAC} dev near0 nud reachable")

    (row,) = answer("resolve", "--keep", FAR_IP4)

    assert (row["physical_address"], row["state"]) == (WRONG_MAC, "REACHABLE")


def test_many_addresses_are_kept(wire: Wire) -> None:
    """Bug: resolve_neighbors does not pass keep on, or a group removes what one row does not."""
    wire.near.ip(f"neigh add {FAR_IP4} lladdr {WRONG_MAC} dev near0 nud reachable")

    ((_, entry),) = netio.resolve_neighbors([FAR_IP4], interface="near0", keep=True)

    assert isinstance(entry, netio.Neighbor)
    assert entry.physical_address == WRONG_MAC
