# SPDX-License-Identifier: MIT
"""Converts Neighbor values to and from MIB_IPNET_ROW2, with the offsets that the compiler reports. Pure functions."""

from __future__ import annotations

import struct
import sys
from ipaddress import IPv4Address, IPv6Address, ip_address
from operator import attrgetter

from netio._native import ffi, lib
from netio._types import ChangeKind, Neighbor, NeighborChange, NeighborState, PhysicalAddress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Protocol

    from netio._native import CData

    class Entry(Protocol):
        """The input part of a Neighbor: its key and its physical address."""

        @property
        def address(self) -> IPv4Address | IPv6Address: ...
        @property
        def physical_address(self) -> PhysicalAddress: ...
        @property
        def interface(self) -> str: ...
        @property
        def interface_index(self) -> int: ...
        @property
        def interface_luid(self) -> int: ...

    # The LUID and index of an interface.
    Key = tuple[int, int]
    FindKey = Callable[[int, Entry], Key]

_ROW = "MIB_IPNET_ROW2"
_ROW_POINTER = ffi.typeof(_ROW + " *")
ROW_SIZE = ffi.sizeof(_ROW)
ADDRESS_SIZE = ffi.sizeof("SOCKADDR_INET")  # the first member
INDEX_OFFSET = ffi.offsetof(_ROW, "InterfaceIndex")
_LUID_OFFSET = ffi.offsetof(_ROW, "InterfaceLuid")
_IP4_OFFSET = ffi.offsetof(_ROW, "Address", "Ipv4", "sin_addr")
_IP6_OFFSET = ffi.offsetof(_ROW, "Address", "Ipv6", "sin6_addr")
FLAGS_OFFSET = ffi.offsetof(_ROW, "Flags")
LENGTH_OFFSET = ffi.offsetof(_ROW, "PhysicalAddressLength")
STATE_OFFSET = ffi.offsetof(_ROW, "State")
_PHYSICAL_OFFSET = ffi.offsetof(_ROW, "PhysicalAddress")

_INTERFACE_OF = attrgetter("interface_luid", "interface_index", "interface")
_SCOPE_OF = attrgetter("scope_id")

# Entries that are packed at a time, few enough for the processor's cache; and the least for which columns pay.
_BLOCK, _FEW = 4096, 64

# struct formats of the members, in the order of the unpacked fields.
_MEMBERS = (
    (("Address", "si_family"), "H"),
    (("Address", "Ipv4", "sin_addr"), "4s"),
    (("Address", "Ipv6", "sin6_addr"), "16s"),
    (("InterfaceIndex",), "I"),
    (("InterfaceLuid",), "Q"),
    (("PhysicalAddress",), f"{lib.IF_MAX_PHYS_ADDRESS_LENGTH}s"),
    (("PhysicalAddressLength",), "I"),
    (("State",), "i"),
    (("Flags",), "B"),
    (("ReachabilityTime",), "I"),
)


def struct_layout(name: str, members: Iterable[tuple[tuple[str, ...], str]]) -> struct.Struct:
    """Builds the struct of a C type: its members, in the order of their offsets, with pad bytes between them."""
    text, end = "=", 0
    for path, kind in members:
        offset = ffi.offsetof(name, *path)
        text += f"{offset - end}x{kind}"
        end = offset + struct.calcsize("=" + kind)
    return struct.Struct(f"{text}{ffi.sizeof(name) - end}x")


_LAYOUT = struct_layout(_ROW, _MEMBERS)

_CHANGE_LAYOUT = struct_layout(
    "netio_change",
    (
        (("kind",), "B"),
        (("last_physical_address_length",), "B"),
        (("last_physical_address",), f"{lib.IF_MAX_PHYS_ADDRESS_LENGTH}s"),
    ),
)

_STATES = {int(state): state for state in NeighborState}

_NO_PHYSICAL_ADDRESS = PhysicalAddress()

# Local copies of constants of lib, since they are read for every row.
_AF_INET, _AF_INET6 = lib.AF_INET, lib.AF_INET6
_CHANGED, _REMOVED, _RESYNC = lib.NETIO_CHANGED, lib.NETIO_REMOVED, lib.NETIO_RESYNC
_IS_ROUTER, _IS_UNREACHABLE = lib.NETIO_IS_ROUTER, lib.NETIO_IS_UNREACHABLE


# A Neighbor while its fields are set: plain assignment to a class that is not frozen, followed by a change of class,
# takes 75 % of the time of setting the slots of a frozen instance.
class _Filling:
    __slots__ = Neighbor.__slots__

    address: IPv4Address | IPv6Address
    physical_address: PhysicalAddress
    interface: str
    state: NeighborState
    is_router: bool
    is_unreachable: bool
    reachability_time: int
    interface_index: int
    interface_luid: int


def unpack(rows: memoryview, names: Mapping[int, tuple[str, str]]) -> Iterator[Neighbor]:
    """Decodes rows; names maps interface indexes to name and IPv6 scope. No content of a row raises."""
    new, from_bytes = str.__new__, int.from_bytes
    for family, ip4, ip6, index, luid, physical, length, state, flags, age in _LAYOUT.iter_unpack(rows):
        row = _Filling()
        row.interface, scope = names[index]
        # From an int: the constructor takes longer for bytes.
        row.address = IPv4Address(from_bytes(ip4)) if family == _AF_INET else _ip6_address(ip6, scope)
        row.physical_address = new(PhysicalAddress, physical[:length].hex(":"))
        row.state = _STATES[state] if state in _STATES else NeighborState(state)
        row.is_router = flags & _IS_ROUTER != 0
        row.is_unreachable = flags & _IS_UNREACHABLE != 0
        row.reachability_time = age
        row.interface_index = index
        row.interface_luid = luid
        row.__class__ = Neighbor  # type: ignore[assignment]
        yield row  # type: ignore[misc]


def _ip6_address(raw: bytes, scope: str) -> IPv6Address:
    address = IPv6Address(raw)
    return IPv6Address(f"{address}%{scope}") if address.is_link_local else address


# As _Filling: a NeighborChange while its fields are set.
class _FillingChange:
    __slots__ = NeighborChange.__slots__

    kind: ChangeKind
    neighbor: Neighbor | None
    previous: Neighbor | None
    last_physical_address: PhysicalAddress


def unpack_changes(
    changes: memoryview, rows: memoryview, count: int, names: Mapping[int, tuple[str, str]]
) -> Iterator[NeighborChange]:
    """Decodes the changes and rows of netio_watch_read()."""
    new, entries = str.__new__, unpack(rows, names)
    kinds = tuple(ChangeKind)  # in the order of their numbers
    for _, (kind, length, last) in zip(range(count), _CHANGE_LAYOUT.iter_unpack(changes), strict=False):
        change = _FillingChange()
        change.kind = kinds[kind]
        before = next(entries) if kind == _CHANGED else None
        change.neighbor = None if kind == _RESYNC else next(entries)
        change.previous = change.neighbor if kind == _REMOVED else before
        change.last_physical_address = new(PhysicalAddress, last[:length].hex(":"))
        change.__class__ = NeighborChange  # type: ignore[assignment]
        yield change  # type: ignore[misc]


def unpack_one(row: CData, names: dict[int, tuple[str, str]]) -> Neighbor:
    """Decodes the row behind a pointer."""
    return next(unpack(ffi.buffer(row), names))


def pack_key(address: IPv4Address | IPv6Address) -> CData:
    """Makes a pointer to a row that has only an address."""
    native = ffi.new(_ROW_POINTER)
    _pack_row(ffi.buffer(native), 0, address, (0, 0), _NO_PHYSICAL_ADDRESS)
    return native


def pack_filter(address: IPv4Address | IPv6Address | None, physical_address: PhysicalAddress) -> CData:
    """Makes a pointer to a row that selects entries; None and an empty physical address select all of them."""
    native = ffi.new(_ROW_POINTER) if address is None else pack_key(address)
    packed = physical_address.packed
    ffi.buffer(native.PhysicalAddress)[: len(packed)] = packed
    native.PhysicalAddressLength = len(packed)
    return native


def _pack_row(
    view: memoryview, offset: int, address: IPv4Address | IPv6Address, key: Key, physical: PhysicalAddress
) -> None:
    luid, index = key
    packed = physical.packed
    if type(address) is IPv4Address:
        raw = int(address).to_bytes(4, "big")
        _LAYOUT.pack_into(view, offset, _AF_INET, raw, b"", index, luid, packed, len(packed), 0, 0, 0)
    else:
        raw = address.packed
        _LAYOUT.pack_into(view, offset, _AF_INET6, b"", raw, index, luid, packed, len(packed), 0, 0, 0)


def pack(entries: Sequence[Entry], find_key: FindKey) -> CData:
    """Encodes entries as input rows: key and physical address.

    find_key returns the key of the interface for an entry and its position. It is called once for all entries in a
    block that name the same interface and have no IPv6 scope, or the scope of that interface.
    """
    native = ffi.new(f"{_ROW}[]", len(entries))
    view = memoryview(ffi.buffer(native))
    for start in range(0, len(entries), _BLOCK):
        block = entries[start : start + _BLOCK]
        part = view[start * ROW_SIZE : (start + len(block)) * ROW_SIZE]
        if len(block) < _FEW or not _pack_columns(block, part, start, find_key):
            _pack_each(block, part, start, find_key)
    return native


def _pack_columns(entries: Sequence[Entry], view: memoryview, first: int, find_key: FindKey) -> bool:
    """Encodes entries with one family, interface and length by columns, in half the time; False: others."""
    interfaces = set(map(_INTERFACE_OF, entries))
    addresses = [entry.address for entry in entries]
    physical = [entry.physical_address for entry in entries]
    lengths = set(map(len, physical))
    if len(interfaces) != 1 or len(lengths) != 1:
        return False
    interface = interfaces.pop()
    column = _address_column(addresses, interface)
    if column is None or not any(interface):
        return False
    family, offset, raw = column
    joined = memoryview(bytes.fromhex("".join(physical).replace(":", " ")))  # it skips blanks; 2 x as fast as no ":"
    length = len(joined) // len(entries)
    luid, index = find_key(first, entries[0])
    view[:] = _LAYOUT.pack(family, b"", b"", index, luid, b"", length, 0, 0, 0) * len(entries)
    words, size = memoryview(raw).cast("I"), len(raw) // len(entries) // 4
    for place in range(size):
        view.cast("I")[offset // 4 + place :: ROW_SIZE // 4] = words[place::size]
    for place in range(length):
        view[_PHYSICAL_OFFSET + place :: ROW_SIZE] = joined[place::length]
    return True


def _address_column(
    addresses: Sequence[IPv4Address | IPv6Address], interface: tuple[int, int, str]
) -> tuple[int, int, bytes] | None:
    """Returns family, offset in a row and bytes of addresses of one family without foreign scopes; None: others."""
    kinds = set(map(type, addresses))
    if kinds == {IPv4Address}:
        return _AF_INET, _IP4_OFFSET, struct.pack(f">{len(addresses)}I", *map(int, addresses))
    if kinds == {IPv6Address} and set(map(_SCOPE_OF, addresses)) <= {None, *_own_scopes(interface)}:
        return _AF_INET6, _IP6_OFFSET, b"".join([address.packed for address in addresses])
    return None


def _own_scopes(interface: tuple[int, int, str]) -> tuple[str, ...]:
    """Returns the scopes that an entry on this interface may have, as far as that needs no look-up."""
    _, index, name = interface
    return (name, str(index)) if index else (name,)


def _pack_each(entries: Sequence[Entry], view: memoryview, first: int, find_key: FindKey) -> None:
    """Encodes entries of any kind."""
    # Each interface is looked up once: beside the kernel's work, this loop is the cost of a bulk write.
    known: dict[tuple[int, int, str], Key] = {}
    for place, entry in enumerate(entries):
        address, interface = entry.address, _INTERFACE_OF(entry)
        is_plain = any(interface) and (isinstance(address, IPv4Address) or address.scope_id is None)
        if is_plain and interface in known:
            key = known[interface]
        else:
            key = find_key(first + place, entry)
            if is_plain:
                known[interface] = key
        _pack_row(view, place * ROW_SIZE, address, key, entry.physical_address)


def physical_address_in(rows: bytes | memoryview, place: int) -> bytes:
    """Returns the physical address of the row at this position."""
    start = place * ROW_SIZE
    length = int.from_bytes(rows[start + LENGTH_OFFSET : start + LENGTH_OFFSET + 4], sys.byteorder)
    return bytes(rows[start + _PHYSICAL_OFFSET : start + _PHYSICAL_OFFSET + length])


def interface_keys(native: CData) -> tuple[Sequence[int], Sequence[int]]:
    """Returns the LUIDs and the indexes of an array of rows, as views: faster than cffi's accessors."""
    view = memoryview(ffi.buffer(native))
    return view.cast("Q")[_LUID_OFFSET // 8 :: ROW_SIZE // 8], view.cast("I")[INDEX_OFFSET // 4 :: ROW_SIZE // 4]


def pack_address(address: IPv4Address | IPv6Address) -> CData:
    """Makes a SOCKADDR_INET; port, flow and scope are 0."""
    native = ffi.new("SOCKADDR_INET *")
    ip4 = address.version == 4
    native.si_family = lib.AF_INET if ip4 else lib.AF_INET6
    _address_bytes(native)[:] = address.packed
    return native


def unpack_address(native: CData) -> IPv4Address | IPv6Address:
    """Decodes a SOCKADDR_INET, without its scope."""
    return ip_address(bytes(_address_bytes(native)))


def _address_bytes(native: CData) -> memoryview:
    if native.si_family == lib.AF_INET:
        return ffi.buffer(ffi.addressof(native.Ipv4, "sin_addr"))
    return ffi.buffer(ffi.addressof(native.Ipv6, "sin6_addr"))
