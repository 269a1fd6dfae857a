# SPDX-License-Identifier: MIT
"""An interface is removed during a bulk write: each entry is confirmed or reported, others are not affected."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

import netio
from netio import Neighbor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from netlab.wire import Wire

OLD, NEW = "02:00:5e:00:00:07", "02:00:5e:00:00:08"
COUNT = 20_000

# The removal has to happen during the call; on a busy machine it may be too late.
ATTEMPTS = 10


def rows(physical_address: str) -> list[Neighbor]:
    """Entries of both families; every tenth one is on the interface that stays."""
    first = IPv4Address("10.0.0.1"), IPv6Address("2001:db8:1::1")
    return [
        Neighbor(first[i // 3 % 2] + i, physical_address, interface="near1" if i % 10 else "near0")
        for i in range(COUNT)
    ]


def has_begun(verb: str, row: Neighbor) -> bool:
    """Returns whether that entry has been written, or deleted, already."""
    try:
        found = netio.get_neighbor(row.address, interface=row.interface)
    except netio.NeighborNotFoundError:
        return verb == "delete_neighbors"
    # The kernel keeps a deleted entry as FAILED if another process reads it at the moment of the deletion.
    return found.is_unreachable if verb == "delete_neighbors" else found.physical_address == row.physical_address


@contextmanager
def removed_once(wire: Wire, has_begun: Callable[[], bool]) -> Iterator[None]:
    """Removes near1 as soon as has_begun() is true, or at the end."""
    over = Event()
    with wire.near.entered():
        ip = subprocess.Popen(["ip", "-batch", "-"], stdin=subprocess.PIPE, text=True)

    def remove() -> None:
        while not (over.is_set() or has_begun()):
            pass
        ip.communicate("link delete near1\n", timeout=30)

    thread = Thread(target=remove)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert ip.returncode == 0


def failures(verb: str, given: list[Neighbor]) -> list[int]:
    """Returns the positions of the entries that failed, all of them without their interface."""
    failed: list[int] = []
    try:
        getattr(netio, verb)(given)
    except* netio.InterfaceNotFoundError as group:
        for error in group.exceptions:
            assert isinstance(error, netio.InterfaceNotFoundError)
            assert error.position is not None
            assert (error.code, error.row) == (1168, given[error.position])
            failed.append(error.position)
    return failed


@pytest.mark.parametrize("verb", ["create_neighbors", "set_neighbors", "replace_neighbors", "delete_neighbors"])
def test_interface_is_removed_during_a_bulk_write(wire: Wire, verb: str) -> None:
    """Bug: an entry after the removal counts as written, one before it as failed, or later ones are not tried."""
    given = rows(NEW)
    on_near1 = [position for position, row in enumerate(given) if row.interface == "near1"]
    stays = {str(row.address) for row in given if row.interface == "near0"}
    for _ in range(ATTEMPTS):
        wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
        if verb in ("set_neighbors", "delete_neighbors"):
            netio.replace_neighbors(rows(OLD))
        else:
            netio.delete_neighbors(given, missing_ok=True)

        with removed_once(wire, lambda: has_begun(verb, given[0])):
            failed = failures(verb, given)

        assert failed == on_near1[len(on_near1) - len(failed) :]
        there = {
            str(row.address): row
            for row in netio.list_neighbors()
            if not (row.address.is_multicast or row.is_unreachable)  # has_begun() may have kept a deleted one
        }
        assert set(there) == (set() if verb == "delete_neighbors" else stays)
        assert all(str(row.physical_address) == NEW for row in there.values())
        if 0 < len(failed) < len(on_near1):
            break
    assert 0 < len(failed) < len(on_near1)
