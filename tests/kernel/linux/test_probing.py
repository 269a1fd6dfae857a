# SPDX-License-Identifier: MIT
"""linux.probe_neighbors() makes the kernel probe entries, removes none, and keeps the flags of other programs."""

from __future__ import annotations

from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest

import netio
from netio import Neighbor, linux
from netio.linux import LinuxNeighbor, Nud
from netlab.capture import capturing
from netlab.oracle import details
from netlab.wire import ABSENT_IP4, FAR_IP4, FAR_IP6, FAR_MAC

if TYPE_CHECKING:
    from netlab.oracle import Detail
    from netlab.wire import Wire

WRONG_MAC = "02:00:5e:00:00:99"


def after_probing(wire: Wire, address: str, *states: Nud) -> Detail:
    """Waits until an entry has one of these states."""
    end = monotonic() + 20
    while (found := details(wire.near)[address]).state not in states:
        assert monotonic() < end, found
        sleep(0.02)
    return found


def probe(wire: Wire, address: str, words: str) -> None:
    wire.near.ip(f"neigh replace {address} dev near0 {words}")
    linux.probe_neighbors([linux.get_neighbor(address, interface="near0")])
    assert address in details(wire.near)


@pytest.mark.parametrize("address", [FAR_IP4, FAR_IP6])
@pytest.mark.parametrize(
    ("words", "flags", "protocol"),
    [
        (f"lladdr {FAR_MAC} nud stale", 0, 0),
        (f"lladdr {FAR_MAC} nud reachable proto static", 0, 4),
        ("nud failed", 0, 0),
        (f"lladdr {FAR_MAC} nud stale extern_learn proto zebra", 0x10, 11),
        ("nud failed extern_learn proto zebra", 0x10, 11),
    ],
)
def test_live_host_is_reachable_and_the_entry_keeps_its_owner(
    wire: Wire, address: str, words: str, flags: int, protocol: int
) -> None:
    """Bug: the entry is removed, its flags or its protocol are lost, or nothing is probed."""
    wire.hasten()
    with capturing(wire) as capture:
        probe(wire, address, words)
        found = after_probing(wire, address, Nud.REACHABLE)
        assert address in [question.target for question in capture.questions()] or "reachable" in words
    assert (found.flags, found.protocol) == (flags, protocol)
    assert linux.get_neighbor(address, interface="near0").neighbor.physical_address == FAR_MAC


@pytest.mark.parametrize(
    ("words", "flags", "protocol"), [("nud stale", 0, 0), ("nud stale extern_learn proto zebra", 0x10, 11)]
)
def test_silent_host_fails_and_the_entry_stays(wire: Wire, words: str, flags: int, protocol: int) -> None:
    """Bug: the entry of a silent host is removed, or ends without its owner."""
    wire.hasten()
    probe(wire, ABSENT_IP4, f"lladdr {WRONG_MAC} {words}")
    found = after_probing(wire, ABSENT_IP4, Nud.FAILED)
    assert (found.flags, found.protocol) == (flags, protocol)


@pytest.mark.parametrize("state", ["permanent", "noarp"])
def test_entries_of_the_administrator_stay_as_they_are(wire: Wire, state: str) -> None:
    """Bug: a permanent entry becomes a dynamic one."""
    with capturing(wire) as capture:
        probe(wire, FAR_IP4, f"lladdr {WRONG_MAC} nud {state}")
        assert capture.questions() == []
    assert linux.get_neighbor(FAR_IP4, interface="near0").nud is Nud[state.upper()]


def test_missing_entries_are_reported_and_not_created(wire: Wire) -> None:
    """Bug: probing creates an entry, or one missing entry hides the others."""
    wire.near.ip(f"neigh replace {FAR_IP4} dev near0 lladdr {FAR_MAC} nud stale")
    rows = [LinuxNeighbor(Neighbor(address, interface="near0")) for address in (ABSENT_IP4, FAR_IP4)]
    with pytest.raises(ExceptionGroup) as caught:
        linux.probe_neighbors(rows)
    assert [(type(error), error.position) for error in caught.value.exceptions] == [  # type: ignore[union-attr]
        (netio.NeighborNotFoundError, 0)
    ]
    assert ABSENT_IP4 not in details(wire.near)
    after_probing(wire, FAR_IP4, Nud.REACHABLE)
