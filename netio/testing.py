# SPDX-License-Identifier: MIT
"""For tests of programs that use netio: a neighbour table in memory, without root and without the system's own table.

>>> import netio
>>> from netio.testing import FakeTable
>>> with FakeTable(hosts={"192.0.2.2": "02:00:00:00:00:02"}) as table:
...     netio.resolve_neighbor("192.0.2.2").physical_address
...     netio.create_neighbor("192.0.2.7", "02:00:5e:00:00:07")
...     table.privileged = False
...     netio.delete_neighbor("192.0.2.7")
Traceback (most recent call last):
    ...
netio.errors.AccessDeniedError: ...
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_interface
from types import TracebackType

from netio import _native
from netio._memory_backend import MemoryBackend, MemoryEntry, MemoryInterface, loopback
from netio._native import lib as _compiled
from netio._types import Address, Neighbor, PhysicalAddress, PhysicalAddressLike, plain_address
from netio.errors import invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

__all__ = ["FakeTable"]

_INTERFACES = {"eth0": ("192.0.2.1/24", "2001:db8::1/64", "fe80::1/64")}


class FakeTable:
    """A neighbour table in memory. Inside the `with` block the functions of netio use it instead of the system's.

    It replaces the backend of the whole process: threads and asyncio tasks use it, too. Blocks can be nested. Codes,
    messages and checks are those of Linux. Reading, writing, flushing, resolving, sweeping, interfaces, addresses and
    next hops work; other functions, such as those of `netio.linux`, raise NotSupportedError and never reach the
    system.

    Args:
        rows: Entries of the table, in any state, which need no privilege.
        interfaces: The addresses with prefix lengths of each interface, by its name. The physical address of the first
            one is 02:00:00:00:00:01, of the next one 02:00:00:00:00:02, and so on. There is always a loopback
            interface, `lo`. By default `eth0` with 192.0.2.1/24, 2001:db8::1/64 and fe80::1/64.
        hosts: The physical addresses of the hosts that reply to probes. Others are silent: they are reported as
            unreachable at once.
        gateways: The addresses of default gateways, which are in a prefix of an interface.

    Attributes:
        privileged: Whether the process may write. If False, writing, flushing and sweeping raise AccessDeniedError, and
            resolving keeps REACHABLE entries. It may be changed at any time.

    Raises:
        InvalidParameterError: An address, physical address or prefix is invalid, or there is no such interface.

    >>> with FakeTable([Neighbor("192.0.2.7", "02:00:5e:00:00:07", state=NeighborState.STALE)]):
    ...     netio.get_neighbor("192.0.2.7").state.name
    'STALE'
    """

    def __init__(
        self,
        rows: Iterable[Neighbor] = (),
        *,
        interfaces: Mapping[str, Iterable[str]] = _INTERFACES,
        hosts: Mapping[Address, PhysicalAddressLike] | None = None,
        gateways: Iterable[Address] = (),
    ) -> None:
        self._backend = MemoryBackend([loopback(), *_interfaces(interfaces)])
        self._backend.gateways = [_plain(gateway) for gateway in gateways]
        self._before: object = None
        for address, physical_address in (hosts or {}).items():
            self.set_host(address, physical_address)
        for row in rows:
            self.add(row)

    @property
    def privileged(self) -> bool:
        """Whether the process may write."""
        return self._backend.privileged

    @privileged.setter
    def privileged(self, value: bool) -> None:
        self._backend.privileged = value

    def set_host(
        self, address: Address, physical_address: PhysicalAddressLike | None, *others: PhysicalAddressLike
    ) -> None:
        """Set the physical address with which a host replies to probes; None makes it silent.

        Args:
            address: IPv4 or IPv6 address. A scope does not count.
            physical_address: As for PhysicalAddress.
            others: Those of other hosts with the same address, which only sweep_neighbors() finds.

        Raises:
            InvalidParameterError: An address is invalid.

        >>> with FakeTable() as table:
        ...     table.set_host("192.0.2.2", "02:00:00:00:00:02", "02:00:00:00:00:99")
        ...     [reply.physical_address[-2:] for reply in netio.sweep_neighbors(["192.0.2.2"])]
        ['02', '99']
        """
        hosts = [PhysicalAddress("" if one is None else one).packed for one in (physical_address, *others)]
        self._backend.hosts[_plain(address)] = [one for one in dict.fromkeys(hosts) if one]

    def add(self, row: Neighbor) -> None:
        """Put an entry into the table as it is, as the system does: in any state, and without privilege.

        Args:
            row: Every field counts. If it names no interface, its address decides.

        Raises:
            InvalidParameterError: There is no such interface.
        """
        address = _plain(row.address)
        index = self._index_of(row, address)
        flags = (_compiled.NETIO_IS_ROUTER if row.is_router else 0) | (
            _compiled.NETIO_IS_UNREACHABLE if row.is_unreachable else 0
        )
        entry = MemoryEntry(row.physical_address.packed, int(row.state), flags, row.reachability_time)
        self._backend.entries[index, address] = entry

    def _index_of(self, row: Neighbor, address: IPv4Address | IPv6Address) -> int:
        parts = row.interface, row.interface_index, row.interface_luid
        for one in self._backend.interfaces:
            is_named = any(parts) and (one.luid == parts[2] or one.index == parts[1] or one.name == parts[0])
            if is_named or (not any(parts) and one.reaches(address)):
                return one.index
        raise invalid(f"FakeTable has no interface for {row.address}{row.interface and f' on {row.interface}'}")

    def __enter__(self) -> Self:
        """Replace the backend of netio by this table."""
        if self._before is not None:
            raise RuntimeError("this FakeTable is in use already")
        self._before = _native.lib
        _replace(self._before, self._backend)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Restore the backend."""
        before, self._before = self._before, None
        _replace(self._backend, before)


def _replace(old: object, new: object) -> None:
    """Replaces the backend in the modules of netio. Each refers to it by the same name, as those imported later do."""
    for name, module in list(sys.modules.items()):
        if name.startswith("netio.") and vars(module).get("lib") is old:
            module.lib = new  # type: ignore[attr-defined]


def _plain(address: Address) -> IPv4Address | IPv6Address:
    """Returns an address without scope."""
    found = plain_address(address)
    return IPv6Address(int(found)) if isinstance(found, IPv6Address) else found


def _interfaces(given: Mapping[str, Iterable[str]]) -> Iterable[MemoryInterface]:
    for number, (name, addresses) in enumerate(given.items(), 1):
        try:
            own = [ip_interface(address) for address in addresses]
        except ValueError as error:
            raise invalid(str(error)) from None
        yield MemoryInterface(name, number + 1, own, b"\2\0" + number.to_bytes(4, "big"))
