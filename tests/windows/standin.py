# SPDX-License-Identifier: MIT
"""The stand-in for iphlpapi.dll, configured by the tests (standin.h)."""

from __future__ import annotations

import ctypes
from enum import IntEnum
from pathlib import Path

import netio._native
from netio._codec import pack_address
from netio._interfaces import InterfaceCache, pack_entries
from netio._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from netio import Interface, Neighbor
    from netio._native import CData

# A delay that lasts until the silence has another one: INFINITE.
HELD = 0xFFFFFFFF

# NL_ROUTE_PROTOCOL
_LOCAL, _NETMGMT = 2, 3


class Question(IntEnum):
    """enum standin_question."""

    SET_DYNAMIC = 0
    DELETED_ROW_LASTS = 1
    GET_UNKNOWN_INTERFACE = 2
    FLUSH_PERMANENT = 3


class Standin:
    """The stand-in that the module under test calls, with the functions that configure it (standin.h)."""

    def __init__(self) -> None:
        self._dll = ctypes.CDLL(str(Path(netio._native.__file__).with_name("netiotst.dll")))
        for name in ("row", "host", "route", "address"):
            getattr(self._dll, f"standin_{name}").restype = None
        self._dll.standin_reset()

    def answer(self, function: str, code: int) -> None:
        """Make a function return a code, whatever its arguments are."""
        self._dll.standin_answer(function.encode(), code)

    def answer_once(self, function: str, *codes: int) -> None:
        """Make the next calls of a function return these codes. The fixture fails if one of them was not returned."""
        for code in codes:
            self._dll.standin_answer_once(function.encode(), code)

    def switch(self, question: Question, value: int) -> None:
        """Choose the answer to a question that is open."""
        self._dll.standin_switch(question, value)

    def elevated(self, value: bool) -> None:
        self._dll.standin_elevated(value)

    def stacks(self, *, ip4: bool, ip6: bool) -> None:
        self._dll.standin_stacks(ip4, ip6)

    def silence(self, milliseconds: int) -> None:
        """Set the duration of a call without a reply. Calls that are HELD return if another duration is set."""
        self._dll.standin_silence(ctypes.c_uint32(milliseconds))

    def index(self, interface: Interface, index: int) -> None:
        """Change the index of an interface, as happens if it is disabled and enabled."""
        self._dll.standin_index(ctypes.byref(ctypes.c_uint64(interface.luid)), index)

    def row(self, row: Neighbor) -> None:
        """Add a row unchanged, with any state."""
        native, refused = pack_entries([row], InterfaceCache())
        assert not refused
        native[0].State = int(row.state)
        native[0].Flags = row.is_router * lib.NETIO_IS_ROUTER + row.is_unreachable * lib.NETIO_IS_UNREACHABLE
        native[0].ReachabilityTime.LastReachable = row.reachability_time
        self._dll.standin_row(_pointer(native))

    def host(self, address: IPv4Address | IPv6Address, last_byte: int = 7, *, milliseconds: int = 0) -> None:
        """Add a host with the physical address 02:00:5e:00:00:<last_byte>, which replies after a time."""
        native = pack_address(address)
        self._dll.standin_host(_pointer(native), last_byte, ctypes.c_uint32(milliseconds))

    def route(
        self,
        prefix: IPv4Address | IPv6Address,
        length: int,
        interface: Interface,
        gateway: IPv4Address | IPv6Address | None = None,
        *,
        by_system: bool = False,
    ) -> None:
        """Add a route; by_system: one that Windows creates for its own addresses and networks."""
        native = pack_address(prefix)
        router = None if gateway is None else _pointer(pack_address(gateway))
        luid = ctypes.byref(ctypes.c_uint64(interface.luid))
        self._dll.standin_route(_pointer(native), length, luid, router, _LOCAL if by_system else _NETMGMT)

    def address(self, address: IPv4Address | IPv6Address, length: int, interface: Interface) -> None:
        """Give an interface an address, with the length of its on-link prefix."""
        luid = ctypes.byref(ctypes.c_uint64(interface.luid))
        self._dll.standin_address(_pointer(pack_address(address)), length, luid)

    def count(self, name: str) -> int:
        """Return one of its counters: tables, resolving, resolving_most, resolved, calls, unused."""
        counted: int = getattr(self._dll, f"standin_{name}")()
        return counted


def _pointer(data: CData) -> object:
    return ctypes.byref(ctypes.c_char.from_buffer(ffi.buffer(data)))
