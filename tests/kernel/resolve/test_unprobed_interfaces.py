# SPDX-License-Identifier: MIT
"""Interfaces and namespaces in which the kernel makes an entry up instead of probing."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.oracle import Seen, seen
from netlab.wire import ABSENT_IP4, FAR_IP4, FAR_MAC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netlab.child import Call
    from netlab.wire import Wire


@pytest.mark.parametrize("prefix", [[], UNPRIVILEGED], ids=["root", "nobody"])
def test_interface_without_arp_has_no_replies(wire: Wire, prefix: Sequence[str]) -> None:
    """Bug: on an interface with `arp off` each address resolves to the interface's own physical address."""
    wire.near.ip("link set near0 arp off")
    before = seen(wire.near)

    (answer,) = call_elsewhere(wire.near, prefix, [("resolve_neighbor", (FAR_IP4,), {"interface": "near0"})])

    assert isinstance(answer, netio.UnreachableError), answer
    assert answer.code == 67
    assert seen(wire.near) == before


def test_entry_that_the_kernel_made_up_is_not_a_reply(wire: Wire) -> None:
    """Bug: after a ping over an interface with `arp off`, its own physical address is returned as the neighbour's."""
    wire.near.ip("link set near0 arp off")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.sendto(b"", (FAR_IP4, 9))
    assert seen(wire.near)[FAR_IP4].state == "NOARP"

    with pytest.raises(netio.UnreachableError):
        netio.resolve_neighbor(FAR_IP4, interface="near0")


def test_written_entries_are_returned_on_an_interface_without_arp(wire: Wire) -> None:
    """Bug: the entries that an administrator or EVPN daemon writes on such an interface are rejected too."""
    wire.near.ip(
        "link set near0 arp off",
        f"neigh add {FAR_IP4} dev near0 lladdr {FAR_MAC} nud permanent",
        f"neigh add {ABSENT_IP4} dev near0 lladdr {FAR_MAC} nud noarp extern_learn",
    )
    for address in FAR_IP4, ABSENT_IP4:
        assert netio.resolve_neighbor(address, interface="near0").physical_address == FAR_MAC


def test_multicast_addresses_resolve_without_arp(wire: Wire) -> None:
    """Bug: multicast addresses, which need no probe, are rejected together with the unicast ones."""
    wire.near.ip("link set near0 arp off")
    row = netio.resolve_neighbor("224.0.0.251", interface="near0")
    assert row.is_resolved


def test_noarp_entry_of_an_administrator_is_returned(wire: Wire) -> None:
    """Bug: on an interface that probes, a NOARP entry is taken for one that the kernel made up."""
    wire.near.ip(f"neigh add {ABSENT_IP4} dev near0 lladdr {FAR_MAC} nud noarp")

    assert netio.resolve_neighbor(ABSENT_IP4, interface="near0").physical_address == FAR_MAC
    assert seen(wire.near)[ABSENT_IP4] == Seen(FAR_MAC, "NOARP")


# A namespace that never had an IPv4 address, not even that of lo: its kernel treats every address as broadcast.
WITHOUT_ADDRESSES = (
    *("unshare", "--net", "sh", "-c"),
    'ip link add near0 type veth peer name far0 && ip link set near0 up && ip link set far0 up && exec "$@"',
    "sh",
)


@pytest.mark.parametrize("prefix", [[], UNPRIVILEGED], ids=["root", "nobody"])
def test_namespace_without_addresses_has_no_replies(wire: Wire, prefix: Sequence[str]) -> None:
    """Bug: the broadcast address, which the kernel fills in, is returned as a neighbour's and stays in the table."""
    calls: list[Call] = [("resolve_neighbor", (ABSENT_IP4,), {"interface": "near0"}), ("list_neighbors", (), {})]

    answer, table = call_elsewhere(wire.near, [*WITHOUT_ADDRESSES, *prefix], calls)

    assert isinstance(answer, netio.UnreachableError), answer
    assert answer.code == 67
    if not prefix:  # an unprivileged process cannot remove an entry
        assert ABSENT_IP4 not in [str(entry.address) for entry in table]
