# SPDX-License-Identifier: MIT
"""The same address on two interfaces: every verb changes the entry of the given one."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

import netio
from netio import Neighbor
from netlab.oracle import Seen, seen
from netlab.wire import Wire

OLD, NEW = "02:00:5e:00:00:07", "02:00:5e:00:00:08"


@pytest.fixture
def links(wire: Wire) -> Wire:
    """A second link between the hosts, with another prefix and the same link-local addresses."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    wire.near.ip("address add fe80::1/64 dev near1 nodad", "address add 198.51.100.1/24 dev near1")
    wire.far.ip("address add fe80::2/64 dev far1 nodad", "address add 198.51.100.2/24 dev far1")
    return wire


@pytest.fixture
def rows(links: Wire, absent: str) -> Wire:
    """An entry for the same address on both interfaces."""
    links.near.ip(*(f"neigh add {absent} lladdr {OLD} dev {interface} nud stale" for interface in ("near0", "near1")))
    return links


STALE = Seen(OLD, "STALE")


@pytest.mark.parametrize("named", ["near0", "near1"])
def test_create_writes_to_the_named_interface_only(links: Wire, absent: str, named: str) -> None:
    """Bug: an entry of another interface prevents the write, or is written."""
    other = "near1" if named == "near0" else "near0"
    netio.create_neighbor(absent, OLD, interface=named)
    assert (seen(links.near, named), seen(links.near, other)) == ({absent: Seen(OLD)}, {})

    netio.create_neighbor(absent, NEW, interface=other)

    assert (seen(links.near, named), seen(links.near, other)) == ({absent: Seen(OLD)}, {absent: Seen(NEW)})


@pytest.mark.parametrize("named", ["near0", "near1"])
def test_set_and_replace_change_the_named_interface_only(rows: Wire, absent: str, named: str) -> None:
    """Bug: the first entry with that address is changed."""
    other = "near1" if named == "near0" else "near0"
    netio.set_neighbor(absent, NEW, interface=named)
    assert (seen(rows.near, named), seen(rows.near, other)) == ({absent: Seen(NEW)}, {absent: STALE})

    netio.replace_neighbor(absent, OLD, interface=named)

    assert (seen(rows.near, named), seen(rows.near, other)) == ({absent: Seen(OLD)}, {absent: STALE})


@pytest.mark.parametrize("named", ["near0", "near1"])
def test_delete_affects_the_named_interface_only(rows: Wire, absent: str, named: str) -> None:
    """Bug: the first entry with that address is removed, or both are."""
    other = "near1" if named == "near0" else "near0"

    netio.delete_neighbor(absent, interface=named)

    assert (seen(rows.near, named), seen(rows.near, other)) == ({}, {absent: STALE})


@pytest.mark.parametrize("named", ["near0", "near1"])
def test_flush_affects_the_named_interface_only(rows: Wire, absent: str, named: str) -> None:
    """Bug: a flush of one interface flushes both."""
    other = "near1" if named == "near0" else "near0"

    netio.flush_neighbors(interface=named)

    assert (seen(rows.near, named), seen(rows.near, other)) == ({}, {absent: STALE})


def test_get_and_list_read_the_named_interface(links: Wire, absent: str) -> None:
    """Bug: the entry of the other interface is returned."""
    macs = {"near0": OLD, "near1": NEW}
    links.near.ip(*(f"neigh add {absent} lladdr {mac} dev {interface}" for interface, mac in macs.items()))

    for interface, mac in macs.items():
        row = netio.get_neighbor(absent, interface=interface)
        assert (row.physical_address, row.interface) == (mac, interface)
        (listed,) = (row for row in netio.list_neighbors(interface=interface) if not row.address.is_multicast)
        assert listed == row
        assert {row.interface for row in netio.list_neighbors(interface=interface)} == {interface}
    both = [row for row in netio.list_neighbors() if not row.address.is_multicast]
    assert {row.interface: row.physical_address for row in both} == macs
    if ip_address(absent).is_link_local:
        assert {str(row.address) for row in both} == {f"{absent}%near0", f"{absent}%near1"}


def test_bulk_write_uses_the_interface_of_each_entry(links: Wire, absent: str) -> None:
    """Bug: a bulk call uses the interface of the previous entry."""
    given = [Neighbor(absent, mac, interface=interface) for interface, mac in (("near0", OLD), ("near1", NEW))]

    netio.create_neighbors(given)
    assert (seen(links.near, "near0"), seen(links.near, "near1")) == ({absent: Seen(OLD)}, {absent: Seen(NEW)})

    netio.delete_neighbors(netio.list_neighbors(interface="near1"))
    assert (seen(links.near, "near0"), seen(links.near, "near1")) == ({absent: Seen(OLD)}, {})


@pytest.mark.parametrize(("named", "mac"), [("near0", "02:00:00:00:00:02"), ("near1", "02:00:00:00:01:02")])
def test_resolve_probes_on_the_named_interface(links: Wire, named: str, mac: str) -> None:
    """Bug: the probe is sent on the other interface, or its entry is taken for the reply."""
    other = "near1" if named == "near0" else "near0"
    links.near.ip(f"neigh add fe80::2 lladdr {OLD} dev {other} nud stale")

    row = netio.resolve_neighbor("fe80::2", interface=named)

    assert (row.physical_address, row.interface, str(row.address)) == (mac, named, f"fe80::2%{named}")
    assert seen(links.near, other) == {"fe80::2": STALE}


def test_interface_of_the_route_is_the_default(links: Wire) -> None:
    """Bug: without interface= the first interface is used instead of that of the route."""
    assert netio.resolve_neighbor("198.51.100.2").interface == "near1"
    assert netio.resolve_neighbor("192.0.2.2").interface == "near0"

    netio.create_neighbors([Neighbor("198.51.100.7", OLD), Neighbor("192.0.2.7", NEW), Neighbor("fe80::7%near1", OLD)])

    near0, near1 = seen(links.near, "near0"), seen(links.near, "near1")
    assert {a: row for a, row in near0.items() if a.endswith("7")} == {"192.0.2.7": Seen(NEW)}
    assert {a: row for a, row in near1.items() if a.endswith("7")} == {"198.51.100.7": Seen(OLD), "fe80::7": Seen(OLD)}


def test_luid_takes_precedence(links: Wire, absent: str) -> None:
    """Bug: name or index are used although a LUID is given."""
    by_name = {interface.name: interface for interface in netio.list_interfaces()}
    mixed = netio.Interface("lo", by_name["near0"].index, by_name["near1"].luid)

    netio.create_neighbor(absent, OLD, interface=mixed)

    assert (seen(links.near, "near0"), seen(links.near, "near1")) == ({}, {absent: Seen(OLD)})
    assert netio.get_neighbor(absent, interface=mixed).interface == "near1"
    assert {row.interface for row in netio.list_neighbors(interface=mixed)} == {"near1"}
