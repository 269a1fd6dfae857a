# SPDX-License-Identifier: MIT
"""Resolves addresses: drives the window of pending probes by a resolver of the backend.

The steps are the same for a caller that blocks and for an event loop (`netio/aio.py`). They differ in the wait.
"""

from __future__ import annotations

from time import monotonic

from netio._codec import ROW_SIZE, interface_keys, pack_address, unpack
from netio._failures import RESOLVE, entry_error, error_context
from netio._interfaces import InterfaceCache, Refusal, pack_entries, scope_contradiction
from netio._namespace import current_namespace
from netio._native import ffi, lib
from netio._types import (
    UNKNOWN_LUID,
    Address,
    Interface,
    Neighbor,
    PhysicalAddress,
    given_interface,
    identify,
    plain_address,
)
from netio._window import Window
from netio.errors import InvalidParameterError, NetioError, check, failure, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from ipaddress import IPv4Address, IPv6Address

    from netio._namespace import Namespace
    from netio._native import CData
    from netio._types import InterfaceLike

    Answer = tuple[Address, Neighbor | NetioError]

# The longest time that the kernel takes from a STALE entry to its result, and a margin.
_RESOLVE_SECONDS = 15.0

# The slice of a wait in a thread.
_WAIT_MS = 50

# The longest timeout; an int may be larger than a float can be.
_MAX_TIMEOUT = 1e9
_INFINITY = float("inf")

# Addresses in one submit and one wait: 1 to 2 ms of work, after which Python handles a Ctrl-C and yields results, and
# an event loop runs other tasks.
CHUNK = 64


class Probe:
    """One address, from when it is taken until it is answered. It is packed as an entry without physical address."""

    __slots__ = ("address", "interface", "interface_index", "interface_luid", "native", "position", "refusal")

    physical_address = PhysicalAddress()
    native: CData  # the row that was submitted, and the array that owns it
    refusal: Refusal | None

    def __init__(self, position: int, address: IPv4Address | IPv6Address, interface: tuple[str, int, int]) -> None:
        self.position = position
        self.address = address
        self.interface, self.interface_index, self.interface_luid = interface

    def failed(self, code: int, netns: Namespace, source: IPv4Address | IPv6Address | None) -> NetioError:
        interface = self.interface, self.interface_index, self.interface_luid
        entry = Neighbor(self.address, interface=Interface(*interface) if any(interface) else "")
        error = entry_error(RESOLVE, code, self.native[0], entry, self.refusal, netns, source)
        error.position = self.position
        return error


class Resolving:
    """Resolves addresses in a sliding window of max_in_flight and yields results as they complete. Iterate it once."""

    def __init__(
        self,
        addresses: Iterable[Address],
        *,
        interface: InterfaceLike | None,
        source: Address | None,
        timeout: float | None,
        keep: bool,
        max_in_flight: int,
    ) -> None:
        if isinstance(addresses, (str, bytes)):
            raise TypeError(f"addresses must be an iterable of addresses, not {type(addresses).__name__}")
        with error_context(RESOLVE):
            self._interface = identify(given_interface(interface))
            self._source = None if source is None else plain_address(source)
            seconds = checked_timeout(timeout)
            self._window = Window[Probe](_checked_limit(max_in_flight), seconds, _RESOLVE_SECONDS)
            self._keep = _checked_keep(keep)
        self._addresses = enumerate(addresses)
        self._is_exhausted = False
        self._owner: CData = None
        self._netns = current_namespace()
        self._lib = lib  # FakeTable replaces it, but a resolver belongs to the backend that opened it

    def __iter__(self) -> Iterator[Answer]:
        """Yields results as they complete, and blocks in between."""
        for step in self.steps(block=True):
            if not isinstance(step, float):
                yield step

    def steps(self, *, block: bool) -> Generator[Answer | float, None, None]:
        """Yields results as they complete.

        Unless it blocks, it yields a number of seconds after at most CHUNK addresses and results. The caller then waits
        until the descriptor is readable, for this time at most, before the next step.
        """
        # The attribute owns the resolver before the call, since a signal handler can raise right after it.
        self._owner = ffi.gc(ffi.new("netio_resolver **"), self._lib.netio_resolver_release)
        try:
            resolver = self._open(self._owner)
            while True:
                yield from self._add_addresses()
                if self._is_finished():
                    return
                cache = InterfaceCache(self._netns)
                self._submit(resolver, cache)
                now = monotonic()
                seconds = 0.0 if self._can_continue() else self._window.next_due(now)
                if not block:
                    yield min(seconds, self._due(resolver))
                    seconds = 0.0
                yield from self._collect(resolver, cache, now, seconds)
        finally:
            # Closes the resolver, or leaves that to the thread of an event loop that still waits for it.
            self._owner = None

    def fileno(self) -> int:
        """Returns the descriptor to wait for during the steps; -1 if the backend has none (Windows)."""
        return self._lib.netio_resolver_fd(self._owner[0])

    def waiter(self) -> Callable[[], bool]:
        """Makes a function for a thread, if there is no descriptor. It waits for at most 50 ms on Windows.

        The function returns whether a step has work. It owns the resolver, which outlives the steps if necessary.
        """
        owner, count = self._owner, ffi.new("size_t *")

        def wait() -> bool:
            if self._lib.netio_resolver_due(owner[0]) != 0:
                self._lib.netio_resolver_wait(owner[0], _WAIT_MS, ffi.NULL, ffi.NULL, ffi.NULL, count)
            return self._lib.netio_resolver_due(owner[0]) == 0

        return wait

    def _due(self, resolver: CData) -> float:
        """Returns the seconds until the resolver has work that its descriptor does not announce; infinity if never."""
        due = self._lib.netio_resolver_due(resolver)
        return _INFINITY if due == lib.NETIO_NEVER else due / 1000

    def _open(self, owner: CData) -> CData:
        code = self._lib.netio_resolver_open(self._netns.descriptor, self._keep, owner)
        if self._keep and code == lib.ERROR_NOT_SUPPORTED:
            raise failure(RESOLVE, code, reason="keep is true, but this system removes an existing entry to resolve it")
        check(RESOLVE, code)
        return owner[0]

    def _add_addresses(self) -> Iterator[Answer]:
        """Takes as many addresses from the caller as there are slots for, and yields the invalid ones."""
        for _ in range(self._window.room(CHUNK)):
            position, given = next(self._addresses, (-1, ""))
            if position < 0:
                self._is_exhausted = True
                return
            try:
                address = plain_address(given)
            except InvalidParameterError as error:
                error.operation, error.position = RESOLVE, position
                yield given, error
            else:
                self._window.add(Probe(position, address, self._interface))

    def _is_finished(self) -> bool:
        return self._is_exhausted and self._window.is_idle

    def _can_continue(self) -> bool:
        """Returns whether more addresses can be submitted at once."""
        return not self._is_exhausted and self._window.room(CHUNK) > 0

    def _submit(self, resolver: CData, cache: InterfaceCache) -> None:
        """Submits the addresses for which there are slots."""
        probes = self._window.take()
        if not probes:
            return
        native, refused = pack_entries(probes, cache)
        self._refuse_source(native, len(probes), refused, cache)
        for place, probe in enumerate(probes):
            probe.native, probe.refusal = (native + place, native), refused.get(place)
        first_tag = self._window.submitted(probes, monotonic())
        source = ffi.NULL if self._source is None else pack_address(self._source)
        check(RESOLVE, self._lib.netio_resolver_submit(resolver, native, len(probes), source, first_tag))

    def _refuse_source(self, native: CData, count: int, refused: dict[int, Refusal], cache: InterfaceCache) -> None:
        """Refuses rows whose interface is not the one that the scope of the source names."""
        if self._source is None or self._source.version == 4 or self._source.scope_id is None:
            return
        for place in range(count):
            row = native[place]
            interface = cache.find(luid=row.InterfaceLuid.Value, index=row.InterfaceIndex)
            reason = scope_contradiction(self._source, interface, cache)
            if reason:
                refused[place] = Refusal(lib.ERROR_INVALID_PARAMETER, reason)
                row.InterfaceLuid.Value = UNKNOWN_LUID

    def _collect(self, resolver: CData, cache: InterfaceCache, now: float, seconds: float) -> Iterator[Answer]:
        """Waits for results, for a second at most, and yields them, and the probes that had timed out before."""
        tags, rows = ffi.new("size_t[]", CHUNK), ffi.new("MIB_IPNET_ROW2[]", CHUNK)
        codes, room = ffi.new("DWORD[]", CHUNK), ffi.new("size_t *", CHUNK)
        result = self._lib.netio_resolver_wait(resolver, milliseconds(seconds), tags, rows, codes, room)
        if result == lib.NO_ERROR:
            count = room[0]
            entries = unpack_results(rows, count, cache)
            yield from self._answer(zip(ffi.unpack(tags, count), ffi.unpack(codes, count), entries, strict=True))
        elif result != lib.WAIT_TIMEOUT:
            for probe in self._window.abandon():
                yield probe.address, probe.failed(result, self._netns, self._source)
        for probe in self._window.expired(now):
            yield probe.address, probe.failed(lib.ERROR_BAD_NET_NAME, self._netns, self._source)

    def _answer(self, results: Iterable[tuple[int, int, Neighbor]]) -> Iterator[Answer]:
        for tag, code, entry in results:
            probe = self._window.answered(tag, table_full=code == lib.ERROR_NO_SYSTEM_RESOURCES)
            if probe is not None:
                yield probe.address, entry if code == lib.NO_ERROR else probe.failed(code, self._netns, self._source)


def unpack_results(rows: CData, count: int, cache: InterfaceCache) -> Iterator[Neighbor]:
    """Decodes rows of which each has at least its key."""
    _, indexes = interface_keys(rows)
    names = cache.names(set(indexes[:count]) - {0})
    return unpack(memoryview(ffi.buffer(rows))[: count * ROW_SIZE], {0: ("", "0"), **names})


def milliseconds(seconds: float) -> int:
    """Rounds up, so that a wait does not end before the time, and limits to a second."""
    return -int(-min(seconds, 1.0) * 1000 // 1)


def _checked_keep(keep: bool) -> bool:
    if not isinstance(keep, bool):
        raise TypeError(f"keep must be a bool, not {type(keep).__name__}")
    return keep


def _checked_limit(max_in_flight: int) -> int:
    if isinstance(max_in_flight, bool) or not isinstance(max_in_flight, int):
        raise TypeError(f"max_in_flight must be an int, not {type(max_in_flight).__name__}")
    if max_in_flight < 1:
        raise invalid(f"max_in_flight is {max_in_flight}; it must be at least 1")
    return max_in_flight


def checked_timeout(timeout: float | None) -> float:
    if timeout is None:
        return _RESOLVE_SECONDS
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"timeout must be a number of seconds or None, not {type(timeout).__name__}")
    if not 0 <= timeout < _INFINITY:
        raise invalid(f"timeout is {timeout}; it must be a finite number of seconds, 0 or more")
    return min(timeout, _MAX_TIMEOUT)
