# SPDX-License-Identifier: MIT
"""The packets that resolving sends, captured at the far end of the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import netio
from netlab.capture import Question, capturing
from netlab.wire import FAR_IP4, FAR_IP6, FAR_LINK_LOCAL, NEAR_IP4, NEAR_IP6, NEAR_LINK_LOCAL

if TYPE_CHECKING:
    from conftest import Caller
    from netlab.wire import Wire


@pytest.mark.parametrize(
    ("target", "sender"), [(FAR_IP4, NEAR_IP4), (FAR_IP6, NEAR_LINK_LOCAL), (FAR_LINK_LOCAL, NEAR_LINK_LOCAL)]
)
def test_one_probe(wire: Wire, target: str, sender: str) -> None:
    """Bug: more than one probe is sent; privileged, also a datagram."""
    with capturing(wire) as capture:
        netio.resolve_neighbor(target, interface="near0")

        assert capture.questions() == [Question(sender, target)]
    with capturing(wire) as capture:
        netio.get_neighbor(target, interface="near0")
        netio.list_neighbors()

        assert capture.frames() == []


@pytest.mark.parametrize(
    ("target", "source"),
    [
        (FAR_IP4, NEAR_IP4),
        (FAR_IP4, "192.0.2.3"),
        (FAR_IP6, NEAR_IP6),
        (FAR_IP6, "2001:db8::3"),
        (FAR_IP6, NEAR_LINK_LOCAL),
        (FAR_LINK_LOCAL, NEAR_LINK_LOCAL),
        (FAR_LINK_LOCAL, f"{NEAR_LINK_LOCAL}%near0"),
        (FAR_LINK_LOCAL, NEAR_IP6),
    ],
)
def test_source(wire: Wire, anyone: Caller, target: str, source: str) -> None:
    """Bug: source is accepted but not used: the host replies to another address, and adds an entry for it."""
    wire.near.ip("address add 192.0.2.3/24 dev near0", "address add 2001:db8::3/64 dev near0 nodad")
    with capturing(wire) as capture:
        entry = anyone("resolve_neighbor", target, interface="near0", source=source)

        assert entry.physical_address == "02:00:00:00:00:02"
        assert capture.questions() == [Question(source.partition("%")[0], target)]


@pytest.mark.parametrize("source", [None, NEAR_IP6])
@pytest.mark.parametrize("gateway", [FAR_IP6, FAR_LINK_LOCAL])
def test_no_packet_leaves_by_ipv6_gateway(wire: Wire, anyone: Caller, gateway: str, source: str | None) -> None:
    """Bug: a datagram for an address behind the gateway is sent to the gateway; MSG_DONTROUTE does not prevent it."""
    wire.near.ip(f"route add default via {gateway} dev near0")
    target = "2001:db8:9::1"
    with capturing(wire) as capture:
        with pytest.raises(netio.UnreachableError) as caught:
            anyone("resolve_neighbor", target, interface="near0", source=source, timeout=1)

        assert caught.value.code == 67
        assert capture.frames() == []


def test_no_packet_leaves_by_ipv4_gateway(wire: Wire, anyone: Caller) -> None:
    """Bug: a datagram for an address behind the gateway is sent to the gateway."""
    wire.near.ip(f"route add default via {FAR_IP4}")
    with capturing(wire) as capture:
        with pytest.raises(netio.UnreachableError) as caught:
            anyone("resolve_neighbor", "198.51.100.1", interface="near0", timeout=1)

        assert caught.value.code == 67
        assert capture.frames() == []


def test_invalid_calls_send_nothing(wire: Wire) -> None:
    """Bug: a probe is sent before all arguments have been checked."""
    with capturing(wire) as capture:
        for address in (NEAR_IP4, NEAR_IP6, NEAR_LINK_LOCAL, "192.0.2.255", "127.0.0.1", "0.0.0.0", "::1"):
            with pytest.raises(netio.InvalidParameterError):
                netio.resolve_neighbor(address, interface="near0")
        with pytest.raises(netio.InvalidParameterError):
            netio.resolve_neighbor(FAR_IP4, interface="near0", source="192.0.2.3")

        assert capture.frames() == []
