# SPDX-License-Identifier: MIT
"""A writer that changes many entries as fast as the C code can, in a thread or in a child process."""

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

    # Writes and counts its changes until the function returns True.
    Writer: TypeAlias = Callable[[mmap, Callable[[], bool]], None]

INTERFACE = "near0"
GENERATIONS = (1, 2, 3)

# Entries in one call of C. The writer counts its changes after each call.
_CHUNK = 250

# A writer that the test does not stop ends after this time.
_LIMIT_SECONDS = 50


def stable() -> list[IPv4Address]:
    """Returns the addresses whose entries exist all the time."""
    return [IPv4Address("10.1.0.0") + i for i in range(4000)]


def transient() -> list[IPv4Address]:
    """Returns the addresses whose entries are created and deleted."""
    return [IPv4Address("10.2.0.0") + i for i in range(1000)]


def physical_address_of(address: IPv4Address, generation: int) -> bytes:
    """Returns the physical address in a generation: all bytes but the first differ between two generations."""
    return bytes([2, generation, *(byte ^ generation << 4 for byte in address.packed)])


def entries(addresses: Sequence[IPv4Address], generation: int) -> list[Neighbor]:
    """Returns the entries of one generation."""
    return [Neighbor(address, physical_address_of(address, generation), interface=INTERFACE) for address in addresses]


def change_values(progress: mmap, stopped: Callable[[], bool]) -> None:
    """Sets the stable entries to one generation after the other."""
    cache = InterfaceCache()
    ready = [pack_entries(entries(stable(), generation), cache)[0] for generation in GENERATIONS]
    for native in cycle(ready):
        for start in range(0, len(stable()), _CHUNK):
            if stopped():
                return
            _write(lib.netio_set, native + start, progress)


def create_and_delete(progress: mmap, stopped: Callable[[], bool]) -> None:
    """Creates and deletes the transient entries."""
    native, _ = pack_entries(entries(transient(), GENERATIONS[0]), InterfaceCache())
    while True:
        for start in range(0, len(transient()), _CHUNK):
            if stopped():
                return
            _write(lib.netio_create, native + start, progress)
            _write(lib.netio_delete, native + start, progress)


def _write(function: Callable[[int, CData, int, CData], None], native: CData, progress: mmap) -> None:
    codes = ffi.new("DWORD[]", _CHUNK)
    function(lib.NETIO_OWN_NETNS, native, _CHUNK, codes)
    failed = [code for code in ffi.unpack(codes, _CHUNK) if code != lib.NO_ERROR]
    if failed:
        raise AssertionError(f"the writer failed: {failed}")
    progress[:8] = (changes(progress) + _CHUNK).to_bytes(8, "little")


def changes(progress: mmap) -> int:
    """Returns the number of changes so far."""
    return int.from_bytes(progress[:8], "little")


@contextmanager
def in_thread(writer: Writer) -> Iterator[mmap]:
    """Runs a writer in a thread inside the block. Yields its progress, for changes()."""
    stop, end = Event(), monotonic() + _LIMIT_SECONDS
    failures: list[AssertionError] = []

    def work() -> None:
        try:
            writer(progress, lambda: stop.is_set() or monotonic() > end)
        except AssertionError as error:
            failures.append(error)

    with mmap(-1, 8) as progress:
        thread = Thread(target=work)
        thread.start()
        try:
            yield progress
        finally:
            stop.set()
            thread.join()
    assert failures == []


@contextmanager
def in_process(writer: Writer) -> Iterator[mmap]:
    """Runs a writer in a child process inside the block. Yields its progress, for changes()."""
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
    """Runs a writer in the child process, whose standard input is the file of its progress."""
    end = monotonic() + _LIMIT_SECONDS
    with mmap(sys.stdin.fileno(), 8) as progress:
        writer(progress, lambda: monotonic() > end)
