# SPDX-License-Identifier: MIT
"""The next hop of an address, compared with `ip route get`, and the gateway that errors name."""

from __future__ import annotations

import pickle
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.wire import FAR_IP4, FAR_IP6, FAR_LINK_LOCAL, wired

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netlab.wire import Wire


@pytest.fixture(scope="module")
def routed() -> Iterator[Wire]:
    """Routes of every kind over two links, the second of which has no route of its own for most addresses."""
    with wired() as wire:
        wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
        wire.near.ip(
            "address add 203.0.113.1/24 dev near1",
            "address add 2001:db8:1::1/64 dev near1 nodad",
            "address add fe80::1/64 dev near1 nodad",
            f"route add 198.51.100.0/24 via {FAR_IP4}",
            "route add 198.51.101.0/24 via inet6 fe80::2 dev near0",
            "route add 198.51.102.0/24 via 10.7.7.7 dev near1 onlink",
            "route add 198.51.103.0/24 dev near1",
            "route add 198.51.104.0/24 nexthop via 192.0.2.3 nexthop via 203.0.113.3",
            "nexthop add id 7 via inet6 fe80::3 dev near1",
            "nexthop add id 8 via 203.0.113.8 dev near1",
            "nexthop add id 9 group 8",
            "route add 198.51.105.0/24 nhid 7",
            "route add 198.51.106.0/24 nhid 9",
            "route add blackhole 198.51.110.0/24",
            "route add unreachable 198.51.111.0/24",
            "route add prohibit 198.51.112.0/24",
            "route add default via 203.0.113.254 metric 9",
            f"route add 2001:db8:51::/64 via {FAR_IP6}",
            f"route add 2001:db8:52::/64 via {FAR_LINK_LOCAL} dev near0",
            "route add 2001:db8:54::/64 nexthop via 2001:db8::3 nexthop via 2001:db8:1::3",
            "route add blackhole 2001:db8:57::/64",
        )
        yield wire


# Destination, interface argument, next hop, its interface.
HOPS = [
    (FAR_IP4, None, FAR_IP4, "near0"),
    ("192.0.2.200", "near0", "192.0.2.200", "near0"),
    (FAR_IP6, None, FAR_IP6, "near0"),
    ("198.51.100.7", None, FAR_IP4, "near0"),
    ("198.51.100.7", "near0", FAR_IP4, "near0"),
    ("198.51.100.7", "near1", "203.0.113.254", "near1"),
    ("198.51.101.7", None, "fe80::2%near0", "near0"),
    ("198.51.101.7", "near0", "fe80::2%near0", "near0"),
    ("198.51.102.7", None, "10.7.7.7", "near1"),
    ("198.51.103.7", None, "198.51.103.7", "near1"),
    ("198.51.104.7", "near0", "192.0.2.3", "near0"),
    ("198.51.104.7", "near1", "203.0.113.3", "near1"),
    ("198.51.105.7", None, "fe80::3%near1", "near1"),
    ("198.51.105.7", "near1", "fe80::3%near1", "near1"),
    ("198.51.106.7", None, "203.0.113.8", "near1"),
    ("198.51.106.7", "near1", "203.0.113.8", "near1"),
    ("8.8.8.8", None, "203.0.113.254", "near1"),
    ("203.0.113.254", None, "203.0.113.254", "near1"),
    ("2001:db8:51::7", None, FAR_IP6, "near0"),
    ("2001:db8:52::7", None, "fe80::2%near0", "near0"),
    ("2001:db8:54::7", "near1", "2001:db8:1::3", "near1"),
    ("fe80::9%near1", None, "fe80::9%near1", "near1"),
    ("fe80::9", "near0", "fe80::9%near0", "near0"),
    ("fe80::9%near1", "near1", "fe80::9%near1", "near1"),
]


def by_ip(wire: Wire, address: str, interface: str | None) -> tuple[str, str]:
    """Returns the next hop and its interface by `ip route get`."""
    (shown,) = wire.near.json(f"route get {address.partition('%')[0]}" + (f" oif {interface}" if interface else ""))
    gateway = shown.get("gateway") or shown.get("via", {}).get("host") or address.partition("%")[0]
    is_scoped = gateway.startswith("fe80:")
    return f"{gateway}%{shown['dev']}" if is_scoped else gateway, shown["dev"]


@pytest.mark.parametrize(("address", "interface", "expected", "name"), HOPS)
def test_next_hop(routed: Wire, address: str, interface: str | None, expected: str, name: str) -> None:
    """Bug: the gateway is ignored or lacks its scope, or the routes of another interface are used."""
    hop = netio.next_hop(address, interface=interface)

    assert (hop.address, hop.interface.name) == (ip_address(expected), name)
    assert hop.interface in netio.list_interfaces()
    assert hop.interface.physical_address
    assert by_ip(routed, address, interface or (name if "%" in address else None)) == (expected, name)
    assert call_elsewhere(routed.near, UNPRIVILEGED, [("next_hop", (address,), {"interface": interface})]) == [hop]


@pytest.mark.usefixtures("routed")
@pytest.mark.parametrize(
    ("address", "hops"),
    [("198.51.104.{}", {"192.0.2.3", "203.0.113.3"}), ("2001:db8:54::{}", {"2001:db8::3", "2001:db8:1::3"})],
)
def test_chosen_next_hop_of_a_multipath_route(address: str, hops: set[str]) -> None:
    """Bug: a route with several next hops has none without an interface."""
    assert {str(netio.next_hop(address.format(host)).address) for host in range(1, 9)} <= hops


# With an interface, the kernel looks up only the addresses of that one.
LOCAL = ["192.0.2.1", "192.0.2.255", "224.0.0.9", "255.255.255.255", "127.0.0.1", "0.0.0.0"]
LOCAL += ["2001:db8::1", "ff02::9", "::1", "::", "::ffff:c000:207", "fe80::1%near0"]
WITHOUT = [(address, interface) for address in LOCAL for interface in (None, "near0")]
WITHOUT += [("203.0.113.1", None), ("fe80::9", None)]


@pytest.mark.usefixtures("routed")
@pytest.mark.parametrize(("address", "interface"), WITHOUT)
def test_address_without_a_next_hop(address: str, interface: str | None) -> None:
    """Bug: an address that is not sent to another host has one, such as a gateway for a multicast address."""
    with pytest.raises(netio.InvalidParameterError, match=address) as caught:
        netio.next_hop(address, interface=interface)
    assert caught.value.operation == "GetBestRoute2"
    assert ("interface=" in str(caught.value)) == (address == "fe80::9")


@pytest.mark.usefixtures("routed")
@pytest.mark.parametrize(
    ("address", "interface"),
    [
        *((f"198.51.{third}.7", None) for third in (110, 111, 112)),
        ("2001:db8:57::7", None),
        ("2001:db8:58::7", None),
        ("8.8.8.8", "near0"),
        ("2001:db8:51::7", "near1"),
    ],
)
def test_no_route(address: str, interface: str | None) -> None:
    """Bug: the error is that of an off-link address, or a route of another interface is used."""
    with pytest.raises(netio.UnreachableError, match="no route leads to it") as caught:
        netio.next_hop(address, interface=interface)
    assert (caught.value.code, caught.value.gateway) == (1231, None)


@pytest.mark.usefixtures("routed")
def test_invalid_interface() -> None:
    """Bug: an unknown interface is an unreachable address, or a contradicting scope is ignored."""
    unknown: list[tuple[str, str | int | None]] = [("192.0.2.7", "near9"), ("192.0.2.7", 4321), ("fe80::7%near9", None)]
    for address, interface in unknown:
        with pytest.raises(netio.InterfaceNotFoundError):
            netio.next_hop(address, interface=interface)
    with pytest.raises(netio.InvalidParameterError, match="contradicts"):
        netio.next_hop("fe80::7%near0", interface="near1")


@pytest.mark.usefixtures("routed")
@pytest.mark.parametrize(
    ("address", "gateway"),
    [
        ("198.51.100.7", IPv4Address(FAR_IP4)),
        ("198.51.101.7", IPv6Address("fe80::2%near0")),
        ("2001:db8:52::7", IPv6Address("fe80::2%near0")),
        ("2001:db8:58::7", None),
    ],
)
def test_error_has_the_gateway(address: str, gateway: object) -> None:
    """Bug: programs have to parse the gateway from the text of the error, or a pickled error loses it."""
    rows = [netio.Neighbor("192.0.2.7", "02:00:5e:00:00:07"), netio.Neighbor(address, "02:00:5e:00:00:07")]
    errors: list[BaseException] = []
    for call in (netio.get_neighbor, netio.delete_neighbor, netio.resolve_neighbor):
        with pytest.raises(netio.UnreachableError) as caught:
            call(address)
        errors.append(caught.value)
    with pytest.raises(ExceptionGroup) as group:
        netio.replace_neighbors(rows)
    netio.delete_neighbor("192.0.2.7")
    for error in [*errors, *group.value.exceptions]:
        assert isinstance(error, netio.UnreachableError)
        assert error.gateway == pickle.loads(pickle.dumps(error)).gateway == gateway


def test_silent_host_has_no_gateway(wire: Wire) -> None:
    """Bug: each error of that class names a gateway."""
    wire.hasten()
    with pytest.raises(netio.UnreachableError) as caught:
        netio.resolve_neighbor("192.0.2.77")
    assert caught.value.gateway is None
