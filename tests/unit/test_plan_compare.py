# SPDX-License-Identifier: MIT
"""The comparison of desired rows with a table, against a model in Python. It needs no kernel."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netio import Interface, Neighbor, NeighborState
from netio._codec import FLAGS_OFFSET, ROW_SIZE, STATE_OFFSET, pack
from netio._native import ffi, lib

ADDRESSES = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "fe80::1", "224.0.0.1", "127.0.0.1", "::"]
PHYSICAL = ["", "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:01:02:03:04"]
FLAGS = [0, lib.NETIO_IS_ROUTER, lib.NETIO_IS_FOREIGN, lib.NETIO_IS_ROUTER | lib.NETIO_IS_FOREIGN]
STATES = [NeighborState.PERMANENT, NeighborState.STALE, NeighborState.UNREACHABLE]

# Address, interface index, physical address, flags, state.
Row = tuple[str, int, str, int, NeighborState]

rows = st.tuples(
    st.sampled_from(ADDRESSES),
    st.integers(1, 2),
    st.sampled_from(PHYSICAL),
    st.sampled_from(FLAGS),
    st.sampled_from(STATES),
)
# The kernel's table has each key once.
tables = st.lists(rows, max_size=12, unique_by=lambda row: row[:2])


def native(items: list[Row], luids: int) -> memoryview:
    """Returns the rows; luids: the LUID of interface 1, that of interface 2 is one more; 0: they have none."""
    entries = [
        Neighbor(address, physical, interface=Interface("", index, luids and luids + index))
        for address, index, physical, *_ in items
    ]
    packed = pack(entries, lambda _, entry: (entry.interface_luid, entry.interface_index))
    view = memoryview(ffi.buffer(packed))
    for place, (*_, flags, state) in enumerate(items):
        view[place * ROW_SIZE + FLAGS_OFFSET] = flags
        view.cast("i")[(place * ROW_SIZE + STATE_OFFSET) // 4] = state
    return view


def compared(desired: list[Row], table: list[Row], luids: int, exact: int) -> tuple[list[int], list[int], list[int]]:
    """Calls the function in C."""
    verdicts, places = ffi.new("UCHAR[]", len(desired) + 1), ffi.new("ULONG[]", len(desired) + 1)
    surplus = ffi.new("UCHAR[]", len(table) + 1)
    with (
        ffi.from_buffer("MIB_IPNET_ROW2[]", native(desired, luids)) as rows,
        ffi.from_buffer("MIB_IPNET_ROW2[]", native(table, luids)) as entries,
    ):
        code = lib.netio_plan_compare(rows, len(desired), entries, len(table), exact, verdicts, places, surplus)
    assert code == lib.NO_ERROR
    return list(verdicts)[:-1], list(places)[:-1], list(surplus)[:-1]


def is_of_one_host(text: str) -> bool:
    address = ip_address(text)
    return not (address.is_multicast or address.is_loopback or address.is_unspecified)


def expected_verdict(number: int, desired: list[Row], table: list[Row], exact: int) -> tuple[int, int | None]:
    """Returns verdict and place of a desired row by the documentation of the function."""
    address, index, physical, flags, _ = desired[number]
    if not is_of_one_host(address):
        return lib.NETIO_PLAN_INVALID, None
    for place, (other_address, other_index, other_physical, *_) in enumerate(desired[:number]):
        if (other_address, other_index) == (address, index):
            contradicts = lib.NETIO_PLAN_CONTRADICTS if other_physical != physical else 0
            return lib.NETIO_PLAN_REPEATED | contradicts, place
    for place, (other_address, other_index, now, now_flags, state) in enumerate(table):
        if (other_address, other_index) == (address, index):
            counts = flags & lib.NETIO_IS_ROUTER | exact
            differs = now != physical or state != NeighborState.PERMANENT or (flags ^ now_flags) & counts
            foreign = lib.NETIO_PLAN_FOREIGN if now_flags & lib.NETIO_IS_FOREIGN else 0
            return lib.NETIO_PLAN_EXISTS | foreign | (lib.NETIO_PLAN_DIFFERS if differs else 0), place
    return 0, None


@given(
    desired=st.lists(rows, max_size=12),
    table=tables,
    luids=st.sampled_from([0, 100]),
    exact=st.sampled_from([0, lib.NETIO_IS_ROUTER]),
)
def test_comparison_equals_the_model(desired: list[Row], table: list[Row], luids: int, exact: int) -> None:
    """Bug: a row is found under another key, a repeated row counts twice, or an unplannable entry is surplus."""
    verdicts, places, surplus = compared(desired, table, luids, exact)
    for number, verdict in enumerate(verdicts):
        wanted, place = expected_verdict(number, desired, table, exact)
        assert verdict == wanted
        assert place is None or places[number] == place
    keys = {row[:2] for row in desired if is_of_one_host(row[0])}
    for (address, index, physical, flags, state), is_surplus in zip(table, surplus, strict=True):
        plannable = physical and state == NeighborState.PERMANENT and not flags & lib.NETIO_IS_FOREIGN
        assert is_surplus == bool(plannable and is_of_one_host(address) and (address, index) not in keys)


@pytest.mark.parametrize("length", [33, 2**32 - 1])
def test_a_length_beyond_the_member_is_not_read(length: int) -> None:
    """Bug: the length in a row is used as it is, and memory behind the row is compared."""
    row = ffi.new("MIB_IPNET_ROW2[]", 1)
    row[0].Address.si_family, row[0].InterfaceIndex = lib.AF_INET, 1
    ffi.buffer(ffi.addressof(row[0].Address.Ipv4, "sin_addr"))[:] = bytes([192, 0, 2, 1])
    table = ffi.new("MIB_IPNET_ROW2[]", 1)
    ffi.buffer(table)[:] = ffi.buffer(row)[:]
    table[0].PhysicalAddressLength = length
    verdicts, places, surplus = ffi.new("UCHAR[]", 1), ffi.new("ULONG[]", 1), ffi.new("UCHAR[]", 1)
    assert lib.netio_plan_compare(row, 1, table, 1, 0, verdicts, places, surplus) == lib.NO_ERROR
    assert verdicts[0] == lib.NETIO_PLAN_EXISTS | lib.NETIO_PLAN_DIFFERS
    assert lib.netio_plan_compare(table, 1, row, 1, 0, verdicts, places, surplus) == lib.ERROR_NOT_ENOUGH_MEMORY
