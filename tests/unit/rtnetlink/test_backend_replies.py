# SPDX-License-Identifier: MIT
"""Interfaces, addresses, routes and details of entries, read from replies of a fake kernel, on every machine."""

import errno
import socket
import subprocess
from collections.abc import Callable

import pytest

from netio._native import lib

from .conftest import ask
from .machine import pack
from .test_reader import CACHEINFO, DONE, DST, LLADDR, PROBES, attribute, message, neighbor

NEWLINK, NEWADDR, NEWROUTE = 16, 20, 24
IFF_UP, IFF_POINTOPOINT, IFF_RUNNING, IFF_NOARP = 0x1, 0x10, 0x40, 0x80
ETHERNET, GRE, INFINIBAND = 1, 778, 32  # ARPHRD_
IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU = 1, 3, 4
IFA_ADDRESS, IFA_LOCAL = 1, 2
RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_VIA = 1, 4, 5, 18
RTN_UNICAST, RTN_LOCAL = 1, 2
PROTOCOL, FLAGS_EXT = 12, 15
NETWORK_UNREACHABLE, INVALID_PARAMETER = 1231, 87

MAC = bytes.fromhex("02005e000007")
IP4, IP4_GATEWAY = bytes([192, 0, 2, 7]), bytes([192, 0, 2, 1])
IP6, LINK_LOCAL = bytes.fromhex("20010db8" + "00" * 11 + "07"), bytes.fromhex("fe80" + "00" * 13 + "01")

Call = Callable[..., list[list[str]]]


def luid(if_type: int, index: int) -> str:
    return str(if_type << 48 | index << 24)


def link(
    index: int, name: str, hardware: int = ETHERNET, flags: int = IFF_UP | IFF_RUNNING, address: bytes = MAC
) -> bytes:
    fixed = pack("BxHiII", 0, hardware, index, flags, 0)
    mtu = attribute(IFLA_MTU, pack("I", 1500))
    return fixed + mtu + attribute(IFLA_IFNAME, name.encode() + b"\0") + attribute(IFLA_ADDRESS, address)


def route(family: int, *attributes: bytes, bits: int, kind: int = RTN_UNICAST) -> bytes:
    return message(pack("8BI", family, bits, 0, 0, 254, 2, 0, kind, 0) + b"".join(attributes), kind=NEWROUTE, flags=0)


@pytest.fixture(scope="session")
def call(backend_feeder: subprocess.Popen[str]) -> Call:
    """Calls a function of the backend, with the datagrams of the kernel; returns the members of the items."""

    def result(function: str, *datagrams: bytes, code: int = 0) -> list[list[str]]:
        got, *items = ask(backend_feeder, " ".join([function, *(datagram.hex() for datagram in datagrams)]))
        assert int(got) == code
        return [item.split(",")[:-1] for item in items]

    return result


def test_interfaces(call: Call) -> None:
    """Bug: the index, the flags or the hardware type is read with the wrong size or byte order."""
    tunnel = link(0x010203, "gre1", GRE, IFF_UP | IFF_POINTOPOINT | IFF_NOARP, IP4)
    infiniband = link(7, "ib0", INFINIBAND, IFF_RUNNING, bytes(range(20)))
    links = [message(body, kind=NEWLINK) for body in (link(3, "near0"), tunnel, infiniband)]
    assert call("interfaces", links[0] + links[1], links[2], DONE) == [
        ["near0", "near0", luid(6, 3), "3", "3", MAC.hex()],
        ["gre1", "gre1", luid(131, 0x010203), str(0x010203), "0", ""],
        ["ib0", "ib0", luid(199, 7), "7", "3", bytes(range(20)).hex()],
    ]


def test_addresses(call: Call) -> None:
    """Bug: the peer of a point-to-point link is taken as the own address, or the index has the wrong byte order."""
    ip4 = pack("BBBBI", socket.AF_INET, 32, 0, 0, 0x0102) + attribute(IFA_ADDRESS, IP4_GATEWAY)
    ip6 = pack("BBBBI", socket.AF_INET6, 64, 0, 0, 3) + attribute(IFA_ADDRESS, IP6)
    found = message(ip4 + attribute(IFA_LOCAL, IP4), kind=NEWADDR), message(ip6, kind=NEWADDR)
    assert call("addresses", *found, DONE) == [
        [IP4.hex(), IP4_GATEWAY.hex(), "32", str(0x0102)],
        [IP6.hex(), IP6.hex(), "64", "3"],
    ]


def test_details_of_entries(call: Call) -> None:
    """Bug: a number of the details is read with the wrong size or byte order, or from another member."""
    info = attribute(CACHEINFO, pack("4I", 0x0102, 0x0304, 0x0506, 0x0708))  # confirmed, used, updated, references
    details = attribute(PROBES, pack("I", 0x090A)) + attribute(PROTOCOL, b"\x0b") + attribute(FLAGS_EXT, pack("I", 1))
    entry = neighbor(attribute(DST, IP4), attribute(LLADDR, MAC), info, details, state=0x02, flags=0x80)
    assert call("entries", message(entry), DONE, message(link(3, "near0"), kind=NEWLINK, flags=0, sequence=2)) == [
        [
            *(IP4.hex(), MAC.hex(), "3", luid(6, 3)),
            *(str(lib.NETIO_IS_ROUTER | lib.NETIO_IS_FOREIGN), str(0x0102 * 10)),
            *("2", str(0x80 | 1 << 8), "11", str(0x090A)),
            *(str(ticks * 10) for ticks in (0x0304, 0x0102, 0x0506)),
            str(0x0708),
        ]
    ]


OIF = attribute(RTA_OIF, pack("i", 0x0103))
REPLY_LINK = message(link(0x0103, "near0"), kind=NEWLINK, flags=0, sequence=2)
LUID = luid(6, 0x0103)


@pytest.mark.parametrize(
    ("destination", "reply", "code", "interface", "gateway"),
    [
        (IP4, route(2, attribute(RTA_DST, IP4), OIF, bits=32), 0, LUID, b""),
        (IP6, route(10, attribute(RTA_DST, IP6), OIF, bits=128), 0, LUID, b""),
        (IP4, route(2, attribute(RTA_GATEWAY, IP4_GATEWAY), OIF, bits=0), NETWORK_UNREACHABLE, LUID, IP4_GATEWAY),
        (
            IP4,
            route(2, attribute(RTA_VIA, pack("H", socket.AF_INET6) + LINK_LOCAL), OIF, bits=0),
            NETWORK_UNREACHABLE,
            LUID,
            LINK_LOCAL,
        ),
        (IP4, route(2, attribute(RTA_DST, IP4), OIF, bits=32, kind=RTN_LOCAL), INVALID_PARAMETER, "0", b""),
        (IP4, message(pack("i", -errno.ENETUNREACH) + bytes(16), kind=2, flags=0), NETWORK_UNREACHABLE, "0", b""),
    ],
    ids=["on-link IPv4", "on-link IPv6", "gateway", "IPv6 gateway of IPv4", "own address", "no route"],
)
def test_next_hop(call: Call, destination: bytes, reply: bytes, code: int, interface: str, gateway: bytes) -> None:
    """Bug: the index of the outgoing interface or the family of RTA_VIA has the wrong byte order."""
    (result,) = call(f"route {destination.hex()} 0", reply, REPLY_LINK, code=code)
    assert result == [interface, gateway.hex()]
