# SPDX-License-Identifier: MIT
"""Neighbor and NeighborState: accepted and rejected values, equality, copies."""

import copy
import dataclasses
import pickle
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_address
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netio import Interface, InvalidParameterError, Neighbor, NeighborState, PhysicalAddress


def test_text_is_parsed() -> None:
    row = Neighbor("192.0.2.7", "02-00-5e-00-00-07", interface="eth0")
    assert row.address == IPv4Address("192.0.2.7")
    assert row.physical_address == PhysicalAddress("02:00:5e:00:00:07")
    assert (row.interface, row.interface_index, row.interface_luid) == ("eth0", 0, 0)
    assert (row.state, row.is_router, row.is_unreachable, row.reachability_time) == (6, False, False, 0)


def test_only_the_address_is_required() -> None:
    row = Neighbor("2001:db8::7")
    assert (row.physical_address, row.interface, row.state) == ("", "", NeighborState.PERMANENT)


def test_interface_by_index_and_by_interface() -> None:
    by_index = Neighbor("192.0.2.7", interface=3)
    assert (by_index.interface, by_index.interface_index, by_index.interface_luid) == ("", 3, 0)
    full = Neighbor("192.0.2.7", interface=Interface("eth0", 3, 6 << 48 | 3 << 24))
    assert (full.interface, full.interface_index, full.interface_luid) == ("eth0", 3, 6 << 48 | 3 << 24)


@pytest.mark.parametrize(
    "address",
    ["", "192.0.2", "192.0.2.256", "192.0.2.7/24", "0300.0.2.7", " 192.0.2.7", "host", "2001:db8::g", "fe80::1%", "1"],
)
def test_invalid_address_is_quoted(address: str) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        Neighbor(address)
    assert repr(address) in str(caught.value)


PARTS = st.sampled_from(["0", "1", "255", "256", "07", "\u0662", "ffff", "2001", "fe80", "eth0", ""])


@given(st.lists(st.tuples(PARTS, st.sampled_from([".", ":", "::", "%", "/", ""])), max_size=9))
@example([("192", "."), ("0", "."), ("2", "."), ("7", "")])
@example([("192", "."), ("0", "."), ("2", "")])
@example([("255", "")])
@example([("fe80", "::"), ("1", "%"), ("eth0", "")])
@example([("", "::"), ("ffff", ":"), ("1", "."), ("1", "."), ("1", "."), ("1", "")])
def test_the_accepted_texts_are_those_of_ipaddress(parts: list[tuple[str, str]]) -> None:
    """Bug: a shortcut of netio accepts other texts than ip_address(), or reads them as another address."""
    text = "".join(part + separator for part, separator in parts)
    expected = found = None
    with suppress(ValueError):
        expected = ip_address(text)
    if isinstance(expected, IPv6Address) and expected.scope_id is not None and not expected.is_link_local:
        return  # which netio rejects
    with suppress(InvalidParameterError):
        found = Neighbor(text).address
    assert found == expected


@pytest.mark.parametrize("address", [3221225991, b"\xc0\x00\x02\x07", None, True, 1.5])
def test_address_of_another_type_is_rejected(address: object) -> None:
    """Bug: an int or packed bytes, which ip_address() accepts, become an address."""
    with pytest.raises(TypeError):
        Neighbor(address)  # type: ignore[arg-type]


def test_prefix_length_is_dropped() -> None:
    """Bug: the address stays an IPv4Interface, which never equals a plain IPv4Address."""
    assert Neighbor(IPv4Interface("192.0.2.7/24")).address == IPv4Address("192.0.2.7")
    scoped = Neighbor(IPv6Interface("fe80::7%eth0/64")).address
    assert scoped == IPv6Address("fe80::7%eth0")
    assert type(scoped) is IPv6Address


@pytest.mark.parametrize("address", ["2001:db8::1%eth0", "ff02::1%eth0", "::1%1", "fec0::1%eth0"])
def test_scope_of_an_address_that_is_not_link_local_is_rejected(address: str) -> None:
    with pytest.raises(InvalidParameterError, match="scope"):
        Neighbor(address)


@pytest.mark.parametrize("index", [0, -1, 2**32])
def test_interface_index_out_of_range_is_rejected(index: int) -> None:
    with pytest.raises(InvalidParameterError, match=str(index)):
        Neighbor("192.0.2.7", interface=index)


@pytest.mark.parametrize("interface", [True, None, 1.5, b"eth0"])
def test_interface_of_another_type_is_rejected(interface: object) -> None:
    with pytest.raises(TypeError, match="interface"):
        Neighbor("192.0.2.7", interface=interface)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "arguments",
    [
        {"state": "STALE"},
        {"state": True},
        {"is_router": 1},
        {"is_unreachable": None},
        {"reachability_time": 1.5},
        {"reachability_time": False},
    ],
)
def test_field_of_another_type_is_rejected(arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=next(iter(arguments))):
        Neighbor("192.0.2.7", **arguments)


@pytest.mark.parametrize("milliseconds", [-1, 2**32])
def test_reachability_time_out_of_range_is_rejected(milliseconds: int) -> None:
    with pytest.raises(InvalidParameterError, match=str(milliseconds)):
        Neighbor("192.0.2.7", reachability_time=milliseconds)


def test_equality_ignores_fields_that_differ_at_every_read() -> None:
    row = Neighbor("192.0.2.7", "02:00:5e:00:00:07", interface="eth0")
    same = Neighbor(
        "192.0.2.7", "02:00:5e:00:00:07", interface=Interface("eth0", 3, 6 << 48 | 3 << 24), reachability_time=5
    )
    assert row == same
    assert hash(row) == hash(same)
    for change in ({"address": "192.0.2.8"}, {"physical_address": ""}, {"interface": "eth1"}, {"state": 4}):
        assert dataclasses.replace(row, **change) != row
    assert dataclasses.replace(row, is_router=True) != row
    assert dataclasses.replace(row, is_unreachable=True) != row


def test_replaced_interface_has_neither_the_old_index_nor_the_old_luid() -> None:
    row = Neighbor("192.0.2.7", interface=Interface("eth0", 3, 6 << 48 | 3 << 24), reachability_time=5)
    moved = dataclasses.replace(row, interface="eth1")
    assert (moved.interface, moved.interface_index, moved.interface_luid) == ("eth1", 0, 0)
    assert moved.reachability_time == 5


def test_neighbor_is_immutable() -> None:
    row = Neighbor("192.0.2.7")
    with pytest.raises(dataclasses.FrozenInstanceError):
        row.state = NeighborState.STALE  # type: ignore[misc]
    assert not hasattr(row, "__dict__")


@pytest.mark.parametrize(
    ("physical_address", "state", "resolved"),
    [
        ("02:00:5e:00:00:07", NeighborState.STALE, True),
        ("02:00:5e:00:00:07", NeighborState.PERMANENT, True),
        ("", NeighborState.PERMANENT, False),
        ("02:00:5e:00:00:07", NeighborState.UNREACHABLE, False),
        ("02:00:5e:00:00:07", NeighborState.INCOMPLETE, False),
    ],
)
def test_is_resolved(physical_address: str, state: NeighborState, resolved: bool) -> None:
    assert Neighbor("192.0.2.7", physical_address, state=state).is_resolved is resolved


@pytest.mark.parametrize(
    "row",
    [
        Neighbor("192.0.2.7", "02:00:5e:00:00:07", interface=Interface("eth0", 3, 6 << 48 | 3 << 24)),
        Neighbor("fe80::7%eth0", state=77, is_router=True, is_unreachable=True, reachability_time=5),
    ],
)
def test_pickle_and_copy_keep_every_field(row: Neighbor) -> None:
    copies = [pickle.loads(pickle.dumps(row, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)]
    for duplicate in (*copies, copy.copy(row), copy.deepcopy(row)):
        for field in dataclasses.fields(Neighbor):  # astuple() copies, and may lose the scope of an address
            assert getattr(duplicate, field.name) == getattr(row, field.name)
        assert type(duplicate.state) is NeighborState


def test_states_have_the_values_of_windows() -> None:
    names = ["UNREACHABLE", "INCOMPLETE", "PROBE", "DELAY", "STALE", "REACHABLE", "PERMANENT"]
    assert [(state.name, state.value) for state in NeighborState] == list(zip(names, range(7), strict=True))


@pytest.mark.parametrize("number", [-1, 7, 77, 2**31 - 1])
def test_unknown_state_keeps_its_value(number: int) -> None:
    state = NeighborState(number)
    assert (state, state.value, state.name) == (number, number, f"UNKNOWN_{number}")
    assert hash(state) == hash(NeighborState(number))
    assert len(NeighborState) == 7


def test_state_by_name_is_rejected() -> None:
    with pytest.raises(ValueError, match="STALE"):
        NeighborState("STALE")  # type: ignore[arg-type]


def test_interface_of_a_caller_equals_that_of_the_system() -> None:
    """Bug: the state of an interface takes part in equality, so that a key of a dict is no longer found."""
    known = Interface("eth0", 3, 7, physical_address=PhysicalAddress("2-0-5e-0-0-7"), is_up=True)
    made = Interface("eth0", 3, 7)
    assert (made.physical_address, made.is_up) == ("", False)
    assert known == made
    assert hash(known) == hash(made)
    assert known.physical_address == pickle.loads(pickle.dumps(known)).physical_address == "02:00:5e:00:00:07"


def test_invalid_members_of_an_interface() -> None:
    with pytest.raises(InvalidParameterError, match="nonsense"):
        Interface("eth0", 3, 7, physical_address="nonsense")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="is_up"):
        Interface("eth0", 3, 7, is_up=1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "milliseconds", "seconds"),
    [
        (NeighborState.REACHABLE, 0, 0),
        (NeighborState.STALE, 90_500, 90.5),
        (NeighborState.DELAY, 2**32 - 2, 4294967.294),
        (NeighborState.UNREACHABLE, 7_000, 7),
        (NeighborState.STALE, 2**32 - 1, None),
        (NeighborState.INCOMPLETE, 60_000, None),
        (NeighborState.PERMANENT, 5_000, None),
    ],
)
def test_age(state: NeighborState, milliseconds: int, seconds: float | None) -> None:
    """Bug: the start value of the kernel, or the time since a permanent entry was written, is shown as an age."""
    age = Neighbor("192.0.2.7", state=state, reachability_time=milliseconds).age
    assert (None if age is None else age.total_seconds()) == seconds


def test_documented_order_of_entries() -> None:
    """Bug: the key of the documentation compares an IPv4 with an IPv6 address, which raises TypeError."""
    places = [("fe80::1%b", "b"), ("fe80::1%a", "a"), ("192.0.2.10", "b"), ("2001:db8::1", "a"), ("192.0.2.9", "b")]
    rows = [Neighbor(address, interface=interface) for address, interface in places]
    ordered = sorted(rows, key=lambda row: (row.address.version, *row.key))
    assert [(str(row.address), row.interface) for row in ordered] == [places[n] for n in (4, 2, 3, 1, 0)]
