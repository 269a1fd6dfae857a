# SPDX-License-Identifier: MIT
"""The formats of -o, --columns and --no-header."""

from __future__ import annotations

import csv
import json
from dataclasses import fields
from io import StringIO
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.command import answer, checked, run
from netlab.oracle import seen
from netlab.wire import ABSENT_IP4, FAR_IP4, FAR_MAC

if TYPE_CHECKING:
    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"
FIELDS = [field.name for field in fields(netio.Neighbor)]


@pytest.fixture(autouse=True)
def _neighbors(wire: Wire) -> None:
    wire.hasten()
    wire.near.ip(
        f"neigh add 192.0.2.7 lladdr {MAC} dev near0",
        f"neigh add 192.0.2.8 lladdr {MAC} dev near0 nud reachable",
        # The kernel removes an incomplete entry at any time, but not a failed one of another owner.
        "neigh add 192.0.2.9 dev near0 nud failed extern_learn",
        f"neigh add fe80::7 lladdr {MAC} router dev near0",
    )


def output(*arguments: str) -> str:
    """Returns what a command prints that must succeed."""
    done = run(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def shown(*arguments: str) -> list[list[str]]:
    """Returns the cells that list prints for all entries of the interface."""
    return [line.split("\t") for line in output("list", "-i", "near0", "--all", *arguments).splitlines()]


def test_csv_is_read_by_replace(wire: Wire) -> None:
    """Bug: the CSV of list has other names than --from reads, or loses the interface."""
    before = {address: row for address, row in seen(wire.near).items() if row.state == "PERMANENT"}
    columns = "age,vendor,interface,address,is_router,state,physical_address"
    text = output("list", "-i", "near0", "--state", "permanent", "-o", "csv", "--columns", columns)
    wire.near.ip("neigh flush dev near0 nud permanent")
    done = run("replace", "--from", "-", text=text)
    assert (done.returncode, done.stderr) == (0, "")
    after = {address: row for address, row in seen(wire.near).items() if row.state == "PERMANENT"}
    assert after.keys() == before.keys()
    assert {row.physical_address for row in after.values()} == {MAC}


def test_csv_has_the_fields_and_values_of_json() -> None:
    """Bug: CSV lacks a field of JSON, or writes a value as Python does."""
    table = csv.DictReader(StringIO(output("list", "--all", "-i", "near0", "-o", "csv")))
    assert sorted(table.fieldnames or ()) == sorted(FIELDS)
    changing = {"reachability_time"}
    rows = [{name: value for name, value in row.items() if name not in changing} for row in table]
    expected = answer("list", "--all", "-i", "near0")
    text = {True: "true", False: "false"}
    assert rows == [
        {name: text.get(value, str(value)) if isinstance(value, bool) else str(value) for name, value in row.items()}
        for row in [{name: row[name] for name in rows[0]} for row in expected]
    ]


def test_csv_without_entries_has_a_heading() -> None:
    """Bug: a program that reads the CSV finds no columns."""
    assert output("list", "-i", "lo", "--columns", "address,state", "-o", "csv") == "address,state\n"
    assert output("list", "-i", "lo", "-o", "csv", "--no-header") == ""


def test_plain_has_fixed_fields() -> None:
    """Bug: a field is empty, so that awk takes the next one for it; or the age has a unit."""
    rows = [row for row in shown("-4", "-o", "plain") if row[0].startswith("192.")]
    assert rows[0] == ["192.0.2.7", MAC, "near0", "PERMANENT", "-"]
    assert rows[1][:4] == ["192.0.2.8", MAC, "near0", "REACHABLE"]
    assert rows[1][4].isdecimal()
    assert rows[2][:4] == ["192.0.2.9", "-", "near0", "UNREACHABLE"]
    arguments = ["--state", "permanent", "-6", "-o", "plain", "--columns", "is_router,address"]
    assert output("list", *arguments) == "true\tfe80::7%near0\n"


def test_json_lines() -> None:
    """Bug: -o jsonl prints an array, or other objects than --json."""
    lines = output("list", "--state", "permanent", "-o", "jsonl").splitlines()
    names = {"address", "physical_address"}
    assert [{name: json.loads(line)[name] for name in names} for line in lines] == [
        {name: row[name] for name in names} for row in answer("list", "--state", "permanent")
    ]
    assert checked("list", json.loads(output("list", "--state", "permanent", "-o", "json")))


def test_columns_are_printed_in_their_order() -> None:
    """Bug: --columns selects, but does not order; or the format ignores it."""
    arguments = ["-4", "--state", "permanent", "--columns", "State,physical-address, address"]
    cells = ["PERMANENT", MAC, "192.0.2.7"]
    names = ["state", "physical_address", "address"]
    assert [line.split() for line in output("list", *arguments).splitlines()] == [
        ["STATE", "PHYSICAL", "ADDRESS", "ADDRESS"],
        cells,
    ]
    assert output("list", *arguments, "--no-header").split() == cells
    assert output("list", *arguments, "-o", "csv").splitlines() == [",".join(names), ",".join(cells)]
    assert json.loads(output("list", *arguments, "--json")) == [dict(zip(names, cells, strict=True))]
    assert output("list", *arguments, "-o", "plain") == "\t".join(cells) + "\n"


def test_wide_table_has_all_columns() -> None:
    """Bug: a column without content is omitted, so that the columns differ from run to run."""
    heading = output("list", "-4", "--state", "permanent", "-o", "wide").splitlines()[0]
    expected = "ADDRESS PHYSICAL ADDRESS INTERFACE STATE AGE{} ROUTER UNREACHABLE REACHABILITY TIME INDEX LUID"
    assert " ".join(heading.split()) == expected.format(" NUD FLAGS PROTOCOL")
    resolved = output("resolve", "192.0.2.2", "-o", "wide").splitlines()[0]
    assert " ".join(resolved.split()) == expected.format("")


def test_column_of_vendors_loads_them() -> None:
    """Bug: the column is empty unless --vendor is given, too."""
    (row,) = json.loads(output("list", "-4", "--state", "permanent", "--columns", "vendor", "--json"))
    assert row == {"vendor": None}


def test_age_in_the_table() -> None:
    """Bug: the column is missing, or shows the start value of the kernel."""
    heading, *lines = output("list", "-4", "--state", "permanent", "--state", "reachable").splitlines()
    assert heading.split()[-1] == "AGE"
    assert [line.split()[-1][-1] for line in lines] == ["-", "s"]


@pytest.mark.parametrize("output_format", ["csv", "plain"])
def test_failures_of_resolve_and_get(output_format: str) -> None:
    """Bug: a silent host is missing although no line on stderr names it, or get prints a failure as an entry."""
    done = run("resolve", FAR_IP4, ABSENT_IP4, "-o", output_format, "--no-header")
    separator = "\t" if output_format == "plain" else ","
    rows = [line.split(separator) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (1, "")
    missing = "-" if output_format == "plain" else ""
    assert [row[:4] for row in rows] == [
        [FAR_IP4, FAR_MAC, "near0", "REACHABLE"],
        [ABSENT_IP4, missing, "near0", "UNREACHABLE"],
    ]
    done = run("get", "192.0.2.99", "192.0.2.7", "-o", output_format, "--no-header")
    assert done.returncode == 1
    assert [line.split(separator)[0] for line in done.stdout.splitlines()] == ["192.0.2.7"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--columns", "address,mac"], "unknown column 'mac'; the columns are address, physical_address, interface"),
        (["--columns", ""], "unknown column ''"),
        (["--columns", "address,Address"], "column 'address' is given twice"),
        (["--json", "-o", "csv"], "--json contradicts --output csv"),
        (["-o", "xml"], "'xml' is not one of 'table', 'wide'"),
    ],
)
def test_wrong_format_or_column(arguments: list[str], message: str) -> None:
    """Bug: a column that does not exist is ignored, or the message does not list those that do."""
    done = run("list", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in " ".join(done.stderr.split())
