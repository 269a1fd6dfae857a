# SPDX-License-Identifier: MIT
"""Threads, each in a namespace of its own, and processes that fork."""

from __future__ import annotations

import os
import pickle
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest

import netio
from netio import Neighbor, NeighborState
from netlab.namespace import Namespace
from netlab.oracle import Seen, seen
from netlab.wire import FAR_IP4, FAR_MAC

if TYPE_CHECKING:
    from collections.abc import Iterable

    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"


def unicast(rows: Iterable[Neighbor]) -> list[Neighbor]:
    return [row for row in rows if not row.address.is_multicast]


def test_each_thread_uses_its_own_namespace(wire: Wire) -> None:
    """Bug: a socket or interface name is shared, so that a thread works in the namespace of another one."""
    count = 4
    namespaces = [Namespace() for _ in range(count)]
    for number, namespace in enumerate(namespaces):
        # The same name has another index in each, the same index another name.
        namespace.ip(*(f"link add name {'x' * i}{number} type bridge" for i in range(1, number + 1)))
        namespace.ip("link add name link0 type bridge", "link set link0 up")
    barrier = Barrier(count)
    found: dict[int, list[Neighbor]] = {}

    def work(number: int) -> None:
        with namespaces[number].entered():
            for i in range(50):
                barrier.wait()
                netio.replace_neighbor(f"192.0.2.{number + 1}", bytes([2, 0, 0, 0, number, i]), interface="link0")
                barrier.wait()
                found[number] = unicast(netio.list_neighbors())
                assert found[number] == [netio.get_neighbor(f"192.0.2.{number + 1}", interface="link0")]

    threads = [Thread(target=work, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for namespace in namespaces:
        namespace.close()

    assert found == {
        number: [Neighbor(f"192.0.2.{number + 1}", bytes([2, 0, 0, 0, number, 49]), interface="link0")]
        for number in range(count)
    }
    assert len({found[number][0].interface_index for number in range(count)}) == count
    assert seen(wire.near) == {}


def test_thread_changes_its_namespace(wire: Wire) -> None:
    """Bug: a thread keeps the namespace of its first call."""
    netio.create_neighbor("192.0.2.77", MAC, interface="near0")

    with wire.far.entered():
        assert "near0" not in {interface.name for interface in netio.list_interfaces()}
        assert unicast(netio.list_neighbors()) == []
        netio.create_neighbor("192.0.2.78", MAC, interface="far0")

    assert [str(row.address) for row in unicast(netio.list_neighbors())] == ["192.0.2.77"]
    assert seen(wire.far, "far0") == {"192.0.2.78": Seen(MAC)}


def test_threads_share_a_table(wire: Wire) -> None:
    """Bug: concurrent readers of a table get torn entries."""
    wire.near.ip(*(f"neigh add 10.0.0.{i} lladdr 02:00:00:00:00:{i:02x} dev near0" for i in range(1, 200)))
    table = netio.list_neighbors(2, interface="near0")
    expected = list(table)
    results: list[bool] = []

    def read() -> None:
        results.append(all(list(table) == expected and table[7:90:3][5] == expected[22] for _ in range(20)))

    threads = [Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [True] * 4


@pytest.mark.usefixtures("wire")
def test_forked_child() -> None:
    """Bug: a socket opened before a fork is shared with the child, and the two read each other's replies."""
    assert netio.resolve_neighbor(FAR_IP4, interface="near0").physical_address == FAR_MAC
    table = netio.list_neighbors(2)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            netio.create_neighbor("192.0.2.77", MAC, interface="near0")
            resolved = netio.resolve_neighbor(FAR_IP4, interface="near0")
            os.write(writer, pickle.dumps((list(table), resolved, netio.get_neighbor("192.0.2.77", interface="near0"))))
        finally:
            os._exit(0)
    os.close(writer)
    for i in range(100):
        netio.replace_neighbor(f"10.0.0.{i}", MAC, interface="near0")
        assert netio.get_neighbor(f"10.0.0.{i}", interface="near0").state == NeighborState.PERMANENT
    with os.fdopen(reader, "rb") as pipe:
        old_table, resolved, created = pickle.loads(pipe.read())
    os.waitpid(child, 0)

    assert old_table == list(table)
    assert resolved == Neighbor(FAR_IP4, FAR_MAC, interface="near0", state=NeighborState.REACHABLE)
    assert created == netio.get_neighbor("192.0.2.77", interface="near0")
