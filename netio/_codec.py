# SPDX-License-Identifier: MIT
"""Neighbor values to and from MIB_IPNET_ROW2, with the offsets that the compiler gives."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address, ip_address

from netio._interfaces import UNKNOWN_LUID, key_of
from netio._native import ffi, lib
from netio._types import Neighbor, NeighborState, PhysicalAddress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from netio._interfaces import Links
    from netio._native import CData

_ROW = "MIB_IPNET_ROW2"
_ROW_POINTER = ffi.typeof(_ROW + " *")
ROW_SIZE = ffi.sizeof(_ROW)
INDEX_OFFSET = ffi.offsetof(_ROW, "InterfaceIndex")
LUID_OFFSET = ffi.offsetof(_ROW, "InterfaceLuid")
_IP4_OFFSET = ffi.offsetof(_ROW, "Address", "Ipv4", "sin_addr")
_PHYSICAL_OFFSET = ffi.offsetof(_ROW, "PhysicalAddress")

# Rows that are packed at a time: few enough to stay in the processor's cache; and how many are worth columns.
_BLOCK, _FEW = 4096, 64

# Rows that go down in one call of C: about 40 ms of work, after which Python sees a Ctrl-C.
CHUNK = 30_000

# Why a row cannot be sent: a code, and the text for it where the code does not say enough.
Refusal = tuple[int, str]

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


def _layout() -> struct.Struct:
    """Builds the struct of a row: its members at their offsets, pad bytes between."""
    text, end = "=", 0
    for path, kind in _MEMBERS:
        offset = ffi.offsetof(_ROW, *path)
        text += f"{offset - end}x{kind}"
        end = offset + struct.calcsize("=" + kind)
    return struct.Struct(f"{text}{ROW_SIZE - end}x")


_LAYOUT = _layout()

_STATES = {int(state): state for state in NeighborState}

_NO_PHYSICAL_ADDRESS = PhysicalAddress()

# Constants of lib as Python's own: they are read for every row.
_AF_INET, _AF_INET6 = lib.AF_INET, lib.AF_INET6
_IS_ROUTER, _IS_UNREACHABLE = lib.NETIO_IS_ROUTER, lib.NETIO_IS_UNREACHABLE


# Neighbor while it is being filled: plain assignment to a twin that is not frozen, then a change of class, takes a
# third of the time of a frozen constructor.
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


def unpack(rows: memoryview, names: dict[int, tuple[str, str]]) -> Iterator[Neighbor]:
    """Reads rows; names maps interface indexes to name and IPv6 scope. No row raises."""
    new, from_bytes = bytes.__new__, int.from_bytes
    for family, ip4, ip6, index, luid, physical, length, state, flags, age in _LAYOUT.iter_unpack(rows):
        row = _Filling()
        row.interface, scope = names[index]
        # By way of an int: the constructor looks at bytes longer.
        row.address = IPv4Address(from_bytes(ip4)) if family == _AF_INET else _ip6_address(ip6, scope)
        row.physical_address = new(PhysicalAddress, physical[:length])
        row.state = _STATES[state] if state in _STATES else NeighborState(state)
        row.is_router = flags & _IS_ROUTER != 0
        row.is_unreachable = flags & _IS_UNREACHABLE != 0
        row.reachability_time = age
        row.interface_index = index
        row.interface_luid = luid
        row.__class__ = Neighbor  # type: ignore[assignment]
        yield row  # type: ignore[misc]


def blank_row(address: IPv4Address | IPv6Address, interface: str, index: int, luid: int) -> Neighbor:
    """Makes a row that is a key and no more, of parts that Neighbor() itself would take as they are."""
    row = _Filling()
    row.address, row.physical_address = address, _NO_PHYSICAL_ADDRESS
    row.interface, row.interface_index, row.interface_luid = interface, index, luid
    row.state, row.is_router, row.is_unreachable, row.reachability_time = NeighborState.PERMANENT, False, False, 0
    row.__class__ = Neighbor  # type: ignore[assignment]
    return row  # type: ignore[return-value]


def _ip6_address(raw: bytes, scope: str) -> IPv6Address:
    address = IPv6Address(raw)
    return IPv6Address(f"{address}%{scope}") if address.is_link_local else address


def read_row(row: CData, names: dict[int, tuple[str, str]]) -> Neighbor:
    """Reads one row that the system has filled, by its pointer."""
    return next(unpack(ffi.buffer(row), names))


def pack_key(address: IPv4Address | IPv6Address, index: int, luid: int) -> CData:
    """Makes a pointer to a row that is a key and no more."""
    native = ffi.new(_ROW_POINTER)
    raw = address.packed
    if len(raw) == 4:
        _LAYOUT.pack_into(ffi.buffer(native), 0, _AF_INET, raw, b"", index, luid, b"", 0, 0, 0, 0)
    else:
        _LAYOUT.pack_into(ffi.buffer(native), 0, _AF_INET6, b"", raw, index, luid, b"", 0, 0, 0, 0)
    return native


def pack(rows: Sequence[Neighbor], links: Links) -> tuple[CData, dict[int, Refusal]]:
    """Writes rows as input: key and physical address.

    Also tells which rows have no interface to go by, and why, by position. They go down with an interface that does
    not exist, so that what is wrong with the row itself still comes first.
    """
    native = ffi.new(f"{_ROW}[]", len(rows))
    view = memoryview(ffi.buffer(native))
    refused: dict[int, Refusal] = {}
    unnamed: list[int] = []
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        part = view[start * ROW_SIZE : (start + len(block)) * ROW_SIZE]
        if len(block) < _FEW or not _pack_alike(block, part, links):
            _pack_each(block, part, links, start, refused, unnamed)
    for start in range(0, len(unnamed), CHUNK):
        refused.update(_route(native, unnamed[start : start + CHUNK]))
    return native, refused


def _pack_alike(rows: Sequence[Neighbor], view: memoryview, links: Links) -> bool:
    """Writes IPv4 rows with one interface name and one length by columns, in half the time; False: they are not so."""
    keys = {row.interface_luid or row.interface_index or row.interface for row in rows}
    addresses = [row.address for row in rows]
    physical = [row.physical_address for row in rows]
    name, length = rows[0].interface, len(physical[0])
    if not name or keys != {name} or set(map(type, addresses)) != {IPv4Address} or set(map(len, physical)) != {length}:
        return False
    luid, index = key_of(links.find(name=name))
    view[:] = _LAYOUT.pack(_AF_INET, b"", b"", index, luid, b"", length, 0, 0, 0) * len(rows)
    numbers = memoryview(struct.pack(f">{len(rows)}I", *map(IPv4Address.__int__, addresses)))
    view.cast("I")[_IP4_OFFSET // 4 :: ROW_SIZE // 4] = numbers.cast("I")
    joined = memoryview(b"".join(physical))
    for place in range(length):
        view[_PHYSICAL_OFFSET + place :: ROW_SIZE] = joined[place::length]
    return True


def _pack_each(
    rows: Sequence[Neighbor],
    view: memoryview,
    links: Links,
    first: int,
    refused: dict[int, Refusal],
    unnamed: list[int],
) -> None:
    """Writes rows of any kind; adds the positions, from first on, that are refused or left to the routes."""
    # Names and methods as locals, and each interface name once: this loop is what a bulk write costs beside the kernel.
    named: dict[str, tuple[int, int]] = {}
    write, size, ip4, ip6 = _LAYOUT.pack_into, ROW_SIZE, _AF_INET, _AF_INET6
    for place, row in enumerate(rows):
        address, interface = row.address, row.interface
        is_ip4 = type(address) is IPv4Address
        key: tuple[int, int] | str | None
        if is_ip4 and interface in named and not row.interface_luid and not row.interface_index:
            key = named[interface]
        else:
            key = _interface_key(row, links)
            if key is None:
                unnamed.append(first + place)
                key = UNKNOWN_LUID, 0
            elif isinstance(key, str):
                refused[first + place] = lib.ERROR_INVALID_PARAMETER, key
                key = UNKNOWN_LUID, 0
            elif is_ip4 and not row.interface_luid and not row.interface_index:
                named[interface] = key
        luid, index = key
        physical = row.physical_address
        if is_ip4:
            raw = int(address).to_bytes(4, "big")
            write(view, place * size, ip4, raw, b"", index, luid, physical, len(physical), 0, 0, 0)
        else:
            write(view, place * size, ip6, b"", address.packed, index, luid, physical, len(physical), 0, 0, 0)


def _interface_key(row: Neighbor, links: Links) -> tuple[int, int] | str | None:
    """The LUID and index that a row goes by; None: it names no interface; text: what contradicts itself in it."""
    scope = row.address.scope_id if isinstance(row.address, IPv6Address) else None
    if row.interface_luid or row.interface_index:
        given = row.interface_luid, row.interface_index
    elif row.interface:
        given = key_of(links.find(name=row.interface))
    else:
        return None if scope is None else key_of(links.find_scope(scope))
    if scope is None or scope == row.interface or (row.interface_index and scope == str(row.interface_index)):
        return given
    return contradiction(row.address, links.find(luid=given[0], index=given[1]), links) or given


def contradiction(address: IPv4Address | IPv6Address, link: CData | None, links: Links) -> str:
    """What to say of an address whose scope names another interface than the given one; "": none does."""
    scope = address.scope_id if isinstance(address, IPv6Address) else None
    if scope is None or link is None:
        return ""
    scoped = links.find_scope(scope)
    if scoped is not None and scoped.index == link.index:
        return ""
    return f"the scope of {address} contradicts the interface; name the same one in both, or one of them"


def _route(native: CData, positions: list[int]) -> Iterator[tuple[int, Refusal]]:
    """Finds the interface on whose link each of those rows is, by the routes, and writes it into the row."""
    count = len(positions)
    destinations, luids = ffi.new("SOCKADDR_INET[]", count), ffi.new("NET_LUID[]", count)
    results = ffi.new("DWORD[]", count)
    for place, position in enumerate(positions):
        destinations[place] = native[position].Address
    lib.netio_route(destinations, luids, count, results)
    for place, position in enumerate(positions):
        if results[place] == lib.NO_ERROR:
            native[position].InterfaceLuid.Value = luids[place].Value
        else:
            yield position, (results[place], _no_route(results[place], ffi.addressof(destinations, place)))


def route_on_link(row: CData, luid: CData) -> int:
    """Whether an address is on the link of an interface, by the routes: a code. A LUID of 0 cannot be asked for."""
    if luid.Value == 0:
        return lib.NO_ERROR
    destination, interface = ffi.new("SOCKADDR_INET[]", 1), ffi.new("NET_LUID[]", 1)
    destination[0], interface[0] = row.Address, luid
    result = ffi.new("DWORD[]", 1)
    lib.netio_route(destination, interface, 1, result)
    return int(result[0])


def _no_route(code: int, destination: CData) -> str:
    """Says why an address alone does not tell its interface; "": the code says it."""
    if code == lib.ERROR_NOT_SUPPORTED:
        return "its interface has no LUID to go by; name the interface by its index"
    if code == lib.ERROR_INVALID_PARAMETER:
        return (
            "the address does not tell on which link it is: one's own, broadcast, multicast or link-local; "
            "name the link with interface="
        )
    gateway = ffi.new("SOCKADDR_INET *")
    if code == lib.ERROR_NETWORK_UNREACHABLE and lib.netio_gateway(destination, gateway) == lib.NO_ERROR:
        router = read_address(gateway)
        return f"it is behind the gateway {router}, on no link of this machine; name one with interface="
    return ""


def pack_address(address: IPv4Address | IPv6Address) -> CData:
    """Makes a SOCKADDR_INET: port, flow and scope are 0."""
    native = ffi.new("SOCKADDR_INET *")
    ip4 = address.version == 4
    native.si_family = lib.AF_INET if ip4 else lib.AF_INET6
    _address_bytes(native)[:] = address.packed
    return native


def read_address(native: CData) -> IPv4Address | IPv6Address:
    """Reads a SOCKADDR_INET, without its scope."""
    return ip_address(bytes(_address_bytes(native)))


def _address_bytes(native: CData) -> memoryview:
    if native.si_family == lib.AF_INET:
        return ffi.buffer(ffi.addressof(native.Ipv4, "sin_addr"))
    return ffi.buffer(ffi.addressof(native.Ipv6, "sin6_addr"))
