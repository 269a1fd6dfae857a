# SPDX-License-Identifier: MIT
"""Entries as text: reads and writes CSV, JSON Lines and JSON.

read_neighbors() and write_neighbors() do everything in one call. The other functions are the steps of reading, so that
a caller can report each invalid record by its place and go on: decode() makes text of the bytes of a file,
read_records() parses it, neighbor_of() converts the fields of one record. Records have the field names of Neighbor,
whatever names the program used that wrote the file. schema.json describes the JSON that the command writes.

>>> from netio.formats import read_neighbors, write_neighbors
>>> write_neighbors("hosts.csv", [netio.Neighbor("192.0.2.7", "02:00:5e:00:00:07", interface="eth0")])
>>> netio.replace_neighbors(read_neighbors("hosts.csv"))
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable
from errno import EAGAIN
from io import RawIOBase, StringIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from netio._atomic import write_file
from netio._records import Record, decode, entry_of, neighbor_of, read_records, with_line_feeds
from netio._types import Neighbor, NeighborState, quoted
from netio.errors import InvalidParameterError, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Format = Literal["csv", "jsonl", "json"]


class Readable(Protocol):
    """An open file to read from, text or binary."""

    def read(self) -> str | bytes:
        """Read the rest of the file."""


class Writable(Protocol):
    """An open file to write to, text or binary."""

    def write(self, data: Any, /) -> int | None:  # noqa: ANN401
        """Write text or bytes."""


Source = str | os.PathLike[str] | Readable
Target = str | os.PathLike[str] | Writable

__all__ = [
    "Format",
    "Readable",
    "Record",
    "Source",
    "Target",
    "Writable",
    "csv_text",
    "decode",
    "json_array",
    "json_line",
    "neighbor_of",
    "read_neighbors",
    "read_records",
    "write_neighbors",
]


def read_neighbors(source: Source) -> list[Neighbor]:
    r"""Read the entries of a file: CSV with a heading, JSON Lines or a JSON array, by its first character.

    Entries have the state that the file names, PERMANENT by default, and its router flag. They have no index or LUID,
    because these change. The names of fields may be those of other programs: output of `netio list --json`,
    `ip -j neigh` and Get-NetNeighbor is read. Unknown fields are ignored.

    Args:
        source: A path, or an open file, text or binary, which is read to its end: UTF-8, or UTF-16 with a byte order
            mark.

    Raises:
        ExceptionGroup: One InvalidParameterError for each invalid record, with its line, and its number as `position`.
            A physical address may only be empty if the state is UNREACHABLE or INCOMPLETE; the field may be missing.
        InvalidParameterError: The encoding is another one.
        OSError: The file cannot be read.

    >>> from io import StringIO
    >>> from netio.formats import read_neighbors
    >>> (entry,) = read_neighbors(StringIO("ip,mac,dev\n192.0.2.7,2-0-5e-0-0-7,eth0\n"))
    >>> entry.physical_address
    PhysicalAddress('02:00:5e:00:00:07')
    """
    entries, errors = [], []
    for position, record in enumerate(read_records(_text_from(source))):
        try:
            if record.problem:
                raise invalid(record.problem)
            entries.append(entry_of(record.fields))
        except InvalidParameterError as error:
            located = invalid(f"{record.place}: {error.reason}", hint=error.hint)
            located.position = position
            errors.append(located)
    if errors:
        raise ExceptionGroup(f"{len(errors)} of {len(entries) + len(errors)} records are invalid", errors)
    return entries


def _text_from(source: Source) -> str:
    if isinstance(source, (str, os.PathLike)):
        return decode(Path(source).read_bytes())
    content = source.read()
    return decode(content) if isinstance(content, bytes) else with_line_feeds(content.removeprefix("\ufeff"))


def write_neighbors(target: Target, rows: Iterable[Neighbor], format: Format | None = None) -> None:  # noqa: A002
    """Write entries to a file, for read_neighbors(): address, physical address, interface, state and router flag.

    A file is replaced as a whole, and keeps its mode: if the process is killed or rows raises, it has its old content.
    Symbolic links, devices, pipes and mount points are written in place.

    Args:
        target: A path, or an open file, text or binary.
        rows: Neighbor values, such as a NeighborTable. An entry whose interface has no name gets its index instead.
        format: "csv", with a heading; "jsonl", JSON Lines with one entry per line; "json", one array. If None, the
            ending of the path decides: .csv, .json, or else JSON Lines.

    Raises:
        InvalidParameterError: The format is another one; or it is CSV, and the name of an interface is not UTF-8.
        OSError: The file cannot be written.
        TypeError: An item is not a Neighbor.

    >>> import sys
    >>> from netio.formats import write_neighbors
    >>> write_neighbors(sys.stdout, [netio.Neighbor("192.0.2.7", "02:00:5e:00:00:07", interface="eth0")], "csv")
    address,physical_address,interface,state,is_router
    192.0.2.7,02:00:5e:00:00:07,eth0,PERMANENT,false
    """
    path = Path(target) if isinstance(target, (str, os.PathLike)) else None
    if format is None:
        format = "jsonl" if path is None else _FORMATS_BY_ENDING.get(path.suffix.lower(), "jsonl")  # noqa: A001
    if format not in _WRITERS:
        raise invalid(f"invalid format {quoted(format)}; use {', '.join(_WRITERS)}")
    parts = _WRITERS[format](_neighbors_in(rows))
    if path is not None:
        write_file(path, map(_encoded, parts))
    else:
        _write_parts(cast("Writable", target), parts)


_FORMATS_BY_ENDING: dict[str, Format] = {".csv": "csv", ".json": "json"}

# The fields that write_neighbors() writes.
_WRITTEN = ("address", "physical_address", "interface", "state", "is_router")

# Entries in one part of a file: a megabyte of text.
_PART = 8192


def _neighbors_in(rows: Iterable[Neighbor]) -> Iterator[Neighbor]:
    for position, entry in enumerate(rows):
        if not isinstance(entry, Neighbor):
            raise TypeError(f"rows[{position}] must be a Neighbor, not {type(entry).__name__}")
        yield entry


def _csv_parts(rows: Iterator[Neighbor]) -> Iterator[str]:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_WRITTEN)
    names = _StateNames()
    while part := [
        (
            str(entry.address),
            entry.physical_address,
            entry.interface or entry.interface_index or "",
            names[entry.state],
            "true" if entry.is_router else "false",
        )
        for entry in islice(rows, _PART)
    ]:
        writer.writerows(part)
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def _json_lines(rows: Iterator[Neighbor]) -> Iterator[str]:
    while part := "\n".join(_json_texts(islice(rows, _PART))):
        yield part + "\n"


def _json_items(rows: Iterator[Neighbor]) -> Iterator[str]:
    part, separator = ",\n".join(_json_texts(islice(rows, _PART))), "[\n"
    if not part:
        yield "[]\n"
        return
    while part:
        yield separator + part
        part, separator = ",\n".join(_json_texts(islice(rows, _PART))), ",\n"
    yield "\n]\n"


_WRITERS: dict[str, Callable[[Iterator[Neighbor]], Iterator[str]]] = {
    "csv": _csv_parts,
    "jsonl": _json_lines,
    "json": _json_items,
}


class _StateNames(dict[NeighborState, str]):
    """Names of states, each determined once: the property of Enum takes longer than the rest of an entry."""

    def __missing__(self, state: NeighborState) -> str:
        self[state] = name = state.name
        return name


class _JsonTexts(dict[str | int, str]):
    """Values in JSON, each encoded once."""

    def __missing__(self, value: str | int) -> str:
        self[value] = text = json.dumps(value)
        return text


def _json_texts(rows: Iterable[Neighbor]) -> Iterator[str]:
    """Yields entries as JSON objects, in half the time of json.dumps(). Only names need an encoder."""
    names, texts, quote = _StateNames(), _JsonTexts(), '"'
    for entry in rows:
        address = str(entry.address)
        yield (
            f'{{"address": {json.dumps(address) if "%" in address else quote + address + quote}, '
            f'"physical_address": "{entry.physical_address}", '
            f'"interface": {texts[entry.interface or entry.interface_index or ""]}, '
            f'"state": "{names[entry.state]}", '
            f'"is_router": {"true" if entry.is_router else "false"}}}'
        )


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise invalid("an interface has a name that is not UTF-8; write JSON instead of CSV") from None


def _write_parts(file: Writable, parts: Iterable[str]) -> None:
    """Writes to an open file, and finds out whether that is a binary one."""
    try:
        file.write("")
        is_text = True
    except TypeError:
        is_text = False
    for part in parts:
        if is_text:
            file.write(part)
            continue
        rest = memoryview(_encoded(part))
        while rest:
            written = file.write(rest)
            if written is None and isinstance(file, RawIOBase):
                raise BlockingIOError(EAGAIN, "the file is non-blocking and takes no more data")
            rest = rest[len(rest) if written is None else written :]  # an unbuffered file may take a part


def csv_text(objects: Iterable[Mapping[str, object]], heading: Iterable[str] | None = None) -> str:
    """Returns objects with the same fields as CSV.

    Args:
        objects: The values by field name.
        heading: The names of the first line; none if it is empty. By default those of the first object.

    >>> from netio.formats import csv_text
    >>> print(csv_text([{"address": "192.0.2.7", "interface": "eth0"}]), end="")
    address,interface
    192.0.2.7,eth0
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
    """Returns objects as one JSON array, with one object per line.

    >>> from netio.formats import json_array
    >>> print(json_array([{"address": "192.0.2.7"}]))
    [
    {"address": "192.0.2.7"}
    ]
    """
    lines = ",\n".join(map(json_line, objects))
    return f"[\n{lines}\n]" if lines else "[]"


def json_line(value: dict[str, object]) -> str:
    """Returns an object as a line of JSON Lines, without the line end.

    >>> from netio.formats import json_line
    >>> json_line({"is_router": True})
    '{"is_router": true}'
    """
    return json.dumps(value)
