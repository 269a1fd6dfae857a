# SPDX-License-Identifier: MIT
"""Faults of system calls, injected into another process by faults.c, whose head lists the switches."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

RTM_NEWLINK, RTM_NEWROUTE, RTM_GETROUTE = 16, 24, 26
RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30

_SOURCE = Path(__file__).with_name("faults.c")
_PREFIX = "NETIO_FAULT_"


def build(folder: Path) -> Path:
    """Compiles the library that injects faults."""
    library = folder / "faults.so"
    flags = ["-std=c11", "-D_GNU_SOURCE", "-shared", "-fPIC"]
    subprocess.run(["cc", *flags, str(_SOURCE), "-o", str(library)], check=True, timeout=50)
    return library


class Faults:
    """Faults that are switched on by an environment, and the marks that they leave when they are injected."""

    def __init__(self, library: Path, marks: Path, switches: dict[str, str]) -> None:
        self.environment = {
            "LD_PRELOAD": str(library),
            f"{_PREFIX}MARKS": str(marks),
            **{_PREFIX + name: value for name, value in switches.items()},
        }
        self._marks = marks
        self._expected = {name for name in switches if not name.startswith(("SEND_", "REPLY_"))}

    def marks(self) -> list[str]:
        """Returns the switch of each injected fault so far."""
        return self._marks.read_text().splitlines() if self._marks.exists() else []

    def check(self) -> None:
        """Asserts that every fault that is switched on was injected, and no other mark was left."""
        assert set(self.marks()) == self._expected, f"injected faults: {self.marks()}"


class Injector:
    """Switches faults on: `with inject(lose="replies", send_turn=2) as faults`, then a process with its environment.

    On exit every fault must have been injected: without it the test would have tested nothing.
    """

    def __init__(self, library: Path, folder: Path) -> None:
        self._library = library
        self._folder = folder
        self._used = 0

    @contextmanager
    def __call__(self, **switches: str | int) -> Iterator[Faults]:
        self._used += 1
        marks = self._folder / f"fault-marks-{self._used}"
        faults = Faults(self._library, marks, {name.upper(): str(value) for name, value in switches.items()})
        yield faults
        faults.check()
