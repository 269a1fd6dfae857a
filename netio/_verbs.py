# SPDX-License-Identifier: MIT
"""The verbs: one function for each of Windows' functions on neighbour rows, and the same for many rows at once.

Each of them opens what it needs and closes it before it returns, so all may be called from any thread and after a
fork. On Linux they see the network namespace of the calling thread.
"""

from __future__ import annotations

from netio._interfaces import Interface, Links, identify, key_of
from netio._native import ffi, lib
from netio._requests import (
    CREATE,
    DELETE,
    FLUSH,
    LIST,
    SET,
    asked_row,
    naming,
    read_one,
    write_many,
    write_one,
)
from netio._table import NeighborTable, adopt
from netio._types import Neighbor
from netio.errors import NetioError, check, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from ipaddress import IPv4Address, IPv6Address

    from typing_extensions import Buffer

    from netio._native import CData


def list_neighbors(family: int = lib.AF_UNSPEC, *, interface: str | int | Interface | None = None) -> NeighborTable:
    """Lists the rows of the neighbour table, in the system's order. A read, not a snapshot.

    Args:
        family: socket.AF_INET, socket.AF_INET6, or AF_UNSPEC (0) for both.
        interface: Name, index or Interface; None for every interface.

    Raises:
        InterfaceNotFoundError: There is no such interface.
        InvalidParameterError: Another family, or an interface index below 1.
        NotSupportedError: The system lacks the family's stack; AF_UNSPEC shows the other one.
        TypeError: An argument of another type.

    Windows: GetIpNetTable2. Linux: RTM_GETNEIGH, a dump that the kernel filters.
    """
    table = ffi.new("MIB_IPNET_TABLE2 **")
    with naming(LIST):
        number = _family(family)
        luid, subject = _interface_luid(interface)
    check(LIST, lib.netio_table(number, luid, table), subject)
    return adopt(table[0])


def flush_neighbors(family: int = lib.AF_UNSPEC, *, interface: str | int | Interface | None = None) -> None:
    """Removes the dynamic rows. On Linux permanent rows stay; what Windows keeps is not documented.

    Args:
        family: socket.AF_INET, socket.AF_INET6, or AF_UNSPEC (0) for both.
        interface: Name, index or Interface; None for every interface.

    Raises:
        AccessDeniedError: Without administrator rights, also where there is nothing to remove.
        InterfaceNotFoundError: There is no such interface.
        InvalidParameterError: Another family, or an interface index below 1.
        NotSupportedError: The system lacks the family's stack.
        TypeError: An argument of another type.

    Windows: FlushIpNetTable2. Linux: RTM_GETNEIGH, then RTM_DELNEIGH for each.
    """
    with naming(FLUSH):
        number = _family(family)
        luid, subject = _interface_luid(interface)
    check(FLUSH, lib.netio_flush(number, luid), subject)


def get_neighbor(
    address: str | IPv4Address | IPv6Address, *, interface: str | int | Interface | None = None
) -> Neighbor:
    """Reads the row of one address. Never sends anything, never waits: resolve_neighbor() does.

    Args:
        address: IPv4 or IPv6 address; link-local ones may name the interface by their scope.
        interface: Name, index or Interface; None: the address's scope, else the link that the routes name.

    Raises:
        InterfaceNotFoundError: There is no such interface.
        InvalidParameterError: No neighbour can have the address, or it does not tell its interface.
        NeighborNotFoundError: The address has no row on the interface.
        NotSupportedError: The system, or the interface, lacks the stack of the address's family.
        TypeError: An argument of another type.
        UnreachableError: No interface is given and no link of this machine has the address.

    Windows: GetIpNetEntry2. Linux: RTM_GETNEIGH for one address.
    """
    return read_one(address, interface)


def create_neighbor(
    address: str | IPv4Address | IPv6Address,
    physical_address: str | Buffer,
    *,
    interface: str | int | Interface | None = None,
) -> None:
    """Makes a permanent row; fails where the address has any row on the interface, a failed one too.

    Args:
        address: As for get_neighbor().
        physical_address: Text like `02:00:5e:00:00:07` or bytes, as many as the interface's own has.
        interface: As for get_neighbor().

    Raises:
        AccessDeniedError: Without administrator rights.
        InterfaceNotFoundError: There is no such interface.
        InvalidParameterError: No neighbour can have the address, or the physical address does not fit the interface.
        NeighborExistsError: The address has a row: set_neighbor() changes it, replace_neighbor() does not mind.
        NotSupportedError: The system, or the interface, lacks the stack of the address's family.
        TypeError: An argument of another type.
        UnreachableError: No interface is given and no link of this machine has the address.

    Windows: CreateIpNetEntry2. Linux: RTM_NEWNEIGH with NLM_F_CREATE | NLM_F_EXCL.
    """
    write_one(CREATE, lib.netio_create, asked_row(CREATE, address, physical_address, interface))


def set_neighbor(
    address: str | IPv4Address | IPv6Address,
    physical_address: str | Buffer,
    *,
    interface: str | int | Interface | None = None,
) -> None:
    """Replaces the physical address of an existing row, which is permanent afterwards; never makes a row.

    Args:
        address: As for get_neighbor().
        physical_address: As for create_neighbor().
        interface: As for get_neighbor().

    Raises:
        AccessDeniedError: Without administrator rights.
        InterfaceNotFoundError: There is no such interface.
        InvalidParameterError: No neighbour can have the address, or the physical address does not fit the interface.
        NeighborNotFoundError: The address has no row: create_neighbor() makes it, replace_neighbor() does not mind.
        NotSupportedError: The system, or the interface, lacks the stack of the address's family.
        TypeError: An argument of another type.
        UnreachableError: No interface is given and no link of this machine has the address.

    Windows: SetIpNetEntry2. Linux: RTM_NEWNEIGH with NLM_F_REPLACE.
    """
    write_one(SET, lib.netio_set, asked_row(SET, address, physical_address, interface))


def replace_neighbor(
    address: str | IPv4Address | IPv6Address,
    physical_address: str | Buffer,
    *,
    interface: str | int | Interface | None = None,
) -> None:
    """Writes a permanent row, whatever was there before.

    Args:
        address: As for get_neighbor().
        physical_address: As for create_neighbor().
        interface: As for get_neighbor().

    Raises:
        AccessDeniedError: Without administrator rights.
        InterfaceNotFoundError: There is no such interface.
        InvalidParameterError: No neighbour can have the address, or the physical address does not fit the interface.
        NotSupportedError: The system, or the interface, lacks the stack of the address's family.
        TypeError: An argument of another type.
        UnreachableError: No interface is given and no link of this machine has the address.

    Windows: CreateIpNetEntry2, and SetIpNetEntry2 where that says the row exists. Linux: RTM_NEWNEIGH with
    NLM_F_CREATE | NLM_F_REPLACE, one request.
    """
    write_one(CREATE, lib.netio_replace, asked_row(CREATE, address, physical_address, interface))


def delete_neighbor(
    address: str | IPv4Address | IPv6Address,
    *,
    interface: str | int | Interface | None = None,
    missing_ok: bool = False,
) -> None:
    """Removes the row of an address, in whatever state it is.

    Args:
        address: As for get_neighbor().
        interface: As for get_neighbor().
        missing_ok: Whether an address without a row is fine.

    Raises:
        AccessDeniedError: Without administrator rights.
        InterfaceNotFoundError: There is no such interface.
        InvalidParameterError: No neighbour can have the address, or it does not tell its interface.
        NeighborNotFoundError: The address has no row on the interface, and missing_ok is false.
        NotSupportedError: The system, or the interface, lacks the stack of the address's family.
        TypeError: An argument of another type.
        UnreachableError: No interface is given and no link of this machine has the address.

    Windows: DeleteIpNetEntry2. Linux: RTM_DELNEIGH.
    """
    write_one(DELETE, lib.netio_delete, asked_row(DELETE, address, b"", interface), missing_ok=missing_ok)


def create_neighbors(rows: Iterable[Neighbor]) -> None:
    """Makes many permanent rows; as create_neighbor() for each, in order. Not a transaction.

    Args:
        rows: Neighbor values, of which key and physical address are used; read to the end before the first is made.

    Raises:
        ExceptionGroup: Of NetioError, one for each row that failed, with its `row` and `position`. All others are made.
        TypeError: An item is no Neighbor; nothing is made.

    Windows: CreateIpNetEntry2.
    """
    write_many(CREATE, lib.netio_create, rows)


def set_neighbors(rows: Iterable[Neighbor]) -> None:
    """Replaces the physical address of many existing rows; as set_neighbor() for each, in order. Not a transaction.

    Args:
        rows: As for create_neighbors().

    Raises:
        ExceptionGroup: Of NetioError, one for each row that failed, with its `row` and `position`. All others are set.
        TypeError: An item is no Neighbor; nothing is set.

    Windows: SetIpNetEntry2.
    """
    write_many(SET, lib.netio_set, rows)


def replace_neighbors(rows: Iterable[Neighbor]) -> None:
    """Writes many permanent rows; as replace_neighbor() for each, in order. Not a transaction.

    Args:
        rows: As for create_neighbors().

    Raises:
        ExceptionGroup: Of NetioError, one for each row that failed, with its `row` and `position`. All others are
            written.
        TypeError: An item is no Neighbor; nothing is written.

    Windows: CreateIpNetEntry2, SetIpNetEntry2.
    """
    write_many(CREATE, lib.netio_replace, rows)


def delete_neighbors(rows: Iterable[Neighbor], *, missing_ok: bool = False) -> None:
    """Removes many rows; as delete_neighbor() for each, in order. Not a transaction.

    Args:
        rows: Neighbor values, of which the key is used; read to the end before the first is removed.
        missing_ok: Whether addresses without a row are fine.

    Raises:
        ExceptionGroup: Of NetioError, one for each row that failed, with its `row` and `position`. All others are
            removed.
        TypeError: An item is no Neighbor; nothing is removed.

    Windows: DeleteIpNetEntry2.
    """
    write_many(DELETE, lib.netio_delete, rows, missing_ok=missing_ok)


def resolve_neighbor(
    address: str | IPv4Address | IPv6Address,
    *,
    interface: str | int | Interface | None = None,
    source: str | IPv4Address | IPv6Address | None = None,
    timeout: float | None = None,
) -> Neighbor:
    """Asks the link for an address (ARP request, neighbour solicitation) and waits for the answer.

    A dynamic row is dropped and asked for anew; a permanent one is the answer as it stands. Without administrator
    rights Linux cannot drop a row: a REACHABLE one is then the answer, another is waited for until the kernel has
    confirmed it, which takes up to 11 seconds where its physical address is wrong by now.

    Args:
        address: As for get_neighbor().
        interface: As for get_neighbor().
        source: Address of this machine to ask from; None: the system chooses.
        timeout: Seconds to wait at most, finite and 0 or more; None: until the system gives up (Linux: 3 seconds for
            a silent address), at most 15.

    Raises:
        InterfaceNotFoundError: There is no such interface.
        InvalidParameterError: No neighbour can have the address: invalid, one's own, or a broadcast address; or it
            does not tell its interface, or source is none of this machine's, or timeout is negative or not finite.
        NotSupportedError: The system, or the interface, lacks the stack of the address's family.
        TableFullError: The kernel has no room for one more dynamic row.
        TypeError: An argument of another type.
        UnreachableError: No answer, or not in time; or no link of this machine has the address.

    Windows: ResolveIpNetEntry2. Linux: RTM_NEWNEIGH with NTF_USE, or an empty UDP datagram; RTNLGRP_NEIGH.
    """
    from netio._resolve import Resolving

    ((_, answer),) = Resolving([address], interface=interface, source=source, timeout=timeout, max_in_flight=1)
    if isinstance(answer, NetioError):
        answer.position = None
        raise answer
    return answer


def resolve_neighbors(
    addresses: Iterable[str | IPv4Address | IPv6Address],
    *,
    interface: str | int | Interface | None = None,
    source: str | IPv4Address | IPv6Address | None = None,
    timeout: float | None = None,
    max_in_flight: int = 256,
) -> Iterator[tuple[str | IPv4Address | IPv6Address, Neighbor | NetioError]]:
    """Asks the link for many addresses at once; as resolve_neighbor() for each.

    Yields each address, as IPv4Address or IPv6Address, with its row or with the error that it came to, in the order
    in which the answers come. Every address comes back once, as often as it was given. Text that is no address comes
    back as it is. Errors carry their place among the addresses as `position`. Asking begins with the first `next()`
    and ends when the iterator is dropped.

    Args:
        addresses: Addresses as for get_neighbor(), taken as places become free, so that there may be any number.
        interface: As for resolve_neighbor().
        source: As for resolve_neighbor().
        timeout: As for resolve_neighbor(), for each address, from when it is asked for.
        max_in_flight: How many are asked for at a time, at least 1. Where Linux has not been configured otherwise,
            256 is half of what it keeps before it throws rows of the whole machine out. An address whose time is over
            keeps its place until the system has given it up, so a short timeout does not make many silent ones faster.

    Raises:
        InvalidParameterError: An interface, source, timeout or max_in_flight that cannot be. All that is wrong with
            one address is returned, as NetioError.
        TypeError: An argument of another type; a `str` as addresses too. An address of another type is raised when it
            is taken.

    Windows: ResolveIpNetEntry2. Linux: RTM_NEWNEIGH with NTF_USE, or an empty UDP datagram; RTNLGRP_NEIGH.
    """
    from netio._resolve import Resolving

    return iter(Resolving(addresses, interface=interface, source=source, timeout=timeout, max_in_flight=max_in_flight))


def _family(family: int) -> int:
    if isinstance(family, bool) or not isinstance(family, int):
        raise TypeError(f"family must be an int such as socket.AF_INET, not {type(family).__name__}")
    if not 0 <= family < 2**16:
        raise invalid(f"family {family} is none; it must be AF_UNSPEC, AF_INET or AF_INET6")
    return family


def _interface_luid(interface: str | int | Interface | None) -> tuple[CData, str]:
    """The NET_LUID of an interface, NULL for all of them, and how a message names it."""
    if interface is None:
        return ffi.NULL, ""
    if interface == "":
        raise invalid("'' names no interface; leave interface out for all of them")
    name, index, luid = identify(interface)
    luid = luid or key_of(Links().find(name=name, index=index))[0]
    if luid == 0:
        raise invalid(f"interface {name or index} has no LUID, so it cannot be listed or flushed apart")
    return ffi.new("NET_LUID *", {"Value": luid}), f"on {name or f'interface {index}'}"
