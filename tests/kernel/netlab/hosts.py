# SPDX-License-Identifier: MIT
"""Many addresses to resolve, and what resolving returns for them."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from itertools import islice
from typing import TYPE_CHECKING

import netio
from netio import Neighbor, NeighborState
from netlab.wire import FAR_MAC

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    Address: TypeAlias = str | IPv4Address | IPv6Address
    Result: TypeAlias = tuple[Address, Neighbor | netio.NetioError]

    # The physical address, or the code of the error.
    Outcome: TypeAlias = str | int

# Networks of the far host, and without hosts. Both share one kernel, whose table has room for 1024 dynamic entries.
LIVE = IPv4Network("198.51.100.0/23")
SILENT = IPv4Network("10.0.0.0/16")

# Physical addresses of the fixture two_interfaces: of far1, and of the permanent entries.
FAR1_MAC, PERMANENT_MAC = "02:00:00:00:01:02", "02:00:5e:00:00:07"


def hosts(network: IPv4Network, number: int) -> list[IPv4Address]:
    """Returns the first addresses of a network."""
    return list(islice(network.hosts(), number))


def reachable(address: Address) -> Neighbor:
    """Returns the entry of an address of the far host after resolving."""
    if str(address).startswith("fe80:") and "%" not in str(address):
        address = f"{address}%near0"
    return Neighbor(address, FAR_MAC, interface="near0", state=NeighborState.REACHABLE)


def summary(results: Iterable[Result]) -> Counter[tuple[Address, str]]:
    """Counts the results by address and by physical address or type of error."""
    return Counter(
        (address, str(found.physical_address) if isinstance(found, Neighbor) else type(found).__name__)
        for address, found in results
    )


def outcome_of(found: Neighbor | netio.NetioError) -> Outcome:
    """Returns the physical address of an entry, or the code of an error."""
    return found.code if isinstance(found, netio.NetioError) else str(found.physical_address)
