# SPDX-License-Identifier: MIT
"""Reading replies and neighbour messages of rtnetlink: those of a real kernel, and invalid ones."""

import errno
import struct
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netio import Neighbor, NeighborState, PhysicalAddress

from .conftest import Feed
from .machine import BYTE_ORDER, pack

NLM_F_MULTI, NLM_F_DUMP_INTR = 0x02, 0x10
NOOP, ERROR, OVERRUN, NEWNEIGH = 1, 2, 4, 28
DST, LLADDR, CACHEINFO, PROBES = 1, 2, 3, 4
AF_BRIDGE = 7


def captured(text: str) -> bytes:
    """Returns a message that was captured on a little-endian machine in the byte order of the tested one."""
    data = bytes.fromhex(text)
    return data if BYTE_ORDER == "little" else swapped(data)


def swapped(data: bytes) -> bytes:
    """Returns a little-endian message as big-endian."""
    header = struct.unpack_from("<IHHII", data)
    result = struct.pack(">IHHII", *header)
    if header[1] != NEWNEIGH:  # only a 0 follows
        return result + data[16:]
    result += struct.pack(">BxxxiHBB", *struct.unpack_from("<BxxxiHBB", data, 16))
    while len(result) < len(data):
        length, kind = struct.unpack_from("<HH", data, len(result))
        value = data[len(result) + 4 : len(result) + length]
        if kind in (CACHEINFO, PROBES):
            value = struct.pack(f">{len(value) // 4}I", *struct.unpack(f"<{len(value) // 4}I", value))
        result += struct.pack(">HH", length, kind) + value + bytes(-length % 4)
    return result


# Captured on a Linux 6.18 x86-64: the bytes of a RTM_GETNEIGH dump (NLM_F_REQUEST | NLM_F_DUMP, sequence number 1)
# after these commands, near0 having index 3:
#   ip neigh add 192.0.2.7 lladdr 02:00:5e:00:00:07 dev near0
PERMANENT = captured(
    "4c0000001c000200010000003112000002000000030000008000000108000100c00002070a00020002005e00000700000800040000000000"
    "1400030002000000020000000200000000000000"
)
#   ip neigh add 192.0.2.10 dev near0 use
INCOMPLETE = captured(
    "400000001c000200010000003112000002000000030000000100000108000100c000020a0800040000000000140003007217000002000000"
    "0200000001000000"
)
#   ip neigh add 192.0.2.12 lladdr 02:00:5e:00:00:0c dev near0 nud reachable extern_learn
REACHABLE = captured(
    "4c0000001c000200010000003112000002000000030000000200100108000100c000020c0a00020002005e00000c00000800040000000000"
    "1400030002000000020000000200000001000000"
)
#   ip neigh add 192.0.2.9 dev near0 nud failed
FAILED = captured(
    "400000001c000200010000003112000002000000030000002000000108000100c00002090800040000000000140003007217000002000000"
    "0200000000000000"
)
#   ip neigh add fe80::8 lladdr 02:00:5e:00:00:08 router dev near0 nud stale
STALE_ROUTER = captured(
    "580000001c00020001000000311200000a000000030000000400800114000100fe8000000000000000000000000000080a00020002005e00"
    "00080000080004000000000014000300721700000200000002000000"
    "00000000"
)
#   ip neigh add 2001:db8::b lladdr 02:00:5e:00:00:0b dev near0 nud noarp
NOARP = captured(
    "580000001c00020001000000311200000a00000003000000400000011400010020010db800000000000000000000000b0a00020002005e00"
    "000b00000800040000000000140003000200000002000000020000000000"
    "0000"
)
DONE = captured("1400000003000200010000003112000000000000")
CAPTURED = [PERMANENT, INCOMPLETE, REACHABLE, FAILED, STALE_ROUTER, NOARP]


def message(
    body: bytes,
    *,
    kind: int = NEWNEIGH,
    flags: int = NLM_F_MULTI,
    sequence: int = 1,
    length: int | None = None,
) -> bytes:
    data = pack("IHHII", 16 + len(body) if length is None else length, kind, flags, sequence, 0) + body
    return data + bytes(-len(data) % 4)


def attribute(kind: int, data: bytes, length: int | None = None) -> bytes:
    return pack("HH", 4 + len(data) if length is None else length, kind) + data + bytes(-len(data) % 4)


def neighbor(*attributes: bytes, family: int = 2, state: int = 0x80, flags: int = 0) -> bytes:
    return pack("BxxxiHBB", family, 3, state, flags, 1) + b"".join(attributes)


ADDRESS = attribute(DST, bytes([192, 0, 2, 7]))
ACKNOWLEDGEMENT = message(bytes(20), kind=ERROR, flags=0)


@pytest.mark.parametrize(
    ("captured", "row"),
    [
        (PERMANENT, Neighbor("192.0.2.7", "02:00:5e:00:00:07", interface="if3")),
        (INCOMPLETE, Neighbor("192.0.2.10", interface="if3", state=NeighborState.INCOMPLETE)),
        (REACHABLE, Neighbor("192.0.2.12", "02:00:5e:00:00:0c", interface="if3", state=NeighborState.REACHABLE)),
        (FAILED, Neighbor("192.0.2.9", interface="if3", state=NeighborState.UNREACHABLE, is_unreachable=True)),
        (
            STALE_ROUTER,
            Neighbor("fe80::8%if3", "02:00:5e:00:00:08", interface="if3", state=NeighborState.STALE, is_router=True),
        ),
        (NOARP, Neighbor("2001:db8::b", "02:00:5e:00:00:0b", interface="if3")),
    ],
)
def test_captured_messages(feed: Feed, captured: bytes, row: Neighbor) -> None:
    result, rows = feed(captured, DONE)
    assert (result, rows) == (0, [row])
    assert rows[0].interface_index == 3


def test_reachability_time_is_since_confirmation_or_failure(feed: Feed) -> None:
    """ndm_confirmed is 0x1772 ticks of 10 ms in INCOMPLETE and in FAILED; the latter was updated 2 ticks ago."""
    _, (incomplete, failed) = feed(INCOMPLETE + FAILED, DONE)
    assert (incomplete.reachability_time, failed.reachability_time) == (60020, 20)


def test_reachability_time_over_32_bits_is_limited_to_the_maximum(feed: Feed) -> None:
    info = attribute(CACHEINFO, pack("IIII", 2**32 - 1, 0, 0, 0))
    _, (row,) = feed(message(neighbor(ADDRESS, info)), DONE)
    assert row.reachability_time == 2**32 - 1


def test_dump_in_several_datagrams(feed: Feed) -> None:
    result, rows = feed(PERMANENT + INCOMPLETE, REACHABLE, DONE)
    assert result == 0
    assert [row.address for row in rows] == [ip_address(f"192.0.2.{n}") for n in (7, 10, 12)]


def test_single_message_ends_the_reply(feed: Feed) -> None:
    result, rows = feed(message(neighbor(ADDRESS), flags=0), PERMANENT, request="one")
    assert (result, len(rows)) == (0, 1)


def test_datagrams_of_other_senders_are_skipped(feed: Feed) -> None:
    result, rows = feed((4711, FAILED + DONE), PERMANENT, (1, DONE), DONE)
    assert (result, [str(row.address) for row in rows]) == (0, ["192.0.2.7"])


def test_messages_of_other_sequence_numbers_are_skipped(feed: Feed) -> None:
    other = message(neighbor(attribute(DST, bytes(4))), sequence=2)
    result, rows = feed(other + PERMANENT, message(bytes(4), kind=3, sequence=2), DONE)
    assert (result, [str(row.address) for row in rows]) == (0, ["192.0.2.7"])


def test_missing_end_of_a_reply_is_an_error(feed: Feed) -> None:
    assert feed(PERMANENT) == (-errno.ETIMEDOUT, [Neighbor("192.0.2.7", "02:00:5e:00:00:07", interface="if3")])


def test_acknowledgement_and_error(feed: Feed) -> None:
    assert feed(ACKNOWLEDGEMENT, request="none") == (0, [])
    refusal = message(pack("i", -errno.EPERM) + bytes(16), kind=ERROR, flags=0)
    for request in ("all", "one", "none"):
        assert feed(refusal, request=request) == (-errno.EPERM, [])


@pytest.mark.parametrize(
    ("request_for", "reply"),
    [
        ("all", "acknowledgement"),
        ("all", "other type"),
        ("one", "acknowledgement"),
        ("one", "end of a dump"),
        ("one", "other type"),
        ("none", "end of a dump"),
        ("none", "row"),
    ],
)
def test_reply_of_another_kind_is_an_error(feed: Feed, request_for: str, reply: str) -> None:
    """Bug: a query that is acknowledged instead of answered succeeds, with uninitialised memory as its row."""
    datagrams = {
        "acknowledgement": ACKNOWLEDGEMENT,
        "end of a dump": DONE,
        "other type": message(neighbor(ADDRESS), kind=16, flags=0),
        "row": message(neighbor(ADDRESS), flags=0),
    }
    assert feed(datagrams[reply], request=request_for) == (-errno.EBADMSG, [])


def test_end_of_a_dump_may_contain_an_error(feed: Feed) -> None:
    result, _ = feed(PERMANENT, message(pack("i", -errno.ENOMEM), kind=3))
    assert result == -errno.ENOMEM


def test_end_of_a_dump_may_be_empty(feed: Feed) -> None:
    assert feed(message(b"", kind=3)) == (0, [])


def test_interrupted_dump_returns_eagain(feed: Feed) -> None:
    """Bug: netio looks for NLM_F_DUMP_INTR at the end of the dump only; one earlier message may have it."""
    result, rows = feed(message(neighbor(ADDRESS), flags=NLM_F_MULTI | NLM_F_DUMP_INTR), PERMANENT, DONE)
    assert (result, len(rows)) == (-errno.EAGAIN, 2)


def test_noop_is_skipped_and_overrun_is_an_error(feed: Feed) -> None:
    assert feed(message(b"", kind=NOOP), DONE) == (0, [])
    assert feed(message(b"", kind=OVERRUN), DONE) == (-errno.ETIMEDOUT, [])


def test_lost_reply_is_not_reported_as_a_full_table(feed: Feed) -> None:
    """Bug: ENOBUFS of a socket without room for the reply is reported as a full neighbour table."""
    assert feed(errno.ENOBUFS, DONE) == (-errno.ETIMEDOUT, [])
    assert feed(message(pack("i", -errno.ENOBUFS) + bytes(16), kind=ERROR)) == (-errno.ENOBUFS, [])


@pytest.mark.parametrize(
    "datagram",
    [
        PERMANENT[:15],
        message(neighbor(ADDRESS), length=15),
        message(neighbor(ADDRESS), length=0),
        message(neighbor(ADDRESS), length=500),
        PERMANENT + FAILED[:-4],
        PERMANENT + bytes(8),
        message(b""),
        message(neighbor()[:-4]),
        message(neighbor()),
        message(neighbor(attribute(DST, bytes(16)))),
        message(neighbor(attribute(DST, bytes(4)), family=10)),
        message(neighbor(attribute(DST, bytes(3)))),
        message(neighbor(attribute(DST, bytes(4), length=3))),
        message(neighbor(attribute(DST, bytes(4), length=0))),
        message(neighbor(attribute(DST, bytes(4), length=9))),
        message(neighbor(ADDRESS, b"\x08\x00")),
        message(neighbor(ADDRESS, b"\x08")),
        message(neighbor(ADDRESS, attribute(LLADDR, bytes(33)))),
        message(neighbor(ADDRESS, attribute(LLADDR, bytes(6), length=24))),
        message(neighbor(ADDRESS, attribute(LLADDR, bytes(6), length=200))),
        message(neighbor(ADDRESS, attribute(CACHEINFO, bytes(12)))),
        message(b"\0\0", kind=ERROR),
        message(pack("i", 5) + bytes(16), kind=ERROR),
        message(pack("i", -4096) + bytes(16), kind=ERROR),  # no errno of the kernel is so large
        message(pack("i", -(2**31)) + bytes(16), kind=ERROR),
    ],
    ids=lambda datagram: f"{len(datagram)} bytes",
)
def test_invalid_lengths_and_errors(feed: Feed, datagram: bytes) -> None:
    result, _ = feed(datagram, DONE)
    assert result == -errno.EBADMSG


def test_datagram_larger_than_the_buffer_is_an_error(feed: Feed) -> None:
    many = PERMANENT * (32768 // len(PERMANENT) + 1)
    assert feed(many, DONE) == (-errno.EMSGSIZE, [])


@pytest.mark.parametrize("length", [0, 1, 4, 6, 8, 16, 20, 32])
def test_physical_address_of_any_length(feed: Feed, length: int) -> None:
    address = bytes(range(1, length + 1))
    _, (row,) = feed(message(neighbor(ADDRESS, attribute(LLADDR, address))), DONE)
    assert row.physical_address.packed == address
    assert type(row.physical_address) is PhysicalAddress


@pytest.mark.parametrize("nud", [0x00, 0x01, 0x02, 0x03, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFFFF])
def test_every_state_of_the_kernel_has_a_name(feed: Feed, nud: int) -> None:
    names = {0x02: "REACHABLE", 0x04: "STALE", 0x08: "DELAY", 0x10: "PROBE", 0x20: "UNREACHABLE"}
    names |= {0x00: "INCOMPLETE", 0x01: "INCOMPLETE", 0x40: "PERMANENT", 0x80: "PERMANENT"}
    names |= {0x03: "REACHABLE", 0xFFFF: "PERMANENT"}  # several bits
    _, (row,) = feed(message(neighbor(ADDRESS, state=nud)), DONE)
    assert row.state.name == names[nud]
    assert row.is_unreachable == (nud == 0x20)


@pytest.mark.parametrize("nud", [0x100, 0x8000])
def test_unknown_state_differs_from_all_known_states(feed: Feed, nud: int) -> None:
    _, (row,) = feed(message(neighbor(ADDRESS, state=nud)), DONE)
    assert row.state == 0x10000 | nud
    assert row.state.name.startswith("UNKNOWN")


def test_unknown_attributes_are_skipped_and_flag_bits_of_a_type_ignored(feed: Feed) -> None:
    unknown = attribute(99, b"abc") + attribute(LLADDR | 0x4000, bytes.fromhex("02005e000007"))
    _, (row,) = feed(message(neighbor(unknown, ADDRESS, attribute(77, b""))), DONE)
    assert row == Neighbor("192.0.2.7", "02:00:5e:00:00:07", interface="if3")


def test_proxy_entries_and_other_families_are_skipped(feed: Feed) -> None:
    proxy = message(neighbor(ADDRESS, flags=0x08))
    bridge = message(neighbor(attribute(LLADDR, bytes(6)), family=AF_BRIDGE))
    assert feed(proxy + bridge, DONE) == (0, [])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(CAPTURED), min_size=1, max_size=4), st.data())
def test_damaged_datagrams_return_an_error_or_valid_rows(feed: Feed, parts: list[bytes], data: st.DataObject) -> None:
    """Bug: changed or missing bytes cause a crash, a read beyond the datagram, or an invalid row."""
    damaged = bytearray(b"".join(parts))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.sampled_from([0, 1, 3, 4, 15, 16, 31, 32, 33, 36, 127, 128, 255]))
    del damaged[data.draw(st.integers(1, len(damaged))) :]
    result, rows = feed(bytes(damaged), DONE)
    assert result <= 0
    assert len(rows) <= len(parts) * 4
    assert all(len(row.physical_address.packed) <= 32 for row in rows)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=3))
def test_random_datagrams_return_a_result(feed: Feed, datagrams: list[bytes]) -> None:
    result, _ = feed(*(datagram for datagram in datagrams if datagram), DONE)
    assert result <= 0
