# SPDX-License-Identifier: MIT
"""The records of a text: parses CSV, JSON Lines and JSON, with the field names of other programs. Pure functions."""

from __future__ import annotations

import codecs
import csv
import json
import re
from difflib import get_close_matches
from functools import lru_cache
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from netio._types import Neighbor, NeighborState, quoted
from netio.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The names of the fields that are read, without case, blanks, hyphens and underscores.
_SYNONYMS = {
    "address": ("address", "ip", "ipaddr", "ipaddress", "ipv4", "ipv4address", "ipv6", "ipv6address", "dst", "inet"),
    "physical_address": (
        *("physicaladdress", "mac", "macaddr", "macaddress", "lladdr", "linklayeraddress", "hwaddr", "hwaddress"),
        *("hardwareaddress", "ethernetaddress", "ether"),
    ),
    "interface": ("interface", "dev", "device", "iface", "ifname", "interfacename", "interfacealias"),
    "state": ("state", "nud"),
    "is_router": ("isrouter", "router"),
    "is_unreachable": ("isunreachable",),
}
_NAMES = {synonym: name for name, synonyms in _SYNONYMS.items() for synonym in synonyms}

# The fields that are rather misspelled than unknown if they are near to a name.
_MISSPELLABLE = tuple(name for name in _NAMES if name != "router")

# Other fields of the command's own output, which are not read.
_OWN = {"reachabilitytime", "age", "interfaceindex", "interfaceluid", "vendor", "error"}

# `ip -j neigh` marks the entry of a router by a field without a value.
_FLAG_OF_IP = "router"

# The values of a flag, in lower case; those of the command's own table too.
_TRUTHS: dict[str | int | None, bool] = {
    **dict.fromkeys((1, "true", "1", "yes", "router", "unreachable"), True),
    **dict.fromkeys((0, None, "", "false", "0", "no", "-"), False),
}

# Get-NetNeighbor prints states as numbers; other programs have other numbers in a field of that name.
_FIELD_OF_WINDOWS = "linklayeraddress"

_UNREACHABLE = NeighborState.UNREACHABLE

# Such entries have no physical address in use.
_UNRESOLVED = (_UNREACHABLE, NeighborState.INCOMPLETE)

_STATES = {state.name: state for state in NeighborState} | {"FAILED": NeighborState.UNREACHABLE}

# Text formats of other programs, and what reads them.
_FOREIGN_FORMATS = (
    (r"IP address\s+HW type", "/proc/net/arp: use `netio list --json` on that machine instead"),
    (r"\S+ dev \S+ (lladdr|[A-Z]+$|router|proxy)", "the text of `ip neigh`: use `ip -j neigh`, which is read"),
    (r"(\S+ \([0-9.]+\) at |Interface: [0-9.]+ --- 0x)", "the text of `arp -a`: use `netio list --json` instead"),
    (r"[0-9]+ [0-9a-fA-F:]{17} [0-9.]+ ", "a lease file of dnsmasq: keep its columns 3 and 2 under ip,mac"),
    (r"[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}\s+\S+$", "/etc/ethers: swap its columns under the heading ip,mac"),
)

_DELIMITERS = ",;\t"

# Each name of an unknown field is compared with the known ones.
_MOST_FIELDS = 1000
_BLANKS = re.compile(r"\s*")
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]', re.DOTALL)
_decode_json = json.JSONDecoder().raw_decode
_NOT_AN_OBJECT = "an entry must be a JSON object"
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class Record(NamedTuple):
    """One record of a text: its fields, or why it has none.

    Attributes:
        place: Where the record is, such as "line 7" or "item 2".
        fields: The values by field name of Neighbor; those of CSV are text without blanks at its ends.
        problem: Why the record could not be parsed, empty if it was.
        ignored: The names of fields that netio does not know.
    """

    place: str
    fields: dict[str, object]
    problem: str = ""
    ignored: tuple[str, ...] = ()


def decode(data: bytes) -> str:
    r"""Returns the text of a file: UTF-8, or UTF-16 with a byte order mark, as Windows PowerShell writes it.

    Raises:
        InvalidParameterError: The bytes have another encoding.

    >>> from netio.formats import decode
    >>> decode("ip\r\n".encode("utf-16"))
    'ip\n'
    """
    encoding = next((encoding for mark, encoding in _BOMS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = 1 + data.count(b"\n", 0, error.start)
        raise invalid(f"line {line} is not {encoding.removesuffix('-sig').upper()}: save the file as UTF-8") from None
    return with_line_feeds(text)


def with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_records(text: str) -> Iterator[Record]:
    r"""Parses a text. Its first character decides the format, since a pipe has no file name.

    `{`: JSON objects, one per line or over several lines. `[`: one JSON array of objects. Anything else: CSV, whose
    heading names the columns, with commas, semicolons or tabs.

    >>> from netio.formats import read_records
    >>> for record in read_records("ip;colour\n192.0.2.7;red\n"):
    ...     print(record.place, record.fields, record.ignored)
    line 2 {'address': '192.0.2.7'} ('colour',)
    """
    start = _skip_blanks(text, 0)
    if start < len(text):
        parse = {"{": _json_objects, "[": _json_array}.get(text[start], _csv_rows)
        yield from parse(text[start:], 1 + text.count("\n", 0, start))


def _skip_blanks(text: str, start: int) -> int:
    blanks = _BLANKS.match(text, start)
    return blanks.end() if blanks else start


def _json_objects(text: str, line: int) -> Iterator[Record]:
    """Parses consecutive objects: JSON Lines has one per line, jq prints each over several lines."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        value = _object_in(text[start:end])
        if value is not None:
            yield _record(f"line {line}", value)
            following = end + 1 if text[end + 1 : end + 2] == "{" else _skip_blanks(text, end)
            line += 1 if following == end + 1 else text.count("\n", start, following)
            start = following
            continue
        end = _end_of_object(text, start) if text[start] == "{" else -1
        if end < 0:  # not an object, or one without an end: go on with the next line
            end = text.find("\n", start)
            end = len(text) if end < 0 or text[start] == "{" else end
        yield _json_record(f"line {line}", text[start:end])
        following = _skip_blanks(text, end)
        line += text.count("\n", start, following)
        start = following


def _object_in(line: str) -> dict[str, object] | None:
    """Returns the object that a line consists of; None if it is anything else."""
    try:
        value, end = _decode_json(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and (end == len(line) or line[end:].isspace()) else None


def _end_of_object(text: str, start: int) -> int:
    """Returns where the object at start ends, by its braces; -1 if it does not."""
    depth = 0
    for token in _JSON_TOKEN.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if depth == 0:
            return token.end()
    return -1


def _json_record(place: str, text: str) -> Record:
    try:
        return _record(place, json.loads(text))
    except (ValueError, RecursionError) as error:
        return Record(place, {}, f"invalid JSON: {getattr(error, 'msg', error)}")


def _json_array(text: str, line: int) -> Iterator[Record]:
    try:
        items = json.loads(text)
    except json.JSONDecodeError as error:
        yield Record(f"line {line + error.lineno - 1}", {}, f"invalid JSON: {error.msg}")
        return
    except (ValueError, RecursionError) as error:
        yield Record(f"line {line}", {}, f"invalid JSON: {error}")
        return
    for number, item in enumerate(items, 1):
        yield _record(f"item {number}", item)


def _record(place: str, value: object) -> Record:
    """Makes a record of an object with field names of any program."""
    if not isinstance(value, dict):
        return Record(place, {}, _NOT_AN_OBJECT)
    columns, ignored, problem = _columns_of(tuple(value))
    if problem:
        return Record(place, {}, problem)
    fields = {name: value[given] for name, given in columns.items()}
    if "state" in fields:
        fields["state"] = _state_of(fields["state"], columns.get("physical_address", ""))
    if "is_router" in fields and fields["is_router"] is None and _plain(columns["is_router"]) == _FLAG_OF_IP:
        fields["is_router"] = True
    return Record(place, fields, "", ignored)


def _plain(name: str) -> str:
    """Returns a field name without the differences that do not count."""
    return re.sub(r"[\s_-]", "", name).lower()


@lru_cache(maxsize=64)  # the records of a file have the same fields
def _columns_of(given: tuple[str, ...]) -> tuple[dict[str, str], tuple[str, ...], str]:
    """Maps the fields of Neighbor to the given names. Returns also the ignored names, and what is wrong."""
    columns: dict[str, str] = {}
    ignored: list[str] = []
    if len(given) > _MOST_FIELDS:
        return {}, (), f"there are {len(given):,} fields, more than {_MOST_FIELDS:,}"
    for name in given:
        plain = _plain(name)
        field = _NAMES.get(plain)
        if field is None:
            near = (
                get_close_matches(plain, _MISSPELLABLE, 1, 0.85) if 4 <= len(plain) <= 20 and plain not in _OWN else []
            )
            if near:
                return {}, (), f"unknown field {quoted(name)}; did you mean {_NAMES[near[0]]}?"
            if plain and plain not in _OWN:
                ignored.append(name)
        elif field in columns and _plain(columns[field]) != field:
            if plain != field:
                return {}, (), f"{quoted(columns[field])} and {quoted(name)} both name the {field}"
            columns[field] = name
        else:
            columns.setdefault(field, name)
    return columns, tuple(ignored), ""


def _state_of(value: object, column: str = "") -> NeighborState | None:
    """Returns the state of an entry as other programs write it; None if the value is not a state.

    column is the name of the field with the physical address, which shows whether a number is one of Windows.
    """
    if isinstance(value, list) and len(value) == 1:  # ip -j neigh
        value = value[0]
    if isinstance(value, str):
        return _STATES[value] if value in _STATES else _STATES.get(value.strip().upper())
    return NeighborState(value) if type(value) is int and _plain(column) == _FIELD_OF_WINDOWS else None


def _csv_rows(text: str, line: int) -> Iterator[Record]:
    lines = StringIO(text)
    start, heading = 0, ""
    while not heading:
        start, first = lines.tell(), lines.readline()
        if not first:
            return
        if first.strip() and not first.startswith("#") and not _plain(first).startswith("sep="):  # a line for Excel
            heading = first
        else:
            line += 1
    lines.seek(start)
    delimiter = max(_DELIMITERS, key=heading.count)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    names: list[str] = []
    columns: dict[str, int] = {}
    ignored: tuple[str, ...] = ()
    while True:
        place = f"line {line + reader.line_num}"
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield Record(place, {}, f"invalid CSV: {error}")
            continue
        if cells is None:
            return
        if not names:
            names = [name.strip() for name in cells]
            found, ignored, problem = _columns_of(tuple(names))
            if problem or "address" not in found:
                yield Record(place, {}, problem or _no_heading(heading.rstrip("\n"), names))
                return
            columns = {field: names.index(given) for field, given in found.items()}
        elif _has_values(cells) and not _is_comment(cells, names, columns):
            yield _csv_record(place, names, columns, cells, ignored)


def _no_heading(line: str, names: list[str]) -> str:
    """Explains a first line that does not name the columns."""
    for pattern, explanation in _FOREIGN_FORMATS:
        if re.match(pattern, line):
            return f"this is {explanation}"
    found = ", ".join(names)[:80]
    return f"the heading must name the columns, like: address,physical_address,interface; it has: {found}"


def _has_values(cells: list[str]) -> bool:
    return bool(cells) and ((cells[0] != "" and not cells[0].isspace()) or any(cell.strip() for cell in cells))


def _is_comment(cells: list[str], names: list[str], columns: dict[str, int]) -> bool:
    """Returns whether a line is a comment. An interface may be named `#lan`, but no address begins like that."""
    return cells[0].startswith("#") and (columns["address"] == 0 or len(cells) < len(names))


def _csv_record(
    place: str, names: list[str], columns: dict[str, int], cells: list[str], ignored: tuple[str, ...]
) -> Record:
    if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
        return Record(place, {}, "the row has more cells than the heading")
    if len(cells) < len(names):
        cells += [""] * (len(names) - len(cells))
    fields: dict[str, object] = {field: cells[column].strip() for field, column in columns.items()}
    if "state" in fields:
        fields["state"] = _state_of(fields["state"])
    return Record(place, fields, "", ignored)


def neighbor_of(values: Mapping[str, object], *, with_physical_address: bool = True) -> Neighbor:
    """Converts a record to a permanent entry: its address, physical address, interface and router flag.

    Args:
        values: The values by field name. The interface may be missing, None or "".
        with_physical_address: Whether a physical address is required; it is ignored otherwise.

    Raises:
        InvalidParameterError: A value is missing, has another type, or is invalid.

    >>> from netio.formats import neighbor_of
    >>> neighbor_of({"address": "192.0.2.7", "physical_address": "2-0-5e-0-0-7"}).physical_address
    PhysicalAddress('02:00:5e:00:00:07')
    """
    address = _text(values, "address")
    physical_address = _text(values, "physical_address") if with_physical_address else ""
    is_router = _truth(values, "is_router")
    return Neighbor(address, physical_address, interface=_interface(values), is_router=is_router)


def entry_of(values: Mapping[str, object]) -> Neighbor:
    """Converts a record to an entry in the state that it names."""
    state = values.get("state")
    if not isinstance(state, NeighborState):
        state = NeighborState.PERMANENT
    may_lack = state in _UNRESOLVED and not values.get("physical_address")
    return Neighbor(
        _text(values, "address"),
        "" if may_lack or "physical_address" not in values else _text(values, "physical_address"),
        interface=_interface(values),
        state=state,
        is_router=_truth(values, "is_router"),
        is_unreachable=_truth(values, "is_unreachable") if "is_unreachable" in values else state is _UNREACHABLE,
    )


def _interface(values: Mapping[str, object]) -> str | int:
    value = values.get("interface")
    if type(value) is str:
        return value
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid(f"interface must be a name or an index, not {_shown(value)}")
    return value


def _truth(values: Mapping[str, object], name: str) -> bool:
    value = values.get(name, False)
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else value
    if isinstance(word, (str, int, type(None))) and word in _TRUTHS:
        return _TRUTHS[word]
    raise invalid(f"{name} must be true or false, not {_shown(value)}")


def _text(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    if isinstance(value, str) and (text := value.strip()):
        return text
    raise invalid(
        f"{name} is missing" if not value or isinstance(value, str) else f"{name} must be text, not {_shown(value)}"
    )


def _shown(value: object) -> str:
    """Returns a value that is not text as a message shows it."""
    text = repr(value)
    return text if len(text) <= 80 else quoted(text)
