# SPDX-License-Identifier: MIT
"""Reading the table while a writer changes its entries as fast as it can."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import pytest

import netio
from netio import Neighbor, NeighborState
from netlab import storm

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from ipaddress import IPv4Address, IPv6Address
    from mmap import mmap

    from netlab.wire import Wire

    Where = Callable[[storm.Writer], AbstractContextManager[mmap]]

# Changes to observe while dumps run. A loaded machine takes longer for them, so only the limit of the time is generous.
CHANGES = 12_000
LIMIT_SECONDS = 40


def dump_during_changes(
    progress: mmap, check: Callable[[list[Neighbor]], None], has_seen_enough: Callable[[], bool]
) -> None:
    """Dumps and checks the table until enough changes were made during the dumps and the checks have seen enough."""
    end = monotonic() + LIMIT_SECONDS
    changes = 0
    while changes < CHANGES or not has_seen_enough():
        assert monotonic() < end, f"the writer made only {changes} changes during the dumps"
        before = storm.changes(progress)
        table = netio.list_neighbors(2, interface="near0")
        changes += storm.changes(progress) - before
        check(list(table))


def values_of(addresses: list[IPv4Address]) -> dict[IPv4Address | IPv6Address, set[bytes]]:
    """Returns all physical addresses that the writer gives to each address."""
    return {
        address: {storm.physical_address_of(address, generation) for generation in storm.GENERATIONS}
        for address in addresses
    }


@pytest.mark.parametrize("where", [storm.in_thread, storm.in_process])
@pytest.mark.usefixtures("wire")
def test_values_change_during_dumps(where: Where) -> None:
    """Bug: an entry is read in two steps, has the physical address of another entry, is lost or duplicated."""
    valid = values_of(storm.stable())
    generations: set[int] = set()
    netio.create_neighbors(storm.entries(storm.stable(), storm.GENERATIONS[0]))

    def check(entries: list[Neighbor]) -> None:
        assert len(entries) == len(valid)
        assert {entry.address for entry in entries} == set(valid)
        for entry in entries:
            assert entry.physical_address.packed in valid[entry.address], entry
            assert entry.state is NeighborState.PERMANENT, entry
        generations.update(entry.physical_address.packed[1] for entry in entries)

    with where(storm.change_values) as progress:
        dump_during_changes(progress, check, lambda: generations == set(storm.GENERATIONS))

    assert generations == set(storm.GENERATIONS)


@pytest.mark.parametrize("where", [storm.in_thread, storm.in_process])
def test_entries_are_created_and_deleted_during_dumps(wire: Wire, where: Where) -> None:
    """Bug: an entry that is being created or deleted has random bytes as its value, or fails the whole dump."""
    valid = values_of([*storm.stable(), *storm.transient()])
    transient = {True: 0, False: 0}
    netio.create_neighbors(storm.entries(storm.stable(), storm.GENERATIONS[0]))

    def check(entries: list[Neighbor]) -> None:
        for entry in entries:
            # A new entry has no value until its first update, and a deleted one has lost its value.
            has_value = entry.state is NeighborState.PERMANENT
            assert entry.physical_address.packed in (valid[entry.address] if has_value else {b""}), entry
        present = {entry.address for entry in entries}
        for address in storm.transient()[::10]:
            transient[address in present] += 1

    with where(storm.create_and_delete) as progress:
        dump_during_changes(progress, check, lambda: transient[True] > 0 and transient[False] > 0)

    assert transient[True] > 0
    assert transient[False] > 0
    entries = netio.list_neighbors(2, interface="near0")
    assert {entry.address for entry in entries} >= set(storm.stable())
    assert len(wire.near.json("neigh show dev near0 nud permanent")) == len(entries)
