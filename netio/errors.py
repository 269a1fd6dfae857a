# SPDX-License-Identifier: MIT
"""The exceptions, and the one table that gives each result code its meaning.

NetioError (OSError)
├── AccessDeniedError       (PermissionError)  administrator rights are missing
├── InterfaceNotFoundError  (LookupError)      there is no such interface
├── InvalidParameterError   (ValueError)       an invalid address, physical address, interface, family or limit
├── NamespaceNotFoundError  (LookupError)      Linux: there is no such network namespace
├── NeighborExistsError     (FileExistsError)  create: the address already has an entry on the interface
├── NeighborNotFoundError   (LookupError)      get, set, delete: the address has no entry on the interface
├── NotSupportedError                          the system lacks the address family
├── TableFullError                             the kernel's table has no room for another dynamic entry
└── UnreachableError        (TimeoutError)     no reply, no route, or the address is not on-link
"""

from __future__ import annotations

import errno
import re
from enum import Enum, StrEnum
from ipaddress import ip_address

import _cffi_backend  # noqa: F401 - only the C code imports it, where PyInstaller and other freezers do not look

from netio._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from netio._types import Neighbor


class Hint(Enum):
    """The advice on an error. Each program words it for its own users, as `str(error)` does for Python."""

    LIST_INTERFACES = "choose one of the interfaces that exist"
    ELEVATE = "run with administrator rights"
    NAME_INTERFACE = "name the interface"
    CREATE_OR_RESOLVE = "create the entry, or resolve the address"
    SET_OR_REPLACE = "change the entry that exists, or replace it"
    LIST_NAMESPACES = "choose one of the network namespaces that exist"


class Reason(StrEnum):
    """The reasons of an InvalidParameterError that a program may treat as a result: the address has no neighbour.

    >>> error.reason == Reason.OWN_ADDRESS
    """

    OWN_ADDRESS = "it is an address of this machine"
    BROADCAST_ADDRESS = "it is a broadcast address"


# The hints in the words of a Python program. The command has a table of its own.
_ADVICE = {
    Hint.LIST_INTERFACES: "list_interfaces() returns those that exist",
    Hint.ELEVATE: "use sudo or CAP_NET_ADMIN, on Windows an elevated prompt",
    Hint.NAME_INTERFACE: "name the interface with interface=",
    Hint.CREATE_OR_RESOLVE: "create_neighbor() creates one, resolve_neighbor() probes the link",
    Hint.SET_OR_REPLACE: "set_neighbor() changes it, replace_neighbor() writes it in either case",
    Hint.LIST_NAMESPACES: "list_namespaces() returns those that have a name",
}


class NetioError(OSError):
    """An argument was rejected, or a function of the operating system failed.

    `strerror` holds "OPERATION SUBJECT: REASON; ADVICE (code CODE)", without the parts that an error lacks.

    Attributes:
        operation: Name of the Windows function that the called function follows, in netio.linux also of a request of
            the kernel that Windows has no function for; empty if a type rejected its value.
        code: Its result, a Win32 error code; on Windows equal to `winerror`.
        errno: The closest value of `errno`.
        ntstatus: The status name in the kernel documentation, None if there is none.
        subject: The entry or interface of the call, such as "192.0.2.7 on eth0"; empty if an argument was rejected.
        reason: The problem, without advice; a program can compare it with the members of Reason.
        hint: The advice, None if netio has none.
        row: The entry that the call was about, with the interface that netio chose if it named none; None if the call
            was not about one.
        position: The index of the entry in a bulk call, None outside one.
    """

    operation: str = ""
    code: int = 0
    ntstatus: str | None = None
    subject: str = ""
    reason: str = ""
    hint: Hint | None = None
    row: Neighbor | None = None
    position: int | None = None


if hasattr(OSError, "winerror"):
    # Pickling the C member of that name would change errno.
    setattr(NetioError, "winerror", property(lambda error: error.code))  # noqa: B010


class AccessDeniedError(NetioError, PermissionError):
    """Administrator rights are missing."""


class InterfaceNotFoundError(NetioError, LookupError):
    """There is no such interface."""


class InvalidParameterError(NetioError, ValueError):
    """An address, physical address, interface, family or limit is invalid."""


class NamespaceNotFoundError(NetioError, LookupError):
    """There is no such network namespace."""


class NeighborExistsError(NetioError, FileExistsError):
    """The address already has an entry on the interface, in any state."""


class NeighborNotFoundError(NetioError, LookupError):
    """The address has no entry on the interface."""


class NotSupportedError(NetioError):
    """The system, or the interface, has no stack for the address family."""


class TableFullError(NetioError):
    """The kernel's neighbour table has no room for another dynamic entry."""


class UnreachableError(NetioError, TimeoutError):
    """No reply was received, or the address is not on-link on any interface of this machine.

    Attributes:
        gateway: The gateway of the route to the address, if that is the reason; else None.
    """

    # As text: early releases of Python 3.11 lose the scope of a pickled or copied IPv6Address.
    _gateway: str = ""

    @property
    def gateway(self) -> IPv4Address | IPv6Address | None:
        """The gateway of the route to the address, if that is the reason; else None."""
        return ip_address(self._gateway) if self._gateway else None


# Characters of the longest word that a message shows, a physical address of 32 bytes for example.
_LONGEST_WORD = 100

# Code -> class, errno, status name of the kernel documentation, reason (empty: the system's text is used), hint.
_Meaning = tuple[type[NetioError], int, "str | None", str, "Hint | None"]
_MEANINGS: dict[int, _Meaning] = {
    lib.ERROR_FILE_NOT_FOUND: (
        InterfaceNotFoundError,
        errno.ENODEV,
        "STATUS_NOT_FOUND",
        "there is no such interface",
        Hint.LIST_INTERFACES,
    ),
    lib.ERROR_PATH_NOT_FOUND: (
        NamespaceNotFoundError,
        errno.ENOENT,
        None,
        "there is no such network namespace",
        Hint.LIST_NAMESPACES,
    ),
    lib.ERROR_ACCESS_DENIED: (
        AccessDeniedError,
        errno.EACCES,
        "STATUS_ACCESS_DENIED",
        "administrator rights are missing",
        Hint.ELEVATE,
    ),
    lib.ERROR_NOT_ENOUGH_MEMORY: (NetioError, errno.ENOMEM, "STATUS_NO_MEMORY", "out of memory", None),
    lib.ERROR_NOT_SUPPORTED: (
        NotSupportedError,
        errno.EOPNOTSUPP,
        "STATUS_NOT_SUPPORTED",
        "the system, or the interface, has no stack for the address family: install or enable it",
        None,
    ),
    lib.ERROR_BAD_NET_NAME: (
        UnreachableError,
        errno.EHOSTUNREACH,
        "STATUS_BAD_NETWORK_NAME",
        "no reply: the host is silent, the address is not on that link, or the link is down",
        None,
    ),
    lib.ERROR_NETWORK_UNREACHABLE: (
        UnreachableError,
        errno.EHOSTUNREACH,
        "STATUS_NETWORK_UNREACHABLE",
        "there is no route to the address",
        Hint.NAME_INTERFACE,
    ),
    lib.ERROR_HOST_UNREACHABLE: (
        UnreachableError,
        errno.EHOSTUNREACH,
        "STATUS_HOST_UNREACHABLE",
        "the host is unreachable",
        Hint.NAME_INTERFACE,
    ),
    lib.ERROR_INVALID_PARAMETER: (
        InvalidParameterError,
        errno.EINVAL,
        "STATUS_INVALID_PARAMETER",
        "the family must be AF_UNSPEC, AF_INET or AF_INET6",
        None,
    ),
    lib.ERROR_NOT_FOUND: (
        NeighborNotFoundError,
        errno.ENOENT,
        "STATUS_NOT_FOUND",
        "the address has no entry there",
        Hint.CREATE_OR_RESOLVE,
    ),
    lib.ERROR_NO_SYSTEM_RESOURCES: (TableFullError, errno.ENOBUFS, "STATUS_INSUFFICIENT_RESOURCES", "", None),
    lib.ERROR_OBJECT_ALREADY_EXISTS: (
        NeighborExistsError,
        errno.EEXIST,
        None,
        "the address already has an entry there",
        Hint.SET_OR_REPLACE,
    ),
}


def _meaning(code: int) -> _Meaning:
    if code & lib.NETIO_ERRNO:
        return NetioError, code & ~lib.NETIO_ERRNO, None, "", None
    return _MEANINGS.get(code, (NetioError, errno.EIO, None, "", None))


def _system_text(code: int) -> str:
    text = ffi.new("char[]", 512)
    lib.netio_message(code, text, 512)
    return ffi.string(text).decode("utf-8", "replace")


def shorten(text: str) -> str:
    """Shortens the long words of a message to their beginning and their length: input may have any length."""
    if len(text) <= _LONGEST_WORD:
        return text
    return re.sub(
        rf"\S{{{_LONGEST_WORD + 1},}}", lambda found: f"{found[0][:80]}... ({len(found[0]):,} characters)", text
    )


def failure(
    operation: str,
    code: int,
    subject: str = "",
    *,
    reason: str = "",
    hint: Hint | None = None,
    meaning: int | None = None,
    row: Neighbor | None = None,
    position: int | None = None,
    gateway: IPv4Address | IPv6Address | None = None,
) -> NetioError:
    """Creates the error for a result code other than 0.

    Args:
        operation: Name of the Windows function.
        code: Its result.
        subject: The entry or interface of the call, as the message names it.
        reason: The problem, without advice. With a reason the table's reason and hint are not used.
        hint: The advice on that reason.
        meaning: The code that this one means here. If None, ERROR_NOT_FOUND (1168) means an unknown interface, and any
            other code itself.
        row: The entry that the call was about.
        position: Its index in a bulk call.
        gateway: The gateway of the route to the address, if that is the reason.
    """
    if meaning is None:
        meaning = lib.ERROR_FILE_NOT_FOUND if code == lib.ERROR_NOT_FOUND else code
    kind, number, ntstatus, table_reason, table_hint = _meaning(meaning)
    if not reason:
        reason, hint = table_reason or _system_text(code), table_hint
    subject, reason = shorten(subject), shorten(reason)
    text = reason if hint is None else f"{reason}; {_ADVICE[hint]}"
    called = f"{operation} {subject}" if subject else operation
    error = kind(number, f"{called}: {text} (code {code})" if called else text)
    error.operation = operation
    error.code = code
    error.ntstatus = ntstatus
    error.subject = subject
    error.reason = reason
    error.hint = hint
    error.row = row
    error.position = position
    if isinstance(error, UnreachableError) and gateway is not None:
        error._gateway = str(gateway)  # noqa: SLF001
    return error


def check(operation: str, code: int, subject: str = "") -> None:
    """Raises the error of a result code that is not about an entry; 0 is success."""
    if code != lib.NO_ERROR:
        raise failure(operation, code, subject)


def invalid(reason: str, operation: str = "", *, hint: Hint | None = None) -> NetioError:
    """Creates the error for a value that netio rejects before it calls the system."""
    return failure(operation, lib.ERROR_INVALID_PARAMETER, reason=reason, hint=hint)
