# SPDX-License-Identifier: MIT
"""A call of the system for rows, one or many: rows down, codes back, codes into errors."""

from __future__ import annotations

from netio._codec import CHUNK, INDEX_OFFSET, LUID_OFFSET, ROW_SIZE, pack, pack_key, read_row, route_on_link
from netio._interfaces import Interface, Links, asked_link, identify, name_of, names_of
from netio._native import ffi, lib
from netio._table import NeighborTable
from netio._types import Neighbor, plain_address
from netio.errors import InvalidParameterError, NetioError, failure, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from ipaddress import IPv4Address, IPv6Address

    from typing_extensions import Buffer

    from netio._codec import Refusal
    from netio._native import CData

# The Windows functions, as errors name them.
CREATE = "CreateIpNetEntry2"
DELETE = "DeleteIpNetEntry2"
FLUSH = "FlushIpNetTable2"
GET = "GetIpNetEntry2"
LIST = "GetIpNetTable2"
RESOLVE = "ResolveIpNetEntry2"
SET = "SetIpNetEntry2"


def asked_row(
    operation: str,
    address: str | IPv4Address | IPv6Address,
    physical_address: str | Buffer,
    interface: str | int | Interface | None,
) -> Neighbor:
    """Makes the row that a verb is asked for."""
    with naming(operation):
        return Neighbor(address, physical_address, interface=row_interface(interface))


def row_interface(interface: str | int | Interface | None) -> str | int | Interface:
    """What a verb is given as interface, as a row takes it."""
    if interface == "":
        raise invalid("'' names no interface; leave interface out to have it chosen")
    return "" if interface is None else interface


class naming:  # noqa: N801
    """Names the function in the errors of arguments that are refused before it is called."""

    __slots__ = ("_operation",)

    def __init__(self, operation: str) -> None:
        self._operation = operation

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, InvalidParameterError):
            error.operation = self._operation


def read_one(address: str | IPv4Address | IPv6Address, interface: str | int | Interface | None) -> Neighbor:
    """Reads the row of an address, and raises what that results in."""
    with naming(GET):
        given = None if interface is None else identify(row_interface(interface))
        plain = plain_address(address)
    refusal = None
    # Where only one thing names the interface the system looks it up together with the row.
    if given is None or (plain.version == 6 and plain.scope_id not in (None, given[0])):
        rows, refused = pack([asked_row(GET, plain, b"", interface)], Links())
        refusal = refused.get(0)
        given = "", rows[0].InterfaceIndex, rows[0].InterfaceLuid.Value
    name, index, luid = given
    link, native = asked_link(name, index, luid), pack_key(plain, index, luid)
    code = lib.netio_get(link, native)
    if code != lib.NO_ERROR:
        raise failure_of(GET, code, native, asked_row(GET, plain, b"", interface), refusal)
    return read_row(native, {native.InterfaceIndex: names_of(link)})


def write_one(
    operation: str, function: Callable[[CData, int, CData], None], row: Neighbor, *, missing_ok: bool = False
) -> None:
    """Calls a writing function of the seam for one row, and raises what it results in."""
    native, refused = pack([row], Links())
    codes = _call(function, native, 1)
    error = next(_failures(operation, codes, native, [row], refused, missing_ok=missing_ok), None)
    if error is not None:
        error.position = None
        raise error


def write_many(
    operation: str, function: Callable[[CData, int, CData], None], rows: Iterable[Neighbor], *, missing_ok: bool = False
) -> None:
    """Calls a writing function of the seam for all rows, and raises the failures as one ExceptionGroup."""
    tried: Sequence[Neighbor] | NeighborTable
    refused: dict[int, Refusal]
    if isinstance(rows, NeighborTable):
        tried, refused = rows, {}
        native = ffi.from_buffer("MIB_IPNET_ROW2[]", rows.native_rows())
    else:
        tried = _checked_rows(rows)
        native, refused = pack(tried, Links())
    codes = _call(function, native, len(tried))
    errors = list(_failures(operation, codes, native, tried, refused, missing_ok=missing_ok))
    if errors:
        raise ExceptionGroup(f"{len(errors)} of {len(tried)} rows failed", errors)


def link_of(address: IPv4Address | IPv6Address, interface: str | None) -> Interface:
    """Finds the interface on whose link an address is, or looks whether it is on that of a given one.

    Raises:
        NetioError: It is on none, or not on that one, or there is no such interface.
    """
    row = asked_row(RESOLVE, address, b"", interface)
    links = Links()
    native, refused = pack([row], links)
    if refused:
        raise failure_of(RESOLVE, refused[0][0], native, row, refused[0])
    link = links.find(luid=native[0].InterfaceLuid.Value, index=native[0].InterfaceIndex)
    if link is None:
        raise failure_of(RESOLVE, lib.ERROR_FILE_NOT_FOUND, native, row, None)
    if interface is not None:  # else the routes have just told it
        code = route_on_link(native[0], link.luid)
        if code != lib.NO_ERROR:
            raise failure_of(RESOLVE, code, native, row, (code, "by the routes it is on another link, or on none"))
    return Interface(name_of(link), link.index, link.luid.Value)


def _checked_rows(rows: Iterable[Neighbor]) -> list[Neighbor]:
    checked = list(rows)
    if set(map(type, checked)) <= {Neighbor}:
        return checked
    for position, row in enumerate(checked):
        if not isinstance(row, Neighbor):
            raise TypeError(f"item {position} of the rows is no Neighbor but {type(row).__name__}; nothing was done")
    return checked


def _call(function: Callable[[CData, int, CData], None], native: CData, count: int) -> CData:
    codes = ffi.new("DWORD[]", count)
    for start in range(0, count, CHUNK):
        function(native + start, min(CHUNK, count - start), codes + start)
    return codes


def failure_of(
    operation: str,
    code: int,
    native: CData,
    row: Neighbor,
    refusal: Refusal | None,
    source: IPv4Address | IPv6Address | None = None,
) -> NetioError:
    """Makes the error of a single row whose code is not 0."""
    refused = {} if refusal is None else {0: refusal}
    codes = ffi.new("DWORD[]", [code])
    error = next(_failures(operation, codes, native, [row], refused, missing_ok=False, source=source))
    error.position = None
    return error


def _failures(
    operation: str,
    codes: CData,
    native: CData,
    rows: Sequence[Neighbor] | NeighborTable,
    refused: dict[int, Refusal],
    *,
    missing_ok: bool,
    source: IPv4Address | IPv6Address | None = None,
) -> Iterator[NetioError]:
    """Makes the errors of the rows that failed, in their order. Only here is it asked whether the interface exists."""
    raw = bytes(ffi.buffer(codes))
    if raw == bytes(len(raw)):
        return
    links = Links()
    found: dict[tuple[int, int], CData | None] = {}
    # Views beside cffi's own accessors: where every row fails these are a good part of the time.
    view = memoryview(ffi.buffer(native))
    luids = view.cast("Q")[LUID_OFFSET // 8 :: ROW_SIZE // 8]
    indexes = view.cast("I")[INDEX_OFFSET // 4 :: ROW_SIZE // 4]
    for position, code in enumerate(ffi.unpack(codes, len(rows))):
        if code == lib.NO_ERROR:
            continue
        reason = ""
        if position in refused and code != lib.ERROR_INVALID_PARAMETER:
            code, reason = refused[position]
        row = rows[position]
        key = luids[position], indexes[position]
        if key not in found:
            found[key] = _link_of(*key, links)
        link = found[key]
        known = operation == GET or (link is not None and operation in (SET, DELETE))
        if missing_ok and known and code == lib.ERROR_NOT_FOUND:
            continue
        if code == lib.ERROR_INVALID_PARAMETER:
            reason = reason or _rule(operation, row, link, source)
        subject = _subject(row, link)
        yield failure(operation, code, subject, reason=reason, interface_known=known, row=row, position=position)


def _link_of(luid: int, index: int, links: Links) -> CData | None:
    try:
        return links.find(luid=luid, index=index)
    except NetioError:  # what the row itself came to matters more
        return None


def _subject(row: Neighbor, link: CData | None) -> str:
    physical_address = f" at {row.physical_address}" if row.physical_address else ""
    interface = row.interface or (name_of(link) if link is not None else str(row.interface_index or ""))
    return f"{row.address}{physical_address}{interface and f' on {interface}'}"


def _rule(operation: str, row: Neighbor, link: CData | None, source: IPv4Address | IPv6Address | None) -> str:
    """What would be right, for a row that was refused as invalid."""
    if operation in (CREATE, SET):
        given = len(row.physical_address)
        right = None if link is None else link.physical_address_length
        if right is not None and (given != right or right == 0):
            return f"the physical address has {given} bytes, neighbours there have {right or 'none'}"
        if given == 0:
            return "the physical address has 0 bytes; give one like 02:00:5e:00:00:07"
    rule = "the address must not be unspecified, loopback, 255.255.255.255 or IPv4-mapped"
    if operation == RESOLVE:
        rule += ", nor one's own or a broadcast address"
    if source is not None:
        rule += f"; the source {source} must be an address of this machine, and of the same family"
    return rule
