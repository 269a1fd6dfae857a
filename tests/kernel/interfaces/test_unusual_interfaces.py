# SPDX-License-Identifier: MIT
"""Links on which something is not as on Ethernet: loopback, indexes beyond 24 bits, a link without IPv6."""

import pytest

import netio
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.oracle import seen
from netlab.wire import NEAR_IP4, Wire

MAC = "02:00:5e:00:00:07"


@pytest.fixture
def big(wire: Wire) -> int:
    """A link big0 whose index does not fit the 24 bits that a LUID has for it."""
    index = 2**24 + 5
    wire.near.ip(f"link add name big0 index {index} type veth peer name big1", "link set big0 up")
    wire.near.ip("address add 203.0.113.1/24 dev big0")
    return index


@pytest.mark.parametrize("verb", [netio.create_neighbor, netio.set_neighbor, netio.replace_neighbor])
def test_nothing_is_written_on_loopback(wire: Wire, verb: object) -> None:
    """Bug: the kernel keeps one IPv4 row for all of loopback, under 0.0.0.0, which nothing could remove again."""
    assert callable(verb)
    with pytest.raises(netio.InvalidParameterError, match="neighbours there have none"):
        verb("192.0.2.77", MAC, interface="lo")
    assert not [row for row in wire.near.json("neigh show nud all dev lo") if row.get("lladdr") == MAC]


def test_a_large_index_goes_by_index(big: int) -> None:
    """Bug: its LUID of 0 is taken for every interface, or for none at all."""
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


def test_a_link_without_ip6_is_not_the_fault_of_the_address(wire: Wire) -> None:
    """Bug: the kernel's EINVAL for a link below IPv6's least MTU is told as a bad address."""
    wire.near.ip("link set near0 mtu 1200")
    with pytest.raises(netio.NotSupportedError):
        netio.create_neighbor("2001:db8::77", MAC, interface="near0")


def test_one_s_own_address_on_another_link_is_refused(wire: Wire) -> None:
    """Bug: only the named link is looked at, and one waits for oneself to answer."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    with pytest.raises(netio.InvalidParameterError):
        netio.resolve_neighbor(NEAR_IP4, interface="near1", timeout=1)


@pytest.mark.parametrize("prefix", [(), UNPRIVILEGED], ids=["root", "nobody"])
def test_nobody_is_asked_on_loopback(wire: Wire, prefix: tuple[str, ...]) -> None:
    """Bug: the missing row of a link that has none is waited for, or told as a full table."""
    (error,) = call_elsewhere(wire.near, prefix, [("resolve_neighbor", ("192.0.2.77",), {"interface": "lo"})])
    assert isinstance(error, netio.UnreachableError)


def test_the_scope_of_a_source_must_be_the_interface(wire: Wire) -> None:
    """Bug: the scope is dropped, and the question goes out from another link's address."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    with pytest.raises(netio.InvalidParameterError, match="contradicts") as caught:
        netio.resolve_neighbor("fe80::2", interface="near0", source="fe80::1%near1")
    assert caught.value.operation == "ResolveIpNetEntry2"
    assert netio.resolve_neighbor("fe80::2", interface="near0", source="fe80::1%near0").physical_address


def test_a_bad_source_changes_nothing(wire: Wire) -> None:
    """Bug: the row is dropped before the source is looked at."""
    wire.near.ip("neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev near0 nud reachable")
    before = seen(wire.near)
    for source in ("10.9.9.9", "127.0.0.1", "224.0.0.1", "255.255.255.255", "0.0.0.0", "2001:db8::1"):
        with pytest.raises(netio.InvalidParameterError):
            netio.resolve_neighbor("192.0.2.2", interface="near0", source=source)
    assert seen(wire.near) == before
