# SPDX-License-Identifier: MIT
"""The list of interfaces, and how a verb finds one."""

from __future__ import annotations

import time
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

import netio
from netio import Interface
from netlab.interfaces import Found, find
from netlab.oracle import Seen, seen
from netlab.wire import NEAR_IP4

if TYPE_CHECKING:
    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"

# More than the 24 bits of a LUID for the index.
BIG = 20_000_000


def test_list(wire: Wire) -> None:
    """Bug: an interface is missing, listed twice, or has the index of another one."""
    wire.near.ip("link add name bridge0 type bridge", "link add name name-of-15-char type bridge")
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")

    interfaces = netio.list_interfaces()

    shown = [(interface["ifname"], interface["ifindex"]) for interface in wire.near.json("link show")]
    assert sorted((interface.name, interface.index) for interface in interfaces) == sorted(shown)
    assert {interface.name for interface in interfaces} >= {"lo", "near0", "near1", "bridge0", "name-of-15-char"}


def test_physical_address_and_state_are_those_of_ip(wire: Wire) -> None:
    """Bug: is_up is the administrative state, or the physical address of another interface is shown."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    wire.lay("near2", "02:00:00:00:02:01", "far2", "02:00:00:00:02:02")
    wire.far.ip("link set far1 down")
    wire.near.ip("link set near2 down", "link add name tunnel0 type vxlan id 7 dstport 4789", "link set tunnel0 up")

    wait_until_up({"lo", "near0", "tunnel0"})

    links = wire.near.json("link show")
    up = {link["ifname"] for link in links if "UP" in link["flags"] and "NO-CARRIER" not in link["flags"]}
    shown = {link["ifname"]: (link["address"], link["ifname"] in up) for link in links} | {"lo": ("", True)}
    assert {found.name: (found.physical_address, found.is_up) for found in netio.list_interfaces()} == shown
    for name in shown:
        assert isinstance(found := find(name=name.encode()), Found)
        assert (found.physical_address, found.is_up) == shown[name]


def wait_until_up(names: set[str]) -> None:
    """Waits until these interfaces are up, and no others: the kernel updates the state after the command."""
    for _ in range(200):
        if {found.name for found in netio.list_interfaces() if found.is_up} == names:
            return
        time.sleep(0.05)
    raise AssertionError(netio.list_interfaces())


@pytest.mark.usefixtures("wire")
def test_luid_has_the_type_of_iana() -> None:
    """Bug: the parts of the LUID have another order, or the types are the ARPHRD_ numbers of Linux."""
    interfaces = {interface.name: interface for interface in netio.list_interfaces()}

    assert interfaces["lo"] == Interface("lo", 1, 0x0018_000001_000000)
    assert interfaces["near0"] == Interface(
        "near0", interfaces["near0"].index, 6 << 48 | interfaces["near0"].index << 24
    )


def test_list_of_a_hundred_interfaces(wire: Wire) -> None:
    """Bug: interfaces after the first datagram of the dump are lost."""
    wire.near.ip(*(f"link add name many{i} type bridge" for i in range(100)))

    assert {f"many{i}" for i in range(100)} <= {interface.name for interface in netio.list_interfaces()}


def test_addresses(wire: Wire) -> None:
    """Bug: an address with a label or a peer gets another interface or prefix, or one is missing."""
    wire.near.ip(
        "address add 198.51.100.1/26 dev near0 label near0:x",
        "address add 203.0.113.1 peer 203.0.113.9/32 dev near0",
        "link property add dev near0 altname another-name",
        *(f"address add 2001:db8:1::{n:x}/120 dev near0 nodad" for n in range(300)),
    )
    shown = {
        (item["local"], f"{item.get('address', item['local'])}/{item['prefixlen']}", interface["ifindex"])
        for interface in wire.near.json("address show")
        for item in interface["addr_info"]
    }

    found = netio.list_addresses()

    assert len(found) == len(shown) == 307
    for item in found:
        plain = str(item.address).partition("%")[0]
        (prefix,) = (prefix for local, prefix, index in shown if (local, index) == (plain, item.interface.index))
        assert item.prefix == ip_network(prefix, strict=False)
    assert "fe80::1%near0" in {str(item.address) for item in found}
    assert netio.list_addresses(interface="another-name") == [item for item in found if item.interface.name == "near0"]
    with pytest.raises(netio.InterfaceNotFoundError):
        netio.list_addresses(interface="nosuch")


def test_addresses_whose_interface_can_send_probes(wire: Wire) -> None:
    """Bug: neighbours of a loopback interface or of one without carrier count as hosts that could be probed."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    wire.lay("near2", "02:00:00:00:02:01", "far2", "02:00:00:00:02:02")
    wire.lay("near3", "02:00:00:00:03:01", "far3", "02:00:00:00:03:02")
    wire.near.ip(
        *(f"address add 10.0.{n}.1/24 dev near{n}" for n in (1, 2, 3)),
        "address add 10.0.4.1/24 dev lo",
        "link set near1 down",
        "link set near2 arp off",
    )
    wire.far.ip("link set far3 down")
    while wire.near.json("link show near3")[0]["operstate"] == "UP":  # the kernel reports it later
        pass

    found = {str(item.address): item.can_probe for item in netio.list_addresses() if item.address.version == 4}

    assert [address for address, can_probe in found.items() if can_probe] == [NEAR_IP4]
    assert len(found) == 6


def test_alternative_names(wire: Wire) -> None:
    """Bug: only short names are looked up, or long ones are truncated."""
    wire.near.ip(
        "link property add dev near0 altname a-very-long-alternative-name",
        "link property add dev near0 altname short",
        f"link property add dev near0 altname {'n' * 127}",
    )

    for name in ("a-very-long-alternative-name", "short", "n" * 127):
        netio.replace_neighbor("192.0.2.77", MAC, interface=name)
        row = netio.get_neighbor("192.0.2.77", interface=name)
        assert (row.interface, row.physical_address) == ("near0", MAC)
        assert {row.interface for row in netio.list_neighbors(interface=name)} == {"near0"}
    for name in (
        "a-very-long-alternative-nam",
        "a-very-long-alternative-namex",
        "n" * 126,
        "n" * 128,
        "a-very-long-al",
    ):
        with pytest.raises(netio.InterfaceNotFoundError):
            netio.get_neighbor("192.0.2.77", interface=name)


def test_name_of_digits(wire: Wire) -> None:
    """Bug: a name that looks like an index is taken for one, in interface= or in a scope."""
    wire.near.ip("link add name 1 address 02:00:00:00:00:11 type bridge", "link set 1 up")

    netio.create_neighbor("192.0.2.77", MAC, interface="1")
    netio.create_neighbor("fe80::77%1", MAC)

    assert seen(wire.near, "1") == {"192.0.2.77": Seen(MAC), "fe80::77": Seen(MAC)}
    assert str(netio.get_neighbor("fe80::77", interface="1").address) == "fe80::77%1"


def test_name_that_is_not_utf8(wire: Wire) -> None:
    """Bug: a name of arbitrary bytes, which the kernel accepts, breaks every listing."""
    raw = b"b\xff\xfe0"
    name = raw.decode("utf-8", "surrogateescape")
    wire.near.run("sh", "-c", f"ip link add name $(printf 'b\\377\\3760') address {MAC} type bridge")

    assert name in {interface.name for interface in netio.list_interfaces()}
    netio.create_neighbor("192.0.2.77", MAC, interface=name)
    (row,) = netio.list_neighbors(interface=name)
    assert row.interface == name
    assert netio.get_neighbor("192.0.2.77", interface=name) == row


def test_table_keeps_the_old_name_of_a_renamed_interface(wire: Wire) -> None:
    """Bug: the names of a table are looked up on access, so that they change later."""
    wire.near.ip(f"neigh add fe80::77 lladdr {MAC} dev near0")
    table = netio.list_neighbors(interface="near0")
    wire.near.ip("link set near0 down", "link set near0 name other0", "link set other0 up")

    assert {row.interface for row in table} == {"near0"}
    assert "fe80::77%near0" in {str(row.address) for row in table}
    with pytest.raises(netio.InterfaceNotFoundError):
        netio.list_neighbors(interface="near0")


def test_entry_is_written_by_luid_after_a_rename(wire: Wire) -> None:
    """Bug: an entry that was read is written by its old interface name, although it has index and LUID."""
    netio.create_neighbor("192.0.2.77", MAC, interface="near0")
    row = netio.get_neighbor("192.0.2.77", interface="near0")
    wire.near.ip("link set near0 down", "link set near0 name other0")
    wire.near.ip(f"neigh replace 192.0.2.77 lladdr {MAC} dev other0")

    netio.delete_neighbors([row])

    assert seen(wire.near, "other0") == {}


def test_removed_interface(wire: Wire) -> None:
    """Bug: entries of a removed interface cannot be read, or are written to its successor."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    netio.create_neighbor("fe80::77", MAC, interface="near1")
    (interface,) = (interface for interface in netio.list_interfaces() if interface.name == "near1")
    table = netio.list_neighbors(interface="near1")
    wire.near.ip("link delete near1")

    assert "fe80::77%near1" in {str(row.address) for row in table}
    for call in (netio.list_neighbors, netio.flush_neighbors):
        with pytest.raises(netio.InterfaceNotFoundError):
            call(interface=interface)
    with pytest.raises(ExceptionGroup) as caught:
        netio.create_neighbors(table)
    assert {type(error) for error in caught.value.exceptions} == {netio.InterfaceNotFoundError}


def test_index_beyond_the_luid(wire: Wire) -> None:
    """Bug: an index that does not fit is truncated, and selects another interface."""
    wire.near.ip(
        f"link add name big0 index {BIG} address 02:00:00:00:00:11 type veth peer name big1 index {BIG & 0xFFFFFF}",
        "link set big0 up",
        "link set big1 up",
    )
    interfaces = {interface.name: interface for interface in netio.list_interfaces()}
    assert interfaces["big0"] == Interface("big0", BIG, 0)

    for interface in ("big0", BIG, interfaces["big0"]):
        netio.create_neighbor("192.0.2.77", MAC, interface=interface)
        row = netio.get_neighbor("192.0.2.77", interface=interface)
        assert (row.interface, row.interface_index, row.interface_luid) == ("big0", BIG, 0)
        assert (seen(wire.near, "big0"), seen(wire.near, "big1")) == ({"192.0.2.77": Seen(MAC)}, {})
        netio.delete_neighbors([row])
    assert seen(wire.near, "big0") == {}
