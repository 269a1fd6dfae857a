# SPDX-License-Identifier: MIT
"""read_neighbors() and write_neighbors(): what is written is read again, to and from every kind of file."""

import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import netio
from netio import Neighbor, NeighborState
from netio.formats import Format, read_neighbors, write_neighbors

MAC = "02:00:5e:00:00:07"
ENTRY = Neighbor("192.0.2.7", MAC, interface="eth0")
ROUTER = Neighbor("fe80::1", MAC, interface="eth0", is_router=True)
SILENT = Neighbor("192.0.2.9", interface="eth0", state=NeighborState.UNREACHABLE, is_unreachable=True)
ENTRIES = [ENTRY, ROUTER, SILENT]
FORMATS: list[Format] = ["csv", "jsonl", "json"]

# Interface names of Linux have neither blanks nor slashes nor colons; the other characters may be any bytes.
names = st.text(st.characters(exclude_characters="/:", exclude_categories=["Z", "C"]), min_size=1, max_size=15)
resolved = st.builds(
    Neighbor,
    st.one_of(st.builds(IPv4Address, st.integers(0, 2**32 - 1)), st.builds(IPv6Address, st.integers(0, 2**128 - 1))),
    st.binary(min_size=1, max_size=32),
    interface=st.one_of(st.just(""), names),
    state=st.sampled_from([state for state in NeighborState if state is not NeighborState.UNREACHABLE]),
    is_router=st.booleans(),
)


@given(st.lists(resolved, max_size=5), st.sampled_from(FORMATS))
def test_entries_are_read_as_they_were_written(rows: list[Neighbor], format: Format) -> None:  # noqa: A002
    """Bug: a field is lost on the way, such as the router flag, or a name is quoted in a way that is not read."""
    file = io.BytesIO()
    write_neighbors(file, rows, format)
    assert read_neighbors(io.BytesIO(file.getvalue())) == rows


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("count", [0, 1, 8191, 8192, 8193])
def test_parts_of_a_file_join(format: Format, count: int) -> None:  # noqa: A002
    """Bug: a separator is missing or doubled where one part of a file ends and the next one begins."""
    rows = [Neighbor(IPv4Address(n), MAC) for n in range(count)]
    file = io.StringIO()
    write_neighbors(file, iter(rows), format)
    assert read_neighbors(io.StringIO(file.getvalue())) == rows


def test_text_of_the_formats() -> None:
    """Bug: the columns or their order change, so that files in version control differ."""
    texts = []
    for format in FORMATS:  # noqa: A001
        file = io.StringIO()
        write_neighbors(file, [ENTRY, Neighbor("fe80::1", MAC, interface=3, is_router=True)], format)
        texts.append(file.getvalue())
    lines = [
        '{"address": "192.0.2.7", "physical_address": "02:00:5e:00:00:07", "interface": "eth0", '
        '"state": "PERMANENT", "is_router": false}',
        '{"address": "fe80::1", "physical_address": "02:00:5e:00:00:07", "interface": 3, '
        '"state": "PERMANENT", "is_router": true}',
    ]
    assert texts == [
        "address,physical_address,interface,state,is_router\n"
        f"192.0.2.7,{MAC},eth0,PERMANENT,false\nfe80::1,{MAC},3,PERMANENT,true\n",
        f"{lines[0]}\n{lines[1]}\n",
        f"[\n{lines[0]},\n{lines[1]}\n]\n",
    ]


@pytest.mark.parametrize(
    ("name", "start"), [("a.csv", "address,"), ("a.JSON", "[\n"), ("a.jsonl", '{"'), ("a", '{"'), ("a.conf", '{"')]
)
def test_ending_of_the_path_decides_the_format(tmp_path: Path, name: str, start: str) -> None:
    path = tmp_path / name
    write_neighbors(str(path), ENTRIES)
    assert path.read_text().startswith(start)
    write_neighbors(path, ENTRIES, "csv")
    assert path.read_text().startswith("address,")
    assert read_neighbors(path) == read_neighbors(str(path)) == ENTRIES


def opened_as_text(path: Path, mode: str) -> object:
    return path.open(mode)


def opened_as_bytes(path: Path, mode: str) -> object:
    return path.open(f"{mode}b")


def opened_unbuffered(path: Path, mode: str) -> object:
    return path.open(f"{mode}b", buffering=0)


@pytest.mark.parametrize("open_file", [opened_as_text, opened_as_bytes, opened_unbuffered])
def test_open_files(tmp_path: Path, open_file: Callable[[Path, str], io.TextIOWrapper]) -> None:
    """Bug: the kind of an open file is guessed wrongly."""
    path = tmp_path / "entries"
    with open_file(path, "w") as file:
        write_neighbors(file, ENTRIES)
        assert not file.closed
    with open_file(path, "r") as file:
        assert read_neighbors(file) == ENTRIES


def test_wrapped_temporary_file_is_a_binary_one() -> None:
    """Bug: only classes of io are recognised, so the wrapper of tempfile gets text."""
    with tempfile.NamedTemporaryFile() as file:
        write_neighbors(file, ENTRIES)
        file.seek(0)
        assert read_neighbors(file) == ENTRIES


class Trickle(io.RawIOBase):
    """An unbuffered file that takes seven bytes at a time, and after a limit would block."""

    def __init__(self, limit: int) -> None:
        self.content, self.limit = b"", limit

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int | None:  # noqa: ANN401
        part = bytes(memoryview(data)[:7])  # raises TypeError for text, as every binary file
        if len(self.content) + len(part) > self.limit:
            return None
        self.content += part
        return len(part)


def test_unbuffered_file_that_takes_a_part() -> None:
    """Bug: the bytes that an unbuffered file did not take are lost, without an error."""
    file = Trickle(10_000)
    write_neighbors(file, ENTRIES)
    assert read_neighbors(io.BytesIO(file.content)) == ENTRIES
    with pytest.raises(BlockingIOError):
        write_neighbors(Trickle(100), ENTRIES)


def test_text_may_have_a_byte_order_mark_and_any_line_ends() -> None:
    text = f"\ufeffip,mac,dev\r\n192.0.2.7,{MAC},eth0\r\n"
    assert read_neighbors(io.StringIO(text, newline="")) == [ENTRY]


@pytest.mark.parametrize(
    ("fields", "entry"),
    [
        ({"router": None}, Neighbor("192.0.2.7", MAC, is_router=True)),  # ip -j neigh
        ({"is_router": None}, Neighbor("192.0.2.7", MAC)),
        ({"is_router": True}, Neighbor("192.0.2.7", MAC, is_router=True)),
        ({"Is Router": "Yes"}, Neighbor("192.0.2.7", MAC, is_router=True)),
        ({"is_router": 0}, Neighbor("192.0.2.7", MAC)),
        ({"state": "stale"}, Neighbor("192.0.2.7", MAC, state=NeighborState.STALE)),
        ({"state": ["FAILED"]}, Neighbor("192.0.2.7", MAC, state=NeighborState.UNREACHABLE, is_unreachable=True)),
        ({"state": "FAILED", "is_unreachable": False}, Neighbor("192.0.2.7", MAC, state=NeighborState.UNREACHABLE)),
        ({"interface_index": 7, "interface_luid": 8}, Neighbor("192.0.2.7", MAC)),
    ],
)
def test_fields_of_an_entry(fields: dict[str, object], entry: Neighbor) -> None:
    text = json.dumps({"address": "192.0.2.7", "physical_address": MAC} | fields)
    assert read_neighbors(io.StringIO(text)) == [entry]


def test_every_entry_of_a_table_is_read_from_its_json() -> None:
    """Bug: unresolved entries, which have no physical address, are rejected."""
    text = json.dumps([entry.to_dict() for entry in ENTRIES])
    assert read_neighbors(io.StringIO(text)) == ENTRIES


def test_column_of_physical_addresses_may_be_missing() -> None:
    """Bug: a list of addresses to delete is rejected."""
    assert read_neighbors(io.StringIO("ip\n192.0.2.7\n")) == [Neighbor("192.0.2.7")]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            f"ip,mac\n192.0.2.7,{MAC}\n192.0.2.300,{MAC}\n192.0.2.8,\n192.0.2.9\n",
            {
                1: "line 3: invalid IP address '192.0.2.300'; write it like 192.0.2.7 or 2001:db8::7",
                2: "line 4: physical_address is missing",
                3: "line 5: physical_address is missing",
            },
        ),
        (f'{{"ip": "192.0.2.7", "mac": "{MAC}"}}\n{{oops\n', {1: "line 2: invalid JSON: Expecting property name"}),
        (
            f'[{{"ip": "192.0.2.7", "mac": "{MAC}", "router": 7}}]',
            {0: "item 1: is_router must be true or false, not 7"},
        ),
        (f"ip,mac,is_routr\n192.0.2.7,{MAC},1\n", {0: "line 1: unknown field 'is_routr'; did you mean is_router?"}),
    ],
)
def test_every_invalid_record_is_reported_with_its_place(text: str, problems: dict[int, str]) -> None:
    """Bug: reading stops at the first problem, or an error does not say which line it is about."""
    with pytest.raises(ExceptionGroup) as caught:
        read_neighbors(io.StringIO(text))
    errors = [error for error in caught.value.exceptions if isinstance(error, netio.InvalidParameterError)]
    assert caught.value.message.startswith(f"{len(problems)} of ")
    assert [error.position for error in errors] == list(problems)
    for error, problem in zip(errors, problems.values(), strict=True):
        assert error.reason.startswith(problem)


def test_column_that_other_programs_name_route_is_ignored() -> None:
    """Bug: a field that happens to resemble a synonym is an error."""
    assert read_neighbors(io.StringIO(f"ip,mac,route,routers\n192.0.2.7,{MAC},1,2\n")) == [Neighbor("192.0.2.7", MAC)]


@pytest.mark.parametrize(
    "text",
    [
        '{"ip": "192.0.2.7"}, {"ip": "192.0.2.8"}\n',
        '{"ip": "192.0.2.7"} {"ip": "192.0.2.8"} x\n',
        '{"ip": "192.0.2.7", "other": [{"a": 1}\n{"b": 2}]}\n',
    ],
)
def test_lines_are_parsed_one_by_one(text: str) -> None:
    """Bug: lines are joined to one array for speed, which accepts what is not JSON Lines."""
    with pytest.raises(ExceptionGroup):
        read_neighbors(io.StringIO(text))


def test_invalid_arguments() -> None:
    with pytest.raises(netio.InvalidParameterError, match="invalid format 'yaml'; use csv, jsonl, json"):
        write_neighbors(io.StringIO(), ENTRIES, "yaml")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"rows\[1\] must be a Neighbor, not str"):
        write_neighbors(io.StringIO(), [ENTRY, "192.0.2.7"])  # type: ignore[list-item]
    with pytest.raises(netio.InvalidParameterError, match="not UTF-8; write JSON"):
        write_neighbors(io.BytesIO(), [Neighbor("192.0.2.7", MAC, interface="\udcff")], "csv")


def test_name_that_is_not_utf_8_survives_json() -> None:
    rows = [Neighbor("fe80::7", MAC, interface="\udcff")]
    for format in ("json", "jsonl"):  # noqa: A001
        file = io.BytesIO()
        write_neighbors(file, rows, format)
        assert read_neighbors(io.BytesIO(file.getvalue())) == rows


# Attempts to write entries again and ends without cleaning up in the middle.
KILLED = """
import os, signal, sys
from netio import Neighbor
from netio.formats import write_neighbors

def die(*_):
    os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)

def rows():
    for n in range(20_000):
        yield Neighbor(f"10.0.{n >> 8}.{n & 255}", b"\\2\\0\\0\\0\\0\\1")
    if sys.argv[2] == "while writing":
        die()

if sys.argv[2] != "while writing":
    setattr(os, sys.argv[2], die)
write_neighbors(sys.argv[1], rows())
"""


@pytest.mark.parametrize("moment", ["while writing", "fsync", "replace"])
def test_kill_leaves_the_old_file(tmp_path: Path, moment: str) -> None:
    """Bug: the file is truncated before the new content is on the disk."""
    path = tmp_path / "entries.csv"
    write_neighbors(path, ENTRIES)
    done = subprocess.run([sys.executable, "-P", "-c", KILLED, str(path), moment], check=False)
    assert done.returncode != 0
    assert read_neighbors(path) == ENTRIES
    assert len(list(tmp_path.iterdir())) == 2  # the new content was in another file


def test_exception_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    """Bug: an iterable that raises leaves half a file, or a temporary one."""

    def rows() -> Iterator[Neighbor]:
        yield from ENTRIES * 10_000
        raise KeyboardInterrupt

    path = tmp_path / "entries.csv"
    write_neighbors(path, ENTRIES)
    with pytest.raises(KeyboardInterrupt):
        write_neighbors(path, rows())
    assert read_neighbors(path) == ENTRIES
    assert list(tmp_path.iterdir()) == [path]


def test_time_is_linear_in_comments_before_the_heading() -> None:
    """Bug: each comment copies the rest of the text, so 200,000 of them take a minute."""
    start = process_time()
    assert read_neighbors(io.StringIO("# comment\n" * 200_000 + f"ip,mac\n192.0.2.7,{MAC}\n")) == [
        Neighbor("192.0.2.7", MAC)
    ]
    assert process_time() - start < 10
