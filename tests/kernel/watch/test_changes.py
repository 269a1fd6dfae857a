# SPDX-License-Identifier: MIT
"""The changes that a watch reports for single events."""

from __future__ import annotations

import socket
import struct
from subprocess import PIPE, Popen
from time import monotonic, process_time

import pytest

import netio
from netio import ChangeKind, Neighbor, NeighborChange, NeighborState, linux
from netlab import storm
from netlab.child import UNPRIVILEGED, environment, python
from netlab.replay import Replay
from netlab.wire import ABSENT_IP4, FAR_IP4, FAR_MAC, NEAR_IP4, Wire

PINNED, FIRST, SECOND = "192.0.2.60", "02:00:5e:00:00:07", "02:00:5e:00:00:08"
RTMGRP_NEIGH = 4
NUD_OFFSET = 16 + 8  # ndm_state, after nlmsghdr
ADDED, CHANGED, REMOVED = ChangeKind.ADDED, ChangeKind.CHANGED, ChangeKind.REMOVED


def entry(physical_address: str, address: str = PINNED) -> Neighbor:
    return Neighbor(address, physical_address, interface="near0", state=NeighborState.PERMANENT)


def test_creation_change_and_deletion(wire: Wire) -> None:
    with netio.watch_neighbors(socket.AF_INET) as watch:
        replay = Replay(watch)
        netio.create_neighbor(PINNED, FIRST, interface="near0")
        replay.read_until(lambda: len(replay.seen) == 1)
        netio.set_neighbor(PINNED, SECOND, interface="near0")
        replay.read_until(lambda: len(replay.seen) == 2)
        netio.delete_neighbor(PINNED, interface="near0")
        replay.read_until(lambda: len(replay.seen) == 3)
        wire.near.ip(f"neigh add {PINNED} lladdr {FIRST} dev near0")
        replay.read_quiet()
        replay.check(family=socket.AF_INET)
    assert replay.seen == [
        NeighborChange(ADDED, entry(FIRST)),
        NeighborChange(CHANGED, entry(SECOND), entry(FIRST), entry(FIRST).physical_address),
        NeighborChange(REMOVED, entry(SECOND), entry(SECOND), entry(SECOND).physical_address),
        NeighborChange(ADDED, entry(FIRST), None, entry(SECOND).physical_address),
    ]
    assert replay.seen[0].neighbor is not None
    assert replay.seen[0].neighbor.interface_luid == netio.get_neighbor(PINNED, interface="near0").interface_luid


def test_initial_entries_come_first(wire: Wire) -> None:
    wire.near.ip(f"neigh add {PINNED} lladdr {FIRST} dev near0", f"neigh add fe80::50 lladdr {SECOND} dev near0")
    with netio.watch_neighbors(interface="near0", initial=True) as watch:
        assert list(watch.table()) == []
        replay = Replay(watch)
        replay.read_quiet()
        replay.check(interface="near0")
        assert set(replay.kinds) == {ADDED}
        assert entry(FIRST) in replay.entries.values()
        netio.delete_neighbor(PINNED, interface="near0")
        replay.read_until(lambda: replay.kinds[REMOVED] == 1)
        replay.check(interface="near0")


def test_without_initial_only_later_changes_are_reported(wire: Wire) -> None:
    wire.near.ip(f"neigh add {PINNED} lladdr {FIRST} dev near0")
    with netio.watch_neighbors() as watch:
        assert entry(FIRST) in list(watch.table())
        assert watch.read(0.1) == []
        netio.set_neighbor(PINNED, SECOND, interface="near0")
        assert [change.previous for change in watch.read(5)] == [entry(FIRST)]


def test_notifications_without_a_change_are_not_reported(wire: Wire) -> None:
    """Bug: a managed entry of a silent host is reported each time that the kernel announces its failure, every 5 s."""
    wire.hasten()
    with (
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as witness,
        netio.watch_neighbors(socket.AF_INET) as watch,
    ):
        witness.bind((0, RTMGRP_NEIGH))
        witness.settimeout(20)
        wire.near.ip(f"neigh add {ABSENT_IP4} dev near0 managed")
        replay = Replay(watch)
        failures = 0
        while failures < 2:
            (state,) = struct.unpack_from("=H", witness.recv(4096), NUD_OFFSET)
            failures += state == linux.Nud.FAILED
        replay.read_quiet()
        unreachable = [change for change in replay.seen if change.neighbor and change.neighbor.is_unreachable]
        assert len(unreachable) == 1
        wire.near.ip(f"neigh del {ABSENT_IP4} dev near0")
        replay.read_until(lambda: replay.kinds[REMOVED] == 1)


def test_silent_host_is_added_as_unreachable(wire: Wire) -> None:
    wire.hasten()
    with netio.watch_neighbors(interface="near0") as watch:
        with pytest.raises(netio.NetioError):
            netio.resolve_neighbor(ABSENT_IP4, interface="near0")
        (change,) = watch.read(5)
        assert change.kind is ADDED
        assert change.neighbor is not None
        assert change.neighbor.is_unreachable
        assert change.last_physical_address == ""


def test_resolved_host_and_its_new_physical_address(wire: Wire) -> None:
    """Bug: an alarm on another physical address misses it, since resolving removes the entry in between."""
    with netio.watch_neighbors(socket.AF_INET) as watch:
        replay = Replay(watch)
        netio.resolve_neighbor(FAR_IP4, interface="near0")
        wire.far.ip(f"link set far0 address {SECOND}")
        netio.resolve_neighbor(FAR_IP4, interface="near0")
        replay.read_quiet()
        known = [
            (str(change.last_physical_address), str(change.neighbor.physical_address))
            for change in replay.seen
            if change.neighbor
        ]
        assert (FAR_MAC, SECOND) in known
        assert known[0] == ("", FAR_MAC)


@pytest.mark.usefixtures("wire")
def test_each_deletion_is_one_change() -> None:
    """Bug: the FAILED state in which the kernel puts an entry to delete is reported as a change."""
    netio.create_neighbors(storm.entries(storm.stable()[:2000], 1))
    with netio.watch_neighbors(socket.AF_INET) as watch:
        replay = Replay(watch, watch.table())
        for start in range(0, 2000, 100):
            netio.delete_neighbors(storm.entries(storm.stable()[start : start + 100], 1))
            replay.apply(watch.read(5))
        replay.read_until(lambda: replay.kinds[REMOVED] == 2000)
        assert set(replay.kinds) == {REMOVED}
        assert all(change.neighbor and change.neighbor.is_resolved for change in replay.seen)


def test_failed_entry_keeps_its_last_physical_address(wire: Wire) -> None:
    with netio.watch_neighbors(socket.AF_INET) as watch:
        replay = Replay(watch)
        wire.near.ip(f"neigh add {PINNED} lladdr {FIRST} dev near0 nud reachable")
        wire.near.ip(f"neigh replace {PINNED} dev near0 nud failed")
        replay.read_until(lambda: len(replay.seen) == 2)
        wire.near.ip(f"neigh replace {PINNED} lladdr {SECOND} dev near0 nud reachable")
        replay.read_until(lambda: len(replay.seen) == 3)
    failed, back = replay.seen[1:]
    assert failed.kind is back.kind is CHANGED
    assert failed.neighbor is not None
    assert (failed.neighbor.is_unreachable, failed.neighbor.physical_address) == (True, "")
    assert failed.last_physical_address == back.last_physical_address == FIRST


def test_only_the_family_and_interface_are_reported(two_interfaces: Wire) -> None:
    commands = [f"neigh add {address} lladdr {FIRST} dev near{i}" for address in (PINNED, "fe80::50") for i in (0, 1)]
    with (
        netio.watch_neighbors(socket.AF_INET6) as ip6,
        netio.watch_neighbors(interface="near1") as near1,
        netio.watch_neighbors(socket.AF_INET, interface="near1") as both,
    ):
        two_interfaces.near.ip(*commands)
        for watch, expected in (
            (ip6, {("fe80::50%near0", "near0"), ("fe80::50%near1", "near1")}),
            (near1, {(PINNED, "near1"), ("fe80::50%near1", "near1")}),
            (both, {(PINNED, "near1")}),
        ):
            replay = Replay(watch)
            replay.read_quiet()
            found = {
                (str(change.neighbor.address), change.neighbor.interface) for change in replay.seen if change.neighbor
            }
            assert found == expected


def test_other_messages_of_the_group_are_ignored(wire: Wire) -> None:
    """Bug: entries of a bridge, proxy entries or requests to resolve an address are taken for entries."""
    with netio.watch_neighbors() as watch:
        wire.near.ip(
            "link add br0 type bridge",
            "link add port0 type veth peer name port1",
            "link set port0 master br0",
            "link set br0 up",
            "link set port0 up",
            f"neigh add proxy {PINNED} dev near0",
            "ntable change name arp_cache dev near0 app_probes 2",
        )
        wire.near.run("bridge", "fdb", "add", FIRST, "dev", "port0", "master", "static")
        wire.near.run("bridge", "fdb", "del", FIRST, "dev", "port0", "master", "static")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", (ABSENT_IP4, 9))
        replay = Replay(watch)
        wire.near.ip(f"neigh add {PINNED} lladdr {FIRST} dev near0")
        replay.read_until(lambda: entry(FIRST) in replay.entries.values())
    assert {str(change.neighbor.address) for change in replay.seen if change.neighbor} - {ABSENT_IP4} == {PINNED}


def test_two_watches_report_the_same(wire: Wire) -> None:
    with netio.watch_neighbors(socket.AF_INET) as one, netio.watch_neighbors(socket.AF_INET) as two:
        wire.near.ip(*(f"neigh add 192.0.2.{i} lladdr {FIRST} dev near0" for i in range(50, 150)))
        replays = [Replay(one), Replay(two)]
        for replay in replays:
            replay.read_until(lambda replay=replay: len(replay.seen) == 100)  # type: ignore[misc]
        assert replays[0].seen == replays[1].seen


@pytest.mark.usefixtures("wire")
def test_idle_watch_does_not_wake_up() -> None:
    with netio.watch_neighbors() as watch:
        watch.read(0.1)
        begin, used = monotonic(), process_time()
        assert watch.read(1) == []
        assert monotonic() - begin >= 1
        assert process_time() - used < 0.02


@pytest.mark.usefixtures("wire")
def test_arguments() -> None:
    with pytest.raises(netio.InterfaceNotFoundError):
        netio.watch_neighbors(interface="missing0")
    for named in ({"family": 77}, {"receive_buffer": 0}, {"receive_buffer": 2**31}, {"poll_interval": 0.0}):
        with pytest.raises(netio.InvalidParameterError):
            netio.watch_neighbors(**named)
    for wrong in ({"initial": 1}, {"receive_buffer": "1"}, {"poll_interval": None}, {"family": None}):
        with pytest.raises(TypeError):
            netio.watch_neighbors(**wrong)
    with netio.watch_neighbors() as watch:
        with pytest.raises(netio.InvalidParameterError):
            watch.read(-1)
        with pytest.raises(TypeError):
            watch.read("1")  # type: ignore[arg-type]
    assert NEAR_IP4 not in {str(row.address) for row in netio.list_neighbors()}


def test_everyone_may_watch(wire: Wire) -> None:
    """Bug: the receive buffer of a privileged caller is required."""
    code = (
        "import netio; w = netio.watch_neighbors(2); print(w.fileno() >= 0, flush=True); "
        "print([c.kind.name for c in w.read(20)])"
    )
    with Popen([*UNPRIVILEGED, *python(code)], env=environment(), stdout=PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "True\n"
        wire.near.ip(f"neigh add {PINNED} lladdr {FIRST} dev near0")
        assert child.stdout.readline() == "['ADDED']\n"
