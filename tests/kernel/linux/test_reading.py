# SPDX-License-Identifier: MIT
"""netio.linux reads state, flags, protocol, probes and ages of entries as ip(8) and pyroute2 do, and proxy entries."""

from __future__ import annotations

import copy
import pickle
import socket
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyroute2 import IPRoute  # type: ignore[import-untyped]

import netio
from netio import linux
from netio._native import lib
from netio.linux import NeighborFlags, Nud
from netlab.namespace import Namespace
from netlab.oracle import details, proxies
from netlab.wire import ABSENT_IP4, FAR_MAC

if TYPE_CHECKING:
    from netlab.wire import Wire

# One entry for each state, flag and kind of writer, in the words of ip-neighbour(8).
WRITTEN = {
    "192.0.2.10": "lladdr {mac} nud permanent",
    "192.0.2.11": "lladdr {mac} nud noarp",
    "192.0.2.12": "lladdr {mac} nud reachable",
    "192.0.2.13": "lladdr {mac} nud stale",
    "192.0.2.14": "lladdr {mac} nud delay",
    "192.0.2.15": "lladdr {mac} nud probe",
    "192.0.2.16": "nud failed",
    "192.0.2.17": "nud none",
    "192.0.2.18": "nud incomplete",
    "192.0.2.19": "lladdr {mac} nud reachable extern_learn proto zebra",
    "192.0.2.20": "managed",
    "192.0.2.21": "managed extern_learn proto 200",
    "192.0.2.22": "lladdr {mac} nud permanent proto static",
    "2001:db8::10": "lladdr {mac} nud stale router",
    "2001:db8::11": "lladdr {mac} nud permanent router extern_learn proto bird",
    "fe80::10": "lladdr {mac} nud noarp",
    "240.0.0.1": "lladdr {mac} nud permanent",
}
PROXIES = {
    "198.51.100.1": "",
    "198.51.100.2": "router",
    "198.51.100.3": "extern_learn proto zebra",
    "2001:db8:1::1": "proto 200",
}


def _plain(row: linux.LinuxNeighbor) -> str:
    return str(row.neighbor.address).partition("%")[0]


def test_every_state_flag_and_protocol_is_that_of_other_programs(wire: Wire) -> None:
    """Bug: NOARP is shown as PERMANENT, an extended flag is lost, or one kind of message has another layout."""
    wire.near.ip(*(f"neigh replace {a} dev near0 {words.format(mac=FAR_MAC)}" for a, words in WRITTEN.items()))

    before = details(wire.near)
    listed = linux.list_neighbors(interface="near0")
    rows = {_plain(row): row for row in listed if not row.neighbor.address.is_multicast}
    shared = {str(row.key[0]): row for row in netio.list_neighbors(interface="near0")}
    after = details(wire.near)

    assert {*rows} == {*before} >= {*WRITTEN}
    for address, row in rows.items():
        old, new = before[address], after[address]
        assert (row.flags, row.protocol) == (old.flags, old.protocol) == (new.flags, new.protocol)
        assert row.nud in (old.state, new.state)
        assert old.probes <= row.probes <= new.probes or old.state != new.state
        assert row.references in (old.references, new.references)
        for age, first, last in zip((row.used, row.confirmed, row.updated), old.ages, new.ages, strict=True):
            assert 10 * first <= age <= 10 * last or old.state != new.state
        assert row.neighbor == shared[address] or old.state != new.state
    assert {row.nud for row in rows.values()} >= {*Nud} - {Nud.NONE, Nud.DELAY}
    assert rows["192.0.2.21"].flags == NeighborFlags.MANAGED | NeighborFlags.EXT_LEARNED
    assert rows["192.0.2.12"].confirmed == rows["192.0.2.12"].neighbor.reachability_time
    # A new STALE entry was never confirmed, so its number is made up.
    assert rows["192.0.2.13"].confirmed >= 59_000
    assert rows["192.0.2.13"].neighbor.reachability_time == lib.NETIO_UNKNOWN_TIME


@pytest.mark.parametrize("address", ["192.0.2.11", "192.0.2.21", "2001:db8::11", "fe80::10", "240.0.0.1"])
def test_one_entry_is_that_of_the_list(wire: Wire, address: str) -> None:
    """Bug: get_neighbor() follows other rules than list_neighbors(), or refuses 240.0.0.1."""
    wire.near.ip(f"neigh replace {address} dev near0 {WRITTEN[address].format(mac=FAR_MAC)}")

    row = linux.get_neighbor(address, interface="near0")

    assert row.flags == details(wire.near)[address].flags
    assert row in linux.list_neighbors()


def test_interface_is_that_of_the_route_or_the_scope(wire: Wire) -> None:
    """Bug: without an interface the entry of another one is returned."""
    wire.near.ip(
        f"neigh replace {ABSENT_IP4} dev near0 lladdr {FAR_MAC} nud noarp",
        f"neigh replace fe80::10 dev near0 lladdr {FAR_MAC} nud noarp",
    )
    assert [linux.get_neighbor(address).nud for address in (ABSENT_IP4, "fe80::10%near0")] == [Nud.NOARP] * 2


def test_entries_of_the_loopback_interface(wire: Wire) -> None:
    """Bug: the rules of Windows hide the entries that the kernel keeps for lo."""
    wire.near.ip(f"neigh replace 127.0.0.1 lladdr {FAR_MAC} dev lo", f"neigh replace ::1 lladdr {FAR_MAC} dev lo")
    rows = {_plain(row): row for row in linux.list_neighbors(interface="lo")}
    # For IPv4 the kernel has one entry for all neighbours on such an interface.
    assert {*rows} >= {"0.0.0.0", "::1"}
    assert linux.get_neighbor("::1", interface="lo") == rows["::1"]


def test_proxy_entries_are_another_list(wire: Wire) -> None:
    """Bug: proxy entries are in the list of neighbours, or neighbours among the proxy entries."""
    wire.near.ip(
        f"neigh replace {ABSENT_IP4} dev near0 lladdr {FAR_MAC}",
        *(f"neigh add proxy {address} dev near0 {words}" for address, words in PROXIES.items()),
    )
    rows = {str(row.neighbor.address): row for row in linux.list_neighbors(interface="near0", proxy=True)}
    found = {address: (int(row.flags), row.protocol) for address, row in rows.items()}
    assert found == proxies(wire.near)
    assert {*found} == {*PROXIES}
    assert {*rows.values()} <= {*linux.list_neighbors(proxy=True)}
    for address in PROXIES:
        assert linux.get_neighbor(address, interface="near0", proxy=True) == rows[address]
    assert len(linux.list_neighbors(socket.AF_INET6, interface="near0", proxy=True)) == 1
    assert not {*rows} & {str(row.neighbor.address) for row in linux.list_neighbors()}
    assert not {*rows} & {str(row.address) for row in netio.list_neighbors()}
    with pytest.raises(netio.NeighborNotFoundError):
        linux.get_neighbor("198.51.100.1", interface="near0")


def test_proxy_entry_for_all_interfaces(wire: Wire) -> None:
    """Bug: an entry without an interface is lost, or its name cannot be looked up."""
    address = "203.0.113.30"
    with IPRoute() as route:
        route.neigh("replace", dst=address, ifindex=0, flags=NeighborFlags.PROXY)
        try:
            rows = [row for row in linux.list_neighbors(proxy=True) if str(row.neighbor.address) == address]
            assert [(row.neighbor.interface, row.neighbor.interface_index) for row in rows] == [("", 0)]
            assert not {*rows} & {*linux.list_neighbors(interface="near0", proxy=True)}
            assert linux.get_neighbor(address, interface="near0", proxy=True) == rows[0]
        finally:  # the kernel keeps it when the namespace is removed
            route.neigh("del", dst=address, ifindex=0, flags=NeighborFlags.PROXY)
    assert wire.near.json(f"neigh show proxy {address}") == []


def test_table_is_a_sequence_and_columns(wire: Wire) -> None:
    """Bug: slices, copies or columns pair an entry with the detail of another one."""
    wire.near.ip(*(f"neigh replace {a} dev near0 {words.format(mac=FAR_MAC)}" for a, words in WRITTEN.items()))
    table = linux.list_neighbors(interface="near0")
    rows = list(table)

    for place in (slice(None), slice(2, 9), slice(None, None, -2), slice(0)):
        part = table[place]
        assert [*part] == [part[i] for i in range(len(part))] == rows[place] == [*reversed(part)][::-1]
        assert [*part.neighbors] == [row.neighbor for row in part]
        found = pa.table(part)
        found.validate(full=True)
        assert found.column("nud").to_pylist() == [row.nud.name for row in part]
        assert found.column("used").type == pa.duration("ms")
        for name in ("flags", "protocol", "probes", "references"):
            assert found.column(name).to_pylist() == [getattr(row, name) for row in part]
        for name in ("used", "confirmed", "updated"):
            assert found.column(name).cast(pa.int64()).to_pylist() == [getattr(row, name) for row in part]
        assert found.column("address").to_pylist() == [str(row.neighbor.address) for row in part]
        array = part.to_numpy()
        for name in ("nud", "flags", "protocol", "probes", "used", "confirmed", "updated", "references"):
            assert array[name].tolist() == [getattr(row, name) for row in part]
        assert array["InterfaceIndex"].tolist() == [row.neighbor.interface_index for row in part]
        assert pickle.loads(pickle.dumps(part)) == part == copy.deepcopy(part)
        assert [pickle.loads(pickle.dumps(row)).used for row in part] == [row.used for row in part]
    assert pa.table(table).schema == pa.schema(table)
    position = next(i for i, row in enumerate(rows) if row.protocol == 11)
    assert str(table[position : position + 1]).splitlines()[1].split()[-3:] == ["REACHABLE", "EXT_LEARNED", "11"]
    assert repr(table) == f"<LinuxTable of {len(rows)} rows>"


def test_namespace_and_refused_arguments(wire: Wire) -> None:
    """Bug: a function acts in the namespace of the thread, or an invalid argument selects everything."""
    wire.far.ip(f"neigh replace {ABSENT_IP4} dev far0 lladdr {FAR_MAC}")
    with netio.namespace(wire.far.descriptor):
        assert linux.get_neighbor(ABSENT_IP4, interface="far0") in linux.list_neighbors()
    with pytest.raises(netio.NeighborNotFoundError):
        linux.get_neighbor(ABSENT_IP4, interface="near0")
    with pytest.raises(netio.InterfaceNotFoundError):
        linux.list_neighbors(interface="none")
    with pytest.raises(netio.InterfaceNotFoundError):
        linux.get_neighbor(ABSENT_IP4, interface="none")
    with pytest.raises(netio.InvalidParameterError, match="interface of a proxy entry"):
        linux.get_neighbor(ABSENT_IP4, proxy=True)
    with pytest.raises(netio.InvalidParameterError):
        linux.list_neighbors(77)


def test_entries_of_the_interfaces_of_a_master(wire: Wire) -> None:
    """Bug: entries of other interfaces, or of the master itself, are listed; the filter hides those of one family."""
    wire.near.ip(
        "link add br0 type bridge",
        "link set br0 up",
        "link add port0 type veth peer name port1",
        "link set port0 master br0 up",
        "link set port1 up",
        *(
            f"neigh add {address} lladdr {FAR_MAC} dev {interface}"
            for interface in ("near0", "br0", "port0", "port1")
            for address in ("192.0.2.40", "2001:db8::40")
        ),
        *(f"neigh add proxy 198.51.100.4 dev {interface}" for interface in ("near0", "br0", "port0")),
    )

    def keys(**named: Any) -> set[str]:  # noqa: ANN401
        rows = linux.list_neighbors(**named)
        assert {row.neighbor.interface for row in rows} <= {"port0"}
        return {str(row.neighbor.address) for row in rows if not row.neighbor.address.is_multicast}

    shown = wire.near.json("neigh show nud all master br0")
    assert {(row["dev"], row["dst"]) for row in shown} >= {("port0", "192.0.2.40"), ("port0", "2001:db8::40")}
    assert keys(master="br0") == {"192.0.2.40", "2001:db8::40"}
    assert keys(master=socket.if_nametoindex("br0"), family=socket.AF_INET6) == {"2001:db8::40"}
    assert keys(master="br0", interface="port0") == keys(master="br0")
    assert keys(master="br0", interface="near0") == set()
    assert keys(master="near0") == set()  # it has no interfaces
    assert keys(master="br0", proxy=True) == {"198.51.100.4"}
    for named, missing in (
        ({"master": "none"}, "none"),
        ({"master": "none", "interface": "near0"}, "none"),
        ({"master": "br0", "interface": "gone"}, "gone"),
    ):
        with pytest.raises(netio.InterfaceNotFoundError, match=f"interface {missing}: there is no such interface"):
            linux.list_neighbors(**named)  # type: ignore[arg-type]
    with pytest.raises(netio.InvalidParameterError, match="master must not be ''"):
        linux.list_neighbors(master="")


def test_empty_table() -> None:
    """Bug: an empty table has no memory, and its columns fail."""
    namespace = Namespace()
    with namespace.entered():
        table = linux.list_neighbors(interface="lo", proxy=True)
        assert (len(table), [*table], pa.table(table).num_rows, len(table.to_numpy())) == (0, [], 0, 0)
        assert pickle.loads(pickle.dumps(table)) == table
    namespace.close()
