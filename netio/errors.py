# SPDX-License-Identifier: MIT
"""What can go wrong, and the one table that says which code means what.

NetioError (OSError)
├── AccessDeniedError       (PermissionError)  administrator rights are missing
├── InterfaceNotFoundError  (LookupError)      there is no such interface
├── InvalidParameterError   (ValueError)       an address, physical address, interface or limit that cannot be
├── NeighborExistsError     (FileExistsError)  create: the address has a row on the interface
├── NeighborNotFoundError   (LookupError)      the address has no row on the interface
├── NotSupportedError                          the system lacks the address family
├── TableFullError                             the kernel's table takes no more rows
└── UnreachableError        (TimeoutError)     no answer, no route, or no link with that address
"""

from __future__ import annotations

import errno

from netio._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from netio._types import Neighbor


class NetioError(OSError):
    """A call of the operating system failed.

    Attributes:
        operation: Name of the Windows function that the verb follows; empty for what a type itself refused.
        code: Its result, a Win32 number; on Windows equal to `winerror`.
        errno: The number of `errno` that comes nearest.
        ntstatus: The kernel documentation's name of the status, None where it has none.
        row: What was asked for, None where no row was.
        position: Place in the rows of a bulk call, None outside one.
    """

    operation: str = ""
    code: int = 0
    ntstatus: str | None = None
    row: Neighbor | None = None
    position: int | None = None


if hasattr(OSError, "winerror"):
    # The C member of that name would not survive pickle without changing errno.
    setattr(NetioError, "winerror", property(lambda error: error.code))  # noqa: B010


class AccessDeniedError(NetioError, PermissionError):
    """Administrator rights are missing."""


class InterfaceNotFoundError(NetioError, LookupError):
    """There is no such interface."""


class InvalidParameterError(NetioError, ValueError):
    """An address, physical address, interface, family or limit that cannot be."""


class NeighborExistsError(NetioError, FileExistsError):
    """The address already has a row on the interface, in whatever state."""


class NeighborNotFoundError(NetioError, LookupError):
    """The address has no row on the interface."""


class NotSupportedError(NetioError):
    """The system, or the interface, has no stack for the address family."""


class TableFullError(NetioError):
    """The kernel's neighbour table takes no more dynamic rows."""


class UnreachableError(NetioError, TimeoutError):
    """No answer came, or no link of this machine has the address."""


# Code -> class, errno, status name of the kernel documentation, and what to do about it.
_Meaning = tuple[type[NetioError], int, "str | None", str]
_MEANINGS: dict[int, _Meaning] = {
    lib.ERROR_FILE_NOT_FOUND: (
        InterfaceNotFoundError,
        errno.ENODEV,
        "STATUS_NOT_FOUND",
        "there is no such interface; list_interfaces() tells which there are",
    ),
    lib.ERROR_ACCESS_DENIED: (
        AccessDeniedError,
        errno.EACCES,
        "STATUS_ACCESS_DENIED",
        "administrator rights are missing: use sudo or CAP_NET_ADMIN, on Windows an elevated prompt",
    ),
    lib.ERROR_NOT_ENOUGH_MEMORY: (NetioError, errno.ENOMEM, "STATUS_NO_MEMORY", "out of memory"),
    lib.ERROR_NOT_SUPPORTED: (
        NotSupportedError,
        errno.EOPNOTSUPP,
        "STATUS_NOT_SUPPORTED",
        "the system, or the interface, has no stack for the address family: install or enable it",
    ),
    lib.ERROR_BAD_NET_NAME: (
        UnreachableError,
        errno.EHOSTUNREACH,
        "STATUS_BAD_NETWORK_NAME",
        "no answer: the host is silent, or the address is not on that link, or the link is down",
    ),
    lib.ERROR_NETWORK_UNREACHABLE: (
        UnreachableError,
        errno.EHOSTUNREACH,
        "STATUS_NETWORK_UNREACHABLE",
        "there is no route to it; name its link with interface=",
    ),
    lib.ERROR_HOST_UNREACHABLE: (
        UnreachableError,
        errno.EHOSTUNREACH,
        "STATUS_HOST_UNREACHABLE",
        "the host cannot be reached; name its link with interface=",
    ),
    lib.ERROR_INVALID_PARAMETER: (
        InvalidParameterError,
        errno.EINVAL,
        "STATUS_INVALID_PARAMETER",
        "the family must be AF_UNSPEC, AF_INET or AF_INET6",
    ),
    lib.ERROR_NOT_FOUND: (
        NeighborNotFoundError,
        errno.ENOENT,
        "STATUS_NOT_FOUND",
        "the address has no row there; create_neighbor() makes one, resolve_neighbor() asks the link",
    ),
    lib.ERROR_NO_SYSTEM_RESOURCES: (TableFullError, errno.ENOBUFS, "STATUS_INSUFFICIENT_RESOURCES", ""),
    lib.ERROR_OBJECT_ALREADY_EXISTS: (
        NeighborExistsError,
        errno.EEXIST,
        None,
        "the address already has a row there; set_neighbor() changes it, replace_neighbor() writes in any case",
    ),
}


def _meaning(code: int, *, interface_known: bool) -> _Meaning:
    if code == lib.ERROR_NOT_FOUND and not interface_known:
        return _MEANINGS[lib.ERROR_FILE_NOT_FOUND]
    if code & lib.NETIO_ERRNO:
        return NetioError, code & ~lib.NETIO_ERRNO, None, ""
    return _MEANINGS.get(code, (NetioError, errno.EIO, None, ""))


def _system_text(code: int) -> str:
    text = ffi.new("char[]", 512)
    lib.netio_message(code, text, 512)
    return ffi.string(text).decode("utf-8", "replace")


def failure(
    operation: str,
    code: int,
    subject: str = "",
    *,
    reason: str = "",
    interface_known: bool = False,
    row: Neighbor | None = None,
    position: int | None = None,
) -> NetioError:
    """Makes the error of a code that is not 0.

    Args:
        operation: Name of the Windows function.
        code: Its result.
        subject: What it was called for, as the message names it.
        reason: What to say instead of the table's text.
        interface_known: Whether 1168 speaks of a row, because the interface is known to exist.
        row: What was asked for.
        position: Its place in a bulk call.
    """
    kind, number, ntstatus, text = _meaning(code, interface_known=interface_known)
    called = " ".join(filter(None, (operation, subject)))
    message = reason or text or _system_text(code)
    error = kind(number, f"{called}: {message} (code {code})" if called else message)
    error.operation = operation
    error.code = code
    error.ntstatus = ntstatus
    error.row = row
    error.position = position
    return error


def check(operation: str, code: int, subject: str = "") -> None:
    """Raises what a result means for a call that is about no row; 0 is success."""
    if code != lib.NO_ERROR:
        raise failure(operation, code, subject)


def invalid(reason: str, operation: str = "") -> NetioError:
    """Makes the error of a value that is refused before the system is asked."""
    return failure(operation, lib.ERROR_INVALID_PARAMETER, reason=reason)
