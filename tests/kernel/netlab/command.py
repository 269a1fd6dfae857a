# SPDX-License-Identifier: MIT
"""Runs the netio command as a process: with pipes, or on a terminal with typed input."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import termios
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

import netio
from netlab.child import environment, python

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# If a shell started the tests in the background, the tests and their children ignore SIGINT.
COMMAND = python(
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from netio.cli import main; main()"
)

# The line that `netio list` prints on stderr about the entries that it does not show.
NOT_SHOWN = r"[\d,]+ unreachable entr(y is|ies are) not shown; --all shows all entries\n"

_SCHEMA = Path(netio.__file__).with_name("schema.json")
_SECONDS = 25

# Variables in the environment of the tests that would change the output of the command.
_LOOKS = (
    *("COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"),
    *("PYTHONIOENCODING", "PYTHONUNBUFFERED", "PYTHONUTF8"),
)


def surroundings(**more: str) -> dict[str, str]:
    """Returns the environment of the command."""
    return {name: value for name, value in environment().items() if name not in _LOOKS} | more


def run(*arguments: str, text: str = "", prefix: Sequence[str] = (), **more: str) -> subprocess.CompletedProcess[str]:
    """Runs the command without a terminal, with text as its standard input."""
    return subprocess.run(
        [*prefix, *COMMAND, *arguments],
        input=text,
        capture_output=True,
        text=True,
        env=surroundings(**more),
        timeout=_SECONDS,
        check=False,
    )


def run_in_shell(script: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs a shell script in which `netio` is the command."""
    function = 'netio() { "$@"; }; '.replace('"$@"', " ".join(f"'{word}'" for word in COMMAND) + ' "$@"')
    return subprocess.run(
        ["sh", "-c", function + script],
        capture_output=True,
        text=True,
        env=surroundings(**more),
        timeout=_SECONDS,
        check=False,
    )


def complaint(*arguments: str, text: str = "", prefix: Sequence[str] = (), **more: str) -> str:
    """Runs a command that must fail: status 1, nothing on stdout, one line on stderr. Returns that line."""
    done = run(*arguments, text=text, prefix=prefix, **more)
    assert (done.returncode, done.stdout) == (1, ""), done
    assert re.fullmatch("netio: [^\n]+\n", done.stderr), done.stderr
    return done.stderr.strip()


def answer(command: str, *arguments: str, status: int = 0, text: str = "", prefix: Sequence[str] = ()) -> Any:  # noqa: ANN401
    """Runs a command with --json. Returns its parsed output after validating it against the schema."""
    done = run(command, "--json", *arguments, text=text, prefix=prefix)
    assert done.returncode == status, done
    assert status or not re.sub(NOT_SHOWN, "", done.stderr)
    if command != "scan":
        return checked(command, json.loads(done.stdout))
    return [checked(command, json.loads(line)) for line in done.stdout.splitlines()]


def checked(command: str, output: Any) -> Any:  # noqa: ANN401
    """Validates the output of a command against the schema, and returns it."""
    schema = json.loads(_SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator({"$ref": f"#/$defs/{command}", "$defs": schema["$defs"]}).validate(output)
    return output


class Terminal:
    """A command that runs on its own terminal."""

    def __init__(self, process: subprocess.Popen[bytes], keeper: int) -> None:
        self._process = process
        self._keeper = keeper
        self._read = b""
        self._settings = termios.tcgetattr(keeper)

    @property
    def raw(self) -> str:
        """All output so far."""
        return self._read.decode()

    @property
    def text(self) -> str:
        """All output so far, without colours and cursor movements."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.raw).replace("\r\n", "\n")

    @property
    def process_id(self) -> int:
        """The process of the command."""
        return self._process.pid

    @property
    def suspend_key(self) -> bytes:
        """The key that stops processes; b"\\0" if there is none."""
        key: bytes = termios.tcgetattr(self._keeper)[6][termios.VSUSP]
        return key

    def expect(self, text: str) -> None:
        """Waits until the output contains the text."""
        until = monotonic() + _SECONDS
        while text not in self.text:
            assert self._receive(until), f"{text!r} is missing in the output: {self.text[-500:]!r}"

    def wait_until_idle(self) -> None:
        """Waits until the command is blocked: on the keyboard or on the network."""
        until = monotonic() + _SECONDS
        while self._state() != "S":
            assert monotonic() < until, "the command is never idle"

    def type(self, text: str) -> None:
        """Types text; "\\x03" is Ctrl-C."""
        os.write(self._keeper, text.encode())

    def finish(self) -> int:
        """Waits for the command and returns its exit status.

        Asserts that it restored the terminal and left no process behind.
        """
        until = monotonic() + _SECONDS
        while self._receive(until):
            pass
        status = self._process.wait(_SECONDS)
        assert termios.tcgetattr(self._keeper) == self._settings
        assert self.raw.rfind("\x1b[?25l") <= self.raw.rfind("\x1b[?25h"), "the cursor is still hidden"
        try:
            os.killpg(self._process.pid, 0)
        except ProcessLookupError:
            return status
        raise AssertionError("a process is left in its process group")

    def _state(self) -> str:
        """Returns the state of the process: R while it runs, S while it is blocked."""
        return Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(") ")[2][0]

    def _receive(self, until: float) -> bool:
        ready, _, _ = select.select([self._keeper], [], [], max(0, until - monotonic()))
        assert ready, f"the command takes too long; output so far: {self.text[-500:]!r}"
        try:
            received = os.read(self._keeper, 65536)
        except OSError:  # all processes have closed the other side
            return False
        self._read += received
        return bool(received)


def _with_stdin(descriptor: int | None) -> list[str]:
    """Returns a prefix that redirects stdin of a command. It follows setsid, which needs the terminal as its stdin."""
    return [] if descriptor is None else ["sh", "-c", f'exec "$@" </dev/fd/{descriptor}', "sh"]


@contextmanager
def on_terminal(
    *arguments: str,
    columns: int = 80,
    stdin: int | None = None,
    stdout: int | None = None,
    more: dict[str, str] | None = None,
) -> Iterator[Terminal]:
    """Starts the command on a terminal. Its stdin and stdout can be redirected."""
    keeper, terminal = pty.openpty()
    termios.tcsetwinsize(keeper, (24, columns))
    process = subprocess.Popen(
        # A new session, so that Ctrl-C on its terminal sends it a signal.
        ["setsid", "--ctty", *_with_stdin(stdin), *COMMAND, *arguments],
        stdin=terminal,
        pass_fds=() if stdin is None else (stdin,),
        stdout=terminal if stdout is None else stdout,
        stderr=terminal,
        env=surroundings(**{"TERM": "xterm"} | (more or {})),
    )
    os.close(terminal)
    try:
        yield Terminal(process, keeper)
    finally:
        os.close(keeper)
        process.kill()
        process.wait()
