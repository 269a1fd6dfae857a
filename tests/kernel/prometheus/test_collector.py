# SPDX-License-Identifier: MIT
"""The collector against the kernel: what it counts, and what it never shows."""

from __future__ import annotations

import socket
import subprocess
from contextlib import contextmanager
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

import netio
from netio import InvalidParameterError, _change_counter, _namespace, linux
from netio.prometheus import NeighborCollector
from netlab.child import UNPRIVILEGED, environment, python
from netlab.namespace import Namespace
from netlab.wire import FAR_IP4, FAR_IP6, FAR_LINK_LOCAL, FAR_MAC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from netlab.wire import Wire

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
SECONDS = 20
OTHER_MAC = "02:00:00:00:00:99"


def samples_of(collector: NeighborCollector) -> Samples:
    """Scrapes as Prometheus does: through the text, which has each series once."""
    registry = CollectorRegistry()
    registry.register(collector)
    found: Samples = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, tuple(sorted(labels.items()))))


def place(family: str = "ipv4", interface: str = "near0") -> dict[str, str]:
    return {"interface": interface, "family": family}


def eventually(condition: Callable[[], bool]) -> None:
    """Waits for the thread that counts changes."""
    until = monotonic() + SECONDS
    while not condition():
        assert monotonic() < until
        sleep(0.01)


def await_count(collector: NeighborCollector, number: int, name: str, **labels: str) -> None:
    eventually(lambda: value(samples_of(collector), name, **labels) == number)


def move_far(wire: Wire, mac: str) -> None:
    """Gives the far host another physical address, and makes the near host notice."""
    wire.far.ip(f"link set far0 address {mac}")
    netio.flush_neighbors()
    for address in (FAR_IP4, FAR_IP6):
        assert netio.resolve_neighbor(address).physical_address == mac


def test_entries_by_interface_family_and_state_are_those_of_the_table(wire: Wire) -> None:
    """Bug: entries are missing or counted twice, or have the state of another one."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    wire.near.ip(
        f"neigh add 192.0.2.50 lladdr {FAR_MAC} dev near0",
        f"neigh add 192.0.2.51 lladdr {FAR_MAC} dev near0 nud stale",
        f"neigh add 10.9.9.9 lladdr {FAR_MAC} dev near1",
        "neigh add 192.0.2.52 dev near0 nud failed",
        f"neigh add 2001:db8::50 lladdr {FAR_MAC} dev near1 nud reachable",
    )
    with NeighborCollector() as collector:
        samples = samples_of(collector)
    found = {labels: count for (name, labels), count in samples.items() if name == "netio_neighbor_entries"}
    expected: dict[tuple[tuple[str, str], ...], float] = {}
    for entry in netio.list_neighbors():
        family = "ipv4" if entry.address.version == 4 else "ipv6"
        labels = ("family", family), ("interface", entry.interface), ("state", entry.state.name.lower())
        expected[labels] = expected.get(labels, 0) + 1
    assert found == expected
    assert len(found) >= 5


def test_interfaces_select_entries_and_need_not_exist(wire: Wire) -> None:
    """Bug: entries or changes of other interfaces are counted, or a scrape fails if an interface does not exist."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    wire.near.ip("link property add dev near1 altname second")
    with NeighborCollector(interfaces=["second", "absent0"]) as collector:
        wire.near.ip(*(f"neigh add 10.9.9.9 lladdr {FAR_MAC} dev {name}" for name in ("near0", "near1")))
        await_count(collector, 1, "netio_neighbor_changes_total", kind="added", **place(interface="near1"))
        samples = samples_of(collector)
    assert {dict(labels)["interface"] for _, labels in samples if "interface" in dict(labels)} == {"near1"}


def test_changes_and_moves_are_counted(wire: Wire) -> None:
    """Bug: a changed physical address is not counted, twice, or also if only the state changes."""
    with NeighborCollector() as collector:
        assert value(samples_of(collector), "netio_neighbor_moves_total", **place()) is None
        netio.resolve_neighbor(FAR_IP4)
        netio.resolve_neighbor(FAR_IP6)
        samples = samples_of(collector)
        assert value(samples, "netio_neighbor_moves_total", **place()) == 0
        move_far(wire, OTHER_MAC)
        for family in ("ipv4", "ipv6"):
            await_count(collector, 1, "netio_neighbor_moves_total", **place(family))
        netio.delete_neighbor(FAR_IP4)
        removed = {"kind": "removed", **place()}
        await_count(collector, 2, "netio_neighbor_changes_total", **removed)
        samples = samples_of(collector)
        assert value(samples, "netio_neighbor_changes_total", kind="added", **place()) == 2
        assert value(samples, "netio_neighbor_moves_total", **place()) == 1
        assert value(samples, "netio_watch_resyncs_total") == 0
        assert value(samples, "netio_watch_errors_total") == 0


def test_moves_of_the_gateway_are_counted_apart(wire: Wire) -> None:
    """Bug: the gateway of a default route is not recognised, or every move counts as one of the gateway."""
    wire.far.ip("address add 192.0.2.3/24 dev far0")
    with NeighborCollector() as collector:
        samples = samples_of(collector)
        assert not [name for name, _ in samples if name == "netio_gateway_moves_total"]
        wire.near.ip(f"route add default via {FAR_IP4}", f"route add default via {FAR_LINK_LOCAL} dev near0")
        samples = samples_of(collector)
        for family in ("ipv4", "ipv6"):
            assert value(samples, "netio_gateway_moves_total", **place(family)) == 0
        for address in (FAR_IP4, "192.0.2.3", FAR_LINK_LOCAL):
            netio.resolve_neighbor(address, interface="near0")
        wire.far.ip(f"link set far0 address {OTHER_MAC}")
        for address in (FAR_IP4, "192.0.2.3", FAR_LINK_LOCAL):
            netio.delete_neighbor(address, interface="near0")
            netio.resolve_neighbor(address, interface="near0")
        await_count(collector, 2, "netio_neighbor_moves_total", **place())
        await_count(collector, 1, "netio_gateway_moves_total", **place("ipv6"))
        assert value(samples_of(collector), "netio_gateway_moves_total", **place()) == 1


@pytest.mark.usefixtures("wire")
def test_limits_and_statistics_are_those_of_the_kernel() -> None:
    """Bug: a number of the kernel is missing, has the name of another one, or the type of a counter is a gauge."""
    with NeighborCollector() as collector:
        before = linux.table_statistics(socket.AF_INET6)
        samples = samples_of(collector)
        after = linux.table_statistics(socket.AF_INET6)
    for family, label in ((socket.AF_INET, "ipv4"), (socket.AF_INET6, "ipv6")):
        parameters = linux.table_parameters(family)
        for name in ("gc_thresh1", "gc_thresh2", "gc_thresh3"):
            assert value(samples, f"netio_table_{name}", family=label) == getattr(parameters, name)
    counters = {
        "allocations": "allocations",
        "destroys": "destroys",
        "hash_grows": "hash_grows",
        "res_failed": "failed_resolutions",
        "lookups": "lookups",
        "hits": "hits",
        "rcv_probes_mcast": "multicast_probes_received",
        "rcv_probes_ucast": "unicast_probes_received",
        "periodic_gc_runs": "periodic_gc_runs",
        "forced_gc_runs": "forced_gc_runs",
        "table_fulls": "fulls",
    }
    for name, shown in counters.items():
        number = value(samples, f"netio_table_{shown}_total", family="ipv6")
        assert number is not None
        assert getattr(before, name) <= number <= getattr(after, name), name
    for name in ("entries", "hash_buckets"):
        assert value(samples, f"netio_table_{name}", family="ipv6")


def test_no_label_is_an_address_unless_requested(wire: Wire) -> None:
    """Bug: the number of series depends on the hosts of a link, which anyone on it can invent."""
    netio.resolve_neighbor(FAR_IP4)
    wire.near.ip(f"neigh add 2001:db8::50 lladdr {FAR_MAC} dev near0")
    with NeighborCollector() as collector:
        samples = samples_of(collector)
    labels = {label for _, pairs in samples for label in pairs}
    assert {name for name, _ in labels} == {"interface", "family", "state", "kind", "version", "python", "system"}
    assert not [text for _, text in labels if ":" in text or text.startswith("192.0.2")]


def test_entries_with_series_are_the_lowest_and_the_others_are_counted(wire: Wire) -> None:
    """Bug: the limit is exceeded, other entries get series in each scrape, or the rest is not counted."""
    wire.near.ip(*(f"neigh add 192.0.2.{n} lladdr 02:00:5e:00:00:{n:02} dev near0" for n in range(99, 49, -1)))
    with NeighborCollector(per_entry=10) as collector:
        samples = samples_of(collector)
    infos = [dict(labels) for name, labels in samples if name == "netio_neighbor_info"]
    assert sorted(one["address"] for one in infos) == [f"192.0.2.{n}" for n in range(50, 60)]
    assert {one["physical_address"] for one in infos} == {f"02:00:5e:00:00:{n}" for n in range(50, 60)}
    known = sum(1 for entry in netio.list_neighbors() if entry.physical_address)
    assert value(samples, "netio_neighbor_info_omitted_entries") == known - 10


@contextmanager
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose files are the names of namespaces."""
    monkeypatch.setattr(_namespace, "_FOLDER", str(tmp_path))
    yield tmp_path


def test_namespaces_are_labels_and_may_be_missing(wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bug: the table of another namespace is read, or one that is missing ends the scrape for all."""
    with named(tmp_path, monkeypatch) as folder:
        (folder / "far").symlink_to(f"/proc/self/fd/{wire.far.descriptor}")
        (folder / "near").symlink_to(f"/proc/self/fd/{wire.near.descriptor}")
        wire.far.ip("neigh add 192.0.2.60 lladdr 02:00:5e:00:00:60 dev far0")
        with NeighborCollector(namespaces=["far", "near", "blue"]) as collector:
            samples = samples_of(collector)
            ups = {name: value(samples, "netio_up", namespace=name) for name in ("far", "near", "blue")}
            assert ups == {"far": 1, "near": 1, "blue": 0}
            permanent = {"state": "permanent", "namespace": "far", **place(interface="far0")}
            assert value(samples, "netio_neighbor_entries", **permanent) == 1
            assert value(samples, "netio_build_info") is None  # it has labels, but none of them is a namespace
            assert not [1 for name, pairs in samples if name.startswith("netio_table") and dict(pairs).get("namespace")]
            blue = Namespace()
            (folder / "blue").symlink_to(f"/proc/self/fd/{blue.descriptor}")
            assert value(samples_of(collector), "netio_up", namespace="blue") == 1
            blue.close()


def test_deleted_namespace_is_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bug: the watch of a namespace keeps it and its interfaces in existence after `ip netns delete`."""
    monkeypatch.setattr(_change_counter, "_CHECK_SECONDS", 0.05)
    outside, inside = Namespace(), Namespace()
    with named(tmp_path, monkeypatch) as folder:
        (folder / "blue").symlink_to(f"/proc/self/fd/{inside.descriptor}")
        outside.run(
            *f"ip link add out0 type veth peer name in0 netns /proc/self/fd/{inside.descriptor}".split(),
            keep=(inside.descriptor,),
        )
        with NeighborCollector(namespaces=["blue"]) as collector:
            assert value(samples_of(collector), "netio_up", namespace="blue") == 1
            (folder / "blue").unlink()
            inside.close()
            # With the namespace the kernel removes in0, and with that its peer.
            eventually(lambda: not [one for one in outside.json("link show") if one["ifname"] == "out0"])
            assert value(samples_of(collector), "netio_up", namespace="blue") == 0
    outside.close()


def test_series_of_a_removed_interface_are_dropped(wire: Wire) -> None:
    """Bug: counts of removed interfaces stay, so that a host of containers gets more series for ever."""
    with NeighborCollector() as collector:
        wire.near.ip("link add name gone0 type bridge", "link set gone0 up")
        wire.near.ip(f"neigh add 10.7.7.7 lladdr {FAR_MAC} dev gone0")
        await_count(collector, 1, "netio_neighbor_changes_total", kind="added", **place(interface="gone0"))
        wire.near.ip("link del gone0")
        near0 = wire.near.json("link show dev near0")[0]["ifindex"]
        eventually(lambda: "gone0" not in str(samples_of(collector)) and source_indexes(collector) <= {near0})


def source_indexes(collector: NeighborCollector) -> set[int]:
    """Returns the interfaces for which changes are counted."""
    (source,) = collector._sources
    assert source._counter is not None
    return source._counter.counts().indexes()


def test_names_of_interfaces_are_escaped(wire: Wire) -> None:
    """Bug: the name of an interface breaks the format, or a name that is not UTF-8 ends every scrape."""
    names = [b'quo"te', b"back\\s", b"v\xe9"]
    for name in names:
        with wire.near.entered():
            subprocess.run([b"ip", b"link", b"add", b"name", name, b"type", b"bridge"], check=True)
    interfaces = [one for one in netio.list_interfaces() if one.name not in ("lo", "near0")]
    assert len(interfaces) == len(names)
    for one in interfaces:
        netio.create_neighbor("10.7.7.7", FAR_MAC, interface=one)
    with NeighborCollector() as collector:
        samples = samples_of(collector)
    shown = {dict(labels)["interface"] for name, labels in samples if name == "netio_neighbor_entries"}
    for one in interfaces:
        assert one.name.encode("utf-8", "backslashreplace").decode() in shown


def test_collector_created_in_a_namespace_reads_it_from_other_threads(wire: Wire) -> None:
    """Bug: a scrape is in a thread of a server, whose context has no namespace, so it reads another table."""
    wire.far.ip("neigh add 192.0.2.60 lladdr 02:00:5e:00:00:60 dev far0")
    with netio.namespace(wire.far.descriptor):
        collector = NeighborCollector()
    with collector:
        labels = {"state": "permanent", **place(interface="far0")}
        assert value(samples_of(collector), "netio_neighbor_entries", **labels) == 1


@pytest.mark.usefixtures("wire")
def test_arguments_are_checked() -> None:
    """Bug: a wrong argument selects nothing or everything, without an error."""
    with pytest.raises(InvalidParameterError, match="must not be negative"):
        NeighborCollector(per_entry=-1)
    with pytest.raises(InvalidParameterError, match="omit interfaces"):
        NeighborCollector(interfaces=[""])
    with pytest.raises(TypeError, match="iterable"):
        NeighborCollector(interfaces="eth0")
    with pytest.raises(TypeError, match="iterable"):
        NeighborCollector(namespaces="blue")
    with pytest.raises(TypeError, match="per_entry must be an int"):
        NeighborCollector(per_entry=True)


@pytest.mark.usefixtures("wire")
def test_closed_collector_leaves_no_thread_and_cannot_be_scraped() -> None:
    """Bug: threads of closed collectors add up, or a scrape of one shows a table without changes."""
    code = """
import os, threading
from netio.prometheus import NeighborCollector
fds = len(os.listdir("/proc/self/fd"))
for _ in range(20):
    with NeighborCollector() as collector:
        assert threading.active_count() == 2
        list(collector.collect())
assert threading.active_count() == 1
assert len(os.listdir("/proc/self/fd")) == fds
collector.close()
try:
    collector.collect()
except ValueError as error:
    print(error)
"""
    done = subprocess.run(
        [*UNPRIVILEGED, *python(code)], env=environment(), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert (done.stdout, done.stderr) == ("the collector is closed\n", "")


def test_missing_library_is_explained() -> None:
    """Bug: the error is about prometheus_client, and says nothing about the extra."""
    code = "import sys; sys.modules['prometheus_client'] = None\nimport netio.prometheus"
    done = subprocess.run(python(code), env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert 'pip install "netioapi[prometheus]"' in done.stderr.splitlines()[-1]
