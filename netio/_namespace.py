# SPDX-License-Identifier: MIT
"""Network namespaces of Linux: selects the one in which the functions of netio act."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from stat import S_ISREG

from netio._native import lib
from netio.errors import NetioError, failure, invalid

NamespaceLike = str | os.PathLike[str] | int

# Where ip-netns(8) mounts the namespaces that have a name.
_FOLDER = "/run/netns"

_OPERATION = "setns"


class Namespace:
    """The network namespace of a call. The last user of it closes its descriptor.

    Contexts are copied by tasks and by iterators, so the end of a `with` block is too early.
    """

    __slots__ = ("descriptor",)

    descriptor: int

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __del__(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)


_OWN = Namespace(lib.NETIO_OWN_NETNS)

_selected: ContextVar[Namespace] = ContextVar("netio.namespace")


def current_namespace() -> Namespace:
    """Returns the namespace of a call that begins. Its descriptor is valid as long as the caller holds the result."""
    return _selected.get(_OWN)


@contextmanager
def namespace(which: NamespaceLike) -> Iterator[None]:
    """Select the network namespace in which the functions of netio act inside the `with` block.

    >>> with netio.namespace("blue"):
    ...     netio.list_neighbors()
    <NeighborTable of 0 rows>

    Only sockets of netio are opened there: the calling thread stays in its own namespace, also if a call fails.
    The selection belongs to the context of the caller (contextvars): other threads and asyncio tasks are not affected.
    An iterator of resolve_neighbors() and a watch keep the namespace in which they were created: while one is open, the
    namespace and its interfaces stay in existence after `ip netns delete`.

    Entries, interfaces and LUIDs do not name their namespace, and two namespaces can have the same index: use them in
    the block that returned them.

    Args:
        which: A name of `ip netns`, which is a file in /run/netns; a path with a slash, such as `/proc/1234/ns/net` for
            the namespace of a process; or an open descriptor of such a file, which netio duplicates.

    Raises:
        AccessDeniedError: The process may not enter the namespace. It needs CAP_SYS_ADMIN, in the user namespaces of
            both network namespaces.
        InvalidParameterError: The file is not a network namespace, or which is empty or negative.
        NamespaceNotFoundError: There is no such name or file.
        NotSupportedError: The system has no network namespaces (Windows).
        TypeError: which has another type.

    Windows: has no equivalent. Linux: setns(2) around socket(2).
    """
    token = _selected.set(_open(which))
    try:
        yield
    finally:
        _selected.reset(token)


def list_namespaces() -> list[str]:
    """List the names of the network namespaces that `ip netns` created, sorted. A namespace need not have a name.

    Raises:
        NotSupportedError: The system has no network namespaces (Windows).

    >>> netio.list_namespaces()
    ['blue']

    Windows: has no equivalent. Linux: the files in /run/netns.
    """
    _check_supported()
    try:
        return sorted(os.listdir(_FOLDER))  # noqa: PTH208
    except FileNotFoundError:  # ip-netns(8) creates the folder with the first namespace
        return []


def _open(which: NamespaceLike) -> Namespace:
    _check_supported()
    if isinstance(which, bool) or not isinstance(which, (str, os.PathLike, int)):
        raise TypeError(f"a namespace must be a name, a path or a descriptor, not {type(which).__name__}")
    subject = f"descriptor {which}" if isinstance(which, int) else os.fspath(which)
    opened = _duplicate(which) if isinstance(which, int) else _open_file(subject)
    code = lib.netio_netns_check(opened.descriptor)
    if code != lib.NO_ERROR:
        raise _failure(code, subject)
    return opened


def _check_supported() -> None:
    if not lib.NETIO_HAS_NAMESPACES:
        raise failure(_OPERATION, lib.ERROR_NOT_SUPPORTED, reason="this system has no network namespaces")


def _duplicate(descriptor: int) -> Namespace:
    try:
        return Namespace(os.dup(descriptor))
    except (OSError, OverflowError):
        raise invalid(f"{descriptor} is not an open descriptor", _OPERATION) from None


def _open_file(which: str) -> Namespace:
    if not which or "\0" in which or which in (".", ".."):
        raise invalid(f"invalid network namespace {which!r}; use a name of `ip netns`, or a path", _OPERATION)
    path = which if "/" in which else f"{_FOLDER}/{which}"
    try:
        if S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - opening a pipe would wait for its writer
            return Namespace(os.open(path, os.O_RDONLY))
        code = lib.ERROR_INVALID_PARAMETER
    except (FileNotFoundError, NotADirectoryError):
        code = lib.ERROR_PATH_NOT_FOUND
    except PermissionError:
        code = lib.ERROR_ACCESS_DENIED
    except OSError as error:  # for example a symbolic link to itself, or a name that is too long
        code = lib.NETIO_ERRNO | (error.errno or 0)
    raise _failure(code, which)


def _failure(code: int, subject: str) -> NetioError:
    reasons = {
        lib.ERROR_INVALID_PARAMETER: "the file is not a network namespace",
        lib.ERROR_ACCESS_DENIED: "entering it needs CAP_SYS_ADMIN; run as root",
    }
    return failure(_OPERATION, code, subject, reason=reasons.get(code, ""))
