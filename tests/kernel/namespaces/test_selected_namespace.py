# SPDX-License-Identifier: MIT
"""netio.namespace(): every function acts in the selected namespace, and the caller stays in its own."""

from __future__ import annotations

import asyncio
import gc
import socket
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest

import netio
from netio import Neighbor, NeighborState
from netlab.namespace import Namespace
from netlab.oracle import Seen, seen
from netlab.wire import ABSENT_IP4, FAR_IP4, FAR_IP6, FAR_LINK_LOCAL, NEAR_IP4, NEAR_IP6, NEAR_LINK_LOCAL, NEAR_MAC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netlab.wire import Wire

MAC, OTHER_MAC = "02:00:5e:00:00:07", "02:00:5e:00:00:08"


def own_namespace() -> Path:
    return Path("/proc/thread-self/ns/net").readlink()


@contextmanager
def elsewhere(namespace: Namespace) -> Iterator[None]:
    """Selects a namespace, and asserts that the thread is in its own one inside and after the block."""
    own = own_namespace()
    with netio.namespace(namespace.descriptor):
        yield
        assert own_namespace() == own
    assert own_namespace() == own


def test_every_function_acts_in_the_selected_namespace(wire: Wire) -> None:
    """Bug: one function opens its socket in the namespace of the thread."""
    with elsewhere(wire.far):
        assert {interface.name for interface in netio.list_interfaces()} == {"lo", "far0"}
        assert FAR_IP4 in {str(item.address) for item in netio.list_addresses(interface="far0")}
        netio.create_neighbor(ABSENT_IP4, MAC)  # by the route of the other namespace
        netio.set_neighbor(ABSENT_IP4, OTHER_MAC, interface="far0")
        assert netio.get_neighbor(ABSENT_IP4).interface == "far0"
        netio.replace_neighbor("fe80::77%far0", MAC)
        rows = [Neighbor(f"192.0.2.{i}", MAC, interface="far0") for i in range(100, 110)]
        netio.create_neighbors(rows)
        netio.set_neighbors(rows)
        netio.replace_neighbors(rows)
        assert {*rows} <= {*netio.list_neighbors(interface="far0")}
        assert [row.interface for row in netio.list_neighbors(address="fe80::77%far0")] == ["far0"]
        netio.delete_neighbors(rows)
        netio.delete_neighbor("fe80::77%far0")
        assert netio.resolve_neighbor(NEAR_IP4).physical_address == NEAR_MAC
        netio.flush_neighbors()
        wire.far.ip(f"route add 203.0.113.0/24 via inet6 {NEAR_LINK_LOCAL} dev far0")
        hop = netio.next_hop("203.0.113.9")
        assert (str(hop.address), hop.interface.name) == (f"{NEAR_LINK_LOCAL}%far0", "far0")
        with pytest.raises(netio.UnreachableError) as caught:
            netio.get_neighbor("203.0.113.9")
        assert caught.value.gateway == hop.address

    assert seen(wire.far, "far0") == {ABSENT_IP4: Seen(OTHER_MAC)}
    assert ABSENT_IP4 not in seen(wire.near)


@pytest.mark.parametrize("address", [NEAR_IP4, NEAR_IP6, f"{NEAR_LINK_LOCAL}%far0"])
@pytest.mark.parametrize("with_source", [False, True], ids=["by request", "by datagram"])
def test_resolve_in_the_selected_namespace(wire: Wire, address: str, *, with_source: bool) -> None:
    """Bug: the datagrams that probe, or the look-up of the source, use the namespace of the thread."""
    source = {NEAR_IP4: FAR_IP4, NEAR_IP6: FAR_IP6}.get(address, f"{FAR_LINK_LOCAL}%far0") if with_source else None
    with elsewhere(wire.far):
        entry = netio.resolve_neighbor(address, source=source)

    assert (entry.physical_address, entry.interface, entry.state) == (NEAR_MAC, "far0", NeighborState.REACHABLE)


def test_iterator_keeps_the_namespace_of_its_creation(wire: Wire) -> None:
    """Bug: the iterator resolves, or names the interface of an error, where it is read, or its descriptor is closed."""
    wire.far.ip("ntable change name arp_cache dev far0 retrans 100")
    with netio.namespace(wire.far.descriptor):
        results = netio.resolve_neighbors([NEAR_IP4, ABSENT_IP4, FAR_IP4])

    by_address = {str(address): result for address, result in results}

    entry, silent, own = by_address[NEAR_IP4], by_address[ABSENT_IP4], by_address[FAR_IP4]
    assert isinstance(entry, Neighbor)
    assert (entry.physical_address, entry.interface) == (NEAR_MAC, "far0")
    assert isinstance(silent, netio.UnreachableError)
    assert silent.subject.endswith("on far0")
    assert isinstance(own, netio.InvalidParameterError)
    assert ABSENT_IP4 not in seen(wire.near)


def test_error_names_interfaces_of_the_selected_namespace(wire: Wire) -> None:
    """Bug: an error path looks the interface up in the namespace of the thread, and reports an unknown interface."""
    with elsewhere(wire.far):
        with pytest.raises(netio.NeighborNotFoundError, match="on far0: "):
            netio.delete_neighbor(ABSENT_IP4, interface="far0")
        with pytest.raises(netio.InvalidParameterError, match="those on far0 have 6"):
            netio.create_neighbor(ABSENT_IP4, b"\x02\x07", interface="far0")
        with pytest.raises(netio.InterfaceNotFoundError):
            netio.get_neighbor(ABSENT_IP4, interface="near0")


def test_blocks_nest(wire: Wire) -> None:
    """Bug: the end of an inner block selects the namespace of the thread, or an exception leaves it selected."""
    with elsewhere(wire.far):
        with pytest.raises(netio.InterfaceNotFoundError), elsewhere(wire.near):
            netio.list_neighbors(interface="far0")
        assert "far0" in {interface.name for interface in netio.list_interfaces()}
    assert "near0" in {interface.name for interface in netio.list_interfaces()}


@pytest.fixture
def namespaces() -> Iterator[list[Namespace]]:
    """Eight namespaces, each with an entry of its own."""
    found = [Namespace() for _ in range(8)]
    for number, namespace in enumerate(found):
        namespace.ip(
            f"link add name link{number} type bridge",
            f"neigh add 192.0.2.{number + 1} lladdr {MAC} dev link{number}",
        )
    yield found
    for namespace in found:
        namespace.close()


def names_in(namespace: Namespace) -> set[str]:
    with netio.namespace(namespace.descriptor):
        return {row.interface for row in netio.list_neighbors(socket.AF_INET)}


@pytest.mark.usefixtures("wire")
def test_threads_do_not_affect_each_other(namespaces: list[Namespace]) -> None:
    """Bug: the selection is shared between threads."""
    barrier = Barrier(len(namespaces))
    wrong: list[set[str]] = []

    def work(number: int) -> None:
        for _ in range(100):
            barrier.wait()
            found = names_in(namespaces[number])
            if found != {f"link{number}"}:
                wrong.append(found)

    threads = [Thread(target=work, args=[number]) for number in range(len(namespaces))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


@pytest.mark.usefixtures("wire")
def test_tasks_do_not_affect_each_other(namespaces: list[Namespace]) -> None:
    """Bug: the selection leaks into other tasks of the event loop, or its descriptor is closed under a task."""

    async def work(number: int) -> set[str]:
        with netio.namespace(namespaces[number].descriptor):
            child = asyncio.create_task(listing())
            await asyncio.sleep(0)
        await asyncio.sleep(0.001 * (number % 3))
        return await child

    async def listing() -> set[str]:
        await asyncio.sleep(0.01)  # until the block of its creator has ended
        return {row.interface for row in netio.list_neighbors(socket.AF_INET)}

    async def main() -> list[set[str]]:
        return await asyncio.gather(*(work(i % len(namespaces)) for i in range(100)))

    assert asyncio.run(main()) == [{f"link{i % len(namespaces)}"} for i in range(100)]


@pytest.mark.usefixtures("wire")
def test_a_thousand_namespaces_leave_nothing_behind() -> None:
    """Bug: a descriptor stays open for each namespace that was selected."""
    gc.collect()  # of descriptors that earlier tests have left to the garbage collector
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(1000):
        namespace = Namespace()
        with netio.namespace(namespace.descriptor):
            assert [interface.name for interface in netio.list_interfaces()] == ["lo"]
        namespace.close()

    assert len(list(Path("/proc/self/fd").iterdir())) == before
