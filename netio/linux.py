# SPDX-License-Identifier: MIT
"""Entries as only Linux has them: the own state of the kernel, flags and protocol, and proxy entries.

>>> from netio import linux
>>> for row in linux.list_neighbors(interface="eth0"):
...     print(row.neighbor.address, row.nud, row.flags, row.protocol)

The functions have the names of those of netio and act in the same network namespace, but follow the kernel instead of
Windows: every address that the kernel accepts is valid, also 240.0.0.1, and entries of the loopback interface. The
numbers are those of the kernel's headers. On Windows the module can be imported, and every function raises
NotSupportedError.
"""

from __future__ import annotations

from collections.abc import Iterable

from netio._failures import CREATE, DELETE, GET, LIST, SET, error_context
from netio._interfaces import names_of, selected_interface
from netio._linux_table import LinuxTable, adopt_detailed, pack_details, unpack_detail
from netio._linux_types import LinuxNeighbor, NeighborFlags, Nud
from netio._namespace import current_namespace
from netio._native import ffi, lib
from netio._requests import checked_entries, read_one, requested_entry, write_many, write_one
from netio._types import Address, InterfaceLike, PhysicalAddressLike, plain_address
from netio._verbs import family_number, luid_or_null
from netio.errors import Hint, check, failure, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from netio._native import CData

__all__ = [
    "LinuxNeighbor",
    "LinuxTable",
    "NeighborFlags",
    "Nud",
    "create_neighbor",
    "delete_neighbor",
    "get_neighbor",
    "list_neighbors",
    "probe_neighbors",
    "replace_neighbor",
    "replace_neighbors",
]

_NO_FLAGS = NeighborFlags(0)

# The reason of an error if the kernel rejects an entry as invalid, or netio a physical address that it would truncate.
_RULE = (
    "the physical address is missing or has another length than that of the interface, or the kernel rejects this "
    "combination of state and flags; docs/linux.md lists those that it accepts"
)


def list_neighbors(
    family: int = lib.AF_UNSPEC, *, interface: InterfaceLike | None = None, proxy: bool = False
) -> LinuxTable:
    """List the entries of the neighbour table with their details, in the kernel's order, as netio.list_neighbors().

    Args:
        family: socket.AF_INET, socket.AF_INET6, or AF_UNSPEC (0) for both.
        interface: Name, index or Interface; None for every interface, and for proxy entries without one.
        proxy: Whether to list the proxy entries, which the kernel keeps in another list, instead.

    Raises:
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: The family is another one, or the interface index is below 1.
        NotSupportedError: The system has no stack for the family, or it is not Linux.
        TypeError: An argument has another type.

    >>> [str(row.neighbor.address) for row in linux.list_neighbors() if row.nud is linux.Nud.PERMANENT]
    ['192.0.2.7']

    Linux: a dump by RTM_GETNEIGH, for proxy entries with NTF_PROXY.
    """
    _check_system(LIST)
    # The variables own the memory before the call, since a signal handler can raise right after it.
    rows = ffi.gc(ffi.new("MIB_IPNET_TABLE2 **"), lib.netio_release)
    details = ffi.gc(ffi.new("netio_linux_detail **"), lib.netio_release)
    interfaces, count = ffi.gc(ffi.new("netio_interface **"), lib.netio_release), ffi.new("size_t *")
    netns = current_namespace()
    with error_context(LIST):
        number = family_number(family)
        luid, subject = selected_interface(interface, None, netns)
    code = lib.netio_linux_table(
        netns.descriptor, number, luid_or_null(luid), bool(proxy), rows, details, interfaces, count
    )
    check(LIST, code, subject)
    return adopt_detailed(rows, details, {native.index: names_of(native) for native in interfaces[0][0 : count[0]]})


def get_neighbor(address: Address, *, interface: InterfaceLike | None = None, proxy: bool = False) -> LinuxNeighbor:
    """Return the entry for one address with its details. It sends no packets and does not wait.

    Args:
        address: IPv4 or IPv6 address; a link-local one may name the interface by its scope.
        interface: Name, index or Interface. If None, the address's scope is used, else the interface of the route to
            the address. A proxy entry needs one, because the routes to the address do not lead to its interface.
        proxy: Whether to read the proxy entry for the address instead.

    Raises:
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: The address does not determine its interface, or a proxy entry lacks the interface.
        NeighborNotFoundError: The interface has no entry for the address.
        NotSupportedError: The system, or the interface, has no stack for the address's family, or it is not Linux.
        TypeError: An argument has another type.
        UnreachableError: No interface is given, and the address is not on-link on any interface.

    >>> row = linux.get_neighbor("192.0.2.7", interface="eth0")
    >>> print(row.nud, row.protocol)
    PERMANENT 4

    Linux: RTM_GETNEIGH for one address, for a proxy entry with NTF_PROXY.
    """
    _check_system(GET)
    with error_context(GET):
        if proxy and interface is None and getattr(plain_address(address), "scope_id", None) is None:
            reason = f"the routes do not determine the interface of a proxy entry for {address}"
            raise invalid(reason, hint=Hint.NAME_INTERFACE)
    detail = ffi.new("netio_linux_detail *")

    def read(netns: int, query: object, row: object) -> int:
        return lib.netio_linux_get(netns, query, bool(proxy), row, detail)

    return unpack_detail(read_one(address, interface, read), detail)


def create_neighbor(
    address: Address,
    physical_address: PhysicalAddressLike = b"",
    *,
    interface: InterfaceLike,
    nud: Nud = Nud.PERMANENT,
    flags: NeighborFlags = _NO_FLAGS,
    protocol: int = 0,
) -> None:
    """Create an entry with a state, flags and a protocol. It fails if the interface has an entry for the address.

    The kernel never reports an existing proxy entry: it sets its flags and its protocol.

    Args:
        address: IPv4 or IPv6 address.
        physical_address: As for netio.create_neighbor(); empty for a state without one, and for a proxy entry.
        interface: Name, index or Interface.
        nud: The state. docs/linux.md lists the combinations that the kernel rejects.
        flags: PROXY makes a proxy entry. USE starts a probe.
        protocol: The number of the calling program (rtnetlink(7)), 0 to 255; 0 if it has none.

    Raises:
        AccessDeniedError: Administrator rights are missing.
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: The kernel rejects the combination of state, flags and physical address; the physical
            address has the wrong length, or a number is out of range.
        NeighborExistsError: The entry exists, in any state.
        NotSupportedError: The system, or the interface, has no stack for the address's family, or it is not Linux.
        TableFullError: The kernel's table has no room for another dynamic entry.
        TypeError: An argument has another type.

    >>> linux.create_neighbor("192.0.2.9", "02:00:5e:00:00:09", interface="eth0", nud=linux.Nud.STALE)

    Linux: RTM_NEWNEIGH with NLM_F_CREATE | NLM_F_EXCL.
    """
    _check_system(CREATE)
    _write(lib.NETIO_LINUX_CREATE, _requested(address, physical_address, interface, nud, flags, protocol))


def replace_neighbor(
    address: Address,
    physical_address: PhysicalAddressLike = b"",
    *,
    interface: InterfaceLike,
    nud: Nud = Nud.PERMANENT,
    flags: NeighborFlags = _NO_FLAGS,
    protocol: int = 0,
) -> None:
    """Create or update an entry. An update without a physical address keeps it, and a protocol of 0 keeps the protocol.

    Args:
        address: As for create_neighbor().
        physical_address: As for create_neighbor().
        interface: As for create_neighbor().
        nud: As for create_neighbor().
        flags: As for create_neighbor(). Flags of the entry that are not given are cleared.
        protocol: As for create_neighbor().

    Raises:
        AccessDeniedError: Administrator rights are missing.
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: As for create_neighbor().
        NotSupportedError: The system, or the interface, has no stack for the address's family, or it is not Linux.
        TableFullError: The kernel's table has no room for another dynamic entry.
        TypeError: An argument has another type.

    >>> linux.replace_neighbor(
    ...     "192.0.2.7", "02:00:5e:00:00:08", interface="eth0", flags=linux.NeighborFlags.EXT_LEARNED, protocol=200
    ... )

    Linux: RTM_NEWNEIGH with NLM_F_CREATE | NLM_F_REPLACE.
    """
    _check_system(CREATE)
    _write(lib.NETIO_LINUX_REPLACE, _requested(address, physical_address, interface, nud, flags, protocol))


def replace_neighbors(rows: Iterable[LinuxNeighbor]) -> None:
    """Create or update many entries, in order, as replace_neighbor() does for each. This is not a transaction.

    Args:
        rows: LinuxNeighbor values, also those of a LinuxTable, of which the input part is used. They are read
            completely before the first is written.

    Raises:
        ExceptionGroup: One NetioError for each row that failed, with `row` and `position`. The others are written.
        NotSupportedError: The system is not Linux.
        TypeError: An item is not a LinuxNeighbor. Nothing is written.

    >>> linux.replace_neighbors(linux.list_neighbors(interface="eth0"))

    Linux: RTM_NEWNEIGH with NLM_F_CREATE | NLM_F_REPLACE, many in one send.
    """
    _check_system(CREATE)
    entries = checked_entries(rows, LinuxNeighbor)
    function = _writer(lib.NETIO_LINUX_REPLACE, entries)
    write_many(CREATE, function, [entry.neighbor for entry in entries], rule=_RULE)


def delete_neighbor(
    address: Address, *, interface: InterfaceLike, proxy: bool = False, missing_ok: bool = False
) -> None:
    """Remove the entry for an address, in any state.

    Args:
        address: As for create_neighbor().
        interface: As for create_neighbor().
        proxy: Whether to remove the proxy entry for the address instead.
        missing_ok: Whether to accept that the entry does not exist.

    Raises:
        AccessDeniedError: Administrator rights are missing.
        InterfaceNotFoundError: The interface does not exist.
        NeighborNotFoundError: The interface has no entry for the address, and missing_ok is false.
        NotSupportedError: The system, or the interface, has no stack for the address's family, or it is not Linux.
        TypeError: An argument has another type.

    >>> linux.delete_neighbor("192.0.2.7", interface="eth0")

    Linux: RTM_DELNEIGH, for a proxy entry with NTF_PROXY.
    """
    _check_system(DELETE)
    entry = LinuxNeighbor(
        requested_entry(DELETE, address, b"", interface), flags=NeighborFlags.PROXY if proxy else _NO_FLAGS
    )
    function = _writer(lib.NETIO_LINUX_DELETE, [entry])
    write_one(DELETE, function, entry.neighbor, missing_ok=missing_ok, rule=_RULE)


def probe_neighbors(rows: Iterable[LinuxNeighbor]) -> None:
    """Make the kernel probe entries as they are. No entry is removed, and no reply is awaited.

    An entry whose host replies becomes REACHABLE, another one FAILED after some seconds. PERMANENT and NOARP entries
    stay as they are. Entries of other programs are probed by a datagram, which keeps their flags: the kernel waits up
    to 5 seconds before it probes a STALE one, and does not probe a REACHABLE one.

    Args:
        rows: LinuxNeighbor values, also those of a LinuxTable, of which the key is used. They are read completely
            before the first is probed.

    Raises:
        ExceptionGroup: One NetioError for each row that failed, with `row` and `position`: NeighborNotFoundError if
            there is no such entry. The others are probed.
        NotSupportedError: The system is not Linux.
        TypeError: An item is not a LinuxNeighbor. Nothing is probed.

    >>> linux.probe_neighbors(row for row in linux.list_neighbors() if row.nud is linux.Nud.STALE)

    Linux: RTM_NEWNEIGH with NUD_PROBE or NTF_USE, or an empty UDP datagram.
    """
    _check_system(SET)
    entries = checked_entries(rows, LinuxNeighbor)
    write_many(SET, lib.netio_linux_probe, [entry.neighbor for entry in entries], rule=_RULE)


def _requested(
    address: Address,
    physical_address: PhysicalAddressLike,
    interface: InterfaceLike,
    nud: Nud,
    flags: NeighborFlags,
    protocol: int,
) -> LinuxNeighbor:
    with error_context(CREATE):
        return LinuxNeighbor(requested_entry(CREATE, address, physical_address, interface), nud, flags, protocol)


def _write(verb: int, entry: LinuxNeighbor) -> None:
    write_one(CREATE, _writer(verb, [entry]), entry.neighbor, rule=_RULE)


def _writer(verb: int, entries: Sequence[LinuxNeighbor]) -> Callable[[int, CData, int, CData], None]:
    """Returns a writing function that is called for consecutive parts of the entries."""
    details = pack_details(entries)
    done = 0

    def write(netns: int, rows: CData, count: int, codes: CData) -> None:
        nonlocal done
        lib.netio_linux_write(netns, verb, rows, details + done, count, codes)
        done += count

    return write


def _check_system(operation: str) -> None:
    if not lib.NETIO_HAS_DETAIL:
        reason = "only Linux has it; the functions of netio itself work on every system"
        raise failure(operation, lib.ERROR_NOT_SUPPORTED, reason=reason)
