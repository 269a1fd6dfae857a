# SPDX-License-Identifier: MIT
"""The changes that a write makes, by the table read before it: for --dry-run, and for `changed` in the JSON output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netio import NeighborState, linux, list_neighbors
from netio._failures import CREATE, DELETE, SET
from netio._native import lib
from netio._requests import predicted_errors
from netio._table import row_flags
from netio.cli.messages import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netio import Neighbor, NetioError
    from netio.linux import LinuxNeighbor

_OPERATIONS = {"create": CREATE, "set": SET, "replace": CREATE, "delete": DELETE}


class TableBefore:
    """The entries of the system before a write, to which the write is applied in memory."""

    def __init__(self) -> None:
        table = list_neighbors()
        rows = list(zip(table, row_flags(table), strict=True))
        self._entries = {entry.key: entry for entry, _ in rows}
        # Writing the same values changes the owner of these, which no Neighbor shows.
        self._foreign = {entry.key for entry, flags in rows if flags & lib.NETIO_IS_FOREIGN}

    def errors(self, command: str, entries: Sequence[Neighbor], *, missing_ok: bool) -> dict[int, NetioError]:
        """Returns the errors that a command would print, by position, as far as they are known without writing."""

        def is_refused(entry: Neighbor) -> int:
            exists = entry.key in self._entries
            if command == "create" and exists:
                return lib.ERROR_OBJECT_ALREADY_EXISTS
            return lib.ERROR_NOT_FOUND if command in ("set", "delete") and not exists else lib.NO_ERROR

        errors = predicted_errors(_OPERATIONS[command], entries, is_refused, missing_ok=missing_ok)
        return {error.position or 0: error for error in errors}

    def apply(self, command: str, entry: Neighbor) -> tuple[str, Neighbor | None]:
        """Applies a command that succeeds. Returns the change, "" if there is none, and the entry before it."""
        key = entry.key
        before = self._entries.pop(key, None)
        was_foreign = key in self._foreign
        self._foreign.discard(key)
        if command == "delete":
            return "delete" if before else "", before
        self._entries[key] = entry
        if before is None:
            return "create", None
        is_kept = (
            before.state is NeighborState.PERMANENT
            and before.physical_address == entry.physical_address
            and not was_foreign
            and not (before.is_router and command == "replace")
        )
        return "" if is_kept else "update", before


class DetailedTable:
    """The same for writes of what only Linux has: the kernel decides about flags, so the table is read again."""

    def __init__(self) -> None:
        self._before = _details()
        self._after: dict[object, LinuxNeighbor] | None = None

    def apply(self, command: str, entry: Neighbor) -> tuple[str, None]:
        """Returns the change of an entry that was written, "" if there is none."""
        if self._after is None:
            self._after = _details()
        before, after = self._before.get(entry.key), self._after.get(entry.key)
        return "" if before == after else command, None


def _details() -> dict[object, LinuxNeighbor]:
    return {row.neighbor.key: row for row in linux.list_neighbors()}


def described(change: str, entry: Neighbor, before: Neighbor | None) -> str:
    """Returns the line of --dry-run about an entry."""
    address = f" at {entry.physical_address}" if entry.physical_address else ""
    text = f"{entry.address}{address} on {entry.interface or entry.interface_index}"
    if not change:
        text = f"would leave {text} as it is"
    elif change == "update" and before is not None:
        text = f"would update {text}, now {before.physical_address or '-'} {before.state}"
    else:
        text = f"would {change} {text}"
    return printable(text)
