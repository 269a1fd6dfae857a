# SPDX-License-Identifier: MIT
"""Plans, files and kept entries, with the stand-in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import netio
from netio import Neighbor, NeighborState, PlannedAction

if TYPE_CHECKING:
    from pathlib import Path

    from standin import Standin

    from conftest import Command

pytestmark = pytest.mark.wine_lacks

MAC, OTHER = "02:00:5e:00:00:07", "02:00:5e:00:00:08"


def permanent(host: int, physical_address: str = MAC, interface: str = "Ethernet") -> Neighbor:
    return Neighbor(f"192.0.2.{host}", physical_address, interface=interface, state=NeighborState.PERMANENT)


def table() -> set[tuple[str, str, str, NeighborState]]:
    return {(str(row.address), str(row.physical_address), row.interface, row.state) for row in netio.list_neighbors()}


def test_plan_is_applied_once_and_undone(standin: Standin) -> None:
    """Bug: a dynamic entry is not replaced, another interface is pruned, or undo leaves an entry."""
    standin.row(Neighbor("192.0.2.1", MAC, interface="Ethernet", state=NeighborState.STALE))
    for entry in (permanent(2), permanent(3), permanent(4), permanent(9, interface="Überall")):
        netio.create_neighbor(entry.address, entry.physical_address, interface=entry.interface)
    before = table()
    desired = [permanent(1), permanent(2, OTHER), permanent(3), permanent(5)]
    plan = netio.plan_neighbors(desired, prune=True)
    assert [(change.action, str(change.neighbor.address)) for change in plan.changes] == [
        (PlannedAction.UPDATE, "192.0.2.1"),
        (PlannedAction.UPDATE, "192.0.2.2"),
        (PlannedAction.CREATE, "192.0.2.5"),
        (PlannedAction.DELETE, "192.0.2.4"),
    ]
    plan.apply()
    ethernet = {(str(row.address), str(row.physical_address), row.interface, row.state) for row in desired}
    assert table() == ethernet | {("192.0.2.9", MAC, "Überall", NeighborState.PERMANENT)}
    assert len(netio.apply_neighbors(desired, prune=True).changes) == 0
    plan.undo().apply()
    # The system learns the dynamic entry again.
    assert table() == {row for row in before if row[3] is NeighborState.PERMANENT}


def test_entry_that_moved_is_planned_once_more(standin: Standin) -> None:
    """Bug: 5010 and 1168 are reported although the table can be made as desired."""
    plan = netio.plan_neighbors([permanent(2), permanent(3, OTHER)])
    netio.create_neighbor("192.0.2.2", OTHER, interface="Ethernet")
    plan.apply()
    assert table() == {
        ("192.0.2.2", MAC, "Ethernet", NeighborState.PERMANENT),
        ("192.0.2.3", OTHER, "Ethernet", NeighborState.PERMANENT),
    }
    standin.elevated(False)
    with pytest.raises(ExceptionGroup) as caught:
        plan.undo().apply()
    assert [type(error) for error in caught.value.exceptions] == [netio.AccessDeniedError] * 2


@pytest.mark.usefixtures("standin")
def test_owner_is_not_supported() -> None:
    """Bug: the owner is ignored, so that prune deletes the entries of other programs."""
    netio.create_neighbor("192.0.2.9", MAC, interface="Ethernet")
    for verb in (netio.plan_neighbors, netio.apply_neighbors, netio.keep_neighbors):
        with pytest.raises(netio.NotSupportedError):
            verb([permanent(2)], owner=50)
    assert table() == {("192.0.2.9", MAC, "Ethernet", NeighborState.PERMANENT)}


@pytest.mark.usefixtures("standin")
def test_kept_entry_is_written_again() -> None:
    changes = netio.keep_neighbors([permanent(2)])
    assert next(changes).action is PlannedAction.CREATE
    netio.delete_neighbor("192.0.2.2", interface="Ethernet")
    assert next(changes).action is PlannedAction.CREATE
    netio.set_neighbor("192.0.2.2", OTHER, interface="Ethernet")
    assert next(changes).action is PlannedAction.UPDATE
    assert table() == {("192.0.2.2", MAC, "Ethernet", NeighborState.PERMANENT)}
    changes.close()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("standin")
def test_commands(command: Command, tmp_path: Path) -> None:
    """Bug: a file that netio saved on Windows is not the one that it reads there."""
    netio.create_neighbor("192.0.2.2", MAC, interface="Überall")
    file = tmp_path / "hosts.csv"
    assert command("save", str(file)).status == 0
    assert command("diff", str(file)).status == 0
    netio.set_neighbor("192.0.2.2", OTHER, interface="Überall")
    netio.create_neighbor("192.0.2.3", OTHER, interface="Überall")
    pending = command("diff", str(file), "--prune", "--json")
    assert (pending.status, pending.err) == (2, "")
    assert [change["action"] for change in json.loads(pending.out)] == ["update", "delete"]
    assert command("restore", str(file), "--yes").status == 0
    assert command("apply", str(file), "--prune", "--yes").status == 0
    assert command("apply", str(file), "--prune", "--yes").status == 0
    assert table() == {("192.0.2.2", MAC, "Überall", NeighborState.PERMANENT)}
