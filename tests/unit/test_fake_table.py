# SPDX-License-Identifier: MIT
"""FakeTable in a program: threads, tasks, nested blocks, iterators, and functions that must not reach the system."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import netio
from netio import Neighbor, NeighborState, linux
from netio._memory_backend import MemoryBackend
from netio._native import lib
from netio.testing import FakeTable

MAC, OTHER_MAC = "02:00:5e:00:00:07", "02:00:5e:00:00:08"
HOST = "192.0.2.2"


@pytest.fixture
def table() -> Iterator[FakeTable]:
    with FakeTable(hosts={HOST: MAC}) as table:
        yield table


def addresses() -> list[str]:
    return [str(entry.address) for entry in netio.list_neighbors()]


def backends() -> dict[str, object]:
    """Returns what each module of netio uses as its backend."""
    return {name: vars(module).get("lib") for name, module in sys.modules.items() if name.startswith("netio.")}


def test_nothing_is_left_after_the_block() -> None:
    """Bug: the next test of the program uses the table of this one instead of the system's."""
    before = backends()
    names = [interface.name for interface in netio.list_interfaces()]

    def fail() -> None:
        with FakeTable(interfaces={"fake7": ["192.0.2.1/24"]}):
            assert [interface.name for interface in netio.list_interfaces()] == ["lo", "fake7"]
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert backends() == before
    assert [interface.name for interface in netio.list_interfaces()] == names


def test_module_that_is_imported_inside_is_restored() -> None:
    """Bug: a module of netio that is imported inside the block keeps the table in memory for ever."""
    code = """
from netio.testing import FakeTable
with FakeTable():
    from netio import linux
    import netio._resolve
from netio._native import lib
assert linux.lib is lib and netio._resolve.lib is lib
"""
    subprocess.run([sys.executable, "-c", f"import sys\nsys.path[:] = {sys.path!r}\n{code}"], check=True)


def test_threads_and_tasks_use_the_table(table: FakeTable) -> None:
    """Bug: the table belongs to the context of its thread, so that a pool of threads changes that of the system."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: netio.create_neighbor(f"192.0.2.{n}", MAC), range(10, 50)))

    async def main() -> list[Neighbor]:
        return await asyncio.gather(*(asyncio.to_thread(netio.resolve_neighbor, HOST) for _ in range(4)))

    assert {str(entry.physical_address) for entry in asyncio.run(main())} == {MAC}
    assert sorted(addresses()) == sorted([HOST, *(f"192.0.2.{n}" for n in range(10, 50))])
    table.privileged = False
    with ThreadPoolExecutor(1) as pool, pytest.raises(netio.AccessDeniedError):
        pool.submit(netio.delete_neighbor, HOST).result()


def test_nested_blocks() -> None:
    with FakeTable([Neighbor("192.0.2.7", MAC)]):
        with FakeTable([Neighbor("192.0.2.8", MAC)]):
            assert addresses() == ["192.0.2.8"]
        assert addresses() == ["192.0.2.7"]


def test_table_can_be_used_again_but_not_twice_at_a_time() -> None:
    table = FakeTable()
    with table:
        netio.create_neighbor("192.0.2.7", MAC)
        with pytest.raises(RuntimeError, match="in use already"):
            table.__enter__()
    with table:
        assert addresses() == ["192.0.2.7"]


def test_iterator_and_table_outlive_the_block() -> None:
    """Bug: an iterator that the block began passes its session to the backend of the system, which crashes."""
    with FakeTable([Neighbor("192.0.2.7", MAC)], hosts={HOST: MAC}):
        found = netio.resolve_neighbors([HOST] * 3, max_in_flight=1)
        next(iter(found))
        entries = netio.list_neighbors()
    assert [str(address) for address, _ in found] == [HOST] * 2
    assert [str(entry.address) for entry in entries] == ["192.0.2.7", HOST]


def test_sweep_outlives_the_block() -> None:
    """Bug: a sweep that the block began passes its session to the backend of the system, which crashes."""
    with FakeTable() as table:
        table.set_host(HOST, *(f"02:00:5e:00:00:{n:02x}" for n in range(200)))
        replies = netio.sweep_neighbors([HOST])
        next(replies)
    assert len(list(replies)) == 199


def test_sweep_finds_all_hosts() -> None:
    """Bug: a program that looks for duplicate addresses cannot be tested, or resolving finds another host."""
    with FakeTable(hosts={f"2001:db8::{n:x}": MAC for n in range(2, 202)}) as table:
        table.set_host(HOST, MAC, OTHER_MAC, MAC)
        assert [reply.physical_address for reply in netio.sweep_neighbors([HOST])] == [MAC, OTHER_MAC]
        assert netio.resolve_neighbor(HOST).physical_address == MAC
        every = netio.sweep_neighbors([HOST], interface="eth0", all_nodes=True)
        assert len({reply.address for reply in every}) == 201
        table.set_host(HOST, None)
        assert list(netio.sweep_neighbors([HOST])) == []
        table.privileged = False
        with pytest.raises(netio.AccessDeniedError):
            netio.sweep_neighbors([HOST])


def test_entries_of_any_state() -> None:
    rows = [
        Neighbor("192.0.2.7", MAC, state=NeighborState.STALE, reachability_time=90_000),
        Neighbor("2001:db8::7", MAC, is_router=True),
        Neighbor("192.0.2.8", state=NeighborState.UNREACHABLE, is_unreachable=True),
        Neighbor("203.0.113.7", MAC, interface="eth0"),
        Neighbor("fe80::7", MAC, interface=2),
    ]
    with FakeTable(rows):
        found = list(netio.list_neighbors())
        assert [(one.key[0], one.physical_address, one.state) for one in found] == [
            (one.key[0], one.physical_address, one.state) for one in rows
        ]
        assert {one.interface for one in found} == {"eth0"}
        assert found[1].is_router
        assert found[2].is_unreachable
        assert netio.get_neighbor("192.0.2.7").reachability_time == 90_000


def test_hosts_and_gateways() -> None:
    two = {"eth0": ["192.0.2.1/24"], "eth1": ["198.51.100.1/24"]}
    with FakeTable(interfaces=two, gateways=["198.51.100.254"]) as table:
        hop = netio.next_hop("203.0.113.9")
        assert (str(hop.address), hop.interface.name) == ("198.51.100.254", "eth1")
        with pytest.raises(netio.UnreachableError):
            netio.resolve_neighbor("198.51.100.7")
        table.set_host("198.51.100.7", MAC)
        assert netio.resolve_neighbor("198.51.100.7").interface == "eth1"
        table.set_host("198.51.100.7", None)
        with pytest.raises(netio.UnreachableError):
            netio.resolve_neighbor("198.51.100.7")


def test_invalid_arguments() -> None:
    with pytest.raises(netio.InvalidParameterError, match=r"no interface for 203\.0\.113\.7"):
        FakeTable([Neighbor("203.0.113.7", MAC)])
    with pytest.raises(netio.InvalidParameterError, match="on eth7"):
        FakeTable([Neighbor("192.0.2.7", MAC, interface="eth7")])
    with pytest.raises(netio.InvalidParameterError, match="'nonsense' does not appear"):
        FakeTable(interfaces={"eth0": ["nonsense"]})
    with pytest.raises(netio.InvalidParameterError, match="invalid physical address"):
        FakeTable(hosts={"192.0.2.7": "nonsense"})


def test_plans_and_saved_entries(table: FakeTable) -> None:
    """Bug: a plan writes to the system's table, since its functions were taken from the backend on import."""
    table.add(Neighbor("192.0.2.8", MAC, state=NeighborState.STALE))
    desired = [Neighbor("192.0.2.7", MAC), Neighbor("192.0.2.8", MAC)]
    plan = netio.apply_neighbors(desired)
    assert (plan.creates, plan.updates, plan.unchanged) == (1, 1, 0)
    assert [str(entry.address) for entry in netio.plannable_neighbors()] == ["192.0.2.8", "192.0.2.7"]
    plan.undo().apply()
    assert addresses() == []


def test_functions_of_linux_do_not_reach_the_system(table: FakeTable) -> None:
    """Bug: a function without a counterpart in memory changes the system's own table."""
    del table
    for call in (linux.list_neighbors, linux.watch_neighbors, lambda: linux.get_neighbor(HOST)):
        with pytest.raises(netio.NotSupportedError):
            call()


def test_other_namespaces_are_not_supported(table: FakeTable) -> None:
    del table
    with pytest.raises(netio.NotSupportedError), netio.namespace(str(Path("/proc/self/ns/net"))):
        pass


def test_no_function_with_a_namespace_is_that_of_the_system() -> None:
    """Bug: a function that is added to the backend interface reaches the system from a FakeTable."""
    backend = MemoryBackend([])
    opening = [name for name in dir(lib) if name.startswith("netio_") and takes_a_namespace(name)]
    assert len(opening) >= 12
    for name in opening:
        assert getattr(backend, name) is not getattr(lib, name)
    assert backend.netio_message is lib.netio_message
    assert backend.NO_ERROR == lib.NO_ERROR


def takes_a_namespace(name: str) -> bool:
    """Whether the first argument of a function is the namespace, by the stub of the compiled module."""
    stub = Path(netio.__file__).with_name("_native.pyi").read_text(encoding="utf-8")
    return re.search(rf"def {name}\(\s*self,\s*netns: int", stub) is not None
