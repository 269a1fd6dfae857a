# SPDX-License-Identifier: MIT
"""The verbs with the iphlpapi.dll of Wine, which shows the tables of the network that under_wine created."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import sys
from collections.abc import Callable
from ctypes import wintypes
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from growth import GROWTH_MAX, KERNEL, bytes_in_use, next_handle

import netio
from netio import NeighborState, PhysicalAddress, linux
from netio._native import lib


def ip_output(name: str) -> list[dict[str, Any]]:
    """Return the output of ip(8) about that network."""
    found: list[dict[str, Any]] = json.loads(Path(os.environ["NETIO_WINE"], name).read_text(encoding="utf-8"))
    assert found
    return found


def test_interpreter_is_the_cpython_of_python_org() -> None:
    assert sys.platform == "win32"
    assert "[MSC v." in sys.version
    assert Path(netio.__file__).is_relative_to(sys.prefix)


LINUX_CALLS: dict[str, Callable[[], object]] = {
    "create_neighbor": lambda: linux.create_neighbor("192.0.2.7", interface="netio0"),
    "create_neighbors": lambda: linux.create_neighbors([]),
    "delete_neighbor": lambda: linux.delete_neighbor("192.0.2.7", interface="netio0"),
    "get_neighbor": lambda: linux.get_neighbor("192.0.2.7", interface="netio0"),
    "list_neighbors": linux.list_neighbors,
    "probe_neighbors": lambda: linux.probe_neighbors([]),
    "replace_neighbor": lambda: linux.replace_neighbor("192.0.2.7", interface="netio0"),
    "replace_neighbors": lambda: linux.replace_neighbors([]),
    "set_table_parameters": lambda: linux.set_table_parameters(socket.AF_INET, gc_thresh3=1024),
    "table_parameters": lambda: linux.table_parameters(socket.AF_INET),
    "table_statistics": lambda: linux.table_statistics(socket.AF_INET),
    "watch_neighbors": linux.watch_neighbors,
}


@pytest.mark.parametrize("name", [name for name in linux.__all__ if name[0].islower()])
def test_every_function_of_the_linux_layer_is_not_supported(name: str) -> None:
    """Bug: netio.linux cannot be imported, or a function raises AttributeError, since the backend lacks its C."""
    with pytest.raises(netio.NotSupportedError, match="only Linux has it") as caught:
        LINUX_CALLS[name]()
    assert caught.value.code == caught.value.winerror == 50


def test_list_returns_the_entries_of_the_system() -> None:
    rows = [row for row in netio.list_neighbors(socket.AF_INET) if not row.address.is_multicast]
    expected = {(ip_address(row["dst"]), PhysicalAddress(row["lladdr"]), row["dev"]) for row in ip_output("neigh.json")}
    assert {(row.address, row.physical_address, row.interface) for row in rows} == expected
    assert {row.state for row in rows} == {NeighborState.PERMANENT}


def test_list_of_one_interface() -> None:
    everything = netio.list_neighbors(socket.AF_INET)
    for interface in netio.list_interfaces():
        listed = netio.list_neighbors(socket.AF_INET, interface=interface)
        assert [row for row in everything if row.interface_luid == interface.luid] == list(listed)
    assert len(netio.list_neighbors(socket.AF_INET, interface="netio0")) >= 3


@pytest.mark.parametrize("interface", ["nosuch", 999_999, "x" * 300, "näher"])
def test_list_of_an_unknown_interface_fails(interface: str | int) -> None:
    with pytest.raises(netio.InterfaceNotFoundError) as caught:
        netio.list_neighbors(socket.AF_INET, interface=interface)
    assert caught.value.code == caught.value.winerror == 1168


@pytest.mark.parametrize("family", [socket.AF_INET6, socket.AF_UNSPEC])
def test_undocumented_code_is_passed_on(family: int) -> None:
    # Wine cannot read the IPv6 table, and leaves an invalid pointer.
    with pytest.raises(netio.NetioError) as caught:
        netio.list_neighbors(family)
    assert type(caught.value) is netio.NetioError
    assert caught.value.code == caught.value.winerror == 1
    assert str(caught.value).endswith(f"{ctypes.FormatError(1).strip()} (code 1)")


def test_interfaces_are_those_of_the_system() -> None:
    assert {(interface.name, interface.index) for interface in netio.list_interfaces()} == {
        (interface["ifname"], interface["ifindex"]) for interface in ip_output("link.json")
    }


def test_interfaces_agree_with_the_conversion_functions() -> None:
    convert = ctypes.WinDLL("iphlpapi")
    for interface in netio.list_interfaces():
        luid, index, alias = ctypes.c_uint64(), wintypes.DWORD(), ctypes.create_unicode_buffer(257)
        assert convert.ConvertInterfaceIndexToLuid(interface.index, ctypes.byref(luid)) == 0
        assert luid.value == interface.luid
        assert convert.ConvertInterfaceLuidToIndex(ctypes.byref(luid), ctypes.byref(index)) == 0
        assert index.value == interface.index
        assert convert.ConvertInterfaceLuidToAlias(ctypes.byref(luid), alias, ctypes.c_size_t(257)) == 0
        assert alias.value == interface.name


@pytest.mark.parametrize("code", [name for name in dir(lib) if name.startswith("ERROR_")])
def test_every_code_has_a_text(code: str) -> None:
    from netio.errors import _system_text

    number = getattr(lib, code)
    # Wine has no text for 5010.
    expected = f"Win32 error {number}" if number == 5010 else ctypes.FormatError(number).strip()
    assert _system_text(number) == expected


def test_growth_of_memory_and_handles_is_detected() -> None:
    heap, used, handle = KERNEL.GetProcessHeap(), bytes_in_use(), next_handle()
    blocks = [KERNEL.HeapAlloc(heap, 0, 64) for _ in range(3000)]  # the smallest leak that is found
    events = [KERNEL.CreateEventW(None, 0, 0, None) for _ in range(100)]
    assert GROWTH_MAX < bytes_in_use() - used < 10 * GROWTH_MAX
    assert next_handle() >= handle + 100
    assert [KERNEL.HeapFree(heap, 0, block) for block in blocks] == [1] * 3000
    assert [KERNEL.CloseHandle(event) for event in events] == [1] * 100


# Each call of Wine takes milliseconds on a busy machine. A leak of one block or handle each shows after fewer calls.
@pytest.mark.timeout(300)
def test_no_growth_over_3000_calls() -> None:
    calls = (
        lambda: netio.list_neighbors(socket.AF_INET),
        lambda: netio.list_neighbors(socket.AF_INET, interface="netio0"),
        netio.list_interfaces,
    )
    for n in range(300):
        calls[n % 3]()
    used, handle = bytes_in_use(), next_handle()
    for n in range(3000):
        calls[n % 3]()
    assert bytes_in_use() - used < GROWTH_MAX
    assert next_handle() <= handle + 16
