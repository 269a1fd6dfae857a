# SPDX-License-Identifier: MIT
"""Entries of routing daemons, orchestrators and the kernel survive every verb that does not overwrite them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from pyroute2 import IPRoute  # type: ignore[import-untyped]

import netio
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.wire import ABSENT_IP4, ABSENT_IP6, FAR_IP4, FAR_IP6, FAR_MAC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netlab.wire import Wire

WRONG_MAC = "02:00:5e:00:00:99"

# By name: how the owner writes the entry, in the words of ip-neighbour(8). {mac} is the neighbour's physical address.
OWNERS = {
    "FRR": "lladdr {mac} nud reachable extern_learn proto zebra",
    "FRR, STALE": "lladdr {mac} nud stale extern_learn proto zebra",
    "daemon": "lladdr {mac} nud stale proto bird",
    "SONiC": "lladdr {mac} nud stale extern_learn",
    "Cilium": "managed extern_learn",
    "managed": "managed",
}


@dataclass(frozen=True)
class Owner:
    """The part of an entry that shows its owner."""

    flags: int
    protocol: int | None
    managed: bool


def owner(wire: Wire, address: str) -> Owner:
    """Reads the owner of an entry by pyroute2 and compares it with what ip(8) prints."""
    (printed,) = [
        line for line in wire.near.run(*["ip", "-d", "neigh", "show", "dev", "near0"]).splitlines() if address in line
    ]
    with wire.near.entered(), IPRoute() as route:
        (entry,) = [row for row in route.get_neighbours() if row.get_attr("NDA_DST") == address]
    found = Owner(
        entry["flags"] & 0x10, entry.get_attr("NDA_PROTOCOL") or None, bool((entry.get_attr("NDA_FLAGS_EXT") or 0) & 1)
    )
    assert ("extern_learn" in printed, "managed" in printed) == (bool(found.flags), found.managed)
    assert (" proto " in printed) == (found.protocol is not None)
    return found


def write(wire: Wire, address: str, words: str, mac: str = FAR_MAC) -> Owner:
    wire.near.ip(f"neigh replace {address} dev near0 {words.format(mac=mac)}")
    return owner(wire, address)


@pytest.mark.parametrize("words", OWNERS.values(), ids=OWNERS)
@pytest.mark.parametrize("prefix", [[], UNPRIVILEGED], ids=["root", "nobody"])
@pytest.mark.parametrize("address", [FAR_IP4, FAR_IP6])
def test_resolve_keeps_the_owner_of_a_live_host(wire: Wire, address: str, prefix: Sequence[str], words: str) -> None:
    """Bug: resolve removes the entry first, or probes by NTF_USE: flags and protocol are lost."""
    before = write(wire, address, words)

    (answer,) = call_elsewhere(wire.near, prefix, [("resolve_neighbor", (address,), {"interface": "near0"})])

    assert isinstance(answer, netio.Neighbor), answer
    assert answer.physical_address == FAR_MAC
    assert owner(wire, address) == before != Owner(0, None, managed=False)


@pytest.mark.parametrize("words", OWNERS.values(), ids=OWNERS)
@pytest.mark.parametrize("address", [ABSENT_IP4, ABSENT_IP6])
def test_resolve_keeps_the_owner_of_a_silent_host(wire: Wire, address: str, words: str) -> None:
    """Bug: the entry of a silent host ends as a plain FAILED one, which the kernel may collect."""
    wire.hasten()
    before = write(wire, address, words, WRONG_MAC)

    ((_, answer),) = netio.resolve_neighbors([address], interface="near0")

    reachable = "reachable" in words  # returned as it stands
    assert isinstance(answer, netio.Neighbor if reachable else netio.UnreachableError), answer
    assert owner(wire, address) == before


@pytest.mark.parametrize("words", OWNERS.values(), ids=OWNERS)
def test_resolve_finds_that_the_owner_is_wrong_about_the_address(wire: Wire, words: str) -> None:
    """Bug: an old physical address of the daemon is returned as the reply of the host, or the flags are lost."""
    wire.hasten()
    before = write(wire, FAR_IP4, words, WRONG_MAC)

    row = netio.resolve_neighbor(FAR_IP4, interface="near0")

    expected = WRONG_MAC if "reachable" in words else FAR_MAC
    assert row.physical_address == expected
    assert owner(wire, FAR_IP4) == before


@pytest.mark.parametrize("words", OWNERS.values(), ids=OWNERS)
def test_reading_and_flushing_keep_the_entry(wire: Wire, words: str) -> None:
    """Bug: flush removes the entries of a daemon, which does not notice and never writes them again."""
    before = write(wire, ABSENT_IP4, words)
    wire.near.ip(f"neigh replace {FAR_IP4} dev near0 lladdr {FAR_MAC} nud stale")

    netio.list_neighbors()
    netio.get_neighbor(ABSENT_IP4, interface="near0")
    netio.flush_neighbors(interface="near0")

    assert owner(wire, ABSENT_IP4) == before
    with pytest.raises(netio.NeighborNotFoundError):
        netio.get_neighbor(FAR_IP4, interface="near0")


@pytest.mark.parametrize("words", OWNERS.values(), ids=OWNERS)
@pytest.mark.parametrize("verb", ["set_neighbor", "replace_neighbor"])
def test_writing_over_an_entry_makes_it_one_of_the_administrator(wire: Wire, verb: str, words: str) -> None:
    """Bug: an entry that netio wrote claims that a daemon wrote it."""
    write(wire, ABSENT_IP4, words)

    getattr(netio, verb)(ABSENT_IP4, WRONG_MAC, interface="near0")

    assert owner(wire, ABSENT_IP4) == Owner(0, 4, managed=False)  # RTPROT_STATIC


def test_resolve_of_many_keeps_foreign_entries_among_others(wire: Wire) -> None:
    """Bug: one foreign entry in a group makes the whole group unprivileged, or the group makes it a plain one."""
    before = write(wire, FAR_IP4, "lladdr {mac} nud stale extern_learn proto zebra")
    wire.far.ip("address add 192.0.2.3/24 dev far0")
    wire.near.ip(f"neigh replace 192.0.2.3 dev near0 lladdr {WRONG_MAC} nud reachable")

    found = dict(netio.resolve_neighbors([FAR_IP4, "192.0.2.3"], interface="near0"))

    rows = {str(address): row for address, row in found.items() if isinstance(row, netio.Neighbor)}
    # The plain entry was removed and resolved again, although it was REACHABLE.
    assert {address: row.physical_address for address, row in rows.items()} == {
        FAR_IP4: FAR_MAC,
        "192.0.2.3": FAR_MAC,
    }
    assert owner(wire, FAR_IP4) == before
