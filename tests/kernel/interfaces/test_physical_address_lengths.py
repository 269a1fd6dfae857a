# SPDX-License-Identifier: MIT
"""Interfaces whose physical addresses do not have six bytes."""

from __future__ import annotations

import fcntl
import os
import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

import pytest

import netio
from netlab.interfaces import Found, find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netlab.wire import Wire

_TUNSETIFF, _TUNSETLINK = 0x400454CA, 0x400454CD
_IFF_TAP, _IFF_NO_PI = 0x0002, 0x1000

# Name -> ARPHRD_ type, length of the physical addresses, ifType of IANA.
LINKS = {"gre0": (778, 4, 131), "wpan0": (804, 8, 1), "grev6": (823, 16, 131), "ether0": (1, 6, 6)}


class Tunnel(NamedTuple):
    """An interface of some type."""

    name: str
    length: int
    iana_type: int


@pytest.fixture(params=LINKS)
def tunnel(wire: Wire, request: pytest.FixtureRequest) -> Iterator[Tunnel]:
    """An interface of a chosen type; the kernel gives it the length of addresses of that type."""
    name = str(request.param)
    kind, length, iana_type = LINKS[name]
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI))
        fcntl.ioctl(descriptor, _TUNSETLINK, kind)
        wire.near.ip(f"link set {name} up")
        yield Tunnel(name, length, iana_type)
    finally:
        os.close(descriptor)


def unicast(interface: str) -> list[netio.Neighbor]:
    return [row for row in netio.list_neighbors(interface=interface) if not row.address.is_multicast]


def test_every_verb(wire: Wire, tunnel: Tunnel, absent: str) -> None:
    """Bug: a physical address is truncated or padded to six bytes, or compared over a fixed length."""
    old, new = bytes(range(1, tunnel.length + 1)), bytes(range(101, tunnel.length + 101))

    netio.create_neighbor(absent, old, interface=tunnel.name)
    assert netio.get_neighbor(absent, interface=tunnel.name).physical_address.packed == old
    netio.set_neighbor(absent, new, interface=tunnel.name)
    (row,) = unicast(tunnel.name)
    assert row.physical_address.packed == new
    assert row.is_resolved
    assert netio.resolve_neighbor(absent, interface=tunnel.name).physical_address.packed == new
    (shown,) = wire.near.json(f"neigh show dev {tunnel.name} nud permanent")
    assert shown["lladdr"] == written(new)
    netio.delete_neighbor(absent, interface=tunnel.name)
    assert unicast(tunnel.name) == []


def written(physical_address: bytes) -> str:
    """Returns the text of ip(8), which prints 4 and 16 bytes as IP addresses."""
    return str(ip_address(physical_address)) if len(physical_address) in (4, 16) else physical_address.hex(":")


@pytest.mark.usefixtures("wire")
def test_another_length_is_rejected(tunnel: Tunnel) -> None:
    """Bug: the length of Ethernet is accepted everywhere, and the kernel truncates it to that of the interface."""
    for wrong in {0, 4, 6, 8, 16, 20, 32} - {tunnel.length}:
        given = f"has {wrong} bytes, but those on {tunnel.name} have" if wrong else "is missing; give one of"
        with pytest.raises(netio.InvalidParameterError, match=f"physical address {given} {tunnel.length}"):
            netio.create_neighbor("192.0.2.77", bytes(wrong), interface=tunnel.name)

    assert unicast(tunnel.name) == []


@pytest.mark.usefixtures("wire")
def test_lookup(tunnel: Tunnel) -> None:
    """Bug: an interface of another type has the ifType or the length of Ethernet."""
    (link,) = (link for link in netio.list_interfaces() if link.name == tunnel.name)
    assert link.luid == tunnel.iana_type << 48 | link.index << 24
    assert len(link.physical_address.packed) == tunnel.length
    found = Found(tunnel.name, link.index, link.luid, tunnel.length, tunnel.name, link.physical_address)
    assert find(name=tunnel.name.encode()) == find(index=link.index) == find(luid=link.luid) == found


def test_interface_without_addresses(wire: Wire) -> None:
    """Bug: an entry without a physical address shows uninitialised bytes."""
    wire.near.ip(
        "link add bare0 type vxlan dstport 4790 external gpe",
        "link set bare0 up",
        "address add 2001:db8:9::1/64 dev bare0 nodad",
        "neigh add 2001:db8:9::7 dev bare0 nud noarp",
        "neigh add 2001:db8:9::8 dev bare0 nud permanent",
    )

    rows = unicast("bare0")

    assert {(str(row.address), row.physical_address, row.state.name) for row in rows} == {
        ("2001:db8:9::7", "", "PERMANENT"),
        ("2001:db8:9::8", "", "PERMANENT"),
    }
    assert netio.get_neighbor("2001:db8:9::7", interface="bare0").physical_address == ""
    netio.delete_neighbors(rows)
    assert unicast("bare0") == []
