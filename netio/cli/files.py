# SPDX-License-Identifier: MIT
"""Rows from a file: JSON Lines, a JSON array, or CSV with a heading, with the field names of Neighbor."""

from __future__ import annotations

import csv
import json
import re
from io import StringIO

from netio import Neighbor, NetioError
from netio.cli.ip_syntax import interface_name
from netio.cli.messages import in_words_of_commands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    # Where a row stands, such as "line 7", and its fields, or what is wrong there.
    Record = tuple[str, dict[str, object] | str]

_BLANKS = re.compile(r"\s*")

# How UTF-16 begins, read as the UTF-8 that it is not.
_MARKS_OF_UTF_16 = "\udcff\udcfe", "\udcfe\udcff"

_NO_ROW = "a row must be a JSON object"


def read_rows(
    file: TextIO, *, default_interface: str | None, with_physical_address: bool
) -> tuple[list[tuple[str, Neighbor]], list[tuple[str, str]]]:
    """Reads a file to its end: the rows that are right, and what is wrong with the others, by where they stand."""
    rows: list[tuple[str, Neighbor]] = []
    wrong: list[tuple[str, str]] = []
    for place, fields in _records(file.read()):
        row = fields if isinstance(fields, str) else _row(fields, default_interface, with_physical_address)
        if isinstance(row, str):
            wrong.append((place, row))
        else:
            rows.append((place, row))
    return rows, wrong


def _row(fields: dict[str, object], default_interface: str | None, with_physical_address: bool) -> Neighbor | str:
    interface = fields.get("interface")
    if interface is None or interface == "":
        interface = default_interface or ""
    texts: list[str] = []
    for name in ("address", "physical_address")[: 1 + with_physical_address]:
        value = fields.get(name)
        if not isinstance(value, str) or not value.strip():
            return f"{name} is {value!r}; it must be text" if value else f"there is no {name}"
        texts.append(value.strip())
    if isinstance(interface, bool) or not isinstance(interface, (str, int)):
        return f"interface is {interface!r}; it must be a name or an index"
    try:
        return Neighbor(*texts, interface=interface_name(interface) if isinstance(interface, str) else interface)
    except NetioError as error:
        return in_words_of_commands(error)


def _records(text: str) -> Iterator[Record]:
    """The rows of a text. Its beginning tells the format: a pipe has no name that could."""
    start = _end_of_blanks(text, 0)
    if text.startswith(_MARKS_OF_UTF_16):
        yield "line 1", "this is UTF-16; save the file as UTF-8"
    elif start < len(text):
        read = {"{": _json_objects, "[": _json_array}.get(text[start], _csv)
        yield from read(text[start:], 1 + text.count("\n", 0, start))


def _end_of_blanks(text: str, start: int) -> int:
    blanks = _BLANKS.match(text, start)
    return blanks.end() if blanks else start


def _json_objects(text: str, number: int) -> Iterator[Record]:
    """Objects one behind the other: a line each in JSON Lines, several lines each as jq prints them."""
    decode = json.JSONDecoder().raw_decode
    start = 0
    while start < len(text):
        try:
            value, end = decode(text, start)
        except (ValueError, RecursionError) as error:
            yield f"line {number}", f"no JSON: {getattr(error, 'msg', error)}"
            end = text.find("\n", start)
        else:
            yield f"line {number}", value if isinstance(value, dict) else _NO_ROW
        following = _end_of_blanks(text, end) if end >= 0 else len(text)
        number += text.count("\n", start, following)
        start = following


def _json_array(text: str, number: int) -> Iterator[Record]:
    try:
        items = json.loads(text)
    except json.JSONDecodeError as error:
        yield f"line {number + error.lineno - 1}", f"no JSON: {error.msg}"
        return
    except (ValueError, RecursionError) as error:
        yield f"line {number}", f"no JSON: {error}"
        return
    for place, item in enumerate(items, 1):
        yield f"item {place}", item if isinstance(item, dict) else _NO_ROW


def _csv(text: str, number: int) -> Iterator[Record]:
    reader = csv.reader(StringIO(text), skipinitialspace=True, strict=True)
    names: list[str] = []
    while True:
        place = f"line {number + reader.line_num}"
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield place, f"no CSV: {error}"
            continue
        if cells is None:
            return
        if names:
            if len(cells) > 1 or "".join(cells).strip():
                yield place, _csv_fields(names, cells)
            continue
        names = [name.strip() for name in cells]
        if "address" not in names:
            yield place, "the heading must name the columns, like: address,physical_address,interface"
            return


def _csv_fields(names: list[str], cells: list[str]) -> dict[str, object] | str:
    if len(cells) > len(names):
        return "it has more cells than the heading"
    return {name: cell.strip() for name, cell in zip(names, cells, strict=False)}
