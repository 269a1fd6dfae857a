# SPDX-License-Identifier: MIT
"""Resolving with the stand-in, whose ResolveIpNetEntry2 blocks and, like that of Windows, cannot be interrupted."""

from __future__ import annotations

import _thread
import threading
import time
from ipaddress import IPv4Address, IPv6Address

import pytest
from growth import GROWTH_MAX, bytes_in_use, next_handle
from standin import HELD

import netio
from netio import Neighbor, NeighborState
from netio._interfaces import InterfaceCache, pack_entries
from netio._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from standin import Standin

pytestmark = pytest.mark.wine_lacks

HOST = IPv4Address("192.0.2.7")

# A wait of netio_resolver_wait that would exceed the timeout of a test if its own limit did not count.
HOUR_MS = 3_600_000


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds; the timeout of the test is the limit."""
    while not condition():
        time.sleep(0.01)


def is_idle(standin: Standin) -> bool:
    return standin.count("resolving") == 0


@pytest.mark.parametrize("host", [HOST, IPv6Address("2001:db8::7")])
def test_resolve_replaces_a_stale_entry(standin: Standin, host: IPv4Address | IPv6Address) -> None:
    standin.row(Neighbor(host, "02:00:5e:00:00:99", interface="Ethernet", state=NeighborState.STALE))
    standin.host(host, 0x42, milliseconds=100)
    row = netio.resolve_neighbor(host, interface="Ethernet")
    assert row == Neighbor(host, "02:00:5e:00:00:42", interface="Ethernet", state=NeighborState.REACHABLE)
    assert list(netio.list_neighbors()) == [row]


def test_permanent_entry_is_returned_unchanged(standin: Standin) -> None:
    # ResolveIpNetEntry2 removes any entry, so a silent host would lose the one that an administrator wrote.
    netio.create_neighbor(HOST, "02:00:5e:00:00:99", interface="Ethernet")
    row = netio.resolve_neighbor(HOST, interface="Ethernet")
    assert row == Neighbor(HOST, "02:00:5e:00:00:99", interface="Ethernet", state=NeighborState.PERMANENT)
    assert list(netio.list_neighbors()) == [row]
    assert standin.count("resolved") == 0


def test_address_given_several_times_is_probed_once(standin: Standin) -> None:
    standin.host(HOST, 0x42, milliseconds=200)
    answers = list(netio.resolve_neighbors([HOST] * 4, interface="Ethernet"))
    assert answers == [(HOST, netio.list_neighbors()[0])] * 4
    assert standin.count("resolved") == len(netio.list_neighbors()) == 1


def test_silent_host_is_unreachable(standin: Standin) -> None:
    standin.silence(150)
    with pytest.raises(netio.UnreachableError) as caught:
        netio.resolve_neighbor(HOST, interface="Ethernet")
    assert caught.value.code == 67
    assert "on Ethernet" in str(caught.value)


def test_source_address_of_another_machine_is_rejected(standin: Standin) -> None:
    standin.host(HOST)
    with pytest.raises(netio.InvalidParameterError, match="is not an address of this machine") as caught:
        netio.resolve_neighbor(HOST, interface="Ethernet", source="198.51.100.1")
    assert caught.value.code == 1168


@pytest.mark.parametrize(
    ("host", "source"),
    [(HOST, IPv4Address("192.0.2.1")), (IPv6Address("2001:db8::7"), IPv6Address("fe80::1"))],
)
def test_own_source_address(
    standin: Standin, host: IPv4Address | IPv6Address, source: IPv4Address | IPv6Address
) -> None:
    """Bug: a link-local source is passed without its scope, so Windows does not find it among its own addresses."""
    ethernet = next(found for found in netio.list_interfaces() if found.name == "Ethernet")
    standin.address(source, 24, ethernet)
    standin.host(host)
    assert netio.resolve_neighbor(host, interface="Ethernet", source=source).is_resolved


@pytest.mark.parametrize("timeout", [0, 0.3])
def test_timeout_is_kept_although_the_call_continues(standin: Standin, timeout: float) -> None:
    standin.silence(HELD)
    start = time.monotonic()
    with pytest.raises(netio.UnreachableError):
        netio.resolve_neighbor(HOST, interface="Ethernet", timeout=timeout)
    assert time.monotonic() - start >= timeout
    assert standin.count("resolved") == 0
    standin.silence(0)
    wait_until(lambda: standin.count("resolved") == 1 or timeout == 0)
    wait_until(lambda: is_idle(standin))


def test_ctrl_c_ends_a_blocked_resolve(standin: Standin) -> None:
    standin.silence(HELD)
    timer = threading.Timer(0.3, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        netio.resolve_neighbor(HOST, interface="Ethernet")
    timer.join()
    standin.silence(0)
    wait_until(lambda: is_idle(standin))


class Session:
    """A resolver of the backend."""

    def __init__(self) -> None:
        self._owner = ffi.new("netio_resolver **")
        assert lib.netio_resolver_open(lib.NETIO_OWN_NETNS, False, self._owner) == 0
        self._resolver = self._owner[0]

    def submit(self, hosts: list[IPv4Address], first_tag: int = 0) -> None:
        native, _ = pack_entries([Neighbor(host, interface="Ethernet") for host in hosts], InterfaceCache())
        assert lib.netio_resolver_submit(self._resolver, native, len(hosts), ffi.NULL, first_tag) == 0

    def wait(self, room: int = 16) -> list[tuple[int, int, int]]:
        """Return the results so far: tag, code, last byte of the physical address."""
        tags, rows = ffi.new("size_t[]", room), ffi.new("MIB_IPNET_ROW2[]", room)
        results, count = ffi.new("DWORD[]", room), ffi.new("size_t *", room)
        code = lib.netio_resolver_wait(self._resolver, HOUR_MS, tags, rows, results, count)
        assert code == (lib.NO_ERROR if count[0] else lib.WAIT_TIMEOUT)
        return [(tags[n], results[n], rows[n].PhysicalAddress[5]) for n in range(count[0])]

    def close(self) -> None:
        lib.netio_resolver_release(self._owner)


def test_slow_and_silent_hosts_do_not_delay_others(standin: Standin) -> None:
    hosts = [HOST + n for n in range(200)]
    silent, slow, fast = hosts[:160], hosts[160:180], hosts[180:]
    for n, host in enumerate([*slow, *fast]):
        standin.host(host, n, milliseconds=HELD if host in slow else 20)
    standin.silence(HELD)
    session, answers = Session(), list[tuple[int, int, int]]()
    session.submit(hosts, 1000)
    while len(answers) < len(fast):
        answers += session.wait()
    assert sorted(answers) == [(1180 + n, 0, 20 + n) for n in range(20)]
    wait_until(lambda: standin.count("resolving") == len(silent) + len(slow))
    standin.silence(0)
    while len(answers) < len(hosts):
        answers += session.wait()
    session.close()
    assert sorted(answers)[:180] == [(1000 + n, *((67, 0) if n < 160 else (0, n - 160))) for n in range(180)]
    assert standin.count("resolving_most") <= 256


def test_wait_returns_without_results_after_its_time_limit(standin: Standin) -> None:
    standin.silence(HELD)
    session = Session()
    session.submit([HOST])
    assert session.wait() == []
    session.close()
    standin.silence(0)
    wait_until(lambda: is_idle(standin))


def test_close_with_pending_calls(standin: Standin) -> None:
    standin.silence(HELD)
    session = Session()
    session.submit([HOST + n for n in range(500)])
    wait_until(lambda: standin.count("resolving") >= 100)
    session.close()
    assert standin.count("resolved") == 0
    standin.silence(0)
    wait_until(lambda: is_idle(standin))
    # The session discards requests whose calls had not begun when it was closed.
    assert standin.count("resolved") <= 256


def test_sessions_are_independent(standin: Standin) -> None:
    standin.host(HOST, 1, milliseconds=200)
    standin.host(HOST + 1, 2, milliseconds=100)
    one, two = Session(), Session()
    one.submit([HOST], 7)
    two.submit([HOST + 1], 7)
    found: dict[str, list[tuple[int, int, int]]] = {"one": [], "two": []}
    for _ in range(50):
        found["one"] += one.wait()
        found["two"] += two.wait()
    one.close()
    two.close()
    assert found == {"one": [(7, 0, 1)], "two": [(7, 0, 2)]}


def test_resolve_from_many_threads(standin: Standin) -> None:
    rows: list[Neighbor] = []
    standin.silence(HELD)
    for n in range(16):
        standin.host(HOST + n, n, milliseconds=HELD)
    threads = [
        threading.Thread(target=lambda n=n: rows.append(netio.resolve_neighbor(HOST + n, interface="Ethernet")))
        for n in range(16)
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: standin.count("resolving") == len(threads))
    standin.silence(0)
    for thread in threads:
        thread.join()
    assert {row.physical_address.packed[5] for row in rows} == set(range(16))


def test_no_growth_over_1000_sessions(standin: Standin) -> None:
    standin.host(HOST)

    def resolve(times: int) -> None:
        for _ in range(times):
            netio.resolve_neighbor(HOST, interface="Ethernet")
        wait_until(lambda: is_idle(standin))

    resolve(100)
    used, handle = bytes_in_use(), next_handle()
    resolve(1000)
    time.sleep(0.5)
    assert bytes_in_use() - used < GROWTH_MAX
    # The threads of a pool end shortly after it was closed.
    wait_until(lambda: next_handle() <= handle + 64)
