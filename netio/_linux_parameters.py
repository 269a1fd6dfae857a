# SPDX-License-Identifier: MIT
"""The parameters and statistics of a neighbour table of the kernel. Creating them does not query the system."""

from __future__ import annotations

from dataclasses import dataclass, fields

from netio._native import ffi, lib
from netio._types import whole_number
from netio.errors import invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from netio._native import CData

# The kernel keeps numbers as int, and converts times from unsigned int.
_MAX_NUMBER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class InterfaceParameters:
    """The parameters of a family on an interface, in IPv6 those of Neighbor Discovery. Names in _ms are milliseconds.

    The names are those of `ip ntable`; the files in `/proc/sys/net/ipv4/neigh/` are in parentheses.

    Attributes:
        interface: The name; empty for the defaults, and if the interface was removed in the meantime.
        interface_index: The index; 0 for the defaults.
        base_reachable_ms: The mean time for which a confirmation makes an entry REACHABLE (base_reachable_time_ms).
        reachable_ms: The time that the kernel chose from 0.5 to 1.5 times base_reachable_ms.
        retrans_ms: Between two probes (retrans_time_ms).
        gc_stale_ms: Unused entries are removed after this time (gc_stale_time).
        delay_probe_ms: Between the use of a STALE entry and its probe (delay_first_probe_time).
        interval_probe_ms: Between two probes of a MANAGED entry (interval_probe_time_ms); None before Linux 6.0.
        app_probes: Requests to a program in user space before the kernel sends multicast probes (app_solicit).
        ucast_probes: Unicast probes to the known physical address (ucast_solicit).
        mcast_probes: Broadcast or multicast probes (mcast_solicit).
        mcast_reprobes: The same, after unicast and app_probes without a reply (mcast_resolicit).
        anycast_delay_ms: The highest random delay of a reply for an anycast address (anycast_delay).
        proxy_delay_ms: The highest random delay of a reply for a proxy entry (proxy_delay).
        locktime_ms: The time for which a new physical address is not overwritten (locktime).
        queue_bytes: The most bytes of packets that wait for an address (unres_qlen_bytes).
        queue_packets: About how many packets of full size these are (unres_qlen).
        proxy_queue: The most requests that wait for proxy_delay_ms (proxy_qlen).
    """

    interface: str
    interface_index: int
    base_reachable_ms: int
    reachable_ms: int
    retrans_ms: int
    gc_stale_ms: int
    delay_probe_ms: int
    interval_probe_ms: int | None
    app_probes: int
    ucast_probes: int
    mcast_probes: int
    mcast_reprobes: int
    anycast_delay_ms: int
    proxy_delay_ms: int
    locktime_ms: int
    queue_bytes: int
    queue_packets: int
    proxy_queue: int


@dataclass(frozen=True, slots=True)
class TableParameters:
    """The limits of a neighbour table, which all network namespaces share, and the parameters of interfaces.

    Attributes:
        family: socket.AF_INET or AF_INET6.
        gc_thresh1: Below this number of entries, permanent ones included, unused ones are not removed periodically.
        gc_thresh2: Above this number of dynamic entries a new one removes unused ones, every 5 seconds at most.
        gc_thresh3: At this number of dynamic entries there is no new one unless one can be removed: TableFullError.
        gc_interval_ms: A number in milliseconds that current kernels store and do not use.
        defaults: The parameters that a new interface starts with, in every namespace.
        interfaces: Those of each interface of the namespace that has a stack for the family.
    """

    family: int
    gc_thresh1: int
    gc_thresh2: int
    gc_thresh3: int
    gc_interval_ms: int
    defaults: InterfaceParameters
    interfaces: tuple[InterfaceParameters, ...]


@dataclass(frozen=True, slots=True)
class TableStatistics:
    """The numbers of a neighbour table, of all network namespaces together, since the machine started.

    `entries` also counts permanent entries, to which no limit applies, so it cannot be compared with gc_thresh3. A
    table that is too small shows in table_fulls, forced_gc_runs and res_failed, if they grow.

    Attributes:
        entries: The entries now, also permanent ones.
        hash_buckets: The size of the hash table now.
        proxy_queued: The requests that wait for proxy_delay_ms now.
        last_flush_ms: Milliseconds since the last forced collection of garbage.
        allocations: Entries that were made.
        destroys: Entries that were freed.
        hash_grows: How often the hash table was enlarged.
        res_failed: Entries that became FAILED.
        lookups: Look-ups of an entry.
        hits: Look-ups that found one.
        rcv_probes_mcast: Multicast neighbour solicitations received (IPv6).
        rcv_probes_ucast: Unicast neighbour solicitations received (IPv6).
        periodic_gc_runs: Periodic collections of garbage.
        forced_gc_runs: Collections because there were more than gc_thresh2 entries.
        table_fulls: Entries that were not made because there were gc_thresh3.
    """

    entries: int
    hash_buckets: int
    proxy_queued: int
    last_flush_ms: int
    allocations: int
    destroys: int
    hash_grows: int
    res_failed: int
    lookups: int
    hits: int
    rcv_probes_mcast: int
    rcv_probes_ucast: int
    periodic_gc_runs: int
    forced_gc_runs: int
    table_fulls: int


_LIMITS = ("gc_thresh1", "gc_thresh2", "gc_thresh3", "gc_interval_ms")
_NUMBERS = tuple(one.name for one in fields(InterfaceParameters))[2:]


def unpack_parameters(native: CData, name: str) -> InterfaceParameters:
    """Decodes the parameters of an interface with this name."""
    numbers = {member: getattr(native, member) for member in _NUMBERS}
    if numbers["interval_probe_ms"] == lib.NETIO_NO_NUMBER:
        numbers["interval_probe_ms"] = None
    return InterfaceParameters(interface=name, interface_index=native.index, **numbers)


def unpack_table(
    family: int, native: CData, defaults: InterfaceParameters, interfaces: tuple[InterfaceParameters, ...]
) -> TableParameters:
    """Decodes the limits of a table."""
    limits = {name: getattr(native, name) for name in _LIMITS}
    return TableParameters(family=family, defaults=defaults, interfaces=interfaces, **limits)


def unpack_statistics(native: CData) -> TableStatistics:
    """Decodes the statistics of a table."""
    return TableStatistics(*(getattr(native, one.name) for one in fields(TableStatistics)))


def pack_numbers(numbers: Mapping[str, int | None], *, of_interface: bool) -> tuple[CData, CData]:
    """Encodes the limits and parameters that are to be set; None is not.

    Raises:
        InvalidParameterError: None is to be set, a number is out of range, or an interface has no such limit.
        TypeError: A number has another type.
    """
    given = {name: whole_number(name, number) for name, number in numbers.items() if number is not None}
    if not given:
        raise invalid("no parameter is given")
    for name, number in given.items():
        if not 0 <= number <= _MAX_NUMBER:
            raise invalid(f"{name} {number} is not between 0 and {_MAX_NUMBER}")
        if name in _LIMITS and of_interface:
            raise invalid(f"{name} is a limit of the table, not of an interface; omit interface to set it")
    table, parameters = ffi.new("netio_linux_neightbl *"), ffi.new("netio_linux_parameters *")
    for native, names in ((table, _LIMITS), (parameters, _NUMBERS)):
        for name in names:
            setattr(native, name, given.get(name, lib.NETIO_NO_NUMBER))
    return table, parameters
