# SPDX-License-Identifier: MIT
"""FakeTable: the same calls on memory and on the kernel have the same results, errors and messages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import netio
from netio import Neighbor, NeighborState, NetioError
from netio.testing import FakeTable
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.wire import (
    ABSENT_IP4,
    FAR_IP4,
    FAR_IP6,
    FAR_LINK_LOCAL,
    FAR_MAC,
    NEAR_IP4,
    NEAR_IP6,
    NEAR_LINK_LOCAL,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from netlab.wire import Wire

    Outcome = object

MAC, OTHER_MAC = "02:00:5e:00:00:07", "02:00:5e:00:00:08"
FAR = (FAR_IP4, FAR_IP6, FAR_LINK_LOCAL)

ADDRESSES = (
    *("192.0.2.7", "192.0.2.8", "2001:db8::7", "fe80::7%near0", "fe80::7", "fe80::7%missing", "fe80::7%lo"),
    *(NEAR_IP4, "192.0.2.255", "203.0.113.7", "2001:db8:7::7", "127.0.0.1", "0.0.0.0", "255.255.255.255"),
    *("::", "::1", "::ffff:192.0.2.7", "224.0.0.77", "ff02::77", "192.0.2.300"),
)
INTERFACES = (None, "near0", "missing", "", 99_999, 0)
PHYSICAL_ADDRESSES = (MAC, OTHER_MAC, "02:00", "", "nonsense", b"\2" * 33)


class Call(NamedTuple):
    """A call of a verb."""

    verb: str
    arguments: tuple[Any, ...] = ()
    named: dict[str, Any] = {}  # noqa: RUF012


def table_like(wire: Wire) -> FakeTable:
    """Makes a table for the interfaces, the far host and the routes of the near host."""
    with wire.far.entered():
        Path("/proc/sys/net/ipv6/conf/all/forwarding").write_text("1")  # the gateway says that it is a router
    wire.near.ip(f"route add default via {FAR_IP4}", f"route add default via {FAR_IP6}")
    return FakeTable(
        interfaces={"near0": (f"{NEAR_IP4}/24", f"{NEAR_IP6}/64", f"{NEAR_LINK_LOCAL}/64")},
        hosts=dict.fromkeys(FAR, FAR_MAC),
        gateways=FAR,
    )


def outcome(call: Call) -> Outcome:
    """Makes a call and returns its result in a form that can be compared, or its error."""
    try:
        result = getattr(netio, call.verb)(*call.arguments, **call.named)
    except NetioError as error:
        return described(error)
    except ExceptionGroup as group:
        return group.message, [described(error) for error in group.exceptions]
    if call.verb == "resolve_neighbors":
        found = ((str(address), described(item)) for address, item in result)
        return sorted(found, key=lambda pair: pair[0])
    if call.verb == "sweep_neighbors":
        return swept(call)
    if call.verb == "list_neighbors":
        return sorted(map(repr, map(described, own_entries(result))))
    return described(result)


def swept(call: Call) -> Outcome:
    """Sweeps, and returns the replies and the errors of targets."""
    errors: list[NetioError] = []
    found = netio.sweep_neighbors(*call.arguments, **call.named, timeout=0.2, on_error=errors.append)
    replies = [(str(reply.address), reply.physical_address, reply.interface) for reply in found]
    return sorted(replies), sorted(map(described, errors), key=str)


def own_entries(table: Iterable[Neighbor]) -> list[Neighbor]:
    """Returns the entries without those that the kernel makes for its own multicast packets."""
    return [entry for entry in table if not entry.address.is_multicast or str(entry.address) in ADDRESSES]


def described(result: object) -> Outcome:
    if isinstance(result, BaseException):
        assert isinstance(result, NetioError)
        row = result.row and (result.row.key, result.row.physical_address, result.row.interface)
        hop = getattr(result, "gateway", None)
        return type(result).__name__, str(result), result.code, result.errno, result.position, result.hint, row, hop
    if isinstance(result, Neighbor):  # age and index differ
        return result.address, result.physical_address, result.interface, result.state, result.is_router
    if isinstance(result, netio.NextHop):
        return result.address, result.interface.name
    return result


def on_both(table: FakeTable, calls: Iterable[Call]) -> list[Outcome]:
    """Makes calls on the kernel, then on memory, and asserts that the outcomes are the same."""
    calls = list(calls)
    real = [outcome(call) for call in calls]
    with table:
        fake = [outcome(call) for call in calls]
    for call, one, other in zip(calls, real, fake, strict=True):
        assert one == other, call
    return real


SINGLE = [
    Call(verb, (address, *arguments), {"interface": interface})
    for verb, arguments in (
        ("get_neighbor", ()),
        ("create_neighbor", (MAC,)),
        ("set_neighbor", (OTHER_MAC,)),
        ("replace_neighbor", (MAC,)),
        ("delete_neighbor", ()),
        ("next_hop", ()),
    )
    for address in ADDRESSES
    for interface in INTERFACES
]


def test_every_address_on_every_interface(wire: Wire) -> None:
    """Bug: a check of an argument is missing, has another code, or comes before another one."""
    outcomes = on_both(table_like(wire), SINGLE)
    kinds = {found[0] for found in outcomes if isinstance(found, tuple) and isinstance(found[0], str)}
    assert kinds >= {"InvalidParameterError", "InterfaceNotFoundError", "UnreachableError", "NeighborNotFoundError"}
    assert outcomes.count(None) > 10


@st.composite
def calls_of_writers(draw: st.DrawFn) -> Call:
    verb = draw(st.sampled_from(["create", "set", "replace", "delete", "get", "list", "flush"]))
    if verb in ("list", "flush"):
        family = draw(st.sampled_from([0, 2, 10, 7]))
        return Call(f"{verb}_neighbors", (family,), {"interface": draw(st.sampled_from(INTERFACES))})
    address = draw(st.sampled_from(ADDRESSES[:5]))
    arguments = () if verb in ("delete", "get") else (draw(st.sampled_from(PHYSICAL_ADDRESSES)),)
    return Call(f"{verb}_neighbor", (address, *arguments), {"interface": draw(st.sampled_from(INTERFACES[:2]))})


def clear() -> None:
    netio.delete_neighbors(list(netio.list_neighbors()), missing_ok=True)


@pytest.mark.usefixtures("wire")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(calls_of_writers(), min_size=1, max_size=12))
def test_random_sequences(calls: list[Call]) -> None:
    """Bug: a verb leaves another table behind than the kernel has."""
    clear()
    table = FakeTable(interfaces={"near0": (f"{NEAR_IP4}/24", f"{NEAR_IP6}/64", f"{NEAR_LINK_LOCAL}/64")})
    on_both(table, [*calls, Call("list_neighbors")])


def test_many_entries_at_once(wire: Wire) -> None:
    rows = [Neighbor(f"192.0.2.{n}", MAC, interface="near0") for n in range(100, 104)]
    broken = [rows[1], Neighbor("192.0.2.7", "02:00", interface="near0"), Neighbor("192.0.2.8", MAC, interface="no")]
    calls = [
        Call("create_neighbors", (rows,)),
        Call("create_neighbors", ([*rows, Neighbor("192.0.2.9", MAC)],)),
        Call("set_neighbors", ([*broken, Neighbor("192.0.2.99", MAC)],)),
        Call("replace_neighbors", (broken,)),
        Call("delete_neighbors", ([*broken, *rows],)),
        Call("delete_neighbors", (rows,), {"missing_ok": True}),
        Call("list_neighbors"),
    ]
    on_both(table_like(wire), calls)


def test_filters_of_a_list(wire: Wire) -> None:
    calls = [
        *(Call("create_neighbor", (address, MAC), {"interface": "near0"}) for address in ("192.0.2.7", "fe80::7")),
        Call("create_neighbor", ("192.0.2.8", OTHER_MAC)),
        *(Call("list_neighbors", (family,)) for family in (0, 2, 10)),
        Call("list_neighbors", (), {"physical_address": MAC}),
        Call("list_neighbors", (), {"address": "fe80::7"}),
        Call("list_neighbors", (), {"address": "192.0.2.9"}),
        Call("list_neighbors", (2,), {"address": "fe80::7", "physical_address": MAC}),
        Call("list_neighbors", (), {"interface": "lo"}),
    ]
    on_both(table_like(wire), calls)


def test_resolving(wire: Wire) -> None:
    """Bug: probes of hosts, silent, own, broadcast and off-link addresses end in another way than in the kernel."""
    wire.hasten()
    calls = [
        *(Call("resolve_neighbor", (address,), {"interface": "near0"}) for address in FAR),
        Call("list_neighbors"),
        Call("create_neighbor", (ABSENT_IP4, MAC)),
        Call("resolve_neighbor", (ABSENT_IP4,)),
        Call("resolve_neighbors", ([*ADDRESSES, *FAR],), {"interface": "near0"}),
        Call("resolve_neighbors", ([*ADDRESSES, *FAR],)),
        Call("resolve_neighbor", (FAR_IP4,), {"source": NEAR_IP4}),
        Call("resolve_neighbor", (FAR_IP4,), {"source": "192.0.2.99"}),
        Call("resolve_neighbor", (FAR_IP4,), {"keep": True}),
        Call("resolve_neighbor", (FAR_IP4,), {"interface": "missing"}),
    ]
    on_both(table_like(wire), calls)


def test_sweeping(wire: Wire) -> None:
    """Bug: a sweep of memory finds other hosts, refuses other targets, or leaves entries behind."""
    calls = [
        *(Call("sweep_neighbors", ([*ADDRESSES, *FAR],), {"interface": one}) for one in (None, "near0")),
        Call("sweep_neighbors", ([],), {"interface": "near0", "all_nodes": True}),
        Call("sweep_neighbors", ([FAR_IP4, FAR_IP6],), {"source": NEAR_IP4}),
        Call("sweep_neighbors", ([FAR_IP4, FAR_IP6],), {"source": "192.0.2.99"}),
    ]
    table = table_like(wire)
    outcomes = on_both(table, calls)
    assert outcomes[-2][0] == [(FAR_IP4, FAR_MAC, "near0")]  # type: ignore[index]
    with table:
        assert len(netio.list_neighbors()) == 0
        with pytest.raises(netio.InterfaceNotFoundError):
            netio.sweep_neighbors([], interface="missing")
        with pytest.raises(netio.NotSupportedError):
            list(netio.sweep_neighbors([], interface="lo", all_nodes=True))


def test_without_privileges(wire: Wire) -> None:
    """Bug: the missing privilege is reported before an invalid argument, or after a missing entry."""
    calls = [
        Call("create_neighbor", ("192.0.2.7", MAC)),
        Call("create_neighbor", ("192.0.2.7", "02:00")),
        Call("create_neighbor", ("192.0.2.7", MAC), {"interface": "missing"}),
        Call("set_neighbor", ("192.0.2.8", MAC)),
        Call("delete_neighbor", ("192.0.2.8",)),
        Call("flush_neighbors"),
        Call("flush_neighbors", (7,)),
        Call("get_neighbor", ("192.0.2.8",)),
        Call("resolve_neighbor", (FAR_IP4,)),
        Call("resolve_neighbor", (FAR_IP4,)),
        Call("delete_neighbors", ([Neighbor("192.0.2.7"), Neighbor("0.0.0.0", interface="near0")],)),
        Call("sweep_neighbors", ([FAR_IP4],)),
    ]
    table = table_like(wire)
    table.privileged = False
    real = call_elsewhere(wire.near, UNPRIVILEGED, [(call.verb, call.arguments, call.named) for call in calls])
    with table:
        for call, found in zip(calls, real, strict=True):
            expected = (
                (found.message, list(map(described, found.exceptions)))
                if isinstance(found, ExceptionGroup)
                else described(found)
            )
            assert outcome(call) == expected, call


def test_interfaces_and_addresses(wire: Wire) -> None:
    table = table_like(wire)

    def read() -> list[object]:
        interfaces = [(one.name, one.physical_address, one.is_up) for one in netio.list_interfaces()]
        own = [(one.address, one.prefix, one.interface.name, one.can_probe) for one in netio.list_addresses()]
        return [sorted(interfaces), sorted(own, key=str)]

    real = read()
    with table:
        assert read() == real


@pytest.mark.parametrize("verb", ["set_neighbor", "replace_neighbor"])
def test_router_flag(wire: Wire, verb: str) -> None:
    """Bug: set loses the flag of a router, or replace keeps it."""
    wire.near.ip(f"neigh add 2001:db8::7 lladdr {MAC} dev near0 nud permanent router")
    table = table_like(wire)
    table.add(Neighbor("2001:db8::7", MAC, interface="near0", is_router=True))
    calls = [Call(verb, ("2001:db8::7", OTHER_MAC)), Call("list_neighbors")]
    on_both(table, calls)


def test_flush_keeps_permanent_entries(wire: Wire) -> None:
    table = table_like(wire)
    for state in (NeighborState.STALE, NeighborState.PERMANENT):
        address = f"192.0.2.{int(state)}"
        wire.near.ip(f"neigh add {address} lladdr {MAC} dev near0 nud {state.name.lower()}")
        table.add(Neighbor(address, MAC, state=state))
    on_both(table, [Call("list_neighbors"), Call("flush_neighbors"), Call("list_neighbors")])
