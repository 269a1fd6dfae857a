# SPDX-License-Identifier: MIT
"""Network namespaces: leaving the machine's own, making fresh ones, running commands in them."""

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
    """Takes this process out of the machine's network for good: as root directly, else by a user namespace.

    Raises:
        OSError: The kernel allows neither.
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
    """Whether this is root, and not root of a user namespace only."""
    return os.geteuid() == 0 and Path("/proc/self/uid_map").read_text().split()[1] == "0"


class Namespace:
    """A fresh network namespace with its loopback up; it vanishes with close(), and when nobody is in it any more."""

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
        """Puts the calling thread into the namespace for a while."""
        before = _open_current()
        _enter(self.descriptor)
        try:
            yield
        finally:
            _enter(before)
            os.close(before)

    def run(self, *command: str, text: str = "", keep: tuple[int, ...] = ()) -> str:
        """Runs a command in the namespace, with text as its input, and returns what it prints; failure is an error.

        The command inherits the descriptors in keep.
        """
        with self.entered():
            done = subprocess.run(
                command, input=text, capture_output=True, text=True, pass_fds=keep, timeout=30, check=False
            )
        assert done.returncode == 0, f"{command}: {done.stderr}\n{text}"
        return done.stdout

    def ip(self, *commands: str) -> None:
        """Runs commands of ip(8), such as "link set lo up"."""
        self.run("ip", "-batch", "-", text="\n".join(commands))

    @contextmanager
    def busy(self, commands: Iterable[str]) -> Iterator[Callable[[], bool]]:
        """Runs many commands of ip(8) in a process of their own; gives a function that tells whether it is at work."""
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
        """Reads what a showing command of ip(8) shows."""
        shown = self.run("ip", "-json", *command.split())
        return [item for item in json.loads(shown or "[]") if item]
