# SPDX-License-Identifier: MIT
"""Links whose physical addresses are not six bytes long."""

from __future__ import annotations

import fcntl
import os
import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

import pytest

import netio
from netlab.links import Found, find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netlab.wire import Wire

_TUNSETIFF, _TUNSETLINK = 0x400454CA, 0x400454CD
_IFF_TAP, _IFF_NO_PI = 0x0002, 0x1000

# Name -> the kernel's type of link, its length of physical addresses, IANA's type of interface.
LINKS = {"gre0": (778, 4, 131), "wpan0": (804, 8, 1), "grev6": (823, 16, 131), "ether0": (1, 6, 6)}


class Tunnel(NamedTuple):
    """A link of some type."""

    name: str
    length: int
    iana_type: int


@pytest.fixture(params=LINKS)
def tunnel(wire: Wire, request: pytest.FixtureRequest) -> Iterator[Tunnel]:
    """A link that a program makes, of a type that it chooses; the kernel gives it that type's length of addresses."""
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
    """Bug: a row's physical address is cut to six bytes, filled up to them, or compared with a fixed length."""
    old, new = bytes(range(1, tunnel.length + 1)), bytes(range(101, tunnel.length + 101))

    netio.create_neighbor(absent, old, interface=tunnel.name)
    assert netio.get_neighbor(absent, interface=tunnel.name).physical_address == old
    netio.set_neighbor(absent, new, interface=tunnel.name)
    (row,) = unicast(tunnel.name)
    assert row.physical_address == new
    assert row.is_resolved
    assert netio.resolve_neighbor(absent, interface=tunnel.name).physical_address == new
    (shown,) = wire.near.json(f"neigh show dev {tunnel.name} nud permanent")
    assert shown["lladdr"] == written(new)
    netio.delete_neighbor(absent, interface=tunnel.name)
    assert unicast(tunnel.name) == []


def written(physical_address: bytes) -> str:
    """As ip(8) writes it: where the address is an IP address, as that."""
    return str(ip_address(physical_address)) if len(physical_address) in (4, 16) else physical_address.hex(":")


@pytest.mark.usefixtures("wire")
def test_another_length_is_refused(tunnel: Tunnel) -> None:
    """Bug: what is right for Ethernet is taken everywhere, and the kernel cuts it to the link's own length."""
    for wrong in {0, 4, 6, 8, 16, 20, 32} - {tunnel.length}:
        with pytest.raises(
            netio.InvalidParameterError, match=f"has {wrong} bytes, neighbours there have {tunnel.length}"
        ):
            netio.create_neighbor("192.0.2.77", bytes(wrong), interface=tunnel.name)

    assert unicast(tunnel.name) == []


@pytest.mark.usefixtures("wire")
def test_look_up(tunnel: Tunnel) -> None:
    """Bug: a type of link that is no Ethernet has Ethernet's number in its LUID, or Ethernet's length."""
    (link,) = (link for link in netio.list_interfaces() if link.name == tunnel.name)
    assert link.luid == tunnel.iana_type << 48 | link.index << 24
    found = Found(tunnel.name, link.index, link.luid, tunnel.length, tunnel.name)
    assert find(name=tunnel.name.encode()) == find(index=link.index) == find(luid=link.luid) == found


def test_a_link_without_addresses(wire: Wire) -> None:
    """Bug: a row without a physical address shows some byte that happens to lie there."""
    wire.near.ip(
        "link add bare0 type vxlan dstport 4790 external gpe",
        "link set bare0 up",
        "address add 2001:db8:9::1/64 dev bare0 nodad",
        "neigh add 2001:db8:9::7 dev bare0 nud noarp",
        "neigh add 2001:db8:9::8 dev bare0 nud permanent",
    )

    rows = unicast("bare0")

    assert {(str(row.address), row.physical_address, row.state.name) for row in rows} == {
        ("2001:db8:9::7", b"", "PERMANENT"),
        ("2001:db8:9::8", b"", "PERMANENT"),
    }
    assert netio.get_neighbor("2001:db8:9::7", interface="bare0").physical_address == b""
    netio.delete_neighbors(rows)
    assert unicast("bare0") == []
