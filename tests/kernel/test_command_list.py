# SPDX-License-Identifier: MIT
"""`netio list` as a process: for people, for programs, and when something is wrong."""

import json
import os
import pty
import subprocess
import sys
from dataclasses import fields
from typing import Any

import pytest

import netio
from netlab.child import environment
from netlab.wire import Wire

COMMAND = [sys.executable, "-P", "-W", "error", "-c", "from netio.cli import main; main()"]


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, env=environment(**more), timeout=30, check=False
    )


def rows_of(*arguments: str) -> list[dict[str, Any]]:
    done = run("list", "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads(done.stdout)
    assert isinstance(rows, list)
    return rows


@pytest.fixture(autouse=True)
def _neighbors(wire: Wire) -> None:
    wire.near.ip(
        "neigh add 192.0.2.7 lladdr 02:00:5e:00:00:07 dev near0",
        "neigh add 192.0.2.8 lladdr 02:00:5e:00:00:08 dev near0 nud stale",
        "neigh add 192.0.2.9 dev near0 nud failed",
        "neigh add 192.0.2.255 lladdr ff:ff:ff:ff:ff:ff dev near0 nud noarp",
        "neigh add 224.0.0.9 lladdr 01:00:5e:00:00:09 dev near0 nud noarp",
        "neigh add fe80::7 lladdr 02:00:5e:00:00:07 router dev near0",
        "neigh add 0.0.0.0 lladdr 00:00:00:00:00:00 dev lo nud noarp",
    )


def test_json_has_the_fields_of_a_neighbor() -> None:
    rows = {row["address"]: row for row in rows_of()}
    assert sorted(rows) == ["192.0.2.7", "192.0.2.8", "192.0.2.9", "fe80::7%near0"]
    assert list(rows["192.0.2.7"]) == [field.name for field in fields(netio.Neighbor)]
    router = netio.get_neighbor("fe80::7%near0")
    assert rows["fe80::7%near0"] == {
        "address": "fe80::7%near0",
        "physical_address": "02:00:5e:00:00:07",
        "interface": "near0",
        "state": "PERMANENT",
        "is_router": True,
        "is_unreachable": False,
        "reachability_time": rows["fe80::7%near0"]["reachability_time"],
        "interface_index": router.interface_index,
        "interface_luid": router.interface_luid,
    }
    assert (rows["192.0.2.9"]["physical_address"], rows["192.0.2.9"]["state"]) == ("", "UNREACHABLE")


@pytest.mark.parametrize(
    ("arguments", "addresses"),
    [
        (["-4"], {"192.0.2.7", "192.0.2.8", "192.0.2.9"}),
        (["-6"], {"fe80::7%near0"}),
        (["-i", "near0", "-4"], {"192.0.2.7", "192.0.2.8", "192.0.2.9"}),
        (["-i", "lo"], set()),
        (["--state", "stale"], {"192.0.2.8"}),
        (["--state", "STALE", "--state", "unreachable"], {"192.0.2.8", "192.0.2.9"}),
        (["-4", "-i", "lo", "--all"], {"0.0.0.0"}),
    ],
)
def test_what_is_listed(arguments: list[str], addresses: set[str]) -> None:
    assert {row["address"] for row in rows_of(*arguments)} == addresses


def test_all_shows_the_rows_that_stand_for_no_host() -> None:
    addresses = {row["address"] for row in rows_of("--all")}
    assert addresses >= {"192.0.2.7", "192.0.2.255", "224.0.0.9", "0.0.0.0", "fe80::7%near0"}


def test_a_table_for_people_without_colour_off_a_terminal() -> None:
    done = run("list", "-4", COLUMNS="20")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["ADDRESS", "PHYSICAL", "ADDRESS", "INTERFACE", "STATE"]
    assert sorted(lines[1:]) == [
        ["192.0.2.7", "02:00:5e:00:00:07", "near0", "PERMANENT"],
        ["192.0.2.8", "02:00:5e:00:00:08", "near0", "STALE"],
        ["192.0.2.9", "-", "near0", "UNREACHABLE"],
    ]


@pytest.mark.parametrize(("more", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_by_state_on_a_terminal(more: dict[str, str], coloured: bool) -> None:
    keeper, terminal = pty.openpty()
    try:
        variables = environment(TERM="xterm", COLUMNS="80", **more)
        subprocess.run([*COMMAND, "list", "-4"], stdout=terminal, env=variables, timeout=30, check=True)
        shown = os.read(keeper, 65536).decode()
    finally:
        os.close(keeper)
        os.close(terminal)
    assert "192.0.2.7" in shown
    assert ("\x1b[36mPERMANENT" in shown) is coloured
    assert ("\x1b[31mUNREACHABLE" in shown) is coloured


def test_an_unknown_interface_is_one_line_and_status_1() -> None:
    done = run("list", "-i", "nothere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("netio: ")
    assert "nothere" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["list", "--state", "gone"], ["list", "extra"], ["nosuch"], ["list", "-5"]])
def test_usage_is_status_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: " in done.stderr


def test_a_reader_that_closes_the_pipe_ends_it_quietly() -> None:
    process = subprocess.Popen([*COMMAND, "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate(timeout=30)
    assert errors == b""


def test_addresses_are_no_markup_and_no_emoji(wire: Wire) -> None:
    """:ab: is a picture to rich, and [red] a colour."""
    wire.near.ip("neigh add 2001:db8:a:b:ab:cd:a:7 lladdr 02:cd:ab:cd:ab:0a dev near0")
    wire.near.ip("link set near0 down", "link set near0 name x[red]y", "link set x[red]y up")
    wire.near.ip("neigh replace 2001:db8:a:b:ab:cd:a:7 lladdr 02:cd:ab:cd:ab:0a dev x[red]y")
    lines = run("list", "-6").stdout.splitlines()
    assert ["2001:db8:a:b:ab:cd:a:7", "02:cd:ab:cd:ab:0a", "x[red]y", "PERMANENT"] in [line.split() for line in lines]


def test_no_output_at_all() -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *COMMAND, "list"], capture_output=True, text=True, env=environment(), check=False
    )
    assert "Traceback" not in done.stderr
