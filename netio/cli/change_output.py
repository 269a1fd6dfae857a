# SPDX-License-Identifier: MIT
"""A change of the table as a line, as an object for --json, and as the environment of --exec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netio.cli.json_output import entry_object
from netio.cli.messages import printable

if TYPE_CHECKING:
    from netio import NeighborChange
    from netio.cli.vendor import Vendors

# The fields of a line, whose positions must not change. The variables of --exec have their names in upper case.
FIELDS = (
    "kind",
    "address",
    "physical_address",
    "interface",
    "state",
    "previous_state",
    "last_physical_address",
)


def change_line(change: NeighborChange) -> str:
    """Returns the fields with tabs in between, and - for what is unknown."""
    return "\t".join(printable(value) or "-" for value in _values(change).values())


def change_environment(change: NeighborChange) -> dict[str, str]:
    """Returns the fields as environment variables, empty if unknown."""
    return {f"NETIO_{name.upper()}": value for name, value in _values(change).items()}


def change_object(change: NeighborChange, vendors: Vendors | None) -> dict[str, object]:
    """Returns the object for a change: the fields of NeighborChange, with entries as list prints them."""
    return {
        "kind": change.kind.name,
        "neighbor": None if change.neighbor is None else entry_object(change.neighbor, vendors),
        "previous": None if change.previous is None else entry_object(change.previous, vendors),
        "last_physical_address": str(change.last_physical_address),
    }


def _values(change: NeighborChange) -> dict[str, str]:
    entry = change.neighbor
    values = (
        change.kind.name,
        "" if entry is None else str(entry.address),
        "" if entry is None else str(entry.physical_address),
        "" if entry is None else entry.interface,
        "" if entry is None else entry.state.name,
        "" if change.previous is None else change.previous.state.name,
        str(change.last_physical_address),
    )
    return dict(zip(FIELDS, values, strict=True))
