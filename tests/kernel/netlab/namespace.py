# SPDX-License-Identifier: MIT
"""Network namespaces: leaves the machine's own, creates new ones, runs commands in them."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _unshare(flags: int) -> None:
    if _libc.unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "unshare")


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "setns")


def _open_current() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def leave_the_machine() -> None:
    """Moves this process into a new network namespace: as root directly, otherwise inside a new user namespace.

    Raises:
        OSError: The kernel permits neither.
    """
    try:
        _unshare(_CLONE_NEWNET)
    except PermissionError:
        user, group = os.geteuid(), os.getegid()
        _unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")


def is_machines_root() -> bool:
    """Returns whether this process is root of the machine, and not only of a user namespace."""
    return os.geteuid() == 0 and Path("/proc/self/uid_map").read_text().split()[1] == "0"


class Namespace:
    """A new network namespace whose loopback is up. The kernel removes it after close(), once no thread is in it."""

    def __init__(self) -> None:
        before = _open_current()
        try:
            _unshare(_CLONE_NEWNET)
            self.descriptor = _open_current()
            _enter(before)
        finally:
            os.close(before)
        self.ip("link set lo up")

    def close(self) -> None:
        os.close(self.descriptor)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Moves the calling thread into the namespace for the duration of the block."""
        before = _open_current()
        _enter(self.descriptor)
        try:
            yield
        finally:
            _enter(before)
            os.close(before)

    def run(self, *command: str, text: str = "", keep: tuple[int, ...] = ()) -> str:
        """Runs a command in the namespace with text as its input. Returns its output; asserts that it succeeds.

        The command inherits the descriptors in keep.
        """
        with self.entered():
            done = subprocess.run(
                command, input=text, capture_output=True, text=True, pass_fds=keep, timeout=30, check=False
            )
        assert done.returncode == 0, f"{command}: {done.stderr}\n{text}"
        return done.stdout

    def ip(self, *commands: str) -> None:
        """Runs commands of ip(8), for example "link set lo up"."""
        self.run("ip", "-batch", "-", text="\n".join(commands))

    @contextmanager
    def busy(self, commands: Iterable[str]) -> Iterator[Callable[[], bool]]:
        """Runs commands of ip(8) in a child process. Yields a function that returns whether the child still runs."""
        with self.entered(), TemporaryFile("w+") as script:
            script.write("\n".join(commands))
            script.seek(0)
            child = subprocess.Popen(["ip", "-batch", "-"], stdin=script)
        try:
            yield lambda: child.poll() is None
            assert child.wait(30) == 0
        finally:
            child.kill()
            child.wait()

    def json(self, command: str) -> list[dict[str, Any]]:
        """Returns the output of an ip(8) command that shows objects."""
        shown = self.run("ip", "-json", *command.split())
        return [item for item in json.loads(shown or "[]") if item]
