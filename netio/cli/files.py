# SPDX-License-Identifier: MIT
"""Rows from a file: JSON Lines, a JSON array, or CSV with a heading, with the field names of Neighbor."""

from __future__ import annotations

import csv
import json
from itertools import chain

from netio import Neighbor, NetioError
from netio.cli.complaints import in_words_of_commands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO

    # Where a row stands, such as "line 7", and its fields, or what is wrong there.
    Record = tuple[str, dict[str, object] | str]


def read_rows(
    file: TextIO, *, default_interface: str | None, with_physical_address: bool
) -> tuple[list[tuple[str, Neighbor]], list[tuple[str, str]]]:
    """Reads a file to its end: the rows that are right, and what is wrong with the others, by where they stand."""
    rows: list[tuple[str, Neighbor]] = []
    wrong: list[tuple[str, str]] = []
    for place, fields in _records(file):
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
        return Neighbor(*texts, interface=interface)
    except NetioError as error:
        return in_words_of_commands(error)


def _records(file: Iterable[str]) -> Iterator[Record]:
    lines = enumerate(file, 1)
    for number, line in lines:
        kind = line.strip()[:1]
        if kind:
            # The beginning tells the format; a pipe has no name that could.
            read = {"{": _json_lines, "[": _json_array}.get(kind, _csv)
            yield from read(chain([(number, line)], lines))


def _json_lines(lines: Iterable[tuple[int, str]]) -> Iterator[Record]:
    for number, line in lines:
        if line.strip():
            yield f"line {number}", _json_object(line)


def _json_object(line: str) -> dict[str, object] | str:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"no JSON: {error}"
    return value if isinstance(value, dict) else "a row must be a JSON object"


def _json_array(lines: Iterator[tuple[int, str]]) -> Iterator[Record]:
    first, text = next(lines)
    text += "".join(line for _, line in lines)
    try:
        items = json.loads(text)
    except json.JSONDecodeError as error:
        yield f"line {first + error.lineno - 1}", f"no JSON: {error.msg}"
        return
    except (ValueError, RecursionError) as error:
        yield f"line {first}", f"no JSON: {error}"
        return
    for number, item in enumerate(items, 1):
        yield f"item {number}", item if isinstance(item, dict) else "a row must be a JSON object"


def _csv(lines: Iterator[tuple[int, str]]) -> Iterator[Record]:
    first, heading = next(lines)
    reader = csv.reader(chain([heading], (line for _, line in lines)), skipinitialspace=True, strict=True)
    try:
        names = [name.strip() for name in next(reader)]
        if "address" not in names:
            yield f"line {first}", "the heading must name the columns, like: address,physical_address,interface"
            return
        for cells in reader:
            if len(cells) > 1 or "".join(cells).strip():
                yield f"line {first + reader.line_num - 1}", _csv_fields(names, cells)
    except csv.Error as error:
        yield f"line {first + reader.line_num - 1}", f"no CSV: {error}"


def _csv_fields(names: list[str], cells: list[str]) -> dict[str, object] | str:
    if len(cells) > len(names):
        return "it has more cells than the heading"
    return {name: cell.strip() for name, cell in zip(names, cells, strict=False)}
