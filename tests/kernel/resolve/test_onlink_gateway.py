# SPDX-License-Identifier: MIT
"""A gateway outside the prefixes of its interface, as at hosters and in containers: a route with `onlink`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import netio
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.oracle import Seen, seen
from netlab.wire import FAR_MAC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netlab.wire import Wire

GATEWAYS = {
    "IPv4": ("10.9.0.1", ["address add 10.9.0.5/32 dev near0", "route add default via 10.9.0.1 dev near0 onlink"]),
    "IPv4, next hop object": (
        "10.9.0.1",
        [
            "address add 10.9.0.5/32 dev near0",
            "nexthop add id 9 via 10.9.0.1 dev near0 onlink",
            "route add default nhid 9",
        ],
    ),
    "IPv6": ("2001:db8:9::1", ["route add default via 2001:db8:9::1 dev near0 onlink"]),
}


@pytest.fixture(params=list(GATEWAYS.values()), ids=list(GATEWAYS))
def gateway(request: pytest.FixtureRequest, wire: Wire) -> str:
    """The address of a gateway that only its own route makes on-link."""
    address, commands = request.param
    wire.near.ip(*commands)
    wire.far.ip(f"address add {address} dev far0", "route add 10.9.0.5/32 dev far0")
    return str(address)


@pytest.mark.parametrize("prefix", [[], UNPRIVILEGED], ids=["root", "nobody"])
@pytest.mark.parametrize("interface", ["near0", None])
def test_gateway_is_resolved(wire: Wire, gateway: str, prefix: Sequence[str], interface: str | None) -> None:
    """Bug: the gateway counts as behind itself: 1231 without interface, 67 with it, although ping works."""
    (answer,) = call_elsewhere(wire.near, prefix, [("resolve_neighbor", (gateway,), {"interface": interface})])

    assert isinstance(answer, netio.Neighbor), answer
    assert (answer.physical_address, answer.interface) == (FAR_MAC, "near0")


def test_gateway_is_pinned_without_naming_its_interface(wire: Wire, gateway: str) -> None:
    """Bug: replace and get reject the gateway, because the routes lead to it through itself."""
    netio.replace_neighbor(gateway, FAR_MAC)

    assert seen(wire.near)[gateway] == Seen(FAR_MAC)
    assert netio.get_neighbor(gateway).interface == "near0"


def test_hosts_behind_the_gateway_stay_off_link(gateway: str) -> None:
    """Bug: with an onlink route every address is probed on the link."""
    far = "2001:db8:77::1" if ":" in gateway else "203.0.113.77"
    with pytest.raises(netio.UnreachableError) as unreachable:
        netio.resolve_neighbor(far, interface="near0", timeout=5)
    assert unreachable.value.code == 67
    with pytest.raises(netio.UnreachableError, match=f"behind the gateway {gateway}"):
        netio.get_neighbor(far)
