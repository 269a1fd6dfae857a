# SPDX-License-Identifier: MIT
"""The verbs: one function for each Windows function on neighbour entries, and the same for many entries at once.

Each call opens the sockets that it needs and closes them before it returns, so all functions may be called from any
thread and after a fork. On Linux they act in the network namespace that namespace() selects, by
default that of the calling thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from netio._codec import pack_filter
from netio._failures import CREATE, DELETE, FLUSH, LIST, SET, error_context
from netio._interfaces import ROUTE, find_next_hop, names_of, selected_interface
from netio._namespace import current_namespace
from netio._native import ffi, lib
from netio._requests import read_one, requested_entry, write_many, write_one
from netio._table import NeighborTable, adopt
from netio._types import (
    Address,
    InterfaceLike,
    Neighbor,
    NextHop,
    PhysicalAddress,
    PhysicalAddressLike,
    SweepReply,
    plain_address,
)
from netio.errors import NetioError, check, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from netio._namespace import Namespace
    from netio._native import CData


def list_neighbors(
    family: int = lib.AF_UNSPEC,
    *,
    interface: InterfaceLike | None = None,
    address: Address | None = None,
    physical_address: PhysicalAddressLike | None = None,
) -> NeighborTable:
    """List the entries of the neighbour table, in the system's order. This is a read, not a snapshot.

    The table has the entries that match all arguments; it is empty if none does.

    Args:
        family: socket.AF_INET, socket.AF_INET6, or AF_UNSPEC (0) for both.
        interface: Name, index or Interface; None for every interface.
        address: IPv4 or IPv6 address; None for every address. It is looked up on every interface, whatever the routes
            are, unless it is a link-local one with a scope.
        physical_address: As for PhysicalAddress, in any notation; None for every entry. It must not be empty:
            `is_resolved` finds the entries without one.

    Raises:
        InterfaceNotFoundError: The interface, or that of the address's scope, does not exist.
        InvalidParameterError: The family is another one, the interface index is below 1, an address or the physical
            address is invalid, or the address's scope names another interface.
        NotSupportedError: The system has no stack for the family. AF_UNSPEC shows the other one.
        TypeError: An argument has another type.

    >>> for row in netio.list_neighbors(physical_address="02-00-5e-00-00-07"):
    ...     print(row.address, row.interface)
    192.0.2.7 eth0

    Windows: GetIpNetTable2. Linux: a dump by RTM_GETNEIGH, which the kernel filters by family and interface.
    """
    netns = current_namespace()
    with error_context(LIST):
        number = family_number(family)
        luid, subject = selected_interface(interface, address, netns)
        plain = None if address is None else plain_address(address)
        like = pack_filter(plain, _given_physical_address(physical_address))
    return read_table(netns, number, luid, like, subject)


def read_table(
    netns: Namespace, family: int, luid: int = 0, like: CData = ffi.NULL, subject: str = ""
) -> NeighborTable:
    """Reads the table of a namespace, by the arguments of netio_table; subject names the interface in an error."""
    # The variables own the table and the list before the call, since a signal handler can raise right after it.
    table = ffi.gc(ffi.new("MIB_IPNET_TABLE2 **"), lib.netio_release)
    interfaces, count = ffi.gc(ffi.new("netio_interface **"), lib.netio_release), ffi.new("size_t *")
    code = lib.netio_table(netns.descriptor, family, luid_or_null(luid), like, table, interfaces, count)
    check(LIST, code, subject)
    return adopt(table, {native.index: names_of(native) for native in interfaces[0][0 : count[0]]})


def flush_neighbors(family: int = lib.AF_UNSPEC, *, interface: InterfaceLike | None = None) -> None:
    """Remove the dynamic entries. Linux keeps permanent entries; Microsoft does not document what Windows keeps.

    Args:
        family: socket.AF_INET, socket.AF_INET6, or AF_UNSPEC (0) for both.
        interface: Name, index or Interface; None for every interface.

    Raises:
        AccessDeniedError: Administrator rights are missing, even if there is nothing to remove.
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: The family is another one, or the interface index is below 1.
        NotSupportedError: The system has no stack for the family. AF_UNSPEC flushes the other one.
        TypeError: An argument has another type.

    >>> netio.flush_neighbors(interface="eth0")

    Windows: FlushIpNetTable2. Linux: RTM_GETNEIGH, then RTM_DELNEIGH for each entry.
    """
    netns = current_namespace()
    with error_context(FLUSH):
        number = family_number(family)
        luid, subject = selected_interface(interface, None, netns)
    check(FLUSH, lib.netio_flush(netns.descriptor, number, luid_or_null(luid)), subject)


def get_neighbor(address: Address, *, interface: InterfaceLike | None = None) -> Neighbor:
    """Return the entry for one address. It sends no packets and does not wait; resolve_neighbor() does.

    An entry of a host that did not reply has no physical address, or an outdated one: look at `is_resolved`.

    Args:
        address: IPv4 or IPv6 address; a link-local one may name the interface by its scope.
        interface: Name, index or Interface. If None, the address's scope is used, else the interface of the route to
            the address.

    Raises:
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: The address is not an IP address, or does not determine its interface.
        NeighborNotFoundError: The interface has no entry for the address.
        NotSupportedError: The system, or the interface, has no stack for the address's family.
        TypeError: An argument has another type.
        UnreachableError: No interface is given, and the address is not on-link on any interface.

    >>> netio.get_neighbor("192.0.2.2").physical_address
    PhysicalAddress('02:00:00:00:00:02')

    Windows: GetIpNetEntry2. Linux: RTM_GETNEIGH for one address.
    """
    return read_one(address, interface)


def create_neighbor(
    address: Address,
    physical_address: PhysicalAddressLike,
    *,
    interface: InterfaceLike | None = None,
) -> None:
    """Create a permanent entry. It fails if the interface has an entry for the address, in any state.

    Args:
        address: As for get_neighbor().
        physical_address: Text like `02:00:5e:00:00:07` or bytes, of the length of the interface's own address.
        interface: As for get_neighbor().

    Raises:
        AccessDeniedError: Administrator rights are missing.
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: The address is not valid for a neighbour, or the physical address has the wrong length.
        NeighborExistsError: The entry exists. set_neighbor() changes it; replace_neighbor() writes in both cases.
        NotSupportedError: The system, or the interface, has no stack for the address's family.
        TypeError: An argument has another type.
        UnreachableError: No interface is given, and the address is not on-link on any interface.

    >>> netio.create_neighbor("192.0.2.9", "02:00:5e:00:00:09", interface="eth0")
    >>> netio.get_neighbor("192.0.2.9").state.name
    'PERMANENT'

    Windows: CreateIpNetEntry2. Linux: RTM_NEWNEIGH with NLM_F_CREATE | NLM_F_EXCL.
    """
    write_one(CREATE, lib.netio_create, requested_entry(CREATE, address, physical_address, interface))


def set_neighbor(
    address: Address,
    physical_address: PhysicalAddressLike,
    *,
    interface: InterfaceLike | None = None,
) -> None:
    """Change the physical address of an existing entry, which becomes permanent.

    Microsoft does not document whether a dynamic entry becomes permanent on Windows; with replace_neighbor() it does.

    Args:
        address: As for get_neighbor().
        physical_address: As for create_neighbor().
        interface: As for get_neighbor().

    Raises:
        AccessDeniedError: Administrator rights are missing.
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: The address is not valid for a neighbour, or the physical address has the wrong length.
        NeighborNotFoundError: The entry does not exist. create_neighbor() creates it; replace_neighbor() writes in both
            cases.
        NotSupportedError: The system, or the interface, has no stack for the address's family.
        TypeError: An argument has another type.
        UnreachableError: No interface is given, and the address is not on-link on any interface.

    >>> netio.set_neighbor("192.0.2.7", "02:00:5e:00:00:08")
    >>> netio.get_neighbor("192.0.2.7").physical_address
    PhysicalAddress('02:00:5e:00:00:08')

    Windows: SetIpNetEntry2. Linux: RTM_NEWNEIGH with NLM_F_REPLACE.
    """
    write_one(SET, lib.netio_set, requested_entry(SET, address, physical_address, interface))


def replace_neighbor(
    address: Address,
    physical_address: PhysicalAddressLike,
    *,
    interface: InterfaceLike | None = None,
) -> None:
    """Create or update a permanent entry.

    Args:
        address: As for get_neighbor().
        physical_address: As for create_neighbor().
        interface: As for get_neighbor().

    Raises:
        AccessDeniedError: Administrator rights are missing.
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: The address is not valid for a neighbour, or the physical address has the wrong length.
        NotSupportedError: The system, or the interface, has no stack for the address's family.
        TypeError: An argument has another type.
        UnreachableError: No interface is given, and the address is not on-link on any interface.

    >>> netio.replace_neighbor("192.0.2.7", "02:00:5e:00:00:08")
    >>> netio.replace_neighbor("fe80::7%eth0", "02:00:5e:00:00:07")

    Windows: CreateIpNetEntry2, then SetIpNetEntry2 if the entry exists, and DeleteIpNetEntry2 and CreateIpNetEntry2 if
    it is still dynamic. Linux: one RTM_NEWNEIGH request with NLM_F_CREATE | NLM_F_REPLACE.
    """
    write_one(CREATE, lib.netio_replace, requested_entry(CREATE, address, physical_address, interface))


def delete_neighbor(
    address: Address,
    *,
    interface: InterfaceLike | None = None,
    missing_ok: bool = False,
) -> None:
    """Remove the entry for an address, in any state.

    Args:
        address: As for get_neighbor().
        interface: As for get_neighbor().
        missing_ok: Whether to accept that the entry does not exist.

    Raises:
        AccessDeniedError: Administrator rights are missing.
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: The address is not an IP address, or does not determine its interface.
        NeighborNotFoundError: The interface has no entry for the address, and missing_ok is false.
        NotSupportedError: The system, or the interface, has no stack for the address's family.
        TypeError: An argument has another type.
        UnreachableError: No interface is given, and the address is not on-link on any interface.

    >>> netio.delete_neighbor("192.0.2.7")
    >>> netio.delete_neighbor("192.0.2.7", missing_ok=True)

    Windows: DeleteIpNetEntry2. Linux: RTM_DELNEIGH.
    """
    write_one(DELETE, lib.netio_delete, requested_entry(DELETE, address, b"", interface), missing_ok=missing_ok)


def create_neighbors(rows: Iterable[Neighbor]) -> None:
    """Create many permanent entries, in order, as create_neighbor() does for each. This is not a transaction.

    Args:
        rows: Neighbor values, of which key and physical address are used. They are read completely before the first is
            written.

    Raises:
        ExceptionGroup: One NetioError for each row that failed, with `row` and `position`. The others are created.
        TypeError: An item is not a Neighbor. Nothing is written.

    >>> rows = [netio.Neighbor(f"192.0.2.{n}", f"02:00:5e:00:00:{n:02x}") for n in range(10, 20)]
    >>> netio.create_neighbors(rows)
    >>> try:
    ...     netio.create_neighbors(rows)
    ... except* netio.NeighborExistsError as group:
    ...     print(len(group.exceptions), group.exceptions[0].position)
    10 0

    Windows: CreateIpNetEntry2.
    """
    write_many(CREATE, lib.netio_create, rows)


def set_neighbors(rows: Iterable[Neighbor]) -> None:
    """Change many existing entries, in order, as set_neighbor() does for each. This is not a transaction.

    Args:
        rows: As for create_neighbors().

    Raises:
        ExceptionGroup: One NetioError for each row that failed, with `row` and `position`. The others are set.
        TypeError: An item is not a Neighbor. Nothing is written.

    >>> from dataclasses import replace
    >>> pinned = netio.list_neighbors(physical_address="02:00:5e:00:00:07")
    >>> netio.set_neighbors(replace(row, physical_address="02:00:5e:00:00:08") for row in pinned)

    Windows: SetIpNetEntry2.
    """
    write_many(SET, lib.netio_set, rows)


def replace_neighbors(rows: Iterable[Neighbor]) -> None:
    """Create or update many permanent entries, in order, as replace_neighbor() does for each. Not a transaction.

    Args:
        rows: As for create_neighbors().

    Raises:
        ExceptionGroup: One NetioError for each row that failed, with `row` and `position`. The others are written.
        TypeError: An item is not a Neighbor. Nothing is written.

    >>> netio.replace_neighbors([netio.Neighbor("192.0.2.7", "02:00:5e:00:00:08", interface="eth0")])

    Windows: CreateIpNetEntry2, SetIpNetEntry2.
    """
    write_many(CREATE, lib.netio_replace, rows)


def delete_neighbors(rows: Iterable[Neighbor], *, missing_ok: bool = False) -> None:
    """Remove many entries, in order, as delete_neighbor() does for each. This is not a transaction.

    Args:
        rows: Neighbor values, of which the key is used. They are read completely before the first is removed.
        missing_ok: Whether to accept that entries do not exist.

    Raises:
        ExceptionGroup: One NetioError for each row that failed, with `row` and `position`. The others are removed.
        TypeError: An item is not a Neighbor. Nothing is written.

    >>> netio.delete_neighbors(row for row in netio.list_neighbors() if row.state is netio.NeighborState.STALE)

    Windows: DeleteIpNetEntry2.
    """
    write_many(DELETE, lib.netio_delete, rows, missing_ok=missing_ok)


def resolve_neighbor(
    address: Address,
    *,
    interface: InterfaceLike | None = None,
    source: Address | None = None,
    timeout: float | None = None,
    keep: bool = False,
) -> Neighbor:
    """Probe an address (ARP request, neighbour solicitation), wait for the reply, and return the entry.

    A dynamic entry is removed and resolved again, so the result is never outdated; a permanent entry is returned
    unchanged.

    With `keep` nothing is removed, and traffic to the host continues: a REACHABLE entry is returned unchanged, any
    other one is probed in place. Linux always does so without administrator rights. The kernel waits 5 seconds before
    it probes the physical address that it has, and drops it after 3 seconds without a reply; then the address is
    probed anew. So a reply takes 5 seconds, a changed physical address 8, and a silent host 11.

    Args:
        address: As for get_neighbor().
        interface: As for get_neighbor().
        source: The address of this machine to send from. If None, the system chooses it.
        timeout: Seconds to wait at most, finite and 0 or more. If None, until the system gives up (Linux: 3 seconds for
            a silent address), 15 at most.
        keep: Whether to leave an existing entry in place, for example that of a host in use. Not possible on Windows.

    Raises:
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: The address is not valid for a neighbour (invalid, local or broadcast) or does not
            determine its interface; source is not an address of this machine; timeout is negative or not finite.
        NotSupportedError: The system, or the interface, has no stack for the address's family; on Windows keep is true.
        TableFullError: The kernel's table has no room for another dynamic entry.
        TypeError: An argument has another type.
        UnreachableError: No reply arrived within the timeout, or the address is not on-link.

    >>> netio.resolve_neighbor("192.0.2.2", timeout=5).physical_address
    PhysicalAddress('02:00:00:00:00:02')
    >>> netio.resolve_neighbor("192.0.2.77", timeout=1)
    Traceback (most recent call last):
        ...
    netio.errors.UnreachableError: ...

    Windows: ResolveIpNetEntry2. Linux: RTM_NEWNEIGH with NTF_USE, or an empty UDP datagram; RTNLGRP_NEIGH.
    """
    from netio._resolve import Resolving

    resolving = Resolving([address], interface=interface, source=source, timeout=timeout, keep=keep, max_in_flight=1)
    ((_, answer),) = resolving
    if isinstance(answer, NetioError):
        answer.position = None
        raise answer
    return answer


def resolve_neighbors(
    addresses: Iterable[Address],
    *,
    interface: InterfaceLike | None = None,
    source: Address | None = None,
    timeout: float | None = None,
    keep: bool = False,
    max_in_flight: int = 256,
) -> Iterator[tuple[Address, Neighbor | NetioError]]:
    """Probe many addresses in a sliding window, as resolve_neighbor() does for each.

    Yields each address, as IPv4Address or IPv6Address, with its entry or its error, in the order in which they
    complete. Each address is yielded as often as it was given; invalid text is yielded unchanged. Errors carry the
    place among the addresses as `position`. The first `next()` starts to probe; closing the iterator ends it.

    Args:
        addresses: Addresses as for get_neighbor(), taken when slots are free, so there may be any number.
        interface: As for resolve_neighbor().
        source: As for resolve_neighbor().
        timeout: As for resolve_neighbor(), for each address, from when it is probed.
        keep: As for resolve_neighbor().
        max_in_flight: The number of addresses that are pending at a time, at least 1. By default Linux keeps 512
            entries before it removes those of other programs, and 256 is half of that. An address that has timed out
            keeps its slot until the system gives up, so a short timeout does not speed up many silent addresses.

    Raises:
        InvalidParameterError: interface, source, timeout or max_in_flight is invalid. An error of a single address is
            yielded as NetioError.
        NotSupportedError: keep is true on Windows.
        TypeError: An argument has another type, for example addresses is a `str`. For an address of another type the
            iterator raises it.

    >>> for address, answer in netio.resolve_neighbors(["192.0.2.2", "192.0.2.77"], timeout=1):
    ...     print(address, answer.physical_address if isinstance(answer, netio.Neighbor) else "no reply")
    192.0.2.2 02:00:00:00:00:02
    192.0.2.77 no reply

    Windows: ResolveIpNetEntry2. Linux: RTM_NEWNEIGH with NTF_USE, or an empty UDP datagram; RTNLGRP_NEIGH.
    """
    from netio._resolve import Resolving

    resolving = Resolving(
        addresses, interface=interface, source=source, timeout=timeout, keep=keep, max_in_flight=max_in_flight
    )
    return iter(resolving)


def sweep_neighbors(
    targets: Iterable[Address],
    *,
    interface: InterfaceLike | None = None,
    source: Address | None = None,
    timeout: float = 1.0,
    rate: int = 1500,
    retries: int = 1,
    all_nodes: bool = False,
    on_error: Callable[[NetioError], None] | None = None,
) -> Iterator[SweepReply]:
    """Probe many addresses by frames of its own and yield every reply; the kernel's table is neither read nor written.

    resolve_neighbors() uses an entry of the table for each address, and returns one physical address for each. A sweep
    creates no entries, so it can have any number of addresses pending, and it reports all hosts that claim an address.
    It needs CAP_NET_RAW (on Linux root has it), and Ethernet addresses: also on VLANs, bridges, bonds and Wi-Fi.

    Yields a reply as it arrives: for each address each physical address once, and at most 16 of them. Other frames are
    ignored. Own addresses of this machine and broadcast addresses are not probed. The call opens the first
    socket, the first `next()` starts to send; closing the iterator ends it.

    The table can still change as with any traffic. An entry that exists may be confirmed by the reply. The probed hosts
    learn this machine's address, except from the source 0.0.0.0. An IPv6 host that has learned it probes back about 5
    seconds later, and this machine then learns that host.

    Args:
        targets: Addresses as for get_neighbor(), taken when they are sent, so there may be any number.
        interface: As for get_neighbor(): an address must be on-link by the routes of the interface.
        source: The address to send from, one of this machine. If None, that of the interface with the longest prefix
            that contains the target, for IPv6 the link-local one; without an IPv4 address 0.0.0.0. 0.0.0.0 makes ARP
            probes (RFC 5227): no host learns from them, but a host that is about to take the address refrains from it.
        timeout: Seconds to wait for the replies of an address since its first probe, finite and more than 0.
        rate: The most packets in any second. 1500 broadcasts take 1 % of a link of 100 Mbit/s, and a silent /16 takes
            90 seconds. Use less on Wi-Fi, which sends broadcasts at its lowest rate.
        retries: How often an address without a reply is probed again, at equal intervals within the timeout.
        all_nodes: Whether to probe ff02::1 too, which finds the IPv6 hosts of a link without a list of targets: by echo
            requests, and by an unknown option, to which hosts reply that ignore echo requests (RFC 7707). It needs an
            interface. The kernel learns the hosts that ask for the physical address of this machine before they reply.
        on_error: Called with the error of each target that is not probed, also of own and broadcast addresses.

    Raises:
        AccessDeniedError: CAP_NET_RAW is missing.
        ExceptionGroup: At the end, the errors of targets that are invalid, not on-link or without a source; not if
            there is on_error.
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: interface, source, timeout, rate or retries is invalid, or all_nodes lacks an interface.
        NetioError: The interface goes down, or drops all probes.
        NotSupportedError: The system has no packet sockets (Windows).
        TypeError: An argument has another type, for example targets is a `str`.

    >>> for reply in netio.sweep_neighbors(["192.0.2.2", "192.0.2.77"], timeout=0.5):
    ...     print(reply.address, reply.physical_address, reply.interface)
    192.0.2.2 02:00:00:00:00:02 eth0

    Windows: has no equivalent. Linux: packet(7), ARP requests and neighbour solicitations.
    """
    from netio._sweep import Sweeping

    sweeping = Sweeping(
        targets,
        interface=interface,
        source=source,
        timeout=timeout,
        rate=rate,
        retries=retries,
        all_nodes=all_nodes,
        on_error=on_error,
    )
    return iter(sweeping)


def next_hop(address: Address, *, interface: InterfaceLike | None = None) -> NextHop:
    """Return the host that a packet to an address is sent to next: the address itself if it is on-link, else a gateway.

    Args:
        address: IPv4 or IPv6 address; a link-local one may name the interface by its scope.
        interface: Name, index or Interface, whose routes alone are considered. If None, the address's scope is used,
            else the routes of all interfaces.

    Raises:
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: The address has no next hop (invalid, unspecified, loopback, local, broadcast or
            multicast), or it is a link-local one that does not determine its interface.
        NotSupportedError: The interface of the route has no LUID.
        TypeError: An argument has another type.
        UnreachableError: No route leads to the address.

    >>> hop = netio.next_hop("203.0.113.9")
    >>> netio.resolve_neighbor(hop.address, interface=hop.interface).physical_address
    PhysicalAddress('02:00:00:00:00:02')

    Windows: GetBestRoute2. Linux: RTM_GETROUTE.
    """
    netns = current_namespace()
    with error_context(ROUTE):
        luid, subject = selected_interface(interface, address, netns)
        plain = plain_address(address)
    return find_next_hop(plain, luid, subject, netns)


def family_number(family: int) -> int:
    """Returns a `family` argument, which the backend validates."""
    if isinstance(family, bool) or not isinstance(family, int):
        raise TypeError(f"family must be an int such as socket.AF_INET, not {type(family).__name__}")
    if not 0 <= family < 2**16:
        raise invalid(f"invalid family {family}; it must be AF_UNSPEC, AF_INET or AF_INET6")
    return family


def luid_or_null(luid: int) -> CData:
    """Makes a pointer to a NET_LUID; NULL, for all interfaces, if it is 0."""
    return ffi.new("NET_LUID *", {"Value": luid}) if luid else ffi.NULL


def _given_physical_address(value: PhysicalAddressLike | None) -> PhysicalAddress:
    """Converts the `physical_address` argument of list_neighbors(); empty: none is given."""
    given = PhysicalAddress("" if value is None else value)
    if value is not None and not given:
        raise invalid("physical_address must not be empty; omit it to select all entries")
    return given
