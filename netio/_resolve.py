# SPDX-License-Identifier: MIT
"""Asking the link for addresses: which are asked for next, who is answered, whose time is over."""

from __future__ import annotations

from time import monotonic

from netio._codec import INDEX_OFFSET, ROW_SIZE, blank_row, contradiction, pack, pack_address, unpack
from netio._interfaces import UNKNOWN_LUID, Links, identify
from netio._native import ffi, lib
from netio._requests import RESOLVE, failure_of, naming, row_interface
from netio._types import Neighbor, plain_address
from netio.errors import InvalidParameterError, NetioError, check, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from ipaddress import IPv4Address, IPv6Address

    from netio._codec import Refusal
    from netio._interfaces import Interface
    from netio._native import CData

    Address = str | IPv4Address | IPv6Address
    Answer = tuple[Address, Neighbor | NetioError]

# The longest that the kernel takes from a stale row to its last word, and a margin.
_RESOLVE_SECONDS = 15.0

# More seconds than anybody waits; an int may be larger than a float can be.
_FOREVER = 1e9
_INFINITY = float("inf")

# Addresses that go down in one call of C, and answers that come up: one or two milliseconds of work, after which
# Python sees a Ctrl-C and the caller an answer.
_CHUNK = 64


class _Query:
    """One address on its way."""

    __slots__ = ("address", "asked_at", "freed", "native", "position", "refusal", "row")

    native: CData  # the row that it was submitted as, and whose memory that is
    refusal: Refusal | None
    asked_at: float
    freed: int  # how many places had become free by then

    def __init__(self, position: int, address: Address, row: Neighbor) -> None:
        self.position = position
        self.address = address
        self.row = row

    def failed(self, code: int, source: IPv4Address | IPv6Address | None) -> Answer:
        error = failure_of(RESOLVE, code, self.native[0], self.row, self.refusal, source)
        error.position = self.position
        return self.address, error


class Resolving:
    """The addresses of one call, of which some are in flight at a time; iterated once, it gives the answers.

    An address whose time is over is answered, but keeps its place until the system has given it up: it is still being
    asked for, and the limit is there to spare the system.
    """

    def __init__(
        self,
        addresses: Iterable[Address],
        *,
        interface: str | int | Interface | None,
        source: Address | None,
        timeout: float | None,
        max_in_flight: int,
    ) -> None:
        if isinstance(addresses, (str, bytes)):
            raise TypeError(f"addresses must be an iterable of addresses, not {type(addresses).__name__}")
        with naming(RESOLVE):
            self._interface = ("", 0, 0) if interface is None else identify(row_interface(interface))
            self._source = None if source is None else plain_address(source)
            self._timeout = _seconds(timeout)
            self._limit = _places(max_in_flight)
        self._addresses = enumerate(addresses)
        self._queue: list[_Query] = []  # taken, and to be submitted as soon as there is a place
        self._asked: dict[int, _Query] = {}  # in flight, by tag, oldest first
        self._late: dict[int, float] = {}  # in flight though answered, by tag: when they were asked for
        self._places = self._limit  # while the table is full there are fewer than the limit
        self._freed = 0  # how many places have become free since the beginning
        self._tag = 0

    def __iter__(self) -> Iterator[Answer]:
        out = ffi.new("netio_resolver **")
        check(RESOLVE, lib.netio_resolver_open(out))
        resolver = ffi.gc(out[0], lib.netio_resolver_close)
        try:
            while True:
                yield from self._take()
                if not self._queue and not self._asked:
                    return
                links = Links()
                more = self._submit(resolver, links)
                yield from self._wait(resolver, 0 if more else self._next_due(), links)
        finally:
            ffi.release(resolver)

    def _free(self) -> int:
        return self._places - len(self._asked) - len(self._late)

    def _take(self) -> Iterator[Answer]:
        """Takes as many addresses as there are places for, and answers those that are none.

        Where nothing else is left to be answered one is taken in any case: perhaps there is none.
        """
        least = 0 if self._asked else 1
        wanted = min(max(self._free(), least), _CHUNK)
        while len(self._queue) < wanted:
            position, given = next(self._addresses, (-1, ""))
            if position < 0:
                return
            try:
                address = plain_address(given)
            except InvalidParameterError as error:
                error.operation, error.position = RESOLVE, position
                yield given, error
            else:
                self._queue.append(_Query(position, address, blank_row(address, *self._interface)))

    def _submit(self, resolver: CData, links: Links) -> bool:
        """Hands the queue down, as far as there are places; tells whether there may be more to hand down at once."""
        count = min(self._free(), len(self._queue))
        if count <= 0:
            return False
        batch, self._queue = self._queue[:count], self._queue[count:]
        native, refused = pack([query.row for query in batch], links)
        self._refuse_source(native, count, refused, links)
        now = monotonic()
        for place, query in enumerate(batch):
            query.native, query.refusal = (native + place, native), refused.get(place)
            query.asked_at, query.freed = now, self._freed
            self._asked[self._tag + place] = query
        source = ffi.NULL if self._source is None else pack_address(self._source)
        check(RESOLVE, lib.netio_resolver_submit(resolver, native, count, source, self._tag))
        self._tag += count
        return count == _CHUNK and self._free() > 0

    def _refuse_source(self, native: CData, count: int, refused: dict[int, Refusal], links: Links) -> None:
        """Refuses the rows on another interface than the one that the scope of the source names, as pack() would."""
        if self._source is None or self._source.version == 4 or self._source.scope_id is None:
            return
        for place in range(count):
            row = native[place]
            link = links.find(luid=row.InterfaceLuid.Value, index=row.InterfaceIndex)
            reason = contradiction(self._source, link, links)
            if reason:
                refused[place] = lib.ERROR_INVALID_PARAMETER, reason
                row.InterfaceLuid.Value = UNKNOWN_LUID

    def _next_due(self) -> float:
        """How many seconds may pass before somebody's time is over."""
        due = [query.asked_at + self._timeout for query in self._asked.values()][:1]
        due += [asked_at + _RESOLVE_SECONDS for asked_at in self._late.values()][:1]
        return max(0.0, min(due) - monotonic())

    def _wait(self, resolver: CData, seconds: float, links: Links) -> Iterator[Answer]:
        """Waits a little, and yields the answers that are there, and then those whose time is over."""
        tags, rows = ffi.new("size_t[]", _CHUNK), ffi.new("MIB_IPNET_ROW2[]", _CHUNK)
        codes, room = ffi.new("DWORD[]", _CHUNK), ffi.new("size_t *", _CHUNK)
        now = monotonic()
        result = lib.netio_resolver_wait(resolver, _milliseconds(seconds), tags, rows, codes, room)
        if result == lib.NO_ERROR:
            count = room[0]
            answers = zip(ffi.unpack(tags, count), ffi.unpack(codes, count), _read(rows, count, links), strict=True)
            yield from self._answer(answers)
        elif result != lib.WAIT_TIMEOUT:
            yield from self._give_up(result)
        yield from self._expire(now)

    def _answer(self, answers: Iterable[tuple[int, int, Neighbor]]) -> Iterator[Answer]:
        for tag, code, row in answers:
            self._late.pop(tag, None)
            query = self._asked.pop(tag, None)
            if code == lib.ERROR_NO_SYSTEM_RESOURCES:
                in_flight = len(self._asked) + len(self._late)
                self._places = max(in_flight, 1)
                if query is not None and (in_flight or query.freed != self._freed):
                    self._queue.append(query)  # one of the others makes room for it, or has made it meanwhile
                    continue
            else:
                self._freed += 1
                self._places = min(self._places + 1, self._limit)
            if query is not None:
                yield (query.address, row) if code == lib.NO_ERROR else query.failed(code, self._source)

    def _expire(self, now: float) -> Iterator[Answer]:
        for tag, query in list(self._asked.items()):
            if now < query.asked_at + self._timeout:
                break
            self._late[tag] = query.asked_at
            yield self._asked.pop(tag).failed(lib.ERROR_BAD_NET_NAME, self._source)
        for tag, asked_at in list(self._late.items()):
            if now < asked_at + _RESOLVE_SECONDS:
                break
            del self._late[tag]

    def _give_up(self, code: int) -> Iterator[Answer]:
        """Answers all that are in flight by what the session itself came to."""
        while self._asked:
            _, query = self._asked.popitem()
            yield query.failed(code, self._source)


def _read(rows: CData, count: int, links: Links) -> Iterator[Neighbor]:
    """Reads the rows of answers, those of failures too, which are no more than their key."""
    view = memoryview(ffi.buffer(rows))[: count * ROW_SIZE]
    names = links.names(set(view.cast("I")[INDEX_OFFSET // 4 :: ROW_SIZE // 4]) - {0})
    return unpack(view, {0: ("", "0"), **names})


def _milliseconds(seconds: float) -> int:
    """Rounded up, so that nobody is woken before the time; a second at most."""
    return -int(-min(seconds, 1.0) * 1000 // 1)


def _places(max_in_flight: int) -> int:
    if isinstance(max_in_flight, bool) or not isinstance(max_in_flight, int):
        raise TypeError(f"max_in_flight must be an int, not {type(max_in_flight).__name__}")
    if max_in_flight < 1:
        raise invalid(f"max_in_flight {max_in_flight} is not 1 or more")
    return max_in_flight


def _seconds(timeout: float | None) -> float:
    if timeout is None:
        return _RESOLVE_SECONDS
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"timeout must be a number of seconds or None, not {type(timeout).__name__}")
    if not 0 <= timeout < _INFINITY:
        raise invalid(f"timeout {timeout} is not a finite number of seconds, 0 or more")
    return min(timeout, _FOREVER)
