# SPDX-License-Identifier: MIT
"""The command on a terminal: colour, width, confirmation, progress bar, Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from netlab.command import checked, on_terminal, run
from netlab.oracle import Seen, seen
from netlab.wire import FAR_IP4, FAR_MAC

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"
CTRL_C, CTRL_D = "\x03", "\x04"


@pytest.fixture(autouse=True)
def _neighbors(wire: Wire) -> None:
    wire.hasten()
    wire.near.ip(
        f"neigh add 192.0.2.7 lladdr {MAC} dev near0",
        f"neigh add 192.0.2.8 lladdr {MAC} dev near0 nud stale",
        # The kernel removes a failed entry at any time, but not an extern_learn one.
        "neigh add 192.0.2.9 dev near0 nud failed extern_learn",
    )


@pytest.fixture
def sixteen_hosts(wire: Wire) -> None:
    """Sixteen hosts at the beginning of a /16."""
    wire.far.ip("route add local 10.0.0.0/28 dev lo")
    wire.near.ip("route add 10.0.0.0/16 dev near0")


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def csv_of(folder: Path, count: int) -> str:
    """A file with that number of entries."""
    file = folder / "rows.csv"
    rows = (f"10.0.{number // 256}.{number % 256},{MAC},near0\n" for number in range(count))
    file.write_text("address,physical_address,interface\n" + "".join(rows))
    return str(file)


@pytest.mark.parametrize(
    ("more", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"TERM": ""}, True)]
)
def test_colour_by_state(more: dict[str, str], coloured: bool) -> None:
    """Bug: NO_COLOR and TERM=dumb are ignored, or states have no colour."""
    with on_terminal("list", "-4", "-i", "near0", "--all", more=more) as terminal:
        assert terminal.finish() == 0
    for colour, state in ((36, "PERMANENT"), (31, "UNREACHABLE")):
        assert (f"\x1b[{colour}m{state}" in terminal.raw) is coloured
    assert re.findall(r"192\.0\.2\.\d", terminal.text) == ["192.0.2.7", "192.0.2.8", "192.0.2.9"]


SLAAC = "2001:db8:1234:5678:9abc:def0:1234:5678"


@pytest.mark.parametrize(
    ("columns", "arguments", "heading"),
    [
        (200, ["-6"], "ADDRESS PHYSICAL ADDRESS INTERFACE STATE AGE ROUTER"),
        (80, ["-6"], "ADDRESS MAC IF STATE AGE"),
        (76, ["-6"], "ADDRESS MAC IF STATE"),
        (74, ["-6"], "ADDRESS PHYSICAL ADDRESS STATE"),
        (40, ["-6"], "ADDRESS MAC"),
        (80, ["-4"], "ADDRESS PHYSICAL ADDRESS INTERFACE STATE"),
        (40, ["-4"], "ADDRESS PHYSICAL ADDRESS STATE"),
        (20, ["-4"], "ADDRESS MAC"),
        (
            40,
            ["-6", "-o", "wide"],
            "ADDRESS MAC IF STATE AGE NUD FLAGS PROTO ROUTER UNREACHABLE TIME INDEX LUID",
        ),
        (20, ["-4", "--columns", "state,interface"], "STATE INTERFACE"),
        (12, ["-4", "--columns", "state,interface"], "STATE IF"),
        (20, ["-4", "--no-header"], ""),
    ],
)
def test_table_fits_the_width(wire: Wire, columns: int, arguments: list[str], heading: str) -> None:
    """Bug: an address is folded or cut, a column is omitted although there is room, or one that was chosen is."""
    wire.near.ip(
        f"neigh add {SLAAC} lladdr {MAC} dev near0 nud reachable",
        f"neigh add 2001:db8::9 lladdr {MAC} dev near0 router",
    )
    with on_terminal("list", "--state", "permanent", "--state", "reachable", *arguments, columns=columns) as terminal:
        assert terminal.finish() == 0
    first, *lines = terminal.text.splitlines()
    assert " ".join(first.split()) == heading or (not heading and MAC in first)
    assert {len(re.findall(MAC, line)) for line in lines} <= ({0} if "--columns" in arguments else {1})
    if "-6" in arguments:
        assert SLAAC in terminal.text
    if columns >= 58 and "wide" not in arguments:
        assert max(map(len, [first, *lines])) <= columns


def test_interfaces_are_not_omitted_if_there_are_several(wire: Wire) -> None:
    """Bug: on a narrow terminal two entries of one address cannot be distinguished."""
    wire.near.ip("link add br7 type bridge", "link set br7 up", f"neigh add 192.0.2.7 lladdr {MAC} dev br7")
    with on_terminal("list", "-4", "--state", "permanent", columns=30) as terminal:
        assert terminal.finish() == 0
    assert [line.split() for line in terminal.text.splitlines()] == [
        ["ADDRESS", "MAC", "IF"],
        ["192.0.2.7", MAC, "br7"],
        ["192.0.2.7", MAC, "near0"],
    ]


@pytest.mark.parametrize("columns", ["7" * 5000, "²", "-1", "0", ""])
def test_size_in_the_environment_is_checked(columns: str) -> None:
    """Bug: a traceback of rich, which converts any digits."""
    with on_terminal("scan", FAR_IP4, more={"COLUMNS": columns, "LINES": columns}) as terminal:
        assert terminal.finish() == 0
    assert f"\n{FAR_IP4}  {FAR_MAC}  near0      REACHABLE" in terminal.text


@pytest.mark.parametrize(
    ("columns", "lines"),
    [
        (40, ["           +0       +8", " 192.0.2.0 .@R....P ........", "192.0.2.16 ........ ........", ""]),
        (80, ["          +0       +8       +16      +24", "192.0.2.0 .@R....P ........ ........ ........", ""]),
        (200, ["          +0       +8       +16      +24", "192.0.2.0 .@R....P ........ ........ ........", ""]),
    ],
)
def test_map_by_width(columns: int, lines: list[str]) -> None:
    """Bug: the terminal wraps a line of 32 symbols in its middle, or the ruler is not above its groups."""
    with on_terminal("scan", "192.0.2.0/27", "--map", "--resolve", columns=columns) as terminal:
        assert terminal.finish() == 0
    assert "\n" + "\n".join(lines) in terminal.text
    assert "\x1b[36mP" in terminal.raw


@pytest.mark.parametrize(
    ("columns", "first", "scale"),
    [
        (40, " 10.1.0.0 @....... ........", 16),
        (80, " 10.1.0.0 @......." + 3 * " ........", 8),
        (200, " 10.1.0.0 @......." + 7 * " ........", 4),
    ],
)
def test_map_of_a_large_prefix_fits_the_terminal(wire: Wire, columns: int, first: str, scale: int) -> None:
    """Bug: the map, its ruler and its legend are longer than the screen, or the own address disappears."""
    wire.near.ip("address add 10.1.0.1/20 dev near0")
    # A prefix would have as many lines for a somewhat larger height.
    with on_terminal("scan", "10.1.0.0-10.1.11.255", "--map", "--in-flight", "900", columns=columns) as terminal:
        assert terminal.finish() == 0
    screen = terminal.text.partition("\n\n")[2].splitlines()
    assert len(screen) < 24
    assert max(len(line) for line in screen[:-1]) <= columns  # the last one is the summary
    assert screen[1] == first
    assert f"one symbol = {scale} addresses" in screen


CONFIRMATIONS = pytest.mark.parametrize(
    ("arguments", "question"),
    [
        (["delete", "192.0.2.7", "192.0.2.8"], "Delete 2 entries? [y/N]: "),
        (["delete", "192.0.2.0/28", "-i", "near0", "--state", "stale"], "Delete 2 entries? [y/N]: "),
        (["flush"], "Remove 2 dynamic entries? [y/N]: "),
        (["flush", "192.0.2.0/24", "nud", "stale"], "Remove 2 dynamic entries? [y/N]: "),
        (["flush", "nud", "permanent", "nud", "stale", "192.0.2.7", "192.0.2.8"], "Remove 2 entries? [y/N]: "),
    ],
    ids=["delete", "delete of a prefix", "flush", "flush of a state", "flush of permanent entries"],
)


@CONFIRMATIONS
def test_confirmed(wire: Wire, arguments: list[str], question: str) -> None:
    """Bug: the answer is ignored, or the entries are removed before it."""
    wire.near.ip(f"neigh add 192.0.2.10 lladdr {MAC} dev near0 nud stale")
    with on_terminal(*arguments) as terminal:
        terminal.expect(question)
        terminal.wait_until_idle()  # Python loses a Ctrl-C in the moment before it reads
        assert len(seen(wire.near)) == 4
        terminal.type("y\n")
        assert terminal.finish() == 0
    assert len(seen(wire.near)) == 2


@CONFIRMATIONS
@pytest.mark.parametrize(("keys", "status"), [("n\n", 1), ("\n", 1), (CTRL_D, 1), (CTRL_C, 130)])
def test_not_confirmed(wire: Wire, arguments: list[str], question: str, keys: str, status: int) -> None:
    """Bug: another answer than yes removes entries, or the exit status is 0."""
    wire.near.ip(f"neigh add 192.0.2.10 lladdr {MAC} dev near0 nud stale")
    with on_terminal(*arguments) as terminal:
        terminal.expect(question)
        terminal.wait_until_idle()  # Python loses a Ctrl-C in the moment before it reads
        terminal.type(keys)
        assert terminal.finish() == status
    assert terminal.text.endswith("\nnetio: nothing was written\n")
    assert len(seen(wire.near)) == 4


@pytest.mark.parametrize(
    "arguments", [["delete", "192.0.2.7"], ["delete", "192.0.2.7", "192.0.2.8", "--yes"], ["flush", "-y"]]
)
def test_no_confirmation_needed(arguments: list[str]) -> None:
    """Bug: --yes is ignored, or a single entry needs a confirmation."""
    with on_terminal(*arguments) as terminal:
        assert terminal.finish() == 0
    assert "?" not in terminal.text


@pytest.mark.parametrize(("keys", "status", "left"), [("y\n", 0, 0), ("n\n", 1, 3), (CTRL_C, 130, 3)])
def test_piped_entries_are_confirmed_on_the_terminal(
    wire: Wire, tmp_path: Path, keys: str, status: int, left: int
) -> None:
    """Bug: a pipe from list to delete needs no confirmation, or its lines are taken for the answer."""
    rows = tmp_path / "rows"
    rows.write_text("address\n192.0.2.7\n192.0.2.8\n192.0.2.9\n")
    with rows.open() as file, on_terminal("delete", "--from", "-", stdin=file.fileno()) as terminal:
        terminal.expect("Delete 3 entries? [y/N]: ")
        terminal.wait_until_idle()
        terminal.type(keys)
        assert terminal.finish() == status
    assert len(seen(wire.near)) == left


def test_entries_of_a_file_are_confirmed(wire: Wire, tmp_path: Path) -> None:
    """Bug: a file is written without a confirmation."""
    with on_terminal("create", "--from", csv_of(tmp_path, 20)) as terminal:
        terminal.expect("Create 20 entries? [y/N]: ")
        terminal.type("y\n")
        assert terminal.finish() == 0
    assert terminal.text.endswith("\n20 of 20 entries created\n")
    assert len(seen(wire.near)) == 23


@pytest.mark.parametrize(("count", "drawn"), [(4_999, False), (5_000, True), (10_001, True)])
def test_progress_of_many_entries(tmp_path: Path, count: int, drawn: bool) -> None:
    """Bug: the bar is not removed, or stops before the end."""
    with on_terminal("create", "--yes", "--from", csv_of(tmp_path, count)) as terminal:
        assert terminal.finish() == 0
    assert (f"{count}/{count} 0 failed" in terminal.text) is drawn
    assert ("\x1b[?25l" in terminal.raw) is drawn
    assert terminal.text.endswith(f"\r{count:,} of {count:,} entries created\n" if drawn else " entries created\n")


@pytest.mark.usefixtures("sixteen_hosts")
@pytest.mark.parametrize("columns", [20, 40, 80])
def test_progress_of_a_scan(columns: int) -> None:
    """Bug: on a narrow terminal the bar hides the numbers done and found, or the time left."""
    with on_terminal("scan", "10.0.0.0/24", columns=columns) as terminal:
        assert terminal.finish() == 0
    assert "16 of 256 addresses replied in " in terminal.text.replace("\n", "")
    if columns > 20:
        assert re.search(r"\b256/256 16 found\s", terminal.text)


@pytest.mark.usefixtures("sixteen_hosts")
@pytest.mark.parametrize(("columns", "waiting"), [(40, ""), (80, "waiting for 240, ")])
def test_time_left_counts_down(wire: Wire, columns: int, waiting: str) -> None:
    """Bug: the time left follows the rate of the replies, so it grows to minutes while the last hosts are awaited."""
    wire.near.ip("ntable change name arp_cache dev near0 retrans 1000")
    with on_terminal("scan", "10.0.0.0/24", "--resolve", columns=columns) as terminal:
        assert terminal.finish() == 0
    bounds = [int(found) for found in re.findall(rf"\b16/256 16 found {waiting}at most (\d+) s\s", terminal.text)]
    assert 1 <= bounds[0] <= 3
    assert bounds == sorted(bounds, reverse=True)


@pytest.mark.usefixtures("sixteen_hosts")
@pytest.mark.parametrize(("columns", "text"), [(40, r"(\d+:\d+:\d+) left"), (80, r"waiting, at most (\d+) s")])
def test_progress_of_a_sweep(columns: int, text: str) -> None:
    """Bug: the bar stands still until the first reply or the end, since only results update it."""
    with on_terminal("scan", "10.0.0.0/24", "--timeout", "2", columns=columns) as terminal:
        assert terminal.finish() == 0
    bounds = re.findall(rf"\b256/256 16 found {text}\s", terminal.text)
    assert bounds
    assert bounds == sorted(bounds, reverse=True)


@pytest.mark.usefixtures("sixteen_hosts")
@pytest.mark.parametrize(
    "more", [{"LANG": "C", "LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"TERM": "dumb"}, {"NO_COLOR": "1"}]
)
def test_progress_on_a_limited_terminal(more: dict[str, str]) -> None:
    """Bug: a character that the terminal lacks ends the scan."""
    with on_terminal("scan", "10.0.0.0/26", "--map", more=more) as terminal:
        assert terminal.finish() == 0
    assert "16 of 64 addresses replied" in terminal.text
    assert "Traceback" not in terminal.text
    if "PYTHONIOENCODING" in more:
        assert terminal.raw.isascii()
    if "TERM" in more:
        assert "\x1b" not in terminal.raw
    if "NO_COLOR" in more:
        assert not re.search(r"\x1b\[(3|9)\dm", terminal.raw)


@pytest.mark.usefixtures("sixteen_hosts")
def test_json_goes_to_the_pipe_and_the_bar_to_the_terminal(pipe: tuple[int, int]) -> None:
    """Bug: while the bar is shown, lines for the pipe are printed on the terminal."""
    reading, writing = pipe
    with on_terminal("scan", "10.0.0.0/24", "--json", stdout=writing) as terminal:
        assert terminal.finish() == 0
    lines = os.read(reading, 65536).decode().splitlines()
    assert len([checked("scan", json.loads(line)) for line in lines]) == 16
    assert "256/256 16 found" in terminal.text
    assert "{" not in terminal.text


def test_json_on_the_terminal_has_no_bar() -> None:
    """Bug: the control characters of the bar break the lines."""
    with on_terminal("scan", "192.0.2.0/28", "--json") as terminal:
        assert terminal.finish() == 0
    assert [checked("scan", json.loads(line))["address"] for line in terminal.raw.splitlines()].count(FAR_IP4) == 1


def test_bar_is_for_terminals_only() -> None:
    """Bug: FORCE_COLOR, which build servers set, fills a log with the control characters of a bar."""
    done = run("scan", FAR_IP4, FORCE_COLOR="1")
    assert "\x1b" not in done.stderr
    assert "\x1b[32mREACHABLE" in done.stdout


@pytest.mark.usefixtures("sixteen_hosts")
def test_ctrl_c_ends_a_scan_with_the_results_so_far() -> None:
    """Bug: a traceback, a hidden cursor, or no end before the scan is complete."""
    with on_terminal("scan", "10.0.0.0/16") as terminal:
        terminal.expect(" 16 found ")
        terminal.type(CTRL_C)
        assert terminal.finish() == 130
    assert "\x1b[?25l" in terminal.raw
    table = terminal.text.rpartition("ADDRESS ")[2]
    assert [line.split()[:2] for line in table.splitlines()[1:17]] == [[f"10.0.0.{n}", FAR_MAC] for n in range(16)]
    assert re.search(r"\n16 of [\d,]+ addresses replied in [\d.]+ s\n", table)
    assert re.search(r"\nnetio: interrupted: [\d,]+ of 65,536 addresses have no reply yet\n$", table)
    assert "Traceback" not in terminal.text


@pytest.mark.usefixtures("sixteen_hosts")
def test_ctrl_c_ends_a_scan_with_complete_json(pipe: tuple[int, int]) -> None:
    """Bug: the last line is cut, or results are lost."""
    with on_terminal("scan", "10.0.0.0/16", "--json", stdout=pipe[1]) as terminal:
        terminal.expect(" 16 found ")
        terminal.type(CTRL_C)
        assert terminal.finish() == 130
    lines = os.read(pipe[0], 65536).decode().splitlines()
    assert [checked("scan", json.loads(line))["physical_address"] for line in lines] == [FAR_MAC] * 16
    assert "netio: interrupted: " in terminal.text


def test_ctrl_c_ends_resolve_with_the_results_so_far(wire: Wire) -> None:
    """Bug: the results of the two hosts that replied are lost; the third one would take an hour."""
    wire.near.ip("ntable change name arp_cache dev near0 retrans 1000000")
    with on_terminal("resolve", "192.0.2.77", "192.0.2.7", FAR_IP4) as terminal:
        while seen(wire.near).get(FAR_IP4) != Seen(FAR_MAC, "REACHABLE"):
            pass
        terminal.wait_until_idle()
        terminal.type(CTRL_C)
        assert terminal.finish() == 130
    assert terminal.text.endswith("netio: interrupted: 1 of 3 addresses have no reply yet\n")
    assert f"\n{FAR_IP4}  {FAR_MAC}  near0      REACHABLE" in terminal.text


def test_ctrl_c_ends_resolve_with_complete_json(wire: Wire, pipe: tuple[int, int]) -> None:
    """Bug: the output is invalid JSON, or empty."""
    wire.near.ip("ntable change name arp_cache dev near0 retrans 1000000")
    with on_terminal("resolve", "192.0.2.77", "192.0.2.7", "--json", stdout=pipe[1]) as terminal:
        while "192.0.2.77" not in seen(wire.near):
            pass
        terminal.wait_until_idle()
        terminal.type(CTRL_C)
        assert terminal.finish() == 130
    (row,) = checked("resolve", json.loads(os.read(pipe[0], 65536)))
    assert (row["address"], row["state"]) == ("192.0.2.7", "PERMANENT")
    assert terminal.text.endswith("netio: interrupted: 1 of 2 addresses have no reply yet\n")


def test_results_go_to_stdout_only() -> None:
    """Bug: the table goes to the terminal although stdout is another file."""
    with on_terminal("list", "--all", stdout=subprocess.DEVNULL) as terminal:
        assert terminal.finish() == 0
    assert terminal.raw == ""
