# SPDX-License-Identifier: MIT
"""Limits, parameters and statistics of the kernel's tables are those of ip(8), pyroute2 and /proc."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyroute2 import IPRoute  # type: ignore[import-untyped]

import netio
from netio import linux
from netlab.namespace import Namespace
from netlab.wire import ABSENT_IP4, FAR_MAC

if TYPE_CHECKING:
    from conftest import Caller
    from netlab.wire import Wire

FAMILIES = {socket.AF_INET: ("inet", "arp_cache", "ipv4"), socket.AF_INET6: ("inet6", "ndisc_cache", "ipv6")}

# The names of ip-ntable(8). It lacks mcast_reprobes, queue_bytes and interval_probe_ms.
IP_LIMITS = {
    "gc_thresh1": "thresh1",
    "gc_thresh2": "thresh2",
    "gc_thresh3": "thresh3",
    "gc_interval_ms": "gc_interval",
}
IP_PARAMETERS = {
    "base_reachable_ms": "base_reachable",
    "reachable_ms": "reachable",
    "retrans_ms": "retrans",
    "gc_stale_ms": "gc_stale",
    "delay_probe_ms": "delay_probe",
    "app_probes": "app_probes",
    "ucast_probes": "ucast_probes",
    "mcast_probes": "mcast_probes",
    "anycast_delay_ms": "anycast_delay",
    "proxy_delay_ms": "proxy_delay",
    "locktime_ms": "locktime",
    "queue_packets": "queue",
    "proxy_queue": "proxy_queue",
}
# The files of /proc/sys/net/ipv4/neigh/DEV, and the milliseconds of their unit: sysctl shows some in clock ticks.
PROC = {
    "base_reachable_ms": ("base_reachable_time_ms", 1),
    "retrans_ms": ("retrans_time_ms", 1),
    "gc_stale_ms": ("gc_stale_time", 1000),
    "delay_probe_ms": ("delay_first_probe_time", 1000),
    "interval_probe_ms": ("interval_probe_time_ms", 1),
    "app_probes": ("app_solicit", 1),
    "ucast_probes": ("ucast_solicit", 1),
    "mcast_probes": ("mcast_solicit", 1),
    "mcast_reprobes": ("mcast_resolicit", 1),
    "anycast_delay_ms": ("anycast_delay", 10),
    "proxy_delay_ms": ("proxy_delay", 10),
    "locktime_ms": ("locktime", 10),
    "queue_bytes": ("unres_qlen_bytes", 1),
    "queue_packets": ("unres_qlen", 1),
    "proxy_queue": ("proxy_qlen", 1),
}
# The columns of /proc/net/stat/arp_cache.
PROC_STATISTICS = {
    "allocations": "allocs",
    "destroys": "destroys",
    "hash_grows": "hash_grows",
    "res_failed": "res_failed",
    "lookups": "lookups",
    "hits": "hits",
    "rcv_probes_mcast": "rcv_probes_mcast",
    "rcv_probes_ucast": "rcv_probes_ucast",
    "periodic_gc_runs": "periodic_gc_runs",
    "forced_gc_runs": "forced_gc_runs",
    "table_fulls": "table_fulls",
}

# The namespace of the program that started the tests.
MACHINES = Path(f"/proc/{os.getppid()}/net/stat")

# A number for each parameter that can be set, which no kernel has by default, and which no clock tick rounds.
WRITTEN = {
    "base_reachable_ms": 4_000,
    "retrans_ms": 2_000,
    "gc_stale_ms": 7_000,
    "delay_probe_ms": 3_000,
    "interval_probe_ms": 6_000,
    "app_probes": 1,
    "ucast_probes": 5,
    "mcast_probes": 6,
    "mcast_reprobes": 7,
    "anycast_delay_ms": 1_500,
    "proxy_delay_ms": 1_700,
    "locktime_ms": 1_900,
    "queue_bytes": 70_000,
    "proxy_queue": 80,
}

family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: FAMILIES[family][0])


def by_ip(namespace: Namespace, family: int, interface: str | None = None) -> dict[str, Any]:
    """Returns what ip(8) shows of a table, or of one of its interfaces."""
    kind, name, _ = FAMILIES[socket.AddressFamily(family)]
    shown = namespace.json("-statistics ntable show")
    (found,) = (one for one in shown if (one["family"], one["name"], one.get("dev")) == (kind, name, interface))
    return found


def by_pyroute2(namespace: Namespace, family: int) -> dict[str, Any]:
    """Returns the limits and statistics that pyroute2 reads."""
    with namespace.entered(), IPRoute() as route:
        (found,) = (one for one in route.get_ntables(family) if one.get_attr("NDTA_CONFIG"))
    limits = {f"gc_thresh{n}": found.get_attr(f"NDTA_THRESH{n}") for n in (1, 2, 3)}
    return limits | dict(found.get_attr("NDTA_STATS"))


def by_proc(namespace: Namespace, family: int, interface: str) -> dict[str, int]:
    """Returns the parameters of an interface in milliseconds, which the kernel shows in files."""
    folder = Path("/proc/sys/net", FAMILIES[socket.AddressFamily(family)][2], "neigh", interface)
    with namespace.entered():
        return {name: int((folder / file).read_text()) * unit for name, (file, unit) in PROC.items()}


@family
def test_limits_are_those_of_other_programs(wire: Wire, family: int) -> None:
    """Bug: a limit is read from another attribute, or the table of the other family is returned."""
    shown = by_ip(wire.near, family)
    parameters = linux.table_parameters(family)
    assert parameters.family == family
    for name, word in IP_LIMITS.items():
        assert getattr(parameters, name) == shown[word]
    other = by_pyroute2(wire.near, family)
    assert [parameters.gc_thresh1, parameters.gc_thresh2, parameters.gc_thresh3] == [
        other[f"gc_thresh{n}"] for n in (1, 2, 3)
    ]
    for name, word in IP_PARAMETERS.items():
        assert getattr(parameters.defaults, name) == shown[word] or name == "reachable_ms"
    assert (parameters.defaults.interface, parameters.defaults.interface_index) == ("", 0)


@family
def test_parameters_of_interfaces_are_those_of_other_programs(wire: Wire, family: int) -> None:
    """Bug: the parameters of an interface are those of another one, or have another unit."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    linux.set_table_parameters(family, interface="near1", **WRITTEN)
    parameters = linux.table_parameters(family)
    assert sorted(one.interface for one in parameters.interfaces) == ["lo", "near0", "near1"]
    for one in parameters.interfaces:
        assert one.interface_index == socket.if_nametoindex(one.interface)
        shown = by_ip(wire.near, family, one.interface)
        for name, word in IP_PARAMETERS.items():
            assert getattr(one, name) == shown[word]
        for name, number in by_proc(wire.near, family, one.interface).items():
            assert getattr(one, name) == number
        assert linux.table_parameters(family, interface=one.interface).interfaces == (one,)


@family
@pytest.mark.parametrize("name", WRITTEN)
def test_one_parameter_is_set_and_the_others_stay(wire: Wire, family: int, name: str) -> None:
    """Bug: a number is sent as another parameter, or a parameter that was not given becomes 0."""
    before = by_proc(wire.near, family, "near0")
    linux.set_table_parameters(family, interface="near0", **{name: WRITTEN[name]})
    after = by_proc(wire.near, family, "near0")
    assert before[name] != WRITTEN[name] == after.pop(name)
    if name == "queue_bytes":  # the kernel shows one parameter in two units
        assert after.pop("queue_packets") < before["queue_packets"]
    assert after == {other: before[other] for other in after}
    other_family = next(one for one in FAMILIES if one != family)
    assert by_proc(wire.near, other_family, "near0")[name] != WRITTEN[name]


def test_base_reachable_time_takes_effect_at_once(wire: Wire) -> None:
    """Bug: the kernel keeps the reachable time that it chose before."""
    linux.set_table_parameters(socket.AF_INET, interface="near0", base_reachable_ms=2_000)
    (found,) = linux.table_parameters(socket.AF_INET, interface="near0").interfaces
    assert 1_000 <= found.reachable_ms <= 3_000
    assert found.reachable_ms == by_ip(wire.near, socket.AF_INET, "near0")["reachable"]


def test_numbers_at_the_ends_of_their_range(wire: Wire) -> None:
    """Bug: 0 is taken for a number that was not given, or the largest one is stored as a negative one."""
    linux.set_table_parameters(socket.AF_INET, interface="near0", ucast_probes=0, proxy_queue=2**31 - 1)
    found = by_proc(wire.near, socket.AF_INET, "near0")
    assert (found["ucast_probes"], found["proxy_queue"]) == (0, 2**31 - 1)
    linux.set_table_parameters(socket.AF_INET, interface="near0", retrans_ms=2**31 - 1)
    (after,) = linux.table_parameters(socket.AF_INET, interface="near0").interfaces
    assert after.retrans_ms >= 2**31 - 1


@family
def test_only_the_initial_namespace_sets_limits_and_defaults(wire: Wire, family: int) -> None:
    """Bug: the kernel's ENOENT is reported as an unknown interface, or a limit of the machine is changed."""
    before = linux.table_parameters(family)
    command = f"ip ntable change name {FAMILIES[socket.AddressFamily(family)][1]}"
    for words, named in (
        ("thresh3 4096", {"gc_thresh3": 4096}),
        ("gc_int 40000", {"gc_interval_ms": 40_000}),
        ("base_reachable 20000", {"base_reachable_ms": 20_000}),
    ):
        with pytest.raises(AssertionError, match="No such file or directory"):
            wire.near.run(*f"{command} {words}".split())
        with pytest.raises(netio.NotSupportedError, match="only the initial network namespace") as caught:
            linux.set_table_parameters(family, **named)
        assert (caught.value.operation, caught.value.code, caught.value.errno) == (
            "RTM_SETNEIGHTBL",
            50,
            errno.EOPNOTSUPP,
        )
    after = linux.table_parameters(family)
    assert (after.gc_thresh3, after.gc_interval_ms) == (before.gc_thresh3, before.gc_interval_ms)
    assert after.defaults.base_reachable_ms == before.defaults.base_reachable_ms


def test_limits_are_refused_for_an_interface(wire: Wire) -> None:
    """Bug: the limit is ignored, or the whole machine's one is set."""
    del wire
    with pytest.raises(netio.InvalidParameterError, match="gc_thresh3 is a limit of the table, not of an interface"):
        linux.set_table_parameters(socket.AF_INET, interface="near0", gc_thresh3=1024, app_probes=1)
    (found,) = linux.table_parameters(socket.AF_INET, interface="near0").interfaces
    assert found.app_probes == 0


@family
def test_statistics_are_those_of_other_programs(wire: Wire, family: int) -> None:
    """Bug: a number is that of its neighbour in the kernel's struct. Other processes use the tables, too."""
    before, by_library = by_ip(wire.near, family), by_pyroute2(wire.near, family)
    found = asdict(linux.table_statistics(family))
    after = by_ip(wire.near, family)
    for name, word in PROC_STATISTICS.items():
        assert before[word] <= by_library.get(word, before[word]) <= found[name] <= after[word]
    assert found["lookups"] > found["hits"]
    assert found["hash_buckets"] == int(after["hash_mask"], 16) + 1
    assert after["proxy_qlen"] == 0 == found["proxy_queued"]


def machines_statistics(name: str) -> dict[str, int]:
    """Returns the sums over all CPUs of a file of the kernel."""
    lines = [line.split() for line in (MACHINES / name).read_text().splitlines()]
    return {word: sum(int(line[place], 16) for line in lines[1:]) for place, word in enumerate(lines[0])}


# Only the initial namespace has these files: a container lacks them.
@pytest.mark.parametrize("family", [one for one in FAMILIES if (MACHINES / FAMILIES[one][1]).exists()])
def test_statistics_are_those_of_the_kernels_file(family: socket.AddressFamily) -> None:
    """Bug: a number is that of one CPU only."""
    before = machines_statistics(FAMILIES[family][1])
    found = asdict(linux.table_statistics(family))
    after = machines_statistics(FAMILIES[family][1])
    for name, word in PROC_STATISTICS.items():
        assert before[word] <= found[name] <= after[word]


def test_entries_are_those_of_all_namespaces(wire: Wire) -> None:
    """Bug: the documentation says that entries could be compared with the limits of dynamic entries."""
    before = linux.table_statistics(socket.AF_INET)
    wire.near.ip(*(f"neigh add 10.77.{n // 250}.{n % 250} lladdr {FAR_MAC} dev near0" for n in range(400)))
    with netio.namespace(wire.far.descriptor):
        after = linux.table_statistics(socket.AF_INET)
    assert after.allocations >= before.allocations + 400
    wire.near.ip("neigh flush dev near0 nud permanent")


def test_namespace_interface_and_family(wire: Wire) -> None:
    """Bug: parameters are those of the thread's namespace, or an unknown interface selects all of them."""
    with netio.namespace(wire.far.descriptor):
        linux.set_table_parameters(socket.AF_INET, interface="far0", app_probes=3)
        assert {one.interface for one in linux.table_parameters(socket.AF_INET).interfaces} == {"lo", "far0"}
    assert by_proc(wire.far, socket.AF_INET, "far0")["app_probes"] == 3
    for call in (linux.table_parameters, linux.set_table_parameters):
        named = {} if call is linux.table_parameters else {"app_probes": 1}
        with pytest.raises(netio.InterfaceNotFoundError, match="interface far0"):
            call(socket.AF_INET, interface="far0", **named)
    for wrong in (socket.AF_UNSPEC, 77):
        with pytest.raises(netio.InvalidParameterError, match="use AF_INET or AF_INET6") as caught:
            linux.table_statistics(wrong)
        assert caught.value.operation == "RTM_GETNEIGHTBL"


def test_interface_without_a_stack(wire: Wire) -> None:
    """Bug: an interface without IPv6 has the parameters of another one, or is reported as unknown."""
    wire.near.ip("link set near0 mtu 1200")
    assert "near0" not in {one.interface for one in linux.table_parameters(socket.AF_INET6).interfaces}
    with pytest.raises(netio.NotSupportedError, match="near0: the interface has no stack"):
        linux.table_parameters(socket.AF_INET6, interface="near0")
    with pytest.raises(netio.NotSupportedError, match="near0: there is no stack"):
        linux.set_table_parameters(socket.AF_INET6, interface="near0", app_probes=1)


def test_reading_needs_no_privilege_and_writing_does(wire: Wire, unprivileged: Caller) -> None:
    """Bug: an unprivileged write is reported as something else than the missing privilege, or takes place."""
    assert unprivileged("linux.table_parameters", socket.AF_INET) == linux.table_parameters(socket.AF_INET)
    assert unprivileged("linux.table_statistics", socket.AF_INET).hash_buckets >= 1
    for named in ({"interface": "near0"}, {}):
        with pytest.raises(netio.AccessDeniedError) as caught:
            unprivileged("linux.set_table_parameters", socket.AF_INET, app_probes=5, **named)
        assert caught.value.code == 5
    assert by_proc(wire.near, socket.AF_INET, "near0")["app_probes"] == 0


def test_full_table_shows_in_the_statistics(wire: Wire) -> None:
    """Bug: the number that the documentation names as the sign of a full table does not grow."""
    before = linux.table_statistics(socket.AF_INET)
    wire.hasten()
    with pytest.raises(netio.UnreachableError):
        netio.resolve_neighbor(ABSENT_IP4)
    assert linux.table_statistics(socket.AF_INET).res_failed > before.res_failed
