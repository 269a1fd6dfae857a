# SPDX-License-Identifier: MIT
"""A watch with the details of entries: states, flags and protocols that netio.watch_neighbors() does not show."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import netio
from netio import ChangeKind, linux
from netio.linux import LinuxChange, LinuxNeighbor, NeighborFlags, Nud
from netlab import storm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from netlab.wire import Wire

PINNED, MAC = "192.0.2.60", "02:00:5e:00:00:07"
NONE, LEARNED, ROUTER = NeighborFlags(0), NeighborFlags.EXT_LEARNED, NeighborFlags.ROUTER
ADDED, CHANGED, REMOVED, RESYNC = ChangeKind.ADDED, ChangeKind.CHANGED, ChangeKind.REMOVED, ChangeKind.RESYNC

# A time in which a change would be reported.
SOON = 0.2


def detail(entry: LinuxNeighbor | None) -> tuple[Nud, NeighborFlags, int] | None:
    return None if entry is None else (Nud(entry.nud), entry.flags, entry.protocol)


def without_ages(entries: Iterable[LinuxNeighbor]) -> dict[object, LinuxNeighbor]:
    """Returns what a watch knows of entries, by their keys."""
    return {
        (entry.neighbor.address, entry.neighbor.interface_index): replace(
            entry, probes=0, used=0, confirmed=0, updated=0, references=0
        )
        for entry in entries
    }


@pytest.mark.usefixtures("wire")
def test_states_flags_and_protocols_are_changes() -> None:
    """Bug: a detail does not count, or the previous one is that of another entry."""
    steps = [
        (Nud.PERMANENT, NONE, 0),
        (Nud.NOARP, NONE, 0),
        (Nud.PERMANENT, NONE, 42),
        (Nud.PERMANENT, LEARNED, 42),
        (Nud.STALE, NONE, 42),
        (Nud.DELAY, NONE, 42),
        (Nud.STALE, ROUTER, 43),
    ]
    with (
        linux.watch_neighbors(socket.AF_INET, interface="near0") as watch,
        netio.watch_neighbors(socket.AF_INET, interface="near0") as portable,
    ):
        previous = None
        for nud, flags, protocol in steps:
            linux.replace_neighbor(PINNED, MAC, interface="near0", nud=nud, flags=flags, protocol=protocol)
            (change,) = watch.read(5)
            assert change.kind is (ADDED if previous is None else CHANGED)
            assert (detail(change.entry), detail(change.previous)) == ((nud, flags, protocol), previous)
            previous = detail(change.entry)
        linux.delete_neighbor(PINNED, interface="near0")
        (change,) = watch.read(5)
        assert change == LinuxChange(REMOVED, change.entry, change.entry, netio.PhysicalAddress(MAC))
        assert detail(change.entry) == previous
        assert len(watch.table()) == 0
        # PERMANENT, STALE, DELAY, STALE with the router flag, and the removal
        kinds = [change.kind for change in portable.read(5)]
        assert kinds == [ADDED, CHANGED, CHANGED, CHANGED, REMOVED]


@pytest.mark.usefixtures("wire")
def test_protocol_alone_is_not_announced() -> None:
    """Shows what the kernel does: the new protocol becomes known with the next change."""
    linux.create_neighbor(PINNED, MAC, interface="near0", protocol=42)
    with linux.watch_neighbors(socket.AF_INET) as watch:
        linux.replace_neighbor(PINNED, MAC, interface="near0", protocol=43)
        assert watch.read(SOON) == []
        assert [entry.protocol for entry in watch.table()] == [42]
        linux.replace_neighbor(PINNED, MAC, interface="near0", nud=Nud.STALE, protocol=43)
        (change,) = watch.read(5)
        assert (detail(change.previous), detail(change.entry)) == ((Nud.PERMANENT, NONE, 42), (Nud.STALE, NONE, 43))


def test_ages_and_probes_are_not_changes(wire: Wire) -> None:
    """Bug: each failure of a managed entry, whose ages differ, is a change."""
    wire.hasten()
    with linux.watch_neighbors(socket.AF_INET) as watch:
        linux.create_neighbor(PINNED, interface="near0", nud=Nud.NONE, flags=NeighborFlags.MANAGED)
        seen: list[LinuxChange] = []
        while not (seen and seen[-1].entry and seen[-1].entry.nud is Nud.FAILED):
            seen += watch.read(20)
        # The kernel probes again 5 seconds after a failure, and announces the next one.
        assert all(detail(change.entry) != detail(change.previous) for change in [*seen, *watch.read(7)])
        linux.delete_neighbor(PINNED, interface="near0")


def test_initial_entries_and_table_have_details(wire: Wire) -> None:
    wire.near.ip(f"neigh add {PINNED} lladdr {MAC} dev near0 nud noarp extern_learn proto 42")
    with linux.watch_neighbors(interface="near0", initial=True) as watch:
        assert list(watch.table()) == []
        entries = [change.entry for change in watch.read(5) if change.entry]
        assert (Nud.NOARP, LEARNED, 42) in map(detail, entries)
        assert without_ages(entries) == without_ages(linux.list_neighbors(interface="near0"))
        assert without_ages(watch.table()) == without_ages(entries)
        assert repr(watch) == "<netio.linux.LinuxWatch of interface near0, open>"
    with pytest.raises(ValueError, match="closed"):
        watch.table()


@pytest.mark.usefixtures("wire")
def test_details_after_a_loss() -> None:
    """Bug: the differences after a loss lack the details, or those of an unchanged row are not compared."""
    rows = [LinuxNeighbor(row, protocol=42) for row in storm.entries(storm.stable(), 1)]
    linux.create_neighbors(rows)
    with linux.watch_neighbors(socket.AF_INET, receive_buffer=16 << 10) as watch:
        reported = without_ages(watch.table())
        netio.set_neighbors(storm.entries(storm.stable(), 2))
        # These rows end as they were, only their details differ: NOARP is PERMANENT in a row.
        noarp = [replace(row, nud=Nud.NOARP, protocol=number % 200) for number, row in enumerate(rows)]
        linux.replace_neighbors(noarp)
        kinds = set()
        while changes := watch.read(0.5):
            for change in changes:
                kinds.add(change.kind)
                if change.entry is not None:
                    reported |= without_ages([change.entry])
        assert RESYNC in kinds
        now = without_ages(linux.list_neighbors(socket.AF_INET))
        assert reported == without_ages(watch.table()) == now
        assert {entry.nud for entry in now.values()} >= {Nud.NOARP}


@pytest.mark.usefixtures("wire")
def test_asynchronous_iteration() -> None:
    async def first() -> LinuxChange:
        async with linux.watch_neighbors(socket.AF_INET) as watch:
            linux.create_neighbor(PINNED, MAC, interface="near0", protocol=42)
            return await anext(aiter(watch))

    assert detail(asyncio.run(first()).entry) == (Nud.PERMANENT, NONE, 42)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"interface": "nosuch"}, netio.InterfaceNotFoundError),
        ({"family": 99}, netio.InvalidParameterError),
        ({"receive_buffer": -1}, netio.InvalidParameterError),
        ({"initial": "yes"}, TypeError),
    ],
)
def test_wrong_arguments(arguments: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        linux.watch_neighbors(**arguments)  # type: ignore[arg-type]


def test_watch_cannot_be_created_directly() -> None:
    with pytest.raises(TypeError, match=r"LinuxWatch cannot be created directly; watch_neighbors\(\) returns one"):
        linux.LinuxWatch()
