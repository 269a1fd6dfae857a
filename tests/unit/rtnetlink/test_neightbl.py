# SPDX-License-Identifier: MIT
"""Messages about neighbour tables: those that the kernel sends, invalid ones, and the requests that set parameters."""

import errno
import struct
import subprocess
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netio._native import ffi, lib

from .conftest import ask
from .test_reader import attribute

NEWNEIGHTBL, SETNEIGHTBL, NLM_F_REQUEST, NLM_F_ACK = 64, 67, 0x01, 0x04
NESTED = 0x8000
NAME, THRESH1, THRESH2, THRESH3, CONFIG, INNER, STATS, GC_INTERVAL = 1, 2, 3, 4, 5, 6, 7, 8
IFINDEX = 1

# Attribute type and size of each parameter, as in linux/neighbour.h.
PARAMETERS = {
    "base_reachable_ms": (4, 8),
    "reachable_ms": (3, 8),
    "retrans_ms": (5, 8),
    "gc_stale_ms": (6, 8),
    "delay_probe_ms": (7, 8),
    "interval_probe_ms": (19, 8),
    "app_probes": (9, 4),
    "ucast_probes": (10, 4),
    "mcast_probes": (11, 4),
    "mcast_reprobes": (17, 4),
    "anycast_delay_ms": (12, 8),
    "proxy_delay_ms": (13, 8),
    "locktime_ms": (15, 8),
    "queue_bytes": (16, 4),
    "queue_packets": (8, 4),
    "proxy_queue": (14, 4),
}
READ_ONLY = ("reachable_ms", "queue_packets")
LIMITS = {"gc_thresh1": (2, 4), "gc_thresh2": (3, 4), "gc_thresh3": (4, 4), "gc_interval_ms": (8, 8)}
STATISTICS = (
    *("allocations", "destroys", "hash_grows", "res_failed", "lookups", "hits", "rcv_probes_mcast"),
    *("rcv_probes_ucast", "periodic_gc_runs", "forced_gc_runs", "table_fulls"),
)


def number(kind: int, value: int, size: int) -> bytes:
    return attribute(kind, value.to_bytes(size, "little") if struct.pack("=H", 1)[0] else value.to_bytes(size, "big"))


def parameters(index: int = 0, **changed: bytes) -> bytes:
    """All parameters, of which each has its attribute type plus 100 as value."""
    parts = {name: number(kind, 100 + kind, size) for name, (kind, size) in PARAMETERS.items()} | changed
    return attribute(INNER | NESTED, (number(IFINDEX, index, 4) if index else b"") + b"".join(parts.values()))


def limits() -> bytes:
    return b"".join(number(kind, 200 + kind, size) for kind, size in LIMITS.values())


CONFIGURATION = attribute(CONFIG, struct.pack("=HHIIIIIII", 4, 336, 21, 22, 0, 0, 0x7F, 0, 23))
STATISTIC = attribute(STATS, struct.pack("=11Q", *range(31, 42)))


def message(*parts: bytes) -> bytes:
    body = struct.pack("=BBH", 2, 0, 0) + b"".join(parts)
    return struct.pack("=IHHII", 16 + len(body), NEWNEIGHTBL, 2, 1, 0) + body


TABLE = message(attribute(NAME, b"arp_cache\0"), CONFIGURATION, limits(), STATISTIC, parameters())
INTERFACE = message(attribute(NAME, b"arp_cache\0"), parameters(7))


@dataclass
class Parsed:
    """The result of the parser."""

    result: int
    is_table: bool
    table: Any
    parameters: Any


def parse(feeder: subprocess.Popen[str], data: bytes) -> Parsed:
    result, is_table, table, found = ask(feeder, f"parse {data.hex()}")
    return Parsed(int(result), is_table == "1", native("netio_linux_neightbl", table), native(PARAMETERS_TYPE, found))


PARAMETERS_TYPE = "netio_linux_parameters"


def native(kind: str, text: str = "") -> Any:  # noqa: ANN401
    value = ffi.new(f"{kind} *")
    ffi.buffer(value)[:] = bytes.fromhex(text) if text else b"\xff" * ffi.sizeof(kind)
    return value


def test_message_of_a_table(neightbl_feeder: subprocess.Popen[str]) -> None:
    """Bug: a number is read from the attribute of another one, or with the wrong size."""
    got = parse(neightbl_feeder, TABLE)
    assert (got.result, got.is_table, got.parameters.index) == (0, True, 0)
    assert {name: getattr(got.table, name) for name in LIMITS} == {name: 200 + k for name, (k, _) in LIMITS.items()}
    assert [getattr(got.table, name) for name in STATISTICS] == [*range(31, 42)]
    assert (got.table.entries, got.table.last_flush_ms, got.table.proxy_queued) == (21, 22, 23)
    assert got.table.hash_buckets == 128
    for name, (kind, _) in PARAMETERS.items():
        assert getattr(got.parameters, name) == 100 + kind


def test_message_of_an_interface_leaves_the_table(neightbl_feeder: subprocess.Popen[str]) -> None:
    """Bug: the message of an interface overwrites the limits, or its index is lost."""
    got = parse(neightbl_feeder, INTERFACE)
    assert (got.result, got.is_table, got.parameters.index) == (0, False, 7)
    assert bytes(ffi.buffer(got.table)) == bytes(ffi.sizeof("netio_linux_neightbl"))
    assert got.parameters.retrans_ms == 105


def test_parameter_that_an_old_kernel_lacks(neightbl_feeder: subprocess.Popen[str]) -> None:
    """Bug: a missing parameter is 0, or an error."""
    got = parse(neightbl_feeder, message(parameters(7, interval_probe_ms=b"")))
    assert (got.result, got.parameters.interval_probe_ms) == (0, lib.NETIO_NO_NUMBER)


def test_statistics_of_a_newer_kernel(neightbl_feeder: subprocess.Popen[str]) -> None:
    """Bug: numbers that a newer kernel appends are an error."""
    longer = attribute(STATS, struct.pack("=13Q", *range(31, 44)))
    got = parse(neightbl_feeder, message(CONFIGURATION, limits(), longer, parameters()))
    assert (got.result, got.table.table_fulls) == (0, 41)


@pytest.mark.parametrize(
    "damaged",
    [
        message(CONFIGURATION, limits(), STATISTIC),
        message(CONFIGURATION, limits(), parameters()),
        message(CONFIGURATION, STATISTIC, parameters()),
        message(attribute(CONFIG, bytes(31)), limits(), STATISTIC, parameters()),
        message(CONFIGURATION, limits(), attribute(STATS, bytes(87)), parameters()),
        message(CONFIGURATION, limits(), attribute(STATS, bytes(80)), parameters()),
        message(parameters(7, retrans_ms=b"")),
        message(parameters(7, retrans_ms=number(5, 1, 4))),
        message(parameters(7, app_probes=number(9, 1, 8))),
        message(attribute(INNER, attribute(IFINDEX, bytes(8)))),
        message(parameters(7, proxy_queue=b"\x05\0\x0e\0")),
        message(parameters(7, proxy_queue=b"\x40\0\x0e\0" + bytes(4))),
        message(attribute(INNER, bytes(3))),
        message(attribute(NAME, b"arp_cache\0")),
        struct.pack("=IHHII", 18, NEWNEIGHTBL, 2, 1, 0) + b"\2\0",
    ],
)
def test_invalid_messages(neightbl_feeder: subprocess.Popen[str], damaged: bytes) -> None:
    """Bug: a missing attribute or a wrong length is read as a number."""
    assert parse(neightbl_feeder, damaged).result == -errno.EBADMSG


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([TABLE, INTERFACE]), st.data())
def test_damaged_messages_return_a_result(neightbl_feeder: subprocess.Popen[str], good: bytes, data: Any) -> None:  # noqa: ANN401
    """Bug: changed bytes or a cut cause a read beyond the message, which the sanitizer reports."""
    damaged = bytearray(good[: data.draw(st.integers(16, len(good)))])
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.sampled_from([0, 1, 3, 4, 5, 8, 12, 16, 88, 127, 128, 255]))
    damaged[:4] = struct.pack("=I", len(damaged))  # the reader has checked the length of the message
    assert parse(neightbl_feeder, bytes(damaged)).result in (0, -errno.EBADMSG)


def attributes(data: bytes) -> dict[int, bytes]:
    """Splits data into its attributes."""
    found = {}
    while data:
        length, kind = struct.unpack_from("=HH", data)
        assert kind not in found
        found[kind] = data[4:length]
        data = data[(length + 3) & ~3 :]
    return found


def request(feeder: subprocess.Popen[str], family: int, table: Any, wanted: Any) -> bytes:  # noqa: ANN401
    shown = "-" if table is None else bytes(ffi.buffer(table)).hex()
    overflow, text = ask(feeder, f"request {family} {shown} {bytes(ffi.buffer(wanted)).hex()}")
    assert overflow == "0"
    return bytes.fromhex(text)


@pytest.mark.parametrize(("family", "name"), [(2, b"arp_cache\0"), (10, b"ndisc_cache\0")])
def test_request_with_every_number(neightbl_feeder: subprocess.Popen[str], family: int, name: bytes) -> None:
    """Bug: a number is sent in the attribute of another one, too short, or the request has no room for all of them."""
    table, wanted = native("netio_linux_neightbl"), native(PARAMETERS_TYPE)
    for member, (kind, _) in LIMITS.items():
        setattr(table, member, 2**31 - kind)
    for member, (kind, _) in PARAMETERS.items():
        setattr(wanted, member, 2**31 - kind)
    wanted.index = 0
    data = request(neightbl_feeder, family, table, wanted)
    length, kind, flags = struct.unpack_from("=IHH", data)
    assert (length, kind, flags) == (len(data), SETNEIGHTBL, NLM_F_REQUEST | NLM_F_ACK)
    assert data[16:20] == bytes([family, 0, 0, 0])
    sent = attributes(data[20:])
    assert sent.pop(NAME) == name
    nested = attributes(sent.pop(INNER | NESTED))
    assert sent == {k: number(k, 2**31 - k, size)[4:] for k, size in LIMITS.values()}
    assert nested == {
        k: number(k, 2**31 - k, size)[4:] for member, (k, size) in PARAMETERS.items() if member not in READ_ONLY
    }


def test_request_with_one_number_of_an_interface(neightbl_feeder: subprocess.Popen[str]) -> None:
    """Bug: numbers that were not given are sent, or the index is missing."""
    wanted = native(PARAMETERS_TYPE)
    wanted.index, wanted.app_probes = 7, 0
    sent = attributes(request(neightbl_feeder, 2, None, wanted)[20:])
    assert {*sent} == {NAME, INNER | NESTED}
    assert attributes(sent[INNER | NESTED]) == {IFINDEX: struct.pack("=I", 7), 9: bytes(4)}
