# SPDX-License-Identifier: MIT
"""list_neighbors() by address and by physical address, compared with the whole table."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

import netio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netlab.wire import Wire

MAC, OTHER = "02:00:5e:00:00:07", "02:00:5e:00:00:08"
BIG = 20_000_000  # an index that does not fit into a LUID


@pytest.fixture
def filled(wire: Wire) -> Iterator[Wire]:
    """Three interfaces with entries for the same addresses, which no route leads to, and for others."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    wire.near.ip(
        f"link add name big0 index {BIG} address 02:00:00:00:00:14 type bridge",
        "link set big0 up",
        *(f"neigh add {address} lladdr {MAC} dev {dev}" for address in ("10.9.9.9", "fe80::9") for dev in LINKS),
        f"neigh add 192.0.2.8 lladdr {OTHER} dev near0 nud stale",
        f"neigh add 2001:db8::9 lladdr {MAC} dev near0",
        f"neigh add 192.0.2.9 lladdr {OTHER} dev near1 nud noarp",
        "neigh add 192.0.2.10 dev near0 nud failed",
        "neigh add 10.9.9.0 lladdr 02:00:5e:00:00:00 dev near0",
    )
    yield wire
    wire.near.ip("link delete big0")


LINKS = ("near0", "near1", "big0")

# The filters, and the entries that they select.
FILTERS: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
    ({"address": "10.9.9.9"}, {("10.9.9.9", name) for name in LINKS}),
    ({"address": ip_address("10.9.9.9"), "interface": "near1"}, {("10.9.9.9", "near1")}),
    ({"address": "fe80::9"}, {(f"fe80::9%{name}", name) for name in LINKS}),
    ({"address": ip_address("fe80::9%near1")}, {("fe80::9%near1", "near1")}),
    ({"address": "fe80::9%near1", "interface": "near1"}, {("fe80::9%near1", "near1")}),
    ({"address": "fe80::9", "interface": "near0"}, {("fe80::9%near0", "near0")}),
    (
        {"address": "fe80::9", "family": socket.AF_INET6, "physical_address": MAC, "interface": "near0"},
        {("fe80::9%near0", "near0")},
    ),
    ({"address": "192.0.2.10"}, {("192.0.2.10", "near0")}),
    ({"address": "2001:db8::9"}, {("2001:db8::9", "near0")}),
    ({"physical_address": "0200.5E00.0008"}, {("192.0.2.8", "near0"), ("192.0.2.9", "near1")}),
    ({"physical_address": bytes.fromhex("02005e000008"), "interface": "near1"}, {("192.0.2.9", "near1")}),
    ({"physical_address": MAC, "family": socket.AF_INET}, {("10.9.9.9", name) for name in LINKS}),
    ({"physical_address": MAC, "address": "192.0.2.8"}, set()),
    ({"physical_address": "02:00:5e:00:00"}, set()),
    ({"physical_address": "02:00:5e:00:00:07:00:00"}, set()),
    ({"address": "192.0.2.8", "interface": "near1"}, set()),
    ({"address": "192.0.2.8", "family": socket.AF_INET6}, set()),
    ({"address": "2001:db8::9", "family": socket.AF_INET}, set()),
    ({"address": "203.0.113.1"}, set()),
    ({"address": "::"}, set()),
]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(("filters", "expected"), FILTERS, ids=[str(filters)[:60] for filters, _ in FILTERS])
def test_entries_match_every_filter(filters: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    """Bug: a filter is ignored, compares a part of the address, or consults routes."""
    found = netio.list_neighbors(**filters)

    assert sorted((str(row.address), row.interface) for row in found) == sorted(expected)
    assert set(found) <= set(netio.list_neighbors())


@pytest.mark.usefixtures("filled")
def test_columns_of_a_filtered_table() -> None:
    """Bug: the memory of a filtered table has rows beside those that match, or lacks names."""
    import pyarrow

    found = netio.list_neighbors(physical_address=OTHER)
    columns = pyarrow.table(found).to_pydict()
    pairs = zip(columns["address"], columns["interface"], strict=True)
    assert sorted(pairs) == [("192.0.2.8", "near0"), ("192.0.2.9", "near1")]
    assert len(found.to_numpy()) == len(found) == 2
    assert pyarrow.table(netio.list_neighbors(address="203.0.113.1")).num_rows == 0


INVALID: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"address": "192.0.2.300"}, netio.InvalidParameterError, "192.0.2.300"),
    ({"address": ""}, netio.InvalidParameterError, "invalid IP address"),
    ({"address": "2001:db8::9%near0"}, netio.InvalidParameterError, "scope"),
    ({"address": "fe80::9%near1", "interface": "near0"}, netio.InvalidParameterError, "contradicts"),
    ({"address": "fe80::9%near9", "interface": "near0"}, netio.InvalidParameterError, "contradicts"),
    ({"address": "fe80::9%near9"}, netio.InterfaceNotFoundError, "interface near9"),
    ({"address": "fe80::9", "interface": "near9"}, netio.InterfaceNotFoundError, "interface near9"),
    ({"address": f"fe80::9%{BIG}"}, netio.InvalidParameterError, "no LUID"),
    ({"address": 3221225985}, TypeError, "int"),
    ({"physical_address": ""}, netio.InvalidParameterError, "must not be empty"),
    ({"physical_address": b""}, netio.InvalidParameterError, "must not be empty"),
    ({"physical_address": "nonsense"}, netio.InvalidParameterError, "nonsense"),
    ({"physical_address": bytes(33)}, netio.InvalidParameterError, "33 bytes"),
    ({"physical_address": 7}, TypeError, "int"),
    ({"address": "nonsense", "interface": -1}, netio.InvalidParameterError, "interface index -1"),
    ({"address": "192.0.2.8", "family": 99}, netio.InvalidParameterError, "family"),
]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(("filters", "kind", "text"), INVALID, ids=[str(filters)[:60] for filters, *_ in INVALID])
def test_invalid_filters(filters: dict[str, Any], kind: type[Exception], text: str) -> None:
    """Bug: an invalid filter selects nothing, or everything."""
    with pytest.raises(kind, match=text) as caught:
        netio.list_neighbors(**filters)
    assert not isinstance(caught.value, netio.NetioError) or caught.value.operation == "GetIpNetTable2"
