# SPDX-License-Identifier: MIT
"""The backend interface on memory: the functions of native/backend.h for FakeTable, with the codes of Linux.

It has the attributes of `_native.lib`. Constants and functions that open no sockets are those of the compiled module.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from itertools import count as counter
from threading import RLock

from netio._codec import ROW_SIZE, pack_address, unpack_address
from netio._native import ffi
from netio._native import lib as _compiled
from netio._types import NeighborState
from netio.errors import failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from netio._native import CData

    IPAddress = IPv4Address | IPv6Address
    Verb = Callable[[tuple[int, IPv4Address | IPv6Address], bytes], int]

# ifType of RFC 2863, and the place of it and of the index in a LUID, as on Linux.
_ETHERNET, _LOOPBACK, _TYPE_SHIFT, _INDEX_SHIFT = 6, 24, 48, 24

_BROADCAST = IPv4Address("255.255.255.255")


@dataclass
class MemoryInterface:
    """A network interface."""

    name: str
    index: int
    addresses: list[IPv4Interface | IPv6Interface]
    physical_address: bytes = b""
    is_loopback: bool = False

    @property
    def luid(self) -> int:
        """The NET_LUID value."""
        return (_LOOPBACK if self.is_loopback else _ETHERNET) << _TYPE_SHIFT | self.index << _INDEX_SHIFT

    @property
    def scope(self) -> str:
        """The IPv6 scope of the interface, as the system has it."""
        return self.name if _compiled.NETIO_SCOPE_IS_NAME else str(self.index)

    def kind_of(self, address: IPAddress) -> int:
        """Whether an address is one of its own, or a broadcast address, as a result of netio_address_kind()."""
        if any(address == own.ip for own in self.addresses):
            return int(_compiled.NETIO_ADDRESS_OWN)
        if any(
            own.version == 4 and own.network.prefixlen < 31 and address == own.network.broadcast_address
            for own in self.addresses
        ):
            return int(_compiled.NETIO_ADDRESS_BROADCAST)
        return 0

    def reaches(self, address: IPAddress) -> bool:
        """Whether an address is in one of its prefixes."""
        return any(address in own.network for own in self.addresses)


@dataclass
class MemoryEntry:
    """An entry of the table."""

    physical_address: bytes
    state: int
    flags: int = 0
    age: int = field(default=_compiled.NETIO_UNKNOWN_TIME)


@dataclass
class _Session:
    """A resolver: the results that have not been returned yet, and whether entries are kept."""

    keep: bool
    results: list[tuple[int, bytes, int]] = field(default_factory=list)  # tag, row, code


class MemoryBackend:
    """A neighbour table, interfaces and hosts in memory. Methods that begin with netio_ are those of the backend."""

    def __init__(self, interfaces: list[MemoryInterface]) -> None:
        self.interfaces = interfaces
        self.entries: dict[tuple[int, IPAddress], MemoryEntry] = {}
        self.hosts: dict[IPAddress, list[bytes]] = {}  # the first one is that which resolving finds
        self.gateways: list[IPAddress] = []
        self.privileged = True
        self._lock = RLock()
        self._memory: dict[int, CData] = {}  # of variables that own it, by their addresses
        self._sessions: dict[int, _Session] = {}
        self._sweeps: dict[int, list[bytes]] = {}  # the rows of replies that have not been returned yet
        self._numbers = counter(1)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        found = getattr(_compiled, name)
        if not callable(found) or ffi.typeof(found).args[:1] != (ffi.typeof("int"),):
            return found

        def reject(*arguments: object) -> int:
            """Keeps functions of the system, whose first argument is a namespace, out of reach."""
            del arguments
            raise failure(name, _compiled.ERROR_NOT_SUPPORTED, reason="FakeTable does not have this function")

        return reject

    # Writing

    def netio_create(self, netns: int, rows: CData, count: int, results: CData) -> None:
        """Creates entries."""
        del netns
        self._write(rows, count, results, self._create)

    def netio_set(self, netns: int, rows: CData, count: int, results: CData) -> None:
        """Changes entries, which keep their router flag."""
        del netns
        self._write(rows, count, results, self._set)

    def netio_replace(self, netns: int, rows: CData, count: int, results: CData) -> None:
        """Creates or changes entries, which lose their router flag."""
        del netns
        self._write(rows, count, results, self._put)

    def netio_delete(self, netns: int, rows: CData, count: int, results: CData) -> None:
        """Removes entries."""
        del netns
        self._write(rows, count, results, self._delete, is_delete=True)

    def _write(self, rows: CData, count: int, results: CData, verb: Verb, *, is_delete: bool = False) -> None:
        with self._lock:
            for place in range(count):
                row = rows[place]
                interface, code = self._checked(row, is_delete=is_delete)
                if interface is not None:
                    key = interface.index, unpack_address(ffi.addressof(row, "Address"))
                    code = verb(key, _physical_bytes(row)) if self.privileged else _compiled.ERROR_ACCESS_DENIED
                results[place] = code

    def _checked(self, row: CData, *, is_delete: bool) -> tuple[MemoryInterface | None, int]:
        """Makes the checks of row_check() in the backend of Linux, in its order."""
        length = row.PhysicalAddressLength
        if not _is_ip(row) or (not is_delete and not _is_valid(unpack_address(ffi.addressof(row, "Address")))):
            return None, _compiled.ERROR_INVALID_PARAMETER
        if not is_delete and not 0 < length <= _compiled.IF_MAX_PHYS_ADDRESS_LENGTH:
            return None, _compiled.ERROR_INVALID_PARAMETER
        if row.InterfaceLuid.Value == 0 and row.InterfaceIndex == 0:
            return None, _compiled.ERROR_INVALID_PARAMETER
        interface = self._find(luid=row.InterfaceLuid.Value, index=row.InterfaceIndex)
        if interface is None:
            return None, _compiled.ERROR_NOT_FOUND
        if not is_delete and length != len(interface.physical_address):
            return None, _compiled.ERROR_INVALID_PARAMETER
        return interface, _compiled.NO_ERROR

    def _create(self, key: tuple[int, IPAddress], physical_address: bytes) -> int:
        if key in self.entries:
            return _compiled.ERROR_OBJECT_ALREADY_EXISTS
        return self._put(key, physical_address)

    def _set(self, key: tuple[int, IPAddress], physical_address: bytes) -> int:
        if key not in self.entries:
            return _compiled.ERROR_NOT_FOUND
        flags = self.entries[key].flags & _compiled.NETIO_IS_ROUTER
        self.entries[key] = MemoryEntry(physical_address, NeighborState.PERMANENT, flags)
        return _compiled.NO_ERROR

    def _put(self, key: tuple[int, IPAddress], physical_address: bytes) -> int:
        self.entries[key] = MemoryEntry(physical_address, NeighborState.PERMANENT)
        return _compiled.NO_ERROR

    def _delete(self, key: tuple[int, IPAddress], physical_address: bytes) -> int:
        del physical_address
        return _compiled.NO_ERROR if self.entries.pop(key, None) is not None else _compiled.ERROR_NOT_FOUND

    # Reading

    def netio_get(self, netns: int, interface: CData, row: CData) -> int:
        """Reads one entry and its interface."""
        del netns
        interface, row = interface[0], row[0]  # from now on alike for pointers and arrays
        if not _is_ip(row):
            return _compiled.ERROR_INVALID_PARAMETER
        address = unpack_address(ffi.addressof(row, "Address"))
        with self._lock:
            found, code = self._interface_of(interface, address)
            if found is None:
                return code
            _fill_interface(interface, found)
            entry = self.entries.get((found.index, address))
            if entry is None:
                return _compiled.ERROR_NOT_FOUND
            _fill_row(row, address, found, entry)
        return _compiled.NO_ERROR

    def _interface_of(self, query: CData, address: IPAddress) -> tuple[MemoryInterface | None, int]:
        """Finds the interface that a query names, its scope names, or the routes lead to."""
        name, scope = _text(query.name), _text(query.scope)
        scoped = (self._find(name=scope) or self._find_digits(scope)) if scope else None
        if query.luid.Value or query.index or name:
            found = self._find(luid=query.luid.Value, index=query.index, name=name)
            if found is not None and scope not in ("", found.scope) and scoped is not found:
                return None, _compiled.ERROR_INVALID_PARAMETER
        elif scope:
            found = scoped
        else:
            found, _, code = self._route(address, None)
            return (found, code) if code == _compiled.NO_ERROR else (None, code)
        return found, _compiled.ERROR_FILE_NOT_FOUND if found is None else _compiled.NO_ERROR

    def netio_table(
        self,
        netns: int,
        family: int,
        interface: CData,
        like: CData,
        table: CData,
        interfaces: CData,
        interface_count: CData,
    ) -> int:
        """Lists entries."""
        del netns
        with self._lock:
            code, keys = self._selected(family, interface)
            if code != _compiled.NO_ERROR:
                return code
            found = [(key, self.entries[key]) for key in keys if _accepts(like, key[1], self.entries[key])]
            first = ffi.offsetof("MIB_IPNET_TABLE2", "Table")
            memory = ffi.new("char[]", first + max(len(found), 1) * ROW_SIZE)
            block = ffi.cast("MIB_IPNET_TABLE2 *", memory)
            block.NumEntries = len(found)
            rows = ffi.cast("MIB_IPNET_ROW2 *", memory + first)
            by_index = {one.index: one for one in self.interfaces}
            for place, ((index, address), entry) in enumerate(found):
                _fill_row(rows[place], address, by_index[index], entry)
            table[0] = block
            self._keep(table, memory)
            used = dict.fromkeys(index for (index, _), _ in found)
            self._return_interfaces([by_index[index] for index in used], interfaces, interface_count)
        return _compiled.NO_ERROR

    def _selected(self, family: int, interface: CData) -> tuple[int, list[tuple[int, IPAddress]]]:
        if family not in (_compiled.AF_UNSPEC, _compiled.AF_INET, _compiled.AF_INET6):
            return _compiled.ERROR_INVALID_PARAMETER, []
        only = None
        if interface != ffi.NULL:
            only = self._find(luid=interface.Value)
            if only is None:
                return _compiled.ERROR_NOT_FOUND, []
        version = {_compiled.AF_INET: 4, _compiled.AF_INET6: 6}.get(family)
        return _compiled.NO_ERROR, [
            key for key in self.entries if version in (None, key[1].version) and (only is None or key[0] == only.index)
        ]

    def netio_flush(self, netns: int, family: int, interface: CData) -> int:
        """Removes dynamic entries."""
        del netns
        with self._lock:
            code, keys = self._selected(family, interface)
            if code != _compiled.NO_ERROR:
                return code
            if not self.privileged:
                return _compiled.ERROR_ACCESS_DENIED
            for key in keys:
                if self.entries[key].state != NeighborState.PERMANENT:
                    del self.entries[key]
        return _compiled.NO_ERROR

    # Resolving

    def netio_resolver_open(self, netns: int, keep: bool, resolver: CData) -> int:
        """Begins a session. Its handle is a number, which is never dereferenced."""
        del netns
        number = next(self._numbers)
        self._sessions[number] = _Session(keep)
        resolver[0] = ffi.cast("netio_resolver *", number)
        return _compiled.NO_ERROR

    def netio_resolver_submit(self, resolver: CData, rows: CData, count: int, source: CData, first_tag: int) -> int:
        """Resolves addresses at once."""
        session = self._sessions[_number(resolver)]
        own = None if source == ffi.NULL else unpack_address(source)
        with self._lock:
            for place in range(count):
                row = ffi.new("MIB_IPNET_ROW2 *", rows[place])
                code = self._resolve(row, own, keep=session.keep)
                session.results.append((first_tag + place, bytes(ffi.buffer(row)), code))
        return _compiled.NO_ERROR

    def _resolve(self, row: CData, source: IPAddress | None, *, keep: bool) -> int:
        if not _is_ip(row) or not _is_valid(unpack_address(ffi.addressof(row, "Address"))):
            return _compiled.ERROR_INVALID_PARAMETER
        address = unpack_address(ffi.addressof(row, "Address"))
        interface = self._find(luid=row.InterfaceLuid.Value, index=row.InterfaceIndex)
        if interface is None:
            return _compiled.ERROR_NOT_FOUND
        if source is not None and not any(source == own.ip for one in self.interfaces for own in one.addresses):
            return _compiled.ERROR_INVALID_PARAMETER
        key = interface.index, address
        entry = self.entries.get(key)
        is_kept = keep or not self.privileged
        if entry is None or (entry.state != NeighborState.PERMANENT and not self._is_current(entry, is_kept=is_kept)):
            if any(one.kind_of(address) for one in self.interfaces):
                return _compiled.ERROR_INVALID_PARAMETER
            if not interface.reaches(address) and not address.is_multicast:
                return _compiled.ERROR_BAD_NET_NAME
            entry = self._probed(address)
            self.entries[key] = entry
        _fill_row(row, address, interface, entry)
        return _compiled.NO_ERROR if entry.physical_address else _compiled.ERROR_BAD_NET_NAME

    @staticmethod
    def _is_current(entry: MemoryEntry, *, is_kept: bool) -> bool:
        return is_kept and entry.state == NeighborState.REACHABLE

    def _probed(self, address: IPAddress) -> MemoryEntry:
        if address.is_multicast:  # RFC 1112 and RFC 2464
            prefix, bits = (b"\1\0\x5e", 23) if address.version == 4 else (b"\x33\x33", 32)
            group = int(address) & ((1 << bits) - 1)
            return MemoryEntry(prefix + group.to_bytes(6 - len(prefix), "big"), NeighborState.PERMANENT)
        hosts = self.hosts.get(address)
        if not hosts:
            return MemoryEntry(b"", NeighborState.UNREACHABLE, _compiled.NETIO_IS_UNREACHABLE, 0)
        flags = _compiled.NETIO_IS_ROUTER if address.version == 6 and address in self.gateways else 0
        return MemoryEntry(hosts[0], NeighborState.REACHABLE, flags, 0)

    def netio_resolver_wait(
        self,
        resolver: CData,
        wait_ms: int,
        tags: CData,
        rows: CData,
        results: CData,
        count: CData,
    ) -> int:
        """Returns results. There is nothing to wait for."""
        del wait_ms
        session = self._sessions[_number(resolver)]
        with self._lock:
            done, session.results = session.results[: count[0]], session.results[count[0] :]
        for place, (tag, row, code) in enumerate(done):
            tags[place], results[place] = tag, code
            ffi.buffer(rows + place, ROW_SIZE)[:] = row
        count[0] = len(done)
        return _compiled.NO_ERROR if done else _compiled.WAIT_TIMEOUT

    def netio_resolver_fd(self, resolver: CData) -> int:
        """Returns that there is no descriptor."""
        del resolver
        return -1

    def netio_resolver_due(self, resolver: CData) -> int:
        """Returns whether there are results."""
        return 0 if self._sessions[_number(resolver)].results else _compiled.NETIO_NEVER

    def netio_resolver_release(self, variable: CData) -> None:
        """Ends the session that a variable owns."""
        self._sessions.pop(_number(variable[0]), None)

    # Sweeping

    def netio_sweep_open(self, netns: int, rate: int, timeout_ms: int, retries: int, sweep: CData) -> int:
        """Begins a sweep. Its handle is a number, as that of a resolver."""
        del netns, rate, timeout_ms, retries
        if not self.privileged:
            return _compiled.ERROR_ACCESS_DENIED
        number = next(self._numbers)
        self._sweeps[number] = []
        sweep[0] = ffi.cast("netio_sweep *", number)
        return _compiled.NO_ERROR

    def netio_sweep_submit(self, sweep: CData, rows: CData, sources: CData, count: int, results: CData) -> None:
        """Collects the replies at once. Hosts reply whatever the source is."""
        del sources
        replies = self._sweeps[_number(sweep)]
        with self._lock:
            for place in range(count):
                interface = self._find(index=rows[place].InterfaceIndex)
                if interface is None or not interface.physical_address:
                    results[place] = _compiled.ERROR_NOT_SUPPORTED
                    continue
                results[place] = _compiled.NO_ERROR
                replies.extend(self._replies(unpack_address(ffi.addressof(rows[place], "Address")), interface))

    def _replies(self, target: IPAddress, interface: MemoryInterface) -> Iterator[bytes]:
        addresses = [one for one in self.hosts if one.version == 6] if target.is_multicast else [target]
        row = ffi.new("MIB_IPNET_ROW2 *")
        for address in addresses:
            if interface.reaches(address):
                for physical_address in self.hosts.get(address, ()):
                    _fill_row(row, address, interface, MemoryEntry(physical_address, NeighborState.REACHABLE))
                    yield bytes(ffi.buffer(row))

    def netio_sweep_wait(
        self, sweep: CData, wait_ms: int, more: bool, rows: CData, elapsed_us: CData, count: CData
    ) -> int:
        """Returns replies. There is nothing to wait for."""
        del wait_ms, more
        replies = self._sweeps[_number(sweep)]
        with self._lock:
            done = replies[: count[0]]
            del replies[: count[0]]
        for place, row in enumerate(done):
            ffi.buffer(rows + place, ROW_SIZE)[:] = row
            elapsed_us[place] = 0
        count[0] = len(done)
        return _compiled.NO_ERROR if done else _compiled.WAIT_TIMEOUT

    def netio_sweep_pending(self, sweep: CData) -> int:
        """Returns the number of replies that have not been returned."""
        return len(self._sweeps[_number(sweep)])

    def netio_sweep_unsent(self, sweep: CData) -> int:
        """Returns that every target was probed."""
        del sweep
        return 0

    def netio_sweep_release(self, variable: CData) -> None:
        """Ends the sweep that a variable owns."""
        self._sweeps.pop(_number(variable[0]), None)

    # Interfaces and routes

    def netio_interfaces(self, netns: int, interfaces: CData, count: CData) -> int:
        """Lists the interfaces."""
        del netns
        self._return_interfaces(self.interfaces, interfaces, count)
        return _compiled.NO_ERROR

    def netio_interface_find(self, netns: int, interface: CData) -> int:
        """Finds an interface by LUID, else by index, else by name."""
        del netns
        found = self._find(luid=interface.luid.Value, index=interface.index, name=_text(interface.name))
        if found is None:
            return _compiled.ERROR_FILE_NOT_FOUND
        _fill_interface(interface, found)
        return _compiled.NO_ERROR

    def netio_addresses(self, netns: int, addresses: CData, count: CData) -> int:
        """Lists the addresses of the interfaces."""
        del netns
        owned = [(one.index, own) for one in self.interfaces for own in one.addresses]
        memory = ffi.new("netio_address[]", len(owned))
        for place, (index, own) in enumerate(owned):
            memory[place].address = pack_address(own.ip)[0]
            memory[place].prefix = pack_address(own.network.network_address)[0]
            memory[place].prefix_length, memory[place].index = own.network.prefixlen, index
        addresses[0], count[0] = memory, len(owned)
        self._keep(addresses, memory)
        return _compiled.NO_ERROR

    def netio_address_kind(self, netns: int, address: CData, index: int) -> int:
        """Finds the kind of an address, on one interface or on all."""
        del netns
        plain = unpack_address(address)
        chosen = [one for one in self.interfaces if index in (0, one.index)]
        return max((one.kind_of(plain) for one in chosen), default=0)

    def netio_route(
        self,
        netns: int,
        destinations: CData,
        interfaces: CData,
        gateways: CData,
        count: int,
        results: CData,
    ) -> None:
        """Finds next hops."""
        del netns
        for place in range(count):
            luid = interfaces[place].Value
            only = self._find(luid=luid) if luid else None
            ffi.buffer(gateways + place, ffi.sizeof("SOCKADDR_INET"))[:] = bytes(ffi.sizeof("SOCKADDR_INET"))
            interfaces[place].Value = 0
            if luid and only is None:
                results[place] = _compiled.ERROR_NOT_FOUND
                continue
            found, gateway, results[place] = self._route(unpack_address(destinations + place), only)
            if found is not None:
                interfaces[place].Value = found.luid
            if gateway is not None:
                gateways[place] = pack_address(gateway)[0]

    def _route(
        self, address: IPAddress, only: MemoryInterface | None
    ) -> tuple[MemoryInterface | None, IPAddress | None, int]:
        """Returns the interface of the next hop, a gateway or None, and the code of netio_route()."""
        if (
            not _is_valid(address)
            or address.is_multicast
            or (only is None and address.is_link_local and address.version == 6)
        ):
            return None, None, _compiled.ERROR_INVALID_PARAMETER
        if any(one.kind_of(address) for one in self.interfaces):
            return None, None, _compiled.ERROR_INVALID_PARAMETER
        usable = [one for one in self.interfaces if not one.is_loopback and only in (None, one)]
        for interface in usable:
            if interface.reaches(address):
                return interface, None, _compiled.NO_ERROR
        for gateway in self.gateways:
            for interface in usable:
                if gateway.version == address.version and interface.reaches(gateway):
                    return interface, gateway, _compiled.ERROR_NETWORK_UNREACHABLE
        return None, None, _compiled.ERROR_NETWORK_UNREACHABLE

    def netio_netns_check(self, netns: int) -> int:
        """Returns that there are no other namespaces."""
        del netns
        return _compiled.ERROR_NOT_SUPPORTED

    def _find(self, *, luid: int = 0, index: int = 0, name: str = "") -> MemoryInterface | None:
        return next(
            (
                one
                for one in self.interfaces
                if (one.luid == luid if luid else one.index == index if index else one.name == name)
            ),
            None,
        )

    def _find_digits(self, scope: str) -> MemoryInterface | None:
        return next((one for one in self.interfaces if str(one.index) == scope), None)

    # Memory

    def _return_interfaces(self, found: list[MemoryInterface], interfaces: CData, count: CData) -> None:
        memory = ffi.new("netio_interface[]", len(found))
        for place, interface in enumerate(found):
            _fill_interface(memory[place], interface)
        interfaces[0], count[0] = memory, len(found)
        self._keep(interfaces, memory)

    def _keep(self, variable: CData, memory: CData) -> None:
        self._memory[_number(variable)] = memory

    def netio_release(self, variable: CData) -> None:
        """Frees the memory that a variable owns."""
        self._memory.pop(_number(variable), None)


def _number(pointer: CData) -> int:
    return int(ffi.cast("intptr_t", pointer))


def _is_ip(row: CData) -> bool:
    return row.Address.si_family in (_compiled.AF_INET, _compiled.AF_INET6)


def _is_valid(address: IPAddress) -> bool:
    """Whether an address can be that of a neighbour."""
    mapped = isinstance(address, IPv6Address) and address.ipv4_mapped is not None
    return not (address.is_unspecified or address.is_loopback or address == _BROADCAST or mapped)


def _physical_bytes(row: CData) -> bytes:
    return bytes(ffi.buffer(row.PhysicalAddress))[: row.PhysicalAddressLength]


def _text(name: CData) -> str:
    return ffi.string(name).decode("utf-8", "surrogateescape")


def _accepts(like: CData, address: IPAddress, entry: MemoryEntry) -> bool:
    if like == ffi.NULL:
        return True
    if _is_ip(like) and unpack_address(ffi.addressof(like, "Address")) != address:
        return False
    return like.PhysicalAddressLength == 0 or _physical_bytes(like) == entry.physical_address


def _fill_interface(native: CData, interface: MemoryInterface) -> None:
    native.luid.Value, native.index = interface.luid, interface.index
    native.physical_address_length = len(interface.physical_address)
    ffi.buffer(native.physical_address)[: len(interface.physical_address)] = interface.physical_address
    native.flags = _compiled.NETIO_INTERFACE_UP | (0 if interface.is_loopback else _compiled.NETIO_INTERFACE_PROBES)
    native.name = interface.name.encode("utf-8", "surrogateescape")
    native.scope = interface.scope.encode("utf-8", "surrogateescape")


def _fill_row(row: CData, address: IPAddress, interface: MemoryInterface, entry: MemoryEntry) -> None:
    row.Address = pack_address(address)[0]
    row.InterfaceIndex, row.InterfaceLuid.Value = interface.index, interface.luid
    row.PhysicalAddressLength = len(entry.physical_address)
    ffi.buffer(row.PhysicalAddress)[: len(entry.physical_address)] = entry.physical_address
    row.State, row.Flags, row.ReachabilityTime.LastReachable = entry.state, entry.flags, entry.age


def loopback() -> MemoryInterface:
    """Makes the loopback interface, which every machine has."""
    own: list[IPv4Interface | IPv6Interface] = [IPv4Interface("127.0.0.1/8"), IPv6Interface("::1/128")]
    return MemoryInterface("lo", 1, own, is_loopback=True)
