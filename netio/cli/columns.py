# SPDX-License-Identifier: MIT
"""The columns of entries and of addresses that failed, as text for a table and as values for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from netio import Neighbor, NeighborState, NetioError, UnreachableError
from netio.cli.linux_words import flag_words, protocol_word
from netio.cli.messages import printable
from netio.cli.not_probed import NotProbed
from netio.linux import LinuxNeighbor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from netio.cli.vendor import Vendors

    # An entry, on Linux also with its details.
    Found = Neighbor | LinuxNeighbor

    # An address as given or parsed, and its entry or error.
    Result = tuple[object, Found | NetioError]
    Record = dict[str, object]


class Column(NamedTuple):
    """A column of the table: its heading, the one for a narrow terminal, and how a value is written."""

    title: str
    short: str
    text: Callable[[object], str]


def _text(value: object) -> str:
    return printable(str(value or "-"))


def _number(value: object) -> str:
    return "-" if value is None else str(value)


def _flag(word: str) -> Callable[[object], str]:
    return lambda value: word if value else ""


_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def age_text(seconds: object) -> str:
    """Returns an age in its largest unit, as in 12s, 4m, 3h and 2d; "-" if there is none."""
    if not isinstance(seconds, int):
        return "-"
    size, unit = next((one for one in _UNITS if seconds >= one[0]), _UNITS[-1])
    return f"{seconds // size:,}{unit}"


# All columns, by the names of the fields of Neighbor and LinuxNeighbor, in the order of `-o wide`.
COLUMNS: dict[str, Column] = {
    "address": Column("ADDRESS", "ADDRESS", _text),
    "physical_address": Column("PHYSICAL ADDRESS", "MAC", _text),
    "interface": Column("INTERFACE", "IF", lambda value: printable(str(value or ""))),
    "state": Column("STATE", "STATE", _text),
    "age": Column("AGE", "AGE", age_text),
    "nud": Column("NUD", "NUD", _text),
    "flags": Column("FLAGS", "FLAGS", lambda value: ",".join(value) if isinstance(value, list) and value else "-"),
    "protocol": Column("PROTOCOL", "PROTO", protocol_word),
    "vendor": Column("VENDOR", "VENDOR", lambda value: printable(str(value or ""))),
    "is_router": Column("ROUTER", "ROUTER", _flag("router")),
    "is_unreachable": Column("UNREACHABLE", "UNREACHABLE", _flag("unreachable")),
    "reachability_time": Column("REACHABILITY TIME", "TIME", _number),
    "interface_index": Column("INDEX", "INDEX", _number),
    "interface_luid": Column("LUID", "LUID", _number),
}

# The columns of LinuxNeighbor, which only Linux has.
DETAILS = ("nud", "flags", "protocol")

# The columns of a table by default, without and with the age, which says nothing about an address just probed.
PROBED = ("address", "physical_address", "interface", "state", "vendor", "is_router")
READ = (*PROBED[:4], "age", *PROBED[4:])

# The fields of `-o plain`, whose positions must not change.
PLAIN = ("address", "physical_address", "interface", "state", "age")


def entry_of(found: Found | NetioError) -> Neighbor | None:
    """Returns the entry of a result, without its details; None for an error."""
    if isinstance(found, LinuxNeighbor):
        return found.neighbor
    return found if isinstance(found, Neighbor) else None


def record_of(result: Result, vendors: Vendors | None, names: Iterable[str]) -> Record:
    """Returns the values of these columns for an entry; for an address that failed, None where they are not known."""
    address, found = result
    if not isinstance(found, NetioError):
        return {name: _value_of(found, name, vendors) for name in names}
    kind = NotProbed.of(found)
    silent = NeighborState.UNREACHABLE.name if isinstance(found, UnreachableError) else ""
    state = silent if kind is None else kind.name
    known = {"address": str(address), "interface": found.row.interface if found.row else "", "state": state}
    return {name: known.get(name) for name in names}


def _value_of(found: Found, name: str, vendors: Vendors | None) -> object:
    """Returns a value as JSON has it."""
    entry, detail = (found.neighbor, found) if isinstance(found, LinuxNeighbor) else (found, None)
    if name in DETAILS:
        return None if detail is None else _detail_of(detail, name)
    if name == "address":
        return str(entry.address)
    if name == "state":
        return entry.state.name
    if name == "age":
        return None if entry.age is None else int(entry.age.total_seconds())
    if name == "vendor":
        return vendors.name_of(entry) or None if vendors else None
    return getattr(entry, name)


def _detail_of(detail: LinuxNeighbor, name: str) -> object:
    if name == "nud":
        return detail.nud.name
    return flag_words(detail.flags) if name == "flags" else detail.protocol
