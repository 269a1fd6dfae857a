# SPDX-License-Identifier: MIT
"""The EVPN neighbours of FRR: hosts behind other switches, whose physical addresses BGP announces.

FRR's zebra (zebra/zebra_evpn_neigh.c) writes an entry for each remote host with the state NOARP, so that the kernel
does not probe it, with `extern_learn`, the protocol zebra, and `router` if the host is one. It recognises its own
entries by `extern_learn` and the protocol.

The port differs in one point: zebra follows the announcements one by one; the port receives all remote hosts of an
interface, and writes what differs.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from netio import Neighbor, linux
from netio.linux import LinuxNeighbor, NeighborFlags, Nud

if TYPE_CHECKING:
    from collections.abc import Iterable

ZEBRA = 11  # RTPROT_ZEBRA


class RemoteHost(NamedTuple):
    """A host that BGP announces."""

    address: str
    physical_address: str
    is_router: bool = False


def install(hosts: Iterable[RemoteHost], interface: str) -> None:
    """Makes the entries of zebra on an interface those of the remote hosts. Entries of others stay as they are."""
    wanted = {row.neighbor.key: row for row in (_entry(host, interface) for host in hosts)}
    present = {row.neighbor.key: row for row in linux.list_neighbors(interface=interface) if is_own(row)}
    for key in present.keys() - wanted.keys():
        linux.delete_neighbor(key[0], interface=interface, missing_ok=True)
    linux.replace_neighbors(
        row for key, row in wanted.items() if key not in present or _content(row) != _content(present[key])
    )


def is_own(row: LinuxNeighbor) -> bool:
    """Returns whether zebra wrote the entry."""
    return row.protocol == ZEBRA and NeighborFlags.EXT_LEARNED in row.flags


def _entry(host: RemoteHost, interface: str) -> LinuxNeighbor:
    flags = NeighborFlags.EXT_LEARNED | (NeighborFlags.ROUTER if host.is_router else NeighborFlags(0))
    neighbor = Neighbor(ip_address(host.address), host.physical_address, interface=interface)
    return LinuxNeighbor(neighbor, Nud.NOARP, flags, ZEBRA)


def _content(row: LinuxNeighbor) -> tuple[Nud, NeighborFlags, str]:
    return row.nud, row.flags, row.neighbor.physical_address
