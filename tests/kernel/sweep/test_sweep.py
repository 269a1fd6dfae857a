# SPDX-License-Identifier: MIT
"""sweep_neighbors(): what it finds, and what it leaves alone."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.answering import answering, arp_reply
from netlab.capture import capturing
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.wire import (
    ABSENT_IP4,
    ABSENT_IP6,
    FAR_IP4,
    FAR_IP6,
    FAR_LINK_LOCAL,
    FAR_MAC,
    NEAR_IP4,
    NEAR_IP6,
    NEAR_LINK_LOCAL,
    NEAR_MAC,
)

if TYPE_CHECKING:
    from netlab.wire import Wire

SECOND_MAC, THIRD_MAC = "02:00:00:00:00:99", "02:00:00:00:00:9a"
HOSTS = [f"192.0.2.{n}" for n in (7, 9, 200)]

# With every capability removed except CAP_NET_RAW.
ONLY_RAW = ("setpriv", "--bounding-set=-all,+net_raw", "--inh-caps=-all", "--no-new-privs")


def found(*targets: str, **named: object) -> list[tuple[str, str]]:
    """Returns address and physical address of each reply, sorted."""
    replies = netio.sweep_neighbors(targets, **{"timeout": 0.3} | named)  # type: ignore[arg-type]
    return sorted((str(reply.address), str(reply.physical_address)) for reply in replies)


def tables(wire: Wire) -> tuple[str, str]:
    """Returns the neighbour tables of both ends, with all details that do not change with time."""
    near, far = (end.run("ip", "-d", "neigh", "show", "nud", "all") for end in (wire.near, wire.far))
    return near, far


def test_every_host_replies_and_the_table_stays_as_it_was(wire: Wire) -> None:
    """Bug: a host is missing, or the kernel's table gets entries, loses some, or the pinned ones change."""
    wire.far.ip(*(f"route add local {host} dev lo" for host in HOSTS))
    wire.near.ip(
        f"neigh add 192.0.2.7 lladdr {SECOND_MAC} dev near0 nud permanent",
        f"neigh add 192.0.2.50 lladdr {SECOND_MAC} dev near0 nud stale",
    )
    near, far = tables(wire)

    targets = [f"192.0.2.{n}" for n in range(256)]
    assert found(*targets, source="0.0.0.0") == sorted((host, FAR_MAC) for host in [FAR_IP4, *HOSTS])
    assert tables(wire) == (near, far)

    assert len(found(*targets)) == 4
    after = tables(wire)
    assert after[0] == near
    assert [line.split()[0] for line in after[1].splitlines() if line not in far.splitlines()] == [NEAR_IP4]


def test_ip6_targets(wire: Wire) -> None:
    """Bug: a solicitation has an invalid checksum, group or source; or its own table gets an entry."""
    near, _ = tables(wire)
    (one, other) = netio.sweep_neighbors([FAR_IP6, f"{FAR_LINK_LOCAL}%near0", ABSENT_IP6], timeout=0.3)
    assert (str(one.address), one.physical_address, one.interface) == (FAR_IP6, FAR_MAC, "near0")
    assert (str(other.address), other.physical_address) == (f"{FAR_LINK_LOCAL}%near0", FAR_MAC)
    assert 0 < one.elapsed < 30
    assert tables(wire)[0] == near
    with capturing(wire) as capture:
        assert found(FAR_IP6, source=NEAR_IP6) == [(FAR_IP6, FAR_MAC)]
        assert {question.sender for question in capture.questions()} == {NEAR_IP6}


def test_two_hosts_with_one_address_are_two_replies(wire: Wire) -> None:
    """Bug: the second host is not reported, or each repetition of a reply is."""

    def frames(target: str) -> list[bytes]:
        return [arp_reply(target, SECOND_MAC), arp_reply(target, THIRD_MAC), arp_reply(target, SECOND_MAC)]

    with answering(wire, frames):
        assert found(FAR_IP4, FAR_IP4) == [(FAR_IP4, mac) for mac in (FAR_MAC, SECOND_MAC, THIRD_MAC)]


def test_inventions_of_one_host_are_limited(wire: Wire) -> None:
    """Bug: a host that invents physical addresses fills the memory of the caller."""
    with answering(wire, lambda target: [arp_reply(target, f"02:00:00:00:01:{n:02x}") for n in range(100)]):
        assert len(found(ABSENT_IP4)) == 16


PRIORITY_TAG, VLAN_TAG = b"\x81\0\xe0\0", b"\x81\0\0\5"


@pytest.mark.parametrize(
    "frame",
    [
        arp_reply(ABSENT_IP4, operation=1),
        arp_reply(ABSENT_IP4, operation=0x102),
        arp_reply("192.0.2.78"),
        arp_reply(ABSENT_IP4, to="192.0.2.78"),
        arp_reply(ABSENT_IP4, to=ABSENT_IP4, destination="ff:ff:ff:ff:ff:ff"),
        arp_reply(ABSENT_IP4, destination=THIRD_MAC),
        arp_reply(ABSENT_IP4, NEAR_MAC, origin=FAR_MAC),
        arp_reply(ABSENT_IP4, origin=NEAR_MAC),
        arp_reply(ABSENT_IP4, "00:00:00:00:00:00", origin=FAR_MAC),
        arp_reply(ABSENT_IP4, "ff:ff:ff:ff:ff:ff", origin=FAR_MAC),
        arp_reply(ABSENT_IP4, tag=VLAN_TAG),
        arp_reply(ABSENT_IP4, lengths=b"\x08\4"),
        arp_reply(ABSENT_IP4, hardware=b"\0\x06"),
        arp_reply(ABSENT_IP4)[:41],
    ],
)
def test_frames_that_are_not_a_reply(wire: Wire, frame: bytes) -> None:
    """Bug: such a frame is taken for a reply. The valid one after it shows that it was received."""
    with answering(wire, lambda target: [frame, arp_reply(target, SECOND_MAC)]):
        assert found(ABSENT_IP4, "192.0.2.79") == [(ABSENT_IP4, SECOND_MAC), ("192.0.2.79", SECOND_MAC)]


def test_reply_with_a_priority_is_accepted(wire: Wire) -> None:
    """Bug: a tag without a VLAN is treated as one of another VLAN; or a reply that is broadcast is ignored."""
    with answering(wire, lambda target: [arp_reply(target, SECOND_MAC, tag=PRIORITY_TAG)]):
        assert found(ABSENT_IP4) == [(ABSENT_IP4, SECOND_MAC)]
    with answering(wire, lambda target: [arp_reply(target, SECOND_MAC, destination="ff:ff:ff:ff:ff:ff")]):
        assert found(ABSENT_IP4) == [(ABSENT_IP4, SECOND_MAC)]


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_silent_targets_are_probed_again(wire: Wire, retries: int) -> None:
    """Bug: a target that replied is probed again, or a silent one too often."""
    with capturing(wire) as capture:
        found(FAR_IP4, ABSENT_IP4, ABSENT_IP6, retries=retries)
        probed = [question.target for question in capture.questions()]
    assert {target: probed.count(target) for target in probed} == {
        FAR_IP4: 1,
        ABSENT_IP4: retries + 1,
        ABSENT_IP6: retries + 1,
    }


@pytest.mark.parametrize("rate", [40, 300])
def test_rate_is_never_exceeded(wire: Wire, rate: int) -> None:
    """Bug: a burst follows a pause, so that more packets than the rate are sent in one second."""
    with wire.far.entered():
        far = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
    with far:
        far.bind(("far0", 0x0806))
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)  # as much as the system allows
        far.setsockopt(socket.SOL_SOCKET, 64, 1)  # SO_TIMESTAMPNS_NEW
        far.settimeout(10)
        count = rate * 5 // 4
        wire.near.ip("route add 10.0.0.0/16 dev near0")
        targets = (f"10.0.{n >> 8}.{n & 255}" for n in range(count))
        list(netio.sweep_neighbors(targets, timeout=0.001, rate=rate, retries=0))
        times: list[int] = []
        while len(times) < count:
            _, ((_, _, stamp),), *_ = far.recvmsg(100, 100)
            seconds, nanoseconds = memoryview(stamp).cast("q")
            times.append(seconds * 10**9 + nanoseconds)
    # The clock of the time stamps can be adjusted, that of the limit is not: a ten-thousandth.
    assert min(b - a for a, b in zip(times, times[rate:], strict=False)) >= 999_900_000


def test_targets_that_are_not_probed(wire: Wire) -> None:
    """Bug: an address that is behind a gateway, or this machine's, is probed; or it is left out without a word."""
    wire.near.ip(f"route add 203.0.113.0/24 via {FAR_IP4}")
    targets = ["203.0.113.9", "hello", NEAR_IP4, "192.0.2.255", "224.0.0.1", "127.0.0.1", "fe80::77", FAR_IP4]
    got: list[netio.SweepReply] = []
    with capturing(wire) as capture:
        with pytest.raises(ExceptionGroup) as caught:
            got.extend(netio.sweep_neighbors(targets, timeout=0.1))
        assert {question.target for question in capture.questions()} == {FAR_IP4}
    assert [str(reply.address) for reply in got] == [FAR_IP4]
    assert str(caught.value) == "5 of 8 targets were not probed (5 sub-exceptions)"
    places = [error.position for error in caught.value.exceptions if isinstance(error, netio.NetioError)]
    assert sorted(place or 0 for place in places) == [0, 1, 4, 5, 6]

    errors: list[netio.NetioError] = []
    assert len(list(netio.sweep_neighbors(targets, timeout=0.1, on_error=errors.append))) == 1
    assert sorted(error.position or 0 for error in errors) == [*range(7)]
    reasons = {error.position: error.reason for error in errors}
    assert (reasons[2], reasons[3]) == (netio.errors.Reason.OWN_ADDRESS, netio.errors.Reason.BROADCAST_ADDRESS)
    for target, kind in (("203.0.113.9", netio.UnreachableError), (NEAR_IP4, netio.InvalidParameterError)):
        errors.clear()
        assert list(netio.sweep_neighbors([target], interface="near0", on_error=errors.append)) == []
        assert [type(error) for error in errors] == [kind]


@pytest.mark.parametrize("source", ["192.0.2.9", FAR_IP6, "2001:db8::77"])
def test_source_that_this_machine_does_not_have(wire: Wire, source: str) -> None:
    """Bug: frames are sent with the address of another host."""
    with capturing(wire) as capture:
        with pytest.raises(ExceptionGroup) as caught:
            found(FAR_IP4, source=source)
        assert capture.frames() == []
    assert f"the source {source} " in str(caught.value.exceptions[0])


def test_source_is_the_address_of_the_prefix(wire: Wire) -> None:
    """Bug: hosts get a probe from an address to which they have no route; or an interface without one sends none."""
    wire.near.ip("address add 198.51.100.1/24 dev near0", "route add 10.0.0.0/24 dev near0")
    with capturing(wire) as capture:
        found(ABSENT_IP4, "198.51.100.9", "10.0.0.9", ABSENT_IP6)
        assert {question.target: question.sender for question in capture.questions()} == {
            ABSENT_IP4: NEAR_IP4,
            "198.51.100.9": "198.51.100.1",
            "10.0.0.9": NEAR_IP4,
            ABSENT_IP6: NEAR_LINK_LOCAL,
        }
    wire.near.ip("address flush dev near0 scope global", f"route add {FAR_IP4} dev near0")
    with capturing(wire) as capture:
        assert found(FAR_IP4) == [(FAR_IP4, FAR_MAC)]
        assert {question.sender for question in capture.questions()} == {"0.0.0.0"}


def test_source_is_the_address_of_the_longest_prefix(wire: Wire) -> None:
    """Bug: the first prefix counts, so a host with the narrow one does not reply to an address outside of it."""
    wire.near.ip("address add 192.0.2.201/28 dev near0", "address add 192.0.2.129/25 dev near0")
    with capturing(wire) as capture:
        found("192.0.2.3", "192.0.2.140", "192.0.2.202")
        assert {question.target: question.sender for question in capture.questions()} == {
            "192.0.2.3": NEAR_IP4,
            "192.0.2.140": "192.0.2.129",
            "192.0.2.202": "192.0.2.201",
        }


def test_tentative_addresses_are_not_sources(wire: Wire) -> None:
    """Bug: hosts learn this machine's physical address for an address that another host may have."""
    wire.near.run("sysctl", "-qw", "net.ipv6.conf.near0.dad_transmits=1000")
    wire.near.ip(f"address delete {NEAR_LINK_LOCAL}/64 dev near0", "address add fe80::9/64 dev near0")
    with capturing(wire) as capture:
        assert found(FAR_IP6) == [(FAR_IP6, FAR_MAC)]
        with pytest.raises(ExceptionGroup):
            found(ABSENT_IP6, source="fe80::9")
        probed = {(question.target, question.sender) for question in capture.questions() if question.sender != "::"}
    assert probed == {(FAR_IP6, NEAR_IP6)}


def test_interfaces_without_probes(wire: Wire) -> None:
    """Bug: ARP requests are sent on an interface that does not use them."""
    wire.near.ip("link set near0 arp off")
    with capturing(wire) as capture:
        with pytest.raises(ExceptionGroup) as caught:
            found(FAR_IP4)
        assert capture.frames() == []
    (error,) = caught.value.exceptions
    assert isinstance(error, netio.NotSupportedError)
    with pytest.raises(netio.InterfaceNotFoundError):
        netio.sweep_neighbors([], interface="absent0")


def test_bridge(wire: Wire) -> None:
    """Bug: the frames are sent on a port of the bridge, whose replies the bridge takes."""
    wire.near.ip(
        "link add br0 address 02:00:00:00:00:0b type bridge",
        "address flush dev near0",
        "link set near0 master br0",
        "link set br0 up",
        f"address add {NEAR_IP4}/24 dev br0",
    )
    (reply,) = netio.sweep_neighbors([FAR_IP4], timeout=5)
    assert (reply.physical_address, reply.interface) == (FAR_MAC, "br0")


def test_namespace_of_the_call(wire: Wire) -> None:
    """Bug: the sockets, routes or sources are those of the thread that iterates, not of the namespace of the call."""
    with netio.namespace(wire.far.descriptor):
        replies = netio.sweep_neighbors([NEAR_IP4], timeout=0.3)
        nodes = netio.sweep_neighbors([], interface="far0", timeout=0.3, all_nodes=True)
    assert [(reply.physical_address, reply.interface) for reply in replies] == [(NEAR_MAC, "far0")]
    assert {str(reply.address) for reply in nodes} == {NEAR_IP6, f"{NEAR_LINK_LOCAL}%far0"}


def test_interface_that_goes_down(wire: Wire) -> None:
    """Bug: the rest of the targets look silent."""

    replies = netio.sweep_neighbors([FAR_IP4, *(f"192.0.2.{n}" for n in range(100, 200))], rate=20)
    assert next(replies).physical_address == FAR_MAC
    wire.near.ip("link set near0 down")
    with pytest.raises(netio.NetioError):
        list(replies)


def test_privilege(wire: Wire) -> None:
    """Bug: it demands more than CAP_NET_RAW, or an unprivileged sweep finds nothing instead of being refused."""
    call = "sweep_neighbors", ([FAR_IP4],), {"timeout": 5}
    (refused,) = call_elsewhere(wire.near, UNPRIVILEGED, [call])
    assert isinstance(refused, netio.AccessDeniedError)
    assert "CAP_NET_RAW" in refused.reason
    ((reply,),) = call_elsewhere(wire.near, ONLY_RAW, [call])
    assert reply.physical_address == FAR_MAC


@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize(
    ("named", "error"),
    [
        ({"timeout": 0}, netio.InvalidParameterError),
        ({"timeout": None}, TypeError),
        ({"rate": 0}, netio.InvalidParameterError),
        ({"rate": 1.5}, TypeError),
        ({"retries": -1}, netio.InvalidParameterError),
        ({"retries": True}, TypeError),
        ({"all_nodes": 1}, TypeError),
        ({"all_nodes": True}, netio.InvalidParameterError),
        ({"source": "hello"}, netio.InvalidParameterError),
    ],
)
def test_invalid_arguments(named: dict[str, object], error: type[Exception]) -> None:
    """Bug: an argument is checked only while frames are sent."""
    with pytest.raises(error):
        netio.sweep_neighbors([FAR_IP4], **named)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        netio.sweep_neighbors(FAR_IP4)


@pytest.mark.usefixtures("wire")
def test_sockets_are_closed() -> None:
    """Bug: an iterator that is closed early, or never started, leaves its sockets open."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    replies = netio.sweep_neighbors([FAR_IP4, FAR_IP6], timeout=100)
    next(replies)
    replies.close()  # type: ignore[attr-defined]
    del replies
    netio.sweep_neighbors([FAR_IP4])
    assert len(list(Path("/proc/self/fd").iterdir())) == before
