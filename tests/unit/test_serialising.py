# SPDX-License-Identifier: MIT
"""Entries as dicts and JSON; keys, scopes and states."""

import copy
import dataclasses
import json
import pickle
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

import netio
from netio import Interface, Neighbor, NeighborState
from netio._native import lib

MAC = "02:00:5e:00:00:07"

INTERFACES = ["", "eth0", Interface("a", 3, 4), Interface("", 0, 5)]

ENTRIES = st.builds(
    Neighbor,
    st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)),
    st.binary(max_size=32),
    interface=st.one_of(
        st.sampled_from(["", "eth0", Interface("a", 3, 4), Interface("", 0, 5)]), st.integers(1, 2**32 - 1)
    ),
    state=st.one_of(st.sampled_from(NeighborState), st.integers(0, 2**31 - 1)),
    is_router=st.booleans(),
    is_unreachable=st.booleans(),
    reachability_time=st.integers(0, 2**32 - 1),
)


def fields_of(entry: Neighbor) -> list[object]:
    """All fields, those too that equality ignores."""
    return [getattr(entry, field.name) for field in dataclasses.fields(entry)]


@given(ENTRIES)
def test_dict_round_trip(entry: Neighbor) -> None:
    """Bug: a field is lost or changed on the way through to_dict() and from_dict(), or JSON cannot hold it."""
    values = entry.to_dict()
    assert list(values) == [field.name for field in dataclasses.fields(Neighbor)]
    assert fields_of(Neighbor.from_dict(values)) == fields_of(entry)
    assert fields_of(Neighbor.from_dict(json.loads(json.dumps(values)))) == fields_of(entry)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "address is missing"),
        ({"address": "192.0.2.7", "state": "stale"}, "invalid state 'stale'; there are UNREACHABLE, "),
        ({"address": "192.0.2.7", "state": "UNKNOWN_" + "9" * 5000}, "characters"),
        ({"address": "192.0.2.7", "physical_address": "x"}, "invalid physical address 'x'"),
        ({"address": "192.0.2.7", "interface_index": -1}, "interface index -1"),
    ],
)
def test_invalid_dict(values: dict[str, object], reason: str) -> None:
    with pytest.raises(netio.InvalidParameterError, match=reason):
        Neighbor.from_dict(values)


def test_dict_of_a_newer_version_is_read() -> None:
    """Bug: a field that this version does not know makes the whole entry unreadable."""
    assert Neighbor.from_dict({"address": "192.0.2.7", "vendor": "x"}) == Neighbor("192.0.2.7")


def test_key_is_the_same_for_an_entry_of_a_configuration_and_of_the_system() -> None:
    """Bug: a link-local address with its scope is another key than the same one without."""
    keys = {Neighbor("fe80::60", interface="p0").key, Neighbor("fe80::60%p0", interface="p0").key}
    assert keys == {(IPv6Address("fe80::60"), "p0")}
    assert Neighbor("192.0.2.7", interface="p0").key == (IPv4Address("192.0.2.7"), "p0")
    assert Neighbor("fe80::60", interface="p1").key not in keys


def test_scope_comes_from_the_interface() -> None:
    """Bug: a declared link-local entry never equals that of the system, so it is written again and again.

    On Windows the scope is the interface index, which only the system knows.
    """
    scope = "%p0" if lib.NETIO_SCOPE_IS_NAME else ""
    assert str(Neighbor("fe80::60", interface="p0").address) == f"fe80::60{scope}"
    assert Neighbor("fe80::60", MAC, interface="p0") == Neighbor(f"fe80::60{scope}", MAC, interface="p0")
    assert str(Neighbor("fe80::60%p1", interface="p0").address) == "fe80::60%p1"  # a verb rejects it
    assert str(Neighbor("2001:db8::7", interface="p0").address) == "2001:db8::7"
    assert str(Neighbor("fe80::60", interface="a%b").address) == "fe80::60"  # not a valid scope
    assert str(Neighbor("fe80::60", interface=3).address) == "fe80::60"


def test_state_prints_as_its_name_and_stays_an_int() -> None:
    """Bug: print(row.state) is 5."""
    state = NeighborState.REACHABLE
    assert (str(state), f"{state}", f"{state:>10}") == ("REACHABLE", "REACHABLE", " REACHABLE")
    assert (f"{state:d}", f"{state:x}", int(state), state + 1) == ("5", "5", 5, 6)
    assert str(NeighborState(77)) == "UNKNOWN_77"
    for twin in (pickle.loads(pickle.dumps(state)), copy.copy(state)):
        assert twin is state
