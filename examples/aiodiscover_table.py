# SPDX-License-Identifier: MIT
"""The table of aiodiscover: which physical address has each neighbour, after a probe of those that have none yet.

aiodiscover (https://github.com/bdraco/aiodiscover) finds hosts for Home Assistant. It reads the table by pyroute2, or
from the output of `arp -a -n`; sends an empty UDP datagram to each missing address; sleeps for 10 seconds; and reads
the table again.

The port differs in one point: it waits for the replies instead, and ends when each probe has a reply or has failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import netio

if TYPE_CHECKING:
    from collections.abc import Iterable

    from netio import Neighbor

_BYTES = 6
_IGNORED = ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff")


def neighbours(addresses: Iterable[str]) -> dict[str, str]:
    """Returns the physical address of each known neighbour by IP address. Probes the given addresses if missing."""
    table = _table()
    missing = [address for address in addresses if address not in table]
    if not missing:
        return table
    for _ in netio.resolve_neighbors(missing):
        pass  # the table has the replies
    return table | _table()


def _table() -> dict[str, str]:
    return {str(row.address): row.physical_address for row in netio.list_neighbors() if _is_host(row)}


def _is_host(row: Neighbor) -> bool:
    address, physical_address = row.address, row.physical_address
    if address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    return len(physical_address.packed) == _BYTES and physical_address not in _IGNORED
