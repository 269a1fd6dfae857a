# SPDX-License-Identifier: MIT
"""The command with what only Linux has of an entry: the columns NUD, FLAGS and PROTOCOL of list and get."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from netlab.command import answer, checked, run
from netlab.oracle import details
from netlab.wire import FAR_MAC

if TYPE_CHECKING:
    from netlab.wire import Wire

# The words of ip-neighbour(8), and the cells for them.
ENTRIES = {
    "192.0.2.10": (f"lladdr {FAR_MAC} nud permanent", ["PERMANENT", "-", "-"]),
    "192.0.2.11": (f"lladdr {FAR_MAC} nud noarp extern_learn proto zebra", ["NOARP", "extern_learn", "zebra"]),
    "192.0.2.12": (f"lladdr {FAR_MAC} nud stale proto 200", ["STALE", "-", "200"]),
    "192.0.2.13": ("managed extern_learn proto static", ["INCOMPLETE", "extern_learn,managed", "static"]),
    "2001:db8::10": (f"lladdr {FAR_MAC} nud stale router", ["STALE", "router", "-"]),
}
COLUMNS = ("--columns", "address,nud,flags,protocol")


@pytest.fixture
def entries(wire: Wire) -> Wire:
    wire.near.ip(*(f"neigh replace {address} dev near0 {words}" for address, (words, _) in ENTRIES.items()))
    return wire


def output(*arguments: str) -> str:
    done = run(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.usefixtures("entries")
def test_columns_of_a_list() -> None:
    """Bug: NOARP is shown as PERMANENT, or an entry gets the details of another one."""
    heading, *lines = output("list", "--sort", "address", *COLUMNS).splitlines()
    assert heading.split() == ["ADDRESS", "NUD", "FLAGS", "PROTOCOL"]
    assert {line.split()[0]: line.split()[1:] for line in lines} == {
        name: cells for name, (_, cells) in ENTRIES.items()
    }
    wide = output("list", "-o", "wide", "--no-header").splitlines()
    assert {line.split()[0]: line.split()[5:8] for line in wide} == {
        name: cells for name, (_, cells) in ENTRIES.items()
    }
    assert output("list", "192.0.2.12", "-o", "plain", *COLUMNS) == "192.0.2.12\tSTALE\t-\t200\n"
    assert output("list", "192.0.2.11", "-o", "csv", "--no-header", *COLUMNS) == "192.0.2.11,NOARP,extern_learn,11\n"


def test_json_has_them_only_with_columns(entries: Wire) -> None:
    """Bug: the output of a system differs from that of another one, or from the schema."""
    rows = json.loads(output("list", "--json", *COLUMNS))
    found = details(entries.near)
    assert {row["address"]: row["protocol"] for row in rows} == {a: found[a].protocol for a in ENTRIES}
    by_address: dict[str, Any] = {row["address"]: row for row in rows}
    assert by_address["192.0.2.13"]["flags"] == ["extern_learn", "managed"]
    assert by_address["192.0.2.11"]["nud"] == "NOARP"
    assert not {"nud", "flags", "protocol"} & {name for row in answer("list") for name in row}
    names = "address,physical_address,interface,state,is_router,is_unreachable,reachability_time,interface_index"
    every = output("list", "--json", "--columns", f"{names},interface_luid,nud,flags,protocol")
    assert len(checked("list", json.loads(every))) == len(ENTRIES)


@pytest.mark.usefixtures("entries")
def test_columns_of_single_entries() -> None:
    """Bug: get shows other details than list, or accepts an entry without a physical address."""
    done = run("get", "192.0.2.11", "192.0.2.13", "192.0.2.99", *COLUMNS)
    assert done.returncode == 1
    assert [line.split() for line in done.stdout.splitlines()[1:]] == [
        [address, *ENTRIES[address][1]] for address in ("192.0.2.11", "192.0.2.13")
    ]
    assert "192.0.2.99 on near0: the address has no entry there" in done.stderr
    assert run("get", "192.0.2.11", *COLUMNS).returncode == 0


@pytest.mark.usefixtures("entries")
def test_resolve_has_no_details() -> None:
    """Bug: the columns are empty."""
    done = run("resolve", "192.0.2.2", *COLUMNS)
    assert (done.returncode, done.stdout) == (2, "")
    assert "column 'nud' is only for `netio list` and `netio get`" in done.stderr
