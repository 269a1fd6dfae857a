# SPDX-License-Identifier: MIT
"""Interfaces unlike Ethernet: loopback, an index beyond 24 bits, an interface without IPv6; and sources."""

import pytest

import netio
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.oracle import seen
from netlab.wire import NEAR_IP4, Wire

MAC = "02:00:5e:00:00:07"


@pytest.fixture
def big(wire: Wire) -> int:
    """An interface big0 whose index does not fit into the 24 bits of a LUID."""
    index = 2**24 + 5
    wire.near.ip(f"link add name big0 index {index} type veth peer name big1", "link set big0 up")
    wire.near.ip("address add 203.0.113.1/24 dev big0")
    return index


@pytest.mark.parametrize("verb", [netio.create_neighbor, netio.set_neighbor, netio.replace_neighbor])
def test_entries_on_loopback_are_rejected(wire: Wire, verb: object) -> None:
    """Bug: the kernel keeps one IPv4 entry for all of loopback, under 0.0.0.0, which could not be removed."""
    assert callable(verb)
    with pytest.raises(netio.InvalidParameterError, match="the hosts on lo have no physical addresses"):
        verb("192.0.2.77", MAC, interface="lo")
    assert not [row for row in wire.near.json("neigh show nud all dev lo") if row.get("lladdr") == MAC]


def test_interface_without_luid_is_used_by_index(big: int) -> None:
    """Bug: its LUID of 0 selects every interface, or none."""
    assert netio.Interface("big0", big, 0) in netio.list_interfaces()
    netio.create_neighbor("203.0.113.7", MAC, interface=big)
    row = netio.get_neighbor("203.0.113.7", interface="big0")
    assert (row.interface, row.interface_index, row.interface_luid) == ("big0", big, 0)
    assert row in list(netio.list_neighbors())
    netio.delete_neighbors([row])
    for call in (netio.list_neighbors, netio.flush_neighbors):
        with pytest.raises(netio.InvalidParameterError, match="LUID"):
            call(interface="big0")
    with pytest.raises(netio.NotSupportedError, match="LUID"):
        netio.get_neighbor("203.0.113.7")


def test_interface_without_ipv6_is_not_an_invalid_address(wire: Wire) -> None:
    """Bug: the EINVAL of an interface below the minimum MTU of IPv6 is reported as an invalid address."""
    wire.near.ip("link set near0 mtu 1200")
    with pytest.raises(netio.NotSupportedError):
        netio.create_neighbor("2001:db8::77", MAC, interface="near0")


def test_local_address_of_another_interface_is_rejected(wire: Wire) -> None:
    """Bug: only the given interface is checked, so netio waits for a reply of this machine."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    with pytest.raises(netio.InvalidParameterError):
        netio.resolve_neighbor(NEAR_IP4, interface="near1", timeout=1)


@pytest.mark.parametrize("prefix", [(), UNPRIVILEGED], ids=["root", "nobody"])
def test_loopback_is_not_probed(wire: Wire, prefix: tuple[str, ...]) -> None:
    """Bug: netio waits for an entry that loopback never has, or reports a full table."""
    (error,) = call_elsewhere(wire.near, prefix, [("resolve_neighbor", ("192.0.2.77",), {"interface": "lo"})])
    assert isinstance(error, netio.UnreachableError)


def test_scope_of_the_source_must_be_the_interface(wire: Wire) -> None:
    """Bug: the scope is ignored, and the probe is sent from an address of another interface."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    with pytest.raises(netio.InvalidParameterError, match="contradicts") as caught:
        netio.resolve_neighbor("fe80::2", interface="near0", source="fe80::1%near1")
    assert caught.value.operation == "ResolveIpNetEntry2"
    assert netio.resolve_neighbor("fe80::2", interface="near0", source="fe80::1%near0").physical_address


def test_invalid_source_changes_nothing(wire: Wire) -> None:
    """Bug: the entry is removed before the source is checked."""
    wire.near.ip("neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev near0 nud reachable")
    before = seen(wire.near)
    for source in ("10.9.9.9", "127.0.0.1", "224.0.0.1", "255.255.255.255", "0.0.0.0", "2001:db8::1"):
        with pytest.raises(netio.InvalidParameterError):
            netio.resolve_neighbor("192.0.2.2", interface="near0", source=source)
    assert seen(wire.near) == before
