# SPDX-License-Identifier: MIT
"""The commands apply, diff and restore: their output, their exit status, and what they ask."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from netlab.child import UNPRIVILEGED
from netlab.command import answer, on_terminal, run
from netlab.oracle import Seen, details, seen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from netlab.wire import Wire

MAC, OTHER_MAC = "02:00:5e:00:00:07", "02:00:5e:00:00:08"
HEADING = "address,physical_address,interface\n"


def rows(*numbers: int, mac: str = MAC) -> str:
    """Returns a CSV file with entries of near0."""
    return HEADING + "".join(f"192.0.2.{number},{mac},near0\n" for number in numbers)


def status(*arguments: str, text: str, prefix: Sequence[str] = ()) -> int:
    return run(*arguments, text=text, prefix=prefix).returncode


def test_diff_then_apply_then_diff(wire: Wire) -> None:
    """Bug: the status does not say whether changes are pending, or diff writes something."""
    wire.near.ip(f"neigh add 192.0.2.8 lladdr {OTHER_MAC} dev near0", f"neigh add 192.0.2.9 lladdr {MAC} dev near0")
    before = seen(wire.near)
    for command in (["diff"], ["apply", "--dry-run"], ["restore", "--dry-run"]):
        done = run(*command, "-", text=rows(7, 8))
        assert (done.returncode, done.stderr) == (2, "")
        assert done.stdout.splitlines() == [
            f"+ 192.0.2.7  {MAC}  near0",
            f"~ 192.0.2.8  {MAC}  near0  now {OTHER_MAC}",
            "Plan: 1 to create, 1 to update, 0 to delete; 0 unchanged.",
        ]
    assert seen(wire.near) == before
    done = run("apply", "-", text=rows(7, 8))
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 created, 1 updated, 0 deleted; 0 unchanged\n", "")
    assert seen(wire.near) == dict.fromkeys(["192.0.2.7", "192.0.2.8", "192.0.2.9"], Seen(MAC))
    assert status("diff", "-", text=rows(7, 8)) == 0
    assert status("diff", "-", "--prune", text=rows(7, 8)) == 2
    assert run("apply", "-", "--prune", text=rows(7, 8)).stdout == "0 created, 0 updated, 1 deleted; 2 unchanged\n"
    assert run("restore", "-", text=rows(7, 8)).stdout == "0 created, 0 updated, 0 deleted; 2 unchanged\n"


def test_diff_needs_no_privilege_and_apply_says_which(wire: Wire) -> None:
    """Bug: diff fails without rights, or apply without them looks like success."""
    assert status("diff", "-", text=rows(7), prefix=UNPRIVILEGED) == 2
    done = run("apply", "-", text=rows(7), prefix=UNPRIVILEGED)
    assert (done.returncode, done.stdout) == (1, "")
    assert "sudo" in done.stderr
    assert done.stderr.endswith("netio: 1 of 1 changes failed\n")
    assert seen(wire.near) == {}


def test_conflict_is_a_failure(wire: Wire) -> None:
    """Bug: a desired entry that another program has is reported as success."""
    wire.near.ip(f"neigh add 192.0.2.7 lladdr {OTHER_MAC} dev near0 proto zebra")
    done = run("diff", "-", text=rows(7, 8))
    assert done.returncode == 1
    assert f"! 192.0.2.7  {MAC}  near0  now {OTHER_MAC}; another program owns the entry" in done.stdout
    done = run("apply", "-", text=rows(7, 8))
    assert (done.returncode, done.stdout) == (1, "")
    assert "another program owns the entry" in done.stderr
    assert seen(wire.near) == {"192.0.2.7": Seen(OTHER_MAC), "192.0.2.8": Seen(MAC)}


def test_owner(wire: Wire) -> None:
    """Bug: --owner is ignored, so that --prune deletes the entries of the administrator."""
    wire.near.ip(f"neigh add 192.0.2.9 lladdr {MAC} dev near0")
    assert status("apply", "-", "--owner", "77", text=rows(7, 8)) == 0
    assert status("apply", "-", "--owner", "77", "--prune", text=rows(7)) == 0
    assert {address: row.protocol for address, row in details(wire.near).items()} == {"192.0.2.7": 77, "192.0.2.9": 0}


@pytest.mark.parametrize(
    ("arguments", "text", "problem"),
    [
        (["diff"], "", "Missing argument"),
        (["apply", "-", "--owner", "3"], rows(7), "is not in the range"),
        (["restore", "missing.csv"], "", "No such file"),
        (["apply", "-"], HEADING + "192.0.2.300,x,near0\n", "line 2: "),
        (["apply", "-"], HEADING + f"192.0.2.7,{MAC},near0\n192.0.2.8,{MAC},gone\n", "line 3: 192.0.2.8 at"),
        (["apply", "-"], rows(7) + f"224.0.0.7,{MAC},near0\n", "line 3: 224.0.0.7 at"),
        (["diff", "-"], rows(7) + f"192.0.2.7,{OTHER_MAC},near0\n", "is also in line 2"),
    ],
)
def test_nothing_is_written_after_a_problem(wire: Wire, arguments: list[str], text: str, problem: str) -> None:
    """Bug: wrong usage has the status of pending changes, or the entries before the problem are written."""
    done = run(*arguments, text=text)
    assert (done.returncode, done.stdout) == (1, "")
    assert problem in done.stderr
    assert seen(wire.near) == {}


def test_missing_interfaces(wire: Wire) -> None:
    """Bug: --skip-missing does not report what it skipped."""
    text = HEADING + f"192.0.2.7,{MAC},near0\n192.0.2.8,{MAC},gone\n"
    done = run("apply", "-", "--skip-missing", text=text)
    assert done.returncode == 0
    assert done.stderr == "netio: skipped the entries of interfaces that do not exist: gone\n"
    assert seen(wire.near) == {"192.0.2.7": Seen(MAC)}


def test_interface_of_the_command_line(wire: Wire) -> None:
    """Bug: -i is not the interface of the entries, or --prune of an empty file deletes nothing."""
    text = f"address,physical_address\n10.9.9.9,{MAC}\n"
    assert status("apply", "-", "-i", "near0", text=text) == 0
    assert seen(wire.near) == {"10.9.9.9": Seen(MAC)}
    assert status("apply", "-", "-i", "near0", "--prune", text=HEADING) == 0
    assert seen(wire.near) == {}


def test_json(wire: Wire) -> None:
    """Bug: the output does not follow the schema, or a conflict or a failure has no object."""
    wire.near.ip(
        f"neigh add 192.0.2.8 lladdr {OTHER_MAC} dev near0 nud stale",
        f"neigh add 192.0.2.9 lladdr {OTHER_MAC} dev near0 proto zebra",
        f"neigh add 192.0.2.10 lladdr {MAC} dev near0",
    )
    changes = answer("diff", "-", "--prune", text=rows(7, 8, 9), status=1)
    assert [(change["action"], change["address"]) for change in changes] == [
        ("create", "192.0.2.7"),
        ("update", "192.0.2.8"),
        ("delete", "192.0.2.10"),
        ("conflict", "192.0.2.9"),
    ]
    assert changes[0]["now"] is None
    assert changes[1]["now"] == {"physical_address": OTHER_MAC, "state": "STALE", "is_router": False}
    assert changes[3]["reason"] == "another program owns the entry"
    assert answer("apply", "-", text=rows(7, 8), status=0) == changes[:2]
    assert answer("restore", "-", text=rows(7, 8)) == []
    (failure,) = answer("apply", "-", text=rows(11), status=1, prefix=UNPRIVILEGED)
    assert (failure["address"], failure["error"]["name"]) == ("192.0.2.11", "AccessDeniedError")
    done = run("apply", "-", "--json", text=HEADING + f"192.0.2.8,{MAC},gone\n")
    assert json.loads(done.stdout)[0]["error"]["name"] == "InterfaceNotFoundError"


@pytest.mark.parametrize("reply", ["n", "y"])
def test_question_shows_the_plan(wire: Wire, tmp_path: Path, reply: str) -> None:
    """Bug: the question comes without the changes that it is about, or its answer does not count."""
    hosts = tmp_path / "hosts.csv"
    hosts.write_text(rows(7, 8))
    with on_terminal("apply", str(hosts)) as terminal:
        terminal.expect("Apply 2 changes? [y/N]: ")
        assert f"+ 192.0.2.8  {MAC}  near0\nPlan: 2 to create" in terminal.text
        terminal.type(f"{reply}\n")
        assert terminal.finish() == (0 if reply == "y" else 1)
    assert len(seen(wire.near)) == (2 if reply == "y" else 0)


def test_many_changes_have_a_progress_bar(wire: Wire, tmp_path: Path) -> None:
    """Bug: minutes without output, or a question that scrolls thousands of lines."""
    hosts = tmp_path / "hosts.csv"
    lines = (f"10.9.{n // 250}.{n % 250 + 1},{MAC},near0\n" for n in range(6_000))
    hosts.write_text(HEADING + "".join(lines))
    with on_terminal("restore", str(hosts)) as terminal:
        terminal.expect("Apply 6,000 changes? [y/N]: ")
        assert terminal.text.count("\n+ ") < 45
        assert "more lines; `netio diff` shows them" in terminal.text
        terminal.type("y\n")
        assert terminal.finish() == 0
    assert "/6000" in terminal.text
    assert "6,000 created" in terminal.text
    del wire
