# SPDX-License-Identifier: MIT
"""Resolving what answers, and what need not be asked."""

from __future__ import annotations

import signal
import subprocess
from ipaddress import IPv4Network
from itertools import islice
from pathlib import Path
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest

import netio
from netio import Neighbor, NeighborState
from netlab.capture import capturing
from netlab.child import environment, python
from netlab.oracle import Seen, seen
from netlab.wire import ABSENT_IP4, ABSENT_IP6, FAR_IP4, FAR_IP6, FAR_MAC, NEAR_IP4, NEAR_IP6, NEAR_LINK_LOCAL

if TYPE_CHECKING:
    from conftest import Caller
    from netlab.wire import Wire

WRONG_MAC = "02:00:5e:00:00:99"

REACHABLE = Seen(FAR_MAC, "REACHABLE")


def answer(address: str) -> Neighbor:
    scoped = f"{address}%near0" if address.startswith("fe80:") else address
    return Neighbor(scoped, FAR_MAC, interface="near0", state=NeighborState.REACHABLE)


def test_live(wire: Wire, live: str, anyone: Caller) -> None:
    """Bug: the wire is not asked, the answer is not recognised, or rights are needed for it."""
    assert anyone("resolve_neighbor", live, interface="near0") == answer(live)
    assert seen(wire.near)[live] == REACHABLE


@pytest.mark.usefixtures("wire")
def test_age_of_an_answer() -> None:
    """Bug: the age of a fresh answer is that of the row it replaced, or in another unit."""
    assert netio.resolve_neighbor(FAR_IP4, interface="near0").reachability_time < 5000


@pytest.mark.parametrize("address", [FAR_IP4, FAR_IP6])
@pytest.mark.usefixtures("wire")
def test_link_from_the_route(address: str) -> None:
    """Bug: without interface= the link is not found."""
    assert netio.resolve_neighbor(address) == answer(address)


@pytest.mark.usefixtures("wire")
def test_link_from_the_scope() -> None:
    """Bug: the scope of a link-local address is not used."""
    assert netio.resolve_neighbor("fe80::2%near0") == answer("fe80::2")


@pytest.mark.parametrize("state", ["stale", "reachable", "delay", "probe", "failed", "incomplete"])
def test_a_dynamic_row_is_asked_for_anew(wire: Wire, live: str, state: str) -> None:
    """Bug: a row that is there is believed, its wrong physical address with it; or its deletion is the answer."""
    given = "" if state in ("failed", "incomplete") else f"lladdr {WRONG_MAC}"
    wire.near.ip(f"neigh add {live} {given} dev near0 nud {state}")

    assert netio.resolve_neighbor(live, interface="near0") == answer(live)
    assert seen(wire.near) == {live: REACHABLE}


@pytest.mark.parametrize("source", [None, "own"])
@pytest.mark.parametrize("state", ["permanent", "noarp"])
def test_a_written_row_is_the_answer(wire: Wire, live: str, state: str, source: str | None) -> None:
    """Bug: resolving deletes what a person wrote."""
    wire.near.ip(f"neigh add {live} lladdr {WRONG_MAC} dev near0 nud {state}")
    own = NEAR_IP4 if live == FAR_IP4 else NEAR_IP6 if live == FAR_IP6 else NEAR_LINK_LOCAL

    row = netio.resolve_neighbor(live, interface="near0", source=source and own)

    assert (row.physical_address, row.state) == (WRONG_MAC, NeighborState.PERMANENT)
    assert seen(wire.near) == {live: Seen(WRONG_MAC, state.upper())}


def test_a_written_row_is_the_answer_at_once(wire: Wire, absent: str) -> None:
    """Bug: a permanent row is only looked at after the wait."""
    wire.near.ip(f"neigh add {absent} lladdr {WRONG_MAC} dev near0")

    row = netio.resolve_neighbor(absent, interface="near0", timeout=0)

    assert row.physical_address == WRONG_MAC


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8:9::7", "198.51.100.7", "2001:db8:8::7"])
def test_a_written_row_needs_no_route(wire: Wire, anyone: Caller, address: str) -> None:
    """Bug: a permanent row is only the answer where the routes lead to the link by themselves."""
    wire.near.ip(
        f"route add 198.51.100.0/24 via {FAR_IP4}",
        f"route add 2001:db8:8::/48 via {FAR_IP6}",
        f"neigh add {address} lladdr {WRONG_MAC} dev near0",
    )

    row = anyone("resolve_neighbor", address, interface="near0")

    assert (row.physical_address, row.state) == (WRONG_MAC, NeighborState.PERMANENT)


@pytest.mark.parametrize(
    ("group", "physical_address"), [("224.0.0.9", "01:00:5e:00:00:09"), ("ff02::9", "33:33:00:00:00:09")]
)
@pytest.mark.usefixtures("wire")
def test_multicast(group: str, physical_address: str) -> None:
    """Bug: a multicast address, whose physical address follows from it, is waited for."""
    row = netio.resolve_neighbor(group, interface="near0")

    assert (row.physical_address, row.state) == (physical_address, NeighborState.PERMANENT)


def test_a_reachable_row_unprivileged(wire: Wire, live: str, unprivileged: Caller) -> None:
    """Bug: without rights to delete, a reachable row is waited for, or something is sent to it."""
    wire.near.ip(f"neigh add {live} lladdr {WRONG_MAC} dev near0 nud reachable")
    with capturing(wire) as capture:
        row = unprivileged("resolve_neighbor", live, interface="near0", timeout=2)

        assert capture.frames() == []
    assert (row.physical_address, row.state) == (WRONG_MAC, NeighborState.REACHABLE)


def test_a_good_stale_row_unprivileged(wire: Wire, live: str, unprivileged: Caller) -> None:
    """Bug: the end of the kernel's own check, which changes no address, is missed."""
    wire.hasten()
    wire.near.ip(f"neigh add {live} lladdr {FAR_MAC} dev near0 nud stale")

    assert unprivileged("resolve_neighbor", live, interface="near0") == answer(live)


def test_a_wrong_stale_row_unprivileged(wire: Wire, live: str, unprivileged: Caller) -> None:
    """Bug: the failure of the old physical address is taken for the host's."""
    wire.hasten()
    wire.near.ip(f"neigh add {live} lladdr {WRONG_MAC} dev near0 nud stale")

    assert unprivileged("resolve_neighbor", live, interface="near0") == answer(live)


def test_a_wrong_stale_row_unprivileged_in_the_kernels_own_time(wire: Wire, unprivileged: Caller) -> None:
    """Bug: the time limit is shorter than what the kernel needs, 5 seconds before it probes and 3 of probing."""
    wire.near.ip(f"neigh add {FAR_IP4} lladdr {WRONG_MAC} dev near0 nud stale")

    assert unprivileged("resolve_neighbor", FAR_IP4, interface="near0") == answer(FAR_IP4)


@pytest.mark.parametrize("count", [2, 6])
def test_threads_that_ask_for_one_address(wire: Wire, live: str, count: int) -> None:
    """Bug: one thread takes another's deletion of the row for silence, or for a full table."""
    results: list[Neighbor | netio.NetioError] = []

    def ask(barrier: Barrier) -> None:
        barrier.wait()
        try:
            results.append(netio.resolve_neighbor(live, interface="near0"))
        except netio.NetioError as error:
            results.append(error)

    for _ in range(50):
        barrier = Barrier(count)
        threads = [Thread(target=ask, args=[barrier]) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert results == [answer(live)] * 50 * count
    assert seen(wire.near) == {live: REACHABLE}


def test_many_one_after_another(wire: Wire) -> None:
    """Bug: what a resolve leaves open, sockets or rows, adds up."""
    network = IPv4Network("198.51.100.0/23")
    wire.far.ip(f"route add local {network} dev lo")
    wire.near.ip(f"route add {network} dev near0")
    hosts = [str(host) for host in islice(network.hosts(), 400)]
    descriptors = open_files()

    try:
        for host in hosts:
            assert netio.resolve_neighbor(host, interface="near0") == answer(host)
        assert seen(wire.near) == dict.fromkeys(hosts, REACHABLE)
    finally:
        netio.flush_neighbors()

    assert seen(wire.near) == {}
    assert open_files() == descriptors


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


RESOLVE = """
import sys, netio
row = netio.resolve_neighbor(sys.argv[1], interface="near0")
print(row.physical_address, row.state.name)
"""


@pytest.mark.parametrize("address", [ABSENT_IP4, ABSENT_IP6])
def test_an_answer_among_lost_events(wire: Wire, address: str) -> None:
    """Bug: after an overrun, which drops the event of the answer too, the row is not looked at again."""
    with subprocess.Popen([*python(RESOLVE), address], stdout=subprocess.PIPE, text=True, env=environment()) as child:
        while address not in seen(wire.near):
            assert child.poll() is None
        child.send_signal(signal.SIGSTOP)
        # More events than a socket holds; what comes after them is lost.
        wire.near.ip(*(f"neigh add 10.0.{i >> 8}.{i & 255} lladdr {WRONG_MAC} dev near0" for i in range(1000)))
        wire.far.ip(f"address add {address}/24 dev far0" + (" nodad" if ":" in address else ""))
        while seen(wire.near)[address].state == "INCOMPLETE":
            assert child.poll() is None
        child.send_signal(signal.SIGCONT)
        shown, _ = child.communicate(timeout=30)

    assert shown == f"{FAR_MAC} REACHABLE\n"


def test_while_the_table_is_flooded(wire: Wire) -> None:
    """Bug: the events of other rows overrun the socket, and the one that is waited for is lost."""
    wire.hasten()
    changes = (
        f"neigh {verb} 10.{i >> 8}.{i & 255}.1 lladdr {WRONG_MAC} dev near0"
        for i in range(20_000)
        for verb in ("replace", "delete")
    )
    rounds = 0
    with wire.near.busy(changes) as is_busy:
        while is_busy():
            assert netio.resolve_neighbor(FAR_IP4, interface="near0") == answer(FAR_IP4)
            with pytest.raises(netio.UnreachableError):
                netio.resolve_neighbor(ABSENT_IP4, interface="near0")
            rounds += 1

    assert rounds > 0
