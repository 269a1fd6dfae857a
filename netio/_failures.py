# SPDX-License-Identifier: MIT
"""Turns the codes of a call into exceptions that name the entry, its interface and the reason."""

from __future__ import annotations

from netio._codec import interface_keys
from netio._interfaces import InterfaceCache, name_of
from netio._native import ffi, lib
from netio.errors import InvalidParameterError, NetioError, failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from ipaddress import IPv4Address, IPv6Address

    from netio._interfaces import Refusal
    from netio._namespace import Namespace
    from netio._native import CData
    from netio._table import NeighborTable
    from netio._types import Neighbor

# The Windows functions, as NetioError.operation names them.
CREATE = "CreateIpNetEntry2"
DELETE = "DeleteIpNetEntry2"
FLUSH = "FlushIpNetTable2"
GET = "GetIpNetEntry2"
LIST = "GetIpNetTable2"
RESOLVE = "ResolveIpNetEntry2"
SET = "SetIpNetEntry2"


class error_context:  # noqa: N801
    """Sets NetioError.operation of the errors of arguments, which are raised before the function is called."""

    __slots__ = ("_operation",)

    def __init__(self, operation: str) -> None:
        self._operation = operation

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, InvalidParameterError):
            error.operation = self._operation


def entry_error(
    operation: str,
    code: int,
    native: CData,
    entry: Neighbor,
    refusal: Refusal | None,
    netns: Namespace,
    source: IPv4Address | IPv6Address | None = None,
) -> NetioError:
    """Makes the error of a single entry whose code is not 0."""
    refused = {} if refusal is None else {0: refusal}
    codes = ffi.new("DWORD[]", [code])
    error = next(entry_errors(operation, codes, native, [entry], refused, netns, missing_ok=False, source=source))
    error.position = None
    return error


def entry_errors(
    operation: str,
    codes: CData,
    native: CData,
    entries: Sequence[Neighbor] | NeighborTable,
    refused: dict[int, Refusal],
    netns: Namespace,
    *,
    missing_ok: bool,
    source: IPv4Address | IPv6Address | None = None,
    rule: str = "",
) -> Iterator[NetioError]:
    """Makes the errors of the entries that failed, in their order; rule is the reason of ERROR_INVALID_PARAMETER.

    Only this error path looks up the interfaces, to distinguish an unknown interface from an absent entry.
    """
    raw = bytes(ffi.buffer(codes))
    if raw == bytes(len(raw)):
        return
    cache = InterfaceCache(netns)
    found: dict[tuple[int, int], CData | None] = {}
    luids, indexes = interface_keys(native)
    for position, code in enumerate(ffi.unpack(codes, len(entries))):
        if code == lib.NO_ERROR:
            continue
        reason, hint = "", None
        if position in refused and code != lib.ERROR_INVALID_PARAMETER:
            code, reason, hint = refused[position]
        entry = entries[position]
        key = luids[position], indexes[position]
        if key not in found:
            found[key] = _find_interface(*key, cache)
        interface = found[key]
        known = operation == GET or (interface is not None and operation in (SET, DELETE))
        if missing_ok and known and code == lib.ERROR_NOT_FOUND:
            continue
        if code == lib.ERROR_INVALID_PARAMETER:
            reason = reason or rule or _violated_rule(operation, entry, interface, source)
        subject = _subject(entry, interface)
        yield failure(
            operation,
            code,
            subject,
            reason=reason,
            hint=hint,
            interface_known=known,
            row=entry,
            position=position,
        )


def _find_interface(luid: int, index: int, cache: InterfaceCache) -> CData | None:
    try:
        return cache.find(luid=luid, index=index)
    except NetioError:  # the error of the entry itself is more important
        return None


def _subject(entry: Neighbor, interface: CData | None) -> str:
    physical_address = f" at {entry.physical_address}" if entry.physical_address else ""
    name = entry.interface or (name_of(interface) if interface is not None else str(entry.interface_index or ""))
    return f"{entry.address}{physical_address}{name and f' on {name}'}"


def _violated_rule(
    operation: str, entry: Neighbor, interface: CData | None, source: IPv4Address | IPv6Address | None
) -> str:
    """Explains what would be valid, for an entry that the backend rejected with ERROR_INVALID_PARAMETER."""
    if operation in (CREATE, SET):
        given = len(entry.physical_address.packed)
        right = None if interface is None else interface.physical_address_length
        if right is not None and (given != right or right == 0):
            return f"the physical address has {given} bytes, neighbours there have {right or 'none'}"
        if given == 0:
            return "the physical address has 0 bytes; give one like 02:00:5e:00:00:07"
    rule = "the address must not be unspecified, loopback, 255.255.255.255 or IPv4-mapped"
    if operation == RESOLVE:
        rule += ", nor a local or broadcast address"
    if source is not None:
        rule += f"; the source {source} must be an address of this machine, and of the same family"
    return rule
