# SPDX-License-Identifier: MIT
"""`--from`: entries from files and pipes. tests/unit/test_formats.py has the accepted lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from netlab.command import answer, complaint, run, run_in_shell
from netlab.oracle import Seen, seen

if TYPE_CHECKING:
    from pathlib import Path

    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"
MANY = 10_000


def lines(count: int) -> str:
    """Entries as JSON Lines."""
    addresses = (f"10.0.{number // 256}.{number % 256}" for number in range(count))
    return "".join(f'{{"address": "{address}", "physical_address": "{MAC}"}}\n' for address in addresses)


def test_output_of_list_can_be_written_again(wire: Wire, tmp_path: Path) -> None:
    """Bug: an unused field is rejected, or the scope of an address beside its interface."""
    rows = {"192.0.2.7": Seen(MAC), "2001:db8::7": Seen(MAC), "fe80::7": Seen(MAC)}
    wire.near.ip(*(f"neigh add {address} lladdr {MAC} dev near0" for address in rows))
    saved = tmp_path / "rows.json"

    done = run_in_shell(f"netio list --json > {saved}; netio list --json | netio delete --from -")
    assert (done.returncode, done.stdout, done.stderr) == (0, "3 of 3 entries deleted\n", "")
    assert seen(wire.near) == {}

    for verb in ("create", "set", "replace"):
        assert [row["interface"] for row in answer(verb, "--from", str(saved))] == ["near0"] * 3
        assert seen(wire.near) == rows


def test_csv_with_a_default_interface(wire: Wire, tmp_path: Path) -> None:
    """Bug: the byte order mark that editors on Windows write becomes part of the first column name."""
    file = tmp_path / "hosts.csv"
    file.write_bytes(b'\xef\xbb\xbfcomment,address,physical_address\r\n"a,b",192.0.2.7,02-00-5E-00-00-07\r\n\r\n')
    assert run("create", "--from", str(file), "-i", "near0").stdout == ""
    assert run("replace", "--from", "-", text=file.read_bytes().decode()).returncode == 0
    assert seen(wire.near) == {"192.0.2.7": Seen(MAC)}


def test_invalid_line_prevents_every_write(wire: Wire) -> None:
    """Bug: the valid lines are written, or only the first invalid one is reported."""
    text = f"""
{{"address": "192.0.2.7", "physical_address": "{MAC}"}}
{{"address": "192.0.2.300", "physical_address": "{MAC}"}}

{{"address": "192.0.2.9"}}
"""
    done = run("create", "--from", "-", text=text)
    assert (done.returncode, done.stdout) == (1, "")
    third, fifth, count = done.stderr.splitlines()
    assert third.startswith("netio: line 3: invalid IP address '192.0.2.300'")
    assert fifth == "netio: line 5: physical_address is missing"
    assert count == "netio: nothing was written; invalid lines in <stdin>: 2"
    assert seen(wire.near) == {}


def test_problems_of_a_file_are_limited(tmp_path: Path) -> None:
    """Bug: a wrong file prints a line for each of its lines."""
    file = tmp_path / "wrong"
    file.write_text("address\n" + "x\n" * 500)
    done = run("delete", "--from", str(file))
    assert done.returncode == 1
    *problems, count = done.stderr.splitlines()
    assert len(problems) == 20
    assert count == f"netio: nothing was written; invalid lines in {file}: 500"


def test_each_failure_is_a_line_before_the_count(wire: Wire) -> None:
    """Bug: a failure is missing, has another line number, or ends the rest."""
    wire.near.ip(*(f"neigh add 192.0.2.{n} lladdr {MAC} dev near0" for n in (8, 10)))
    text = "address,physical_address\n" + "".join(f"192.0.2.{n},{MAC}\n" for n in (7, 8, 9, 10))
    done = run("create", "--from", "-", text=text)
    assert (done.returncode, done.stdout) == (1, "2 of 4 entries created\n")
    first, second, count = done.stderr.splitlines()
    assert first.startswith("netio: line 3: 192.0.2.8 ")
    assert second.startswith("netio: line 5: 192.0.2.10 ")
    assert count == "netio: 2 of 4 entries failed"
    assert len(seen(wire.near)) == 4


def test_json_has_failures_in_the_order_of_the_entries(wire: Wire) -> None:
    """Bug: failures come last, so that a program cannot assign them."""
    wire.near.ip(f"neigh add 192.0.2.8 lladdr {MAC} dev near0")
    text = "address,physical_address,interface\n" + "".join(f"192.0.2.{n},{MAC},near0\n" for n in (9, 8, 7))
    results = answer("create", "--from", "-", text=text, status=1)
    assert [(row["address"], "error" in row) for row in results] == [
        ("192.0.2.9", False),
        ("192.0.2.8", True),
        ("192.0.2.7", False),
    ]


@pytest.mark.parametrize("text", ["", "\n \n", "[]", "address,physical_address\n"])
def test_empty_input(text: str) -> None:
    """Bug: an empty pipe is an error, or the command waits for more."""
    done = run("create", "--from", "-", text=text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 of 0 entries created\n", "")


def test_ten_thousand_entries_from_a_pipe(wire: Wire) -> None:
    """Bug: line numbers restart in each part of a bulk write, or only one buffer of the pipe is read."""
    wire.near.ip("route add 10.0.0.0/16 dev near0", f"neigh add 10.0.{7777 // 256}.{7777 % 256} lladdr {MAC} dev near0")
    done = run("create", "--from", "-", text=lines(MANY))
    assert (done.returncode, done.stdout) == (1, "9,999 of 10,000 entries created\n")
    failed, count = done.stderr.splitlines()
    assert failed.startswith("netio: line 7778: 10.0.30.97 ")
    assert count == "netio: 1 of 10,000 entries failed"

    done = run_in_shell("netio list --json | netio delete --from - --json")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(json.loads(done.stdout)) == MANY
    assert seen(wire.near) == {}


@pytest.mark.usefixtures("wire")
def test_ten_thousand_failures() -> None:
    """Bug: only the failures of one part are reported, or each on several lines."""
    done = run("delete", "--from", "-", "-i", "nothere", text=lines(MANY))
    assert (done.returncode, done.stdout) == (1, "0 of 10,000 entries deleted\n")
    *problems, count = done.stderr.splitlines()
    assert len(problems) == MANY
    assert problems[-1].startswith("netio: line 10000: 10.0.39.15 on nothere: ")
    assert problems[-1].endswith("the interfaces are lo, near0 (code 1168)")
    assert count == "netio: 10,000 of 10,000 entries failed"


def test_unreadable_file() -> None:
    """Bug: a traceback, or a message without the file."""
    line = complaint("delete", "--from", "/proc/self/mem")
    assert line == "netio: nothing was written; /proc/self/mem cannot be read: Input/output error"
