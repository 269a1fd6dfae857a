# SPDX-License-Identifier: MIT
"""Sweeps addresses: drives the probes that a backend sends by itself, without the kernel's table."""

from __future__ import annotations

import errno
from ipaddress import IPv4Address, IPv6Address
from operator import itemgetter

from netio._codec import pack_address, unpack_address
from netio._failures import RESOLVE, error_context
from netio._interfaces import InterfaceCache, Refusal, check_on_links, interface_addresses, pack_entries
from netio._namespace import current_namespace
from netio._native import ffi, lib
from netio._resolve import CHUNK, Probe, checked_timeout, unpack_results
from netio._types import SweepReply, given_interface, identify, plain_address
from netio.errors import InvalidParameterError, Reason, failure, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from netio._native import CData
    from netio._types import Address, InterfaceLike
    from netio.errors import NetioError

    Source = IPv4Address | IPv6Address

# NetioError.operation of the sockets, after packet(7): Windows has no function for a sweep.
_OPERATION = "packet"

_ALL_NODES = IPv6Address("ff02::1")
_UNSPECIFIED = IPv4Address(0)
_LINK_LOCAL_BITS, _LINK_LOCAL = 118, 0xFE80 >> 6

# The longest timeout, rate and number of retries: those of a DWORD, and what 16 bits hold.
_MAX_TIMEOUT, _MAX_RATE, _MAX_RETRIES = 3600.0, 1_000_000, 1000

_EXPECTED = (Reason.OWN_ADDRESS, Reason.BROADCAST_ADDRESS)


class Sweeping:
    """Probes addresses at a limited rate and yields the replies. Iterate it once."""

    def __init__(
        self,
        targets: Iterable[Address],
        *,
        interface: InterfaceLike | None,
        source: Address | None,
        timeout: float,
        rate: int,
        retries: int,
        all_nodes: bool,
        on_error: Callable[[NetioError], None] | None,
    ) -> None:
        if isinstance(targets, (str, bytes)):
            raise TypeError(f"targets must be an iterable of addresses, not {type(targets).__name__}")
        with error_context(_OPERATION):
            self._interface = identify(given_interface(interface))
            self._source = None if source is None else plain_address(source)
            milliseconds = _checked_milliseconds(timeout)
            limit = _checked_number("rate", rate, 1, _MAX_RATE)
            again = _checked_number("retries", retries, 0, _MAX_RETRIES)
            self._all_nodes = _checked_all_nodes(all_nodes, self._interface)
        self._targets = enumerate(targets)
        self._report = on_error
        self._errors: list[NetioError] = []
        self._given = 0
        self._seen: set[tuple[Address, str, str]] = set()
        self._netns = current_namespace()
        # The variable owns the sweep before the call, since a signal handler can raise right after it.
        self._lib = lib  # FakeTable replaces it, but a sweep belongs to the backend that opened it
        self._owner = ffi.gc(ffi.new("netio_sweep **"), lib.netio_sweep_release)
        code = lib.netio_sweep_open(self._netns.descriptor, limit, milliseconds, again, self._owner)
        if code != lib.NO_ERROR:
            raise failure(_OPERATION, code, reason=_REASONS.get(code, ""))
        self._sources = _Sources(self._source, self._netns.descriptor)
        self._index = self._find_interface()
        self._subject = f"interface {self._interface[0] or self._index}" if self._index else ""

    def __iter__(self) -> Iterator[SweepReply]:
        try:
            sweep, more = self._owner[0], True
            if self._all_nodes:
                self._submit_all_nodes(sweep)
            while more or self._lib.netio_sweep_pending(sweep):
                cache = InterfaceCache(self._netns)
                if more and self._lib.netio_sweep_unsent(sweep) < CHUNK:
                    more = self._submit(sweep, cache)
                yield from self._wait(sweep, cache, more=more)
        finally:
            ffi.release(self._owner)
        if self._errors:
            raise ExceptionGroup(f"{len(self._errors)} of {self._given} targets were not probed", self._errors)

    def _find_interface(self) -> int:
        """Returns the index of the given interface, 0 if none is given."""
        name, index, luid = self._interface
        if not any(self._interface):
            return 0
        found = InterfaceCache(self._netns).find(name=name, index=index, luid=luid)
        if found is None:
            raise failure(_OPERATION, lib.ERROR_FILE_NOT_FOUND, f"interface {name or index or luid}")
        return int(found.index)

    def _submit(self, sweep: CData, cache: InterfaceCache) -> bool:
        """Submits the next targets. Returns whether there may be more."""
        probes = []
        for position, given in self._targets:
            self._given = position + 1
            try:
                probes.append(Probe(position, plain_address(given), self._interface))
            except InvalidParameterError as error:
                error.operation, error.position = RESOLVE, position
                self._refuse(error)
            if len(probes) == CHUNK:
                break
        if probes:
            self._submit_probes(sweep, probes, cache)
        return len(probes) == CHUNK

    def _submit_probes(self, sweep: CData, probes: Sequence[Probe], cache: InterfaceCache) -> None:
        native, refused = pack_entries(probes, cache)
        refused.update(check_on_links(native, [place for place in range(len(probes)) if place not in refused], cache))
        rows, sources = ffi.new("MIB_IPNET_ROW2[]", len(probes)), ffi.new("SOCKADDR_INET[]", len(probes))
        accepted: list[Probe] = []
        for place, probe in enumerate(probes):
            probe.native, probe.refusal = (native + place, native), refused.get(place)
            row = native[place]
            found = cache.find(luid=row.InterfaceLuid.Value, index=row.InterfaceIndex) if not probe.refusal else None
            source = self._sources.find(probe.address, found.index) if found is not None else None
            if found is None or source is None:
                self._refuse_probe(probe, self._sources.code)
                continue
            rows[len(accepted)], sources[len(accepted)] = row, source[0]
            rows[len(accepted)].InterfaceIndex = found.index
            accepted.append(probe)
        codes = ffi.new("DWORD[]", len(probes))
        self._lib.netio_sweep_submit(sweep, rows, sources, len(accepted), codes)
        for probe, code in zip(accepted, codes, strict=False):
            if code != lib.NO_ERROR:
                self._refuse_probe(probe, code)

    def _submit_all_nodes(self, sweep: CData) -> None:
        """Submits probes for all nodes from each IPv6 address of the interface."""
        sources = [pack_address(own) for own in self._sources.ip6_of(self._index)]
        row, code = ffi.new("MIB_IPNET_ROW2 *"), ffi.new("DWORD *")
        row.Address, row.InterfaceIndex = pack_address(_ALL_NODES)[0], self._index
        for source in sources:
            self._lib.netio_sweep_submit(sweep, row, source, 1, code)
            if code[0] != lib.NO_ERROR:
                reason = _NO_PROBES if code[0] == lib.ERROR_NOT_SUPPORTED else ""
                raise failure(_OPERATION, code[0], self._subject, reason=reason)
        if not sources:
            raise failure(_OPERATION, lib.ERROR_NOT_SUPPORTED, self._subject, reason=_NO_PROBES)

    def _refuse_probe(self, probe: Probe, code: int) -> None:
        """Reports a target that has a refusal, or that code."""
        if probe.refusal is None and code == lib.ERROR_NOT_SUPPORTED:
            probe.refusal = Refusal(code, _NO_PROBES)
        code = code if probe.refusal is None else probe.refusal.code
        self._refuse(probe.failed(code, self._netns, self._source))

    def _refuse(self, error: NetioError) -> None:
        if self._report is not None:
            self._report(error)
        elif error.reason not in _EXPECTED:
            self._errors.append(error)

    def _wait(self, sweep: CData, cache: InterfaceCache, *, more: bool) -> Iterator[SweepReply]:
        """Sends and receives until there are replies, for a second at most, and yields them."""
        rows, elapsed = ffi.new("MIB_IPNET_ROW2[]", CHUNK), ffi.new("ULONG[]", CHUNK)
        count = ffi.new("size_t *", CHUNK)
        code = self._lib.netio_sweep_wait(sweep, 1000, more, rows, elapsed, count)
        for place, entry in enumerate(unpack_results(rows, count[0], cache)):
            reply = SweepReply(entry.address, entry.physical_address, entry.interface, elapsed[place] / 1e6)
            if self._is_new(reply):
                yield reply
        if code == lib.ERROR_NO_SYSTEM_RESOURCES:
            meaning = lib.NETIO_ERRNO | errno.ENOBUFS  # not a full neighbour table
            raise failure(_OPERATION, code, self._subject, reason=_DROPPED, meaning=meaning)
        if code not in (lib.NO_ERROR, lib.WAIT_TIMEOUT):
            raise failure(_OPERATION, code, self._subject)

    def _is_new(self, reply: SweepReply) -> bool:
        """Returns whether a reply is the first with its addresses; a sweep of targets alone has no others."""
        if not self._all_nodes:
            return True
        key = reply.address, reply.physical_address, reply.interface
        is_new = key not in self._seen
        self._seen.add(key)
        return is_new


_NO_PROBES = "a sweep needs an interface that has Ethernet addresses, sends probes, and has an address of the family"

_DROPPED = "the interface drops the probes: its queue stays full, or a packet filter rejects them"

_REASONS = {
    lib.ERROR_ACCESS_DENIED: "sending frames needs CAP_NET_RAW; run as root, or use resolve_neighbors()",
    lib.ERROR_NOT_SUPPORTED: "this system has no packet sockets; use resolve_neighbors()",
}


class _Sources:
    """Chooses the source address of probes, from the addresses that this machine has at the beginning.

    Tentative addresses are left out: hosts would learn the physical address of this machine for that of another host.
    """

    def __init__(self, given: Source | None, netns: int) -> None:
        self._given = given
        self._own: dict[int, list[tuple[Source, int, int]]] = {}  # by interface: address, host bits, network
        for native in interface_addresses(netns):
            if native.is_tentative:
                continue
            address = unpack_address(ffi.addressof(native, "address"))
            prefix = unpack_address(ffi.addressof(native, "prefix"))
            bits = address.max_prefixlen - native.prefix_length
            self._own.setdefault(native.index, []).append((address, bits, int(prefix) >> bits))
        self._packed: dict[Source, CData] = {}

    def find(self, target: Source, index: int) -> CData | None:
        """Returns a source as a SOCKADDR_INET; None if there is none."""
        source = self._choose(target, index) if self._given is None else self._checked(target, index)
        if source is None:
            return None
        if source not in self._packed:
            self._packed[source] = pack_address(source)
        return self._packed[source]

    @property
    def code(self) -> int:
        """Why find() returned None: the given source is invalid, or the interface has no address of the family."""
        return lib.ERROR_NOT_SUPPORTED if self._given is None else lib.ERROR_INVALID_PARAMETER

    def ip6_of(self, index: int) -> list[IPv6Address]:
        """Returns the IPv6 addresses of an interface."""
        return [own for own, _, _ in self._own.get(index, ()) if isinstance(own, IPv6Address)]

    def _checked(self, target: Source, index: int) -> Source | None:
        given = self._given
        if given is None or given.version != target.version:
            return None
        plain = type(given)(int(given))  # without its scope
        places = [place for place, own in self._own.items() if any(address == plain for address, _, _ in own)]
        if plain == _UNSPECIFIED or index in places or (places and not plain.is_link_local):
            return plain
        return None

    def _choose(self, target: Source, index: int) -> Source | None:
        own = [one for one in self._own.get(index, ()) if one[0].version == target.version]
        number = int(target)
        if target.version == 6:
            local = (address for address, _, _ in own if int(address) >> _LINK_LOCAL_BITS == _LINK_LOCAL)
            if (found := next(local, None)) is not None:
                return found
        near = [(bits, address) for address, bits, network in own if number >> bits == network]
        if near:
            return min(near, key=itemgetter(0))[1]
        return own[0][0] if own else _UNSPECIFIED if target.version == 4 else None


def _checked_milliseconds(timeout: float) -> int:
    if timeout is None:
        raise TypeError("timeout must be a number of seconds, not None")
    seconds = checked_timeout(timeout)
    if seconds <= 0:
        raise invalid(f"timeout is {timeout}; it must be more than 0 seconds")
    return max(1, round(min(seconds, _MAX_TIMEOUT) * 1000))


def _checked_number(name: str, value: int, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if not least <= value <= most:
        raise invalid(f"{name} is {value}; it must be between {least:,} and {most:,}")
    return value


def _checked_all_nodes(all_nodes: bool, interface: tuple[str, int, int]) -> bool:
    if not isinstance(all_nodes, bool):
        raise TypeError(f"all_nodes must be a bool, not {type(all_nodes).__name__}")
    if all_nodes and not any(interface):
        raise invalid("all_nodes needs an interface: ff02::1 exists on every link")
    return all_nodes
