# SPDX-License-Identifier: MIT
"""Calls that mypy --strict must accept, with the given types. This code never runs."""

import asyncio
import socket
import sys
from contextlib import aclosing
from datetime import timedelta
from io import BytesIO
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import assert_type

from prometheus_client import CollectorRegistry

import netio
from netio import aio, linux
from netio.formats import read_neighbors, write_neighbors
from netio.prometheus import NeighborCollector
from netio.testing import FakeTable


def reads() -> None:
    table = netio.list_neighbors(socket.AF_INET6, interface=netio.Interface("eth0", 3, 0))
    assert_type(table, netio.NeighborTable)
    table = netio.list_neighbors(address=IPv6Address("fe80::7"), physical_address=b"\x02\0\x5e\0\0\x07")
    assert_type(table[0], netio.Neighbor)
    assert_type(table[1:], netio.NeighborTable)
    assert_type([row.physical_address for row in table], list[netio.PhysicalAddress])
    row = netio.get_neighbor(IPv4Address("192.0.2.7"), interface=3)
    assert_type(row.address, IPv4Address | IPv6Address)
    assert_type(row.state, netio.NeighborState)
    assert_type(row.is_resolved, bool)
    assert_type(row.age, timedelta | None)
    assert_type(netio.resolve_neighbor("192.0.2.7", source="192.0.2.1", timeout=1.5), netio.Neighbor)
    for address, answer in netio.resolve_neighbors(["192.0.2.7", IPv4Address("192.0.2.8")], timeout=2, max_in_flight=9):
        assert_type(address, str | IPv4Address | IPv6Address)
        assert_type(answer, netio.Neighbor | netio.NetioError)
    assert_type(netio.list_addresses(interface="eth0"), list[netio.InterfaceAddress])
    (interface,) = netio.list_interfaces()
    assert_type(interface.physical_address, netio.PhysicalAddress)
    assert_type(interface.is_up, bool)


async def waits() -> None:
    assert_type(await aio.resolve_neighbor("192.0.2.7", interface="eth0", timeout=1, keep=True), netio.Neighbor)
    assert_type(await asyncio.wait_for(aio.resolve_neighbor(IPv6Address("fe80::7%eth0")), 2), netio.Neighbor)
    task = asyncio.create_task(aio.resolve_neighbor("192.0.2.7", source="192.0.2.1"))
    assert_type(task, asyncio.Task[netio.Neighbor])
    async with aclosing(aio.resolve_neighbors(["192.0.2.7"], max_in_flight=9)) as answers:
        async for address, answer in answers:
            assert_type(address, str | IPv4Address | IPv6Address)
            assert_type(answer, netio.Neighbor | netio.NetioError)
    async with aio.watch_neighbors(socket.AF_INET, interface="eth0", initial=True) as watch:
        assert_type(watch, netio.NeighborWatch)
        async for change in watch:
            assert_type(change, netio.NeighborChange)
            assert_type(change.neighbor, netio.Neighbor | None)
    aio.resolve_neighbors([7])  # type: ignore[list-item]
    await aio.resolve_neighbor("192.0.2.7", max_in_flight=1)  # type: ignore[call-arg]


def routes() -> None:
    hop = netio.next_hop("203.0.113.9", interface="eth0")
    assert_type(hop, netio.NextHop)
    assert_type(hop.address, IPv4Address | IPv6Address)
    netio.resolve_neighbor(hop.address, interface=hop.interface)


def plans() -> None:
    plan = netio.plan_neighbors([netio.Neighbor("192.0.2.7")], prune=True, owner=77, missing_interfaces="skip")
    assert_type(plan, netio.Plan)
    assert_type(plan.changes, netio.PlannedChanges)
    assert_type(plan.changes[0], netio.PlannedChange)
    assert_type(plan.conflicts[1:], netio.PlannedChanges)
    assert_type([change.previous for change in plan.changes], list[netio.Neighbor | None])
    assert_type((plan.creates, plan.unchanged), tuple[int, int])
    plan.apply(progress=divmod)
    assert_type(plan.undo(), netio.Plan)
    assert_type(netio.apply_neighbors(netio.list_neighbors(), interfaces=["eth0", 3]), netio.Plan)


def metrics() -> None:
    with NeighborCollector(interfaces=["eth0", 3], namespaces=[Path("/run/netns/blue")], per_entry=9) as collector:
        assert_type(collector, NeighborCollector)
        CollectorRegistry().register(collector)
    NeighborCollector(["eth0"])  # type: ignore[call-arg]


def linux_reads() -> None:
    table = linux.list_neighbors(socket.AF_INET, interface="eth0", master="br0", proxy=True)
    assert_type(table, linux.LinuxTable)
    assert_type(table[0], linux.LinuxNeighbor)
    assert_type(table[1:], linux.LinuxTable)
    assert_type(table.neighbors, netio.NeighborTable)
    row = linux.get_neighbor("192.0.2.7", interface=3)
    assert_type(row.neighbor, netio.Neighbor)
    assert_type(row.nud, linux.Nud)
    assert_type(row.flags & linux.NeighborFlags.ROUTER, linux.NeighborFlags)
    assert_type(row.used, int)
    netio.delete_neighbors(row.neighbor for row in table if row.nud is linux.Nud.PERMANENT)


async def linux_watches() -> None:
    with linux.watch_neighbors(interface=3, initial=True, receive_buffer=65536) as watch:
        assert_type(watch, linux.LinuxWatch)
        assert_type(watch.read(0), list[linux.LinuxChange])
        assert_type(watch.table(), linux.LinuxTable)
        for change in watch:
            assert_type(change.entry, linux.LinuxNeighbor | None)
    async for change in linux.watch_neighbors():
        assert_type(change, linux.LinuxChange)


def linux_writes() -> None:
    flags = linux.NeighborFlags.EXT_LEARNED | linux.NeighborFlags.MANAGED
    linux.create_neighbor("192.0.2.7", interface="eth0", nud=linux.Nud.NONE, flags=flags, protocol=11)
    linux.replace_neighbor("192.0.2.7", bytearray(6), interface=3)
    linux.replace_neighbors(linux.list_neighbors())
    linux.create_neighbors([linux.LinuxNeighbor(netio.Neighbor("192.0.2.7"), protocol=11)])
    linux.replace_neighbors(linux.LinuxNeighbor(row, nud=linux.Nud.STALE) for row in netio.list_neighbors())
    linux.delete_neighbor("192.0.2.7", interface="eth0", proxy=True, missing_ok=True)
    linux.probe_neighbors(row for row in linux.list_neighbors() if row.nud is linux.Nud.STALE)
    linux.replace_neighbors(netio.list_neighbors())  # type: ignore[arg-type]
    linux.delete_neighbor("192.0.2.7")  # type: ignore[call-arg]


def linux_tables() -> None:
    parameters = linux.table_parameters(socket.AF_INET, interface="eth0")
    assert_type(parameters, linux.TableParameters)
    assert_type(parameters.interfaces, tuple[linux.InterfaceParameters, ...])
    assert_type(parameters.defaults.interval_probe_ms, int | None)
    assert_type(linux.table_statistics(socket.AF_INET6).table_fulls, int)
    linux.set_table_parameters(socket.AF_INET, gc_thresh3=4096)
    linux.set_table_parameters(socket.AF_INET, interface=3, retrans_ms=0.5)  # type: ignore[arg-type]


def writes() -> None:
    for physical_address in ("02:00:5e:00:00:07", b"\x02\0\x5e\0\0\x07", bytearray(6), memoryview(bytes(6))):
        netio.set_neighbor("192.0.2.7", physical_address)
    rows = (netio.Neighbor("192.0.2.7", interface=name) for name in ("eth0", "eth1"))
    netio.create_neighbors(rows)
    netio.delete_neighbors(netio.list_neighbors()[::2], missing_ok=True)


def errors() -> None:
    try:
        netio.flush_neighbors()
    except netio.UnreachableError as error:
        assert_type(error.gateway, IPv4Address | IPv6Address | None)
    except netio.NetioError as error:
        assert_type(error.row, netio.Neighbor | None)
        assert_type(error.code, int)
        assert_type(error.ntstatus, str | None)


def wrong() -> None:
    netio.get_neighbor(3221225991)  # type: ignore[arg-type]
    netio.get_neighbor("192.0.2.7", "eth0")  # type: ignore[call-arg]
    netio.create_neighbor("192.0.2.7", 7)  # type: ignore[arg-type]
    netio.list_neighbors(interface=b"eth0")  # type: ignore[arg-type]
    netio.list_neighbors(address=b"eth0")  # type: ignore[arg-type]
    netio.create_neighbors(["192.0.2.7"])  # type: ignore[list-item]


def files(rows: netio.NeighborTable) -> None:
    write_neighbors("hosts.csv", rows)
    write_neighbors(Path("hosts"), [rows[0]], "jsonl")
    write_neighbors(sys.stdout, rows, format="csv")
    with Path("hosts").open("rb") as file:
        assert_type(read_neighbors(file), list[netio.Neighbor])
    assert_type(read_neighbors(BytesIO()), list[netio.Neighbor])


def testing() -> None:
    with FakeTable(interfaces={"eth0": ["192.0.2.1/24"]}, hosts={"192.0.2.2": b"\2\0\0\0\0\2"}) as table:
        assert_type(table, FakeTable)
        table.privileged = False
