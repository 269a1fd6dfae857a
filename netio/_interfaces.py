# SPDX-License-Identifier: MIT
"""Queries the system about interfaces and routes: which interface an entry, a scope or an address belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_network

from netio._codec import pack, pack_address, unpack_address
from netio._namespace import current_namespace
from netio._native import ffi, lib
from netio._types import (
    MAX_INDEX,
    UNKNOWN_LUID,
    Interface,
    InterfaceAddress,
    InterfaceLike,
    NextHop,
    PhysicalAddress,
    given_interface,
    identify,
    plain_address,
)
from netio.errors import Hint, NetioError, check, failure, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from ipaddress import IPv4Address

    from netio._codec import Entry, Key
    from netio._namespace import Namespace
    from netio._native import CData
    from netio._types import Address


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an entry has no interface: a code, reason and hint if the code alone does not explain it, and a gateway."""

    code: int
    reason: str = ""
    hint: Hint | None = None
    gateway: IPv4Address | IPv6Address | None = None


# Rows in one call of C: about 40 ms of work, after which Python handles a Ctrl-C.
CHUNK = 30_000

ROUTE = "GetBestRoute2"

_INTERFACE = ffi.typeof("netio_interface *")
_NAME_SIZE = lib.NETIO_NAME_SIZE

_ADDRESSES = "GetUnicastIpAddressTable"

# An interface name that neither system allows.
_INVALID_NAME = b"/"


def list_interfaces() -> list[Interface]:
    """List the network interfaces of this machine; on Linux, those of the network namespace (see namespace()).

    Raises:
        NetioError: The system reports an error.

    >>> [interface.name for interface in netio.list_interfaces()]
    ['lo', 'eth0']

    Windows: GetIfTable2. Linux: RTM_GETLINK.
    """
    # The variable owns the list before the call, since a signal handler can raise right after it.
    found, count = ffi.gc(ffi.new("netio_interface **"), lib.netio_release), ffi.new("size_t *")
    netns = current_namespace()
    check("GetIfTable2", lib.netio_interfaces(netns.descriptor, found, count))
    return [interface_value(native) for native in found[0][0 : count[0]]]


def list_addresses(*, interface: InterfaceLike | None = None) -> list[InterfaceAddress]:
    """List the unicast addresses of this machine; on Linux, those of the network namespace (see namespace()).

    Args:
        interface: Name, index or Interface; None for every interface.

    Raises:
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: The interface index is below 1.
        NetioError: The system reports an error.
        TypeError: The argument has another type.

    >>> for own in netio.list_addresses(interface="eth0"):
    ...     print(own.address)
    192.0.2.1

    Windows: GetUnicastIpAddressTable. Linux: RTM_GETADDR.
    """
    cache = InterfaceCache()
    only = None if interface is None else _existing(given_interface(interface), cache).index
    natives = (native for native in interface_addresses(cache.netns.descriptor) if only in (None, native.index))
    owners = ((native, cache.find(index=native.index)) for native in natives)
    return [_address_value(native, owner) for native, owner in owners if owner is not None]


def interface_addresses(netns: int) -> Iterator[CData]:
    """Yields each unicast address of this machine as a netio_address, which is valid until the next one."""
    found, count = ffi.gc(ffi.new("netio_address **"), lib.netio_release), ffi.new("size_t *")
    check(_ADDRESSES, lib.netio_addresses(netns, found, count))
    for place in range(count[0]):
        yield found[0][place]


def _existing(interface: InterfaceLike, cache: InterfaceCache) -> CData:
    name, index, luid = identify(interface)
    found = cache.find(name=name, index=index, luid=luid)
    if found is None:
        raise failure(_ADDRESSES, lib.ERROR_FILE_NOT_FOUND, f"interface {name or index or luid}")
    return found


def _address_value(native: CData, interface: CData) -> InterfaceAddress:
    address = _with_scope(unpack_address(ffi.addressof(native, "address")), interface)
    prefix = ip_network(f"{unpack_address(ffi.addressof(native, 'prefix'))}/{native.prefix_length}", strict=False)
    needed = lib.NETIO_INTERFACE_UP | lib.NETIO_INTERFACE_PROBES
    can_probe = interface.flags & needed == needed and interface.physical_address_length > 0
    return InterfaceAddress(address, prefix, interface_value(interface), can_probe)


class InterfaceCache:
    """Looks up the interfaces of a namespace, each once. It lives as long as one call, since interfaces change."""

    def __init__(self, netns: Namespace | None = None) -> None:
        self.netns = netns or current_namespace()
        self._found: dict[tuple[str, int, int], CData | NetioError | None] = {}

    def find(self, *, name: str = "", index: int = 0, luid: int = 0) -> CData | None:
        """Finds an interface by LUID if that is not 0, else by index if that is not 0, else by name."""
        key = ("", 0, luid) if luid else ("", index, 0) if index else (name, 0, 0)
        if key not in self._found:
            self._found[key] = found = _look_up(self.netns, *key)
            if found is not None and not isinstance(found, NetioError):
                self._found["", found.index, 0] = found
        found = self._found[key]
        if isinstance(found, NetioError):
            raise found.with_traceback(None)
        return found

    def find_scope(self, scope: str) -> CData | None:
        """Finds the interface that an IPv6 scope names: by name, else by index, as getaddrinfo() does."""
        found = self.find(name=scope)
        # No more digits than the largest index has: int() rejects numbers of thousands of digits.
        if found is None and len(scope) <= 10 and scope.isascii() and scope.isdecimal() and 0 < int(scope) <= MAX_INDEX:
            found = self.find(index=int(scope))
        return found

    def names(self, indexes: Iterable[int]) -> dict[int, tuple[str, str]]:
        """Maps indexes to name and IPv6 scope. A removed interface has no name, and its index as scope."""
        names = {}
        for index in indexes:
            found = self.find(index=index)
            names[index] = ("", str(index)) if found is None else names_of(found)
        return names


def interface_query(name: str, index: int, luid: int, scope: str | None) -> CData:
    """Makes a netio_interface that names an interface, and the scope of an address, for a look-up in C."""
    query = ffi.new(_INTERFACE)
    if luid:
        query.luid.Value = luid
    elif index:
        query.index = index
    elif name:
        query.name = _name_bytes(name)
    if scope is not None:
        query.scope = _name_bytes(scope)
    return query


def _name_bytes(name: str) -> bytes:
    """Encodes a name as the system stores it; a name that cannot exist becomes one that never does."""
    try:
        raw = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate
        return _INVALID_NAME
    return raw if raw and b"\0" not in raw and len(raw) < _NAME_SIZE else _INVALID_NAME


def _look_up(netns: Namespace, name: str, index: int, luid: int) -> CData | NetioError | None:
    query = interface_query(name, index, luid, None)
    code = lib.netio_interface_find(netns.descriptor, query)
    if code == lib.NO_ERROR:
        return query
    if code == lib.ERROR_FILE_NOT_FOUND:
        return None
    return failure("GetIfEntry2", code, f"interface {name or index or luid}")


def key_of(interface: CData | None) -> Key:
    """Returns the InterfaceLuid and InterfaceIndex of an interface; for None those of no interface."""
    return (UNKNOWN_LUID, 0) if interface is None else (interface.luid.Value, interface.index)


def interface_value(native: CData) -> Interface:
    """Converts a netio_interface."""
    physical_address = PhysicalAddress(ffi.buffer(native.physical_address)[: native.physical_address_length])
    is_up = native.flags & lib.NETIO_INTERFACE_UP != 0
    return Interface(name_of(native), native.index, native.luid.Value, physical_address=physical_address, is_up=is_up)


def name_of(native: CData) -> str:
    """Returns the name in a netio_interface."""
    return _text(native.name)


def names_of(native: CData) -> tuple[str, str]:
    """Returns the name and the IPv6 scope in a netio_interface."""
    name, scope = ffi.string(native.name), ffi.string(native.scope)
    text = name.decode("utf-8", "surrogateescape")
    return text, text if scope == name else scope.decode("utf-8", "surrogateescape")


def _text(name: CData) -> str:
    return ffi.string(name).decode("utf-8", "surrogateescape")


def pack_entries(entries: Sequence[Entry], cache: InterfaceCache) -> tuple[CData, dict[int, Refusal]]:
    """Encodes entries as input rows and determines the interface of each.

    The second value lists, by position, the entries without an interface, and why. Their rows name an interface that
    does not exist, so that the backend still reports first what is wrong with the rest of the row.
    """
    keys = _Keys(cache)
    native = pack(entries, keys.find)
    for start in range(0, len(keys.unnamed), CHUNK):
        keys.refused.update(_route(native, keys.unnamed[start : start + CHUNK], cache))
    if keys.failed:
        keys.refused.update(_failed_look_ups(entries, keys.failed))
    return native, keys.refused


def _failed_look_ups(entries: Sequence[Entry], failed: dict[str, Refusal]) -> Iterator[tuple[int, Refusal]]:
    """Yields the entries that are named by an interface whose look-up failed: each name is looked up once."""
    for position, entry in enumerate(entries):
        if entry.interface in failed and not entry.interface_luid and not entry.interface_index:
            yield position, failed[entry.interface]


class _Keys:
    """Finds the interface keys of the entries of one call."""

    def __init__(self, cache: InterfaceCache) -> None:
        self._cache = cache
        self.unnamed: list[int] = []  # positions of the entries that the routes decide
        self.refused: dict[int, Refusal] = {}
        self.failed: dict[str, Refusal] = {}  # interface names whose look-up failed

    def find(self, position: int, entry: Entry) -> Key:
        """Returns the key that an entry names, or that of no interface if the look-up fails."""
        try:
            return self._find(position, entry)
        except NetioError as error:
            refusal = Refusal(error.code, error.reason, error.hint)
            self.refused[position] = refusal
            if entry.interface and not entry.interface_luid and not entry.interface_index:
                self.failed[entry.interface] = refusal
            return UNKNOWN_LUID, 0

    def _find(self, position: int, entry: Entry) -> Key:
        scope = entry.address.scope_id if isinstance(entry.address, IPv6Address) else None
        if entry.interface_luid or entry.interface_index:
            key = entry.interface_luid, entry.interface_index
        elif entry.interface:
            key = key_of(self._cache.find(name=entry.interface))
        elif scope is not None:
            return key_of(self._cache.find_scope(scope))
        else:
            self.unnamed.append(position)
            return UNKNOWN_LUID, 0
        if scope is None or scope == entry.interface or (entry.interface_index and scope == str(entry.interface_index)):
            return key
        interface = self._cache.find(luid=key[0], index=key[1])
        reason = scope_contradiction(entry.address, interface, self._cache)
        if not reason:
            return key
        self.refused[position] = Refusal(lib.ERROR_INVALID_PARAMETER, reason)
        return UNKNOWN_LUID, 0


def selected_interface(
    interface: InterfaceLike | None, address: Address | None, netns: Namespace, *, argument: str = "interface"
) -> tuple[int, str]:
    """Returns the LUID of the interface that an argument or the scope of an address selects, and its name for messages.

    The LUID is 0 if all interfaces are selected, and UNKNOWN_LUID if the interface does not exist.

    Raises:
        InvalidParameterError: An argument is invalid, both name different interfaces, or the interface has no LUID.
        TypeError: An argument has another type.
    """
    if interface == "":
        raise invalid(f"{argument} must not be ''; omit it to select all interfaces")
    name, index, luid = ("", 0, 0) if interface is None else identify(interface)
    plain = None if address is None else plain_address(address)
    scope = plain.scope_id if isinstance(plain, IPv6Address) else None
    if interface is None and scope is None:
        return 0, ""
    cache = InterfaceCache(netns)
    found = cache.find_scope(scope or "") if interface is None else cache.find(name=name, index=index, luid=luid)
    if plain is not None and (reason := scope_contradiction(plain, found, cache)):
        raise invalid(reason)
    subject = f"interface {name or index or luid or scope}"
    if key_of(found)[0] == 0:
        raise invalid(f"{subject} has no LUID, so it cannot be selected")
    return key_of(found)[0], subject


def scope_contradiction(address: IPv4Address | IPv6Address, interface: CData | None, cache: InterfaceCache) -> str:
    """Returns an explanation if the scope of an address names another interface, else ""."""
    scope = address.scope_id if isinstance(address, IPv6Address) else None
    if scope is None or interface is None:
        return ""
    scoped = cache.find_scope(scope)
    if scoped is not None and scoped.index == interface.index:
        return ""
    return f"the scope of {address} contradicts the interface; name the same interface in both, or only one of them"


def _route(native: CData, positions: list[int], cache: InterfaceCache) -> Iterator[tuple[int, Refusal]]:
    """Sets the interfaces of the rows at these positions by the routes; yields the rows for which that fails."""
    count = len(positions)
    destinations, gateways = ffi.new("SOCKADDR_INET[]", count), ffi.new("SOCKADDR_INET[]", count)
    luids, results = ffi.new("NET_LUID[]", count), ffi.new("DWORD[]", count)
    for place, position in enumerate(positions):
        destinations[place] = native[position].Address
    lib.netio_route(cache.netns.descriptor, destinations, luids, gateways, count, results)
    for place, position in enumerate(positions):
        if results[place] == lib.NO_ERROR:
            native[position].InterfaceLuid.Value = luids[place].Value
        else:
            gateway = _gateway(gateways[place], luids[place].Value, cache)
            yield position, Refusal(results[place], *_no_route(results[place], gateway), gateway)


def check_on_links(native: CData, positions: Iterable[int], cache: InterfaceCache) -> Iterator[tuple[int, Refusal]]:
    """Yields the rows at these positions whose address the routes of their interface do not reach on-link, and why.

    A row without a LUID is not checked.
    """
    checked = [position for position in positions if native[position].InterfaceLuid.Value]
    count = len(checked)
    destinations, gateways = ffi.new("SOCKADDR_INET[]", count), ffi.new("SOCKADDR_INET[]", count)
    luids, results = ffi.new("NET_LUID[]", count), ffi.new("DWORD[]", count)
    for place, position in enumerate(checked):
        destinations[place], luids[place] = native[position].Address, native[position].InterfaceLuid
    lib.netio_route(cache.netns.descriptor, destinations, luids, gateways, count, results)
    for place, position in enumerate(checked):
        if results[place] != lib.NO_ERROR:
            reason = "the routes do not reach it on-link on this interface"
            gateway = _gateway(gateways[place], luids[place].Value, cache)
            yield position, Refusal(results[place], reason, None, gateway)


def _find_route(
    destination: CData, interface: CData, cache: InterfaceCache
) -> tuple[int, IPv4Address | IPv6Address | None]:
    """Calls netio_route() for one destination and returns the code and the gateway."""
    gateway, result = ffi.new("SOCKADDR_INET *"), ffi.new("DWORD *")
    lib.netio_route(cache.netns.descriptor, destination, interface, gateway, 1, result)
    return result[0], _gateway(gateway, interface.Value, cache)


def find_next_hop(address: IPv4Address | IPv6Address, luid: int, subject: str, netns: Namespace) -> NextHop:
    """Returns the next hop to an address, by all routes or by those of an interface, or raises the error."""
    cache, interface = InterfaceCache(netns), ffi.new("NET_LUID *", {"Value": luid})
    given = cache.find(luid=luid) if luid else None
    if luid and given is None:
        raise failure(ROUTE, lib.ERROR_NOT_FOUND, subject)
    subject = str(address) if given is None else f"{address} on {name_of(given)}"
    code, gateway = _find_route(pack_address(address), interface, cache)
    if code != lib.NO_ERROR and gateway is None:
        reason, hint = _no_next_hop(code, address)
        raise failure(ROUTE, code, subject, reason=reason, hint=hint)
    found = cache.find(luid=interface.Value)
    if found is None:
        raise failure(ROUTE, lib.ERROR_NOT_FOUND, subject)
    return NextHop(_with_scope(gateway or address, found), interface_value(found))


def _no_next_hop(code: int, address: IPv4Address | IPv6Address) -> tuple[str, Hint | None]:
    """Returns the reason why an address has no next hop, "" if the code explains it, and a hint."""
    if code == lib.ERROR_NETWORK_UNREACHABLE:
        return "no route leads to it", None
    if code == lib.ERROR_NOT_SUPPORTED:
        return "the interface of the route has no LUID", None
    if code != lib.ERROR_INVALID_PARAMETER:
        return "", None
    if isinstance(address, IPv6Address) and address.is_link_local and address.scope_id is None:
        return "a link-local address exists on every link", Hint.NAME_INTERFACE
    return "it is a local, broadcast, multicast, loopback, IPv4-mapped or unspecified address", None


def _no_route(code: int, gateway: IPv4Address | IPv6Address | None) -> tuple[str, Hint | None]:
    """Returns the reason why an address does not determine its interface, "" if the code explains it, and a hint."""
    if code == lib.ERROR_NOT_SUPPORTED:
        return "its interface has no LUID; name the interface by its index", None
    if gateway is not None:
        return f"it is behind the gateway {gateway} and not on-link on any interface", Hint.NAME_INTERFACE
    return "", None


def _gateway(native: CData, luid: int, cache: InterfaceCache) -> IPv4Address | IPv6Address | None:
    """Decodes the gateway of a route over an interface; None if there is none."""
    if native.si_family == lib.AF_UNSPEC:
        return None
    gateway = unpack_address(native)
    interface = cache.find(luid=luid) if gateway.is_link_local and luid else None
    return gateway if interface is None else _with_scope(gateway, interface)


def _with_scope(address: IPv4Address | IPv6Address, interface: CData) -> IPv4Address | IPv6Address:
    """Adds the scope of an interface to a link-local IPv6 address."""
    if not isinstance(address, IPv6Address) or not address.is_link_local:
        return address
    return IPv6Address(f"{IPv6Address(int(address))}%{names_of(interface)[1]}")
