# SPDX-License-Identifier: MIT
"""Columns of rows that no system returns: no access beyond the memory, and each value is that of its row."""

import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netio import _arrow
from netio._codec import ROW_SIZE
from netio._native import ffi, lib

from .conftest import ask
from .machine import convert_row, unpack_column

# Index -> position of the name, scope; in the order of the indexes.
INTERFACES = {1: (0, "lo"), 7: (1, ""), 9: (1, "9"), 300: (2, "s" * 768), 2**32 - 1: (3, "last")}
STATES = [0, 1, 6, 2**31, 2**32 - 1]

COLUMNS = {
    "address_offsets": "i",
    "address": "c",
    "interface": "i",
    "physical_address_offsets": "i",
    "physical_address": "c",
    "state": "i",
    "is_router": "B",
    "is_unreachable": "B",
    "reachability_time": "q",
    "interface_index": "I",
    "interface_luid": "Q",
}


@dataclass(frozen=True)
class Row:
    """The members of a row, with any values."""

    family: int = lib.AF_INET6
    address: bytes = bytes(16)  # an IPv4 address is the first four
    index: int = 1
    luid: int = 0
    physical_address: bytes = bytes(32)
    length: int = 6
    state: int = 6
    flags: int = 0
    age: int = 0

    def native(self) -> bytes:
        row = ffi.new("MIB_IPNET_ROW2 *")
        buffer = ffi.buffer(row)
        buffer[:] = b"\xa5" * ROW_SIZE
        place = ("Ipv4", "sin_addr") if self.family == lib.AF_INET else ("Ipv6", "sin6_addr")
        start = ffi.offsetof("MIB_IPNET_ROW2", "Address", *place)
        buffer[start : start + 16] = self.address
        row.Address.si_family = self.family
        row.InterfaceIndex, row.InterfaceLuid.Value = self.index, self.luid
        ffi.buffer(row.PhysicalAddress)[:] = self.physical_address
        row.PhysicalAddressLength, row.Flags = self.length, self.flags
        state = ffi.offsetof("MIB_IPNET_ROW2", "State")
        buffer[state : state + 4] = struct.pack("=I", self.state)
        row.ReachabilityTime.LastReachable = self.age
        return convert_row(bytes(buffer))


Columns = dict[str, list[int] | bytes]
Fill = Callable[[Sequence[Row]], Columns]


@pytest.fixture(scope="session")
def fill(columns_feeder: subprocess.Popen[str]) -> Fill:
    """Returns the columns that the C code writes for rows."""

    def write(rows: Sequence[Row]) -> Columns:
        interfaces = [f"{index}:{name}:{scope}" for index, (name, scope) in INTERFACES.items()] if rows else []
        data = b"".join(row.native() for row in rows).hex() or "-"
        words = ask(columns_feeder, " ".join(["fill", data, *interfaces, "states", *map(str, STATES[: 5 * len(rows)])]))
        found: Columns = {}
        for (column, kind), word in zip(COLUMNS.items(), words, strict=True):
            raw = b"" if word == "-" else bytes.fromhex(word)
            found[column] = raw if kind == "c" else unpack_column(kind, raw)
        return found

    return write


def texts(found: Columns, column: str) -> list[str]:
    offsets, text = found[f"{column}_offsets"], found[column]
    assert isinstance(text, bytes)
    assert offsets[0] == 0
    assert offsets[-1] == len(text)
    return [text[start:end].decode() for start, end in pairwise(offsets)]


def flags(found: Columns, column: str, count: int) -> list[bool]:
    packed = found[column]
    assert len(packed) == (count + 7) // 8
    bits = [bool(packed[i // 8] >> i % 8 & 1) for i in range(8 * len(packed))]
    assert not any(bits[count:])
    return bits[:count]


def is_address(text: str, row: Row) -> bool:
    if row.family == lib.AF_INET:
        return text == str(IPv4Address(row.address[:4]))
    bare, mark, scope = text.partition("%")
    expected = IPv6Address(row.address)
    has_scope = expected.is_link_local
    return IPv6Address(bare) == expected and (mark, scope) == (
        ("%", INTERFACES[row.index][1]) if has_scope else ("", "")
    )


def check(found: Columns, rows: Sequence[Row]) -> None:
    for text, row in zip(texts(found, "address"), rows, strict=True):
        assert is_address(text, row), (text, row)
    assert texts(found, "physical_address") == [row.physical_address[: row.length].hex(":") for row in rows]
    assert found["interface"] == [INTERFACES[row.index][0] for row in rows]
    assert found["state"] == [STATES.index(row.state) for row in rows]
    assert flags(found, "is_router", len(rows)) == [row.flags & lib.NETIO_IS_ROUTER != 0 for row in rows]
    assert flags(found, "is_unreachable", len(rows)) == [row.flags & lib.NETIO_IS_UNREACHABLE != 0 for row in rows]
    assert found["reachability_time"] == [row.age for row in rows]
    assert found["interface_index"] == [row.index for row in rows]
    assert found["interface_luid"] == [row.luid for row in rows]


def test_no_rows(fill: Fill) -> None:
    """Bug: the first interface is read although there are no interfaces."""
    check(fill([]), [])


@pytest.mark.parametrize("length", [0, 1, 6, 31, 32, 33, 95, 96, 2**31, 2**32 - 1])
def test_length_of_a_physical_address_is_limited_to_the_member(fill: Fill, length: int) -> None:
    """Bug: with a length over 32 the text contains memory behind the address, or behind the row."""
    rows = [Row(physical_address=bytes(range(224, 256)), length=length)] * 3
    check(fill(rows), rows)


@pytest.mark.parametrize("family", [0, 1, 7, 23, 0xFFFF])
def test_unknown_family_is_read_within_the_row(fill: Fill, family: int) -> None:
    rows = [Row(family=family, address=bytes(range(16))), Row(family=family, address=b"\xfe\x80" + bytes(14), index=9)]
    check(fill(rows), rows)


@pytest.mark.parametrize("state", STATES)
def test_known_states(fill: Fill, state: int) -> None:
    """Bug: a negative state, or one over all states of the dictionary, is taken as a position in the dictionary."""
    rows = [Row(state=state)]
    check(fill(rows), rows)


def test_state_missing_in_the_dictionary(fill: Fill) -> None:
    """Bug: the position of a state that the dictionary does not contain is beyond its end."""
    assert fill([Row(state=5), Row(state=77)])["state"] == [len(STATES) - 1] * 2


def test_unknown_interfaces(fill: Fill) -> None:
    """Bug: the search for an unknown index ends beyond the interfaces."""
    found = fill([Row(index=index) for index in (0, 2, 8, 10, 299, 301, 2**32 - 2)])
    places = found["interface"]
    assert set(places) <= {name for name, _ in INTERFACES.values()}


@pytest.mark.parametrize("count", [1, 7, 8, 9, 63, 64, 65])
def test_longest_texts_fill_their_memory(fill: Fill, count: int) -> None:
    """Bug: the memory is one character shorter than the longest text, or flags are written into the next byte."""
    longest = bytes.fromhex("febf" + "abcd" * 7)
    rows = [Row(address=longest, index=300, length=32, flags=0xFF, age=2**32 - 1, luid=2**64 - 1)] * count
    found = fill(rows)
    check(found, rows)
    assert len(texts(found, "address")[0]) == lib.NETIO_ADDRESS_TEXT + 1 + 768


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.builds(
            Row,
            family=st.sampled_from([lib.AF_INET, lib.AF_INET6, lib.AF_UNSPEC, 0xFFFF]),
            address=st.binary(min_size=16, max_size=16) | st.binary(min_size=14, max_size=14).map(b"\xfe\x80".__add__),
            index=st.sampled_from(list(INTERFACES)),
            luid=st.integers(0, 2**64 - 1),
            physical_address=st.binary(min_size=32, max_size=32),
            length=st.integers(0, 40) | st.integers(0, 2**32 - 1),
            state=st.sampled_from(STATES),
            flags=st.integers(0, 255),
            age=st.integers(0, 2**32 - 1),
        ),
        max_size=20,
    )
)
def test_rows_of_any_values(fill: Fill, rows: list[Row]) -> None:
    check(fill(rows), rows)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 20) | st.integers(0, 2**32 - 1), max_size=60))
def test_distinct_values_of_a_member(columns_feeder: subprocess.Popen[str], indexes: list[int]) -> None:
    """Bug: with more values than the C code caches, some are lost, or more are returned than the memory can hold."""
    data = b"".join(Row(index=index).native() for index in indexes).hex() or "-"
    _, *found = ask(columns_feeder, f"values {data} {ffi.offsetof('MIB_IPNET_ROW2', 'InterfaceIndex')}")
    assert {int(value) for value in found} == set(indexes)
    assert len(found) <= len(indexes)
    if len(set(indexes)) <= 8:
        assert len(found) == len(set(indexes))


def test_offsets_of_a_full_batch_fit_into_32_bits() -> None:
    """Bug: a batch has so many rows that the offsets of its texts can exceed 2^31 - 1."""
    longest = lib.NETIO_ADDRESS_TEXT + 1 + lib.NETIO_NAME_SIZE
    assert _arrow._BATCH * max(longest, lib.NETIO_PHYSICAL_TEXT) < 2**31


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (4, [4]), (8, [4, 4]), (9, [4, 4, 1])])
def test_batches_are_split_at_their_maximum_size(monkeypatch: pytest.MonkeyPatch, count: int, sizes: list[int]) -> None:
    """Bug: rows at the boundary of two batches are in both or in neither, or the last batch is empty."""
    monkeypatch.setattr(_arrow, "_BATCH", 4)
    rows = memoryview(b"".join(i.to_bytes(ROW_SIZE, sys.byteorder) for i in range(count)))
    batches = list(_arrow._batches(rows))
    assert [len(batch) // ROW_SIZE for batch in batches] == sizes
    assert b"".join(batches) == rows
