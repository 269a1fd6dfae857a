# SPDX-License-Identifier: MIT
"""The command on Windows: as a process with the table of Wine; within this process with the stand-in."""

from __future__ import annotations

import json
import locale
import os
import re
from ipaddress import IPv4Address, ip_address
from pathlib import Path

import pytest
from child import process
from standin import Standin

import netio
from netio import Neighbor, NeighborState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from conftest import Command

MAC = "02:00:5e:00:00:07"
OTHER = "02:00:5e:00:00:08"

_MAIN = "from netio.cli import main; main()"
_WITH_ROW = f"""
from standin import Standin
import netio
Standin()
netio.create_neighbor("192.0.2.7", "{MAC}", interface="\\u00dcberall")
"""


def cells(out: str) -> list[list[str]]:
    """Return the cells of a table without its heading."""
    return [line.split() for line in out.splitlines()[1:]]


def test_list_shows_the_table_of_the_system() -> None:
    expected = json.loads(Path(os.environ["NETIO_WINE"], "neigh.json").read_text(encoding="utf-8"))
    done = process(_MAIN, "list", "-4")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.endswith(b"\r\n")
    rows = sorted(expected, key=lambda row: (row["dev"], ip_address(row["dst"])))
    assert cells(done.stdout.decode("ascii")) == [[row["dst"], row["lladdr"], row["dev"], "PERMANENT"] for row in rows]


def test_list_as_json() -> None:
    done = process(_MAIN, "list", "-4", "--json", "-i", "netio0")
    assert (done.returncode, done.stderr) == (0, b"")
    assert {row["interface"] for row in json.loads(done.stdout)} == {"netio0"}


@pytest.mark.parametrize("words", [["nosuch"], ["list", "-5"], ["create", "192.0.2.7"], ["delete"], ["flush", "x"]])
def test_wrong_usage_exits_with_2(words: list[str]) -> None:
    done = process(_MAIN, *words)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"Usage: netio" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["table"],
        ["table", "-4", "-i", "netio0"],
        ["list", "--columns", "address,nud"],
        ["get", "192.0.2.7", "--columns", "flags"],
        ["replace", "192.0.2.7", MAC, "-i", "netio0", "--nud", "stale"],
        ["create", "192.0.2.7", MAC, "-i", "netio0", "--protocol", "zebra", "--flag", "router"],
    ],
)
def test_commands_of_linux_are_not_supported(words: list[str]) -> None:
    """Bug: a traceback, since the backend lacks the functions, or an empty output."""
    done = process(_MAIN, *words)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"not supported on this system: only Linux has it" in done.stderr


@pytest.mark.parametrize("alias", ["*", "%OS%", "$OS", "~", "Local Area Connection* 1"])
def test_alias_is_not_expanded(alias: str) -> None:
    """Bug: click expands an alias with an asterisk, which Windows has, as a pattern of file names."""
    done = process(_MAIN, "list", "-4", "-i", alias)
    assert (done.returncode, done.stdout) == (1, b"")
    assert f"interface {alias}: there is no such interface" in done.stderr.decode("ascii")


@pytest.mark.wine_lacks
@pytest.mark.parametrize("encoding", ["", "utf-8", "ascii", "cp866"])
def test_alias_with_characters_that_the_encoding_lacks(encoding: str) -> None:
    done = process(_WITH_ROW + _MAIN, "list", "-i", "Überall", encoding=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    codec = encoding or locale.getencoding()
    shown = "Überall".encode(codec, "backslashreplace").decode(codec)
    assert cells(done.stdout.decode(codec)) == [["192.0.2.7", MAC, shown, "PERMANENT"]]


@pytest.mark.wine_lacks
def test_entries_from_a_pipe() -> None:
    lines = b'{"address": "192.0.2.7", "interface": "\xc3\x9cberall"}\r\n{"address": "192.0.2.8", "interface": 4}\r\n'
    done = process(_WITH_ROW + _MAIN, "delete", "--from", "-", "--missing-ok", stdin=lines)
    assert (done.returncode, done.stderr) == (0, b"")
    assert re.fullmatch(rb"2 .*entries deleted\r\n", done.stdout)


@pytest.mark.wine_lacks
@pytest.mark.usefixtures("standin")
def test_create_set_replace_and_delete(command: Command) -> None:
    assert command("create", "fe80::7", MAC, "-i", "Überall") == (0, "", "")
    assert cells(command("get", "fe80::7%7").out) == [["fe80::7%7", MAC, "Überall", "PERMANENT"]]
    again = command("create", "fe80::7", MAC, "-i", "Überall")
    assert (again.status, again.out, again.err.count("\n")) == (1, "", 1)
    assert command("set", "fe80::7", "lladdr", OTHER.replace(":", "-"), "dev", "Überall") == (0, "", "")
    assert json.loads(command("get", "fe80::7%7", "--json").out)[0]["physical_address"] == OTHER
    assert command("replace", "192.0.2.7", MAC, "-i", "Ethernet") == (0, "", "")
    assert [row[0] for row in cells(command("list").out)] == ["192.0.2.7", "fe80::7%7"]
    assert command("delete", "fe80::7", "-i", "Überall") == (0, "", "")
    absent = command("get", "fe80::7%7")
    assert absent.status == 1
    assert "`netio create` creates one" in absent.err
    assert [str(row.address) for row in netio.list_neighbors()] == ["192.0.2.7"]


@pytest.mark.wine_lacks
def test_list_shows_states_and_routers(command: Command, standin: Standin) -> None:
    standin.row(Neighbor("192.0.2.1", MAC, interface="Ethernet", state=NeighborState.STALE))
    standin.row(Neighbor("192.0.2.2", interface="Ethernet", state=NeighborState.UNREACHABLE, is_unreachable=True))
    standin.row(Neighbor("2001:db8::1", MAC, interface="Überall", state=NeighborState.REACHABLE, is_router=True))
    assert cells(command("list", "--all").out) == [
        ["192.0.2.1", MAC, "Ethernet", "STALE", "0s"],
        ["192.0.2.2", "-", "Ethernet", "UNREACHABLE", "0s"],
        ["2001:db8::1", MAC, "Überall", "REACHABLE", "0s", "router"],
    ]
    done = command("list")
    assert [row[0] for row in cells(done.out)] == ["192.0.2.1", "2001:db8::1"]
    assert done.err == "1 unreachable entry is not shown; --all shows all entries\n"


@pytest.mark.wine_lacks
def test_flush_of_one_interface_keeps_permanent_entries(command: Command, standin: Standin) -> None:
    standin.row(Neighbor("192.0.2.1", MAC, interface="Ethernet", state=NeighborState.STALE))
    standin.row(Neighbor("192.0.2.2", MAC, interface="Überall", state=NeighborState.STALE))
    netio.create_neighbor("192.0.2.7", MAC, interface="Ethernet")
    assert command("flush", "-i", "Ethernet") == (0, "", "")
    assert {str(row.address) for row in netio.list_neighbors()} == {"192.0.2.2", "192.0.2.7"}


@pytest.mark.wine_lacks
@pytest.mark.parametrize(
    "words",
    [["create", "192.0.2.7", MAC], ["set", "192.0.2.7", MAC], ["replace", "192.0.2.7", MAC], ["delete", "192.0.2.7"]],
)
def test_error_without_elevation_names_the_prompt(command: Command, standin: Standin, words: list[str]) -> None:
    standin.elevated(False)
    done = command(*words, "-i", "Ethernet")
    assert (done.status, done.out, done.err.count("\n")) == (1, "", 1)
    assert "elevated prompt" in done.err


@pytest.mark.wine_lacks
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(
    "lines",
    [
        ["address,physical_address,interface", f"192.0.2.7,{MAC},Überall", f'"fe80::8",{OTHER},Ethernet', ""],
        [
            json.dumps({"address": "192.0.2.7", "physical_address": MAC, "interface": "Überall"}, ensure_ascii=False),
            json.dumps({"address": "fe80::8", "physical_address": OTHER, "interface": 4}),
        ],
    ],
)
@pytest.mark.usefixtures("standin")
def test_entries_from_a_file_of_windows(command: Command, tmp_path: Path, mark: bytes, lines: list[str]) -> None:
    file = tmp_path / "hosts"
    file.write_bytes(mark + "\r\n".join(lines).encode())
    done = command("create", "--from", str(file))
    assert (done.status, done.err) == (0, "")
    assert re.fullmatch(r"2 .*entries created\n", done.out)
    assert [(str(row.address), row.physical_address, row.interface) for row in netio.list_neighbors()] == [
        ("192.0.2.7", netio.PhysicalAddress(MAC), "Überall"),
        ("fe80::8%4", netio.PhysicalAddress(OTHER), "Ethernet"),
    ]


@pytest.fixture
def _hosts(standin: Standin) -> None:
    ethernet = next(found for found in netio.list_interfaces() if found.name == "Ethernet")
    standin.route(IPv4Address("192.0.2.0"), 28, ethernet, by_system=True)
    standin.route(IPv4Address("192.0.2.1"), 32, ethernet, by_system=True)
    for number in (3, 9):
        standin.host(IPv4Address(f"192.0.2.{number}"), number)


@pytest.mark.wine_lacks
@pytest.mark.usefixtures("_hosts")
def test_resolve(command: Command) -> None:
    done = command("resolve", "192.0.2.3", "192.0.2.4")
    assert (done.status, done.err) == (1, "")
    assert cells(done.out) == [
        ["192.0.2.3", "02:00:5e:00:00:03", "Ethernet", "REACHABLE"],
        ["192.0.2.4", "-", "Ethernet", "UNREACHABLE"],
    ]


def test_check_is_not_supported() -> None:
    """Bug: the entries look silent, because nothing was sent."""
    done = process(_MAIN, "check", "-4")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"this system has no packet sockets" in done.stderr


@pytest.mark.wine_lacks
@pytest.mark.usefixtures("_hosts")
@pytest.mark.parametrize("words", [["192.0.2.0/28"], ["Ethernet"], []])
def test_scan(command: Command, standin: Standin, words: list[str]) -> None:
    """Bug: a scan without a prefix reads the addresses of Windows in another form."""
    ethernet = next(found for found in netio.list_interfaces() if found.name == "Ethernet")
    standin.address(IPv4Address("192.0.2.1"), 28, ethernet)
    done = command("scan", *words, "--map")
    assert done.status == 0
    reason, summary = done.err.splitlines()
    assert reason.startswith("netio: this system has no packet sockets; so the system probes")
    assert summary.startswith("2 of 16 addresses replied in ")
    table, picture, legend = done.out.split("\n\n")
    assert [row[0] for row in cells(table)] == ["192.0.2.3", "192.0.2.9"]
    assert picture.splitlines() == ["          +0       +8", "192.0.2.0 ...R.... .R......"]
    assert legend.split("  ") == ["R reachable: 2", ". no reply: 14\n"]
