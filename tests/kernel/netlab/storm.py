# SPDX-License-Identifier: MIT
"""A writer that changes many rows as fast as C can, in a thread or in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from ipaddress import IPv4Address
from itertools import cycle
from mmap import mmap
from tempfile import TemporaryFile
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING

from netio import Neighbor
from netio._interfaces import InterfaceCache, pack_entries
from netio._native import ffi, lib
from netlab.child import environment, python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from netio._native import CData

    # Notes its progress, until it is told to stop.
    Writer: TypeAlias = Callable[[mmap, Callable[[], bool]], None]

LINK = "near0"
GENERATIONS = (1, 2, 3)

# Rows between two notes of how many changes were made.
_PIECE = 250

# Nobody waits for a writer that nobody stops.
_LIMIT_SECONDS = 50


def stable() -> list[IPv4Address]:
    """The addresses whose rows are there all the time."""
    return [IPv4Address("10.1.0.0") + i for i in range(4000)]


def moving() -> list[IPv4Address]:
    """The addresses whose rows come and go."""
    return [IPv4Address("10.2.0.0") + i for i in range(1000)]


def written(address: IPv4Address, generation: int) -> bytes:
    """What is written for an address: each byte tells the generation, so that a mixture of two is neither."""
    return bytes([2, generation, *(byte ^ generation << 4 for byte in address.packed)])


def rows(addresses: Sequence[IPv4Address], generation: int) -> list[Neighbor]:
    """The rows of one generation."""
    return [Neighbor(address, written(address, generation), interface=LINK) for address in addresses]


def change_values(progress: mmap, stopped: Callable[[], bool]) -> None:
    """Sets the stable rows to one generation after the other."""
    links = InterfaceCache()
    ready = [pack_entries(rows(stable(), generation), links)[0] for generation in GENERATIONS]
    for native in cycle(ready):
        for start in range(0, len(stable()), _PIECE):
            if stopped():
                return
            _write(lib.netio_set, native + start, progress)


def come_and_go(progress: mmap, stopped: Callable[[], bool]) -> None:
    """Makes and deletes the moving rows."""
    native, _ = pack_entries(rows(moving(), GENERATIONS[0]), InterfaceCache())
    while True:
        for start in range(0, len(moving()), _PIECE):
            if stopped():
                return
            _write(lib.netio_create, native + start, progress)
            _write(lib.netio_delete, native + start, progress)


def _write(function: Callable[[CData, int, CData], None], native: CData, progress: mmap) -> None:
    codes = ffi.new("DWORD[]", _PIECE)
    function(native, _PIECE, codes)
    failed = [code for code in ffi.unpack(codes, _PIECE) if code != lib.NO_ERROR]
    if failed:
        raise AssertionError(f"the writer failed: {failed}")
    progress[:8] = (count(progress) + _PIECE).to_bytes(8, "little")


def count(progress: mmap) -> int:
    """How many changes were made by now."""
    return int.from_bytes(progress[:8], "little")


@contextmanager
def in_a_thread(writer: Writer) -> Iterator[mmap]:
    """Has a thread write until the end; gives where it notes its progress."""
    stop, end = Event(), monotonic() + _LIMIT_SECONDS
    faults: list[AssertionError] = []

    def work() -> None:
        try:
            writer(progress, lambda: stop.is_set() or monotonic() > end)
        except AssertionError as error:
            faults.append(error)

    with mmap(-1, 8) as progress:
        thread = Thread(target=work)
        thread.start()
        try:
            yield progress
        finally:
            stop.set()
            thread.join()
    assert faults == []


@contextmanager
def in_a_process(writer: Writer) -> Iterator[mmap]:
    """Has a process write until the end; gives where it notes its progress."""
    code = f"from netlab.storm import *; serve({writer.__name__})"
    with TemporaryFile() as file:
        file.truncate(8)
        with mmap(file.fileno(), 8) as progress:
            child = subprocess.Popen(python(code), stdin=file, env=environment())
            try:
                yield progress
                assert child.poll() is None
            finally:
                child.kill()
                child.wait()


def serve(writer: Writer) -> None:
    """What that process does: its standard input is where it notes its progress."""
    end = monotonic() + _LIMIT_SECONDS
    with mmap(sys.stdin.fileno(), 8) as progress:
        writer(progress, lambda: monotonic() > end)
