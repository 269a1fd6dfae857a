# SPDX-License-Identifier: MIT
"""Questions that Microsoft's documentation leaves open: each test calls Windows and records the result.

Only the behaviour that netio relies on is asserted. Entries are restored afterwards.
"""

from __future__ import annotations

import ctypes
import time
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


def has_row(address: str, adapter: Interface) -> bool:
    return any(str(row.address) == address for row in netio.list_neighbors(interface=adapter))


def test_1_absent_rows(adapter: Interface, iphlpapi: ctypes.WinDLL, record: Record) -> None:
    record("Set, no such row", outcome(lambda: netio.set_neighbor("192.0.2.70", MAC, interface=adapter)))
    record("Delete, no such row", outcome(lambda: netio.delete_neighbor("192.0.2.70", interface=adapter)))
    index = 0xFFFFFF
    assert all(interface.index != index for interface in netio.list_interfaces())
    record("Flush, no such index", iphlpapi.FlushIpNetTable2(ctypes.c_ushort(lib.AF_INET), ctypes.c_ulong(index)))
    assert not has_row("192.0.2.70", adapter)


def test_2_permanent_rows(adapter: Interface, record: Record) -> None:
    multicast = {row.address for row in netio.list_neighbors(interface=adapter) if row.address.is_multicast}
    netio.create_neighbor("192.0.2.71", MAC, interface=adapter)
    netio.flush_neighbors(interface=adapter)
    record("Flush keeps permanent rows", has_row("192.0.2.71", adapter))
    now = {row.address for row in netio.list_neighbors(interface=adapter)}
    record("Flush keeps multicast rows", f"{len(multicast & now)} of {len(multicast)}")
    netio.replace_neighbor("192.0.2.71", MAC, interface=adapter)
    result = outcome(lambda: netio.resolve_neighbor("192.0.2.71", interface=adapter))
    record("Resolve of a permanent row", f"{result}, row there afterwards: {has_row('192.0.2.71', adapter)}")


def test_3_set_on_a_dynamic_row(adapter: Interface, gateway: IPv4Address, record: Record) -> None:
    before = netio.resolve_neighbor(gateway, interface=adapter)
    try:
        result = outcome(lambda: netio.set_neighbor(gateway, before.physical_address, interface=adapter))
        after = outcome(lambda: netio.get_neighbor(gateway, interface=adapter))
    finally:
        netio.delete_neighbor(gateway, interface=adapter, missing_ok=True)
        again = netio.resolve_neighbor(gateway, interface=adapter)
    record(f"Set on a row that is {before.state.name}", f"{result}, then {after}")
    assert again.physical_address == before.physical_address


def test_4_silent_hosts(adapter: Interface, gateway: IPv4Address, record: Record) -> None:
    silent = next(gateway + n for n in range(100, 120) if not has_row(str(gateway + n), adapter))
    for name, address in (("on-link", str(silent)), ("off-link", "192.0.2.72"), ("off-link, IPv6", "2001:db8::72")):
        result = outcome(partial(netio.resolve_neighbor, address, interface=adapter))
        record(f"Resolve of a silent host {name}", result)
    start = time.monotonic()
    with pytest.raises(netio.NetioError):
        netio.resolve_neighbor("192.0.2.73", interface=adapter, timeout=0.2)
    assert time.monotonic() - start < 1


@pytest.mark.parametrize("length", [0, 4, 6, 8, 32])
def test_5_physical_addresses(adapter: Interface, record: Record, length: int) -> None:
    create = outcome(lambda: netio.create_neighbor("192.0.2.74", b"\x02" * length, interface=adapter))
    record(f"Create with {length} bytes of physical address", create)
    assert has_row("192.0.2.74", adapter) == create.startswith("0 ")


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
    native, _ = pack_entries([Neighbor(gateway)], InterfaceCache())
    native[0].InterfaceLuid.Value = native[0].InterfaceIndex = 0
    row = (ctypes.c_char * ffi.sizeof("MIB_IPNET_ROW2")).from_buffer(ffi.buffer(native))
    code = iphlpapi.ResolveIpNetEntry2(row, None)
    record("Resolve with LUID 0 and index 0", code)
    assert (code == 0) == bool(native[0].PhysicalAddressLength)


def test_7_order_of_the_checks(adapter: Interface, record: Record) -> None:
    nowhere = Interface("no such interface", 0, UNKNOWN_LUID)
    calls: dict[str, Callable[[], object]] = {
        "Create": lambda: netio.create_neighbor("192.0.2.77", MAC, interface=adapter),
        "Create, loopback": lambda: netio.create_neighbor("::1", MAC, interface=adapter),
        "Create, no such interface": lambda: netio.create_neighbor("192.0.2.77", MAC, interface=nowhere),
        "Set, no such row": lambda: netio.set_neighbor("192.0.2.77", MAC, interface=adapter),
        "Get, no such row": lambda: netio.get_neighbor("192.0.2.77", interface=adapter),
        "Resolve": lambda: netio.resolve_neighbor("192.0.2.77", interface=adapter),
    }
    with unprivileged():
        results = {name: outcome(verb) for name, verb in calls.items()}
    for name, result in results.items():
        record(f"without privileges: {name}", result)
    assert results["Create"].startswith("5 ")
    assert not has_row("192.0.2.77", adapter)


def test_8_ages_and_scopes(adapter: Interface, gateway: IPv4Address, record: Record) -> None:
    row = netio.resolve_neighbor(gateway, interface=adapter)
    time.sleep(2)
    later = netio.get_neighbor(gateway, interface=adapter)
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
