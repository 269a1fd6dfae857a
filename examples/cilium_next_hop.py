# SPDX-License-Identifier: MIT
"""The neighbours of Cilium: the kernel keeps the next hops to the nodes of a cluster reachable.

Cilium forwards packets by eBPF, where no packet can wait for an ARP reply. So its agent writes an entry with `managed`
and `extern_learn` for the next hop of each node, without a physical address, and the kernel probes it again and again.
The agent counts the nodes behind each next hop, and deletes the entry together with the last node.

The port differs in one point: it receives all nodes at once and compares them with the table, where Cilium keeps the
counts in memory. So it also finds the entries that it wrote before a restart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netio import Neighbor, linux, next_hop
from netio.linux import NeighborFlags, Nud

if TYPE_CHECKING:
    from collections.abc import Iterable

    from netio import Address

_OWN = NeighborFlags.EXT_LEARNED | NeighborFlags.MANAGED


def manage(nodes: Iterable[Address], interface: str) -> None:
    """Makes the managed entries of an interface those of the next hops to the nodes."""
    hops = (next_hop(node, interface=interface) for node in nodes)
    wanted = {Neighbor(hop.address, interface=interface).key[0] for hop in hops}
    present = {row.neighbor.key[0] for row in linux.list_neighbors(interface=interface) if _OWN in row.flags}
    for address in present - wanted:
        linux.delete_neighbor(address, interface=interface, missing_ok=True)
    for address in wanted - present:
        linux.replace_neighbor(address, interface=interface, nud=Nud.NONE, flags=_OWN)
