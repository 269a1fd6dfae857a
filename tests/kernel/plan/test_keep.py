# SPDX-License-Identifier: MIT
"""keep_neighbors(): entries that the system or another program removes or changes are written again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import netio
from netio import Neighbor, PlannedAction
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.oracle import Seen, details, seen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netio import PlannedChange
    from netlab.wire import Wire

MAC, OTHER_MAC = "02:00:5e:00:00:07", "02:00:5e:00:00:08"
ADDRESSES = ["192.0.2.7", "2001:db8::7", "fe80::7"]
CREATE, UPDATE, CONFLICT = PlannedAction.CREATE, PlannedAction.UPDATE, PlannedAction.CONFLICT


def entries(mac: str = MAC, interface: str = "near0") -> list[Neighbor]:
    return [Neighbor(address, mac, interface=interface) for address in ADDRESSES]


def started(wire: Wire, **named: int) -> Iterator[PlannedChange]:
    """Returns a keeper that has written its entries."""
    changes = netio.keep_neighbors(entries(), **named)  # type: ignore[arg-type]
    assert {next(changes).action for _ in ADDRESSES} == {CREATE}
    assert seen(wire.near) == dict.fromkeys(ADDRESSES, Seen(MAC))
    return changes


@pytest.mark.parametrize(
    "commands",
    [
        ["link set near0 down", "link set near0 up"],
        ["link set near0 address 02:00:00:00:00:99"],
        ["neigh flush dev near0 nud permanent"],
        [f"neigh del {address} dev near0" for address in ADDRESSES],
    ],
    ids=["down and up", "own address", "flush", "delete"],
)
def test_removed_entries_are_written_again(wire: Wire, commands: list[str]) -> None:
    """Bug: an entry stays removed."""
    wire.near.ip("address add 198.51.100.1/24 dev near0")
    changes = started(wire)
    wire.near.ip(*commands)
    again = [next(changes) for _ in ADDRESSES]
    assert {change.action for change in again} == {CREATE}
    assert {str(change.neighbor.key[0]) for change in again} == set(ADDRESSES)
    kept = seen(wire.near)
    assert {address: kept[address] for address in ADDRESSES} == dict.fromkeys(ADDRESSES, Seen(MAC))


def test_changed_entry_is_written_again(wire: Wire) -> None:
    """Bug: only removals count, or an entry that became dynamic stays so."""
    changes = started(wire)
    wire.near.ip(f"neigh replace 192.0.2.7 lladdr {OTHER_MAC} dev near0")
    change = next(changes)
    assert (change.action, change.previous) == (UPDATE, Neighbor("192.0.2.7", OTHER_MAC, interface="near0"))
    wire.near.ip(f"neigh replace 2001:db8::7 lladdr {MAC} dev near0 nud stale")
    assert next(changes).action is UPDATE
    assert seen(wire.near) == dict.fromkeys(ADDRESSES, Seen(MAC))


def test_router_flag_is_written_again(wire: Wire) -> None:
    """Bug: an entry that lost its router flag counts as unchanged."""
    desired = Neighbor("fe80::7", MAC, interface="near0", is_router=True)
    changes = netio.keep_neighbors([desired])
    assert next(changes).action is CREATE
    wire.near.ip(f"neigh replace fe80::7 lladdr {MAC} dev near0")
    assert next(changes).action is UPDATE
    assert netio.get_neighbor("fe80::7", interface="near0").is_router


def test_interface_of_a_present_entry_is_created_again(wire: Wire) -> None:
    """Bug: entries that were there at the start are removed without a name, so the keeper does not know them."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    wire.near.ip(f"neigh add 192.0.2.7 lladdr {MAC} dev near1")
    changes = netio.keep_neighbors([Neighbor("192.0.2.7", MAC, interface="near1")])
    wire.near.ip("link del near1")
    assert next(changes).action is CONFLICT
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    assert next(changes).action is CREATE
    assert seen(wire.near, "near1") == {"192.0.2.7": Seen(MAC)}


def test_other_entries_are_not_touched(wire: Wire) -> None:
    """Bug: the keeper writes or removes entries that are not desired, or loses those of its owner."""
    wire.near.ip(
        f"neigh add 192.0.2.9 lladdr {MAC} dev near0", f"neigh add 192.0.2.7 lladdr {OTHER_MAC} dev near0 proto 11"
    )
    changes = netio.keep_neighbors(entries(), owner=77)
    first = [next(changes) for _ in ADDRESSES]
    assert [change.action for change in first] == [CREATE, CREATE, CONFLICT]
    wire.near.ip("neigh del 192.0.2.9 dev near0", "neigh del 192.0.2.7 dev near0")
    assert str(next(changes).neighbor.address) == "192.0.2.7"
    assert {address: row.protocol for address, row in details(wire.near).items()} == dict.fromkeys(ADDRESSES, 77)


def test_two_keepers_end_in_a_conflict(wire: Wire) -> None:
    """Bug: two keepers with different addresses write the same entry for ever."""
    one = started(wire, most_per_minute=3)
    other = netio.keep_neighbors(entries(OTHER_MAC)[:1], most_per_minute=2)
    assert next(other).action is UPDATE
    log = [next(one), next(other), next(one), next(other), next(one), next(other)]
    assert [change.action for change in log] == [UPDATE] * 5 + [CONFLICT]
    assert log[-1].reason == "another program writes it, too: 2 times within a minute"
    assert seen(wire.near)["192.0.2.7"] == Seen(MAC)


def test_entry_that_is_removed_too_often_is_reported(wire: Wire) -> None:
    """Bug: the limit holds for changed entries only, or the conflict of one entry stops the others."""
    changes = started(wire, most_per_minute=1)
    wire.near.ip("neigh del 192.0.2.7 dev near0")
    assert next(changes).action is CREATE
    wire.near.ip("neigh del 192.0.2.7 dev near0")
    change = next(changes)
    assert (change.action, change.previous) == (CONFLICT, None)
    assert "removed 1 times" in change.reason
    wire.near.ip("neigh del 2001:db8::7 dev near0")
    assert next(changes).action is CREATE
    assert set(seen(wire.near)) == set(ADDRESSES) - {"192.0.2.7"}


def test_interface_that_is_created_again(wire: Wire) -> None:
    """Bug: the entry stays bound to the index of the removed interface."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    changes = netio.keep_neighbors([Neighbor("10.9.9.9", MAC, interface="near1")])
    assert next(changes).action is CREATE
    wire.near.ip("link del near1")
    change = next(changes)
    assert (change.action, change.reason) == (CONFLICT, "the interface does not exist")
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    assert next(changes).action is CREATE
    assert seen(wire.near, "near1") == {"10.9.9.9": Seen(MAC)}


def test_keeper_stays_in_its_namespace(wire: Wire) -> None:
    """Bug: the iterator writes to the table of the namespace that is current when it is read."""
    with netio.namespace(wire.far.descriptor):
        changes = netio.keep_neighbors([Neighbor("192.0.2.7", MAC, interface="far0")])
    assert next(changes).action is CREATE
    wire.far.ip("neigh del 192.0.2.7 dev far0")
    assert next(changes).action is CREATE
    assert seen(wire.far, "far0") == {"192.0.2.7": Seen(MAC)}


def test_refused_arguments(wire: Wire) -> None:
    """Bug: an invalid entry, or missing rights, are noticed only when an entry is removed."""
    with pytest.raises(netio.InvalidParameterError):
        netio.keep_neighbors(entries(), most_per_minute=0)
    with pytest.raises(ExceptionGroup):
        netio.keep_neighbors(entries(interface="gone"))
    (error,) = call_elsewhere(wire.near, UNPRIVILEGED, [("keep_neighbors", (entries(),), {})])
    assert isinstance(error, netio.AccessDeniedError)
    assert seen(wire.near) == {}
