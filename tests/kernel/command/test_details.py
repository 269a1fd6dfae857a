# SPDX-License-Identifier: MIT
"""The command with the kernel's state, flags and protocol: columns of list and get, options of create and replace."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from netio.cli.linux_words import PROTOCOLS
from netio.linux import NeighborFlags, Nud
from netlab.command import answer, checked, complaint, run
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
HEADER = Path("/usr/include/linux/rtnetlink.h")
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


OWNED = NeighborFlags.EXT_LEARNED | NeighborFlags.ROUTER


def test_create_and_replace_write_details(wire: Wire) -> None:
    """Bug: an option is ignored, or an update without a physical address empties it."""
    options = ("--nud", "stale", "--flag", "router", "--flag", "extern_learn", "--protocol", "zebra")
    assert output("create", "192.0.2.17", FAR_MAC, *options) == ""
    found = details(wire.near)["192.0.2.17"]
    assert (found.state, found.flags, found.protocol) == (Nud.STALE, OWNED, 11)
    assert output("replace", "192.0.2.17", "--nud", "REACHABLE", "-i", "near0") == ""
    found = details(wire.near)["192.0.2.17"]
    assert (found.state, found.flags, found.protocol) == (Nud.REACHABLE, 0, 11)
    assert FAR_MAC in output("get", "192.0.2.17")
    assert (
        output("create", "192.0.2.18", "-i", "near0", "--flag", "managed", "--nud", "none", "--protocol", "200") == ""
    )
    found = details(wire.near)["192.0.2.18"]
    assert (found.flags, found.protocol) == (NeighborFlags.MANAGED, 200)
    assert output("create", "192.0.2.19", FAR_MAC, "--nud", "permanent") == ""
    assert details(wire.near)["192.0.2.19"].protocol == 4  # as without the option


def test_errors_of_a_write_with_details(wire: Wire) -> None:
    """Bug: the kernel's rejection is silent, or an existing entry is changed."""
    wire.near.ip(f"neigh add 192.0.2.17 lladdr {FAR_MAC} dev near0 nud noarp")
    assert "already has an entry" in complaint("create", "192.0.2.17", FAR_MAC, "--nud", "stale")
    assert details(wire.near)["192.0.2.17"].state == Nud.NOARP
    assert "rejects this combination" in complaint("create", "192.0.2.18", FAR_MAC, "--flag", "managed")
    assert "physical address is missing" in complaint("create", "192.0.2.18", "--nud", "stale")
    assert "give ADDRESS and PHYSICAL_ADDRESS" in run("create", "192.0.2.18").stderr
    assert set(details(wire.near)) == {"192.0.2.17"}


def test_changes_of_a_write_with_details(wire: Wire) -> None:
    """Bug: `changed` ignores flags and protocol, which a plain entry does not show."""
    line = ("replace", "192.0.2.17", FAR_MAC, "--nud", "noarp", "--flag", "extern_learn")
    written = {"address": "192.0.2.17", "physical_address": FAR_MAC, "interface": "near0"}
    assert answer(*line) == [{**written, "changed": True}]
    assert answer(*line) == [{**written, "changed": False}]
    assert answer(*line, "--protocol", "bgp") == [{**written, "changed": True}]
    assert details(wire.near)["192.0.2.17"].protocol == 186


def test_file_is_restored_in_another_state(wire: Wire) -> None:
    """Bug: dynamic entries of the file are skipped although --nud names the state of all."""
    wire.near.ip(
        f"neigh add 192.0.2.17 lladdr {FAR_MAC} dev near0 nud reachable",
        f"neigh add 192.0.2.18 lladdr {FAR_MAC} dev near0",
    )
    saved = output("list", "--json")
    wire.near.ip("neigh flush nud all dev near0")
    done = run("replace", "--from", "-", "--nud", "stale", "--protocol", "42", text=saved)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2 of 2 entries replaced\n", "")
    found = details(wire.near)
    assert {(found[address].state, found[address].protocol) for address in ("192.0.2.17", "192.0.2.18")} == {(4, 42)}


def test_protocols_are_those_of_the_kernel_header() -> None:
    """Bug: a number is mistyped. A header may be older than the last protocols, or newer."""
    found = re.findall(r"^#define RTPROT_(\w+)\s+(\d+)", HEADER.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(found) > 20
    assert [name for name, number in found if PROTOCOLS.get(name.lower()) != int(number)] == []
