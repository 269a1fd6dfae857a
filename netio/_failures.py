# SPDX-License-Identifier: MIT
"""Turns the codes of a call into exceptions that name the entry, its interface and the reason."""

from __future__ import annotations

from netio._codec import interface_keys
from netio._interfaces import InterfaceCache, Refusal, interface_value, name_of
from netio._native import ffi, lib
from netio._reasons import (
    hint_on_interface,
    why_absent,
    why_no_interface,
    why_no_neighbor,
    why_no_probe,
    why_no_source,
    why_wrong_length,
)
from netio._types import on_interface
from netio.errors import InvalidParameterError, NetioError, failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from ipaddress import IPv4Address, IPv6Address

    from netio._namespace import Namespace
    from netio._native import CData
    from netio._table import NeighborTable
    from netio._types import Neighbor
    from netio.errors import Hint

# The Windows functions, as NetioError.operation names them.
CREATE = "CreateIpNetEntry2"
DELETE = "DeleteIpNetEntry2"
FLUSH = "FlushIpNetTable2"
GET = "GetIpNetEntry2"
LIST = "GetIpNetTable2"
RESOLVE = "ResolveIpNetEntry2"
SET = "SetIpNetEntry2"


# Local copies of constants of lib, since they are read for every entry that failed.
_NO_ERROR, _INVALID, _NOT_FOUND = lib.NO_ERROR, lib.ERROR_INVALID_PARAMETER, lib.ERROR_NOT_FOUND

_NONE = Refusal(_NO_ERROR)


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


def no_reply(entry: Neighbor) -> NetioError:
    """Makes the error of an address that did not reply to a sweep."""
    return failure(RESOLVE, lib.ERROR_BAD_NET_NAME, _subject(entry, None), row=entry)


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
        if code == _NO_ERROR:
            continue
        # That the entry itself is invalid is more important than a refusal.
        refusal = _NONE if code == _INVALID else refused.get(position, _NONE)
        code, reason = refusal.code or code, refusal.reason
        entry = entries[position]
        key = luids[position], indexes[position]
        if key not in found:
            found[key] = _find_interface(*key, cache)
        interface = found[key]
        meaning = _meaning(operation, code, interface, source)
        if missing_ok and meaning == _NOT_FOUND:
            continue
        hint = refusal.hint
        if meaning == _INVALID and not reason:
            unnamed = position in refused and not refused[position].reason
            if rule and not unnamed:
                reason = rule
            else:
                reason, hint = _explain_invalid(operation, entry, interface, netns, source, unnamed=unnamed)
        elif code == _NOT_FOUND and operation == GET:
            reason = why_absent(entry.address, _index_of(interface), netns)
        subject = _subject(entry, interface)
        yield failure(
            operation,
            code,
            subject,
            reason=reason,
            hint=hint,
            meaning=meaning,
            row=_with_interface(entry, interface),
            position=position,
            gateway=refusal.gateway,
        )


def entry_failure(
    operation: str, code: int, entry: Neighbor, interface: CData | None, reason: str, position: int | None
) -> NetioError:
    """Makes the error of an entry for a reason that the caller knows."""
    subject, row = _subject(entry, interface), _with_interface(entry, interface)
    return failure(operation, code, subject, reason=reason, row=row, position=position)


def _meaning(operation: str, code: int, interface: CData | None, source: IPv4Address | IPv6Address | None) -> int:
    """Returns what a code means: Windows has ERROR_NOT_FOUND (1168) for four cases."""
    if code != _NOT_FOUND or operation == GET:
        return code
    if interface is None:
        return lib.ERROR_FILE_NOT_FOUND
    if operation in (SET, DELETE):
        return code
    # The interface exists: the source is not an address of this machine, or the interface lacks the family's stack.
    return lib.ERROR_INVALID_PARAMETER if source is not None else lib.ERROR_NOT_SUPPORTED


def _find_interface(luid: int, index: int, cache: InterfaceCache) -> CData | None:
    try:
        return cache.find(luid=luid, index=index)
    except NetioError:  # the error of the entry itself is more important
        return None


def _with_interface(entry: Neighbor, interface: CData | None) -> Neighbor:
    """Returns the entry with the interface that netio chose, if it names none by name."""
    return entry if entry.interface or interface is None else on_interface(entry, interface_value(interface))


def _subject(entry: Neighbor, interface: CData | None) -> str:
    physical_address = f" at {entry.physical_address}" if entry.physical_address else ""
    name = entry.interface or (name_of(interface) if interface is not None else str(entry.interface_index or ""))
    return f"{entry.address!s}{physical_address}{name and f' on {name}'}"


def _explain_invalid(
    operation: str,
    entry: Neighbor,
    interface: CData | None,
    netns: Namespace,
    source: IPv4Address | IPv6Address | None,
    *,
    unnamed: bool,
) -> tuple[str, Hint | None]:
    """Returns reason and hint for an entry with ERROR_INVALID_PARAMETER; unnamed: the routes name no interface."""
    address, probing = entry.address, operation == RESOLVE
    reason = why_no_neighbor(address)
    if not reason and operation in (CREATE, SET):
        reason = why_wrong_length(len(entry.physical_address.packed), interface)
    if reason:
        return reason, None
    if unnamed:
        reason = why_no_interface(address, netns)
        return reason, hint_on_interface(reason, probing=probing)
    if not probing:
        return "the system does not accept the address on this interface", None
    reason = why_no_probe(address, _index_of(interface), netns)
    if not reason and source is not None:
        reason = why_no_source(address, source, interface)
    return reason or "it is a local, broadcast or anycast address, which is not probed", None


def _index_of(interface: CData | None) -> int:
    return 0 if interface is None else interface.index
