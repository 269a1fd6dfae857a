# SPDX-License-Identifier: MIT
"""netio save: which entries it writes, in which format, and that they can be restored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import netio
from netio.formats import read_neighbors
from netlab.command import answer, run
from netlab.wire import FAR_IP4

if TYPE_CHECKING:
    from pathlib import Path

    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"
SAVED = ["192.0.2.7", "192.0.2.10", "2001:db8::7", "fe80::7%near0"]


@pytest.fixture(autouse=True)
def _entries(wire: Wire) -> None:
    """Entries of an administrator, in another order than they are saved, and of all other owners and kinds."""
    wire.near.ip(
        f"neigh add fe80::7 lladdr {MAC} router dev near0",
        f"neigh add 2001:db8::7 lladdr {MAC} dev near0",
        f"neigh add 192.0.2.10 lladdr {MAC} dev near0",
        f"neigh add 192.0.2.7 lladdr {MAC} dev near0 protocol static",
        f"neigh add 192.0.2.20 lladdr {MAC} dev near0 nud stale",
        f"neigh add 192.0.2.21 lladdr {MAC} dev near0 nud noarp",
        f"neigh add 192.0.2.22 lladdr {MAC} dev near0 extern_learn",
        f"neigh add 192.0.2.23 lladdr {MAC} dev near0 protocol zebra",
        "neigh add 224.0.0.77 lladdr 01:00:5e:00:00:4d dev near0",
        "neigh add 192.0.2.24 dev near0 nud failed extern_learn",
    )
    netio.resolve_neighbor(FAR_IP4)


def saved(*arguments: str) -> str:
    """Returns what the command prints."""
    done = run("save", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("name", ["entries.csv", "entries.json", "entries.jsonl", "entries"])
def test_file_has_the_entries_of_administrators(tmp_path: Path, name: str) -> None:
    """Bug: entries of the kernel or of daemons are saved, so that a restore makes them permanent."""
    path = tmp_path / name
    assert saved(str(path)) == f"4 entries saved to {path}\n"
    entries = read_neighbors(path)
    assert [str(entry.address) for entry in entries] == SAVED
    assert [entry.is_router for entry in entries] == [False, False, False, True]
    assert {(entry.interface, entry.physical_address, entry.state.name) for entry in entries} == {
        ("near0", MAC, "PERMANENT")
    }


def test_saved_file_restores_the_entries(wire: Wire, tmp_path: Path) -> None:
    """Bug: a restored entry differs from the saved one, or an entry that is equal already is written again."""
    path = tmp_path / "entries"
    saved(str(path))
    before = path.read_bytes()
    wire.near.ip("neigh flush dev near0 nud permanent")
    plan = netio.apply_neighbors(read_neighbors(path))
    assert (plan.creates, plan.updates, plan.unchanged) == (4, 0, 0)
    saved(str(path))
    assert path.read_bytes() == before
    plan = netio.apply_neighbors(read_neighbors(path))
    assert (plan.creates, plan.updates, plan.unchanged) == (0, 0, 4)


def test_standard_output() -> None:
    """Bug: the entries that are printed have another format than those in a file, or a message between them."""
    lines = saved().splitlines()
    assert [json.loads(line)["address"] for line in lines] == SAVED
    assert saved("-") == saved("-o", "jsonl") == saved()
    assert [item["address"] for item in answer("save", "--json")] == SAVED
    assert saved("-o", "csv", "-4").splitlines() == [
        "address,physical_address,interface,state,is_router",
        f"192.0.2.7,{MAC},near0,PERMANENT,false",
        f"192.0.2.10,{MAC},near0,PERMANENT,false",
    ]


def test_interfaces() -> None:
    assert saved("-i", "lo", "-o", "csv").count("\n") == 1
    assert saved("-i", "near0", "-i", "lo") == saved("-i", "near0", "-i", "near0") == saved()
    done = run("save", "-i", "missing")
    assert done.returncode == 1
    assert "interface missing" in done.stderr


def test_table_without_such_entries(wire: Wire, tmp_path: Path) -> None:
    wire.near.ip("neigh flush dev near0 nud permanent")
    path = tmp_path / "entries"
    assert saved(str(path)) == f"0 entries saved to {path}\n"
    assert read_neighbors(path) == []
    assert saved("--json") == "[]\n"


def test_failures(tmp_path: Path) -> None:
    done = run("save", str(tmp_path / "missing" / "entries"))
    assert done.returncode == 1
    assert "No such file or directory" in done.stderr
    assert run("save", "--json", "-o", "csv").returncode == 2
    done = run("save", "/dev/full")
    assert (done.returncode, done.stdout) == (1, "")
    assert "No space left" in done.stderr
