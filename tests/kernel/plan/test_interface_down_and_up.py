# SPDX-License-Identifier: MIT
"""Entries that the kernel removes with the interface, restored from the table that was read before."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import netio
from netio import Neighbor

if TYPE_CHECKING:
    from netlab.wire import Wire

COUNT = 10_000


def test_entries_are_restored_after_the_interface_was_down(wire: Wire) -> None:
    """Bug: of many entries some are not restored, or the restoration is refused while the interface is down."""
    desired = [
        Neighbor(IPv4Address("10.9.0.1") + n, bytes([2, 0, 0, 1, n >> 8, n & 255]), interface="near0")
        for n in range(COUNT)
    ]
    netio.create_neighbors(desired)
    saved = netio.list_neighbors(interface="near0")
    for command in ("link set near0 down", "link set near0 up"):
        wire.near.ip(command)
        plan = netio.apply_neighbors(saved)
        assert (plan.creates, plan.unchanged) == ((COUNT, 0) if command.endswith("down") else (0, COUNT))
    assert set(netio.list_neighbors(interface="near0", physical_address=desired[7].physical_address)) == {desired[7]}
    assert len(netio.list_neighbors(interface="near0")) == COUNT
