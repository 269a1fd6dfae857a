# SPDX-License-Identifier: MIT
"""Every verb on a real adapter, compared with the documentation of Microsoft."""

from __future__ import annotations

import socket

import pytest

import netio
from netio import Interface, Neighbor, NeighborState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Address

MAC = "02:00:5e:00:00:07"
OTHER = "02:00:5e:00:00:08"
ADDRESSES = ["192.0.2.7", "2001:db8::7"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_create_set_replace_and_delete(adapter: Interface, address: str) -> None:
    netio.create_neighbor(address, MAC, interface=adapter)
    row = netio.get_neighbor(address, interface=adapter)
    assert row == Neighbor(address, MAC, interface=adapter, state=NeighborState.PERMANENT)
    assert (row.interface_luid, row.interface_index) == (adapter.luid, adapter.index)
    assert row in list(netio.list_neighbors(interface=adapter))
    with pytest.raises(netio.NeighborExistsError):
        netio.create_neighbor(address, OTHER, interface=adapter.name)
    netio.set_neighbor(address, OTHER, interface=adapter.index)
    assert str(netio.get_neighbor(address, interface=adapter).physical_address) == OTHER
    netio.replace_neighbor(address, MAC, interface=adapter)
    assert netio.get_neighbor(address, interface=adapter) == row
    netio.delete_neighbor(address, interface=adapter)
    with pytest.raises(netio.NeighborNotFoundError) as caught:
        netio.get_neighbor(address, interface=adapter)
    assert caught.value.code == 1168


def test_bulk(adapter: Interface) -> None:
    # No address of another test: a Create right after a Delete of the same address can fail on Windows.
    rows = [Neighbor(f"203.0.113.{n}", MAC, interface=adapter) for n in range(1, 201)]
    rows += [Neighbor(f"2001:db8:1::{n:x}", MAC, interface=adapter) for n in range(1, 201)]
    netio.create_neighbors(rows)
    assert set(rows) <= set(netio.list_neighbors(interface=adapter))
    with pytest.raises(ExceptionGroup) as caught:
        netio.create_neighbors(rows)
    assert len(caught.value.exceptions) == 400
    assert {type(error) for error in caught.value.exceptions} == {netio.NeighborExistsError}
    netio.replace_neighbors(rows)
    netio.delete_neighbors(rows)
    assert not set(rows) & set(netio.list_neighbors(interface=adapter))


def test_tables_of_both_families() -> None:
    both = {row.address for row in netio.list_neighbors()}
    ip4 = {row.address for row in netio.list_neighbors(socket.AF_INET)}
    ip6 = {row.address for row in netio.list_neighbors(socket.AF_INET6)}
    assert {address.version for address in ip4} == {4}
    assert {address.version for address in ip6} <= {6}
    assert both & ip4


@pytest.mark.parametrize(
    "verb",
    [
        lambda interface: netio.create_neighbor("192.0.2.8", MAC, interface=interface),
        lambda interface: netio.set_neighbor("192.0.2.8", MAC, interface=interface),
        lambda interface: netio.replace_neighbor("192.0.2.8", MAC, interface=interface),
        lambda interface: netio.delete_neighbor("192.0.2.8", interface=interface),
        lambda interface: netio.get_neighbor("192.0.2.8", interface=interface),
        lambda interface: netio.resolve_neighbor("192.0.2.8", interface=interface),
        lambda interface: netio.list_neighbors(interface=interface),
        lambda interface: netio.flush_neighbors(interface=interface),
    ],
    ids=["create", "set", "replace", "delete", "get", "resolve", "list", "flush"],
)
def test_unknown_interface(
    verb: Callable[[str], object], record: Callable[[str, object], None], request: pytest.FixtureRequest
) -> None:
    with pytest.raises(netio.InterfaceNotFoundError) as caught:
        verb("no such interface")
    assert caught.value.code == caught.value.winerror
    record(f"unknown interface: {request.node.callspec.id}", caught.value.code)


@pytest.mark.parametrize("length", [4, 8])
def test_physical_address_of_another_length_is_rejected(adapter: Interface, length: int) -> None:
    with pytest.raises(netio.InvalidParameterError, match=f"has {length} bytes"):
        netio.create_neighbor("192.0.2.9", b"\x02" * length, interface=adapter)


def test_permanent_entry_survives_resolve(adapter: Interface) -> None:
    netio.create_neighbor("192.0.2.10", MAC, interface=adapter)
    row = netio.resolve_neighbor("192.0.2.10", interface=adapter)
    assert row == netio.get_neighbor("192.0.2.10", interface=adapter)
    assert (row.physical_address, row.state) == (MAC, NeighborState.PERMANENT)


@pytest.mark.parametrize("address", ["127.0.0.7", "::1"])
def test_loopback_address_is_rejected(adapter: Interface, address: str) -> None:
    with pytest.raises(netio.InvalidParameterError):
        netio.create_neighbor(address, MAC, interface=adapter)


def test_interfaces(adapter: Interface) -> None:
    (same,) = [interface for interface in netio.list_interfaces() if interface.luid == adapter.luid]
    assert same == adapter
    assert netio.list_neighbors(interface=adapter.index)[0].interface == adapter.name


def test_flush(adapter: Interface) -> None:
    netio.flush_neighbors(socket.AF_INET, interface=adapter)


def test_resolve(uplink: Interface, gateway: IPv4Address) -> None:
    row = netio.resolve_neighbor(gateway, interface=uplink)
    assert (row.address, row.interface) == (gateway, uplink.name)
    assert row.is_resolved
    assert netio.get_neighbor(gateway).physical_address == row.physical_address


def test_timeout_is_kept(adapter: Interface) -> None:
    # IPv6: a network of Azure answers every ARP request.
    with pytest.raises(netio.UnreachableError):
        netio.resolve_neighbor("2001:db8::99", interface=adapter, timeout=0.1)
