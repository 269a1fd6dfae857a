# SPDX-License-Identifier: MIT
"""Addresses that are never probed, because they do not belong to another host: own and broadcast addresses."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from netio import InvalidParameterError, list_addresses

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from netio import Neighbor, NetioError

    Place = tuple[int, int, str]

# In a longer prefix no address is a broadcast address (RFC 3021).
_LONGEST_WITH_BROADCAST = 30


class NotProbed(Enum):
    """Why an address is not probed: the reason of its error."""

    OWN = "it is an address of this machine"
    BROADCAST = "it is a broadcast address"

    @classmethod
    def of(cls, result: Neighbor | NetioError | None) -> NotProbed | None:
        """Returns why the address with this result is not probed; None if that is not known."""
        return _BY_REASON.get(result.reason) if isinstance(result, InvalidParameterError) else None


_BY_REASON = {kind.value: kind for kind in NotProbed}


class OwnAddresses:
    """The addresses of this machine, and those by which its prefixes are addressed as a whole."""

    def __init__(self) -> None:
        found = list_addresses()
        self._own = {_place(item.address, item.interface.name) for item in found}
        prefixes = [item.prefix for item in found if item.prefix.version == 4]
        self._broadcast = {
            _place(end, "")
            for prefix in prefixes
            if prefix.prefixlen <= _LONGEST_WITH_BROADCAST
            for end in (prefix[0], prefix[-1])
        }

    def explain(self, result: Neighbor | NetioError) -> None:
        """Sets the reason of the error of an own or broadcast address."""
        if not isinstance(result, InvalidParameterError) or result.row is None:
            return
        place = _place(result.row.address, result.row.interface)
        if place in self._own or place in self._broadcast:
            result.reason = (NotProbed.OWN if place in self._own else NotProbed.BROADCAST).value
            result.hint = None


def _place(address: IPv4Address | IPv6Address, interface: str) -> Place:
    """Returns what identifies an address: a link-local one exists on every link."""
    on_every_link = address.version == 6 and address.is_link_local
    return address.version, int(address), interface if on_every_link else ""
