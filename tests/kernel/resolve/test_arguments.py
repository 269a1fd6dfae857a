# SPDX-License-Identifier: MIT
"""The arguments of resolve_neighbors(), and which errors it raises or returns."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

import pytest

import netio
from netlab.hosts import LIVE, hosts, reachable, summary
from netlab.oracle import seen
from netlab.wire import FAR_IP4, FAR_IP6, FAR_MAC, NEAR_IP4

if TYPE_CHECKING:
    from conftest import Caller
    from netlab.wire import Wire


@pytest.mark.usefixtures("crowd")
def test_kinds_of_addresses(anyone: Caller) -> None:
    """Bug: the address of a result is the given text, or has the scope of the entry."""
    results = anyone("resolve_neighbors", [FAR_IP4, IPv6Address(FAR_IP6), "fe80::2%near0"], interface="near0")

    expected = {ip_address(address): reachable(address) for address in (FAR_IP4, FAR_IP6, "fe80::2%near0")}
    assert dict(results) == expected
    assert all(type(address) in (IPv4Address, IPv6Address) for address, _ in results)


@pytest.mark.usefixtures("crowd")
def test_error_of_one_address_is_returned(anyone: Caller) -> None:
    """Bug: one invalid address ends the call for all others; or an error does not name its address."""
    scoped = IPv6Address("2001:db8::1%near0")
    addresses = ["192.0.2.256", FAR_IP4, "127.0.0.1", scoped, "203.0.113.9", NEAR_IP4, "224.0.0.1", "fe80::2%none", ""]

    results = list(anyone("resolve_neighbors", addresses))

    found = {address: error for address, error in results if isinstance(error, netio.NetioError)}
    expected: dict[Any, tuple[type[netio.NetioError], int, int]] = {
        "192.0.2.256": (netio.InvalidParameterError, 87, 0),
        IPv4Address("127.0.0.1"): (netio.InvalidParameterError, 87, 2),
        scoped: (netio.InvalidParameterError, 87, 3),
        IPv4Address("203.0.113.9"): (netio.UnreachableError, 1231, 4),
        IPv4Address(NEAR_IP4): (netio.InvalidParameterError, 87, 5),
        IPv4Address("224.0.0.1"): (netio.InvalidParameterError, 87, 6),
        IPv6Address("fe80::2%none"): (netio.InterfaceNotFoundError, 1168, 7),
        "": (netio.InvalidParameterError, 87, 8),
    }
    assert {address: (type(error), error.code, error.position) for address, error in found.items()} == expected
    assert {error.operation for error in found.values()} == {"ResolveIpNetEntry2"}
    assert len(results) == len(addresses)


@pytest.mark.usefixtures("wire")
def test_unknown_interface_is_returned_for_each_address() -> None:
    """Bug: an unknown interface is raised, and the error names no address."""
    results = list(netio.resolve_neighbors([FAR_IP4, FAR_IP6], interface="none"))

    assert {address for address, _ in results} == {IPv4Address(FAR_IP4), IPv6Address(FAR_IP6)}
    assert {type(error) for _, error in results} == {netio.InterfaceNotFoundError}


@pytest.mark.usefixtures("crowd")
def test_source(anyone: Caller) -> None:
    """Bug: the source is not passed on, or checked for the first address only."""
    live = hosts(LIVE, 3)

    results = anyone("resolve_neighbors", [*live, FAR_IP6], interface="near0", source=NEAR_IP4)

    expected = [(host, FAR_MAC) for host in live] + [(IPv6Address(FAR_IP6), "InvalidParameterError")]
    assert summary(results) == Counter(expected)


def test_source_that_only_the_table_of_the_interface_has(wire: Wire, anyone: Caller) -> None:
    """Bug: a source is looked up without the interface, so that the own address of a port of a VRF is not accepted."""
    wire.near.ip("rule add oif near0 table local pref 10", "rule del pref 0")  # as in a VRF, which this kernel may lack
    (shown,) = wire.near.json(f"route get {NEAR_IP4}")
    assert shown.get("type") != "local"

    assert anyone("resolve_neighbor", FAR_IP4, interface="near0", source=NEAR_IP4).physical_address == FAR_MAC
    with pytest.raises(netio.InvalidParameterError):
        anyone("resolve_neighbor", FAR_IP4, interface="near0", source="192.0.2.99")


@pytest.mark.usefixtures("wire")
def test_source_on_another_interface_is_returned() -> None:
    """Bug: the scope of a source is ignored if there is more than one address."""
    results = netio.resolve_neighbors([FAR_IP6, "fe80::2"], interface="near0", source="fe80::1%lo")

    assert summary(results) == Counter(
        [(IPv6Address(FAR_IP6), "InvalidParameterError"), (IPv6Address("fe80::2"), "InvalidParameterError")]
    )


@pytest.mark.parametrize(
    ("named", "error"),
    [
        ({"max_in_flight": True}, TypeError),
        ({"max_in_flight": 1.0}, TypeError),
        ({"max_in_flight": None}, TypeError),
        ({"max_in_flight": 0}, netio.InvalidParameterError),
        ({"max_in_flight": -1}, netio.InvalidParameterError),
        ({"timeout": "1"}, TypeError),
        ({"timeout": float("nan")}, netio.InvalidParameterError),
        ({"source": 1}, TypeError),
        ({"source": "x"}, netio.InvalidParameterError),
        ({"interface": 0}, netio.InvalidParameterError),
        ({"interface": ""}, netio.InvalidParameterError),
        ({"interface": True}, TypeError),
        ({"addresses": FAR_IP4}, TypeError),
        ({"addresses": b"\xc0\0\2\2"}, TypeError),
        ({"addresses": IPv4Address(FAR_IP4)}, TypeError),
    ],
)
def test_invalid_argument_is_raised_by_the_call(named: dict[str, Any], error: type[Exception]) -> None:
    """Bug: an invalid argument is only reported by the first next(), or text is taken for a list of characters."""
    with pytest.raises(error) as caught:
        netio.resolve_neighbors(**{"addresses": [FAR_IP4], **named})

    if isinstance(caught.value, netio.NetioError):
        assert caught.value.operation == "ResolveIpNetEntry2"


def test_address_of_wrong_type(wire: Wire) -> None:
    """Bug: a number or packed bytes are accepted as an address."""
    for wrong in (3221225986, b"\xc0\0\2\2", None):
        with pytest.raises(TypeError):
            next(netio.resolve_neighbors([wrong], interface="near0"))  # type: ignore[list-item]
    assert seen(wire.near) == {}


@pytest.mark.usefixtures("wire")
def test_no_addresses() -> None:
    """Bug: without an address the call waits for a result."""
    assert list(netio.resolve_neighbors([])) == []
    assert list(netio.resolve_neighbors(iter(()), max_in_flight=1)) == []
