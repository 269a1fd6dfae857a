# SPDX-License-Identifier: MIT
"""The columns of entries and of addresses that failed, as text for a table and as values for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from netio import Neighbor, NeighborState, NetioError, UnreachableError
from netio.cli.messages import printable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from netio.cli.vendor import Vendors

    # An address as given or parsed, and its entry or error.
    Result = tuple[object, Neighbor | NetioError]
    Record = dict[str, object]


class Column(NamedTuple):
    """A column of the table: its heading, the one for a narrow terminal, and how a value is written."""

    title: str
    short: str
    text: Callable[[object], str]


def _text(value: object) -> str:
    return printable(str(value or "-"))


def _flag(word: str) -> Callable[[object], str]:
    return lambda value: word if value else ""


_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def age_text(seconds: object) -> str:
    """Returns an age in its largest unit, as in 12s, 4m, 3h and 2d; "-" if there is none."""
    if not isinstance(seconds, int):
        return "-"
    size, unit = next((one for one in _UNITS if seconds >= one[0]), _UNITS[-1])
    return f"{seconds // size:,}{unit}"


# All columns, by the names of the fields of Neighbor, in the order of `-o wide`.
COLUMNS: dict[str, Column] = {
    "address": Column("ADDRESS", "ADDRESS", _text),
    "physical_address": Column("PHYSICAL ADDRESS", "MAC", _text),
    "interface": Column("INTERFACE", "IF", lambda value: printable(str(value or ""))),
    "state": Column("STATE", "STATE", _text),
    "age": Column("AGE", "AGE", age_text),
    "vendor": Column("VENDOR", "VENDOR", lambda value: printable(str(value or ""))),
    "is_router": Column("ROUTER", "ROUTER", _flag("router")),
    "is_unreachable": Column("UNREACHABLE", "UNREACHABLE", _flag("unreachable")),
    "reachability_time": Column("REACHABILITY TIME", "TIME", _text),
    "interface_index": Column("INDEX", "INDEX", _text),
    "interface_luid": Column("LUID", "LUID", _text),
}

# The columns of a table by default, without and with the age, which says nothing about an address just probed.
PROBED = ("address", "physical_address", "interface", "state", "vendor", "is_router")
READ = (*PROBED[:4], "age", *PROBED[4:])

# The fields of `-o plain`, whose positions must not change.
PLAIN = ("address", "physical_address", "interface", "state", "age")


def record_of(result: Result, vendors: Vendors | None) -> Record:
    """Returns the values of an entry by column; of an address that failed, those that are known."""
    address, found = result
    if isinstance(found, Neighbor):
        record = found.to_dict() | {"age": _seconds(found.age)}
        return record if vendors is None else record | {"vendor": vendors.name_of(found) or None}
    state = NeighborState.UNREACHABLE.name if isinstance(found, UnreachableError) else ""
    return {"address": str(address), "interface": found.row.interface if found.row else "", "state": state}


def _seconds(age: timedelta | None) -> int | None:
    return None if age is None else int(age.total_seconds())
