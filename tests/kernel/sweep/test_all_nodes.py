# SPDX-License-Identifier: MIT
"""sweep_neighbors(all_nodes=True): IPv6 hosts without a list of targets."""

from __future__ import annotations

import socket
import struct
from ipaddress import ip_address
from time import monotonic
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.capture import capturing
from netlab.wire import FAR_IP4, FAR_IP6, FAR_LINK_LOCAL, FAR_MAC, NEAR_IP6, NEAR_LINK_LOCAL, NEAR_MAC

if TYPE_CHECKING:
    from netlab.wire import Wire

ALL_NODES = ip_address("ff02::1").packed
HOSTS = sorted([(FAR_IP6, FAR_MAC), (f"{FAR_LINK_LOCAL}%near0", FAR_MAC)])


def found(*targets: str, retries: int = 1) -> list[tuple[str, str]]:
    """Returns address and physical address of each reply, sorted."""
    replies = netio.sweep_neighbors(targets, interface="near0", timeout=0.3, retries=retries, all_nodes=True)
    return sorted((str(reply.address), str(reply.physical_address)) for reply in replies)


@pytest.mark.usefixtures("wire")
def test_hosts_without_targets() -> None:
    """Bug: the hosts of the link are not found, or one is reported once for each probe."""
    assert found(retries=2) == HOSTS
    assert found(FAR_IP6, FAR_IP4) == sorted([*HOSTS, (FAR_IP4, FAR_MAC)])


def test_host_that_ignores_echo_requests(wire: Wire) -> None:
    """Bug: it is missing, as with an echo request alone."""
    wire.far.run("sysctl", "-qw", "net.ipv6.icmp.echo_ignore_all=1")
    assert found() == HOSTS


def test_host_that_does_not_report_unknown_options(wire: Wire) -> None:
    """Bug: the echo request is not sent, or its reply is not accepted."""
    wire.far.run("sysctl", "-qw", "net.ipv6.icmp.ratelimit=1000000")  # errors: one in 1,000 seconds
    assert found() == HOSTS
    wire.far.run("sysctl", "-qw", "net.ipv6.icmp.echo_ignore_all=1")
    assert found() == []


def test_tables_stay_as_they_were(wire: Wire) -> None:
    """Bug: netio adds entries. The kernels learn if the hosts first ask for the physical address of this machine."""
    wire.far.ip(*(f"neigh add {own} lladdr {NEAR_MAC} dev far0" for own in (NEAR_IP6, NEAR_LINK_LOCAL)))
    before = [end.run("ip", "-d", "neigh", "show", "nud", "all") for end in (wire.near, wire.far)]
    assert found() == HOSTS
    assert [end.run("ip", "-d", "neigh", "show", "nud", "all") for end in (wire.near, wire.far)] == before


def test_probes_are_within_the_rate(wire: Wire) -> None:
    """Bug: the two kinds of probes count as one packet."""
    with capturing(wire) as capture:
        started = monotonic()
        list(netio.sweep_neighbors([], interface="near0", timeout=0.001, rate=4, retries=0, all_nodes=True))
        assert monotonic() - started >= 0.75
        assert sum(frame[:6] == bytes.fromhex("333300000001") for frame in capture.frames()) == 4


def listener_query() -> bytes:
    """Returns a general query of MLDv2 (RFC 3810) from the highest address, which every election of queriers loses."""
    source = ip_address("fe80::ffff:ffff:ffff:ffff").packed
    message = struct.pack("!BBHHH16sBBH", 130, 0, 0, 500, 0, bytes(16), 0, 0, 0)
    data = source + ALL_NODES + struct.pack("!II", len(message), 58) + message
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    message = message[:2] + checksum.to_bytes(2, "big") + message[4:]
    router_alert = b"\x3a\0\5\2\0\0\1\0"
    header = struct.pack("!IHBB", 6 << 28, len(router_alert + message), 0, 1) + source + ALL_NODES
    return bytes.fromhex("333300000001020000000001") + b"\x86\xdd" + header + router_alert + message


def test_snooping_of_switches_stays_off(wire: Wire) -> None:
    """Bug: a query for listeners makes a switch deliver multicasts to no host that does not report; so none is sent."""
    wire.far.ip("link add br0 type bridge mcast_snooping 1", "link set br0 up", "link set far0 master br0")
    assert found() == []
    assert "router ports" not in wire.far.run("bridge", "-d", "mdb")
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as near:
        near.bind(("near0", 0))
        near.send(listener_query())
    assert "router ports on br0: far0" in wire.far.run("bridge", "-d", "mdb")
