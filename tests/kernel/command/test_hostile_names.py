# SPDX-License-Identifier: MIT
"""Interface names of any bytes that the kernel allows: text has no control characters, and data is lossless."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
from typing import TYPE_CHECKING

import polars
import pyarrow
import pytest

import netio
from netio.formats import read_neighbors
from netlab.command import COMMAND, surroundings

if TYPE_CHECKING:
    from pathlib import Path

    from netlab.wire import Wire

# The kernel rejects white space, `/` and `:`, and so a line end. The last one is not UTF-8.
NAMES = {"escape": b"e\x1b[31mx", "bidi": "e\u202ex".encode(), "invalid": b"e\xff\xfex"}
ENTRY = ("192.0.2.50", "02:00:5e:00:00:50")


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest, wire: Wire) -> bytes:
    """The new name of near0, which gets a permanent entry."""
    changed = NAMES[request.param]
    with wire.near.entered():
        subprocess.run([b"ip", b"link", b"set", b"near0", b"down"], check=True, timeout=10)
        subprocess.run([b"ip", b"link", b"set", b"near0", b"name", changed], check=True, timeout=10)
        subprocess.run([b"ip", b"link", b"set", changed, b"up"], check=True, timeout=10)
    netio.create_neighbor(*ENTRY, interface=os.fsdecode(changed))
    return changed


def output(*arguments: str | bytes) -> tuple[bytes, bytes]:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, env=surroundings(), timeout=25, check=False)
    return done.stdout, done.stderr


def test_text_has_no_control_characters(name: bytes, tmp_path: Path) -> None:
    file = tmp_path / "desired.jsonl"
    file.write_bytes(b"")
    for arguments in (
        ["list"],
        ["list", "-o", "plain"],
        ["list", "--interface", name],
        ["get", ENTRY[0], "--interface", name],
        ["list", "--interface", name + b"y"],
        ["delete", ENTRY[0], "--interface", name, "--dry-run"],
        ["diff", str(file), "--interface", name, "--prune"],
        ["keep", ENTRY[0], "--interface", name + b"y"],
        ["create", "192.0.2.51", "02:00:5e:00:00:51", "--interface", name],
    ):
        for text in output(*arguments):
            assert text.decode().replace("\n", "").replace("\t", "").isprintable(), (arguments, text)
    stdout, _ = output("list")
    assert ENTRY[0].encode() in stdout


def test_data_is_lossless(name: bytes) -> None:
    decoded = os.fsdecode(name)
    (row,) = json.loads(output("list", ENTRY[0], "--json")[0])
    assert row["interface"] == decoded
    (record,) = csv.DictReader(io.StringIO(output("list", ENTRY[0], "-o", "csv")[0].decode("utf-8", "surrogateescape")))
    # CSV is UTF-8, so a byte that is not is shown as its escape; JSON Lines have it unchanged.
    assert record["interface"] == name.decode("utf-8", "surrogateescape").encode("utf-8", "backslashreplace").decode()


def test_values_and_changes_print_without_control_characters(name: bytes) -> None:
    with netio.watch_neighbors(initial=True) as watch:
        for value in (*watch.read(1), netio.list_neighbors(), netio.plan_neighbors([], interfaces=[os.fsdecode(name)])):
            assert repr(value).replace("\n", "").isprintable()
            assert str(value).replace("\n", "").isprintable()


def test_files_and_data_frames_keep_the_name(name: bytes, tmp_path: Path) -> None:
    """Bug: a saved entry is not restored, because its interface has another name in the file or in the frame."""
    decoded = os.fsdecode(name)
    file = tmp_path / "saved.jsonl"
    assert b"1 entry saved" in b"".join(output("save", str(file)))
    (row,) = read_neighbors(str(file))
    assert (row.interface, str(row.address)) == (decoded, ENTRY[0])
    netio.delete_neighbor(ENTRY[0], interface=decoded)
    assert netio.apply_neighbors([row]).creates == 1
    table = netio.list_neighbors(interface=decoded)
    # Arrow's text is UTF-8, so a byte that is not becomes a question mark.
    shown = decoded.encode("utf-8", "replace").decode()
    assert set(pyarrow.table(table)["interface"].to_pylist()) == {shown}
    assert set(polars.DataFrame(table)["interface"]) == {shown}
    assert {decoded} == {entry.interface for entry in table}
