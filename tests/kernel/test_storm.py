# SPDX-License-Identifier: MIT
"""Reading the table while tens of thousands of its rows change every second."""

from __future__ import annotations

from time import monotonic, perf_counter
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

CHANGES_PER_SECOND = 40_000

# Of dumps alone. A busy machine may take longer to reach the rate; the rate is a mean over all that were read.
SECONDS, PATIENCE_SECONDS = 0.3, 25


def read_all_the_time(progress: mmap, check: Callable[[list[Neighbor]], None]) -> None:
    """Dumps again and again, and checks each; ends with the rate of changes while dumps were running."""
    start, took, changes = monotonic(), 0.0, 0
    while storm.count(progress) == 0:
        assert monotonic() - start < PATIENCE_SECONDS
    while monotonic() - start < PATIENCE_SECONDS:
        before, begun = storm.count(progress), perf_counter()
        table = netio.list_neighbors(2, interface="near0")
        took += perf_counter() - begun
        changes += storm.count(progress) - before
        check(list(table))
        if took > SECONDS and changes >= CHANGES_PER_SECOND * took:
            break
    assert changes >= CHANGES_PER_SECOND * took


def values_of(addresses: list[IPv4Address]) -> dict[IPv4Address | IPv6Address, set[bytes]]:
    """All that is ever written for each address."""
    return {address: {storm.written(address, generation) for generation in storm.GENERATIONS} for address in addresses}


@pytest.mark.parametrize("where", [storm.in_a_thread, storm.in_a_process])
@pytest.mark.usefixtures("wire")
def test_values_change(where: Where) -> None:
    """Bug: a row is read in two pieces, has another row's physical address, is lost or doubled."""
    valid = values_of(storm.stable())
    generations: set[int] = set()
    netio.create_neighbors(storm.rows(storm.stable(), storm.GENERATIONS[0]))

    def check(rows: list[Neighbor]) -> None:
        assert len(rows) == len(valid)
        assert {row.address for row in rows} == set(valid)
        for row in rows:
            assert row.physical_address in valid[row.address], row
            assert row.state is NeighborState.PERMANENT, row
        generations.update(row.physical_address[1] for row in rows)

    with where(storm.change_values) as progress:
        read_all_the_time(progress, check)

    assert generations == set(storm.GENERATIONS)


@pytest.mark.parametrize("where", [storm.in_a_thread, storm.in_a_process])
def test_rows_come_and_go(wire: Wire, where: Where) -> None:
    """Bug: a row that is just being made or deleted has what lay in its memory, or fails the whole reading."""
    valid = values_of([*storm.stable(), *storm.moving()])
    moved = {True: 0, False: 0}
    netio.create_neighbors(storm.rows(storm.stable(), storm.GENERATIONS[0]))

    def check(rows: list[Neighbor]) -> None:
        for row in rows:
            # Between the making of a row and its first value, and between its last one and its end, it has none.
            has_value = row.state is NeighborState.PERMANENT
            assert row.physical_address in (valid[row.address] if has_value else {b""}), row
        there = {row.address for row in rows}
        for address in storm.moving()[::10]:
            moved[address in there] += 1

    with where(storm.come_and_go) as progress:
        read_all_the_time(progress, check)

    assert moved[True] > 0
    assert moved[False] > 0
    rows = netio.list_neighbors(2, interface="near0")
    assert {row.address for row in rows} >= set(storm.stable())
    assert len(wire.near.json("neigh show dev near0 nud permanent")) == len(rows)
