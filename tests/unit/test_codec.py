# SPDX-License-Identifier: MIT
"""Conversion of Neighbor to MIB_IPNET_ROW2 and back."""

import sys
from dataclasses import fields
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netio import Interface, Neighbor, NeighborState
from netio._codec import ROW_SIZE, pack_address, unpack
from netio._interfaces import InterfaceCache, pack_entries
from netio._native import ffi, lib

INTERFACE = Interface("eth0", 3, 6 << 48 | 3 << 24)
NAMES = {3: ("eth0", "eth0")}

addresses = st.one_of(
    st.ip_addresses(v=4),
    st.ip_addresses(v=6).filter(lambda address: not address.is_link_local),
    st.integers(1, 2**64 - 1).map(lambda number: IPv6Address(f"{IPv6Address(0xFE80 << 112 | number)}%eth0")),
)
rows = st.builds(
    Neighbor,
    addresses,
    st.binary(max_size=32),
    interface=st.just(INTERFACE),
    state=st.one_of(st.sampled_from(NeighborState), st.integers(-(2**31), 2**31 - 1)),
    is_router=st.booleans(),
    is_unreachable=st.booleans(),
    reachability_time=st.integers(0, 2**32 - 1),
)


def fields_of(row: Neighbor) -> list[object]:
    return [getattr(row, field.name) for field in fields(row)]


@given(st.lists(rows, max_size=5))
def test_round_trip(written: list[Neighbor]) -> None:
    """Bug: a field changes on its way. The test sets the members that only the system sets."""
    native, refused = pack_entries(written, InterfaceCache())
    assert not refused
    for place, row in enumerate(written):
        native[place].InterfaceIndex = row.interface_index
        ffi.buffer(ffi.addressof(native[place], "State"))[:] = row.state.to_bytes(4, sys.byteorder, signed=True)
        native[place].Flags = row.is_router * lib.NETIO_IS_ROUTER | row.is_unreachable * lib.NETIO_IS_UNREACHABLE
        native[place].ReachabilityTime.LastReachable = row.reachability_time
    read = list(unpack(ffi.buffer(native), NAMES))
    assert [fields_of(row) for row in read] == [fields_of(row) for row in written]


def test_members_have_the_offsets_of_the_compiler() -> None:
    """Bug: the struct format of pack_entries() differs from the C struct, which the test reads through cffi."""
    (ip4, ip6) = pack_entries(
        [
            Neighbor("192.0.2.7", "02:00:5e:00:00:07", interface=INTERFACE),
            Neighbor("2001:db8::7", "0a:14", interface=7),
        ],
        InterfaceCache(),
    )[0]
    assert (ip4.Address.si_family, ip6.Address.si_family) == (lib.AF_INET, lib.AF_INET6)
    assert bytes(ffi.buffer(ffi.addressof(ip4.Address.Ipv4, "sin_addr"))) == bytes([192, 0, 2, 7])
    assert bytes(ffi.buffer(ffi.addressof(ip6.Address.Ipv6, "sin6_addr"))) == IPv6Address("2001:db8::7").packed
    assert (ip4.InterfaceLuid.Value, ip4.InterfaceIndex) == (INTERFACE.luid, INTERFACE.index)
    assert (ip6.InterfaceLuid.Value, ip6.InterfaceIndex) == (0, 7)
    assert bytes(ip4.PhysicalAddress)[:6] == bytes.fromhex("02005e000007")
    assert (ip4.PhysicalAddressLength, ip6.PhysicalAddressLength) == (6, 2)


def test_row_has_the_same_size_as_on_windows() -> None:
    assert ROW_SIZE == ffi.sizeof("MIB_IPNET_ROW2") == 88


def test_too_large_length_is_cut_to_the_member() -> None:
    """Bug: a damaged row exposes the memory behind its physical address. The system returns no such row."""
    native = ffi.new("MIB_IPNET_ROW2 *")
    native.Address.si_family = lib.AF_INET
    native.PhysicalAddressLength = 2**32 - 1
    (row,) = unpack(ffi.buffer(native), {0: ("", "0")})
    assert len(row.physical_address.packed) == lib.IF_MAX_PHYS_ADDRESS_LENGTH


def test_removed_interface_leaves_its_index_as_scope() -> None:
    native = pack_entries([Neighbor("fe80::7", interface=7)], InterfaceCache())[0]
    (row,) = unpack(ffi.buffer(native), {7: ("", "7")})
    assert (row.address, row.interface) == (IPv6Address("fe80::7%7"), "")


@pytest.mark.parametrize("text", ["192.0.2.7", "2001:db8::7", "fe80::7%eth0"])
def test_socket_address_contains_neither_port_nor_scope(text: str) -> None:
    native = pack_address(Neighbor(text).address)
    packed = Neighbor(text).address.packed
    raw = bytes(ffi.buffer(native))
    assert raw.count(packed) == 1
    assert sum(raw) == sum(packed) + sum(native.si_family.to_bytes(2, "little"))


def test_addresses_without_scope_are_plain_ip_addresses() -> None:
    native = pack_entries([Neighbor("192.0.2.7", interface=3), Neighbor("2001:db8::7", interface=3)], InterfaceCache())[
        0
    ]
    assert [type(row.address) for row in unpack(ffi.buffer(native), NAMES)] == [IPv4Address, IPv6Address]


def cache_with(*names: str) -> InterfaceCache:
    """An interface cache that contains these interfaces, so that nothing queries the system."""
    cache = InterfaceCache()
    for index, name in enumerate(names, 1):
        link = ffi.new("netio_interface *", {"index": index, "name": name.encode()})
        link.luid.Value = 6 << 48 | index << 24
        cache._found[name, 0, 0] = cache._found["", index, 0] = cache._found["", 0, link.luid.Value] = link
    return cache


@pytest.mark.parametrize(
    "special",
    [
        Neighbor("192.0.2.9", b"123456", interface="eth0"),
        Neighbor("192.0.2.9", b"123456", interface="eth1"),
        Neighbor("192.0.2.9", b"123456", interface=2),
        Neighbor("192.0.2.9", b"123456", interface=Interface("eth0", 0, 6 << 48 | 2 << 24)),
        Neighbor("192.0.2.9", b"123456", interface=Interface("eth0", 2, 0)),
        Neighbor("192.0.2.9", b"12345", interface="eth0"),
        Neighbor("192.0.2.9", b"", interface="eth0"),
        Neighbor("2001:db8::9", b"123456", interface="eth0"),
        Neighbor("::c000:209", b"123456", interface="eth0"),
        Neighbor("fe80::9%eth0", b"123456"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 149, 150, 299])
def test_block_is_packed_like_single_rows(special: Neighbor, place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bug: a block that is packed column by column has one row that needs other treatment."""
    monkeypatch.setattr("netio._codec._BLOCK", 150)
    cache = cache_with("eth0", "eth1")
    written = [Neighbor(IPv4Address(0xC6336400 + i), b"%6d" % i, interface="eth0") for i in range(300)]
    written[place] = special

    native, refused = pack_entries(written, cache)

    assert not refused
    raw = bytes(ffi.buffer(native))
    one_by_one = [bytes(ffi.buffer(pack_entries([row], cache)[0])) for row in written]
    assert [raw[i : i + ROW_SIZE] for i in range(0, len(raw), ROW_SIZE)] == one_by_one


FULL = Interface("eth0", 1, 6 << 48 | 1 << 24)


@pytest.mark.parametrize("interface", ["eth0", 1, Interface("eth0", 1, 0), FULL, Interface("", 0, FULL.luid), "eth9"])
@pytest.mark.parametrize("prefix", ["192.0.2.", "2001:db8::", "fe80::", "::ffff:c000:2"])
@pytest.mark.parametrize("special", ["", "192.0.2.9", "::9", "fe80::9%eth0", "fe80::9%eth1", "fe80::9%1", "fe80::9%01"])
def test_blocks_of_every_family_are_packed_like_single_rows(
    interface: Interface | str | int, prefix: str, special: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bug: a column of IPv6 addresses is misplaced, or the scope of one address is not compared with the interface."""
    monkeypatch.setattr("netio._codec._BLOCK", 70)
    cache = cache_with("eth0", "eth1")
    cache._found["eth9", 0, 0] = cache._found["01", 0, 0] = cache._found["1", 0, 0] = None
    written = [Neighbor(f"{prefix}{i}", b"%6d" % i, interface=interface) for i in range(140)]
    if special:
        written[75] = Neighbor(special, b"123456", interface=interface)

    native, refused = pack_entries(written, cache)

    single = [pack_entries([row], cache) for row in written]
    assert bytes(ffi.buffer(native)) == b"".join(bytes(ffi.buffer(row)) for row, _ in single)
    assert refused == {place: found[0] for place, (_, found) in enumerate(single) if found}


@pytest.mark.parametrize(
    ("address", "interface"),
    [
        *((address, interface) for address in ("192.0.2.0", "2001:db8::", "fe80::") for interface in ("eth0", 1, FULL)),
        *(("fe80::%eth0", interface) for interface in ("eth0", FULL)),
        ("fe80::%1", 1),
    ],
)
def test_block_of_one_family_is_packed_by_columns(
    address: str, interface: Interface | str | int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bug: entries that could be packed by columns are packed one by one, which takes up to four times as long."""
    monkeypatch.setattr("netio._codec._pack_each", None)
    written = [Neighbor(address, b"%6d" % i, interface=interface) for i in range(100)]

    native, refused = pack_entries(written, cache_with("eth0"))

    assert not refused
    assert native[99].PhysicalAddressLength == 6


def test_refused_rows_beyond_the_first_block_keep_their_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netio._codec._BLOCK", 100)
    written = [Neighbor("192.0.2.7", interface="eth0")] * 350
    written[120] = written[340] = Neighbor("fe80::7%eth1", interface="eth0")

    native, refused = pack_entries(written, cache_with("eth0", "eth1"))

    assert sorted(refused) == [120, 340]
    assert [place for place in range(350) if native[place].InterfaceLuid.Value == 2**64 - 1] == [120, 340]
