# SPDX-License-Identifier: MIT
"""Sends one or many entries to the backend and raises the resulting errors."""

from __future__ import annotations

from ipaddress import IPv6Address

from netio._codec import pack_key, unpack_one
from netio._failures import GET, RESOLVE, entry_error, entry_errors, error_context
from netio._interfaces import (
    CHUNK,
    InterfaceCache,
    check_on_link,
    interface_query,
    interface_value,
    names_of,
    pack_entries,
)
from netio._namespace import current_namespace
from netio._native import ffi, lib
from netio._table import NeighborTable, native_rows
from netio._types import (
    UNKNOWN_LUID,
    Address,
    Interface,
    InterfaceLike,
    Neighbor,
    given_interface,
    identify,
    plain_address,
)
from netio.errors import NetioError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from ipaddress import IPv4Address
    from typing import TypeVar

    from netio._interfaces import Refusal
    from netio._namespace import Namespace
    from netio._native import CData
    from netio._types import PhysicalAddressLike

    _Row = TypeVar("_Row")


def requested_entry(
    operation: str, address: Address, physical_address: PhysicalAddressLike, interface: InterfaceLike | None
) -> Neighbor:
    """Makes the entry that the arguments of a verb describe."""
    with error_context(operation):
        return Neighbor(address, physical_address, interface=given_interface(interface))


def read_one(
    address: Address, interface: InterfaceLike | None, function: Callable[[int, CData, CData], int] = lib.netio_get
) -> Neighbor:
    """Reads the entry for one address by netio_get or a function like it, or raises the error."""
    with error_context(GET):
        name, index, luid = identify(given_interface(interface))
        plain = plain_address(address)
    netns = current_namespace()
    scope = plain.scope_id if isinstance(plain, IPv6Address) else None
    query, native = interface_query(name, index, luid, scope), pack_key(plain)
    code = function(netns.descriptor, query, native)
    if code != lib.NO_ERROR:
        raise _get_error(code, Neighbor(plain, interface=given_interface(interface)), netns)
    return unpack_one(native, {native.InterfaceIndex: names_of(query)})


def _get_error(code: int, entry: Neighbor, netns: Namespace) -> NetioError:
    """Makes the error of a failed read, with the reason if no interface could be determined."""
    try:
        native, refused = pack_entries([entry], InterfaceCache(netns))
    except NetioError:  # the look-up of the interface fails too; the first error is the better one
        native, refused = pack_key(entry.address), {}
    if refused:
        # Whether the address itself is invalid, which counts first.
        code = lib.netio_get(netns.descriptor, interface_query("", 0, UNKNOWN_LUID, None), native)
    return entry_error(GET, code, native, entry, refused.get(0), netns)


def write_one(
    operation: str,
    function: Callable[[int, CData, int, CData], None],
    entry: Neighbor,
    *,
    missing_ok: bool = False,
    rule: str = "",
) -> None:
    """Calls a writing function of the backend for one entry, or raises the error; rule: see entry_errors()."""
    netns = current_namespace()
    native, refused = pack_entries([entry], InterfaceCache(netns))
    codes = _call(function, netns, native, 1)
    error = next(
        entry_errors(operation, codes, native, [entry], refused, netns, missing_ok=missing_ok, rule=rule), None
    )
    if error is not None:
        error.position = None
        raise error


def write_many(
    operation: str,
    function: Callable[[int, CData, int, CData], None],
    rows: Iterable[Neighbor],
    *,
    missing_ok: bool = False,
    rule: str = "",
) -> None:
    """Calls a writing function of the backend for all rows and raises the errors as one ExceptionGroup."""
    entries: Sequence[Neighbor] | NeighborTable
    refused: dict[int, Refusal]
    netns = current_namespace()
    if isinstance(rows, NeighborTable):
        entries, refused = rows, {}
        native = ffi.from_buffer("MIB_IPNET_ROW2[]", native_rows(rows))
    else:
        entries = checked_entries(rows, Neighbor)
        native, refused = pack_entries(entries, InterfaceCache(netns))
    codes = _call(function, netns, native, len(entries))
    errors = list(entry_errors(operation, codes, native, entries, refused, netns, missing_ok=missing_ok, rule=rule))
    if errors:
        raise ExceptionGroup(f"{len(errors)} of {len(entries)} rows failed", errors)


def on_link_interface(address: IPv4Address | IPv6Address, interface: str | None) -> Interface:
    """Finds the interface on which an address is on-link, or checks that it is on-link on the given interface.

    Raises:
        NetioError: The address is not on-link, or the interface does not exist.
    """
    entry = requested_entry(RESOLVE, address, b"", interface)
    cache = InterfaceCache(current_namespace())
    native, refused = pack_entries([entry], cache)
    if refused:
        raise entry_error(RESOLVE, refused[0][0], native, entry, refused[0], cache.netns)
    found = cache.find(luid=native[0].InterfaceLuid.Value, index=native[0].InterfaceIndex)
    if found is None:
        raise entry_error(RESOLVE, lib.ERROR_FILE_NOT_FOUND, native, entry, None, cache.netns)
    if interface is not None:  # otherwise the routes have just determined it
        code = check_on_link(native[0], found.luid, cache.netns)
        if code != lib.NO_ERROR:
            reason = "the routes do not reach it on-link on this interface"
            raise entry_error(RESOLVE, code, native, entry, (code, reason, None), cache.netns)
    return interface_value(found)


def checked_entries(rows: Iterable[_Row], kind: type[_Row]) -> list[_Row]:
    """Reads the argument of a bulk call completely.

    Raises:
        TypeError: An item has another type.
    """
    entries = list(rows)
    if set(map(type, entries)) <= {kind}:
        return entries
    for position, entry in enumerate(entries):
        if not isinstance(entry, kind):
            reason = f"rows[{position}] must be a {kind.__name__}, not {type(entry).__name__}; nothing was written"
            raise TypeError(reason)
    return entries


def _call(function: Callable[[int, CData, int, CData], None], netns: Namespace, native: CData, count: int) -> CData:
    codes = ffi.new("DWORD[]", count)
    for start in range(0, count, CHUNK):
        function(netns.descriptor, native + start, min(CHUNK, count - start), codes + start)
    return codes
