# SPDX-License-Identifier: MIT
"""Entries from a file: which interface they are written to, which entries are skipped, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from netlab.command import run
from netlab.oracle import Seen, seen
from netlab.wire import FAR_MAC

if TYPE_CHECKING:
    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"
ADDRESS = "192.0.2.9"


def refused(*arguments: str, text: str) -> list[str]:
    """Runs a command that must refuse the whole file; returns its lines on stderr."""
    done = run(*arguments, "--from", "-", text=text)
    assert (done.returncode, done.stdout) == (1, ""), done
    lines = done.stderr.splitlines()
    assert lines[-1].startswith("netio: nothing was written; "), done
    return lines


@pytest.mark.parametrize("name", ["Interface", "dev", "INTERFACE", "ifname", "InterfaceAlias"])
@pytest.mark.parametrize("command", ["replace", "delete"])
def test_interface_column_of_any_program_is_read(wire: Wire, command: str, name: str) -> None:
    """Bug: the column is dropped, and the entry is written to or deleted from the interface of the route."""
    wire.lay("near1", "02:00:00:00:00:11", "far1", "02:00:00:00:00:12")
    wire.near.ip(f"neigh add {ADDRESS} dev near0 lladdr {FAR_MAC} nud permanent")
    if command == "delete":
        wire.near.ip(f"neigh add {ADDRESS} dev near1 lladdr {MAC} nud permanent")

    done = run(command, "--from", "-", text=f"ip,mac,{name}\n{ADDRESS},{MAC},near1\n")

    assert (done.returncode, done.stderr) == (0, "")
    assert seen(wire.near) == {ADDRESS: Seen(FAR_MAC)}
    assert seen(wire.near, "near1") == ({} if command == "delete" else {ADDRESS: Seen(MAC)})


def test_contradiction_with_the_interface_option(wire: Wire) -> None:
    """Bug: -i is ignored if the file names another interface, even if the option's interface does not exist."""
    text = f"ip,mac,dev\n{ADDRESS},{MAC},near0\n"
    lines = refused("replace", "-i", "nope", text=text)
    assert (
        lines[0] == "netio: line 2: the entry is on near0, but --interface names nope; --move-to nope writes it there"
    )
    assert seen(wire.near) == {}
    assert run("replace", "--from", "-", "-i", "near0", text=text).returncode == 0
    assert seen(wire.near) == {ADDRESS: Seen(MAC)}


def test_table_moves_to_another_interface(wire: Wire) -> None:
    """Bug: a saved table cannot be written to another interface, or link-local entries keep the old scope."""
    wire.lay("near1", "02:00:00:00:00:11", "far1", "02:00:00:00:00:12")
    text = f"ip,mac,dev\n{ADDRESS},{MAC},near0\nfe80::9%near0,{MAC},near0\n"

    done = run("replace", "--from", "-", "--move-to", "near1", "--yes", text=text)

    assert (done.returncode, done.stderr) == (0, "")
    assert seen(wire.near, "near1") == {ADDRESS: Seen(MAC), "fe80::9": Seen(MAC)}
    assert seen(wire.near) == {}


def test_address_with_two_physical_addresses(wire: Wire) -> None:
    """Bug: of two contradicting lines, the last one wins without a word; also if the address is spelled differently."""
    text = f"ip,mac,dev\n2001:db8::9,{MAC},near0\n{ADDRESS},{MAC},near0\n2001:DB8:0::9,{FAR_MAC},near0\n"
    lines = refused("replace", text=text)
    assert lines[0] == f"netio: line 4: 2001:db8::9 is also in line 2, as {MAC}; remove one of them"
    assert seen(wire.near) == {}


def test_equal_lines_are_fine(wire: Wire) -> None:
    """Bug: a line that is there twice refuses the file."""
    text = f"ip,mac,dev\n{ADDRESS},{MAC},near0\n{ADDRESS},{MAC.upper()},near0\n"
    assert run("replace", "--from", "-", "--yes", text=text).returncode == 0
    assert seen(wire.near) == {ADDRESS: Seen(MAC)}


def test_unresolved_and_dynamic_entries_are_skipped(wire: Wire) -> None:
    """Bug: an unresolved entry of `netio list` refuses the whole file, and dynamic ones become permanent."""
    wire.near.ip(
        f"neigh add {ADDRESS} dev near0 lladdr {MAC} nud permanent",
        "neigh add 192.0.2.10 dev near0 nud failed extern_learn",
        f"neigh add 192.0.2.11 dev near0 lladdr {MAC} nud stale",
    )
    listed = run("list", "--all", "-i", "near0", "-4", "--json").stdout
    assert len(json.loads(listed)) == 3
    wire.near.ip("neigh flush dev near0 nud all")

    done = run("replace", "--from", "-", "--yes", text=listed)

    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "netio: <stdin>: skipped entries without a valid physical address: 1",
        "netio: <stdin>: skipped dynamic entries: 1; --dynamic makes them permanent",
    ]
    assert seen(wire.near)[ADDRESS] == Seen(MAC)
    assert "192.0.2.11" not in seen(wire.near)
    assert run("replace", "--from", "-", "--yes", "--dynamic", text=listed).returncode == 0
    assert seen(wire.near)["192.0.2.11"] == Seen(MAC)


def test_unknown_fields_are_listed_once(wire: Wire) -> None:
    """Bug: a misspelled or unknown column is dropped silently, or reported once for each line."""
    text = f"ip,mac,dev,room\n{ADDRESS},{MAC},near0,12\n192.0.2.10,{MAC},near0,13\n"
    done = run("replace", "--from", "-", "--yes", text=text)
    assert (done.returncode, done.stderr) == (0, "netio: <stdin>: ignored fields: room\n")
    assert len(seen(wire.near)) == 2
    assert refused("replace", text=text.replace("dev", "interfce"))[0] == (
        "netio: line 1: unknown field 'interfce'; did you mean interface?"
    )


def test_endless_file_is_refused() -> None:
    """Bug: --from /dev/zero fills the memory."""
    done = run("replace", "--from", "/dev/zero")
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr == "netio: nothing was written; /dev/zero cannot be read: the file has more than 128 MB; split it\n"
    )
