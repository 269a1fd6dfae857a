# SPDX-License-Identifier: MIT
"""Random tables and random desired entries: what apply, a second apply and undo leave, against a model."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import netio
from netio import Neighbor
from netlab.wire import wired

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netlab.wire import Wire

OWNER = 77
MACS = ["02:00:5e:00:00:07", "02:00:5e:00:00:08"]
ADDRESSES = ["192.0.2.50", "192.0.2.51", "2001:db8::50", "2001:db8::51", "fe80::50"]
INTERFACES = ["near0", "near1"]

Key = tuple[str, str]

# The further words for ip(8) for each kind of entry. Protocols are numbers: in a batch, ip(8) takes a name that follows
# a number for that number.
KINDS = {
    "permanent": "",
    "router": "router",
    "owned": f"proto {OWNER}",
    "daemon": "proto 11",
    "learned": "extern_learn",
    "noarp": "nud noarp",
    "stale": "nud stale",
    "stale of a daemon": "nud stale proto 11",
}
FOREIGN = {"daemon", "learned", "noarp", "stale of a daemon"}
DYNAMIC = {"stale", "stale of a daemon"}

keys = st.tuples(st.sampled_from(ADDRESSES), st.sampled_from(INTERFACES))
tables = st.dictionaries(keys, st.tuples(st.sampled_from(MACS), st.sampled_from(sorted(KINDS))), max_size=8)
desired_entries = st.dictionaries(keys, st.sampled_from(MACS), max_size=8)


@dataclass(frozen=True)
class Entry:
    """An entry of the model."""

    mac: str
    state: str
    router: bool


def shown(wire: Wire) -> dict[Key, dict[str, Any]]:
    """Returns all that ip(8) prints of the entries under test."""
    rows = wire.near.json("-N -details neigh show nud all")
    return {(row["dst"], row["dev"]): row for row in rows if row["dst"] in ADDRESSES}


def entries(wire: Wire) -> dict[Key, Entry]:
    return {key: Entry(row.get("lladdr", ""), row["state"][0], "router" in row) for key, row in shown(wire).items()}


def lay_table(wire: Wire, table: dict[Key, tuple[str, str]]) -> None:
    removed = [f"neigh del {address} dev {interface}" for address, interface in shown(wire)]
    added = [
        f"neigh add {address} lladdr {mac} dev {interface} {KINDS[kind]}"
        for (address, interface), (mac, kind) in table.items()
    ]
    wire.near.ip(*removed, *added)


def is_foreign(kind: str, owner: int | None) -> bool:
    return kind in FOREIGN or (kind == "owned" and owner is None)


def model(
    before: dict[Key, Entry], kinds: dict[Key, str], desired: dict[Key, str], *, prune: bool, owner: int | None
) -> dict[Key, Entry]:
    """Returns the entries after apply."""
    after = dict(before)
    for key, mac in desired.items():
        if key not in before:
            after[key] = Entry(mac, "PERMANENT", router=False)
        elif not is_foreign(kinds[key], owner):
            after[key] = Entry(mac, "PERMANENT", before[key].router)
    if prune:
        for key, kind in kinds.items():
            plannable = kind == "owned" if owner else kind in ("permanent", "router")
            if plannable and key not in desired and key[1] in {interface for _, interface in desired}:
                del after[key]
    return after


@contextmanager
def silence() -> Iterator[None]:
    """Asserts that no notification about an entry is sent."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as listener:
        listener.bind((0, 1 << 2))  # RTNLGRP_NEIGH is 3
        listener.setblocking(False)
        yield
        try:
            raise AssertionError(listener.recv(65536))
        except BlockingIOError:
            pass


def applied(rows: list[Neighbor], *, prune: bool, owner: int | None) -> tuple[netio.Plan, int]:
    """Applies desired entries. Returns the plan, and the number of errors, all of which must be conflicts."""
    plan = netio.plan_neighbors(rows, prune=prune, owner=owner)
    if not plan.conflicts:
        plan.apply()
        return plan, 0
    with pytest.raises(ExceptionGroup) as caught:
        plan.apply()
    assert {type(error) for error in caught.value.exceptions} == {netio.NeighborExistsError}
    assert len(caught.value.exceptions) == len(plan.conflicts)
    return plan, len(plan.conflicts)


def test_apply_and_undo_equal_the_model() -> None:
    """Bug: apply changes an entry that is not its own, leaves one as it was, or undo does not restore it."""
    with wired() as wire:
        wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
        wire.near.ip("address add 2001:db8:1::1/64 dev near1 nodad", "address add 203.0.113.1/24 dev near1")
        check(wire)


def check(wire: Wire) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(table=tables, desired=desired_entries, prune=st.booleans(), owner=st.sampled_from([None, OWNER]))
    def run(table: dict[Key, tuple[str, str]], desired: dict[Key, str], *, prune: bool, owner: int | None) -> None:
        table = {
            key: (mac, "permanent" if kind == "router" and ":" not in key[0] else kind)
            for key, (mac, kind) in table.items()
        }
        lay_table(wire, table)
        kinds = {key: kind for key, (_, kind) in table.items()}
        before, details = entries(wire), shown(wire)
        assert set(before) == set(table)
        rows = [Neighbor(address, mac, interface=interface) for (address, interface), mac in desired.items()]
        expected = model(before, kinds, desired, prune=prune, owner=owner)

        plan, conflicts = applied(rows, prune=prune, owner=owner)

        assert entries(wire) == expected
        untouched = {key for key in before if key not in desired or is_foreign(kinds[key], owner)} & set(expected)
        after = shown(wire)
        assert {key: details[key] for key in untouched} == {key: after[key] for key in untouched}
        assert len(plan.changes) == plan.creates + plan.updates + plan.deletes
        if owner:
            marked = {key for key in desired if key not in kinds or not is_foreign(kinds[key], owner)}
            assert all(after[key]["protocol"] == str(OWNER) for key in marked)

        with silence():
            again, _ = applied(rows, prune=prune, owner=owner)
        assert not again.changes
        assert len(again.conflicts) == conflicts

        plan.undo().apply()
        restored = {key: entry for key, entry in before.items() if key in untouched or kinds[key] not in DYNAMIC}
        assert entries(wire) == restored

    run()
