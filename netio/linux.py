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

from netio._failures import error_context
from netio._linux_table import LinuxTable, adopt_detailed, unpack_detail
from netio._linux_types import LinuxNeighbor, NeighborFlags, Nud
from netio._namespace import current_namespace
from netio._native import ffi, lib
from netio._requests import read_one
from netio._types import Address, InterfaceLike, plain_address
from netio._verbs import family_number, selected_luid
from netio.errors import Hint, check, failure, invalid

__all__ = ["LinuxNeighbor", "LinuxTable", "NeighborFlags", "Nud", "get_neighbor", "list_neighbors"]

_READ = "RTM_GETNEIGH"


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

    Linux: a dump by RTM_GETNEIGH, for proxy entries with NTF_PROXY.
    """
    _check_system(_READ)
    # The variables own the memory before the call, since a signal handler can raise right after it.
    rows = ffi.gc(ffi.new("MIB_IPNET_TABLE2 **"), lib.netio_release)
    details = ffi.gc(ffi.new("netio_linux_detail **"), lib.netio_release)
    netns = current_namespace()
    with error_context(_READ):
        number = family_number(family)
        luid, subject = selected_luid(interface, netns)
    check(_READ, lib.netio_linux_table(netns.descriptor, number, luid, bool(proxy), rows, details), subject)
    return adopt_detailed(rows, details, netns)


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

    Linux: RTM_GETNEIGH for one address, for a proxy entry with NTF_PROXY.
    """
    _check_system(_READ)
    with error_context(_READ):
        if proxy and interface is None and getattr(plain_address(address), "scope_id", None) is None:
            reason = f"the routes do not determine the interface of a proxy entry for {address}"
            raise invalid(reason, hint=Hint.NAME_INTERFACE)
    detail = ffi.new("netio_linux_detail *")

    def read(netns: int, query: object, row: object) -> int:
        return lib.netio_linux_get(netns, query, bool(proxy), row, detail)

    return unpack_detail(read_one(address, interface, read), detail)


def _check_system(operation: str) -> None:
    if not lib.NETIO_HAS_DETAIL:
        reason = "only Linux has it; the functions of netio itself work on every system"
        raise failure(operation, lib.ERROR_NOT_SUPPORTED, reason=reason)
