# SPDX-License-Identifier: MIT
"""Standard streams that are closed, full, or read in part."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from netlab.command import COMMAND, run, run_in_shell, surroundings
from netlab.wire import FAR_IP4

if TYPE_CHECKING:
    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"


@pytest.fixture(autouse=True)
def _neighbors(wire: Wire) -> None:
    wire.hasten()
    wire.near.ip(f"neigh add 192.0.2.7 lladdr {MAC} dev near0", f"neigh add 192.0.2.8 lladdr {MAC} dev near0")


@pytest.fixture
def many(wire: Wire) -> None:
    """More entries than a pipe holds."""
    addresses = (f"2001:db8::{number:x}" for number in range(0x1000, 0x1000 + 2000))
    wire.near.ip(*(f"neigh add {address} lladdr {MAC} dev near0" for address in addresses))


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["list", "--json"],
        ["list", "-o", "csv"],
        ["list", "-o", "plain"],
        ["scan", "192.0.2.0/27", "--json", "--all"],
    ],
)
def test_reader_closes_the_pipe(arguments: list[str]) -> None:
    """Bug: a traceback, or the command goes on writing without a reader."""
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings()
    )
    assert process.stdout is not None
    assert process.stdout.read(1)
    process.stdout.close()
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (1, b"")


@pytest.mark.usefixtures("many")
def test_output_into_head() -> None:
    """Bug: `| head` prints a traceback."""
    done = run_in_shell("netio list | head -n 1")
    assert (done.stdout.split(), done.stderr) == (["ADDRESS", "PHYSICAL", "ADDRESS", "INTERFACE", "STATE"], "")


@pytest.mark.parametrize(
    "arguments",
    [
        "list",
        "list --json",
        "list -o csv",
        "list -o plain",
        "get 192.0.2.7",
        f"resolve {FAR_IP4}",
        f"scan {FAR_IP4} --json",
        "--help",
    ],
)
def test_full_disk(arguments: str) -> None:
    """Bug: a traceback, a second message when Python ends, or exit status 0."""
    done = run_in_shell(f"netio {arguments} > /dev/full")
    assert (done.returncode, done.stderr) == (1, "netio: No space left on device\n")


@pytest.mark.parametrize("arguments", ["list", "list --json", f"resolve {FAR_IP4}", f"scan {FAR_IP4}/31 --map"])
def test_closed_stdout(arguments: str) -> None:
    """Bug: a traceback goes to the file that was opened as descriptor 1."""
    done = run_in_shell(f"netio {arguments} >&-")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("arguments", "status"), [("list -i nothere", 1), ("list --nosuch", 2), ("list", 0)])
def test_closed_stderr(arguments: str, status: int) -> None:
    """Bug: the exit status depends on stderr."""
    assert run_in_shell(f"netio {arguments} 2>&-").returncode == status


def test_closed_stdin() -> None:
    """Bug: a confirmation that no user can give, or a traceback."""
    assert run_in_shell("netio delete 192.0.2.7 192.0.2.8 <&-").stdout == "2 of 2 entries deleted\n"
    done = run_in_shell("netio delete --from - <&-")
    assert done.returncode == 2
    assert "standard input is closed" in done.stderr


@pytest.mark.parametrize("more", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"LC_ALL": "C"}])
def test_interface_name_outside_the_locale(wire: Wire, more: dict[str, str]) -> None:
    """Bug: an interface name that the locale cannot encode ends the listing."""
    wire.near.ip("link set near0 down", "link set near0 name dürr", "link set dürr up")
    wire.near.ip(f"neigh replace 192.0.2.7 lladdr {MAC} dev dürr")
    for arguments in (["list"], ["list", "--json"], ["get", "192.0.2.7", "-i", "dürr"]):
        done = run(*arguments, **more)
        assert (done.returncode, done.stderr) == (0, "")
        assert "192.0.2.7" in done.stdout
        assert "rr" in done.stdout
    done = run("list", "-i", "nothere", **more)
    assert done.returncode == 1
    assert done.stderr.startswith("netio: interface nothere: ")
