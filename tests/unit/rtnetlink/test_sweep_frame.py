# SPDX-License-Identifier: MIT
"""The frames of a sweep: probes as the RFCs define them, valid and malformed replies, and the limit of the rate."""

import struct
import subprocess
from ipaddress import ip_address
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import ask

OWN, HOST, OTHER = bytes.fromhex("020000000001"), bytes.fromhex("020000000002"), bytes.fromhex("020000000003")
IP4, TARGET4 = (ip_address(text).packed for text in ("192.0.2.1", "192.0.2.77"))
IP6, TARGET6 = (ip_address(text).packed for text in ("fe80::1", "2001:db8::12:3456"))
ALL_NODES = ip_address("ff02::1").packed


def checksum(source: bytes, destination: bytes, message: bytes) -> int:
    """Returns the checksum of RFC 4443, 2.3, over a message with its checksum 0, or to 0 if that is right."""
    data = source + destination + struct.pack("!IHBB", len(message), 0, 0, 58) + message + bytes(len(message) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(message: bytes, *, source: bytes = TARGET6, to: bytes = IP6, hops: int = 255, following: int = 58) -> bytes:
    """Returns the frame of an ICMPv6 message to the host, with its checksum."""
    message = message[:2] + checksum(source, to, message).to_bytes(2, "big") + message[4:]
    header = struct.pack("!IHBB", 6 << 28, len(message), following, hops)
    return OWN + HOST + b"\x86\xdd" + header + source + to + message


def advertisement(
    options: bytes = b"\2\1" + OTHER, *, kind: int = 136, code: int = 0, flags: int = 0x60, target: bytes = TARGET6
) -> bytes:
    return struct.pack("!BBHI", kind, code, 0, flags << 24) + target + options


def arp(operation: int = 2, lengths: bytes = b"\6\4", sender: bytes = OTHER, target: bytes = TARGET4) -> bytes:
    hosts = sender + target + OWN + IP4
    return OWN + HOST + b"\x08\6\0\1\x08\0" + lengths + operation.to_bytes(2, "big") + hosts


def problem(code: int = 2, pointer: int = 42, *, probe: bytes | None = None) -> bytes:
    """Returns a parameter problem about a probe, by default the one with an unknown option."""
    return struct.pack("!BBHI", 4, code, 0, pointer) + (option_probe() if probe is None else probe)


def option_probe(*, following: int = 60, source: bytes = IP6, group: bytes = ALL_NODES, kind: int = 0x9E) -> bytes:
    """Returns the probe with an unknown option, without the Ethernet header."""
    return struct.pack("!IHBB", 6 << 28, 8, following, 255) + source + group + struct.pack("!BBBBI", 59, 0, kind, 4, ID)


ID = 0x12345678
ECHO = packet(struct.pack("!BBHI", 129, 0, 0, ID), hops=64)
VALID = [arp(), packet(advertisement()), ECHO, packet(problem(), hops=64)]


def parse(feeder: subprocess.Popen[str], frame: bytes, *, tag: int = 0, pending: int = 0) -> list[str]:
    return ask(feeder, f"parse {OWN.hex()} {tag} {pending} {frame.hex() or '-'}")


def build(feeder: subprocess.Popen[str], source: bytes, target: bytes) -> bytes | None:
    (word,) = ask(feeder, f"build {OWN.hex()} {source.hex()} {target.hex()}")
    return None if word == "-" else bytes.fromhex(word)


def build_all_nodes(feeder: subprocess.Popen[str], kind: int) -> bytes:
    (word,) = ask(feeder, f"all-nodes {kind} {OWN.hex()} {IP6.hex()} {ID}")
    return bytes.fromhex(word)


def test_arp_request(sweep_feeder: subprocess.Popen[str]) -> None:
    """Bug: a member is in another place than RFC 826 has it, or the frame is shorter than Ethernet allows."""
    expected = b"\xff" * 6 + OWN + b"\x08\6\0\1\x08\0\6\4\0\1" + OWN + IP4 + bytes(6) + TARGET4 + bytes(18)
    assert build(sweep_feeder, IP4, TARGET4) == expected
    probe = build(sweep_feeder, bytes(4), TARGET4)
    assert probe == expected.replace(IP4, bytes(4))


def test_neighbour_solicitation(sweep_feeder: subprocess.Popen[str]) -> None:
    """Bug: the group is not the solicited-node one, the hop limit is not 255, or the checksum is wrong."""
    frame = build(sweep_feeder, IP6, TARGET6)
    assert frame is not None
    group = ip_address("ff02::1:ff12:3456").packed
    assert frame[:14] == bytes.fromhex("3333ff123456") + OWN + b"\x86\xdd"
    assert frame[14:54] == struct.pack("!IHBB", 6 << 28, 32, 58, 255) + IP6 + group
    assert frame[54:56] + frame[58:] == b"\x87\0" + bytes(4) + TARGET6 + b"\1\1" + OWN
    assert checksum(IP6, group, frame[54:]) == 0


def test_echo_request(sweep_feeder: subprocess.Popen[str]) -> None:
    """Bug: the echo goes to another group, or its id is lost."""
    frame = build_all_nodes(sweep_feeder, 1)
    assert frame[:14] == bytes.fromhex("333300000001") + OWN + b"\x86\xdd"
    assert frame[14:54] == struct.pack("!IHBB", 6 << 28, 8, 58, 255) + IP6 + ALL_NODES
    assert frame[54:56] + frame[58:] == b"\x80\0" + ID.to_bytes(4, "big")
    assert checksum(IP6, ALL_NODES, frame[54:]) == 0


def test_probe_with_an_unknown_option(sweep_feeder: subprocess.Popen[str]) -> None:
    """Bug: the type of the option lets nodes ignore it, or discard a multicast without a report."""
    frame = build_all_nodes(sweep_feeder, 2)
    assert frame[:14] == bytes.fromhex("333300000001") + OWN + b"\x86\xdd"
    assert frame[14:] == option_probe()
    assert frame[56] >> 6 == 0b10


def test_families_that_differ(sweep_feeder: subprocess.Popen[str]) -> None:
    assert build(sweep_feeder, IP4, TARGET6) is None
    assert build(sweep_feeder, IP6, TARGET4) is None


def test_valid_replies(sweep_feeder: subprocess.Popen[str]) -> None:
    """Bug: a reply is rejected, or a value is taken from another place."""
    assert parse(sweep_feeder, arp()) == [TARGET4.hex(), IP4.hex(), OTHER.hex(), "0", "0"]
    assert parse(sweep_feeder, arp() + bytes(18)) == parse(sweep_feeder, arp())
    expected = [TARGET6.hex(), IP6.hex(), OTHER.hex(), "0", "0"]
    assert parse(sweep_feeder, packet(advertisement())) == expected
    assert parse(sweep_feeder, packet(advertisement(b"\x0e\1" + bytes(6) + b"\2\1" + OTHER)) + bytes(9)) == expected
    assert parse(sweep_feeder, packet(advertisement(b""))) == [TARGET6.hex(), IP6.hex(), HOST.hex(), "0", "0"]
    assert parse(sweep_feeder, ECHO) == [TARGET6.hex(), IP6.hex(), HOST.hex(), "1", str(ID)]
    expected = [TARGET6.hex(), IP6.hex(), HOST.hex(), "2", str(ID)]
    assert parse(sweep_feeder, packet(problem(), hops=64)) == expected
    assert parse(sweep_feeder, packet(problem(probe=option_probe() + b"data"))) == expected
    assert parse(sweep_feeder, arp(), tag=0xE000) != ["-"]  # a priority, but no VLAN


def test_checksum_that_is_pending(sweep_feeder: subprocess.Popen[str]) -> None:
    """Bug: a reply from the same machine, whose checksum no hardware has computed, is rejected."""
    frame = bytearray(packet(advertisement()))
    frame[56] ^= 1
    assert parse(sweep_feeder, bytes(frame)) == ["-"]
    assert parse(sweep_feeder, bytes(frame), pending=1) != ["-"]


@pytest.mark.parametrize(
    "frame",
    [
        arp(1),
        arp(0x0202),
        arp(lengths=b"\x08\4"),
        arp(lengths=b"\6\x10"),
        arp(sender=OWN),
        arp(sender=bytes(6)),
        arp(sender=b"\3" + OTHER[1:]),
        OTHER + arp()[6:],
        OWN + OWN + arp()[12:],
        arp()[:12] + b"\x81\0\0\5" + arp()[12:],
        packet(advertisement(kind=135)),
        packet(advertisement(code=1)),
        packet(advertisement(flags=0x20)),
        packet(advertisement(), hops=254),
        packet(advertisement(), following=17),
        packet(advertisement(), source=ALL_NODES),
        packet(advertisement(target=ALL_NODES)),
        arp(target=ip_address("224.0.0.1").packed),
        packet(advertisement(b"\2\0" + OTHER)),
        packet(advertisement(b"\2\2" + OTHER)),
        packet(advertisement(b"\2\2" + OTHER + bytes(8))),
        packet(advertisement(b"\2")),
        packet(advertisement(b"\2\1" + OWN)),
        packet(advertisement()[:20]),
        packet(struct.pack("!BBHI", 129, 1, 0, ID)),
        packet(struct.pack("!BBHI", 128, 0, 0, ID)),
        packet(struct.pack("!BBHI", 129, 0, 0, ID), source=bytes(16)),
        packet(problem(code=1)),
        packet(problem(pointer=40)),
        packet(problem(probe=option_probe(following=58))),
        packet(problem(probe=option_probe(source=TARGET6))),
        packet(problem(probe=option_probe(group=IP6))),
        packet(problem(probe=option_probe(kind=0x1E))),
        packet(problem()[:-1]),
        packet(advertisement())[:-1],
        b"",
    ],
)
def test_invalid_replies(sweep_feeder: subprocess.Popen[str], frame: bytes) -> None:
    """Bug: a frame with one thing wrong is taken for a reply."""
    assert parse(sweep_feeder, frame) == ["-"]


@pytest.mark.parametrize("frame", VALID)
def test_frames_of_another_vlan(sweep_feeder: subprocess.Popen[str], frame: bytes) -> None:
    assert parse(sweep_feeder, frame, tag=5) == ["-"]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(VALID), st.data())
def test_damaged_frames(sweep_feeder: subprocess.Popen[str], frame: bytes, data: st.DataObject) -> None:
    """Bug: a length is used before it is checked; the sanitizer ends the program."""
    damaged = bytearray(frame)
    for place in data.draw(st.lists(st.integers(0, len(frame) - 1), max_size=4)):
        damaged[place] = data.draw(st.integers(0, 255))
    cut = bytes(damaged[: data.draw(st.integers(0, len(frame)))])
    for pending in (0, 1):
        words = parse(sweep_feeder, cut, pending=pending)
        assert words == ["-"] or len(words) == 5


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 3000), st.lists(st.integers(0, 30_000_000), min_size=1, max_size=300))
def test_pace(sweep_feeder: subprocess.Popen[str], rate: int, pauses: list[int]) -> None:
    """Bug: more packets than the rate are allowed in a second, after a pause or by rounding."""
    now, times = 0, []
    for pause in pauses:
        now += pause
        times.append(now)
    sent = [int(word) for word in ask(sweep_feeder, f"pace {rate} {' '.join(map(str, times))}")[1:]]
    assert sent
    assert all(b - a >= 10**9 for a, b in zip(sent, sent[rate:], strict=False))


def test_pace_uses_the_rate(sweep_feeder: subprocess.Popen[str]) -> None:
    """Bug: the limit is so strict that the rate is never reached."""
    for rate in (1, 50, 1500, 100_000):
        times = range(0, 2 * 10**9 + 1, 10**6)
        sent = [int(word) for word in ask(sweep_feeder, f"pace {rate} {' '.join(map(str, times))}")[1:]]
        assert 0.97 * rate <= sum(10**9 <= time < 2 * 10**9 for time in sent) <= rate
        assert all(a <= b for a, b in pairwise(sent))
