# SPDX-License-Identifier: MIT
"""Interfaces whose types the kernel of a test machine often lacks: dummy, vlan, bond, GRE, ipvlan, VRF, 802.15.4."""

from __future__ import annotations

import subprocess
from socket import AF_INET
from typing import TYPE_CHECKING

import pytest

import netio
from netio import linux
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.oracle import seen
from netlab.wire import FAR_IP4, FAR_IP6, FAR_MAC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"
ROOT_AND_NOBODY = pytest.mark.parametrize("prefix", [(), UNPRIVILEGED], ids=["root", "nobody"])


def resolved(wire: Wire, prefix: Sequence[str], address: str, interface: str, **named: str) -> object:
    """Resolves an address in a child process. Returns the physical address, or the error."""
    call = ("resolve_neighbor", (address,), {"interface": interface, "timeout": 3, **named})
    (found,) = call_elsewhere(wire.near, prefix, [call])
    return found.physical_address if isinstance(found, netio.Neighbor) else found


def write_and_read(interface: str) -> None:
    """Creates, reads, lists and deletes an entry of each family."""
    for address in ("203.0.113.7", "2001:db8:7::7"):
        netio.create_neighbor(address, MAC, interface=interface)
        row = netio.get_neighbor(address, interface=interface)
        assert (row.physical_address, row.state, row.interface) == (MAC, netio.NeighborState.PERMANENT, interface)
        assert row in netio.list_neighbors(interface=interface)
        netio.delete_neighbor(address, interface=interface)
        with pytest.raises(netio.NeighborNotFoundError):
            netio.get_neighbor(address, interface=interface)


@pytest.mark.parametrize(
    ("commands", "interface"),
    [
        (["link add name dummy7 type dummy"], "dummy7"),
        (["link add name near0.7 link near0 type vlan id 7"], "near0.7"),
        (["link add name bond7 type bond mode active-backup"], "bond7"),
        (["link add name team7 type team"], "team7"),
        (["link add name mac7 link near0 type macvlan mode bridge"], "mac7"),
        (["link add name ipvl7 link near0 type ipvlan mode l2"], "ipvl7"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_entries_of_an_ethernet_interface(wire: Wire, commands: list[str], interface: str) -> None:
    """Bug: an interface is not taken for Ethernet because of its type, or its LUID does not lead back to it."""
    wire.near.ip(*commands, f"link set {interface} up")
    write_and_read(interface)
    (listed,) = (one for one in netio.list_interfaces() if one.name == interface)
    assert listed.luid >> 48 == 6
    assert len(listed.physical_address.packed) == 6


@ROOT_AND_NOBODY
def test_dummy_does_not_probe(wire: Wire, prefix: Sequence[str]) -> None:
    """Bug: on an interface with the flag NOARP the kernel makes an entry up, which is returned as the neighbour's."""
    wire.near.ip("link add name dummy7 type dummy", "link set dummy7 up", "address add 203.0.113.1/24 dev dummy7")
    before = seen(wire.near)
    error = resolved(wire, prefix, "203.0.113.9", "dummy7")
    assert isinstance(error, netio.UnreachableError)
    assert error.code == 67
    assert seen(wire.near) == before


@ROOT_AND_NOBODY
def test_host_behind_a_vlan(wire: Wire, prefix: Sequence[str]) -> None:
    for side, name, last in ((wire.near, "near0", 1), (wire.far, "far0", 2)):
        side.ip(
            f"link add name {name}.7 link {name} type vlan id 7",
            f"link set {name}.7 up",
            f"address add 203.0.113.{last}/24 dev {name}.7",
        )
    assert resolved(wire, prefix, "203.0.113.2", "near0.7") == FAR_MAC


@pytest.mark.parametrize("kind", ["gre", "ipip", "sit"])
def test_point_to_point_tunnel_has_no_neighbours(wire: Wire, kind: str) -> None:
    """Bug: the IP address of the tunnel is taken as the physical address of its neighbours."""
    wire.near.ip(
        f"link add name tun7 type {kind} local 192.0.2.1 remote 192.0.2.2",
        "link set tun7 up",
        "address add 203.0.113.1/24 dev tun7",
    )
    (listed,) = (one for one in netio.list_interfaces() if one.name == "tun7")
    assert (listed.physical_address, listed.luid >> 48) == ("", 131)
    with pytest.raises(netio.InvalidParameterError):
        netio.create_neighbor("203.0.113.7", MAC, interface="tun7")
    with pytest.raises(netio.UnreachableError):
        netio.resolve_neighbor("203.0.113.7", interface="tun7", timeout=1)
    netio.list_neighbors(interface="tun7")


def test_gre_with_many_peers_has_ip_addresses_as_physical_addresses(wire: Wire) -> None:
    """Bug: physical addresses of four bytes, as the next hops of a NHRP network have, are rejected."""
    wire.near.ip("link add name gre7 type gre local 192.0.2.1 key 7", "link set gre7 up")
    wire.near.ip("address add 203.0.113.1/24 dev gre7")
    netio.create_neighbor("203.0.113.7", bytes([192, 0, 2, 2]), interface="gre7")
    assert netio.get_neighbor("203.0.113.7", interface="gre7").physical_address.packed == bytes([192, 0, 2, 2])
    with pytest.raises(netio.InvalidParameterError):
        netio.create_neighbor("203.0.113.8", MAC, interface="gre7")


@pytest.fixture
def vrf(wire: Wire) -> Wire:
    """The interface near0 belongs to a VRF."""
    wire.near.ip("link add name red type vrf table 100", "link set red up", "link set near0 master red")
    # Joining a VRF removes the IPv6 addresses of an interface.
    wire.near.ip("address replace 2001:db8::1/64 dev near0 nodad", "address replace fe80::1/64 dev near0 nodad")
    return wire


@ROOT_AND_NOBODY
@pytest.mark.parametrize("address", [FAR_IP4, FAR_IP6, "fe80::2"])
def test_host_in_a_vrf(vrf: Wire, prefix: Sequence[str], address: str) -> None:
    """Bug: the own address is looked up in the main table, where a VRF's addresses are not."""
    assert resolved(vrf, prefix, address, "near0") == FAR_MAC


@ROOT_AND_NOBODY
def test_source_in_a_vrf(vrf: Wire, prefix: Sequence[str]) -> None:
    """Bug: the port's own address is rejected as a source, since it is not in the main table."""
    assert resolved(vrf, prefix, FAR_IP4, "near0", source="192.0.2.1") == FAR_MAC


@ROOT_AND_NOBODY
@pytest.mark.parametrize("address", [FAR_IP4, FAR_IP6])
def test_neighbour_in_a_vrf_with_the_address_of_another_interface(
    vrf: Wire, prefix: Sequence[str], address: str
) -> None:
    """Bug: a neighbour is taken for this machine, which has its address outside the VRF."""
    vrf.near.ip("link add name outside type dummy", "link set outside up", f"address add {address} dev outside")
    assert resolved(vrf, prefix, address, "near0") == FAR_MAC
    with pytest.raises(netio.InvalidParameterError, match="this machine"):
        netio.resolve_neighbor("192.0.2.1", interface="near0")


def test_entries_of_the_interfaces_of_a_vrf(vrf: Wire) -> None:
    """Bug: the kernel ignores the master, or entries of the VRF itself and of other interfaces are listed."""
    vrf.near.ip("link add name outside type dummy", "link set outside up")
    netio.create_neighbor(FAR_IP4, MAC, interface="near0")
    netio.create_neighbor("198.51.100.7", MAC, interface="outside")
    table = linux.list_neighbors(AF_INET, master="red")
    assert [(str(row.neighbor.address), row.neighbor.interface) for row in table] == [(FAR_IP4, "near0")]


def test_vrf_itself_has_no_neighbours(vrf: Wire) -> None:
    with pytest.raises(netio.UnreachableError) as caught:
        netio.resolve_neighbor(FAR_IP4, interface="red", timeout=1)
    assert caught.value.code == 67
    assert FAR_IP4 not in seen(vrf.near)


@pytest.mark.usefixtures("wire")
def test_physical_address_of_eight_bytes() -> None:
    """Bug: a physical address is taken to have six bytes; those of IEEE 802.15.4 have eight."""
    first = "/proc/1/ns/net"  # only the first namespace has the radios
    commands = ("link add link wpan0 name lowpan7 type lowpan", "link set wpan0 up", "link set lowpan7 up")
    for command in commands:
        subprocess.run(["nsenter", f"--net={first}", "ip", *command.split()], check=True, timeout=20)
    mac = "02:00:5e:00:00:00:00:07"
    with netio.namespace(first):
        (interface,) = (one for one in netio.list_interfaces() if one.name == "lowpan7")
        assert len(interface.physical_address.packed) == 8
        netio.create_neighbor("fe80::7", mac, interface="lowpan7")
        row = netio.get_neighbor("fe80::7", interface="lowpan7")
        assert (row.physical_address, row.state) == (mac, netio.NeighborState.PERMANENT)
        assert row in netio.list_neighbors(interface="lowpan7")
        with pytest.raises(netio.InvalidParameterError):
            netio.create_neighbor("fe80::8", "02:00:5e:00:00:08", interface="lowpan7")
        netio.delete_neighbor("fe80::7", interface="lowpan7")
    subprocess.run(["nsenter", f"--net={first}", "ip", "link", "del", "lowpan7"], check=True, timeout=20)
