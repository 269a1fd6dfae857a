# SPDX-License-Identifier: MIT
"""Questions that Microsoft's documentation leaves open: each test calls Windows and records the result.

Only the behaviour that netio relies on is asserted. Entries are restored afterwards.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ctypes import wintypes
from functools import partial

import pytest

import netio
from netio import Interface, Neighbor, NeighborState
from netio._interfaces import InterfaceCache, pack_entries
from netio._native import ffi, lib
from netio._types import UNKNOWN_LUID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from ipaddress import IPv4Address

    Record = Callable[[str, object], None]

MAC = "02:00:5e:00:00:07"
NOWHERE = Interface("no such interface", 0, UNKNOWN_LUID - 1)
UNUSED_INDEX = 0xFFFFFF

# Seconds until a dynamic entry has changed its state at least once.
AGING = float(os.environ.get("NETIO_LIVE_AGING", "60"))


def outcome(verb: Callable[[], object]) -> str:
    """Return the result of a call and its duration."""
    start = time.monotonic()
    try:
        found = verb()
    except netio.NetioError as error:
        result = str(error.code)
    else:
        result = f"0, {found.state.name}" if isinstance(found, Neighbor) else "0"
    return f"{result} ({time.monotonic() - start:.2f} s)"


@contextmanager
def unprivileged() -> Iterator[None]:
    """Drop the privileges of this thread, so that it acts like a program that was not started elevated."""
    kernel, security = ctypes.WinDLL("kernel32"), ctypes.WinDLL("advapi32")
    kernel.GetCurrentProcess.restype = wintypes.HANDLE
    process, token, limited = wintypes.HANDLE(kernel.GetCurrentProcess()), wintypes.HANDLE(), wintypes.HANDLE()
    all_access, filtered = 0xF01FF, 4
    assert security.OpenProcessToken(process, all_access, ctypes.byref(token))
    assert security.CreateRestrictedToken(token, filtered, 0, None, 0, None, 0, None, ctypes.byref(limited))
    assert security.ImpersonateLoggedOnUser(limited)
    try:
        yield
    finally:
        assert security.RevertToSelf()
        kernel.CloseHandle(limited)
        kernel.CloseHandle(token)


def row_of(
    address: IPv4Address | str, physical_address: bytes = b"", interface: Interface | None = None
) -> ctypes.Array[ctypes.c_char]:
    """Return a MIB_IPNET_ROW2, for the functions that netio calls otherwise or not at all."""
    entry = Neighbor(address, physical_address, interface="" if interface is None else interface)
    native, _ = pack_entries([entry], InterfaceCache())
    if interface is None:
        native[0].InterfaceLuid.Value = native[0].InterfaceIndex = 0
    return (ctypes.c_char * ffi.sizeof("MIB_IPNET_ROW2")).from_buffer(ffi.buffer(native))


def has_row(address: str, adapter: Interface) -> bool:
    return any(str(row.address) == address for row in netio.list_neighbors(interface=adapter))


def test_1_absent_rows(adapter: Interface, iphlpapi: ctypes.WinDLL, record: Record) -> None:
    record("Set, no such row", outcome(lambda: netio.set_neighbor("192.0.2.70", MAC, interface=adapter)))
    record("Delete, no such row", outcome(lambda: netio.delete_neighbor("192.0.2.70", interface=adapter)))
    assert all(interface.index != UNUSED_INDEX for interface in netio.list_interfaces())
    for name, nowhere in (("LUID", NOWHERE), ("index", Interface("", UNUSED_INDEX, 0))):
        record(f"Get, no such {name}", iphlpapi.GetIpNetEntry2(row_of("192.0.2.70", b"", nowhere)))
        record(f"Create, no such {name}", iphlpapi.CreateIpNetEntry2(row_of("192.0.2.70", b"\2\0\0\0\0\7", nowhere)))
    record(
        "Flush, no such index", iphlpapi.FlushIpNetTable2(ctypes.c_ushort(lib.AF_INET), ctypes.c_ulong(UNUSED_INDEX))
    )
    assert not has_row("192.0.2.70", adapter)


def test_2_permanent_rows(adapter: Interface, iphlpapi: ctypes.WinDLL, record: Record) -> None:
    multicast = {row.address for row in netio.list_neighbors(interface=adapter) if row.address.is_multicast}
    netio.create_neighbor("192.0.2.71", MAC, interface=adapter)
    netio.flush_neighbors(interface=adapter)
    record("Flush keeps permanent rows", has_row("192.0.2.71", adapter))
    now = {row.address for row in netio.list_neighbors(interface=adapter)}
    record("Flush keeps multicast rows", f"{len(multicast & now)} of {len(multicast)}")
    netio.replace_neighbor("192.0.2.71", MAC, interface=adapter)
    code = iphlpapi.ResolveIpNetEntry2(row_of("192.0.2.71", b"", adapter), None)
    record("Resolve of a permanent row", f"{code}, row there afterwards: {has_row('192.0.2.71', adapter)}")


@pytest.mark.timeout(180)
def test_3_set_on_a_dynamic_row(uplink: Interface, gateway: IPv4Address, record: Record) -> None:
    before = netio.resolve_neighbor(gateway, interface=uplink)
    try:
        result = outcome(lambda: netio.set_neighbor(gateway, before.physical_address, interface=uplink))
        after = outcome(lambda: netio.get_neighbor(gateway, interface=uplink))
        time.sleep(AGING)
        later = outcome(lambda: netio.get_neighbor(gateway, interface=uplink))
        netio.delete_neighbor(gateway, interface=uplink)
        netio.resolve_neighbor(gateway, interface=uplink)
        netio.replace_neighbor(gateway, before.physical_address, interface=uplink)
        replaced = netio.get_neighbor(gateway, interface=uplink)
    finally:
        netio.delete_neighbor(gateway, interface=uplink, missing_ok=True)
        again = netio.resolve_neighbor(gateway, interface=uplink)
    record(f"Set on a row that is {before.state.name}", f"{result}, then {after}; after {AGING:.0f} s {later}")
    record("the gateway has the physical address of Azure's fabric", before.physical_address == "12:34:56:78:9a:bc")
    assert replaced.state is NeighborState.PERMANENT
    assert again.physical_address == before.physical_address


# Each call takes up to 15 seconds.
@pytest.mark.timeout(180)
def test_4_silent_hosts(adapter: Interface, record: Record) -> None:
    for address in ("192.0.2.72", "198.51.100.72", "2001:db8::72"):
        result = outcome(partial(netio.resolve_neighbor, address, interface=adapter))
        record(f"Resolve of a silent host, {address}", result)
    for count in (16, 64):
        start = time.monotonic()
        answers = list(netio.resolve_neighbors([f"2001:db8::{n + 256:x}" for n in range(count)], interface=adapter))
        assert len(answers) == count
        record(f"Resolve of {count} silent hosts at a time", f"{time.monotonic() - start:.2f} s")
    start = time.monotonic()
    with pytest.raises(netio.NetioError):
        netio.resolve_neighbor("2001:db8::73", interface=adapter, timeout=0.2)
    assert time.monotonic() - start < 2  # Windows itself takes 3 s or more


def test_4_one_address_in_two_calls(
    uplink: Interface, gateway: IPv4Address, iphlpapi: ctypes.WinDLL, record: Record
) -> None:
    def resolve(_: int) -> str:
        start = time.monotonic()
        code = iphlpapi.ResolveIpNetEntry2(row_of(gateway, b"", uplink), None)
        return f"{code} ({time.monotonic() - start:.2f} s)"

    with ThreadPoolExecutor(2) as pool:
        record("two Resolves of one address at a time", " and ".join(pool.map(resolve, range(2))))
    (_, first), (_, second) = netio.resolve_neighbors([gateway, gateway], interface=uplink)
    assert isinstance(first, Neighbor)
    assert first.is_resolved
    assert first == second


def test_4_link_local_source(adapter: Interface, record: Record) -> None:
    sources = [found.address for found in netio.list_addresses(interface=adapter) if found.address.is_link_local]
    for source in [address for address in sources if address.version == 6][:1]:
        result = outcome(partial(netio.resolve_neighbor, "2001:db8::75", interface=adapter, source=source))
        record("Resolve with a link-local source", result)
        assert not result.startswith("1168 ")  # netio adds the scope, without which the source is not found


def test_4_exit_with_pending_calls(adapter: Interface, record: Record) -> None:
    code = f"import netio; list(netio.resolve_neighbors(['2001:db8::74'], interface={adapter.index}, timeout=0))"
    start = time.monotonic()
    subprocess.run([sys.executable, "-c", code], check=True, stdin=subprocess.PIPE, capture_output=True)
    record("a process that ends with a pending Resolve takes", f"{time.monotonic() - start:.2f} s")


@pytest.mark.parametrize("length", [0, 4, 6, 8, 32])
def test_5_physical_addresses(adapter: Interface, iphlpapi: ctypes.WinDLL, record: Record, length: int) -> None:
    address, given = f"192.0.2.{100 + length}", bytes(range(2, 2 + length))
    code = iphlpapi.CreateIpNetEntry2(row_of(address, given, adapter))
    found = [
        str(row.physical_address) for row in netio.list_neighbors(interface=adapter) if str(row.address) == address
    ]
    record(f"Create with {length} bytes of physical address", f"{code}, then {found or 'no row'}")
    assert len(found) == (code == 0)


def test_5_every_interface(iphlpapi: ctypes.WinDLL, record: Record) -> None:
    results: dict[str, int] = {}
    for interface in netio.list_interfaces():
        row = row_of("192.0.2.133", b"\2\0\0\0\0\7", interface)
        code = iphlpapi.CreateIpNetEntry2(row)
        if code == 0:
            found = netio.get_neighbor("192.0.2.133", interface=interface)
            assert iphlpapi.DeleteIpNetEntry2(row) == 0
            code = f"0, {found.state.name} {found.physical_address or 'without physical address'}"
        name = f"{code}, interface type {interface.luid >> 48}"
        results[name] = results.get(name, 0) + 1
    for name, count in results.items():
        record("Create on each interface", f"{name}: {count} x")


def test_created_again_after_delete(adapter: Interface, iphlpapi: ctypes.WinDLL, record: Record) -> None:
    refused, longest = 0, 0.0
    for n in range(20):
        row = row_of(f"192.0.2.{200 + n}", b"\2\0\0\0\0\7", adapter)
        assert iphlpapi.CreateIpNetEntry2(row) == 0
        assert iphlpapi.DeleteIpNetEntry2(row) == 0
        start, code = time.monotonic(), iphlpapi.CreateIpNetEntry2(row)
        refused += code != 0
        while code == lib.ERROR_OBJECT_ALREADY_EXISTS and time.monotonic() - start < 2:
            code = iphlpapi.CreateIpNetEntry2(row)
        longest = max(longest, time.monotonic() - start)
    record("Create right after Delete", f"{refused} of 20 refused, the last one for {longest:.3f} s")


@pytest.mark.parametrize("address", ["0.0.0.0", "255.255.255.255", "224.0.0.99", "::", "ff02::99", "::ffff:192.0.2.75"])
def test_5_addresses(adapter: Interface, record: Record, address: str) -> None:
    present = has_row(address, adapter)
    create = outcome(lambda: netio.create_neighbor(address, MAC, interface=adapter))
    record(f"Create {address}", create)
    if create.startswith("0 "):
        netio.delete_neighbor(address, interface=adapter)
        assert not has_row(address, adapter)
    else:
        assert has_row(address, adapter) == present


def test_6_resolve_without_an_interface(gateway: IPv4Address, iphlpapi: ctypes.WinDLL, record: Record) -> None:
    row = row_of(gateway)
    code = iphlpapi.ResolveIpNetEntry2(row, None)
    record("Resolve with LUID 0 and index 0", code)
    assert (code == 0) == bool(ffi.from_buffer("MIB_IPNET_ROW2 *", memoryview(row).cast("B")).PhysicalAddressLength)


def test_7_order_of_the_checks(adapter: Interface, record: Record) -> None:
    calls: dict[str, Callable[[], object]] = {
        "Create": lambda: netio.create_neighbor("192.0.2.77", MAC, interface=adapter),
        "Create, loopback": lambda: netio.create_neighbor("::1", MAC, interface=adapter),
        "Create, no such interface": lambda: netio.create_neighbor("192.0.2.77", MAC, interface=NOWHERE),
        "Set, no such row": lambda: netio.set_neighbor("192.0.2.77", MAC, interface=adapter),
        "Get, no such row": lambda: netio.get_neighbor("192.0.2.77", interface=adapter),
        "Resolve": lambda: netio.resolve_neighbor("192.0.2.77", interface=adapter),
    }
    with unprivileged():
        results = {name: outcome(verb) for name, verb in calls.items()}
    for name, result in results.items():
        record(f"without privileges: {name}", result)
    # Not asserted to be 5: the DLL may use a handle that it opened with the privileges.
    assert results["Create"].startswith("0 ") == has_row("192.0.2.77", adapter)


def test_8_ages_and_scopes(uplink: Interface, gateway: IPv4Address, record: Record) -> None:
    row = netio.resolve_neighbor(gateway, interface=uplink)
    time.sleep(2)
    later = netio.get_neighbor(gateway, interface=uplink)
    record("reachability_time at once and after 2 s", f"{row.reachability_time}, {later.reachability_time} ms")
    local = [row for row in netio.list_neighbors(lib.AF_INET6) if row.address.is_link_local]
    record("scopes of link-local rows", ", ".join(sorted({str(row.address) for row in local})) or "no such rows")
    assert all(str(row.address).endswith(f"%{row.interface_index}") for row in local)


def test_9_aliases(adapter: Interface, iphlpapi: ctypes.WinDLL, record: Record) -> None:
    cache = InterfaceCache()
    swapped = adapter.name.swapcase()
    found = cache.find(name=swapped)
    record(f"AliasToLuid({swapped!r}) for {adapter.name!r}", "found" if found is not None else "not found")
    luid = ctypes.c_uint64()
    index, text = ctypes.c_uint32(), ctypes.create_unicode_buffer(257)
    unknown = ctypes.byref(ctypes.c_uint64(NOWHERE.luid))
    codes = {
        "IndexToLuid": iphlpapi.ConvertInterfaceIndexToLuid(UNUSED_INDEX, ctypes.byref(luid)),
        "LuidToIndex": iphlpapi.ConvertInterfaceLuidToIndex(unknown, ctypes.byref(index)),
        "LuidToAlias": iphlpapi.ConvertInterfaceLuidToAlias(unknown, text, ctypes.c_size_t(257)),
    }
    record("conversions of an unknown interface", codes)
    assert all(codes.values())
    for alias in ("no such interface", ""):
        code = iphlpapi.ConvertInterfaceAliasToLuid(ctypes.c_wchar_p(alias), ctypes.byref(luid))
        record(f"AliasToLuid({alias!r})", code)
        assert code != 0
        assert cache.find(name=alias) is None


def test_created_entry_is_permanent(adapter: Interface, record: Record) -> None:
    netio.create_neighbor("192.0.2.76", MAC, interface=adapter)
    state = netio.get_neighbor("192.0.2.76", interface=adapter).state
    record("state after Create", state.name)
    assert state is NeighborState.PERMANENT
