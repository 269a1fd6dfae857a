# SPDX-License-Identifier: MIT
"""The C code in several threads at once, under ThreadSanitizer."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from netlab import faults, figures

if TYPE_CHECKING:
    from netlab.wire import Wire

SOURCE = Path(faults.__file__).with_name("threads.c")
NATIVE = Path(__file__).parents[3] / "netio" / "native"
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-fsanitize=thread", f"-I{NATIVE}", f"-I{NATIVE / 'rtnetlink'}"]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("threads") / "threads"
    sources = [SOURCE, *NATIVE.glob("*.c"), *(NATIVE / "rtnetlink").glob("*.c")]
    subprocess.run(["cc", *FLAGS, *map(str, sources), "-o", str(path)], check=True, timeout=50)
    return path


def test_threads_have_no_data_race(wire: Wire, program: Path) -> None:
    """Bug: two threads access the same memory without an order, or the wake of a closed watch is lost."""
    with wire.near.entered():
        index = socket.if_nametoindex("near0")
        # Without a random layout of memory, of which old sanitizers accept only a part.
        setarch = shutil.which("setarch")
        assert setarch is not None
        done = subprocess.run(
            [setarch, "--addr-no-randomize", program, str(index), "3"],
            env={"TSAN_OPTIONS": "exitcode=66"},
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    rounds = dict(line.split(": ") for line in done.stdout.splitlines())
    assert len(rounds) == 8
    assert sum(int(rounds[name]) for name in ("read watch", "read watch too")) > 0
    assert all(int(number) > 0 for name, number in rounds.items() if "read watch" not in name), rounds
    figures.record("threads", "rounds", sum(map(int, rounds.values())))
