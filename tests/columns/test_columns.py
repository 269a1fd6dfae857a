# SPDX-License-Identifier: MIT
"""The columns of a table, for NumPy, pyarrow, polars, pandas and duckdb, against its rows."""

import gc
import sys
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from threading import Thread
from typing import Any

import duckdb  # type: ignore[import-not-found,unused-ignore]
import numpy as np
import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netio import Neighbor, NeighborTable, _arrow
from netio._codec import ROW_SIZE
from netio._interfaces import InterfaceCache, pack_entries
from netio._native import ffi, lib
from netio._table import _table, native_rows

# Two interfaces have the same name, as removed ones share the name ""; the name of one is not valid UTF-8.
NAMES = {1: ("lo", "lo"), 7: ("", "7"), 9: ("", "9"), 300: ("a\udc80b", "a\udc80b"), 2**31 + 5: ("d" * 700, "d" * 700)}

ADDRESSES = [
    "0.0.0.0",
    "192.0.2.1",
    "255.255.255.255",
    "10.20.100.9",
    "::",
    "::1",
    "1::",
    "2001:db8::7",
    "2001:db8:0:1:0:1:0:1",
    "2001:0:0:1::1",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:0:0",
    "0:0:3:4:5:6:7:8",
    "1:0:3:0:5:0:7:0",
    "abcd:ef01:2345:6789:abcd:ef01:2345:6789",
    "fe7f::1",
    "fe80::1",
    "febf::ffff",
    "fec0::1",
]

SCALARS = ["is_router", "is_unreachable", "interface_index", "interface_luid"]


def table_of(addresses: Sequence[IPv4Address | IPv6Address]) -> NeighborTable:
    """A table of rows that differ in all members."""
    native, _ = pack_entries([Neighbor(address, interface=1) for address in addresses], InterfaceCache())
    indexes = list(NAMES)
    for i in range(len(addresses)):
        row = native[i]
        row.InterfaceIndex = indexes[i % len(indexes)]
        row.InterfaceLuid.Value = 2**63 + i
        row.PhysicalAddressLength = i % 33
        ffi.buffer(row.PhysicalAddress)[: i % 33] = bytes(range(250 - i % 33, 250))
        row.State = i % 7
        row.Flags = i % 4
        row.ReachabilityTime.LastReachable = 2**32 - 1 - i
    return _table(memoryview(bytes(ffi.buffer(native))), range(len(addresses)), NAMES)


def table() -> NeighborTable:
    return table_of([*map(IPv4Address, ADDRESSES[:4]), *map(IPv6Address, ADDRESSES[4:])])


def text(value: object) -> str:
    return str(value).encode("utf-8", "replace").decode()


def rows_as_columns(rows: NeighborTable) -> list[dict[str, object]]:
    return [
        {
            "address": text(row.address),
            "interface": text(row.interface),
            "physical_address": str(row.physical_address),
            "state": row.state.name,
            **{name: getattr(row, name) for name in SCALARS},
            "reachability_time": row.reachability_time,
        }
        for row in rows
    ]


def arrow_rows(found: "pa.Table") -> list[dict[str, object]]:
    found.validate(full=True)
    place = found.schema.get_field_index("reachability_time")
    assert found.schema.field(place).type == pa.duration("ms")
    return list(found.set_column(place, "reachability_time", found.column(place).cast(pa.int64())).to_pylist())


@pytest.mark.parametrize("place", [slice(None), slice(3, 9), slice(None, None, 3), slice(None, None, -1), slice(0)])
def test_pyarrow_table_has_the_rows(place: slice) -> None:
    shown = table()[place]
    assert arrow_rows(pa.table(shown)) == rows_as_columns(shown)


@pytest.mark.parametrize("place", [slice(None), slice(3, 9), slice(None, None, -2), slice(0)])
def test_polars_frame_has_the_rows(place: slice) -> None:
    shown = table()[place]
    found = pl.DataFrame(shown)
    assert found.schema["reachability_time"] == pl.Duration("ms")
    assert found.with_columns(pl.col("reachability_time").dt.total_milliseconds()).to_dicts() == rows_as_columns(shown)


def without_scope(address: object) -> str:
    """Returns the text of an address that pandas may have copied: early releases of Python 3.11 lose its scope then."""
    return str(address).partition("%")[0]


def test_pandas_frame_has_the_fields() -> None:
    """Bug: pandas converts the table to an array of NumPy instead, which has one column, or two."""
    shown = table()
    names = NAMES | {300: ("eth0", "eth0")}  # text of pandas must be UTF-8
    shown = _table(native_rows(shown), range(len(shown)), names)
    found = pd.DataFrame(shown)
    assert list(found.columns) == list(Neighbor.__slots__)
    records = [row | {"address": without_scope(row["address"])} for row in found.to_dict("records")]
    expected = [row.to_dict() | {"address": without_scope(row.address)} for row in shown]
    assert [Neighbor.from_dict(row) for row in records] == [Neighbor.from_dict(row) for row in expected]
    assert str(found)


@pytest.mark.parametrize("place", [slice(None), slice(None, None, -2), slice(0)])
def test_pandas_frame_from_arrow_has_the_rows(place: slice) -> None:
    shown = table()[place]
    found = pd.DataFrame.from_arrow(shown)
    found["reachability_time"] = found["reachability_time"].astype("int64")
    assert found.to_dict("records") == rows_as_columns(shown)


def test_duckdb_query_reads_a_table() -> None:
    shown = table()
    query = "SELECT address, physical_address FROM shown WHERE state = 'PERMANENT' ORDER BY interface_luid"
    expected = [(text(row.address), row.physical_address) for row in shown if row.state.name == "PERMANENT"]
    assert duckdb.execute(query).fetchall() == expected != []


def test_filter_of_polars() -> None:
    found = pl.DataFrame(table()).filter(pl.col("state") == "UNREACHABLE", pl.col("interface") == "lo")
    expected = [row for row in table() if row.state.name == "UNREACHABLE" and row.interface == "lo"]
    assert found["address"].to_list() == [str(row.address) for row in expected] != []


def test_schema_is_that_of_the_stream() -> None:
    assert pa.schema(table()) == pa.table(table()).schema
    assert pa.schema(table()).field("interface").type == pa.dictionary(pa.int32(), pa.string())


def test_many_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_arrow, "_BATCH", 4)
    found = pa.table(table())
    assert found.column("state").num_chunks == 5
    assert arrow_rows(found) == rows_as_columns(table())
    assert pl.DataFrame(table())["address"].to_list() == [text(row.address) for row in table()]


def test_unknown_state() -> None:
    rows = bytearray(native_rows(table()))
    offset = ROW_SIZE + ffi.offsetof("MIB_IPNET_ROW2", "State")
    rows[offset : offset + 4] = (77).to_bytes(4, sys.byteorder)
    shown = _table(memoryview(bytes(rows)), range(len(table())), NAMES)
    assert pa.table(shown).column("state").to_pylist() == [row.state.name for row in shown]
    assert shown[1].state.name == "UNKNOWN_77"


@given(st.lists(st.ip_addresses().filter(lambda address: address.version == 4 or not address.ipv4_mapped)))
def test_addresses_are_written_as_python_writes_them(addresses: list[IPv4Address | IPv6Address]) -> None:
    shown = table_of(addresses)
    assert pa.table(shown).column("address").to_pylist() == [text(row.address) for row in shown]


def test_more_interfaces_than_the_cache_of_the_c_code_holds() -> None:
    """Bug: values are lost or mixed up if there are more than the C code caches, in changing order."""
    count = 1000
    native = ffi.new("MIB_IPNET_ROW2[]", count)
    for i in range(count):
        native[i].Address.si_family = lib.AF_INET
        native[i].InterfaceIndex = 1 + i * 7919 % 97
    names = {index: (f"if{index}", f"if{index}") for index in range(1, 98)}
    rows = memoryview(bytes(ffi.buffer(native)))
    assert _arrow.member_values(rows, ffi.offsetof("MIB_IPNET_ROW2", "InterfaceIndex")) == set(names)
    shown = _table(rows, range(count), names)
    assert pa.table(shown).column("interface").to_pylist() == [row.interface for row in shown]


def test_error_without_nanoarrow_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoarrow", None)
    for method in (table().__arrow_c_schema__, table().__arrow_c_stream__):
        with pytest.raises(ModuleNotFoundError, match=r'pip install "netioapi\[arrow\]"'):
            method()


@pytest.mark.parametrize("place", [slice(None), slice(3, 9), slice(None, None, 3), slice(None, None, -1), slice(0)])
def test_array_has_the_rows(place: slice) -> None:
    shown = table()[place]
    array = shown.to_numpy()
    assert array.shape == (len(shown),)
    for item, row in zip(array, shown, strict=True):
        kind, member = ("Ipv4", "sin_addr") if row.address.version == 4 else ("Ipv6", "sin6_addr")
        assert item["Address"][kind][member].tobytes() == row.address.packed
        assert item["Address"]["si_family"] == (lib.AF_INET if row.address.version == 4 else lib.AF_INET6)
        assert item["PhysicalAddress"].tobytes()[: item["PhysicalAddressLength"]] == row.physical_address.packed
        assert item["State"] == row.state
        assert item["Flags"] == row.is_router * lib.NETIO_IS_ROUTER + row.is_unreachable * lib.NETIO_IS_UNREACHABLE
        for name, value in [
            ("ReachabilityTime", row.reachability_time),
            ("InterfaceIndex", row.interface_index),
            ("InterfaceLuid", row.interface_luid),
        ]:
            assert item[name] == value


def test_dtype_has_the_layout_of_the_compiler() -> None:
    dtype = table().to_numpy().dtype
    kind = ffi.typeof("MIB_IPNET_ROW2")
    assert dtype.itemsize == ROW_SIZE
    assert dtype.names == tuple(name for name, _ in kind.fields)
    assert dtype.fields is not None
    assert [dtype.fields[name][1] for name, _ in kind.fields] == [member.offset for _, member in kind.fields]


def test_array_is_read_only_and_shares_the_memory() -> None:
    shown = table()
    array = shown.to_numpy()
    assert np.shares_memory(array, shown[2:5].to_numpy())
    with pytest.raises(ValueError, match="read-only"):
        array["State"][0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.flags.writeable = True


def test_array_keeps_the_memory_alive() -> None:
    shown = table()
    expected = bytes(native_rows(shown))
    freed: list[Any] = []
    memory = ffi.gc(ffi.new("char[]", expected), freed.append)
    shown = _table(memoryview(ffi.buffer(memory, len(expected))).toreadonly(), range(len(shown)), NAMES)
    array, part = shown.to_numpy()[3:], shown[1:]
    del memory, shown
    gc.collect()
    assert not freed
    del part
    gc.collect()
    assert not freed
    assert array.tobytes() == expected[3 * ROW_SIZE :]
    del array
    gc.collect()
    assert len(freed) == 1


def test_threads_read_a_table_that_another_one_drops() -> None:
    shown = table()
    expected = rows_as_columns(shown), list(shown), shown.to_numpy().tobytes()
    results: list[bool] = []

    def read(mine: NeighborTable) -> None:
        for _ in range(20):
            part = mine[:]
            found = arrow_rows(pa.table(part)), list(mine), part.to_numpy().tobytes()
            results.append(found == expected)

    threads = [Thread(target=read, args=[shown[:]]) for _ in range(8)]
    for thread in threads:
        thread.start()
    del shown
    for thread in threads:
        thread.join()
    assert results == [True] * 160
