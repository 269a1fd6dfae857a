# SPDX-License-Identifier: MIT
"""Reasons for which an address, a physical address or a source is rejected, in words."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from netio._codec import pack_address
from netio._interfaces import name_of
from netio._native import lib
from netio.errors import Hint, Reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from netio._namespace import Namespace
    from netio._native import CData

_LIMITED_BROADCAST = IPv4Address("255.255.255.255")


def why_no_neighbor(address: IPv4Address | IPv6Address) -> str:
    """Explains why an address is never valid for a neighbour; "" if it can be."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    if mapped is not None:
        return f"it is an IPv4-mapped address, whose entry is that of {mapped}"
    if address.is_unspecified:
        return "it is the unspecified address, which no host has"
    if address.is_loopback:
        return "it is a loopback address, which never leaves this machine"
    if address == _LIMITED_BROADCAST:
        return "it is the limited broadcast address, which stands for all hosts of every link"
    return ""


def why_no_interface(address: IPv4Address | IPv6Address, netns: Namespace) -> str:
    """Explains why the routes do not determine the interface of an address."""
    if address.is_multicast:
        return "it is a multicast address, which stands for a group of hosts on each link"
    if isinstance(address, IPv6Address) and address.is_link_local:
        return "it is a link-local address, which can exist on each link"
    return (
        why_no_probe(address, 0, netns)
        or "it is a local, broadcast or anycast address, which does not name its interface"
    )


def why_no_probe(address: IPv4Address | IPv6Address, index: int, netns: Namespace) -> str:
    """Explains why an address is not probed: whether it is one of this machine, or the broadcast address of a link.

    The answer is "" if neither is certain.

    Args:
        address: The address.
        index: The interface, 0 if it is not known.
        netns: The namespace of the address.
    """
    kind = lib.netio_address_kind(netns.descriptor, pack_address(address), index)
    return {lib.NETIO_ADDRESS_OWN: Reason.OWN_ADDRESS, lib.NETIO_ADDRESS_BROADCAST: Reason.BROADCAST_ADDRESS}.get(
        kind, ""
    )


def why_absent(address: IPv4Address | IPv6Address, index: int, netns: Namespace) -> str:
    """Explains why an address without an entry cannot be resolved either; "" if it can."""
    kind = why_no_neighbor(address) or why_no_probe(address, index, netns)
    return f"the address has no entry there: {kind}" if kind else ""


def why_wrong_length(given: int, interface: CData | None) -> str:
    """Explains why a physical address of this many bytes is rejected; "" if its length is not the reason."""
    right = None if interface is None else interface.physical_address_length
    if interface is not None and right == 0:
        return f"the hosts on {name_of(interface)} have no physical addresses, so no entry can be written"
    if given == 0:
        need = "" if right is None else f" of {right} bytes"
        return f"the physical address is missing; give one{need} like 02:00:5e:00:00:07"
    if interface is not None and given != right:
        return f"the physical address has {given} bytes, but those on {name_of(interface)} have {right}"
    return ""


def why_no_source(
    address: IPv4Address | IPv6Address, source: IPv4Address | IPv6Address, interface: CData | None
) -> str:
    """Explains why probes to an address cannot have this source."""
    if source.version != address.version:
        return f"the source {source} has another address family than {address}"
    where = "" if interface is None else f", or not one for {name_of(interface)}"
    return f"the source {source} is not an address of this machine{where}"


def hint_on_interface(reason: str, *, probing: bool) -> Hint | None:
    """Returns the advice to name an interface, if a call with one can succeed."""
    return (
        None
        if reason == Reason.OWN_ADDRESS or (probing and reason == Reason.BROADCAST_ADDRESS)
        else Hint.NAME_INTERFACE
    )
