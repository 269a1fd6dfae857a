# SPDX-License-Identifier: MIT
"""The restore of SONiC: after a warm reboot of a switch, its saved neighbours become STALE entries and are probed.

SONiC (sonic-swss, neighsyncd/restore_neighbors.py) reads the saved entries from its database. As soon as an interface
is up, it adds each entry by pyroute2, except where the kernel has one already, and sends an ARP request or a neighbour
solicitation that it builds with scapy.

The port differs in one point: the kernel sends the probes, and each to the saved physical address only. So an entry
whose host is silent, or has another physical address now, becomes FAILED after some seconds; the next packet to the
host then resolves it. SONiC's packets reach all hosts of the link, and its entry of a silent host stays STALE.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import netio
from netio import Neighbor, linux
from netio.linux import LinuxNeighbor, Nud

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def restore(saved: Iterable[Neighbor]) -> list[Neighbor]:
    """Adds and probes the entries of interfaces that are up. Returns the other ones, for the next attempt."""
    rows = list(saved)
    up = {interface.name for interface in netio.list_interfaces() if interface.is_up}
    linux.probe_neighbors(add([row for row in rows if row.interface in up]))
    return [row for row in rows if row.interface not in up]


def add(rows: Sequence[Neighbor]) -> list[LinuxNeighbor]:
    """Adds STALE entries, except where there is an entry already. Returns what to probe."""
    for row in rows:
        with suppress(netio.NeighborExistsError):
            linux.create_neighbor(row.address, row.physical_address, interface=row.interface, nud=Nud.STALE)
    return [LinuxNeighbor(row) for row in rows]
