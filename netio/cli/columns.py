# SPDX-License-Identifier: MIT
"""The columns of entries and of addresses that failed, as text for a table and as values for programs."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from netio import Neighbor, NeighborState, NetioError, UnreachableError
from netio.cli.linux_words import flag_words, protocol_word
from netio.cli.messages import printable
from netio.cli.not_probed import NotProbed
from netio.linux import LinuxNeighbor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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
    return None if isinstance(found, NetioError) else without_details(found)


def without_details(found: Found) -> Neighbor:
    """Returns an entry without its details."""
    return found.neighbor if isinstance(found, LinuxNeighbor) else found


def records_of(results: Iterable[Result], vendors: Vendors | None, names: Iterable[str]) -> Iterator[Record]:
    """Yields the values of these columns for each entry; for an address that failed, None where they are not known."""
    getters = [(name, _getter(name, vendors)) for name in names]
    for address, found in results:
        if isinstance(found, NetioError):
            known = _known_of(address, found)
            yield {name: known.get(name) for name, _ in getters}
        else:
            yield {name: get(found) for name, get in getters}


def _known_of(address: object, error: NetioError) -> Record:
    kind = NotProbed.of(error)
    silent = NeighborState.UNREACHABLE.name if isinstance(error, UnreachableError) else ""
    state = silent if kind is None else kind.name
    return {"address": str(address), "interface": error.row.interface if error.row else "", "state": state}


def _getter(name: str, vendors: Vendors | None) -> Callable[[Found], object]:
    """Returns a function that returns a value as JSON has it."""
    if name in DETAILS:
        return lambda found: _detail_of(found, name) if isinstance(found, LinuxNeighbor) else None
    if name == "vendor":
        return lambda found: vendors.name_of(without_details(found)) or None if vendors else None
    value_of = _VALUES.get(name) or attrgetter(name)
    return lambda found: value_of(without_details(found))


def _age_of(entry: Neighbor) -> int | None:
    age = entry.age
    return None if age is None else int(age.total_seconds())


# The values that are not attributes of entries as they are.
_VALUES: dict[str, Callable[[Neighbor], object]] = {
    "address": lambda entry: str(entry.address),
    "state": lambda entry: entry.state.name,
    "age": _age_of,
}


def _detail_of(detail: LinuxNeighbor, name: str) -> object:
    if name == "nud":
        return detail.nud.name
    return flag_words(detail.flags) if name == "flags" else detail.protocol
