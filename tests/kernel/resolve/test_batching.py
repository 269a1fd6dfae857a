# SPDX-License-Identifier: MIT
"""Addresses that take each step of resolving together, in one send: each has its own result."""

from __future__ import annotations

from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

import netio
from netio import Neighbor
from netio._interfaces import InterfaceCache, pack_entries
from netio._native import ffi, lib
from netlab.hosts import FAR1_MAC, LIVE, PERMANENT_MAC, hosts, outcome_of
from netlab.oracle import Seen, seen
from netlab.wire import (
    ABSENT_IP4,
    ABSENT_IP6,
    ABSENT_LINK_LOCAL,
    FAR_IP4,
    FAR_IP6,
    FAR_MAC,
    NEAR_IP4,
    NEAR_IP6,
    NEAR_LINK_LOCAL,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Caller
    from netlab.hosts import Outcome
    from netlab.wire import Wire

WRONG_MAC = "02:00:5e:00:00:99"

# Addresses of each kind on both interfaces, some twice: the address, the interface and the outcome.
MIXED: list[tuple[str, str, Outcome]] = [
    (NEAR_IP4, "near0", 87),
    (FAR_IP4, "near0", FAR_MAC),
    ("10.9.9.8", "near0", 67),
    ("192.0.2.50", "near0", PERMANENT_MAC),
    ("203.0.113.2", "near1", FAR1_MAC),
    (ABSENT_IP4, "near0", 67),
    (FAR_IP6, "near0", FAR_MAC),
    ("127.0.0.1", "near0", 87),
    (FAR_IP4, "near0", FAR_MAC),
    ("fe80::2", "near1", FAR1_MAC),
    (FAR_IP4, "none", 1168),
    ("fe80::2", "near0", FAR_MAC),
    ("224.0.0.9", "near0", "01:00:5e:00:00:09"),
    (NEAR_IP6, "near0", 87),
    ("192.0.2.51", "near0", PERMANENT_MAC),
    (ABSENT_IP6, "near0", 67),
    ("10.9.9.9", "near0", PERMANENT_MAC),
    (ABSENT_IP4, "near0", 67),
    (NEAR_IP4, "near1", 87),
    ("203.0.113.255", "near1", 87),
    (NEAR_LINK_LOCAL, "near0", 87),
    (FAR_IP4, "lo", 67),
    (ABSENT_LINK_LOCAL, "near1", 67),
    ("203.0.113.2", "near1", FAR1_MAC),
]


class Resolver:
    """A resolver of the backend interface."""

    def __init__(self) -> None:
        self.owner = ffi.new("netio_resolver **")
        assert lib.netio_resolver_open(lib.NETIO_OWN_NETNS, False, self.owner) == 0
        self.native = self.owner[0]

    def submit(self, entries: list[Neighbor], first_tag: int) -> None:
        rows, _ = pack_entries(entries, InterfaceCache())
        assert lib.netio_resolver_submit(self.native, rows, len(entries), ffi.NULL, first_tag) == 0

    def results(self, number: int) -> dict[int, tuple[IPv4Address | IPv6Address, Outcome]]:
        """Waits for a number of results, and returns address and outcome by tag."""
        tags, rows, codes = ffi.new("size_t[]", 5), ffi.new("MIB_IPNET_ROW2[]", 5), ffi.new("DWORD[]", 5)
        room = ffi.new("size_t *")
        found: dict[int, tuple[IPv4Address | IPv6Address, Outcome]] = {}
        while len(found) < number:
            room[0] = 5
            if lib.netio_resolver_wait(self.native, 50, tags, rows, codes, room) == lib.WAIT_TIMEOUT:
                continue
            for place in range(room[0]):
                assert tags[place] not in found
                found[tags[place]] = address_of(rows[place]), codes[place] or physical_address_of(rows[place])
        return found


@contextmanager
def resolver() -> Iterator[Resolver]:
    opened = Resolver()
    try:
        yield opened
    finally:
        lib.netio_resolver_release(opened.owner)


def address_of(row: Any) -> IPv4Address | IPv6Address:  # noqa: ANN401
    ip4 = row.Address.si_family == lib.AF_INET
    member = (row.Address.Ipv4, "sin_addr") if ip4 else (row.Address.Ipv6, "sin6_addr")
    return ip_address(bytes(ffi.buffer(ffi.addressof(*member))))


def physical_address_of(row: Any) -> str:  # noqa: ANN401
    return bytes(ffi.buffer(row.PhysicalAddress))[: row.PhysicalAddressLength].hex(":")


@pytest.mark.parametrize("repeat", [1, 6])
def test_every_kind_of_address_in_one_submit(two_interfaces: Wire, repeat: int) -> None:
    """Bug: a result is given to the row before or after, or to only one of two duplicates."""
    mixed = MIXED * repeat
    two_interfaces.near.ip(f"neigh add {FAR_IP4} lladdr {WRONG_MAC} dev near0 nud stale")
    with resolver() as opened:
        opened.submit([Neighbor(address, interface=interface) for address, interface, _ in mixed], 1000)
        results = opened.results(len(mixed))

    expected = {tag: (ip_address(address), outcome) for tag, (address, _, outcome) in zip(count(1000), mixed)}
    assert results == expected


def test_only_requested_dynamic_entries_are_removed(two_interfaces: Wire) -> None:
    """Bug: a permanent entry, or one that was not requested, is removed together with the others."""
    two_interfaces.near.ip(f"neigh add {FAR_IP4} lladdr {WRONG_MAC} dev near1 nud stale")
    with resolver() as opened:
        opened.submit([Neighbor(address, interface=interface) for address, interface, _ in MIXED], 0)
        opened.results(len(MIXED))

    near0, near1 = seen(two_interfaces.near), seen(two_interfaces.near, "near1")
    assert {near0[address] for address in ("192.0.2.50", "10.9.9.9")} == {Seen(PERMANENT_MAC)}
    assert near0["192.0.2.51"] == Seen(PERMANENT_MAC, "NOARP")
    assert near0[FAR_IP4] == Seen(FAR_MAC, "REACHABLE")
    assert near1[FAR_IP4] == Seen(WRONG_MAC, "STALE")
    assert not {NEAR_IP4, "10.9.9.8", "127.0.0.1"} & {*near0, *near1}


def test_every_kind_of_address_in_one_call(two_interfaces: Wire, anyone: Caller) -> None:
    """Bug: a result is given to another address if the routes choose the interface, or without privileges."""
    expected: dict[str, Outcome] = {
        FAR_IP4: FAR_MAC,
        "203.0.113.2": FAR1_MAC,
        "192.0.2.50": PERMANENT_MAC,
        "10.9.9.8": 1231,
        NEAR_IP4: 87,
        "fe80::2%near1": FAR1_MAC,
        "fe80::2%none": 1168,
        ABSENT_IP4: 67,
        "fe80::2%near0": FAR_MAC,
        FAR_IP6: FAR_MAC,
        "203.0.113.255": 87,
        ABSENT_IP6: 67,
        **{str(host): FAR_MAC for host in hosts(LIVE, 80)},
    }
    two_interfaces.near.ip(f"neigh add {FAR_IP4} lladdr {WRONG_MAC} dev near0 nud failed")

    results = [*anyone("resolve_neighbors", expected)]

    assert len(results) == len(expected)
    assert {str(address): outcome_of(found) for address, found in results} == expected


def test_notification_from_before_the_submit_is_not_a_reply(two_interfaces: Wire) -> None:
    """Bug: a notification about an entry that was REACHABLE before the submit is taken as the reply."""
    with resolver() as opened:
        two_interfaces.near.ip(
            f"neigh add {ABSENT_IP4} lladdr {WRONG_MAC} dev near0 nud reachable",
            f"neigh add {FAR_IP4} lladdr {WRONG_MAC} dev near0 nud reachable",
            f"neigh del {ABSENT_IP4} dev near0",
        )
        opened.submit([Neighbor(address, interface="near0") for address in (ABSENT_IP4, FAR_IP4)], 0)
        results = opened.results(2)

    assert results == {0: (IPv4Address(ABSENT_IP4), 67), 1: (IPv4Address(FAR_IP4), FAR_MAC)}


def test_duplicates_in_later_submits(two_interfaces: Wire) -> None:
    """Bug: a row that is a duplicate of a pending one has no result, or two."""
    with resolver() as opened:
        for tag in range(0, 9, 3):
            entries = [Neighbor(address, interface="near0") for address in (ABSENT_IP4, ABSENT_IP6, FAR_IP4)]
            opened.submit(entries, tag)
        results = opened.results(9)

    assert [results[tag][1] for tag in range(9)] == [67, 67, FAR_MAC] * 3
    assert two_interfaces.near.json("neigh show dev near0 nud reachable")


def test_resolver_closed_with_pending_duplicates(two_interfaces: Wire) -> None:
    """Bug: close does not free duplicates of pending rows, or frees them twice."""
    with resolver() as opened:
        opened.submit([Neighbor(ABSENT_IP4, interface="near0")] * 100, 0)
        opened.submit([Neighbor(ABSENT_IP6, interface="near0")] * 3, 100)
    with resolver() as opened:
        opened.submit([Neighbor(FAR_IP4, interface="near0")] * 100, 0)

    assert seen(two_interfaces.near)[FAR_IP4] == Seen(FAR_MAC, "REACHABLE")


@pytest.mark.usefixtures("two_interfaces")
def test_results_have_the_luid(anyone: Caller) -> None:
    """Bug: a result from a notification has no LUID, since notifications have none."""
    luids = {interface.name: interface.luid for interface in netio.list_interfaces()}

    results = dict(anyone("resolve_neighbors", [FAR_IP4, "fe80::2%near1", "192.0.2.50"]))

    assert [entry.interface_luid for entry in results.values()] == [luids[e.interface] for e in results.values()]
    assert {entry.interface for entry in results.values()} == {"near0", "near1"}
