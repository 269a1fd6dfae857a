# SPDX-License-Identifier: MIT
"""The effect of every verb, read by ip(8) and pyroute2."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.oracle import Seen, seen

if TYPE_CHECKING:
    from netlab.wire import Wire

OLD, NEW = "02:00:5e:00:00:07", "02:00:5e:00:00:08"


def test_create(wire: Wire, absent: str) -> None:
    """Bug: the entry has another state, address or interface than requested."""
    netio.create_neighbor(absent, OLD, interface="near0")

    assert seen(wire.near) == {absent: Seen(OLD)}


def test_set(wire: Wire, absent: str) -> None:
    """Bug: set keeps the old physical address. Without NLM_F_REPLACE the kernel reports success all the same."""
    wire.near.ip(f"neigh add {absent} lladdr {OLD} dev near0")

    netio.set_neighbor(absent, NEW, interface="near0")

    assert seen(wire.near) == {absent: Seen(NEW)}


def test_set_never_creates(wire: Wire, absent: str) -> None:
    """Bug: set creates a missing entry."""
    with pytest.raises(netio.NeighborNotFoundError):
        netio.set_neighbor(absent, NEW, interface="near0")

    assert seen(wire.near) == {}


def test_replace_creates_an_entry(wire: Wire, absent: str) -> None:
    """Bug: replace needs an existing entry."""
    netio.replace_neighbor(absent, NEW, interface="near0")

    assert seen(wire.near) == {absent: Seen(NEW)}


def test_replace_changes_an_entry(wire: Wire, absent: str) -> None:
    """Bug: replace keeps the existing entry."""
    wire.near.ip(f"neigh add {absent} lladdr {OLD} dev near0")

    netio.replace_neighbor(absent, NEW, interface="near0")

    assert seen(wire.near) == {absent: Seen(NEW)}


def test_delete(wire: Wire, absent: str) -> None:
    """Bug: the entry stays, or the one of the next address is removed."""
    other = str(ip_address(absent) + 1)
    wire.near.ip(f"neigh add {absent} lladdr {OLD} dev near0", f"neigh add {other} lladdr {OLD} dev near0")

    netio.delete_neighbor(absent, interface="near0")

    assert seen(wire.near) == {other: Seen(OLD)}


def test_delete_missing_ok(wire: Wire, absent: str) -> None:
    """Bug: missing_ok is ignored, or hides an unknown interface."""
    netio.delete_neighbor(absent, interface="near0", missing_ok=True)

    assert seen(wire.near) == {}
    with pytest.raises(netio.InterfaceNotFoundError):
        netio.delete_neighbor(absent, interface="near9", missing_ok=True)


def test_get(wire: Wire, absent: str) -> None:
    """Bug: a field is empty, or has the requested value instead of that of the entry."""
    wire.near.ip(f"neigh add {absent} lladdr {OLD} dev near0")
    (near,) = (interface for interface in netio.list_interfaces() if interface.name == "near0")

    row = netio.get_neighbor(absent, interface="near0")

    assert row == netio.Neighbor(scoped(absent), OLD, interface="near0")
    assert (row.interface_index, row.interface_luid) == (near.index, near.luid)


def test_get_sends_nothing(wire: Wire, live: str) -> None:
    """Bug: get probes an address without an entry."""
    with pytest.raises(netio.NeighborNotFoundError):
        netio.get_neighbor(live, interface="near0")

    assert seen(wire.near) == {}


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_UNSPEC])
def test_list(wire: Wire, family: int) -> None:
    """Bug: entries of another family are listed, entries are missing, or a scope is lost or invented."""
    addresses = ["192.0.2.77", "192.0.2.78", "2001:db8::77", "fe80::77"]
    wire.near.ip(*(f"neigh add {address} lladdr {OLD} dev near0" for address in addresses))
    families = (4, 6) if family == socket.AF_UNSPEC else (4,) if family == socket.AF_INET else (6,)

    rows = [row for row in netio.list_neighbors(family) if not row.address.is_multicast]

    wanted = {scoped(address) for address in addresses if ip_address(address).version in families}
    assert len(rows) == len(wanted)
    assert {str(row.address) for row in rows} == wanted
    assert {(row.physical_address, row.interface, row.state.name) for row in rows} == {(OLD, "near0", "PERMANENT")}


def test_list_equals_get(wire: Wire, absent: str) -> None:
    """Bug: an entry differs depending on how it is read."""
    wire.near.ip(f"neigh add {absent} lladdr {OLD} dev near0 nud stale")

    (row,) = (row for row in netio.list_neighbors(interface="near0") if not row.address.is_multicast)

    assert row == netio.get_neighbor(absent, interface="near0")
    assert row.interface_luid == netio.get_neighbor(absent, interface="near0").interface_luid


@pytest.mark.parametrize("form", ["name", "index", "Interface", "altname"])
def test_interface_forms(wire: Wire, absent: str, form: str) -> None:
    """Bug: one of the ways to name an interface selects another one, or fails."""
    wire.near.ip("link property add dev near0 altname a-very-long-alternative-name")
    (near,) = (interface for interface in netio.list_interfaces() if interface.name == "near0")
    forms: dict[str, str | int | netio.Interface] = {
        "name": "near0",
        "index": near.index,
        "Interface": near,
        "altname": "a-very-long-alternative-name",
    }
    interface = forms[form]

    netio.create_neighbor(absent, OLD, interface=interface)
    assert seen(wire.near) == {absent: Seen(OLD)}
    netio.set_neighbor(absent, NEW, interface=interface)
    assert seen(wire.near) == {absent: Seen(NEW)}
    assert netio.get_neighbor(absent, interface=interface) in netio.list_neighbors(interface=interface)
    assert netio.get_neighbor(absent, interface=interface).interface == "near0"
    netio.replace_neighbor(absent, OLD, interface=interface)
    assert netio.resolve_neighbor(absent, interface=interface).physical_address == OLD
    netio.flush_neighbors(interface=interface)
    netio.delete_neighbor(absent, interface=interface)
    assert seen(wire.near) == {}


@pytest.mark.parametrize("scope", ["near0", "{index}"])
def test_scope_names_the_interface(wire: Wire, scope: str) -> None:
    """Bug: the scope of a link-local address is ignored, or accepted only as a name."""
    index = socket.if_nametoindex("near0")
    address = f"fe80::77%{scope.format(index=index)}"

    netio.create_neighbor(address, OLD)

    assert seen(wire.near) == {"fe80::77": Seen(OLD)}
    assert str(netio.get_neighbor(address).address) == "fe80::77%near0"
    netio.delete_neighbor(address, interface="near0")
    assert seen(wire.near) == {}


def scoped(address: str) -> str:
    """Returns the address as netio prints it, with the scope near0 if it is link-local."""
    return f"{address}%near0" if address.startswith("fe80:") else address
