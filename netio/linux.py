# SPDX-License-Identifier: MIT
"""Entries as only Linux has them: the own state of the kernel, flags and protocol, and proxy entries; the table itself.

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
from netio._interfaces import InterfaceCache, names_of, selected_interface
from netio._linux_parameters import (
    InterfaceParameters,
    TableParameters,
    TableStatistics,
    pack_numbers,
    unpack_parameters,
    unpack_statistics,
    unpack_table,
)
from netio._linux_table import LinuxTable, adopt_detailed, pack_details, unpack_detail
from netio._linux_types import LinuxChange, LinuxNeighbor, NeighborFlags, Nud
from netio._linux_watch import LinuxWatch
from netio._namespace import current_namespace
from netio._native import ffi, lib
from netio._requests import checked_entries, read_one, requested_entry, write_many, write_one
from netio._types import UNKNOWN_LUID, Address, InterfaceLike, PhysicalAddressLike, plain_address
from netio._verbs import family_number, luid_or_null
from netio._watch import open_watch
from netio.errors import Hint, check, failure, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from netio._namespace import Namespace
    from netio._native import CData

__all__ = [
    "InterfaceParameters",
    "LinuxChange",
    "LinuxNeighbor",
    "LinuxTable",
    "LinuxWatch",
    "NeighborFlags",
    "Nud",
    "TableParameters",
    "TableStatistics",
    "create_neighbor",
    "create_neighbors",
    "delete_neighbor",
    "get_neighbor",
    "list_neighbors",
    "probe_neighbors",
    "replace_neighbor",
    "replace_neighbors",
    "set_table_parameters",
    "table_parameters",
    "table_statistics",
    "watch_neighbors",
]

_NO_FLAGS = NeighborFlags(0)

# The requests of the kernel that Windows has no function for, as NetioError.operation names them.
_GET_TABLE, _SET_TABLE = "RTM_GETNEIGHTBL", "RTM_SETNEIGHTBL"

# The reason of an error if the kernel rejects an entry as invalid, or netio a physical address that it would truncate.
_RULE = (
    "the physical address is missing or has another length than that of the interface, or the kernel rejects this "
    "combination of state and flags; docs/linux.md lists those that it accepts"
)


def list_neighbors(
    family: int = lib.AF_UNSPEC,
    *,
    interface: InterfaceLike | None = None,
    master: InterfaceLike | None = None,
    proxy: bool = False,
) -> LinuxTable:
    """List the entries of the neighbour table with their details, in the kernel's order, as netio.list_neighbors().

    Args:
        family: socket.AF_INET, socket.AF_INET6, or AF_UNSPEC (0) for both.
        interface: Name, index or Interface; None for every interface, and for proxy entries without one.
        master: Name, index or Interface: only entries of interfaces that belong to this VRF, bridge or bond; those of
            the master itself are not among them. None for all.
        proxy: Whether to list the proxy entries, which the kernel keeps in another list, instead.

    Raises:
        InterfaceNotFoundError: The interface or the master does not exist.
        InvalidParameterError: The family is another one, or an interface index is below 1.
        NotSupportedError: The system has no stack for the family, or it is not Linux.
        TypeError: An argument has another type.

    >>> [str(row.neighbor.address) for row in linux.list_neighbors() if row.nud is linux.Nud.PERMANENT]
    ['192.0.2.7']

    Linux: a dump by RTM_GETNEIGH, which the kernel filters also by NDA_MASTER, for proxy entries with NTF_PROXY.
    """
    _check_system(LIST)
    netns = current_namespace()
    with error_context(LIST):
        number = family_number(family)
        luid, subject = selected_interface(interface, None, netns)
        master_luid, master_subject = selected_interface(master, None, netns, argument="master")
    if not luid or master_luid == UNKNOWN_LUID:
        subject = master_subject
    return read_detailed(netns, number, luid, subject, master_luid=master_luid, proxy=proxy)


def read_detailed(
    netns: Namespace, family: int, luid: int = 0, subject: str = "", *, master_luid: int = 0, proxy: bool = False
) -> LinuxTable:
    """Reads a table by the arguments of netio_linux_table; subject names the interface in an error."""
    # The variables own the memory before the call, since a signal handler can raise right after it.
    rows = ffi.gc(ffi.new("MIB_IPNET_TABLE2 **"), lib.netio_release)
    details = ffi.gc(ffi.new("netio_linux_detail **"), lib.netio_release)
    interfaces, count = ffi.gc(ffi.new("netio_interface **"), lib.netio_release), ffi.new("size_t *")
    code = lib.netio_linux_table(
        netns.descriptor,
        family,
        luid_or_null(luid),
        luid_or_null(master_luid),
        bool(proxy),
        rows,
        details,
        interfaces,
        count,
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


def create_neighbors(rows: Iterable[LinuxNeighbor]) -> None:
    """Create many entries, in order, as create_neighbor() does for each. This is not a transaction.

    Args:
        rows: As for replace_neighbors().

    Raises:
        ExceptionGroup: One NetioError for each row that failed, with `row` and `position`. The others are created.
        NotSupportedError: The system is not Linux.
        TypeError: An item is not a LinuxNeighbor. Nothing is written.

    >>> rows = [netio.Neighbor(f"192.0.2.{n}", "02:00:5e:00:00:20", interface="eth0") for n in (32, 33)]
    >>> linux.create_neighbors(linux.LinuxNeighbor(row, nud=linux.Nud.STALE) for row in rows)

    Linux: RTM_NEWNEIGH with NLM_F_CREATE | NLM_F_EXCL, many in one send.
    """
    _check_system(CREATE)
    _write_many(lib.NETIO_LINUX_CREATE, rows)


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
    _write_many(lib.NETIO_LINUX_REPLACE, rows)


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


def watch_neighbors(
    family: int = lib.AF_UNSPEC,
    *,
    interface: InterfaceLike | None = None,
    initial: bool = False,
    receive_buffer: int | None = None,
) -> LinuxWatch:
    """Watch the table with the details of entries, as netio.watch_neighbors(): return an iterator of its changes.

    >>> with linux.watch_neighbors(interface="eth0") as watch:
    ...     linux.create_neighbor("192.0.2.8", "02:00:5e:00:00:08", interface="eth0", nud=linux.Nud.NOARP)
    ...     linux.replace_neighbor("192.0.2.8", "02:00:5e:00:00:08", interface="eth0")
    ...     [(change.kind.name, change.entry.nud.name) for change in watch.read(timeout=1) if change.entry]
    [('ADDED', 'NOARP'), ('CHANGED', 'PERMANENT')]

    Another state of the kernel, another flag or another protocol is a change, too, as far as the kernel announces it.
    It announces every write that changes the physical address, the state or one of the flags ROUTER, EXT_LEARNED,
    MANAGED and EXT_VALIDATED, and its own changes of the state except those to INCOMPLETE and DELAY. It does not
    announce that a protocol alone changes, nor ages, probes and references: these are as they were at the last
    notification about the entry, and so they are in table(). Proxy entries are not watched.

    Args:
        family: socket.AF_INET, socket.AF_INET6, or AF_UNSPEC (0) for both.
        interface: As for netio.watch_neighbors().
        initial: Report the present entries first, as ADDED.
        receive_buffer: As for netio.watch_neighbors().

    Raises:
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: The family is another one, or a number is out of range.
        NetioError: The system reports an error.
        NotSupportedError: The system has no stack for the family, or it is not Linux.
        TypeError: An argument has another type.

    Linux: the group RTNLGRP_NEIGH, and a dump by RTM_GETNEIGH at the start and after a loss.
    """
    _check_system(LIST)
    return open_watch(LinuxWatch, family, interface, receive_buffer, initial=initial)


def table_parameters(family: int, *, interface: InterfaceLike | None = None) -> TableParameters:
    """Return the limits of the neighbour table of a family, and the parameters of interfaces.

    Args:
        family: socket.AF_INET (ARP) or AF_INET6 (Neighbor Discovery).
        interface: Name, index or Interface, whose parameters alone are returned; None for every interface.

    Raises:
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: The family is another one, or the interface index is below 1.
        NotSupportedError: The system, or the interface, has no stack for the family, or it is not Linux.
        TypeError: An argument has another type.

    >>> import socket
    >>> parameters = linux.table_parameters(socket.AF_INET, interface="eth0")
    >>> parameters.interfaces[0].base_reachable_ms
    30000

    Linux: RTM_GETNEIGHTBL.
    """
    _check_system(_GET_TABLE)
    netns = current_namespace()
    with error_context(_GET_TABLE):
        number = _table_family(family)
        luid, subject = selected_interface(interface, None, netns)
    table, rows = _read_table(netns, number)
    cache = InterfaceCache(netns)
    if luid:
        found = cache.find(luid=luid)
        if found is None:
            raise failure(_GET_TABLE, lib.ERROR_FILE_NOT_FOUND, subject)
        rows = [row for row in rows if row.index in (0, found.index)]
        if len(rows) < 2:
            reason = "the interface has no stack for the family"
            raise failure(_GET_TABLE, lib.ERROR_NOT_SUPPORTED, subject, reason=reason)
    names = {0: ("", ""), **cache.names(row.index for row in rows if row.index)}
    defaults, *interfaces = (unpack_parameters(row, names[row.index][0]) for row in rows)
    return unpack_table(number, table, defaults, tuple(interfaces))


def table_statistics(family: int) -> TableStatistics:
    """Return the statistics of the neighbour table of a family, which count for all network namespaces together.

    Args:
        family: socket.AF_INET (ARP) or AF_INET6 (Neighbor Discovery).

    Raises:
        InvalidParameterError: The family is another one.
        NotSupportedError: The system has no stack for the family, or it is not Linux.
        TypeError: The family has another type.

    >>> import socket
    >>> linux.table_statistics(socket.AF_INET).lookups > 0
    True

    Linux: RTM_GETNEIGHTBL.
    """
    _check_system(_GET_TABLE)
    with error_context(_GET_TABLE):
        number = _table_family(family)
    return unpack_statistics(_read_table(current_namespace(), number)[0])


def set_table_parameters(
    family: int,
    *,
    interface: InterfaceLike | None = None,
    gc_thresh1: int | None = None,
    gc_thresh2: int | None = None,
    gc_thresh3: int | None = None,
    gc_interval_ms: int | None = None,
    base_reachable_ms: int | None = None,
    retrans_ms: int | None = None,
    gc_stale_ms: int | None = None,
    delay_probe_ms: int | None = None,
    interval_probe_ms: int | None = None,
    app_probes: int | None = None,
    ucast_probes: int | None = None,
    mcast_probes: int | None = None,
    mcast_reprobes: int | None = None,
    anycast_delay_ms: int | None = None,
    proxy_delay_ms: int | None = None,
    locktime_ms: int | None = None,
    queue_bytes: int | None = None,
    proxy_queue: int | None = None,
) -> None:
    """Set parameters of an interface, or limits of the table and the defaults of new interfaces.

    Limits and defaults are those of the whole machine: only the initial network namespace can set them. The numbers are
    0 to 2,147,483,647; the kernel rounds times up to its clock ticks, of 1 to 10 milliseconds.

    Args:
        family: socket.AF_INET (ARP) or AF_INET6 (Neighbor Discovery).
        interface: Name, index or Interface; None for the limits and defaults.
        gc_thresh1: As in TableParameters; None leaves it as it is, here and below.
        gc_thresh2: As in TableParameters.
        gc_thresh3: As in TableParameters.
        gc_interval_ms: As in TableParameters.
        base_reachable_ms: As in InterfaceParameters; the kernel chooses reachable_ms again.
        retrans_ms: As in InterfaceParameters.
        gc_stale_ms: As in InterfaceParameters.
        delay_probe_ms: As in InterfaceParameters.
        interval_probe_ms: As in InterfaceParameters.
        app_probes: As in InterfaceParameters.
        ucast_probes: As in InterfaceParameters.
        mcast_probes: As in InterfaceParameters.
        mcast_reprobes: As in InterfaceParameters.
        anycast_delay_ms: As in InterfaceParameters.
        proxy_delay_ms: As in InterfaceParameters.
        locktime_ms: As in InterfaceParameters.
        queue_bytes: As in InterfaceParameters; the kernel adjusts queue_packets to it.
        proxy_queue: As in InterfaceParameters.

    Raises:
        AccessDeniedError: Administrator rights are missing.
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: The family is another one, a number is out of range, no number is given, or a limit is
            given for an interface.
        NotSupportedError: The namespace is not the initial one, and no interface is given; the system, or the
            interface, has no stack for the family; the kernel is older than a parameter, or the system is not Linux.
        TypeError: An argument has another type.

    >>> import socket
    >>> linux.set_table_parameters(socket.AF_INET, interface="eth0", base_reachable_ms=60_000, retrans_ms=500)

    Linux: RTM_SETNEIGHTBL.
    """
    numbers = {name: number for name, number in locals().items() if name not in ("family", "interface")}
    _check_system(_SET_TABLE)
    netns = current_namespace()
    with error_context(_SET_TABLE):
        number = _table_family(family)
        luid, subject = selected_interface(interface, None, netns)
        table, parameters = pack_numbers(numbers, of_interface=bool(luid))
    code = lib.netio_linux_neightbl_set(netns.descriptor, number, luid_or_null(luid), table, parameters)
    if code == lib.ERROR_NOT_FOUND and not luid:
        reason = "only the initial network namespace can set limits and defaults; name an interface to set its own"
        raise failure(_SET_TABLE, lib.ERROR_NOT_SUPPORTED, reason=reason)
    if code == lib.ERROR_NOT_SUPPORTED:
        reason = "there is no stack for the family, or the kernel is older than a parameter"
        raise failure(_SET_TABLE, code, subject, reason=reason)
    check(_SET_TABLE, code, subject)


def _table_family(family: int) -> int:
    number = family_number(family)
    if number not in (lib.AF_INET, lib.AF_INET6):
        raise invalid(f"invalid family {number}; use AF_INET or AF_INET6: each has a table of its own")
    return number


def _read_table(netns: Namespace, family: int) -> tuple[CData, list[CData]]:
    """Reads a table of the kernel, and the parameters of interfaces, the defaults first."""
    table, count = ffi.new("netio_linux_neightbl *"), ffi.new("size_t *")
    # The variable owns the list before the call, since a signal handler can raise right after it.
    rows = ffi.gc(ffi.new("netio_linux_parameters **"), lib.netio_release)
    check(_GET_TABLE, lib.netio_linux_neightbl_read(netns.descriptor, family, table, rows, count))
    return table, [ffi.new("netio_linux_parameters *", rows[0][place]) for place in range(count[0])]


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


def _write_many(verb: int, rows: Iterable[LinuxNeighbor]) -> None:
    entries = checked_entries(rows, LinuxNeighbor)
    write_many(CREATE, _writer(verb, entries), [entry.neighbor for entry in entries], rule=_RULE)


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
        reason = "it is not supported on this system: only Linux has it"
        raise failure(operation, lib.ERROR_NOT_SUPPORTED, reason=reason)
