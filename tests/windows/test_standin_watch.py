# SPDX-License-Identifier: MIT
"""Watching by polls of GetIpNetTable2, with the stand-in."""

from __future__ import annotations

import socket
from threading import Thread
from time import monotonic, sleep

import pytest
from growth import GROWTH_MAX, bytes_in_use

import netio
from netio import ChangeKind, Neighbor, NeighborChange, NeighborState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from standin import Standin

pytestmark = pytest.mark.wine_lacks

ADDRESS, MAC, OTHER = "192.0.2.7", "02:00:5e:00:00:07", "02:00:5e:00:00:08"
SOON = 0.01


def entry(physical_address: str, interface: str = "Ethernet") -> Neighbor:
    return Neighbor(ADDRESS, physical_address, interface=interface, state=NeighborState.PERMANENT)


def interface_named(name: str) -> netio.Interface:
    return next(found for found in netio.list_interfaces() if found.name == name)


@pytest.mark.usefixtures("standin")
def test_creation_change_and_deletion() -> None:
    with netio.watch_neighbors(poll_interval=SOON) as watch:
        assert watch.fileno() == -1
        netio.create_neighbor(ADDRESS, MAC, interface="Ethernet")
        assert watch.read(5) == [NeighborChange(ChangeKind.ADDED, entry(MAC))]
        netio.set_neighbor(ADDRESS, OTHER, interface="Ethernet")
        last = entry(MAC).physical_address
        assert watch.read(5) == [NeighborChange(ChangeKind.CHANGED, entry(OTHER), entry(MAC), last)]
        netio.delete_neighbor(ADDRESS, interface="Ethernet")
        last = entry(OTHER).physical_address
        assert watch.read(5) == [NeighborChange(ChangeKind.REMOVED, entry(OTHER), entry(OTHER), last)]
        assert list(watch.table()) == []
        netio.create_neighbor(ADDRESS, MAC, interface="Ethernet")
        assert watch.read(5) == [NeighborChange(ChangeKind.ADDED, entry(MAC), None, last)]
        assert [row.interface_luid for row in watch.table()] == [interface_named("Ethernet").luid]


@pytest.mark.usefixtures("standin")
def test_initial_entries_and_filters() -> None:
    for interface in ("Ethernet", "Überall"):
        netio.create_neighbor(ADDRESS, MAC, interface=interface)
        netio.create_neighbor("2001:db8::7", MAC, interface=interface)
    with netio.watch_neighbors(socket.AF_INET, interface="Überall", initial=True) as watch:
        assert list(watch.table()) == []
        assert watch.read(5) == [NeighborChange(ChangeKind.ADDED, entry(MAC, "Überall"))]
        assert list(watch.table()) == [entry(MAC, "Überall")]
    with netio.watch_neighbors(poll_interval=SOON) as watch:
        assert len(watch.table()) == 4
        assert watch.read(0.1) == []


@pytest.mark.usefixtures("standin")
def test_more_changes_than_one_call_returns() -> None:
    rows = [Neighbor(f"192.0.2.{i}", MAC, interface="Ethernet") for i in range(1, 251)]
    with netio.watch_neighbors(poll_interval=SOON) as watch:
        netio.create_neighbors(rows)
        changes: list[NeighborChange] = []
        while len(changes) < len(rows):
            changes += watch.read(5)
        assert {change.kind for change in changes} == {ChangeKind.ADDED}
        assert {row.address for row in rows} == {change.neighbor.address for change in changes if change.neighbor}


@pytest.mark.usefixtures("standin")
def test_interval() -> None:
    """Bug: the table is read more often than the interval says, or the wait is longer than the timeout."""
    with netio.watch_neighbors(poll_interval=1.0) as watch:
        assert watch.read(0) == []
        netio.create_neighbor(ADDRESS, MAC, interface="Ethernet")
        begin = monotonic()
        assert watch.read(0.2) == []
        assert 0.19 <= monotonic() - begin < 0.9
        assert len(watch.read(5)) == 1


def test_errors(standin: Standin) -> None:
    with netio.watch_neighbors(poll_interval=SOON) as watch:
        standin.answer_once("GetIpNetTable2", 8)
        with pytest.raises(netio.NetioError) as failure:
            watch.read(5)
        assert failure.value.code == 8
        netio.create_neighbor(ADDRESS, MAC, interface="Ethernet")
        assert len(watch.read(5)) == 1
    with pytest.raises(netio.InterfaceNotFoundError):
        netio.watch_neighbors(interface="missing")


@pytest.mark.usefixtures("standin")
def test_close_in_another_thread() -> None:
    watch = netio.watch_neighbors(poll_interval=60.0)
    ended: list[int] = []
    thread = Thread(target=lambda: ended.append(len(list(watch))))
    thread.start()
    sleep(0.2)
    watch.close()
    thread.join(10)
    assert ended == [0]


def test_interfaces_are_forgotten(standin: Standin) -> None:
    """Bug: the watch keeps each interface that it ever saw. An interface gets another index if it is enabled again."""
    ethernet = interface_named("Ethernet")
    netio.create_neighbor(ADDRESS, MAC, interface=ethernet)
    with netio.watch_neighbors(poll_interval=0.0001) as watch:
        before = 0
        for index in range(1000, 1700):
            if index == 1200:
                before = bytes_in_use()
            standin.index(ethernet, index)
            watch.read(0.0002)
        assert [row.interface for row in watch.table()] == ["Ethernet"]
        assert bytes_in_use() - before < GROWTH_MAX
