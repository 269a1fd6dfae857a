# SPDX-License-Identifier: MIT
"""Reading the table while a writer changes it as fast as it can."""

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

# Changes that must happen during the dumps, however long a busy machine takes for them; and the limit for that.
CHANGES, LIMIT_SECONDS = 12_000, 40


def read_during_changes(progress: mmap, check: Callable[[list[Neighbor]], None]) -> None:
    """Lists the table until enough changes have happened during the dumps, and checks each list."""
    start, changed = monotonic(), 0
    while storm.changes(progress) == 0:
        assert monotonic() - start < LIMIT_SECONDS
    while changed < CHANGES:
        assert monotonic() - start < LIMIT_SECONDS
        before = storm.changes(progress)
        table = netio.list_neighbors(2, interface="near0")
        changed += storm.changes(progress) - before
        check(list(table))


def values_of(addresses: list[IPv4Address]) -> dict[IPv4Address | IPv6Address, set[bytes]]:
    """Returns all physical addresses that are written for each address."""
    return {
        address: {storm.physical_address_of(address, generation) for generation in storm.GENERATIONS}
        for address in addresses
    }


@pytest.mark.parametrize("where", [storm.in_thread, storm.in_process])
@pytest.mark.usefixtures("wire")
def test_values_change(where: Where) -> None:
    """Bug: an entry is torn, has the physical address of another one, is lost or doubled."""
    valid = values_of(storm.stable())
    generations: set[int] = set()
    netio.create_neighbors(storm.entries(storm.stable(), storm.GENERATIONS[0]))

    def check(rows: list[Neighbor]) -> None:
        assert len(rows) == len(valid)
        assert {row.address for row in rows} == set(valid)
        for row in rows:
            assert row.physical_address.packed in valid[row.address], row
            assert row.state is NeighborState.PERMANENT, row
        generations.update(row.physical_address.packed[1] for row in rows)

    with where(storm.change_values) as progress:
        read_during_changes(progress, check)

    assert generations == set(storm.GENERATIONS)


@pytest.mark.parametrize("where", [storm.in_thread, storm.in_process])
def test_entries_are_created_and_deleted(wire: Wire, where: Where) -> None:
    """Bug: an entry that is being created or deleted shows uninitialised bytes, or fails the whole dump."""
    valid = values_of([*storm.stable(), *storm.transient()])
    moved = {True: 0, False: 0}
    netio.create_neighbors(storm.entries(storm.stable(), storm.GENERATIONS[0]))

    def check(rows: list[Neighbor]) -> None:
        for row in rows:
            # An entry has no value between its creation and its first one, and between its last one and its end.
            has_value = row.state is NeighborState.PERMANENT
            assert row.physical_address.packed in (valid[row.address] if has_value else {b""}), row
        there = {row.address for row in rows}
        for address in storm.transient()[::10]:
            moved[address in there] += 1

    with where(storm.create_and_delete) as progress:
        read_during_changes(progress, check)

    assert moved[True] > 0
    assert moved[False] > 0
    rows = netio.list_neighbors(2, interface="near0")
    assert {row.address for row in rows} >= set(storm.stable())
    assert len(wire.near.json("neigh show dev near0 nud permanent")) == len(rows)
