# SPDX-License-Identifier: MIT
"""The interface of an address whose route has several next hops."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

import netio
from netio._requests import on_link_interface
from netlab.wire import FAR_IP4, FAR_IP6, Wire


@pytest.fixture
def ways(wire: Wire) -> Wire:
    """A second and a third link, and routes over the first two: on-link ones, and ones through gateways."""
    for number in (1, 2):
        wire.lay(f"near{number}", f"02:00:00:00:0{number}:01", f"far{number}", f"02:00:00:00:0{number}:02")
    wire.near.ip(
        "address add 203.0.113.1/24 dev near1",
        "address add 2001:db8:1::1/64 dev near1 nodad",
        "route add 198.51.100.0/25 nexthop dev near0 nexthop dev near1",
        f"route add 198.51.100.128/25 nexthop via {FAR_IP4} nexthop via 203.0.113.2",
        f"route add 2001:db8:51::/64 nexthop via {FAR_IP6} nexthop via 2001:db8:1::2",
    )
    return wire


@pytest.mark.usefixtures("ways")
@pytest.mark.parametrize("interface", ["near0", "near1"])
def test_given_interface_of_a_multipath_route(interface: str) -> None:
    """Bug: such a route names no interface itself, so its addresses count as off-link."""
    assert [on_link_interface(ip_address(f"198.51.100.{host}"), interface).name for host in (1, 2, 126)] == [
        interface
    ] * 3


@pytest.mark.usefixtures("ways")
def test_chosen_interface_of_a_multipath_route() -> None:
    """Bug: the interface that the routes chose is checked against them again, and rejected."""
    assert {on_link_interface(ip_address(f"198.51.100.{host}"), None).name for host in range(1, 5)} <= {
        "near0",
        "near1",
    }


@pytest.mark.usefixtures("ways")
@pytest.mark.parametrize(
    ("address", "interface"),
    [
        ("198.51.100.1", "near2"),
        ("198.51.100.129", "near0"),
        ("198.51.100.129", "near1"),
        ("2001:db8:51::1", "near0"),
        ("2001:db8:51::1", "near1"),
        ("192.0.2.9", "near1"),
    ],
)
def test_interface_without_a_configured_route(address: str, interface: str) -> None:
    """Bug: the kernel treats every address as on-link on the interface of the request, and that counts as a route."""
    with pytest.raises(netio.UnreachableError) as caught:
        on_link_interface(ip_address(address), interface)
    assert caught.value.code == 1231
