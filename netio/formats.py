# SPDX-License-Identifier: MIT
"""Entries as text: reads and writes CSV, JSON Lines and JSON.

Reading has three steps, so that a caller can report each invalid record by its place and go on: decode() makes text of
the bytes of a file, read_records() parses it, neighbor_of() converts the fields of one record. Records have the field
names of Neighbor, whatever names the program used that wrote the file. schema.json describes the JSON that the command
writes.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from difflib import get_close_matches
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from netio._types import Neighbor, NeighborState, quoted
from netio.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# The names of the fields that are read, without case, blanks, hyphens and underscores.
_SYNONYMS = {
    "address": ("address", "ip", "ipaddr", "ipaddress", "ipv4", "ipv4address", "ipv6", "ipv6address", "dst", "inet"),
    "physical_address": (
        *("physicaladdress", "mac", "macaddr", "macaddress", "lladdr", "linklayeraddress", "hwaddr", "hwaddress"),
        *("hardwareaddress", "ethernetaddress", "ether"),
    ),
    "interface": ("interface", "dev", "device", "iface", "ifname", "interfacename", "interfacealias"),
    "state": ("state", "nud"),
}
_NAMES = {synonym: name for name, synonyms in _SYNONYMS.items() for synonym in synonyms}

# Other fields of the command's own output, which are not read.
_OWN = {"isrouter", "isunreachable", "reachabilitytime", "age", "interfaceindex", "interfaceluid", "vendor", "error"}

# Get-NetNeighbor prints states as numbers; other programs have other numbers in a field of that name.
_FIELD_OF_WINDOWS = "linklayeraddress"

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
_BLANKS = re.compile(r"\s*")
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]', re.DOTALL)
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
    """Returns the text of a file: UTF-8, or UTF-16 with a byte order mark, as Windows PowerShell writes it.

    Raises:
        InvalidParameterError: The bytes have another encoding.
    """
    encoding = next((encoding for mark, encoding in _BOMS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = 1 + data.count(b"\n", 0, error.start)
        raise invalid(f"line {line} is not {encoding.removesuffix('-sig').upper()}: save the file as UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_records(text: str) -> Iterator[Record]:
    """Parses a text. Its first character decides the format, since a pipe has no file name.

    `{`: JSON objects, one per line or over several lines. `[`: one JSON array of objects. Anything else: CSV, whose
    heading names the columns, with commas, semicolons or tabs.
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
        end = _end_of_object(text, start) if text[start] == "{" else -1
        if end < 0:  # not an object, or one without an end: go on with the next line
            end = text.find("\n", start)
            end = len(text) if end < 0 or text[start] == "{" else end
        yield _json_record(f"line {line}", text[start:end])
        following = _skip_blanks(text, end)
        line += text.count("\n", start, following)
        start = following


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
    columns, ignored, problem = _columns_of(value)
    if problem:
        return Record(place, {}, problem)
    fields = {name: value[given] for name, given in columns.items()}
    if "state" in fields:
        is_number = _plain(columns.get("physical_address", "")) == _FIELD_OF_WINDOWS
        fields["state"] = _state_of(fields["state"], is_number=is_number)
    return Record(place, fields, "", ignored)


def _plain(name: str) -> str:
    """Returns a field name without the differences that do not count."""
    return re.sub(r"[\s_-]", "", name).lower()


def _columns_of(given: Iterable[str]) -> tuple[dict[str, str], tuple[str, ...], str]:
    """Maps the fields of Neighbor to the given names. Returns also the ignored names, and what is wrong."""
    columns: dict[str, str] = {}
    ignored: list[str] = []
    for name in given:
        plain = _plain(name)
        field = _NAMES.get(plain)
        if field is None:
            near = get_close_matches(plain, _NAMES, 1, 0.85) if 4 <= len(plain) <= 20 and plain not in _OWN else []
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


def _state_of(value: object, *, is_number: bool) -> NeighborState | None:
    """Returns the state of an entry as other programs write it; None if the value is not a state."""
    if isinstance(value, list) and len(value) == 1:  # ip -j neigh
        value = value[0]
    if isinstance(value, str):
        return _STATES.get(value.strip().upper())
    return NeighborState(value) if is_number and type(value) is int else None


def _csv_rows(text: str, line: int) -> Iterator[Record]:
    heading = ""
    while not heading and text:
        first, _, rest = text.partition("\n")
        if first.strip() and not first.startswith("#"):
            heading = first
            if _plain(first).startswith("sep="):  # a line for Excel
                heading = ""
        if not heading:
            text, line = rest, line + 1
    delimiter = max(_DELIMITERS, key=heading.count)
    reader = csv.reader(StringIO(text), delimiter=delimiter, skipinitialspace=True, strict=True)
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
            found, ignored, problem = _columns_of(names)
            if problem or "address" not in found:
                yield Record(place, {}, problem or _no_heading(heading, names))
                return
            columns = {field: names.index(given) for field, given in found.items()}
        elif any(cell.strip() for cell in cells) and not _is_comment(cells, names, columns):
            yield _csv_record(place, names, columns, cells, ignored)


def _no_heading(line: str, names: list[str]) -> str:
    """Explains a first line that does not name the columns."""
    for pattern, explanation in _FOREIGN_FORMATS:
        if re.match(pattern, line):
            return f"this is {explanation}"
    found = ", ".join(names)[:80]
    return f"the heading must name the columns, like: address,physical_address,interface; it has: {found}"


def _is_comment(cells: list[str], names: list[str], columns: dict[str, int]) -> bool:
    """Returns whether a line is a comment. An interface may be named `#lan`, but no address begins like that."""
    return cells[0].startswith("#") and (columns["address"] == 0 or len(cells) < len(names))


def _csv_record(
    place: str, names: list[str], columns: dict[str, int], cells: list[str], ignored: tuple[str, ...]
) -> Record:
    if any(cell.strip() for cell in cells[len(names) :]):
        return Record(place, {}, "the row has more cells than the heading")
    fields: dict[str, object] = {
        field: cells[column].strip() for field, column in columns.items() if column < len(cells)
    }
    if "state" in fields:
        fields["state"] = _state_of(fields["state"], is_number=False)
    return Record(place, fields, "", ignored)


def neighbor_of(values: Mapping[str, object], *, with_physical_address: bool = True) -> Neighbor:
    """Converts the fields address, physical_address and interface of a record to a Neighbor. Others are ignored.

    Args:
        values: The values by field name. The interface may be missing, None or "".
        with_physical_address: Whether a physical address is required; it is ignored otherwise.

    Raises:
        InvalidParameterError: A value is missing, has another type, or is invalid.
    """
    address = _text(values, "address")
    physical_address = _text(values, "physical_address") if with_physical_address else ""
    interface = values.get("interface")
    if interface is None:
        interface = ""
    if isinstance(interface, bool) or not isinstance(interface, (str, int)):
        raise invalid(f"interface must be a name or an index, not {_shown(interface)}")
    return Neighbor(address, physical_address, interface=interface)


def _text(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise invalid(
        f"{name} is missing" if not value or isinstance(value, str) else f"{name} must be text, not {_shown(value)}"
    )


def _shown(value: object) -> str:
    """Returns a value that is not text as a message shows it."""
    text = repr(value)
    return text if len(text) <= 80 else quoted(text)


def csv_text(objects: Iterable[Mapping[str, object]], heading: Iterable[str] | None = None) -> str:
    """Returns objects with the same fields as CSV.

    Args:
        objects: The values by field name.
        heading: The names of the first line; none if it is empty. By default those of the first object.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if heading is not None and (names := list(heading)):
        writer.writerow(names)
    for number, value in enumerate(objects):
        if number == 0 and heading is None:
            writer.writerow(value)
        writer.writerow(value.values())
    return text.getvalue()


def json_array(objects: Iterable[dict[str, object]]) -> str:
    """Returns objects as one JSON array, with one object per line."""
    lines = ",\n".join(map(json_line, objects))
    return f"[\n{lines}\n]" if lines else "[]"


def json_line(value: dict[str, object]) -> str:
    """Returns an object as a line of JSON Lines, without the line end."""
    return json.dumps(value)
