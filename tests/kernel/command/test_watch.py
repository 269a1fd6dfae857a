# SPDX-License-Identifier: MIT
"""netio watch: lines, JSON and commands for changes, and the view on a terminal."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from netio import ChangeKind, NeighborChange
from netio.cli.change_output import FIELDS, change_environment, change_line, change_object
from netlab.command import COMMAND, checked, complaint, on_terminal, run, surroundings
from netlab.wire import FAR_IP4, FAR_MAC

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from netlab.command import Terminal
    from netlab.wire import Wire

MAC, OTHER_MAC = "02:00:5e:00:00:07", "02:00:5e:00:00:08"
KNOWN, HOST = "192.0.2.7", "192.0.2.9"


@pytest.fixture(autouse=True)
def _known(wire: Wire) -> None:
    """An entry that exists before the watch, which reports it if --initial is given."""
    wire.near.ip(f"neigh add {KNOWN} lladdr {MAC} dev near0")


class Watching:
    """The command with its output in a pipe."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def line(self) -> str:
        """Waits for a line."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def end(self) -> tuple[str, str, int]:
        """Presses Ctrl-C. Returns the rest of the output, stderr and the exit status."""
        self.process.send_signal(signal.SIGINT)
        output, errors = self.process.communicate(timeout=25)
        return output, errors, self.process.returncode


@contextmanager
def watching(*arguments: str) -> Iterator[Watching]:
    """Starts the command and waits until it has reported the entry that exists."""
    command = [*COMMAND, "watch", "--initial", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=surroundings()
    ) as process:
        try:
            watch = Watching(process)
            assert KNOWN in watch.line()
            yield watch
        finally:
            process.kill()


def fields(line: str) -> list[str]:
    return line.rstrip("\n").split("\t")


def test_line_for_each_change(wire: Wire) -> None:
    """Bug: a line is buffered until the pipe is full, or has other fields than documented."""
    with watching() as watch:
        wire.near.ip(f"neigh add {HOST} lladdr {MAC} dev near0")
        assert fields(watch.line()) == ["ADDED", HOST, MAC, "near0", "PERMANENT", "-", "-"]
        wire.near.ip(f"neigh replace {HOST} lladdr {OTHER_MAC} dev near0 nud stale")
        assert fields(watch.line()) == ["CHANGED", HOST, OTHER_MAC, "near0", "STALE", "PERMANENT", MAC]
        wire.near.ip(f"neigh del {HOST} dev near0")
        assert fields(watch.line()) == ["REMOVED", HOST, OTHER_MAC, "near0", "STALE", "STALE", OTHER_MAC]
        wire.near.ip(f"neigh add {HOST} lladdr {MAC} dev near0")
        assert fields(watch.line()) == ["ADDED", HOST, MAC, "near0", "PERMANENT", "-", OTHER_MAC]
        assert watch.end() == ("", "", 130)


def test_json_for_each_change(wire: Wire) -> None:
    """Bug: an object is invalid by the schema, or the entries lack fields."""
    with watching("--json") as watch:
        wire.near.ip(f"neigh add {HOST} lladdr {MAC} dev near0")
        first = checked("watch", json.loads(watch.line()))
        wire.near.ip(f"neigh replace {HOST} lladdr {OTHER_MAC} dev near0")
        second = checked("watch", json.loads(watch.line()))
        assert watch.end() == ("", "", 130)

    assert (first["kind"], first["previous"], first["last_physical_address"]) == ("ADDED", None, "")
    assert (second["kind"], second["last_physical_address"]) == ("CHANGED", MAC)
    assert second["previous"].keys() == first["neighbor"].keys()
    assert [second[which]["physical_address"] for which in ("previous", "neighbor")] == [MAC, OTHER_MAC]


def test_resync_has_a_line_an_object_and_an_environment() -> None:
    """Bug: a RESYNC, which has no entry, ends the command."""
    change = NeighborChange(ChangeKind.RESYNC, None)
    assert fields(change_line(change)) == ["RESYNC", *"-" * (len(FIELDS) - 1)]
    assert checked("watch", change_object(change, None))["kind"] == "RESYNC"
    assert [name for name, value in change_environment(change).items() if value] == ["NETIO_KIND"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ["192.0.2.9", "192.0.2.10", "2001:db8::9", "fe80::9%near0", "10.9.9.9"]),
        (("-4",), ["192.0.2.9", "192.0.2.10", "10.9.9.9"]),
        (("-6",), ["2001:db8::9", "fe80::9%near0"]),
        (("192.0.2.9", "2001:db8::/64"), ["192.0.2.9", "2001:db8::9"]),
        (("fe80::9%near0",), ["fe80::9%near0"]),
        (("-i", "near1"), ["10.9.9.9"]),
        (("near0", "192.0.2.8/29"), ["192.0.2.9", "192.0.2.10"]),
        (("dev", "near0", "dev", "near1", "-4"), ["192.0.2.9", "192.0.2.10", "10.9.9.9"]),
        ((OTHER_MAC,), ["192.0.2.10"]),
    ],
)
def test_words_and_options_select_changes(wire: Wire, arguments: tuple[str, ...], expected: list[str]) -> None:
    """Bug: a filter is ignored, or words of one kind do not add up."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    wire.near.ip(
        f"neigh del {KNOWN} dev near0",
        f"neigh add 192.0.2.9 lladdr {MAC} dev near0",
        f"neigh add 192.0.2.10 lladdr {OTHER_MAC} dev near0",
        f"neigh add 2001:db8::9 lladdr {MAC} dev near0",
        f"neigh add fe80::9 lladdr {MAC} dev near0",
        f"neigh add 10.9.9.9 lladdr {MAC} dev near1",
    )

    done = run("watch", "--initial", "--for", "0.2", *arguments)

    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(fields(line)[1] for line in done.stdout.splitlines()) == sorted(expected)


def test_multicast_entries_are_shown_with_all(wire: Wire) -> None:
    """Bug: the entries that the kernel makes for multicast addresses are in between."""
    wire.near.ip("neigh add 224.0.0.251 lladdr 01:00:5e:00:00:fb dev near0")
    found = [run("watch", "--initial", "--for", "0.1", "-4", *more).stdout for more in ((), ("--all",))]
    assert ["224.0.0.251" in text for text in found] == [False, True]


def test_resolved_reports_physical_addresses_only(wire: Wire) -> None:
    """Bug: changes of the state are reported, or the loss of the physical address is not."""
    with watching("--resolved") as watch:
        wire.near.ip(
            f"neigh add {HOST} dev near0 nud failed",
            f"neigh replace {HOST} lladdr {MAC} dev near0 nud stale",
            f"neigh replace {HOST} lladdr {MAC} dev near0 nud reachable",
            f"neigh replace {HOST} lladdr {OTHER_MAC} dev near0 nud reachable",
            f"neigh del {HOST} dev near0",
        )
        # The watch may join the first two changes.
        assert fields(watch.line())[1:5] == [HOST, MAC, "near0", "STALE"]
        assert fields(watch.line())[:3] == ["CHANGED", HOST, OTHER_MAC]
        assert fields(watch.line())[:3] == ["REMOVED", HOST, OTHER_MAC]
        assert watch.end() == ("", "", 130)


def test_existing_entries_are_reported_only_on_request() -> None:
    """Bug: without --initial the entries that exist are reported, too."""
    done = run("watch", "--for", "0.1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_small_receive_buffer_loses_changes(wire: Wire) -> None:
    """Bug: the option is not passed on: the default holds these changes, also that of an ordinary user."""
    addresses = [f"192.0.2.{100 + i}" for i in range(100)]
    with watching("--receive-buffer", "4096") as watch:
        watch.process.send_signal(signal.SIGSTOP)
        wire.near.ip(*(f"neigh add {address} lladdr {MAC} dev near0" for address in addresses))
        watch.process.send_signal(signal.SIGCONT)
        lines = [watch.line().split()]
        while lines[-1][1:2] != [addresses[-1]]:
            lines.append(watch.line().split())
        assert "RESYNC" in {line[0] for line in lines}


def test_exec_runs_a_command_for_each_change(wire: Wire, tmp_path: Path) -> None:
    """Bug: a variable is missing, or the name of an interface is executed by the shell."""
    wire.near.ip(
        "link add name $(date) type bridge",
        "link set $(date) up",
        f"neigh add {HOST} lladdr {MAC} dev $(date)",
    )
    log = tmp_path / "log"
    variables = '"$NETIO_KIND $NETIO_ADDRESS $NETIO_PHYSICAL_ADDRESS $NETIO_INTERFACE $NETIO_STATE"'

    done = run("watch", "-4", "--initial", "--for", "0.3", "--exec", f"echo {variables} >>{log}")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(log.read_text().splitlines()) == [
        f"ADDED {KNOWN} {MAC} near0 PERMANENT",
        f"ADDED {HOST} {MAC} $(date) PERMANENT",
    ]


def test_exec_that_fails_is_reported(wire: Wire) -> None:
    """Bug: a command that fails ends the watch, or nothing shows that it failed."""
    wire.near.ip(f"neigh add {HOST} lladdr {MAC} dev near0")
    done = run("watch", "-4", "--initial", "--for", "0.2", "--exec", 'test "$NETIO_ADDRESS" = 192.0.2.7')
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"netio: ADDED {HOST}: the command of --exec failed (exit status 1)\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("reachable",), "changes cannot be selected by state"),
        (("--json", "--exec", "true"), "--json contradicts --exec"),
        (("-i", "near0", "-i", "none"), "there is no interface 'none'; the interfaces are lo, near0"),
        (("--for", "-1"), "-1"),
        (("nonsense",), "'nonsense' is not an address"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], message: str) -> None:
    """Bug: an option or a word that has no effect is accepted."""
    done = run("watch", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in " ".join(done.stderr.split())


def test_removed_interface_ends_the_command(wire: Wire) -> None:
    """Bug: the watch of an interface that was removed waits for ever."""
    wire.near.ip("link add name gone0 type bridge", "link set gone0 up", f"neigh add {KNOWN} lladdr {MAC} dev gone0")
    with watching("-i", "gone0", "-4") as watch:
        wire.near.ip("link del gone0")
        output, errors = watch.process.communicate(timeout=25)
    assert [fields(line)[:2] for line in output.splitlines()] == [["REMOVED", KNOWN]]
    assert watch.process.returncode == 1
    assert re.fullmatch("netio: interface gone0: it was removed[^\n]*\n", errors), errors


def test_unknown_namespace() -> None:
    """Bug: --netns has no effect."""
    assert "no such network namespace" in complaint("watch", "--netns", "none", "--for", "0.1")


def test_reader_that_closes_the_pipe(wire: Wire) -> None:
    """Bug: a traceback at the next change after `| head -1`."""
    with watching() as watch:
        assert watch.process.stdout is not None
        assert watch.process.stderr is not None
        watch.process.stdout.close()
        wire.near.ip(f"neigh add {HOST} lladdr {MAC} dev near0")
        assert (watch.process.stderr.read(), watch.process.wait(25)) == ("", 1)


def last_page(terminal: Terminal) -> list[str]:
    """Returns the lines of the last page on the terminal."""
    page = terminal.raw.rpartition("\x1b[H")[2].partition("\x1b[?1049l")[0]
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", page).splitlines()
    return [line.rstrip() for line in lines if line.strip()]


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_view_marks_what_is_new_changed_and_gone(wire: Wire, columns: int) -> None:
    """Bug: a change is not shown, an address is cut, or the screen before the command does not return."""
    wire.near.ip(f"neigh add 192.0.2.8 lladdr {MAC} dev near0")
    with on_terminal("watch", "-4", "near0", columns=columns) as terminal:
        terminal.expect(f"  {KNOWN} ")
        wire.near.ip(
            f"neigh add 192.0.2.10 lladdr {MAC} dev near0",
            f"neigh replace {KNOWN} lladdr {OTHER_MAC} dev near0",
            "neigh del 192.0.2.8 dev near0",
        )
        terminal.expect("2 entries, 1 new (+), 1 changed (*), 1 gone (-)" if columns > 40 else "2 entries +1 *1 -1")
        terminal.type("q")
        assert terminal.finish() == 0
    _, heading, *lines = last_page(terminal)
    assert [line.split()[:3] for line in lines] == [
        ["*", KNOWN, OTHER_MAC],
        ["-", "192.0.2.8", MAC],
        ["+", "192.0.2.10", MAC],
    ]
    assert all(len(line) <= columns for line in (heading, *lines))
    assert ("INTERFACE" in heading) is (columns > 40)
    assert terminal.raw.count("\x1b[?1049h") == terminal.raw.count("\x1b[?1049l") == 1


def test_view_shows_hosts_that_reply_and_no_silent_ones(wire: Wire) -> None:
    """Bug: the view leaves out entries that the kernel creates itself, or shows the silent ones of a scan."""
    wire.near.ip("neigh add 192.0.2.66 dev near0 nud failed extern_learn")
    with on_terminal("watch", "-4") as terminal:
        terminal.expect(f"  {KNOWN} ")
        assert run("resolve", FAR_IP4).returncode == 0
        terminal.expect(f"+ {FAR_IP4} ")
        terminal.type("q")
        assert terminal.finish() == 0
    assert FAR_MAC in terminal.text
    assert "192.0.2.66" not in terminal.text


@pytest.mark.parametrize(("arguments", "shown"), [((), True), (("--resolved",), False)])
def test_view_of_resolved_entries(wire: Wire, arguments: tuple[str, ...], shown: bool) -> None:
    """Bug: --resolved has no effect on a terminal."""
    wire.near.ip("neigh add 192.0.2.66 dev near0 nud none extern_learn")
    with on_terminal("watch", "-4", *arguments) as terminal:
        terminal.expect(f"  {KNOWN} ")
        terminal.type("q")
        assert terminal.finish() == 0
    assert ("192.0.2.66" in terminal.text) is shown


@pytest.mark.parametrize(("keys", "status"), [("q", 0), ("\x03", 130), ("xq", 0), ("\x1aq", 0)])
def test_keys_end_the_view(keys: str, status: int) -> None:
    """Bug: the terminal is left without echo or cursor, or Ctrl-Z leaves the alternate screen to the shell."""
    with on_terminal("watch") as terminal:
        terminal.expect(KNOWN)
        assert terminal.suspend_key == b"\0"
        terminal.type(keys)
        assert terminal.finish() == status
    assert "Traceback" not in terminal.text


def test_terminated_view_restores_the_terminal() -> None:
    """Bug: SIGTERM leaves the alternate screen, without echo and cursor."""
    with on_terminal("watch") as terminal:
        terminal.expect(KNOWN)
        os.kill(terminal.process_id, signal.SIGTERM)
        assert terminal.finish() == 128 + signal.SIGTERM
    assert "\x1b[?1049l" in terminal.raw


def test_view_ends_after_its_time() -> None:
    """Bug: --for has no effect on a terminal."""
    with on_terminal("watch", "--for", "0.3") as terminal:
        assert terminal.finish() == 0
    assert KNOWN in terminal.text


def test_control_characters_of_a_name_do_not_reach_the_output(wire: Wire) -> None:
    """Bug: the name of an interface moves the cursor or sets colours."""
    name = "bad\x1b[7m"
    wire.near.run("ip", "link", "add", "name", name, "type", "bridge")
    wire.near.run("ip", "link", "set", name, "up")
    wire.near.run("ip", "neigh", "add", HOST, "lladdr", MAC, "dev", name)
    with on_terminal("watch", columns=100) as terminal:
        terminal.expect(HOST)
        terminal.type("q")
        assert terminal.finish() == 0
    assert "\x1b[7m" not in terminal.raw
    assert "bad\\x1b[7m" in terminal.raw
    assert "\tbad\\x1b[7m\t" in run("watch", "--initial", "--for", "0.2").stdout


@pytest.mark.parametrize(("arguments", "term"), [((), "dumb"), (("--json",), "xterm")])
def test_dumb_terminal_and_json_get_lines(arguments: tuple[str, ...], term: str) -> None:
    """Bug: a terminal without cursor movements gets them, or --json shows the view."""
    with on_terminal("watch", "--initial", "--for", "0.2", *arguments, more={"TERM": term}) as terminal:
        assert terminal.finish() == 0
    assert KNOWN in terminal.raw
    assert "\x1b" not in terminal.raw
