# SPDX-License-Identifier: MIT
"""Every verb, its effect read by ip(8) and by pyroute2."""

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
    """Bug: a row with another state, address or interface than asked for."""
    netio.create_neighbor(absent, OLD, interface="near0")

    assert seen(wire.near) == {absent: Seen(OLD)}


def test_set(wire: Wire, absent: str) -> None:
    """Bug: set leaves the old physical address (NLM_F_REPLACE forgotten: the kernel then answers success)."""
    wire.near.ip(f"neigh add {absent} lladdr {OLD} dev near0")

    netio.set_neighbor(absent, NEW, interface="near0")

    assert seen(wire.near) == {absent: Seen(NEW)}


def test_set_never_creates(wire: Wire, absent: str) -> None:
    """Bug: set makes the row that it should have found."""
    with pytest.raises(netio.NeighborNotFoundError):
        netio.set_neighbor(absent, NEW, interface="near0")

    assert seen(wire.near) == {}


def test_replace_makes_the_row(wire: Wire, absent: str) -> None:
    """Bug: replace asks for an existing row."""
    netio.replace_neighbor(absent, NEW, interface="near0")

    assert seen(wire.near) == {absent: Seen(NEW)}


def test_replace_changes_the_row(wire: Wire, absent: str) -> None:
    """Bug: replace keeps what it found."""
    wire.near.ip(f"neigh add {absent} lladdr {OLD} dev near0")

    netio.replace_neighbor(absent, NEW, interface="near0")

    assert seen(wire.near) == {absent: Seen(NEW)}


def test_delete(wire: Wire, absent: str) -> None:
    """Bug: the row stays, or a neighbouring one goes."""
    other = str(ip_address(absent) + 1)
    wire.near.ip(f"neigh add {absent} lladdr {OLD} dev near0", f"neigh add {other} lladdr {OLD} dev near0")

    netio.delete_neighbor(absent, interface="near0")

    assert seen(wire.near) == {other: Seen(OLD)}


def test_delete_missing_ok(wire: Wire, absent: str) -> None:
    """Bug: missing_ok is not looked at, or hides that the interface is missing."""
    netio.delete_neighbor(absent, interface="near0", missing_ok=True)

    assert seen(wire.near) == {}
    with pytest.raises(netio.InterfaceNotFoundError):
        netio.delete_neighbor(absent, interface="near9", missing_ok=True)


def test_get(wire: Wire, absent: str) -> None:
    """Bug: a field that is not filled, or filled with what was asked instead of what is there."""
    wire.near.ip(f"neigh add {absent} lladdr {OLD} dev near0")
    (link,) = (link for link in netio.list_interfaces() if link.name == "near0")

    row = netio.get_neighbor(absent, interface="near0")

    assert row == netio.Neighbor(scoped(absent), OLD, interface="near0")
    assert (row.interface_index, row.interface_luid) == (link.index, link.luid)


def test_get_is_a_read(wire: Wire, live: str) -> None:
    """Bug: get asks the wire for an address without a row."""
    with pytest.raises(netio.NeighborNotFoundError):
        netio.get_neighbor(live, interface="near0")

    assert seen(wire.near) == {}


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_UNSPEC])
def test_list(wire: Wire, family: int) -> None:
    """Bug: rows of another family, rows left out, a scope that is lost or on an address that has none."""
    addresses = ["192.0.2.77", "192.0.2.78", "2001:db8::77", "fe80::77"]
    wire.near.ip(*(f"neigh add {address} lladdr {OLD} dev near0" for address in addresses))
    families = (4, 6) if family == socket.AF_UNSPEC else (4,) if family == socket.AF_INET else (6,)

    rows = [row for row in netio.list_neighbors(family) if not row.address.is_multicast]

    wanted = {scoped(address) for address in addresses if ip_address(address).version in families}
    assert len(rows) == len(wanted)
    assert {str(row.address) for row in rows} == wanted
    assert {(row.physical_address.hex(":"), row.interface, row.state.name) for row in rows} == {
        (OLD, "near0", "PERMANENT")
    }


def test_list_equals_get(wire: Wire, absent: str) -> None:
    """Bug: the same row read in two ways differs."""
    wire.near.ip(f"neigh add {absent} lladdr {OLD} dev near0 nud stale")

    (row,) = (row for row in netio.list_neighbors(interface="near0") if not row.address.is_multicast)

    assert row == netio.get_neighbor(absent, interface="near0")
    assert row.interface_luid == netio.get_neighbor(absent, interface="near0").interface_luid


@pytest.mark.parametrize("form", ["name", "index", "Interface", "altname"])
def test_interface_forms(wire: Wire, absent: str, form: str) -> None:
    """Bug: one of the ways to name an interface names another one, or none."""
    wire.near.ip("link property add dev near0 altname a-very-long-alternative-name")
    (link,) = (link for link in netio.list_interfaces() if link.name == "near0")
    forms: dict[str, str | int | netio.Interface] = {
        "name": "near0",
        "index": link.index,
        "Interface": link,
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
    assert netio.resolve_neighbor(absent, interface=interface).physical_address.hex(":") == OLD
    netio.flush_neighbors(interface=interface)
    netio.delete_neighbor(absent, interface=interface)
    assert seen(wire.near) == {}


@pytest.mark.parametrize("scope", ["near0", "{index}"])
def test_scope_names_the_interface(wire: Wire, scope: str) -> None:
    """Bug: the scope of a link-local address is ignored, or only understood as a name."""
    index = socket.if_nametoindex("near0")
    address = f"fe80::77%{scope.format(index=index)}"

    netio.create_neighbor(address, OLD)

    assert seen(wire.near) == {"fe80::77": Seen(OLD)}
    assert str(netio.get_neighbor(address).address) == "fe80::77%near0"
    netio.delete_neighbor(address, interface="near0")
    assert seen(wire.near) == {}


def scoped(address: str) -> str:
    return f"{address}%near0" if address.startswith("fe80:") else address
