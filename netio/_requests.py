# SPDX-License-Identifier: MIT
"""Sends one or many entries to the backend and raises the resulting errors."""

from __future__ import annotations

from ipaddress import IPv6Address

from netio._codec import interface_keys, pack_key, unpack_one
from netio._failures import DELETE, GET, RESOLVE, entry_error, entry_errors, error_context
from netio._interfaces import (
    CHUNK,
    InterfaceCache,
    check_on_links,
    interface_query,
    interface_value,
    name_of,
    names_of,
    pack_entries,
)
from netio._namespace import current_namespace
from netio._native import ffi, lib
from netio._reasons import why_no_neighbor
from netio._table import NeighborTable, native_rows
from netio._types import (
    UNKNOWN_LUID,
    Address,
    Interface,
    InterfaceLike,
    Neighbor,
    given_interface,
    identify,
    on_interface,
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
    address: Address, interface: InterfaceLike | None, function: Callable[[int, CData, CData], int] | None = None
) -> Neighbor:
    """Reads the entry for one address by netio_get or a function like it, or raises the error."""
    with error_context(GET):
        name, index, luid = identify(given_interface(interface))
        plain = plain_address(address)
    netns = current_namespace()
    scope = plain.scope_id if isinstance(plain, IPv6Address) else None
    query, native = interface_query(name, index, luid, scope), pack_key(plain)
    code = (function or lib.netio_get)(netns.descriptor, query, native)
    if code != lib.NO_ERROR:
        raise _get_error(code, Neighbor(plain, interface=given_interface(interface)), netns)
    return unpack_one(native, {native.InterfaceIndex: names_of(query)})


def _get_error(code: int, entry: Neighbor, netns: Namespace) -> NetioError:
    """Makes the error of a failed read, with the reason if no interface could be determined."""
    native, refused = pack_entries([entry], InterfaceCache(netns))
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
    # The traceback of an error must not keep the memory of a table exported: CPython 3.11 crashes if the garbage
    # collection clears a memoryview that has exports.
    with native:
        codes = _call(function, netns, native, len(entries))
        errors = list(entry_errors(operation, codes, native, entries, refused, netns, missing_ok=missing_ok, rule=rule))
    if errors:
        raise ExceptionGroup(f"{len(errors)} of {len(entries)} rows failed", errors)


def with_interfaces(entries: Sequence[Neighbor]) -> list[Neighbor]:
    """Returns the entries with the names of the interfaces that a write uses; unchanged where none is found.

    An entry can name its interface by an alternative name, or not at all.
    """
    cache = InterfaceCache(current_namespace())
    native, _ = pack_entries(entries, cache)
    keys = zip(*interface_keys(native), strict=True)
    return [
        on_interface(entry, interface_value(found))
        if (found := cache.find(luid=luid, index=index)) is not None and entry.interface != name_of(found)
        else entry
        for entry, (luid, index) in zip(entries, keys, strict=True)
    ]


def predicted_errors(
    operation: str, entries: Sequence[Neighbor], is_refused: Callable[[Neighbor], int], *, missing_ok: bool
) -> list[NetioError]:
    """Returns the errors that a write would raise, as far as they are known without writing.

    is_refused returns the code for a valid entry, by whether it is in the table. Privilege is not checked.
    """
    netns = current_namespace()
    cache = InterfaceCache(netns)
    native, refused = pack_entries(entries, cache)
    codes = ffi.new("DWORD[]", len(entries))
    for place, entry in enumerate(entries):
        row = native[place]
        found = cache.find(luid=row.InterfaceLuid.Value, index=row.InterfaceIndex)
        length = len(entry.physical_address.packed)
        if why_no_neighbor(entry.address) or (operation != DELETE and length == 0):
            codes[place] = lib.ERROR_INVALID_PARAMETER
        elif found is None:  # also the entries in refused, whose codes entry_errors() knows
            codes[place] = lib.ERROR_NOT_FOUND
        elif operation != DELETE and length != found.physical_address_length:
            codes[place] = lib.ERROR_INVALID_PARAMETER
        else:
            codes[place] = is_refused(entry)
    return list(entry_errors(operation, codes, native, entries, refused, netns, missing_ok=missing_ok))


def on_link_interface(address: IPv4Address | IPv6Address, interface: str | None) -> Interface:
    """Finds the interface on which an address is on-link, or checks that it is on-link on the given interface.

    Raises:
        NetioError: The address is not on-link, or the interface does not exist.
    """
    entry = requested_entry(RESOLVE, address, b"", interface)
    cache = InterfaceCache(current_namespace())
    native, refused = pack_entries([entry], cache)
    if refused:
        raise entry_error(RESOLVE, refused[0].code, native, entry, refused[0], cache.netns)
    found = cache.find(luid=native[0].InterfaceLuid.Value, index=native[0].InterfaceIndex)
    if found is None:
        raise entry_error(RESOLVE, lib.ERROR_FILE_NOT_FOUND, native, entry, None, cache.netns)
    if interface is not None:  # otherwise the routes have just determined it
        for _, refusal in check_on_links(native, [0], cache):
            raise entry_error(RESOLVE, refusal.code, native, entry, refusal, cache.netns)
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
