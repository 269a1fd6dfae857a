# SPDX-License-Identifier: MIT
"""The live view of watch: marks and their times, precedence of marked entries, pages that fit the terminal."""

from __future__ import annotations

import pytest

from netio import ChangeKind, Interface, Neighbor, NeighborChange, NeighborState
from netio.cli.columns import READ
from netio.cli.draw import entry_lines
from netio.cli.live_table import MARK_SECONDS, LiveTable, Mark
from netio.cli.page import page

MAC, OTHER_MAC = "02:00:5e:00:00:07", "02:00:5e:00:00:08"
LONG = "2001:db8:1111:2222:3333:4444:5555:6666"


def entry(number: int, mac: str = MAC, state: NeighborState = NeighborState.REACHABLE) -> Neighbor:
    return Neighbor(f"192.0.2.{number}", mac, interface=Interface("eth0", 3, 0), state=state)


def added(now: Neighbor) -> NeighborChange:
    return NeighborChange(ChangeKind.ADDED, now)


def changed(now: Neighbor, previous: Neighbor) -> NeighborChange:
    return NeighborChange(ChangeKind.CHANGED, now, previous, previous.physical_address)


def removed(now: Neighbor) -> NeighborChange:
    return NeighborChange(ChangeKind.REMOVED, now, now, now.physical_address)


def everything(_: Neighbor) -> bool:
    return True


def order(row: Neighbor) -> int:
    return int(row.address)


def marks(table: LiveTable) -> dict[str, Mark]:
    return {str(row.entry.address): row.mark for row in table.rows(100, order)}


def test_marks_of_changes() -> None:
    """Bug: a change has another mark, or an entry that is gone is not shown any more."""
    table = LiveTable([entry(1), entry(2), entry(3)], everything)
    table.apply(added(entry(4)), 0)
    table.apply(changed(entry(2, OTHER_MAC), entry(2)), 0)
    table.apply(removed(entry(3)), 0)

    assert list(marks(table).values()) == [Mark.NONE, Mark.CHANGED, Mark.GONE, Mark.NEW]
    assert [str(row.entry.physical_address) for row in table.rows(9, order)] == [MAC, OTHER_MAC, MAC, MAC]


def test_marks_end() -> None:
    """Bug: a mark stays for ever, or an entry that is gone does."""
    table = LiveTable([entry(1), entry(2)], everything)
    table.apply(added(entry(3)), 5)
    table.apply(removed(entry(1)), 6)
    table.expire(5 + MARK_SECONDS)
    assert marks(table) == {"192.0.2.1": Mark.GONE, "192.0.2.2": Mark.NONE, "192.0.2.3": Mark.NONE}
    table.expire(6 + MARK_SECONDS)
    assert marks(table) == {"192.0.2.2": Mark.NONE, "192.0.2.3": Mark.NONE}


def test_entry_that_returns_has_changed() -> None:
    """Bug: the entry of a host that was probed, which is a removal and an addition, is shown as new or twice."""
    table = LiveTable([entry(1)], everything)
    table.apply(removed(entry(1)), 0)
    table.apply(added(entry(1)), 0)
    assert marks(table) == {"192.0.2.1": Mark.CHANGED}


def test_new_entry_stays_new() -> None:
    """Bug: the change to REACHABLE right after the addition hides that the entry is new."""
    incomplete = entry(1, "", NeighborState.INCOMPLETE)
    table = LiveTable([], everything)
    table.apply(added(incomplete), 0)
    table.apply(changed(entry(1), incomplete), 0.5)
    assert marks(table) == {"192.0.2.1": Mark.NEW}


def test_entry_that_is_no_longer_shown_is_gone() -> None:
    """Bug: a host that stops replying stays in the view, or one that never replied is shown as gone."""
    table = LiveTable([entry(1)], lambda row: row.is_resolved)
    table.apply(changed(entry(1, "", NeighborState.UNREACHABLE), entry(1)), 0)
    table.apply(added(entry(2, "", NeighborState.UNREACHABLE)), 0)
    (row,) = table.rows(9, order)
    assert (row.mark, row.entry) == (Mark.GONE, entry(1))  # as it was last shown


def test_renamed_interface_is_one_entry() -> None:
    """Bug: after a rename the entry is shown under both names."""
    table = LiveTable([entry(1)], everything)
    table.apply(changed(Neighbor("192.0.2.1", MAC, interface=Interface("eth9", 3, 0)), entry(1)), 0)
    assert [row.entry.interface for row in table.rows(9, order)] == ["eth9"]


def test_marked_entries_have_precedence() -> None:
    """Bug: in a large table the changes are outside the screen."""
    table = LiveTable([entry(number) for number in range(1, 100)], everything)
    table.apply(added(entry(200)), 0)
    table.apply(removed(entry(50)), 0)
    assert [row.entry.address.packed[3] for row in table.rows(4, order)] == [1, 2, 50, 200]


def test_resync_is_counted() -> None:
    """Bug: the view fails at a RESYNC, which has no entry."""
    table = LiveTable([], everything)
    table.apply(NeighborChange(ChangeKind.RESYNC, None), 0)
    ((summary, _),) = page(table, 80, 24, None, order)[0]
    assert "1 RESYNC" in summary


@pytest.mark.parametrize(("width", "height"), [(40, 12), (80, 24), (80, 4), (200, 50), (20, 20), (20, 2), (1, 1)])
def test_page_fits_the_terminal(width: int, height: int) -> None:
    """Bug: the page is longer than the terminal, so that its last lines are cut and never seen."""
    table = LiveTable([entry(number) for number in range(1, 100)], everything)
    table.apply(added(Neighbor(LONG, MAC, interface="eth0")), 0)

    lines = ["".join(text for text, _ in line) for line in page(table, width, height, None, order)]

    shown = [line for line in lines if MAC in line]
    assert lines[-1] == f"  {100 - len(shown)} more"
    if height >= 4:
        assert any(line.startswith(f"+ {LONG}") for line in shown)
        assert sum(-(-len(line) // width) for line in lines) <= height


def test_page_of_a_table_that_fits_has_all_entries() -> None:
    """Bug: the last entry is replaced by the line that counts the others."""
    table = LiveTable([entry(number) for number in range(1, 9)], everything)
    lines = page(table, 80, 10, None, order)
    assert len(lines) == 10
    assert [line[0][0] for line in lines[2:]] == ["  "] * 8


def test_lines_are_those_of_list() -> None:
    """Bug: the view pads or omits other columns than list."""
    table = LiveTable([entry(1)], everything)
    _, heading, line = page(table, 82, 24, None, order)
    assert [heading[1:], line[1:]] == entry_lines([(entry(1).address, entry(1))], None, READ, 80)
