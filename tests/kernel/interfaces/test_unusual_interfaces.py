# SPDX-License-Identifier: MIT
"""Interfaces unlike Ethernet: loopback, an index beyond 24 bits, an interface without IPv6; and sources."""

from __future__ import annotations

import socket
from socket import AF_INET, AF_INET6
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.oracle import seen
from netlab.trace import trace
from netlab.wire import FAR_IP6, FAR_LINK_LOCAL, NEAR_IP4, Wire

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Caller

MAC = "02:00:5e:00:00:07"


@pytest.fixture
def big(wire: Wire) -> int:
    """An interface big0 whose index does not fit into the 24 bits of a LUID."""
    index = 2**24 + 5
    wire.near.ip(f"link add name big0 index {index} type veth peer name big1", "link set big0 up")
    wire.near.ip("address add 203.0.113.1/24 dev big0")
    return index


@pytest.mark.parametrize("verb", [netio.create_neighbor, netio.set_neighbor, netio.replace_neighbor])
def test_entries_on_loopback_are_rejected(wire: Wire, verb: object) -> None:
    """Bug: the kernel keeps one IPv4 entry for all of loopback, under 0.0.0.0, which could not be removed."""
    assert callable(verb)
    with pytest.raises(netio.InvalidParameterError, match="the hosts on lo have no physical addresses"):
        verb("192.0.2.77", MAC, interface="lo")
    assert not [row for row in wire.near.json("neigh show nud all dev lo") if row.get("lladdr") == MAC]


def test_interface_without_luid_is_used_by_index(big: int) -> None:
    """Bug: its LUID of 0 selects every interface, or none."""
    assert netio.Interface("big0", big, 0) in netio.list_interfaces()
    netio.create_neighbor("203.0.113.7", MAC, interface=big)
    row = netio.get_neighbor("203.0.113.7", interface="big0")
    assert (row.interface, row.interface_index, row.interface_luid) == ("big0", big, 0)
    assert row in list(netio.list_neighbors())
    netio.delete_neighbors([row])
    for call in (netio.list_neighbors, netio.flush_neighbors):
        with pytest.raises(netio.InvalidParameterError, match="LUID"):
            call(interface="big0")
    with pytest.raises(netio.NotSupportedError, match="LUID"):
        netio.get_neighbor("203.0.113.7")


@pytest.mark.parametrize("address", [FAR_IP6, FAR_LINK_LOCAL])
@pytest.mark.parametrize("cause", ["ip link set near0 mtu 1200", "sysctl -qw net.ipv6.conf.near0.disable_ipv6=1"])
def test_interface_without_ipv6(wire: Wire, anyone: Caller, cause: str, address: str) -> None:
    """Bug: its EINVAL is reported as an invalid address, its ENOENT as an absent entry, or its lack of routes as 67."""
    wire.near.run(*cause.split())
    for verb in ("get", "create", "set", "replace", "delete", "resolve"):
        physical = () if verb in ("get", "delete", "resolve") else (MAC,)
        with pytest.raises(netio.NetioError) as caught:
            anyone(f"{verb}_neighbor", address, *physical, interface="near0")
        if isinstance(caught.value, netio.AccessDeniedError):  # the kernel checks the privilege first
            assert verb in ("create", "set", "replace", "delete")
        else:
            assert (type(caught.value), caught.value.code) == (netio.NotSupportedError, 50), verb


def test_one_check_of_the_stack_for_many_absent_entries(wire: Wire, tmp_path: Path) -> None:
    """Bug: each absent entry costs a look-up of its interface, also where the stack is present."""
    del wire
    code = """
import netio
rows = [netio.Neighbor(f"2001:db8::1:{i:x}", interface="near0") for i in range(1, 101)]
netio.delete_neighbors(rows, missing_ok=True)
"""
    links = [call for call in trace(code, tmp_path / "log", calls="sendto") if "RTM_GETLINK" in call]
    assert len(links) == 1, links


def make_kernel_entries() -> None:
    """Makes the kernel add the entries that it needs for loopback, broadcast and multicast."""
    for family, address in ((AF_INET, "127.0.0.1"), (AF_INET6, "::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", (address, 9))
    with socket.socket(AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"near0")
        for address in ("255.255.255.255", "192.0.2.255", "224.0.0.9"):
            sender.sendto(b"", (address, 9))


KERNEL_ENTRIES = [("0.0.0.0", "lo"), ("::1", "lo"), ("255.255.255.255", "near0"), ("224.0.0.9", "near0")]


@pytest.mark.usefixtures("wire")
def test_entries_of_the_kernel_are_read_and_deleted() -> None:
    """Bug: entries that list shows are refused as invalid by get and delete."""
    make_kernel_entries()
    for address, interface in KERNEL_ENTRIES:
        row = netio.get_neighbor(address, interface=interface)
        assert row in netio.list_neighbors()
        netio.delete_neighbor(address, interface=interface)
        for verb in (netio.get_neighbor, netio.delete_neighbor):
            with pytest.raises(netio.NeighborNotFoundError) as caught:
                verb(address, interface=interface)
            assert caught.value.code == 1168


@pytest.mark.parametrize("kind", ["table", "list"])
@pytest.mark.usefixtures("wire")
def test_whole_table_is_deleted(kind: str) -> None:
    """Bug: delete_neighbors(list_neighbors()) fails with 87 for the entries of loopback and broadcast."""
    make_kernel_entries()
    table = netio.list_neighbors()
    assert {(str(row.address), row.interface) for row in table} >= set(KERNEL_ENTRIES)

    netio.delete_neighbors(table if kind == "table" else list(table), missing_ok=True)

    left = {(str(row.address), row.interface) for row in netio.list_neighbors()}
    assert not left & set(KERNEL_ENTRIES)


def test_local_address_of_another_interface_is_rejected(wire: Wire) -> None:
    """Bug: only the given interface is checked, so netio waits for a reply of this machine."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    with pytest.raises(netio.InvalidParameterError):
        netio.resolve_neighbor(NEAR_IP4, interface="near1", timeout=1)


@pytest.mark.parametrize("prefix", [(), UNPRIVILEGED], ids=["root", "nobody"])
def test_loopback_is_not_probed(wire: Wire, prefix: tuple[str, ...]) -> None:
    """Bug: netio waits for an entry that loopback never has, or reports a full table."""
    (error,) = call_elsewhere(wire.near, prefix, [("resolve_neighbor", ("192.0.2.77",), {"interface": "lo"})])
    assert isinstance(error, netio.UnreachableError)


def test_scope_of_the_source_must_be_the_interface(wire: Wire) -> None:
    """Bug: the scope is ignored, and the probe is sent from an address of another interface."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    with pytest.raises(netio.InvalidParameterError, match="contradicts") as caught:
        netio.resolve_neighbor("fe80::2", interface="near0", source="fe80::1%near1")
    assert caught.value.operation == "ResolveIpNetEntry2"
    assert netio.resolve_neighbor("fe80::2", interface="near0", source="fe80::1%near0").physical_address


def test_invalid_source_changes_nothing(wire: Wire) -> None:
    """Bug: the entry is removed before the source is checked."""
    wire.near.ip("neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev near0 nud reachable")
    before = seen(wire.near)
    for source in ("10.9.9.9", "127.0.0.1", "224.0.0.1", "255.255.255.255", "0.0.0.0", "2001:db8::1"):
        with pytest.raises(netio.InvalidParameterError):
            netio.resolve_neighbor("192.0.2.2", interface="near0", source=source)
    assert seen(wire.near) == before
