# SPDX-License-Identifier: MIT
"""Entries as text: which records are accepted, and how an invalid one is reported."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import fields
from io import StringIO
from pathlib import Path
from time import process_time

import pytest

import netio
from netio import Neighbor, NeighborState
from netio.formats import csv_text, decode, json_array, json_line, neighbor_of, read_records

MAC = "02:00:5e:00:00:07"
ENTRY = Neighbor("192.0.2.7", MAC)
ON_ETH0 = Neighbor("192.0.2.7", MAC, interface="eth0")
HEADING = "address,physical_address,interface\n"


def universal(text: str) -> str:
    """The text as an open file returns it: with line feeds, whatever ends its lines."""
    return StringIO(text, newline=None).read()


def read(text: str, *, physical: bool = True) -> tuple[list[tuple[str, Neighbor]], list[tuple[str, str]]]:
    """The valid entries and the problems of a text, by their places."""
    entries, problems = [], []
    for place, values, problem, _ in read_records(universal(text)):
        try:
            if problem:
                problems.append((place, problem))
            else:
                entries.append((place, neighbor_of(values, with_physical_address=physical)))
        except netio.InvalidParameterError as error:
            problems.append((place, str(error.strerror)))
    return entries, problems


def valid(text: str, *, physical: bool = True) -> list[Neighbor]:
    entries, problems = read(text, physical=physical)
    assert problems == []
    return [entry for _, entry in entries]


def as_json(**values: object) -> str:
    return json.dumps({"address": "192.0.2.7", "physical_address": MAC} | values)


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADING}192.0.2.7,{MAC},eth0\n",
        f"{HEADING}192.0.2.7,{MAC},eth0",
        f"{HEADING}192.0.2.7,{MAC},eth0\n".replace("\n", "\r\n"),
        f"\n\n{HEADING}\n192.0.2.7,{MAC},eth0\n   \n\n",
        f'{HEADING}"192.0.2.7","{MAC}","eth0"\n',
        f'address, "physical_address", interface\n192.0.2.7, "{MAC}", "eth0"\n',
        f"address, physical_address , interface\n192.0.2.7, {MAC} , eth0\n",
        f'interface,"a, comment",physical_address,address\neth0,"with, comma and\nline end",{MAC},192.0.2.7\n',
        f"address,physical_address,interface,\n192.0.2.7,{MAC},eth0,\n",
        as_json(interface="eth0"),
        as_json(interface="eth0", state="STALE", is_router=False, comment=[1, {}]) + "\r\n\r\n",
        f"\n[{as_json(interface='eth0')}]\n",
        f"[\n{as_json(interface='eth0')}\n]",
        json.dumps(json.loads(as_json(interface="eth0")), indent=2),
    ],
)
def test_accepted_formats(text: str) -> None:
    assert valid(text) == [ON_ETH0]


@pytest.mark.parametrize(
    "text", ["", "\n\n", "[]", "[\n]\n", HEADING, f"{HEADING}\n", "\nipaddress;mac\n", f"{HEADING},,\n"]
)
def test_text_without_records(text: str) -> None:
    assert valid(text) == []


@pytest.mark.parametrize(
    "text", [f"address,physical_address\n192.0.2.7,{MAC}\n", f"{HEADING}192.0.2.7,{MAC},\n", as_json(interface=None)]
)
def test_interface_is_optional(text: str) -> None:
    assert valid(text) == [ENTRY]


def test_interface_by_index() -> None:
    assert valid(as_json(interface=3)) == [Neighbor("192.0.2.7", MAC, interface=3)]


def test_physical_address_is_ignored_if_not_required() -> None:
    """Bug: a record to be deleted is rejected because of a physical address that nothing needs."""
    assert valid(f"{HEADING}192.0.2.7,nonsense,\n", physical=False) == [Neighbor("192.0.2.7")]
    assert valid("address\n192.0.2.7\n", physical=False) == [Neighbor("192.0.2.7")]


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        (f"{HEADING}192.0.2.7,{MAC},eth0,surplus\n", "line 2", "more cells than the heading"),
        (f"{HEADING}192.0.2.7\n", "line 2", "physical_address is missing"),
        (f"{HEADING},{MAC},\n", "line 2", "address is missing"),
        (f"{HEADING}192.0.2.300,{MAC},\n", "line 2", "invalid IP address '192.0.2.300'"),
        (f"{HEADING}192.0.2.7,hello,\n", "line 2", "invalid physical address 'hello'"),
        (f"\n\n{HEADING}\n\nx,{MAC},\n", "line 6", "invalid IP address 'x'"),
        (f'{HEADING}192.0.2.7,"{MAC}\n192.0.2.8,{MAC},\n', "line 2", "invalid CSV: unexpected end of data"),
        (f'{HEADING}192.0.2.7,"{MAC}"x,\n192.0.2.8,{MAC},\n', "line 2", "invalid CSV: "),
        (f'{HEADING}192.0.2.7,"with\nline end",\n', "line 2", "invalid physical address 'with\\nline end'"),
        ("a\nb\nc\n", "line 1", "the heading must name the columns"),
        ("192.0.2.7,02:00:5e:00:00:07\n", "line 1", "the heading must name the columns"),
        (f"{HEADING}{'x' * 200_000}\n", "line 2", "invalid CSV: field larger"),
        ("address\n192.0.2.7\n", "line 2", "physical_address is missing"),
        (f"{as_json()}\n\n{{oops\n", "line 3", "invalid JSON: Expecting property name"),
        (f"{as_json()}\n3\n", "line 2", "an entry must be a JSON object"),
        (as_json(address=3221225991), "line 1", "address must be text, not 3221225991"),
        (as_json(address=["192.0.2.7"]), "line 1", "address must be text, not ['192.0.2.7']"),
        (as_json(address=None), "line 1", "address is missing"),
        (as_json(physical_address=""), "line 1", "physical_address is missing"),
        (as_json(interface=0), "line 1", "interface index 0 is not between"),
        (as_json(interface=-1), "line 1", "interface index -1 is not between"),
        (as_json(interface=False), "line 1", "interface must be a name or an index, not False"),
        (as_json(interface=1.5), "line 1", "interface must be a name or an index, not 1.5"),
        (as_json(address="fe80::7%eth1", interface=10**4000), "line 1", "is not between"),
        (f'{{\n "address": 3\n}}\n{as_json()}', "line 1", "address must be text, not 3"),
        (f'{as_json()}\n{{\n "address": 3\n}}\n', "line 2", "address must be text, not 3"),
        (f'{{"address": 3,\n{as_json()}\n', "line 1", "invalid JSON: "),
        ("[\n\n{oops}]", "line 3", "invalid JSON: Expecting property name"),
        ("\n\n[1, 2", "line 3", "invalid JSON: Expecting ',' delimiter"),
        (f"[{as_json()}, 3]", "item 2", "an entry must be a JSON object"),
        ("[" * 100_000, "line 1", "invalid JSON: "),
    ],
)
def test_problem_and_its_place(text: str, place: str, reason: str) -> None:
    ((where, problem),) = read(text)[1]
    assert where == place
    assert f" {reason}" in f" {problem}"  # "address is missing" is not about physical_address
    assert "\n" not in problem


def test_every_problem_is_reported() -> None:
    """Bug: reading stops at the first invalid line, so that the user finds the next one at the next attempt only."""
    text = f"{HEADING}x,{MAC},\n192.0.2.7,{MAC},\ny,{MAC},\n"
    entries, problems = read(text)
    assert [place for place, _ in entries] == ["line 3"]
    assert [place for place, _ in problems] == ["line 2", "line 4"]


@pytest.mark.parametrize("mark", ["utf-8", "utf-8-sig"])
def test_byte_order_mark_is_not_part_of_the_first_name(mark: str) -> None:
    """Bug: the byte order mark that editors on Windows write becomes part of the first column's name."""
    data = f"{HEADING}192.0.2.7,{MAC},dürr\n".encode(mark)
    assert valid(decode(data)) == [Neighbor("192.0.2.7", MAC, interface="dürr")]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read(encoding: str) -> None:
    """Bug: the output of a program in Windows PowerShell 5.1, which is UTF-16, is rejected."""
    data = f"\ufeff{HEADING}192.0.2.7,{MAC},dürr\r\n".encode(encoding)
    assert valid(decode(data)) == [Neighbor("192.0.2.7", MAC, interface="dürr")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (f"{HEADING}192.0.2.7,{MAC},Büro\r\n".encode("cp1252"), "line 2 is not UTF-8: save the file as UTF-8"),
        (b"\xff\xfea\0d", "line 1 is not UTF-16: save the file as UTF-8"),
    ],
)
def test_other_encodings_are_reported_with_their_line(data: bytes, message: str) -> None:
    """Bug: an interface name of another encoding is garbled, and then reported as unknown."""
    with pytest.raises(netio.InvalidParameterError, match=message):
        decode(data)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_read(end: str) -> None:
    """Bug: a file of an old Macintosh program is one line."""
    data = f"{HEADING}192.0.2.7,{MAC},eth0\n".replace("\n", end).encode()
    assert valid(decode(data)) == [ON_ETH0]


@pytest.mark.parametrize(
    "long", ["x" * 40_000, " " * 40_000, "-" * 40_000, "0:" * 20_000], ids=["x", "blank", "dash", "0:"]
)
def test_message_is_short_however_long_the_value_is(long: str) -> None:
    """Bug: a message quotes all of a value, which may be a whole file."""
    texts = [as_json(address=long), as_json(address=[long]), as_json(address="192.0.2.7", physical_address=long)]
    texts += [as_json(address="192.0.2.7", physical_address="02:00:5e:00:00:07", interface=[long])]
    texts += [f'"ip","ip{long}"\n1,2\n', f'"{long}"\n1\n', f'address,physical_address\n"{long}",1\n']
    for text in texts:
        for _, problem in read(text)[1]:
            assert len(problem) < 300, problem[:400]


@pytest.mark.parametrize("bad", ["{oops}", "oops", '{"address": ', "{" * 20])
@pytest.mark.parametrize("count", [40_000])
def test_time_is_linear_in_bad_lines(bad: str, count: int) -> None:
    """Bug: each error counts the lines before it: 40,000 bad lines take five seconds, 200,000 minutes."""
    text = "{}\n" + f"{bad}\n" * count
    start = process_time()
    records = list(read_records(text))
    assert process_time() - start < 20
    assert all(record.problem or not record.fields for record in records)


FILES = Path(__file__).parents[1] / "files"


@pytest.mark.parametrize("file", sorted(FILES.glob("*.txt")), ids=lambda file: file.stem)
def test_file_of_another_program(file: Path) -> None:
    """Bug: a file as another program writes it is rejected, misread, or read without a word about what is ignored.

    The first lines of each file are the expected result, up to a line of dashes.
    """
    expected, _, content = file.read_bytes().partition(b"\n----\n")
    found = []
    ignored: dict[str, None] = {}
    for record in read_records(decode(content)):
        ignored |= dict.fromkeys(record.ignored)
        if record.problem:
            found.append(f"{record.place}: {record.problem}")
            continue
        try:
            entry = neighbor_of(record.fields, with_physical_address="physical_address" in record.fields)
        except netio.InvalidParameterError as error:
            found.append(f"{record.place}: {error.reason}")
            continue
        state = record.fields.get("state")
        words = [str(entry.key[0]), entry.physical_address, entry.interface, "" if state is None else str(state)]
        found.append(" ".join(word or "-" for word in words))
    found += [f"ignored: {', '.join(ignored)}"] if ignored else []
    assert found == expected.decode().splitlines()


ENTRIES = [
    Neighbor("192.0.2.7", MAC, interface="eth0", state=NeighborState.STALE, reachability_time=12),
    Neighbor("fe80::7%eth0", MAC, interface="eth0", is_router=True),
    Neighbor("2001:db8::7", interface=7, state=NeighborState.UNREACHABLE, is_unreachable=True),
    Neighbor("192.0.2.8", state=NeighborState(77)),
]


def test_json_fields_are_those_of_neighbor() -> None:
    """Bug: a field is missing or in another place, or holds what JSON does not have."""
    for entry in ENTRIES:
        assert list(entry.to_dict()) == [field.name for field in fields(Neighbor)]
    assert ENTRIES[0].to_dict() == {
        "address": "192.0.2.7",
        "physical_address": MAC,
        "interface": "eth0",
        "state": "STALE",
        "is_router": False,
        "is_unreachable": False,
        "reachability_time": 12,
        "interface_index": 0,
        "interface_luid": 0,
    }
    assert [entry.to_dict()["state"] for entry in ENTRIES] == ["STALE", "PERMANENT", "UNREACHABLE", "UNKNOWN_77"]
    assert ENTRIES[2].to_dict()["physical_address"] == ""


def as_array(objects: Iterable[dict[str, object]]) -> str:
    return json_array(objects)


def as_lines(objects: Iterable[dict[str, object]]) -> str:
    return "".join(f"{json_line(value)}\n" for value in objects)


@pytest.mark.parametrize(("write", "lines"), [(csv_text, [0, 2, 3]), (as_array, [1, 3, 4]), (as_lines, [0, 1, 2])])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_written_entries_can_be_read(
    write: Callable[[Iterable[dict[str, object]]], str], lines: list[int], count: int
) -> None:
    """Bug: a writer and the reader disagree about a format."""
    entries = ENTRIES[:count]
    text = write(entry.to_dict() for entry in entries)
    keys = [(entry.address, entry.physical_address, entry.interface) for entry in valid(text)]
    assert keys == [(entry.address, entry.physical_address, entry.interface) for entry in entries]
    assert len(text.splitlines()) == lines[count]


def test_formats_need_neither_click_nor_rich() -> None:
    """Bug: programs without the extra `cli` cannot read entries from files."""
    code = f"""
import sys
sys.path[:] = {sys.path!r}
sys.modules["click"] = sys.modules["rich"] = None
from netio.formats import neighbor_of, read_records
print(*(neighbor_of(record.fields).interface for record in read_records(sys.stdin.read())))
assert not [name for name in sys.modules if name.startswith("netio.cli")]
"""
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], input=as_json(interface="eth0"), capture_output=True, text=True, check=True
    )
    assert done.stdout == "eth0\n"


def test_schema_is_part_of_the_package() -> None:
    """Bug: the schema of --json is in the source tree only, so that a program cannot find it."""
    schema = json.loads(Path(netio.__file__).with_name("schema.json").read_text(encoding="utf-8"))
    assert list(schema["$defs"]["entry"]["properties"])[: len(fields(Neighbor))] == list(ENTRY.to_dict())
    assert set(schema["$defs"]["entry"]["required"]) == set(ENTRY.to_dict())


def test_schema_has_the_names_of_all_errors() -> None:
    """Bug: an error is added without its name in the schema, which then rejects the output."""
    schema = json.loads(Path(netio.__file__).with_name("schema.json").read_text(encoding="utf-8"))
    names = schema["$defs"]["failure"]["properties"]["error"]["properties"]["name"]["enum"]
    assert sorted(names) == sorted(name for name in netio.__all__ if name.endswith("Error"))
