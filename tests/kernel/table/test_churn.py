# SPDX-License-Identifier: MIT
"""Reading while other processes change entries and interfaces."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import netio
from netio import Neighbor, NeighborState

if TYPE_CHECKING:
    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"


def mac_of(address: IPv4Address) -> str:
    """Returns the physical address of an address; it contains it."""
    return (b"\2\0" + address.packed).hex(":")


def is_whole(row: Neighbor) -> bool:
    """Returns whether an entry is consistent: while it is created or deleted it has no physical address."""
    physical_address = mac_of(IPv4Address(row.address.packed)) if row.is_resolved else ""
    return row == Neighbor(
        row.address,
        physical_address,
        interface="near0",
        state=row.state,
        is_unreachable=row.state == NeighborState.UNREACHABLE,
    ) and (row.state == NeighborState.PERMANENT or not row.is_resolved)


def test_entries_are_created_and_deleted(wire: Wire) -> None:
    """Bug: a dump of several datagrams loses, doubles or mixes entries if the table changes between them."""
    stable = [IPv4Address("10.1.0.0") + i for i in range(500)]
    netio.create_neighbors(Neighbor(address, mac_of(address), interface="near0") for address in stable)
    moving = [IPv4Address("10.2.0.0") + i for i in range(10_000)]
    changes = (
        f"neigh {verb} {address} lladdr {mac_of(address)} dev near0"
        for start in range(0, len(moving), 100)
        for verb in ("add", "delete")
        for address in moving[start : start + 100]
    )
    with wire.near.busy(changes) as is_busy:
        seen_moving = 0
        while is_busy():
            rows = [row for row in netio.list_neighbors(2, interface="near0") if row.address.packed[0] == 10]
            assert [row for row in rows if not is_whole(row)] == []
            assert sorted(row.address.packed for row in rows if row.address.packed[1] == 1) == [
                address.packed for address in stable
            ]
            seen_moving += len(rows) - len(stable)

    assert seen_moving > 0


def test_interfaces_are_added_and_removed(wire: Wire) -> None:
    """Bug: an entry of a removed interface raises, or is shown on another one."""
    wire.near.ip(*(f"link add name stable{i} type bridge" for i in range(100)), "link set stable0 up")
    wire.near.ip(*(f"link add name c{i} type bridge" for i in range(3)))
    netio.create_neighbor("fe80::77", MAC, interface="stable0")
    stable = {f"stable{i}" for i in range(100)}
    changes = (
        line
        for i in range(3, 60)
        for line in (
            f"link add name c{i} type bridge",
            f"link set c{i} up",
            f"neigh add 192.0.2.{i} lladdr {MAC} dev c{i}",
            f"link delete c{i - 3}",
        )
    )
    with wire.near.busy(changes) as is_busy:
        seen_moving = 0
        while is_busy():
            names = [link.name for link in netio.list_interfaces()]
            assert len(names) == len(set(names))
            assert stable <= set(names)
            rows = [row for row in netio.list_neighbors() if not row.address.is_multicast]
            assert Neighbor("fe80::77%stable0", MAC, interface="stable0") in rows
            moving = [row for row in rows if row.address.version == 4]
            assert all(row.interface in ("", f"c{row.address.packed[3]}") for row in moving)
            assert all(row.interface == "" or row.interface_luid != 0 for row in moving)
            seen_moving += len(moving)

    assert seen_moving > 0
