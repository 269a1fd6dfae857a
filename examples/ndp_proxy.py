# SPDX-License-Identifier: MIT
"""An NDP proxy: a router answers neighbour solicitations for hosts behind it, so that its uplink needs no route.

OpenStack Neutron's extension ndp_proxy (neutron/agent/l3/extensions/ndp_proxy.py) runs `ip -6 neigh add proxy` and
`del proxy` in the namespace of a router for each published address, and `flush proxy` when it is switched off.
ovn-bgp-agent does the same by pyroute2.

The port differs in one point: it marks its entries with a protocol, so it can compare them with the published addresses
after a restart, and the proxy entries of other programs stay as they are. Like the original it leaves the sysctl
proxy_ndp of the interface to its caller.
"""

from __future__ import annotations

from ipaddress import IPv6Address
from socket import AF_INET6
from typing import TYPE_CHECKING

from netio import linux
from netio.linux import NeighborFlags

if TYPE_CHECKING:
    from collections.abc import Iterable

PROTOCOL = 201  # any number that no program in /etc/iproute2/rt_protos has


def publish(addresses: Iterable[str], interface: str) -> None:
    """Makes the proxy entries of this program on an interface those of the addresses."""
    wanted = {IPv6Address(address) for address in addresses}
    present = {
        row.neighbor.key[0]
        for row in linux.list_neighbors(AF_INET6, interface=interface, proxy=True)
        if row.protocol == PROTOCOL
    }
    for address in present - wanted:
        linux.delete_neighbor(address, interface=interface, proxy=True, missing_ok=True)
    for address in wanted - present:
        linux.create_neighbor(address, interface=interface, flags=NeighborFlags.PROXY, protocol=PROTOCOL)
