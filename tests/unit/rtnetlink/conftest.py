# SPDX-License-Identifier: MIT
"""Builds the C code that makes no system calls (reader, parser, columns, mirror), plain and with sanitizers."""

import shlex
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from netio import Neighbor
from netio._codec import unpack

from .machine import COMPILER, EMULATOR, convert_row

HERE = Path(__file__).parent
NATIVE = HERE.parents[2] / "netio" / "native"
# Emulated machines lack the sanitizers' libraries: undefined behaviour is then an invalid instruction, and the size of
# memory is unchecked.
SANITIZED = ["-fsanitize=undefined", "-fsanitize-trap=undefined"] if EMULATOR else ["-fsanitize=address,undefined"]
FLAGS = {
    "plain": ["-O2"],
    "sanitized": ["-O1", "-g", *SANITIZED, "-fno-sanitize-recover=all"],
}

# A datagram from the kernel, one from another sender, the errno of a failed read; or the word for it in a line.
Datagram = bytes | tuple[int, bytes] | int | str

# Calls feed.c; returns the result of the reader and the rows that it visited.
Feed = Callable[..., tuple[int, list[Neighbor]]]


@dataclass(frozen=True)
class BatchResult:
    """The results of reading the replies to a batch."""

    results: list[int]
    rows: dict[int, Neighbor]  # by the position of the request
    unread: int  # datagrams after the last one that was read


FeedBatch = Callable[..., BatchResult]


@pytest.fixture(scope="session", params=FLAGS)
def feeder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    backend = (f"rtnetlink/{name}.c" for name in ("neighbor", "netns", "rtnl", "status", "trace"))
    sources = [HERE / "feed.c", *(NATIVE / name for name in ("inet.c", "trace_line.c", *backend))]
    yield from running(sources, FLAGS[request.param], tmp_path_factory.mktemp("feed") / "feed")


@pytest.fixture(scope="session", params=FLAGS)
def columns_feeder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[subprocess.Popen[str]]:
    sources = [HERE / "feed_columns.c", NATIVE / "columns.c"]
    yield from running(sources, FLAGS[request.param], tmp_path_factory.mktemp("columns") / "feed")


@pytest.fixture(scope="session", params=FLAGS)
def backend_feeder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[subprocess.Popen[str]]:
    sources = [HERE / "feed_backend.c", *NATIVE.glob("*.c"), *(NATIVE / "rtnetlink").glob("*.c")]
    # Checked variants of the calls would not be replaced.
    flags = [*FLAGS[request.param], "-U_FORTIFY_SOURCE", "-include", str(HERE / "fake_calls.h")]
    yield from running(sources, flags, tmp_path_factory.mktemp("backend") / "feed")


@pytest.fixture(scope="session", params=FLAGS)
def neightbl_feeder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[subprocess.Popen[str]]:
    backend = (NATIVE / "rtnetlink" / f"{name}.c" for name in ("neightbl", "netns", "rtnl", "status", "trace"))
    sources = [HERE / "feed_neightbl.c", NATIVE / "trace_line.c", *backend]
    yield from running(sources, FLAGS[request.param], tmp_path_factory.mktemp("neightbl") / "feed")


@pytest.fixture(scope="session", params=FLAGS)
def sweep_feeder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[subprocess.Popen[str]]:
    sources = [HERE / "feed_sweep.c", NATIVE / "inet.c", NATIVE / "rtnetlink" / "sweep_frame.c"]
    yield from running(sources, FLAGS[request.param], tmp_path_factory.mktemp("sweep") / "feed")


@pytest.fixture(scope="session", params=FLAGS)
def mirror_feeder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[subprocess.Popen[str]]:
    sources = [HERE / "feed_mirror.c", NATIVE / "mirror.c", NATIVE / "inet.c"]
    yield from running(sources, FLAGS[request.param], tmp_path_factory.mktemp("mirror") / "feed")


def running(sources: list[Path], flags: list[str], program: Path) -> Iterator[subprocess.Popen[str]]:
    """Compile and start a program that answers lines; also fails if its exit status is not 0."""
    command = [*COMPILER, "-std=c11", "-D_GNU_SOURCE", f"-I{NATIVE}", f"-I{NATIVE / 'rtnetlink'}"]
    try:
        subprocess.run([*command, *flags, *map(str, sources), "-o", str(program)], check=True)
    except FileNotFoundError:
        pytest.exit(f"these tests need a C compiler: install gcc or set CC (now {shlex.join(COMPILER)})", returncode=1)
    with subprocess.Popen([*EMULATOR, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
            process.communicate(timeout=10)
            assert process.returncode == 0
        finally:
            process.kill()


@pytest.fixture(scope="session")
def feed(feeder: subprocess.Popen[str]) -> Feed:
    """Reads the reply to a request from datagrams; each is bytes from the kernel, or (sender, bytes).

    The request is for "all" entries (a dump), for "one", or for "none" (a removal).
    """

    def read(*datagrams: Datagram, request: str = "all", sequence: int = 1) -> tuple[int, list[Neighbor]]:
        *rows, result = _answer(feeder, f"{request} {sequence}", datagrams)
        return int(result), [neighbor_of(row) for row in rows]

    return read


@pytest.fixture(scope="session")
def feed_batch(feeder: subprocess.Popen[str]) -> FeedBatch:
    """Reads the replies to a batch of requests, numbered from first on, from datagrams."""

    def read(kind: str, count: int, *datagrams: Datagram, first: int = 1) -> BatchResult:
        words = _answer(feeder, f"{kind} {first} {count}", datagrams)
        mark = words.index("results")
        found = (word.partition(":") for word in words[:mark])
        rows = {int(place): neighbor_of(row) for place, _, row in found}
        *results, unread = map(int, words[mark + 1 :])
        assert len(results) == count
        return BatchResult(results, rows, unread)

    return read


@dataclass(frozen=True)
class DumpResult:
    """The result of a dump, with its requests."""

    readings: list[list[Neighbor]]  # the rows of each attempt, from one restart to the next
    requests: list[tuple[int, int, int]]  # type, flags and sequence number of the requests
    result: int


FeedDump = Callable[..., DumpResult]


@pytest.fixture(scope="session")
def feed_dump(feeder: subprocess.Popen[str]) -> FeedDump:
    """Requests a dump from a socket that already has the replies; the first request has the sequence number 1."""

    def dump(*datagrams: bytes) -> DumpResult:
        words = _answer(feeder, "dump", (datagram.hex() for datagram in datagrams))
        mark = words.index("requests")
        readings: list[list[Neighbor]] = []
        for word in words[:mark]:
            if word == "restart":
                readings.append([])
            else:
                readings[-1].append(neighbor_of(word))
        *sent, _, result = words[mark + 1 :]
        requests = [tuple(map(int, request.split(":"))) for request in sent]
        return DumpResult(readings, [(kind, flags, sequence) for kind, flags, sequence in requests], int(result))

    return dump


def ask(feeder: subprocess.Popen[str], line: str) -> list[str]:
    """Send a line to such a program and return the words of its answer."""
    assert feeder.stdin is not None
    assert feeder.stdout is not None
    feeder.stdin.write(line + "\n")
    feeder.stdin.flush()
    answer = feeder.stdout.readline()
    assert answer, "the C code crashed; see its standard error"
    return answer.split()


def _answer(feeder: subprocess.Popen[str], request: str, datagrams: Iterable[Datagram]) -> list[str]:
    return ask(feeder, " ".join([request, *map(_word, datagrams)]))


def _word(datagram: Datagram) -> str:
    if isinstance(datagram, int | str):
        return str(datagram)
    sender, data = datagram if isinstance(datagram, tuple) else (0, datagram)
    return f"{sender}:{data.hex()}"


def neighbor_of(row: str) -> Neighbor:
    raw = bytes.fromhex(row)
    return next(unpack(memoryview(convert_row(raw)), AnyName()))


class AnyName(dict[int, tuple[str, str]]):
    """Every interface index has the name `if` and the index."""

    def __missing__(self, index: int) -> tuple[str, str]:
        return f"if{index}", f"if{index}"
