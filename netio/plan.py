# SPDX-License-Identifier: MIT
"""Desired entries: compares them with the table, writes the differences, and undoes that.

>>> desired = [netio.Neighbor("192.0.2.8", "02:00:5e:00:00:08", interface="eth0")]
>>> plan = netio.plan_neighbors(desired)
>>> print(plan)
+ 192.0.2.8  02:00:5e:00:00:08  eth0
Plan: 1 to create, 0 to update, 0 to delete; 0 unchanged.
>>> plan.apply()
>>> plan.undo().apply()

An entry of the table may be planned if it is PERMANENT, of a single host, has a physical address of the length that its
interface has, and belongs to no other program: not to a routing daemon, an orchestrator or the kernel. Such entries are
created, updated and, with `prune`, deleted. A dynamic entry is replaced if a desired one has its key. All others are
never changed: if one of another owner is in the way, that is a conflict.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from netio._apply import Application, reason_of_refusal, refusal
from netio._changes import (
    REFUSED,
    TO_CREATE,
    TO_DELETE,
    Changes,
    compare,
    deletions_of,
    gather,
    plannable,
    plannable_in,
    read_current,
    reversed_changes,
    writes_by,
)
from netio._codec import FLAGS_OFFSET, ROW_SIZE
from netio._desired import desired_rows, errors_of
from netio._failures import CREATE
from netio._interfaces import InterfaceCache
from netio._namespace import current_namespace
from netio._native import lib
from netio._sequence import TableSequence
from netio._table import NeighborTable, names_in, native_rows, table_of
from netio._types import InterfaceLike, Neighbor, NeighborState, whole_number
from netio._verbs import list_neighbors
from netio.errors import failure, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Literal, SupportsIndex, TypeAlias, overload

    from netio._changes import Names
    from netio._namespace import Namespace
    from netio.errors import NetioError

    OnMissing: TypeAlias = Literal["fail", "skip"]
else:
    from collections.abc import Callable, Iterable

    OnMissing = str  # netio does not import typing

__all__ = [
    "Plan",
    "PlannedAction",
    "PlannedChange",
    "PlannedChanges",
    "apply_neighbors",
    "plan_neighbors",
    "plannable_neighbors",
]

# The protocols below are those of users and of the kernel (rtnetlink(7)).
_FIRST_OWNER, _LAST_OWNER = 5, 255


class PlannedAction(Enum):
    """The kind of a planned change. CONFLICT: nothing, because the entry of another owner is in the way."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    CONFLICT = "conflict"


_SIGNS = {
    PlannedAction.CREATE: "+",
    PlannedAction.UPDATE: "~",
    PlannedAction.DELETE: "-",
    PlannedAction.CONFLICT: "!",
}


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One change of a plan.

    Attributes:
        action: PlannedAction.
        neighbor: The entry as it is desired; for DELETE as it is.
        previous: The entry as it is in the table; None for CREATE.
        reason: For CONFLICT, why the entry is not changed; else empty.
    """

    action: PlannedAction
    neighbor: Neighbor
    previous: Neighbor | None
    reason: str = ""


class PlannedChanges(TableSequence["PlannedChange"]):
    """An immutable sequence of PlannedChange. Each access decodes it again."""

    __slots__ = ("_changes", "_names", "_positions")

    _heading = ("", "ADDRESS", "PHYSICAL ADDRESS", "INTERFACE", "NOW")

    _changes: Changes
    _names: Names
    _positions: range

    def __init__(self) -> None:
        raise TypeError("PlannedChanges cannot be created directly; plan_neighbors() returns a plan with them")

    def __len__(self) -> int:
        return len(self._positions)

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, place: SupportsIndex) -> PlannedChange: ...
        @overload
        def __getitem__(self, place: slice) -> PlannedChanges: ...

    def __getitem__(self, place: SupportsIndex | slice) -> PlannedChange | PlannedChanges:
        positions = self._positions[place]
        if isinstance(positions, range):
            return _sequence(self._changes, self._names, positions)
        operation = self._changes.operations[positions]
        neighbor = _entry(self._changes.rows, positions, self._names)
        if operation == TO_CREATE:
            return PlannedChange(PlannedAction.CREATE, neighbor, None)
        previous = _entry(self._changes.previous, positions, self._names)
        if operation == REFUSED:
            reason = reason_of_refusal(self._changes.previous[positions * ROW_SIZE + FLAGS_OFFSET])
            return PlannedChange(PlannedAction.CONFLICT, neighbor, previous, reason)
        action = PlannedAction.DELETE if operation == TO_DELETE else PlannedAction.UPDATE
        return PlannedChange(action, neighbor, previous)

    def __iter__(self) -> Iterator[PlannedChange]:
        return (self[place] for place in range(len(self)))

    def _cells(self, entry: PlannedChange) -> tuple[str, ...]:
        return change_cells(entry)


def _entry(rows: bytes, place: int, names: Names) -> Neighbor:
    (entry,) = table_of(memoryview(rows)[place * ROW_SIZE : (place + 1) * ROW_SIZE], names)
    return entry


def _sequence(changes: Changes, names: Names, positions: range) -> PlannedChanges:
    sequence = object.__new__(PlannedChanges)
    sequence._changes, sequence._names, sequence._positions = changes, names, positions
    return sequence


def change_cells(change: PlannedChange) -> tuple[str, str, str, str, str]:
    """Returns the text of a change for the columns of PlannedChanges."""
    entry = change.neighbor
    router = " router" if entry.is_router else ""
    return (
        _SIGNS[change.action],
        str(entry.address),
        f"{entry.physical_address}{router}",
        entry.interface or str(entry.interface_index),
        _now(change),
    )


def change_text(change: PlannedChange) -> str:
    """Returns a change as one line."""
    sign, *cells = map(_printable, change_cells(change))
    return f"{sign} {'  '.join(filter(None, cells))}"


def _now(change: PlannedChange) -> str:
    """Returns how the entry in the table differs from the desired one, or why it stays."""
    previous = change.previous
    if previous is None or change.action is PlannedAction.DELETE:
        return change.reason
    parts = []
    if previous.physical_address != change.neighbor.physical_address:
        parts.append(str(previous.physical_address or "unresolved"))
    if previous.state is not NeighborState.PERMANENT:
        parts.append(str(previous.state))
    if change.neighbor.is_router and not previous.is_router:
        parts.append("not a router")
    now = " ".join(parts)
    if change.action is PlannedAction.CONFLICT:
        return f"now {now}; {change.reason}" if now else change.reason
    return f"now {now or 'of another owner'}"


class Plan:
    """The changes that make the table have desired entries, as plan_neighbors() returns it.

    print(plan) shows every change: `+` is created, `~` updated, `-` deleted, and `!` is a conflict. A plan belongs to
    the network namespace in which it was made.

    Attributes:
        changes: The changes that apply() makes, a sequence of PlannedChange, which is empty if there is nothing to do.
        conflicts: Desired entries that are not written, because the entry of another owner is in the way.
        unchanged: The number of desired entries that the table has.
        missing_interfaces: The names of interfaces that do not exist, whose entries were skipped.

    >>> plan = netio.plan_neighbors([netio.Neighbor("192.0.2.7", "02:00:5e:00:00:08", interface="eth0")])
    >>> [(change.action.value, change.neighbor.physical_address) for change in plan.changes]
    [('update', PhysicalAddress('02:00:5e:00:00:08'))]
    """

    __slots__ = ("_changes", "_conflicts", "_names", "_netns", "_owner", "missing_interfaces", "unchanged")

    unchanged: int
    missing_interfaces: tuple[str, ...]

    _changes: Changes
    _conflicts: Changes
    _names: Names
    _netns: Namespace
    _owner: int

    def __init__(self) -> None:
        raise TypeError("a Plan cannot be created directly; plan_neighbors() returns one")

    @property
    def changes(self) -> PlannedChanges:
        """The changes that apply() makes, writes before deletions."""
        return _sequence(self._changes, self._names, range(len(self._changes)))

    @property
    def conflicts(self) -> PlannedChanges:
        """Desired entries that are not written, because the entry of another owner is in the way."""
        return _sequence(self._conflicts, self._names, range(len(self._conflicts)))

    @property
    def creates(self) -> int:
        """The number of entries that apply() creates."""
        return self._changes.operations.count(TO_CREATE)

    @property
    def updates(self) -> int:
        """The number of entries that apply() updates."""
        return len(self._changes) - self.creates - self.deletes

    @property
    def deletes(self) -> int:
        """The number of entries that apply() deletes."""
        return self._changes.operations.count(TO_DELETE)

    def __repr__(self) -> str:
        return f"<{self.summary()}>"

    def __str__(self) -> str:
        changes = [*self.changes, *self.conflicts]
        lines = [tuple(map(_printable, change_cells(change))) for change in changes]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        texts = [f"{line[0]} {'  '.join(map(str.ljust, line[1:], widths[1:]))}".rstrip() for line in lines]
        if self.missing_interfaces:
            names = ", ".join(map(_printable, self.missing_interfaces))
            texts.append(f"Skipped the entries of missing interfaces: {names}")
        return "\n".join([*texts, f"{self.summary()}."])

    def summary(self) -> str:
        """Return the counts as one line.

        >>> plan.summary()
        'Plan: 1 to create, 0 to update, 0 to delete; 2 unchanged'
        """
        counts = f"{self.creates:,} to create, {self.updates:,} to update, {self.deletes:,} to delete"
        conflicts = f", {len(self._conflicts):,} in conflict" if len(self._conflicts) else ""
        return f"Plan: {counts}; {self.unchanged:,} unchanged{conflicts}"

    def apply(self, *, progress: Callable[[int, int], object] | None = None) -> None:
        """Carry out the changes. This is not a transaction: a second call continues after an interruption.

        The table is read again, and each change is decided about by the entry that is there now: one that is not needed
        any more is left out, an entry that is dynamic now is replaced, and one that another program owns now is not
        changed. An entry that is to be deleted must still have the physical address that the plan shows, and every
        interface its name. The same is done once more for entries that are created or removed concurrently.

        Args:
            progress: Is called after every 5,000 changes with the number of changes that were tried and that failed.

        Raises:
            ExceptionGroup: One NetioError for each change that failed, with `row` and the `position` in `changes`, and
                one for each conflict, whose `position` is None. All others are carried out.

        Windows: CreateIpNetEntry2, SetIpNetEntry2, DeleteIpNetEntry2.
        """
        _carry_out(self, is_fresh=False, progress=progress)

    def undo(self) -> Plan:
        """Return the plan that restores the table as it was when this plan was made.

        Created entries are deleted, updated ones get their values back, and deleted ones are created. On Linux these
        have the protocol static, or that of the owner. An entry that was dynamic is deleted, since the system learns it
        again. An entry that got another physical address since is left alone, which apply() reports.

        >>> plan.undo().apply()

        Windows: has no equivalent.
        """
        return _plan(reversed_changes(self._changes, self._owner), _NO_CHANGES, self._names, self._netns, self._owner)


_NO_CHANGES = Changes(b"", b"", b"", 0, b"", b"")


def _printable(cell: str) -> str:
    # An interface name can hold any character: none of them may start a line or control a terminal.
    return cell if cell.isprintable() else ascii(cell)[1:-1]


def _plan(
    changes: Changes,
    conflicts: Changes,
    names: Names,
    netns: Namespace,
    owner: int,
    unchanged: int = 0,
    missing_interfaces: Iterable[str] = (),
) -> Plan:
    plan = object.__new__(Plan)
    plan._changes, plan._conflicts, plan._names, plan._netns, plan._owner = changes, conflicts, names, netns, owner
    plan.unchanged, plan.missing_interfaces = unchanged, tuple(missing_interfaces)
    return plan


def plan_neighbors(
    desired: Iterable[Neighbor],
    *,
    interfaces: Iterable[InterfaceLike] = (),
    prune: bool = False,
    owner: int | None = None,
    missing_interfaces: OnMissing = "fail",
) -> Plan:
    """Compare desired entries with the table and return the changes that are needed. Nothing is written.

    Args:
        desired: Neighbor values, of which key, physical address and is_router count. Whatever their state is, they
            become PERMANENT entries. If is_router is false, the flag of an existing entry stays. Of a NeighborTable
            only the entries that may be planned count, so that a table that was read earlier can be restored.
        interfaces: Further interfaces for `prune`, besides those that occur in desired.
        prune: Whether to delete the other permanent entries of these interfaces, except those of other owners.
        owner: Linux: the number of the calling program, 5 to 255 (rtnetlink(7)). Its entries carry it as their
            protocol, so that all other programs see that they have an owner. `prune` then deletes only entries that
            carry it.
        missing_interfaces: "fail", or "skip" to leave out the entries of interfaces that do not exist, for scripts that
            run at boot. `Plan.missing_interfaces` names these interfaces.

    Raises:
        ExceptionGroup: One NetioError for each entry that cannot be written, with `row` and `position`: of an interface
            that does not exist, with an invalid address, or twice with different physical addresses.
        InvalidParameterError: owner or missing_interfaces has another value.
        NotSupportedError: owner is given, and the system is not Linux.
        TypeError: An argument has another type.

    >>> print(netio.plan_neighbors([netio.Neighbor("192.0.2.8", "02:00:5e:00:00:08", interface="eth0")]))
    + 192.0.2.8  02:00:5e:00:00:08  eth0
    Plan: 1 to create, 0 to update, 0 to delete; 0 unchanged.

    Windows: GetIpNetTable2. Linux: RTM_GETNEIGH.
    """
    _check_choice(missing_interfaces)
    mark = _checked_owner(owner)
    netns = current_namespace()
    cache = InterfaceCache(netns)
    rows = desired_rows(desired, interfaces, cache, skip_missing=missing_interfaces == "skip")
    families = rows.families()
    family = families.pop() if len(families) == 1 and not prune else lib.AF_UNSPEC
    current = read_current(netns, rows.interfaces, family, mark)
    protocols = bytes([mark]) * len(rows)
    verdicts, places, surplus = compare(rows.view, protocols, current)
    errors = errors_of(rows, verdicts, places, cache)
    if errors:
        raise ExceptionGroup(f"{len(errors)} of {len(rows)} entries cannot be planned; nothing was written", errors)
    writes, _ = writes_by(verdicts, places, rows.view, protocols, current)
    conflicts = _NO_CHANGES
    if REFUSED in writes.operations:
        conflicts = writes.part([place for place, one in enumerate(writes.operations) if one == REFUSED])
        writes = writes.part([place for place, one in enumerate(writes.operations) if one != REFUSED])
    pruned = plannable(current.rows, surplus, cache, {index for _, index in rows.interfaces}) if prune else []
    if owner:
        pruned = [place for place in pruned if place in current.owned]
    deletions = deletions_of(pruned, current, mark)
    names = current.names | cache.names(index for _, index in rows.interfaces)
    unchanged = len(rows) - verdicts.count(lib.NETIO_PLAN_REPEATED) - len(writes) - len(conflicts)
    return _plan(writes.followed_by(deletions), conflicts, names, netns, mark, unchanged, rows.missing)


def plannable_neighbors(family: int = lib.AF_UNSPEC, *, interface: InterfaceLike | None = None) -> NeighborTable:
    """List the entries that may be planned, which `netio save` writes to a file. plan_neighbors() restores them.

    These are the permanent entries of single hosts, except those of routing daemons, orchestrators and the kernel.

    Args:
        family: socket.AF_INET, socket.AF_INET6, or AF_UNSPEC (0) for both.
        interface: Name, index or Interface; None for every interface.

    Raises:
        InterfaceNotFoundError: The interface does not exist.
        InvalidParameterError: The family is another one, or the interface index is below 1.
        NotSupportedError: The system has no stack for the family.
        TypeError: An argument has another type.

    >>> from netio.formats import write_neighbors
    >>> write_neighbors("saved.jsonl", netio.plannable_neighbors())

    Windows: GetIpNetTable2. Linux: RTM_GETNEIGH.
    """
    table = list_neighbors(family, interface=interface)
    rows = native_rows(table)
    places = plannable_in(rows, InterfaceCache(current_namespace()))
    return table_of(memoryview(gather(rows, places)), names_in(table))


def _check_choice(missing_interfaces: str) -> None:
    if missing_interfaces not in ("fail", "skip"):
        raise invalid(f"missing_interfaces must be 'fail' or 'skip', not {missing_interfaces!r}")


def _checked_owner(owner: int | None) -> int:
    """Returns the protocol to be written, 0 if there is none of its own."""
    if owner is None:
        return 0
    number = whole_number("owner", owner)
    if not _FIRST_OWNER <= number <= _LAST_OWNER:
        raise invalid(f"owner {number} is not between {_FIRST_OWNER} and {_LAST_OWNER}, the numbers of programs")
    if not lib.NETIO_HAS_DETAIL:
        reason = "only Linux keeps the owner of an entry; omit owner, and entries of other owners are not recognised"
        raise failure(CREATE, lib.ERROR_NOT_SUPPORTED, reason=reason)
    return number


def apply_neighbors(
    desired: Iterable[Neighbor],
    *,
    interfaces: Iterable[InterfaceLike] = (),
    prune: bool = False,
    owner: int | None = None,
    missing_interfaces: OnMissing = "fail",
) -> Plan:
    """Make the table have desired entries, and return the plan that was carried out. Only differences are written.

    A second call writes nothing, and causes no notification.

    Args:
        desired: As for plan_neighbors().
        interfaces: As for plan_neighbors().
        prune: As for plan_neighbors().
        owner: As for plan_neighbors().
        missing_interfaces: As for plan_neighbors().

    Raises:
        ExceptionGroup: Before anything is written, as plan_neighbors(); or as Plan.apply(), after all other changes.
        InvalidParameterError: As for plan_neighbors().
        NotSupportedError: As for plan_neighbors().
        TypeError: As for plan_neighbors().

    >>> netio.apply_neighbors([netio.Neighbor("192.0.2.8", "02:00:5e:00:00:08", interface="eth0")])
    <Plan: 1 to create, 0 to update, 0 to delete; 0 unchanged>

    Windows: CreateIpNetEntry2, SetIpNetEntry2, DeleteIpNetEntry2.
    """
    plan = plan_neighbors(
        desired, interfaces=interfaces, prune=prune, owner=owner, missing_interfaces=missing_interfaces
    )
    _carry_out(plan, is_fresh=True)
    return plan


def _carry_out(plan: Plan, *, is_fresh: bool, progress: Callable[[int, int], object] | None = None) -> None:
    application = Application(plan._changes, plan._names, plan._netns, plan._owner, progress)  # noqa: SLF001
    errors = application.run(is_fresh=is_fresh)
    cache = InterfaceCache(plan._netns)  # noqa: SLF001
    errors += [refusal(change.neighbor, change.reason, cache, None) for change in plan.conflicts]
    if errors:
        total = len(plan.changes) + len(plan.conflicts)
        raise ExceptionGroup(f"{len(errors)} of {total} changes failed", errors)


def apply_part(plan: Plan, places: Sequence[int]) -> dict[int, NetioError]:
    """Carries out the changes at these positions of a plan that was just made, and returns the errors by position."""
    part = plan._changes.part(places)  # noqa: SLF001
    application = Application(part, plan._names, plan._netns, plan._owner)  # noqa: SLF001
    errors = application.run(is_fresh=True)
    return {places[error.position]: error for error in errors if error.position is not None}
