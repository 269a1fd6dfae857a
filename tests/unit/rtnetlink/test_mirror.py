# SPDX-License-Identifier: MIT
"""The table held in memory, compared with a dict after every operation."""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from netio._codec import ROW_SIZE
from netio._native import ffi, lib

from .conftest import ask
from .machine import BYTE_ORDER, convert_row

ABSENT, DIFFERS, EQUAL = range(3)
REMOVED, CHANGED, ADDED = range(3)
STATE = 0x100
ROUTER, UNREACHABLE = lib.NETIO_IS_ROUTER, lib.NETIO_IS_UNREACHABLE
REACHABLE = 5
IP4_OFFSET = ffi.offsetof("MIB_IPNET_ROW2", "Address", "Ipv4", "sin_addr")
IP6_OFFSET = ffi.offsetof("MIB_IPNET_ROW2", "Address", "Ipv6", "sin6_addr")


@dataclass(frozen=True)
class Row:
    address: IPv4Address | IPv6Address
    index: int = 1
    luid: int = 1 << 24
    physical: bytes = b"\2\0\0\0\0\1"
    state: int = REACHABLE
    flags: int = 0
    age: int = 0

    def hex(self) -> str:
        row = ffi.new("MIB_IPNET_ROW2 *")
        packed, start = self.address.packed, IP4_OFFSET if self.address.version == 4 else IP6_OFFSET
        row.Address.si_family = lib.AF_INET if self.address.version == 4 else lib.AF_INET6
        ffi.buffer(row)[start : start + len(packed)] = packed
        row.InterfaceIndex, row.InterfaceLuid.Value = self.index, self.luid
        ffi.buffer(row.PhysicalAddress)[: len(self.physical)] = self.physical
        row.PhysicalAddressLength = len(self.physical)
        row.State, row.Flags, row.ReachabilityTime.LastReachable = self.state, self.flags, self.age
        return convert_row(bytes(ffi.buffer(row))).hex()

    @classmethod
    def of(cls, text: str) -> Row | None:
        """Decode a row; None if it is all 0."""
        raw = convert_row(bytes.fromhex(text))
        if not any(raw):
            return None
        row = ffi.new("MIB_IPNET_ROW2 *")
        ffi.buffer(row)[:] = raw
        if row.Address.si_family == lib.AF_INET:
            address: IPv4Address | IPv6Address = IPv4Address(raw[IP4_OFFSET : IP4_OFFSET + 4])
        else:
            address = IPv6Address(raw[IP6_OFFSET : IP6_OFFSET + 16])
        physical = bytes(row.PhysicalAddress)[: row.PhysicalAddressLength]
        age = row.ReachabilityTime.LastReachable
        return cls(address, row.InterfaceIndex, row.InterfaceLuid.Value, physical, row.State, row.Flags, age)


Key = tuple[IPv4Address | IPv6Address, int]


@dataclass
class Model:
    """The expected content of a mirror."""

    key: str = "index"
    counts: int = STATE | ROUTER | UNREACHABLE
    rows: dict[Key, Row] = field(default_factory=dict)
    last: dict[Key, bytes] = field(default_factory=dict)  # the removed ones in the order of their removal
    most: int = 0

    def key_of(self, row: Row) -> Key:
        return row.address, row.luid if self.key == "luid" else row.index

    def compare(self, row: Row) -> int:
        found = self.rows.get(self.key_of(row))
        return ABSENT if found is None else EQUAL if self.seen(found) == self.seen(row) else DIFFERS

    def seen(self, row: Row) -> tuple[bytes, int, int]:
        return row.physical, row.state if self.counts & STATE else 0, row.flags & self.counts & 0xFF

    def put(self, row: Row) -> tuple[int, Row | None]:
        key, verdict = self.key_of(row), self.compare(row)
        before = self.rows.get(key)
        self.rows[key] = row
        if row.physical:
            self.last[key] = row.physical
        self.most = max(self.most, len(self.rows))
        return verdict, before

    def remove(self, row: Row) -> tuple[int, Row | None]:
        key = self.key_of(row)
        before = self.rows.pop(key, None)
        if before is not None and key in self.last:
            self.last[key] = self.last.pop(key)  # the youngest
            removed = [key for key in self.last if key not in self.rows]
            if len(removed) > max(1024, self.most):
                del self.last[removed[0]]
        return before is not None, before


def rows_of(words: list[str]) -> list[Row]:
    rows = [Row.of(word) for word in words]
    assert None not in rows
    return [row for row in rows if row is not None]


def run(feeder: subprocess.Popen[str], model: Model, operations: list[str]) -> list[str]:
    return ask(feeder, " ".join([model.key, str(model.counts), *operations]))


def random_row(dice: random.Random, spread: int, *, wide: bool) -> Row:
    number = dice.randrange(spread)
    address = IPv4Address(0x0A000000 + number) if number % 2 else IPv6Address((0xFE80 << 112) + number)
    index = dice.choice([1, 2, 2**24 + 1])
    physical = dice.choice([b"", dice.randbytes(6), b"\2\0\0\0\0\1", dice.randbytes(8)])
    if wide and not dice.randrange(50):
        physical = dice.randbytes(32)
    state, flags = dice.choice([0, 4, 5, 6, 0x10088]), dice.choice([0, ROUTER, UNREACHABLE, 0x80])
    return Row(address, index, index << 24 | 7, physical, state, flags, dice.randrange(2**32))


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(("key", "counts"), [("index", STATE | ROUTER | UNREACHABLE), ("luid", 0), ("luid", ROUTER)])
def test_every_result_is_that_of_a_dict(
    mirror_feeder: subprocess.Popen[str], key: str, counts: int, wide: bool
) -> None:
    dice = random.Random(f"{key} {counts} {wide}")
    for spread in (4, 60, 3000):
        model = Model(key, counts)
        operations, expected = [], []
        for _ in range(4000):
            row = random_row(dice, spread, wide=wide)
            letter = dice.choice("ppprrfcl")
            operations.append(f"{letter}0:{row.hex()}")
            blank = bytes(ROW_SIZE).hex()
            if letter == "c":
                expected.append(str(model.compare(row)))
            elif letter == "l":
                expected.append(model.last.get(model.key_of(row), b"").hex() or "-")
            else:
                found = model.rows.get(model.key_of(row))
                answer: tuple[int, Row | None] = found is not None, found
                if letter != "f":
                    answer = model.put(row) if letter == "p" else model.remove(row)
                number, before = answer
                expected.append(f"{int(number)}:{blank if before is None else before_hex(before)}")
        answers = run(mirror_feeder, model, [*operations, "t0"])
        mark = answers.index("table")
        assert answers[:mark] == expected
        assert {model.key_of(row): row for row in rows_of(answers[mark + 1 :])} == model.rows
        assert len(answers) - mark - 1 == len(model.rows)


def before_hex(row: Row) -> str:
    """The row as a mirror returns it: with the scope of a link-local address."""
    native = ffi.new("MIB_IPNET_ROW2 *")
    ffi.buffer(native)[:] = bytes.fromhex(row.hex())
    if row.address.is_link_local and isinstance(row.address, IPv6Address):
        scope = IP6_OFFSET + 16
        ffi.buffer(native)[scope : scope + 4] = row.index.to_bytes(4, BYTE_ORDER)
    return bytes(ffi.buffer(native)).hex()


@pytest.mark.parametrize("limit", [1, 7, 10**9])
def test_applied_differences_make_the_old_table_equal_to_the_new_one(
    mirror_feeder: subprocess.Popen[str], limit: int
) -> None:
    dice = random.Random(limit)
    for spread in (300, 2000):
        old, new = Model(), Model()
        operations = []
        for _ in range(600):
            row = random_row(dice, spread, wide=False)
            place = dice.randrange(3)
            if place in (0, 2):
                old.put(row)
                operations.append(f"p0:{row.hex()}")
            if place in (1, 2):
                new.put(replace(row, age=1))
                operations.append(f"p1:{replace(row, age=1).hex()}")
        answers = run(mirror_feeder, new, [*operations, f"d{limit}", "t0"])[len(operations) :]
        mark = answers.index("pauses")
        expected: dict[Key, tuple[int, Row | None, Row | None]] = {}
        for key in old.rows.keys() | new.rows.keys():
            before, now = old.rows.get(key), new.rows.get(key)
            kind = ADDED if before is None else REMOVED if now is None else CHANGED
            if before is None or now is None or old.seen(before) != new.seen(now):
                expected[key] = kind, before, now
        found: dict[Key, tuple[int, Row | None, Row | None]] = {}
        for word in answers[:mark]:
            number, *pair = word.split(":")
            before, now = map(Row.of, pair)
            either = before or now
            assert either is not None
            found[new.key_of(either)] = int(number), before, now
        assert found == expected
        assert len(found) == mark, "a difference was reported twice"
        are_added = [int(word[0]) == ADDED for word in answers[:mark]]
        assert are_added == sorted(are_added), "added entries come last"
        assert (int(answers[mark + 1]) == 0) == (limit > 10**6)
        table = rows_of(answers[answers.index("table") + 1 :])
        assert {new.key_of(row): new.seen(row) for row in table} == {k: new.seen(row) for k, row in new.rows.items()}


def test_last_physical_address_survives_failure_and_removal(mirror_feeder: subprocess.Popen[str]) -> None:
    row = Row(IPv4Address("192.0.2.1"))
    failed = replace(row, physical=b"", state=0, flags=UNREACHABLE)
    operations = [f"p0:{row.hex()}", f"p0:{failed.hex()}", f"l0:{row.hex()}", f"r0:{row.hex()}", f"l0:{row.hex()}"]
    *_, after_failure, removed, after_removal = run(mirror_feeder, Model(), operations)
    assert after_failure == after_removal == row.physical.hex()
    assert removed == f"1:{failed.hex()}"


@pytest.mark.parametrize("entries", [1, 3000])
def test_remembered_entries_are_bounded(mirror_feeder: subprocess.Popen[str], entries: int) -> None:
    """Of one entry at a time the last 1,024 are remembered; of a table all that it had at one time."""
    rows = [Row(IPv4Address(0x0A000000 + i)) for i in range(5000)]
    operations = []
    for start in range(0, len(rows), entries):
        operations += [f"p0:{row.hex()}" for row in rows[start : start + entries]]
        operations += [f"r0:{row.hex()}" for row in rows[start : start + entries]]
    answers = run(mirror_feeder, Model(), operations + [f"l0:{row.hex()}" for row in rows])[-len(rows) :]
    known = max(1024, entries)
    assert [word == "-" for word in answers] == [True] * (len(rows) - known) + [False] * known
