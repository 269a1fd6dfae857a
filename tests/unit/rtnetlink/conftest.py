# SPDX-License-Identifier: MIT
"""Builds the reader and the parser without a kernel behind them, plain and under the sanitizers."""

import os
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netio import Neighbor
from netio.convert import ROW_SIZE, unpack

HERE = Path(__file__).parent
NATIVE = HERE.parents[2] / "netio" / "native"
COMPILER = shlex.split(os.environ.get("CC", "cc"))
FLAGS = {
    "plain": ["-O2"],
    "sanitized": ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
}

# What feed.c answers: the reader's result and the rows that it visited.
Feed = Callable[..., tuple[int, list[Neighbor]]]


@pytest.fixture(scope="session", params=FLAGS)
def feeder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    program = tmp_path_factory.mktemp("feed") / "feed"
    sources = [HERE / "feed.c", NATIVE / "rtnetlink" / "rtnl.c", NATIVE / "rtnetlink" / "neighbor.c"]
    command = [*COMPILER, "-std=c11", "-D_GNU_SOURCE", f"-I{NATIVE}", f"-I{NATIVE / 'rtnetlink'}"]
    try:
        subprocess.run([*command, *FLAGS[request.param], *map(str, sources), "-o", str(program)], check=True)
    except FileNotFoundError:
        pytest.exit(f"these tests need a C compiler: install gcc or set CC (now {shlex.join(COMPILER)})", returncode=1)
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
            process.communicate(timeout=10)
            assert process.returncode == 0
        finally:
            process.kill()


@pytest.fixture(scope="session")
def feed(feeder: subprocess.Popen[str]) -> Feed:
    """Reads the answer to a request out of datagrams; each is bytes from the kernel, or (sender, bytes)."""

    def read(*datagrams: bytes | tuple[int, bytes], sequence: int = 1) -> tuple[int, list[Neighbor]]:
        words = [str(sequence)]
        for datagram in datagrams:
            sender, data = datagram if isinstance(datagram, tuple) else (0, datagram)
            words.append(f"{sender}:{data.hex()}")
        assert feeder.stdin is not None
        assert feeder.stdout is not None
        feeder.stdin.write(" ".join(words) + "\n")
        feeder.stdin.flush()
        answer = feeder.stdout.readline()
        assert answer, "the reader crashed; see its standard error"
        *rows, result = answer.split()
        raw = memoryview(bytes.fromhex("".join(rows)))
        assert len(raw) == len(rows) * ROW_SIZE
        return int(result), [neighbor_of(raw[start : start + ROW_SIZE]) for start in range(0, len(raw), ROW_SIZE)]

    return read


def neighbor_of(row: memoryview) -> Neighbor:
    return next(unpack(row, AnyName()))


class AnyName(dict[int, tuple[str, str]]):
    """Every interface index has the name `if` and the index."""

    def __missing__(self, index: int) -> tuple[str, str]:
        return f"if{index}", f"if{index}"
