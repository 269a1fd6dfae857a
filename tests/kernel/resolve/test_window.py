# SPDX-License-Identifier: MIT
"""Resolving many addresses in a window of pending probes: order, slots and timeouts."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Address
from itertools import chain, count, islice
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import pytest

import netio
from netio import Neighbor
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.hosts import LIVE, SILENT, hosts, reachable, summary
from netlab.oracle import Seen, seen
from netlab.wire import ABSENT_IP4, FAR_IP4, FAR_MAC

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conftest import Caller
    from netlab.wire import Wire

WRONG_MAC = "02:00:5e:00:00:99"


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_live_addresses(crowd: Wire, anyone: Caller) -> None:
    """Bug: results get lost or mixed up if many arrive at once."""
    addresses = hosts(LIVE, 400)

    results = list(anyone("resolve_neighbors", addresses, interface="near0"))

    assert sorted(results, key=lambda pair: addresses.index(pair[0])) == [(host, reachable(host)) for host in addresses]
    assert seen(crowd.near) == {str(host): Seen(FAR_MAC, "REACHABLE") for host in addresses}


@pytest.mark.parametrize("max_in_flight", [1, 3, 70])
def test_live_and_silent_addresses(crowd: Wire, anyone: Caller, max_in_flight: int) -> None:
    """Bug: a silent address blocks the others for good, or each loses a slot."""
    crowd.hasten()
    silent = hosts(SILENT, 4 * min(max_in_flight, 20))
    live = hosts(LIVE, 100)

    results = anyone("resolve_neighbors", [*live[:50], *silent, *live[50:]], max_in_flight=max_in_flight)

    expected = [(host, FAR_MAC) for host in live] + [(host, "UnreachableError") for host in silent]
    assert summary(results) == Counter(expected)


@pytest.mark.usefixtures("crowd")
def test_results_are_in_order_of_completion() -> None:
    """Bug: results are in the order of the addresses, and one silent address delays all after it."""
    *others, last = netio.resolve_neighbors([ABSENT_IP4, *hosts(LIVE, 20)], interface="near0", timeout=1)

    assert {found.is_resolved for _, found in others if isinstance(found, Neighbor)} == {True}
    assert len(others) == 20
    assert last[0] == IPv4Address(ABSENT_IP4)
    assert isinstance(last[1], netio.UnreachableError)


@pytest.mark.parametrize("max_in_flight", [1, 2, 256])
def test_duplicates(crowd: Wire, anyone: Caller, max_in_flight: int) -> None:
    """Bug: the entry of a pending address is removed by its duplicate, or the address has only one result."""
    crowd.hasten()
    live = hosts(LIVE, 5)

    results = anyone("resolve_neighbors", [*live, ABSENT_IP4, *live, ABSENT_IP4, *live], max_in_flight=max_in_flight)

    expected = [(host, FAR_MAC) for host in live] * 3 + [(IPv4Address(ABSENT_IP4), "UnreachableError")] * 2
    assert summary(results) == Counter(expected)


def test_permanent_entry_is_among_results(crowd: Wire) -> None:
    """Bug: an entry that needs no probe is removed, or has no result."""
    crowd.near.ip(f"neigh add {ABSENT_IP4} lladdr {WRONG_MAC} dev near0")

    results = dict(netio.resolve_neighbors([FAR_IP4, ABSENT_IP4], timeout=5))

    assert results[IPv4Address(ABSENT_IP4)] == Neighbor(ABSENT_IP4, WRONG_MAC, interface="near0")
    assert results[IPv4Address(FAR_IP4)] == reachable(FAR_IP4)


def test_addresses_are_read_as_slots_become_free(crowd: Wire) -> None:
    """Bug: a large iterable is read to its end first, or more probes are pending than allowed."""
    crowd.hasten()
    endless = (SILENT[1 + i % 60_000] for i in count())
    taken = 0

    def addresses() -> Iterator[IPv4Address]:
        nonlocal taken
        for address in endless:
            taken += 1
            yield address

    descriptors = open_files()
    results = netio.resolve_neighbors(addresses(), max_in_flight=8)
    for number, _ in enumerate(islice(results, 20), start=1):
        assert taken <= number + 8
    assert open_files() > descriptors
    del results
    assert open_files() == descriptors


@pytest.mark.usefixtures("crowd")
def test_caller_that_stops() -> None:
    """Bug: the sockets stay open after a break, or are opened before the first result is requested."""
    descriptors = open_files()
    results = netio.resolve_neighbors(chain(hosts(LIVE, 20), hosts(SILENT, 20)), max_in_flight=40)
    assert open_files() == descriptors
    for _ in results:
        break
    results.close()  # type: ignore[attr-defined]
    assert open_files() == descriptors
    assert list(results) == []


def test_timeout_starts_with_the_probe(crowd: Wire) -> None:
    """Bug: the timeout is for all addresses together, and has passed for those after a silent one."""
    crowd.hasten()

    results = netio.resolve_neighbors([*hosts(SILENT, 4), FAR_IP4], timeout=0.25, max_in_flight=1)

    assert summary(results) == Counter(
        [*((host, "UnreachableError") for host in hosts(SILENT, 4)), (IPv4Address(FAR_IP4), FAR_MAC)]
    )


def test_address_keeps_its_slot_after_timeout(crowd: Wire) -> None:
    """Bug: a short timeout fills the kernel's table with entries that the kernel still probes."""
    in_flight = [
        sum(entry.state == "INCOMPLETE" for entry in seen(crowd.near).values())
        for _ in islice(netio.resolve_neighbors(hosts(SILENT, 8), timeout=0.05, max_in_flight=2), 4)
    ]

    assert max(in_flight) == 2


@pytest.mark.usefixtures("crowd")
def test_last_timeout_is_the_end() -> None:
    """Bug: after the last result the call waits until the slots of timed-out addresses are free."""
    start = monotonic()

    results = list(netio.resolve_neighbors(hosts(SILENT, 4), timeout=0.2, max_in_flight=4))

    assert len(results) == 4
    assert 0.2 <= monotonic() - start < 2


@pytest.mark.parametrize("prefix", [[], UNPRIVILEGED], ids=["privileged", "unprivileged"])
def test_thousand_silent_addresses(crowd: Wire, prefix: Sequence[str]) -> None:
    """Bug: if all fail at once, their notifications overrun the socket, and the lost ones have no result."""
    crowd.hasten()
    addresses = hosts(SILENT, 1000)
    call = ("resolve_neighbors", (addresses,), {"interface": "near0", "max_in_flight": 1000})

    (results,) = call_elsewhere(crowd.near, prefix, [call])

    assert Counter(address for address, _ in results) == Counter(addresses)
    assert {type(error) for _, error in results} <= {netio.UnreachableError, netio.TableFullError}
    assert sum(type(error) is netio.UnreachableError for _, error in results) > 500
