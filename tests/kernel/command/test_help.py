# SPDX-License-Identifier: MIT
"""The help texts: every example of every --help is run here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.child import environment, python
from netlab.command import run, run_in_shell, surroundings
from netlab.oracle import Seen, seen
from netlab.wire import FAR_MAC

if TYPE_CHECKING:
    from netlab.wire import Wire

WRITING = ["create", "set", "replace", "delete", "flush", "save", "apply", "diff", "restore"]
COMMANDS = ["list", "get", "resolve", "watch", *WRITING, "keep", "scan", "check", "table", "exporter"]
MAC = "02:00:5e:00:00:07"


def completions(typed: str) -> set[str]:
    """Returns what the shell is offered after a Tab."""
    done = run(_NETIO_COMPLETE="bash_complete", COMP_WORDS=typed, COMP_CWORD=str(typed.count(" ")))
    assert (done.returncode, done.stderr) == (0, "")
    return {line.partition(",")[2] for line in done.stdout.splitlines() if line}


def help_of(*command: str) -> str:
    done = run(*command, "--help", COLUMNS="100")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def examples(text: str) -> list[str]:
    """The commands of a help text; two blanks separate them from their descriptions."""
    return [line.strip().split("  ")[0] for line in text.splitlines() if re.match(r" +netio [a-z]", line)]


@pytest.fixture
def home(wire: Wire) -> Wire:
    """The network of the examples: eth0, a host that replies, another one that can be pinned."""
    wire.near.ip("link set near0 down", "link set near0 name eth0", "link set eth0 up")
    wire.near.ip(*(f"ntable change name {table} dev eth0 retrans 100" for table in ("arp_cache", "ndisc_cache")))
    wire.near.ip("address replace 2001:db8::1/64 dev eth0 nodad", "address replace fe80::1/64 dev eth0 nodad")
    wire.far.ip("address add 192.0.2.3/24 dev far0")
    return wire


@pytest.mark.usefixtures("home")
def test_examples_of_the_first_help_page() -> None:
    """Bug: one of the first five commands that a new user copies does not work.

    They list, resolve, pin, unpin and scan.
    """
    lines = [line.replace("netio watch", "netio watch --for 0.2") for line in examples(help_of())]
    listing, resolving, pin, unpin, scan, watch = map(run_in_shell, lines)

    assert {done.returncode for done in (listing, resolving, pin, unpin, scan, watch)} == {0}
    assert listing.stdout.startswith("ADDRESS ")
    assert resolving.stdout.splitlines()[1].split() == ["192.0.2.2", FAR_MAC, "eth0", "REACHABLE"]
    assert [line.split()[0] for line in scan.stdout.partition("\n\n")[0].splitlines()[1:]] == [
        "192.0.2.2",
        "192.0.2.3",
    ]
    assert "R reachable: 2" in scan.stdout
    assert "P permanent" not in scan.stdout


def test_examples_of_pinning_and_unpinning(home: Wire) -> None:
    """Bug: the third and fourth example write or leave other entries than they say."""
    _, _, pin, unpin, *_ = examples(help_of())
    assert run_in_shell(pin).returncode == 0
    assert seen(home.near, "eth0") == {"192.0.2.7": Seen(MAC)}
    assert run_in_shell(unpin).returncode == 0
    assert seen(home.near, "eth0") == {}


def test_help_lists_all_commands_and_no_alias() -> None:
    """Bug: a command is missing in the help, or an alias has another help than its command."""
    shown = re.findall(r"^  ([a-z]+) {2,}\S", help_of().partition("Commands:")[2], re.MULTILINE)
    assert shown == COMMANDS
    for alias, command in (("show", "list"), ("add", "create"), ("change", "set"), ("del", "delete")):
        assert help_of(alias).replace(f"netio {alias}", f"netio {command}", 1) == help_of(command)


# test_keep.py runs those of keep, which does not end.
@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in ("keep", "exporter")])
def test_examples_of_each_command(home: Wire, tmp_path: Path, command: str) -> None:
    """Bug: an example has an option that no longer exists. jq is replaced by cat."""
    home.near.ip(f"neigh add 192.0.2.8 lladdr {MAC} dev eth0", f"neigh add fe80::7 lladdr {MAC} dev eth0")
    if command != "create":
        home.near.ip(f"neigh add 192.0.2.7 lladdr {MAC} dev eth0")
    number = 9 if command == "create" else 8
    hosts = f"address,physical_address,interface\n192.0.2.{number},{MAC},eth0\n"
    lines = examples(help_of(command))
    assert len(lines) >= 2
    for line in lines:
        assert f"{line} ".startswith(f"netio {command} ") or f"| netio {command} " in line
        assert "  " not in line
        (tmp_path / "hosts.csv").write_text(hosts)
        ending = line.replace("netio watch", "netio watch --for 0.2")
        done = run_in_shell(f"cd {tmp_path}; jq() {{ cat; }}; {ending}")
        is_pending = " diff " in line or (command in ("apply", "restore") and "--dry-run" in line)
        # `check` has exit status 1, since no host has the pinned addresses; in a pipe the last command counts.
        is_silent = command == "check" and "|" not in line
        expected = {2 if is_pending else 1 if is_silent else 0, 0 if not is_silent else 1}
        assert done.returncode in expected, (line, done)
        assert "netio: " not in done.stderr, (line, done)


def test_help_of_scan_explains_its_effect_on_the_table() -> None:
    """Bug: a user fills the table of the whole machine without a warning."""
    text = " ".join(help_of("scan").split())
    assert "--in-flight" in text
    assert "may evict entries of other programs" in text


def test_manual_page_is_that_of_the_commands() -> None:
    """Bug: an option was changed, and the manual page was not written again."""
    script = Path(__file__).parents[3] / "docs" / "manual.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_version_option() -> None:
    """Bug: --version prints another version than that of the package."""
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"netio, version {netio.__version__}\n", "")


def test_module_is_the_command() -> None:
    """Bug: `python -m netio` says that netio is a package and cannot be executed."""
    command = [sys.executable, "-P", "-W", "error", "-m", "netio", "--version"]
    done = subprocess.run(command, env=surroundings(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"netio, version {netio.__version__}\n", "")


@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("netio s", {"save", "scan", "set"}),
        ("netio list -i n", {"near0"}),
        ("netio scan --interface ", {"near0", "lo"}),
        ("netio list --st", {"--state"}),
        ("netio list --sort add", {"address"}),
        ("netio scan nea", {"near0"}),
        ("netio sh", set()),
    ],
)
def test_shell_completion(typed: str, offered: set[str]) -> None:
    """Bug: completion offers aliases or nothing, or fails."""
    assert completions(typed) == offered


def test_completion_leaves_out_names_that_need_quoting(wire: Wire) -> None:
    """Bug: the shell executes a part of an interface's name, or one name that is not UTF-8 ends the completion."""
    names = [b"$(id>&2)", b"`id`", b"a;id", b"v\xe9", b"v-1.2_a@b+c"]
    with wire.near.entered():
        for name in names:
            subprocess.run([b"ip", b"link", b"add", b"name", name, b"type", b"bridge"], check=True)
    assert completions("netio list -i ") == {"near0", "lo", "v-1.2_a@b+c"}


@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["list", "--json"], ["list", "--help"], ["scan", "192.0.2.2", "--json"]]
)
def test_only_tables_load_rich(arguments: list[str]) -> None:
    """Bug: an import moved to the top of a file, so that every start takes twice as long."""
    code = f"""
import sys
from netio.cli import main
sys.argv[1:] = {arguments!r}
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""
    done = subprocess.run(python(code), capture_output=True, text=True, env=surroundings(), timeout=30, check=True)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert "click" in loaded
    assert not loaded & {"rich", "asyncio", "aiooui", "numpy", "prometheus_client"}


def test_completion_file_of_bash() -> None:
    """Bug: the file that the wheel installs for bash names another command or variable, so Tab offers nothing."""
    file = Path(__file__).parents[3] / "docs" / "completion" / "netio"
    script = f'source "{file}"; COMP_WORDS=(netio fl); COMP_CWORD=1; _netio_completion netio; echo "${{COMPREPLY[@]}}"'
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    offered = subprocess.check_output(["bash", "-c", script], env=environment(PATH=path), text=True)
    assert offered == "flush\n"
