# SPDX-License-Identifier: MIT
"""Watches the table: drives a watch of the backend, and waits in Python for its descriptor."""

from __future__ import annotations

import os
import sys
from _thread import RLock
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from netio._codec import unpack_changes
from netio._failures import LIST, error_context
from netio._interfaces import names_of, selected_interface
from netio._namespace import Namespace, current_namespace
from netio._native import ffi, lib
from netio._table import NeighborTable, adopt
from netio._types import InterfaceLike, NeighborChange, whole_number
from netio._verbs import family_number, luid_or_null
from netio.errors import check, failure, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Generic, Self, TypeVar

    from netio._event_loop import Wait
    from netio._native import CData

    Change = TypeVar("Change")
    Table = TypeVar("Table", covariant=True)
    AnyWatch = TypeVar("AnyWatch", bound="Watch[Any, Any]")
else:
    from netio._sequence import Generic

    Change = Table = AnyWatch = None

# Changes in one call of C: at most 2 ms of decoding.
ROOM = lib.NETIO_WATCH_ROOM

# The longest time for which a system without a descriptor sleeps: Windows cannot interrupt it.
_SLICE = 0.05

# The longest time that poll() accepts, in seconds; read() then waits again.
_LONGEST_POLL = 2_000_000.0

# The longest interval, and the largest buffer that a system accepts.
_MAX_INTERVAL = 1e9
_MAX_BUFFER = 2**31 - 1


class _Names(dict[int, tuple[str, str]]):
    """Name and IPv6 scope of each interface that a watch reported, until one of them is renamed."""

    def __init__(self, watch: CData) -> None:
        self._watch = watch
        self._version = lib.netio_watch_names(watch)

    def refresh(self) -> None:
        version = lib.netio_watch_names(self._watch)
        if version != self._version:
            self._version = version
            self.clear()

    def __missing__(self, index: int) -> tuple[str, str]:
        found = ffi.new("netio_interface *", {"index": index})
        check(LIST, lib.netio_watch_interface(self._watch, found))
        self[index] = names = names_of(found)
        return names


class Watch(Generic[Change, Table]):
    """The part of a watch that does not depend on the type of its changes.

    A subclass calls the functions of the backend that open the watch, read and decode changes, and copy the table.
    """

    if TYPE_CHECKING:

        def _open_native(self, netns: int, family: int, interface: CData, receive_buffer: int, *, initial: bool) -> int:
            """Opens the watch of the backend in self._owner."""

        def _read_native(self) -> int:
            """Reads changes into the memory of the watch, and their number into self._count."""

        def _decode(self, count: int) -> list[Change]: ...
        def _copy(self) -> Table: ...

    _name: ClassVar[str]

    def __init__(self) -> None:
        raise TypeError(f"a {type(self).__name__} cannot be created directly; watch_neighbors() returns one")

    def _open(
        self, family: int, interface: InterfaceLike | None, receive_buffer: int, poll_interval: float, *, initial: bool
    ) -> None:
        netns = current_namespace()
        self._netns: Namespace | None = netns
        self._process = os.getpid()
        self._lock = RLock()  # a signal handler may close the watch that it interrupts
        self._users = 0  # threads that read or wait
        self._is_closed = False
        self._ready: deque[Change] = deque()
        self._task: Wait | None = None  # the task that awaits changes
        self._interval, self._next_poll = poll_interval, 0.0
        # The variable owns the watch before the call, since a signal handler can raise right after it.
        self._owner = ffi.gc(ffi.new("netio_watch **"), lib.netio_watch_release)
        with error_context(LIST):
            number = family_number(family)
            luid, self._subject = selected_interface(interface, None, netns)
        descriptor, only = netns.descriptor, luid_or_null(luid)
        code = self._open_native(descriptor, number, only, receive_buffer, initial=initial)
        check(LIST, code, self._subject)
        self._watch = self._owner[0]
        self._descriptor = lib.netio_watch_fd(self._watch)
        self._names = _Names(self._watch)
        # Changes that were read and not decoded yet are kept here, also if a signal handler raises in between.
        self._count = ffi.new("size_t *")
        self._changes, self._rows = ffi.new("netio_change[]", ROOM), ffi.new("MIB_IPNET_ROW2[]", 2 * ROOM)

    @contextmanager
    def _used(self) -> Iterator[None]:
        """Keeps the watch of the backend open inside the block. It is closed by the last user."""
        self._check_process()
        with self._lock:
            if self._is_closed:
                raise ValueError("the watch is closed")
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                self._release_unused()

    def _check_process(self) -> None:
        if self._process != os.getpid():
            raise ValueError("the watch was opened by another process; open one in each process")

    def _release_unused(self) -> None:
        if self._is_closed and self._users == 0:
            ffi.release(self._owner)
            self._netns = None  # whose descriptor keeps the namespace in existence

    def read(self, timeout: float | None = None) -> list[Change]:
        """Wait for changes and return them in the order of the system, at least one; [] if the time is over.

        Args:
            timeout: Seconds; None waits without limit. 0 returns after 1 ms of work; if it is not complete, the
                descriptor stays readable.

        Raises:
            InterfaceNotFoundError: The watched interface was removed, and all changes were returned.
            InvalidParameterError: The timeout is negative or not a number.
            NetioError: The system reports an error. The next call continues.
            TypeError: The timeout has another type.
            ValueError: The watch is closed, or was opened by another process.
        """
        end = _end_of(timeout)
        with self._used():
            while not self._fetch():
                left = None if end is None else end - monotonic()
                if left is not None and left <= 0:
                    return []
                self._wait(left)
                if self._is_closed:
                    raise ValueError("the watch was closed")
            changes = []
            while self._ready:
                changes.append(self._ready.popleft())
            return changes

    def _fetch(self) -> bool:
        """Reads and decodes changes, for about 1 ms and without waiting. Returns whether there are some."""
        with self._lock:
            if self._is_closed:  # a read of the backend would undo the wake of close()
                raise ValueError("the watch was closed")
            if self._ready:
                return True
            if self._count[0] == 0 and not self._is_early():
                code = self._read_native()
                if code == lib.WAIT_TIMEOUT:
                    self._next_poll = monotonic() + self._interval
                elif code != lib.NO_ERROR:
                    raise self._error(code)
            count: int = self._count[0]
            if count > 0:
                self._names.refresh()
                self._ready.extend(self._decode(count))
                self._count[0] = 0
            return count > 0

    def _is_early(self) -> bool:
        return self._descriptor < 0 and monotonic() < self._next_poll

    def _error(self, code: int) -> Exception:
        reason = "it was removed" if code == lib.ERROR_FILE_NOT_FOUND else ""
        return failure(LIST, code, self._subject, reason=reason)

    def _wait(self, seconds: float | None) -> None:
        """Waits until there is work, until the watch is closed, or until the time is over."""
        if self._descriptor < 0:
            left = self._next_poll - monotonic()
            sleep(max(0.0, min(left, _SLICE, left if seconds is None else seconds)))
            return
        if sys.platform != "win32":  # which has neither a descriptor nor poll()
            from select import POLLIN, poll

            poller = poll()
            poller.register(self._descriptor, POLLIN)
            poller.poll(None if seconds is None else min(seconds, _LONGEST_POLL) * 1000)

    def table(self) -> Table:
        """Return the entries as reported so far. It sends no request to the system.

        An iteration reads ahead by at most a hundred changes, which the table has already.

        Raises:
            NetioError: The system reports an error.
            ValueError: The watch is closed, or was opened by another process.
        """
        with self._used(), self._lock:
            return self._copy()

    def fileno(self) -> int:
        """Return a descriptor for event loops, which is readable while read(0) has work; -1 on Windows, which has none.

        Raises:
            ValueError: The watch is closed.
        """
        if self._is_closed:
            raise ValueError("the watch is closed")
        return self._descriptor

    def close(self) -> None:
        """Close the watch, from any thread. Iterations end; a read() that waits raises ValueError. Idempotent."""
        if self._process != os.getpid():  # the descriptors are shared with the parent, whose watch must not wake
            return
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                if self._users > 0:
                    lib.netio_watch_wake(self._watch)
            self._release_unused()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Change:
        while True:
            change = self._next_ready()
            if change is not None:
                return change
            try:
                with self._used():
                    if not self._fetch():
                        self._wait(None)
            except ValueError:
                if self._is_closed:
                    raise StopIteration from None
                raise

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change:
        from asyncio import sleep as pause

        while True:
            change = self._next_ready()
            if change is not None:
                return change
            try:
                with self._used():
                    if self._fetch():
                        await pause(0)  # for the other tasks, also if changes never end
                    else:
                        await self._wait_for_event_loop()
            except ValueError:
                if self._is_closed:
                    raise StopAsyncIteration from None
                raise

    async def _wait_for_event_loop(self) -> None:
        """Waits as _wait(), in a task; one at a time, since an event loop has one callback for a descriptor."""
        from asyncio import sleep as pause

        from netio._event_loop import Wait

        if self._descriptor < 0:
            await pause(min(_SLICE, max(0.0, self._next_poll - monotonic())))
            return
        if self._task is None:
            self._task = Wait()
        self._task.check_free()
        await self._task.until_readable(self._descriptor)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def _next_ready(self) -> Change | None:
        try:
            return self._ready.popleft()
        except IndexError:
            return None

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else "open"
        return f"<{self._name} of {self._subject or 'all interfaces'}, {state}>"


class NeighborWatch(Watch["NeighborChange", "NeighborTable"]):
    """The changes of the neighbour table, returned by watch_neighbors().

    It is an iterator and an asynchronous iterator of NeighborChange, and a context manager that closes it. It ends
    when it is closed.

    Several threads may use it; each change is returned once. After a fork it belongs to the parent process.

    Windows: has no equivalent.
    """

    _name = "netio.NeighborWatch"

    def _open_native(self, netns: int, family: int, interface: CData, receive_buffer: int, *, initial: bool) -> int:
        return lib.netio_watch_open(netns, family, interface, initial, receive_buffer, self._owner)

    def _read_native(self) -> int:
        return lib.netio_watch_read(self._watch, ROOM, self._changes, self._rows, self._count)

    def _decode(self, count: int) -> list[NeighborChange]:
        return list(unpack_changes(ffi.buffer(self._changes), ffi.buffer(self._rows), count, self._names))

    def _copy(self) -> NeighborTable:
        table = ffi.gc(ffi.new("MIB_IPNET_TABLE2 **"), lib.netio_release)
        interfaces, count = ffi.gc(ffi.new("netio_interface **"), lib.netio_release), ffi.new("size_t *")
        check(LIST, lib.netio_watch_table(self._watch, table, interfaces, count), self._subject)
        return adopt(table, {native.index: names_of(native) for native in interfaces[0][0 : count[0]]})


def watch_neighbors(
    family: int = lib.AF_UNSPEC,
    *,
    interface: InterfaceLike | None = None,
    initial: bool = False,
    receive_buffer: int | None = None,
    poll_interval: float = 1.0,
) -> NeighborWatch:
    """Watch the neighbour table: return an iterator of its changes from now on.

    >>> with netio.watch_neighbors(interface="eth0") as watch:
    ...     netio.create_neighbor("192.0.2.70", "02:00:5e:00:00:70", interface="eth0")
    ...     [(change.kind.name, str(change.neighbor.address)) for change in watch.read(timeout=1)]
    [('ADDED', '192.0.2.70')]

    Linux: the watch reports each change that the kernel announces, once and in the kernel's order, with its physical
    address, router flag and state. If changes arrive faster than the program reads them, notifications are lost: the
    watch then reports RESYNC and the differences to the table, so that it ends equal to the table again. The kernel
    does not announce new entries in the states INCOMPLETE and NOARP, and changes to DELAY or INCOMPLETE. A notification
    without a change is not reported. A deletion is one REMOVED.

    ADDED does not mean that a host appeared: the first notification about a silent host is ADDED with an unreachable
    entry. REMOVED does not mean that it left: the system removes entries also if it collects old ones, if an interface
    is disabled, and during resolve_neighbor().

    An interface is looked up once and then followed, also if it is renamed. The watch keeps the network namespace in
    which it was created, and that keeps the namespace and its interfaces in existence after `ip netns delete`.

    Args:
        family: socket.AF_INET, socket.AF_INET6, or AF_UNSPEC (0) for both.
        interface: Name, index or Interface; None for every interface. If it is removed, the iterator raises
            InterfaceNotFoundError after the changes of its entries.
        initial: Report the present entries first, as ADDED.
        receive_buffer: Bytes for notifications that wait. The kernel doubles the number and limits it for unprivileged
            callers (net.core.rmem_max). None: 16 MiB, which holds 40,000 notifications and takes memory only as they
            wait.
        poll_interval: Seconds between two looks at the table on Windows, which announces no changes.

    Raises:
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: The family is another one, or a number is out of range.
        NetioError: The system reports an error.
        NotSupportedError: The system has no stack for the family.
        TypeError: An argument has another type.

    Windows: GetIpNetTable2 at an interval. Linux: the group RTNLGRP_NEIGH, and a dump by RTM_GETNEIGH at the start and
    after a loss.
    """
    return open_watch(NeighborWatch, family, interface, receive_buffer, poll_interval, initial=initial)


def open_watch(
    kind: type[AnyWatch],
    family: int,
    interface: InterfaceLike | None,
    receive_buffer: int | None,
    poll_interval: float = 1.0,
    *,
    initial: bool,
) -> AnyWatch:
    """Opens a watch of that kind, with the arguments of watch_neighbors()."""
    with error_context(LIST):
        buffer = _checked_buffer(receive_buffer)
        interval = _checked_seconds("poll_interval", poll_interval)
        if interval == 0:
            raise invalid("poll_interval is 0; it must be a positive number of seconds")
    if not isinstance(initial, bool):
        raise TypeError(f"initial must be a bool, not {type(initial).__name__}")
    watch = object.__new__(kind)
    watch._open(family, interface, buffer, min(interval, _MAX_INTERVAL), initial=initial)
    return watch


def _checked_buffer(receive_buffer: int | None) -> int:
    if receive_buffer is None:
        return 0
    if not 1 <= whole_number("receive_buffer", receive_buffer) <= _MAX_BUFFER:
        raise invalid(f"receive_buffer {receive_buffer} is not between 1 and {_MAX_BUFFER} bytes")
    return receive_buffer


def _end_of(timeout: float | None) -> float | None:
    if timeout is None:
        return None
    with error_context(LIST):
        return monotonic() + _checked_seconds("timeout", timeout)


def _checked_seconds(name: str, seconds: float) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, not {type(seconds).__name__}")
    if not seconds >= 0:
        raise invalid(f"{name} is {seconds}; it must be a number of seconds, 0 or more")
    return min(seconds, _MAX_INTERVAL)
