# SPDX-License-Identifier: MIT
"""Interfaces that go down, are renamed, removed or moved while their entries are watched."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

import netio
from netio import ChangeKind
from netlab import storm
from netlab.hosts import PERMANENT_MAC
from netlab.namespace import Namespace
from netlab.replay import Replay

if TYPE_CHECKING:
    from netlab.wire import Wire

ADDED, REMOVED = ChangeKind.ADDED, ChangeKind.REMOVED
PINNED = "192.0.2.60"
PIN = f"neigh add {PINNED} lladdr {PERMANENT_MAC} dev near0"


def removed(replay: Replay) -> list[tuple[str, str]]:
    return [
        (str(change.neighbor.address), str(change.neighbor.physical_address))
        for change in replay.seen
        if change.kind is REMOVED and change.neighbor
    ]


@pytest.mark.parametrize("command", ["link set near0 down", "link set near0 address 02:00:00:00:00:99"])
def test_removed_entries_have_their_physical_address(wire: Wire, command: str) -> None:
    """Bug: entries that the kernel removes with their interface's state or address are missed."""
    wire.near.ip(PIN)
    with netio.watch_neighbors(socket.AF_INET) as watch:
        replay = Replay(watch, watch.table())
        wire.near.ip(command)
        replay.read_until(lambda: replay.kinds[REMOVED] > 0)
        assert removed(replay) == [(PINNED, PERMANENT_MAC)]
        wire.near.ip("link set near0 up", PIN)
        replay.read_until(lambda: replay.kinds[ADDED] > 0)
        replay.check(family=socket.AF_INET)
    assert replay.seen[-1].last_physical_address == PERMANENT_MAC


@pytest.mark.parametrize("how", ["removed", "moved"])
@pytest.mark.parametrize("size", [None, 4096])
def test_end_of_a_watched_interface(wire: Wire, how: str, size: int | None) -> None:
    """Bug: a watch of an interface that was removed is silent for ever."""
    entries = storm.entries(storm.stable()[:300], 1)
    netio.create_neighbors(entries)
    other = Namespace()
    try:
        with netio.watch_neighbors(socket.AF_INET, interface="near0", receive_buffer=size) as watch:
            replay = Replay(watch, watch.table())
            if how == "removed":
                wire.near.ip("link del near0")
            else:
                wire.near.run(
                    "ip", "link", "set", "near0", "netns", f"/proc/self/fd/{other.descriptor}", keep=(other.descriptor,)
                )
            with pytest.raises(netio.InterfaceNotFoundError) as failure:
                replay.apply(watch)
            assert "interface near0: it was removed" in str(failure.value)
            assert replay.entries == {}
            assert replay.kinds[REMOVED] == 300
            assert replay.kinds[ChangeKind.RESYNC] == (0 if size is None else 1)
            assert list(watch.table()) == []
            with pytest.raises(netio.InterfaceNotFoundError):
                watch.read(0)
    finally:
        other.close()


def test_interface_of_the_same_name_is_another_one(wire: Wire) -> None:
    with netio.watch_neighbors(interface="near0") as watch:
        wire.near.ip("link del near0", "link add near0 type veth", "link set near0 up", PIN)
        with pytest.raises(netio.InterfaceNotFoundError):
            list(watch)


def test_removed_interface_beside_others(wire: Wire) -> None:
    """Bug: the entries of a removed interface have no name, or the watch of all interfaces ends."""
    wire.near.ip("link add name spare0 type veth peer name spare1", "link set spare0 up")
    with netio.watch_neighbors(socket.AF_INET) as watch:
        replay = Replay(watch)
        wire.near.ip(PIN.replace("near0", "spare0"), "link del spare0", PIN)
        replay.read_until(lambda: len(replay.seen) == 3)
    assert [(change.kind, change.neighbor.interface) for change in replay.seen if change.neighbor] == [
        (ADDED, "spare0"),
        (REMOVED, "spare0"),
        (ADDED, "near0"),
    ]


@pytest.mark.parametrize("interface", [None, "near0"])
def test_renamed_interface(wire: Wire, interface: str | None) -> None:
    """Bug: entries have the name that the interface had before, also in link-local scopes."""
    address = "fe80::60"
    with netio.watch_neighbors(interface=interface) as watch:
        wire.near.ip(f"neigh add {address} lladdr {PERMANENT_MAC} dev near0")
        assert [str(change.neighbor.address) for change in watch.read(5) if change.neighbor] == [f"{address}%near0"]
        wire.near.ip("link set near0 down", "link set near0 name other0", "link set other0 up")
        wire.near.ip(f"neigh add {address} lladdr {PERMANENT_MAC} dev other0")
        replay = Replay(watch)
        replay.seen.extend(watch.read(0.2))
        while not replay.seen or replay.seen[-1].kind is not ADDED:
            replay.seen.extend(watch.read(5))
        added = replay.seen[-1].neighbor
        assert added is not None
        assert (str(added.address), added.interface) == (f"{address}%other0", "other0")
        assert added in list(watch.table())


def test_names_after_lost_notifications(wire: Wire) -> None:
    """Bug: a rename that was lost with other notifications leaves the old name."""
    netio.create_neighbors(storm.entries(storm.stable()[:500], 1))
    with netio.watch_neighbors(socket.AF_INET, receive_buffer=4096) as watch:
        replay = Replay(watch, watch.table())
        for generation in (2, 3):
            netio.set_neighbors(storm.entries(storm.stable()[:500], generation))
        wire.near.ip("link property add dev near0 altname else0", "link set near0 down", "link set near0 name other0")
        replay.entries = {}
        changes = watch.read(5)
        while changes[-1].kind is not REMOVED:
            changes += watch.read(5)
        assert any(change.kind is ChangeKind.RESYNC for change in changes)
        assert {change.neighbor.interface for change in changes if change.kind is REMOVED and change.neighbor} == {
            "other0"
        }


@pytest.fixture
def many(wire: Wire) -> list[str]:
    """The names of 1,000 interfaces, which are up."""
    pairs = [(f"v{i}", f"w{i}") for i in range(500)]
    wire.near.ip(*(f"link add name {one} type veth peer name {other}" for one, other in pairs))
    names = [name for pair in pairs for name in pair]
    wire.near.ip(*(f"link set {name} up" for name in names))
    return names


def test_many_interfaces(wire: Wire, many: list[str]) -> None:
    """Bug: names of interfaces get mixed up, or each change takes a look-up of all of them."""
    with netio.watch_neighbors(socket.AF_INET) as watch:
        wire.near.ip(*(f"neigh add {PINNED} lladdr {PERMANENT_MAC} dev {name}" for name in many))
        replay = Replay(watch)
        replay.read_until(lambda: len(replay.seen) == len(many))
        assert [change.neighbor.interface for change in replay.seen if change.neighbor] == many
        replay.check(family=socket.AF_INET)


def test_loss_among_many_interfaces(wire: Wire, many: list[str]) -> None:
    """Bug: after a loss the entries of removed interfaces stay, or have the names of others."""
    with netio.watch_neighbors(socket.AF_INET, receive_buffer=4096) as watch:
        wire.near.ip(*(f"neigh add {PINNED} lladdr {PERMANENT_MAC} dev {name}" for name in many))
        replay = Replay(watch)
        replay.read_until(lambda: len(replay.entries) == len(many))
        replay.check(family=socket.AF_INET)
        wire.near.ip(*(f"link del {name}" for name in many[::4]))  # each with its peer
        gone = {name for place, name in enumerate(many) if place % 4 < 2}
        replay.read_until(lambda: replay.kinds[REMOVED] >= len(gone))
        replay.read_quiet()
        replay.check(family=socket.AF_INET)
    assert replay.kinds[ChangeKind.RESYNC] >= 2
    changes = [change for change in replay.seen if change.kind is REMOVED]
    assert {change.neighbor.interface for change in changes if change.neighbor} == gone


def test_namespace_is_that_of_the_creation(wire: Wire) -> None:
    """Bug: a RESYNC or the name of an interface comes from the namespace of the caller."""
    with netio.namespace(wire.far.descriptor):
        netio.create_neighbors([netio.Neighbor(a, PERMANENT_MAC, interface="far0") for a in storm.stable()[:500]])
        watch = netio.watch_neighbors(socket.AF_INET, receive_buffer=4096)
        replay = Replay(watch, watch.table())
        netio.delete_neighbors([netio.Neighbor(a, interface="far0") for a in storm.stable()[:500]])
    with watch:
        replay.read_quiet()
        assert replay.kinds[ChangeKind.RESYNC] > 0
        assert replay.entries == {}
        assert {change.neighbor.interface for change in replay.seen if change.neighbor} == {"far0"}
