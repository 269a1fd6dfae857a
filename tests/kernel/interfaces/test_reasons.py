# SPDX-License-Identifier: MIT
"""Errors explain which kind of address is rejected, and whether another call can succeed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import netio
from netio.errors import Hint, Reason
from netlab.command import complaint, run
from netlab.wire import FAR_IP4, NEAR_IP4, NEAR_IP6, NEAR_LINK_LOCAL

if TYPE_CHECKING:
    from conftest import Caller
    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"
OWN, BROADCAST = Reason.OWN_ADDRESS, Reason.BROADCAST_ADDRESS

pytestmark = pytest.mark.usefixtures("wire")


@pytest.mark.parametrize(
    ("address", "reason", "helps"),
    [
        (NEAR_IP4, OWN, ()),
        (NEAR_IP6, OWN, ()),
        ("192.0.2.255", BROADCAST, ("get", "delete")),
        ("224.0.0.9", "it is a multicast address", ("get", "delete", "resolve")),
        ("ff02::9", "it is a multicast address", ("get", "delete", "resolve")),
        ("fe80::77", "it is a link-local address", ("get", "delete", "resolve")),
        (NEAR_LINK_LOCAL, "it is a link-local address", ("get", "delete", "resolve")),
        ("2001:db8::", "it is a local, broadcast or anycast address", ("get", "delete", "resolve")),
        ("0.0.0.0", "it is the unspecified address", ()),
        ("::1", "it is a loopback address", ()),
        ("255.255.255.255", "it is the limited broadcast address", ()),
        ("::ffff:192.0.2.7", "it is an IPv4-mapped address, whose entry is that of 192.0.2.7", ()),
    ],
)
@pytest.mark.parametrize("verb", ["get", "delete", "resolve"])
def test_kind_of_an_address_without_interface(
    anyone: Caller, verb: str, address: str, reason: str, helps: tuple[str, ...]
) -> None:
    """Bug: all kinds share one text, or the advice leads to the same error again."""
    Path("/proc/sys/net/ipv6/conf/all/forwarding").write_text("1")  # makes 2001:db8:: an anycast address
    with pytest.raises(netio.InvalidParameterError) as caught:
        anyone(f"{verb}_neighbor", address)
    assert caught.value.reason.startswith(reason)
    assert caught.value.hint == (Hint.NAME_INTERFACE if verb in helps else None)


@pytest.mark.parametrize(
    ("address", "reason"),
    [(NEAR_IP4, OWN), (NEAR_IP6, OWN), (NEAR_LINK_LOCAL, OWN), ("192.0.2.255", BROADCAST)],
)
def test_get_and_resolve_do_not_advise_each_other(address: str, reason: str) -> None:
    """Bug: `get` advises to resolve an address that `resolve` rejects, or one of them does not say why."""
    line = complaint("get", address, "-i", "near0")
    assert f"the address has no entry there: {reason}" in line
    assert "`netio" not in line
    resolving = run("resolve", address, "-i", "near0")
    assert f"on near0: {reason}" in resolving.stderr
    assert "; " not in resolving.stderr


def test_address_of_the_threads_own_namespace_is_a_neighbor_in_another_one(wire: Wire) -> None:
    """Bug: the kind of an address is looked up in the namespace of the thread, not in the selected one."""
    with netio.namespace(wire.far.descriptor):
        with pytest.raises(netio.NeighborNotFoundError) as absent:
            netio.get_neighbor(NEAR_IP4, interface="far0")
        for address, reason in ((FAR_IP4, OWN), ("192.0.2.255", BROADCAST)):
            with pytest.raises(netio.InvalidParameterError) as caught:
                netio.resolve_neighbor(address, interface="far0")
            assert caught.value.reason == reason
    assert absent.value.hint is Hint.CREATE_OR_RESOLVE


@pytest.mark.parametrize("interface", [None, "near0"])
@pytest.mark.parametrize(
    ("address", "reason"),
    [("198.51.100.9", OWN), ("203.0.113.127", BROADCAST), ("10.1.2.3", OWN), ("10.0.0.1", OWN)],
    ids=["local prefix", "configured broadcast address", "of another interface", "of another interface, host prefix"],
)
def test_kind_is_that_of_the_route(wire: Wire, address: str, reason: str, interface: str | None) -> None:
    """Bug: the kind is taken from addresses and prefixes, which lack local routes and other broadcast addresses."""
    wire.near.ip(
        "route add local 198.51.100.0/24 dev lo",
        "address add 203.0.113.1/24 broadcast 203.0.113.127 dev near0",
        "address add 10.1.2.3/24 dev lo",
        "address add 10.0.0.1/32 dev lo",
    )
    with pytest.raises(netio.InvalidParameterError) as caught:
        netio.resolve_neighbor(address, interface=interface)
    assert (caught.value.reason, caught.value.hint) == (reason, None)
    assert complaint("scan", f"{address}/32", "-i", "near0").startswith(
        f"netio: {address}/32 cannot be scanned: {address}"
    )


@pytest.mark.parametrize("kind", ["unreachable", "prohibit", "blackhole"])
def test_route_that_rejects_an_address_does_not_make_it_a_broadcast_address(wire: Wire, kind: str) -> None:
    """Bug: any EACCES of connect() counts as a broadcast address."""
    wire.near.ip(f"route add {kind} 203.0.113.9/32")
    assert complaint("get", "203.0.113.9", "-i", "near0").startswith(
        "netio: 203.0.113.9 on near0: the address has no entry there; "
    )


@pytest.mark.parametrize(
    ("address", "source", "reason"),
    [
        (FAR_IP4, "192.0.2.6", "the source 192.0.2.6 is not an address of this machine, or not one for near0"),
        (FAR_IP4, NEAR_IP6, f"the source {NEAR_IP6} has another address family than {FAR_IP4}"),
        (NEAR_IP4, "192.0.2.6", OWN),
    ],
)
def test_reason_of_an_invalid_source(anyone: Caller, address: str, source: str, reason: str) -> None:
    """Bug: the message begins with rules for the address, although the source is invalid."""
    with pytest.raises(netio.InvalidParameterError) as caught:
        anyone("resolve_neighbor", address, interface="near0", source=source)
    assert caught.value.reason.startswith(reason)


@pytest.mark.parametrize(
    ("physical_address", "interface", "reason"),
    [
        ("02:00", "near0", "the physical address has 2 bytes, but those on near0 have 6"),
        ("", "near0", "the physical address is missing; give one of 6 bytes like 02:00:5e:00:00:07"),
        ("", "lo", "the hosts on lo have no physical addresses, so no entry can be written"),
        (MAC, "lo", "the hosts on lo have no physical addresses, so no entry can be written"),
    ],
)
@pytest.mark.parametrize("verb", ["create", "set", "replace"])
def test_reason_of_a_wrong_length(verb: str, physical_address: str, interface: str, reason: str) -> None:
    """Bug: the message contradicts itself ("has 0 bytes, neighbours there have none"), or has no right length."""
    with pytest.raises(netio.InvalidParameterError) as caught:
        getattr(netio, f"{verb}_neighbor")("192.0.2.77", physical_address, interface=interface)
    assert caught.value.reason == reason
