# SPDX-License-Identifier: MIT
"""Entries as text: reads CSV, JSON Lines and JSON, writes JSON.

Reading has two steps, so that a caller can report each invalid record by its place and go on: read_records() parses a
text, neighbor_of() converts the fields of one record. The fields have the names of Neighbor's. schema.json describes
the JSON that the command writes.
"""

from __future__ import annotations

import csv
import json
import re
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from netio._types import Neighbor
from netio.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# How to open a file for read_records(). The byte order mark that editors on Windows write is dropped. Bytes that are
# not UTF-8 are kept, so that read_records() can recognise UTF-16, and a message about a field can show the others.
ENCODING, ENCODING_ERRORS = "utf-8-sig", "surrogateescape"

# The byte order marks of UTF-16, decoded with ENCODING and ENCODING_ERRORS.
_UTF_16_MARKS = "\udcff\udcfe", "\udcfe\udcff"

_BLANKS = re.compile(r"\s*")

_NOT_AN_OBJECT = "an entry must be a JSON object"


class Record(NamedTuple):
    """One record of a text: its fields, or why it has none.

    Attributes:
        place: Where the record is, such as "line 7" or "item 2".
        fields: The values by field name; those of CSV are text without blanks at its ends.
        problem: Why the record could not be parsed, empty if it was.
    """

    place: str
    fields: dict[str, object]
    problem: str = ""


def read_records(text: str) -> Iterator[Record]:
    """Parses a text. Its first character decides the format, since a pipe has no file name.

    `{`: JSON objects, one per line or over several lines. `[`: one JSON array of objects. Anything else: CSV, whose
    heading names the columns.
    """
    start = _skip_blanks(text, 0)
    if text.startswith(_UTF_16_MARKS):
        yield Record("line 1", {}, "the text is UTF-16; save it as UTF-8")
    elif start < len(text):
        parse = {"{": _json_objects, "[": _json_array}.get(text[start], _csv_rows)
        yield from parse(text[start:], 1 + text.count("\n", 0, start))


def _skip_blanks(text: str, start: int) -> int:
    blanks = _BLANKS.match(text, start)
    return blanks.end() if blanks else start


def _json_objects(text: str, line: int) -> Iterator[Record]:
    """Parses consecutive objects: JSON Lines has one per line, jq prints each over several lines."""
    decode = json.JSONDecoder().raw_decode
    start = 0
    while start < len(text):
        try:
            value, end = decode(text, start)
        except (ValueError, RecursionError) as error:
            yield _invalid_json(line, getattr(error, "msg", error))
            end = text.find("\n", start)
        else:
            yield _json_record(f"line {line}", value)
        following = _skip_blanks(text, end) if end >= 0 else len(text)
        line += text.count("\n", start, following)
        start = following


def _json_array(text: str, line: int) -> Iterator[Record]:
    try:
        items = json.loads(text)
    except json.JSONDecodeError as error:
        yield _invalid_json(line + error.lineno - 1, error.msg)
        return
    except (ValueError, RecursionError) as error:
        yield _invalid_json(line, error)
        return
    for number, item in enumerate(items, 1):
        yield _json_record(f"item {number}", item)


def _json_record(place: str, value: object) -> Record:
    return Record(place, value) if isinstance(value, dict) else Record(place, {}, _NOT_AN_OBJECT)


def _invalid_json(line: int, reason: object) -> Record:
    return Record(f"line {line}", {}, f"invalid JSON: {reason}")


def _csv_rows(text: str, line: int) -> Iterator[Record]:
    reader = csv.reader(StringIO(text), skipinitialspace=True, strict=True)
    names: list[str] = []
    while True:
        place = f"line {line + reader.line_num}"
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield Record(place, {}, f"invalid CSV: {error}")
            continue
        if cells is None:
            return
        if names:
            if len(cells) > 1 or "".join(cells).strip():
                yield _csv_record(place, names, cells)
            continue
        names = [name.strip() for name in cells]
        if "address" not in names:
            reason = "the heading must name the columns, like: address,physical_address,interface"
            yield Record(place, {}, reason)
            return


def _csv_record(place: str, names: list[str], cells: list[str]) -> Record:
    if len(cells) > len(names):
        return Record(place, {}, "the row has more cells than the heading")
    return Record(place, {name: cell.strip() for name, cell in zip(names, cells, strict=False)})


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
        raise invalid(f"interface must be a name or an index, not {interface!r}")
    return Neighbor(address, physical_address, interface=interface)


def _text(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise invalid(f"{name} must be text, not {value!r}" if value else f"{name} is missing")


def json_array(objects: Iterable[dict[str, object]]) -> str:
    """Returns objects as one JSON array, with one object per line."""
    lines = ",\n".join(map(json_line, objects))
    return f"[\n{lines}\n]" if lines else "[]"


def json_line(value: dict[str, object]) -> str:
    """Returns an object as a line of JSON Lines, without the line end."""
    return json.dumps(value)
