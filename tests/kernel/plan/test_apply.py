# SPDX-License-Identifier: MIT
"""Plans: what they print, what they refuse, and tables that change between a plan and its application."""

from __future__ import annotations

import signal
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

import netio
from netio import Neighbor, PlannedAction
from netio.plan import _carry_out
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.oracle import Seen, details, seen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from netlab.wire import Wire

MAC, OTHER_MAC, THIRD_MAC = "02:00:5e:00:00:07", "02:00:5e:00:00:08", "02:00:5e:00:00:09"


def entry(address: str, mac: str = MAC, interface: str = "near0", *, is_router: bool = False) -> Neighbor:
    return Neighbor(address, mac, interface=interface, is_router=is_router)


def refused(desired: Iterable[Neighbor], **named: object) -> dict[int | None, netio.NetioError]:
    """Returns the errors of a plan that cannot be made, by position."""
    with pytest.raises(ExceptionGroup) as caught:
        netio.plan_neighbors(desired, **named)  # type: ignore[arg-type]
    assert "nothing was written" in caught.value.message
    errors = [error for error in caught.value.exceptions if isinstance(error, netio.NetioError)]
    assert len(errors) == len(caught.value.exceptions)
    return {error.position: error for error in errors}


def test_text_shows_each_change_and_the_counts(wire: Wire) -> None:
    """Bug: the text omits a kind of change, or shows the new values where the old ones belong."""
    wire.near.ip(
        f"neigh add 192.0.2.8 lladdr {OTHER_MAC} dev near0",
        f"neigh add 192.0.2.9 lladdr {MAC} dev near0",
        f"neigh add 192.0.2.10 lladdr {MAC} dev near0 nud stale",
        f"neigh add 192.0.2.11 lladdr {OTHER_MAC} dev near0 proto zebra",
        f"neigh add 192.0.2.12 lladdr {OTHER_MAC} dev near0 nud noarp",
        f"neigh add 192.0.2.13 lladdr {MAC} dev near0",
        f"neigh add 2001:db8::8 lladdr {MAC} dev near0",
    )
    desired = [entry(f"192.0.2.{n}") for n in (7, 8, 9, 10, 11, 12)] + [entry("2001:db8::8", is_router=True)]
    plan = netio.plan_neighbors(desired, prune=True)
    assert str(plan).splitlines() == [
        f"+ 192.0.2.7    {MAC}         near0",
        f"~ 192.0.2.8    {MAC}         near0  now {OTHER_MAC}",
        f"~ 192.0.2.10   {MAC}         near0  now STALE",
        f"~ 2001:db8::8  {MAC} router  near0  now not a router",
        f"- 192.0.2.13   {MAC}         near0",
        f"! 192.0.2.11   {MAC}         near0  now {OTHER_MAC}; another program owns the entry",
        f"! 192.0.2.12   {MAC}         near0  now {OTHER_MAC}; the kernel made the entry",
        "Plan: 1 to create, 3 to update, 1 to delete; 1 unchanged, 2 in conflict.",
    ]
    assert (plan.creates, plan.updates, plan.deletes, plan.unchanged) == (1, 3, 1, 1)
    assert [change.action for change in plan.conflicts] == [PlannedAction.CONFLICT] * 2
    update = plan.changes[1]
    assert (update.neighbor, update.previous) == (entry("192.0.2.8"), entry("192.0.2.8", OTHER_MAC))
    assert plan.changes[:1][0].previous is None
    assert str(plan.changes).splitlines()[1].split() == ["+", "192.0.2.7", MAC, "near0"]


def test_everything_wrong_is_reported_before_anything_is_written(wire: Wire) -> None:
    """Bug: the entries before the invalid one are written."""
    wrong = [
        entry("192.0.2.7"),
        entry("192.0.2.8", interface="nothere"),
        entry("192.0.2.7", OTHER_MAC),
        entry("192.0.2.7"),
        entry("224.0.0.9"),
        entry("127.0.0.9"),
        entry("192.0.2.9", "02:00:5e:00:00"),
        entry("192.0.2.10", ""),
        entry("192.0.2.11", "", "lo"),
        Neighbor("10.9.9.9", MAC),
    ]
    errors = refused(wrong, interfaces=["gone"])
    assert sorted(errors, key=lambda place: -1 if place is None else place) == [None, 1, 2, 4, 5, 6, 7, 8, 9]
    assert isinstance(errors[None], netio.InterfaceNotFoundError)
    assert isinstance(errors[1], netio.InterfaceNotFoundError)
    assert f"also at position 0, as {MAC}" in errors[2].reason
    assert "multicast" in errors[4].reason
    assert "loopback" in errors[5].reason
    assert "has 5 bytes" in errors[6].reason
    assert isinstance(errors[9], netio.UnreachableError)
    with pytest.raises(ExceptionGroup):
        netio.apply_neighbors(wrong)
    assert seen(wire.near) == {}


def test_missing_interfaces_can_be_skipped(wire: Wire) -> None:
    """Bug: a script at boot pins nothing because of one interface that does not exist yet."""
    desired = [entry("192.0.2.8", interface="later"), entry("192.0.2.7"), entry("fe80::9%gone", interface="")]
    plan = netio.plan_neighbors(desired, missing_interfaces="skip", interfaces=["never"])
    assert set(plan.missing_interfaces) == {"later", "gone", "never"}
    assert "later" in str(plan)
    plan.apply()
    assert seen(wire.near) == {"192.0.2.7": Seen(MAC)}
    errors = refused([*desired, entry("192.0.2.9", "")], missing_interfaces="skip")
    assert list(errors) == [3]


@pytest.mark.parametrize(
    ("named", "error"),
    [
        ({"owner": 4}, netio.InvalidParameterError),
        ({"owner": 256}, netio.InvalidParameterError),
        ({"owner": True}, TypeError),
        ({"missing_interfaces": "ignore"}, netio.InvalidParameterError),
        ({"interfaces": "near0"}, TypeError),
        ({"interfaces": [1.5]}, TypeError),
    ],
)
@pytest.mark.usefixtures("wire")
def test_invalid_argument(named: dict[str, object], error: type[Exception]) -> None:
    """Bug: the argument is ignored."""
    with pytest.raises(error):
        netio.plan_neighbors([], **named)  # type: ignore[arg-type]


@pytest.mark.usefixtures("wire")
def test_desired_items_must_be_entries() -> None:
    with pytest.raises(TypeError, match=r"rows\[1\]"):
        netio.apply_neighbors([entry("192.0.2.7"), "192.0.2.8"])  # type: ignore[list-item]


@pytest.mark.parametrize("name", ["near0", 0, netio.Interface])
def test_interface_by_name_index_or_table(wire: Wire, name: object) -> None:
    """Bug: entries that name their interface by index or LUID, or come from a table, are not found in the table."""
    wire.near.ip(f"neigh add 192.0.2.7 lladdr {MAC} dev near0", f"neigh add fe80::7 lladdr {MAC} dev near0")
    (interface,) = (one for one in netio.list_interfaces() if one.name == "near0")
    if name == "near0":
        desired: Iterable[Neighbor] = [entry("192.0.2.7"), entry("fe80::7%near0", interface="")]
    elif name == 0:
        desired = [Neighbor(a, MAC, interface=interface.index) for a in ("192.0.2.7", "fe80::7")]
    else:
        desired = netio.list_neighbors(interface="near0", physical_address=MAC)
    plan = netio.plan_neighbors(desired, prune=True)
    assert (len(plan.changes), plan.unchanged) == (0, 2)


def test_prune_needs_an_interface(wire: Wire) -> None:
    """Bug: prune deletes entries on interfaces that the caller did not name, or none on one that it named."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    wire.near.ip(*(f"neigh add 192.0.2.{n} lladdr {MAC} dev near{n}" for n in (0, 1)))
    assert not netio.plan_neighbors([], prune=True).changes
    plan = netio.plan_neighbors([], prune=True, interfaces=["near1"])
    assert [change.neighbor for change in plan.changes] == [entry("192.0.2.1", interface="near1")]
    plan = netio.plan_neighbors([entry("192.0.2.0")], prune=True)
    assert not plan.changes


def test_prune_keeps_entries_that_netio_could_not_create_again(wire: Wire) -> None:
    """Bug: an entry on loopback is deleted, and undo fails."""
    wire.near.ip(f"neigh add 192.0.2.7 lladdr {MAC} dev lo")
    assert not netio.plan_neighbors([], prune=True, interfaces=["lo"]).changes


def test_router_flag_survives_removal_and_restoration(wire: Wire) -> None:
    """Bug: the flag is lost: netio_create does not write it, and a replacement clears it."""
    wire.near.ip(
        f"neigh add 2001:db8::7 lladdr {MAC} dev near0 router",
        f"neigh add 2001:db8::8 lladdr {MAC} dev near0 router nud stale",
    )
    saved = netio.list_neighbors(interface="near0")
    wire.near.ip("neigh del 2001:db8::7 dev near0")
    netio.apply_neighbors(saved)
    netio.apply_neighbors([entry("2001:db8::8")])
    wanted = Seen(MAC, router=True)
    assert seen(wire.near) == {"2001:db8::7": wanted, "2001:db8::8": wanted}
    netio.apply_neighbors([entry("2001:db8::7", OTHER_MAC)])
    assert seen(wire.near)["2001:db8::7"] == Seen(OTHER_MAC, router=True)
    plan = netio.apply_neighbors([entry("2001:db8::9"), entry("192.0.2.9", is_router=True)])
    netio.apply_neighbors([entry("2001:db8::9", is_router=True)]).undo().apply()
    assert not seen(wire.near)["2001:db8::9"].router
    plan.undo().apply()
    assert set(seen(wire.near)) == {"2001:db8::7", "2001:db8::8"}


def test_table_is_restored_without_the_entries_of_others(wire: Wire) -> None:
    """Bug: a table that was read earlier cannot be restored, because it has entries that netio does not write."""
    wire.near.ip(
        f"neigh add 192.0.2.7 lladdr {MAC} dev near0",
        f"neigh add 192.0.2.8 lladdr {MAC} dev near0 nud stale",
        f"neigh add 192.0.2.9 lladdr {MAC} dev near0 proto zebra",
        f"neigh add 192.0.2.10 lladdr {MAC} dev lo",
        f"neigh add 224.0.0.7 lladdr {MAC} dev near0",
        f"neigh add fe80::7 lladdr {MAC} dev near0",
    )
    saved = netio.list_neighbors()
    wire.near.ip("link set near0 down", "link set near0 up")
    plan = netio.apply_neighbors(saved)
    assert [str(change.neighbor.address) for change in plan.changes] == ["192.0.2.7", "fe80::7%near0"]
    assert not netio.plan_neighbors(netio.list_neighbors(address="192.0.2.99")).changes


def test_owner_is_written_and_adopts_unowned_entries(wire: Wire) -> None:
    """Bug: an entry of the owner lacks its protocol, so that a later prune keeps it."""
    wire.near.ip(f"neigh add 192.0.2.7 lladdr {MAC} dev near0", f"neigh add 192.0.2.8 lladdr {MAC} dev near0")
    plan = netio.plan_neighbors([entry("192.0.2.7"), entry("192.0.2.9")], owner=77)
    assert "now of another owner" in str(plan)
    plan.apply()
    assert {address: row.protocol for address, row in details(wire.near).items()} == {
        "192.0.2.7": 77,
        "192.0.2.8": 0,
        "192.0.2.9": 77,
    }
    others = netio.plan_neighbors([entry("192.0.2.7", OTHER_MAC)], prune=True)
    assert [change.neighbor.address for change in others.changes] == [IPv4Address("192.0.2.8")]
    assert len(others.conflicts) == 1
    plan.undo().apply()
    assert {address: row.protocol for address, row in details(wire.near).items()} == {"192.0.2.7": 4, "192.0.2.8": 0}


@pytest.mark.parametrize("is_fresh", [True, False])
def test_table_that_changed_since_the_plan(wire: Wire, is_fresh: bool) -> None:
    """Bug: an entry that was created or removed concurrently is an error, or one of another program is overwritten."""
    wire.near.ip(
        *(f"neigh add 192.0.2.{n} lladdr {OTHER_MAC} dev near0" for n in (20, 21, 30, 31)),
    )
    desired = [entry(f"192.0.2.{n}") for n in (10, 11, 12, 13, 20, 21)]
    plan = netio.plan_neighbors(desired, prune=True)
    wire.near.ip(
        f"neigh add 192.0.2.10 lladdr {OTHER_MAC} dev near0",
        f"neigh add 192.0.2.11 lladdr {OTHER_MAC} dev near0 nud stale",
        f"neigh add 192.0.2.12 lladdr {OTHER_MAC} dev near0 proto zebra",
        f"neigh add 192.0.2.13 lladdr {MAC} dev near0",
        "neigh del 192.0.2.20 dev near0",
        "neigh del 192.0.2.30 dev near0",
    )
    with pytest.raises(ExceptionGroup) as caught:
        _carry_out(plan, is_fresh=is_fresh)
    (error,) = caught.value.exceptions
    assert isinstance(error, netio.NeighborExistsError)
    assert (error.position, error.row) == (2, plan.changes[2].neighbor)
    assert "another program owns the entry" in error.reason
    expected = dict.fromkeys([f"192.0.2.{n}" for n in (10, 11, 13, 20, 21)], Seen(MAC))
    assert seen(wire.near) == expected | {"192.0.2.12": Seen(OTHER_MAC)}


def test_entry_to_be_deleted_was_changed_since_the_plan(wire: Wire) -> None:
    """Bug: an entry with another physical address than the approved one is deleted."""
    wire.near.ip(*(f"neigh add 192.0.2.{n} lladdr {MAC} dev near0" for n in (7, 8, 9)))
    plan = netio.plan_neighbors([], prune=True, interfaces=["near0"])
    wire.near.ip(
        f"neigh replace 192.0.2.7 lladdr {OTHER_MAC} dev near0",
        f"neigh replace 192.0.2.8 lladdr {MAC} dev near0 nud stale",
    )
    with pytest.raises(ExceptionGroup) as caught:
        plan.apply()
    errors = [error for error in caught.value.exceptions if isinstance(error, netio.NetioError)]
    assert [error.position for error in errors] == [0, 1]
    assert all("changed since the plan" in error.reason for error in errors)
    assert set(seen(wire.near)) == {"192.0.2.7", "192.0.2.8"}


def test_undo_leaves_entries_alone_that_were_changed_since(wire: Wire) -> None:
    """Bug: the undo of a deletion or an update overwrites the entry that another program wrote in the meantime."""
    wire.near.ip(*(f"neigh add 192.0.2.{n} lladdr {MAC} dev near0" for n in (7, 8, 9, 10)))
    desired = [entry("192.0.2.8", OTHER_MAC), entry("192.0.2.9", OTHER_MAC)]
    plan = netio.apply_neighbors(desired, prune=True)
    wire.near.ip(
        f"neigh add 192.0.2.7 lladdr {THIRD_MAC} dev near0",
        f"neigh replace 192.0.2.8 lladdr {THIRD_MAC} dev near0",
    )
    with pytest.raises(ExceptionGroup) as caught:
        plan.undo().apply()
    errors = [error for error in caught.value.exceptions if isinstance(error, netio.NetioError)]
    assert [str(error.row.address) for error in errors if error.row] == ["192.0.2.7", "192.0.2.8"]
    assert all("changed since the plan" in error.reason for error in errors)
    changed = dict.fromkeys(["192.0.2.7", "192.0.2.8"], Seen(THIRD_MAC))
    assert seen(wire.near) == changed | dict.fromkeys(["192.0.2.9", "192.0.2.10"], Seen(MAC))


def test_interface_that_was_removed_since_the_plan(wire: Wire) -> None:
    """Bug: the error says that the entry does not exist."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    plan = netio.plan_neighbors([entry("192.0.2.7", interface="near1"), entry("192.0.2.8")])
    wire.near.ip("link del near1")
    with pytest.raises(ExceptionGroup) as caught:
        plan.apply()
    (error,) = caught.value.exceptions
    assert isinstance(error, netio.InterfaceNotFoundError)
    assert seen(wire.near) == {"192.0.2.8": Seen(MAC)}


@pytest.mark.parametrize("is_recreated", [False, True])
def test_interface_has_another_name_than_in_the_plan(wire: Wire, is_recreated: bool) -> None:
    """Bug: entries are written to another interface, which has the index of the one that the plan shows."""
    wire.near.ip("link add near1 index 77 type veth peer name near2", "link set near1 up", "link set near2 up")
    plan = netio.plan_neighbors([entry("192.0.2.7", interface="near1"), entry("192.0.2.8")])
    if is_recreated:
        wire.near.ip("link del near1", "link add other index 77 type veth peer name near2", "link set other up")
    else:
        wire.near.ip("link set near1 down", "link set near1 name other", "link set other up")
    with pytest.raises(ExceptionGroup) as caught:
        plan.apply()
    (error,) = caught.value.exceptions
    assert isinstance(error, netio.InterfaceNotFoundError)
    assert "renamed or replaced" in error.reason
    assert seen(wire.near, "other") == {}
    assert seen(wire.near) == {"192.0.2.8": Seen(MAC)}


def test_unprivileged_plan(wire: Wire) -> None:
    """Bug: a plan needs rights, or apply without them raises nothing."""
    plan = call_elsewhere(wire.near, UNPRIVILEGED, [("apply_neighbors", ([entry("192.0.2.7")],), {})])[0]
    assert isinstance(plan, ExceptionGroup)
    (error,) = plan.exceptions
    assert isinstance(error, netio.AccessDeniedError)
    assert seen(wire.near) == {}


def test_plan_stays_in_its_namespace(wire: Wire) -> None:
    """Bug: a plan is applied to the table of the caller's current namespace."""
    with netio.namespace(wire.far.descriptor):
        plan = netio.plan_neighbors([entry("192.0.2.7", interface="far0")])
    plan.apply()
    assert seen(wire.far, "far0") == {"192.0.2.7": Seen(MAC)}
    plan.undo().apply()
    assert seen(wire.far, "far0") == {}
    assert seen(wire.near) == {}


class AlarmError(Exception):
    """The exception of the signal handler."""


@pytest.mark.usefixtures("wire")
def test_interruption_at_any_point_and_a_second_run() -> None:
    """Bug: an interrupted apply leaves a table that a second run does not repair."""
    count = 600
    first = IPv4Address("10.9.0.1")
    before = [Neighbor(first + n, bytes([2, 0, 0, 1, n >> 8, n & 255]), interface="near0") for n in range(count)]
    after = [
        Neighbor(first + n, bytes([2, 0, 0, 2, n >> 8, n & 255]), interface="near0") for n in range(200, count + 200)
    ]

    def strike(signum: int, frame: object) -> None:
        del signum, frame
        raise AlarmError

    handler = signal.signal(signal.SIGALRM, strike)
    interrupted = 0
    try:
        for number in range(60):
            desired = [after, before][number % 2]
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0005 + number * 0.0004)
                netio.apply_neighbors(desired, prune=True)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except AlarmError:
                interrupted += 1
            netio.apply_neighbors(desired, prune=True)
            assert sorted(_values(netio.list_neighbors(interface="near0"))) == sorted(_values(desired))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert interrupted >= 5


def _values(rows: Iterable[Neighbor]) -> list[tuple[str, str]]:
    return [(str(row.address), row.physical_address) for row in rows if not row.address.is_multicast]


@pytest.mark.usefixtures("wire")
def test_progress_counts_changes() -> None:
    """Bug: progress is reported only at the end, or counts failures as done."""
    desired = [
        Neighbor(IPv4Address("10.9.0.1") + n, bytes([2, 0, 0, 1, n >> 8, n & 255]), interface="near0")
        for n in range(5_001)
    ]
    calls: list[tuple[int, int]] = []
    netio.plan_neighbors(desired).apply(progress=lambda tried, failed: calls.append((tried, failed)))
    assert calls == [(5_000, 0), (5_001, 0)]
