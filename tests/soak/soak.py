# SPDX-License-Identifier: MIT
"""All verbs at once for a time. Usage: soak.py MINUTES.

Each kind of work has a thread; the main thread follows a watch. Every few seconds the work pauses. Then the watch has
to become equal to a fresh list, and the memory and the descriptors of the process are taken. It fails if they grow.
"""

from __future__ import annotations

import gc
import os
import sys
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from threading import Condition, Thread
from time import monotonic
from typing import TYPE_CHECKING

import netio
from netio import Neighbor, linux
from netlab import figures
from netlab.namespace import Namespace, leave_the_machine
from netlab.wire import FAR_IP4, FAR_IP6, FAR_MAC, Wire, wired

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Key = tuple[str, int]

SAMPLE_SECONDS = 3
EQUAL_SECONDS = 30

# Caches and the allocator fill in the first part of the run, which is not compared.
WARM_UP = 1 / 4

# The growth of the median from the first half of the samples to the second. A leak of 100 bytes for each entry or call
# is 50 MB in a minute.
BOUND_BYTES = 800_000

WRITTEN = [f"192.0.2.{number}" for number in range(100, 200)] + [f"2001:db8::{number}" for number in range(100, 200)]
SILENT = ["192.0.2.77", "2001:db8::77"]


class Work:
    """Counts calls and the entries of bulk calls, and pauses the threads that make them."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.errors: list[BaseException] = []
        self._condition = Condition()
        self._running = 0
        self._is_paused = self._is_ended = False

    def repeat(self, name: str, once: Callable[[], int]) -> None:
        """Does work, which returns that number, until the end or an error."""
        try:
            while self._begin():
                try:
                    calls = once()
                finally:
                    self._finish()
                self.calls[name] += calls
        except BaseException as error:  # noqa: BLE001  (the main thread raises it)
            self.errors.append(error)

    def _begin(self) -> bool:
        with self._condition:
            self._condition.wait_for(lambda: not self._is_paused or self._is_ended)
            self._running += not self._is_ended
            return not self._is_ended

    def _finish(self) -> None:
        with self._condition:
            self._running -= 1
            self._condition.notify_all()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """No thread works inside the block."""
        with self._condition:
            self._is_paused = True
            self._condition.wait_for(lambda: self._running == 0)
        yield
        with self._condition:
            self._is_paused = False
            self._condition.notify_all()

    def end(self) -> None:
        with self._condition:
            self._is_ended = True
            self._condition.notify_all()


def rows(physical_address: str = "") -> list[Neighbor]:
    return [Neighbor(address, physical_address, interface="near0") for address in WRITTEN]


def write() -> int:
    """Creates, sets, replaces and deletes entries."""
    netio.create_neighbors(rows("02:00:5e:00:00:01"))
    netio.set_neighbors(rows("02:00:5e:00:00:02"))
    netio.apply_neighbors(rows("02:00:5e:00:00:03"), interfaces=["near0"])
    netio.replace_neighbor(WRITTEN[0], "02:00:5e:00:00:04", interface="near0")
    netio.get_neighbor(WRITTEN[0], interface="near0")
    netio.delete_neighbors(rows())
    with suppress(netio.NeighborNotFoundError):
        netio.delete_neighbor(WRITTEN[0], interface="near0")
        raise AssertionError("a deleted entry was deleted again")
    return 5 * len(WRITTEN) + 3


def read() -> int:
    """Reads all that can be read."""
    len(netio.list_neighbors())
    netio.list_interfaces()
    netio.list_addresses()
    netio.next_hop(FAR_IP4)
    linux.list_neighbors(interface="near0")
    linux.table_parameters(2)
    with suppress(netio.InterfaceNotFoundError):
        netio.list_neighbors(interface="absent0")
        raise AssertionError("an interface that does not exist was found")
    return 7


def resolve(answers: Counter[str]) -> int:
    """Resolves addresses with a host and without one. The short time leaves probes that are closed while they wait."""
    for address, found in netio.resolve_neighbors([FAR_IP4, FAR_IP6, *SILENT], interface="near0", timeout=0.3):
        if isinstance(found, Neighbor):
            assert found.physical_address == FAR_MAC, (address, found)
        answers["answered" if isinstance(found, Neighbor) else "failed"] += 1
    return 2 + len(SILENT)


def change_interfaces(wire: Wire) -> int:
    """Adds, renames and removes an interface with entries."""
    wire.near.ip("link add name soak0 type veth peer name soak1", "link set soak0 up", "link set soak1 up")
    entries = [Neighbor(f"203.0.113.{number}", "02:00:5e:00:00:09", interface="soak0") for number in range(50)]
    netio.create_neighbors(entries)
    wire.near.ip("link set soak0 down", "link set soak0 name soak2", "link set soak2 up")
    netio.list_neighbors(interface="soak2")
    wire.near.ip("link delete soak2")
    return len(entries) + 1


def change_namespaces() -> int:
    """Creates a namespace, works in it, and drops it."""
    space = Namespace()
    try:
        with netio.namespace(space.descriptor):
            assert [str(interface.name) for interface in netio.list_interfaces()] == ["lo"]
            with netio.watch_neighbors(initial=True) as watch:
                watch.read(0)
                len(watch.table())
    finally:
        space.close()
    return 3


def key_of(entry: Neighbor) -> Key:
    return str(entry.address), entry.interface_index


def known(entries: Iterable[Neighbor]) -> dict[Key, str]:
    """The entries whose changes the kernel announces: not those that it makes for groups, nor unresolved ones."""
    return {
        key_of(entry): entry.physical_address
        for entry in entries
        if entry.physical_address and not entry.address.is_multicast
    }


class Follower:
    """The entries as a watch reported them, without their interface's name, which changes."""

    def __init__(self, watch: netio.NeighborWatch) -> None:
        self.watch = watch
        self.entries: dict[Key, Neighbor] = {}
        self.kinds: Counter[str] = Counter()

    def read(self) -> None:
        """Applies changes, of which each must fit the entries."""
        for change in self.watch.read(0.05):
            self.kinds[change.kind.name] += 1
            if change.neighbor is None:
                continue
            before = self.entries.pop(key_of(change.neighbor), None)
            assert (before is None) == (change.kind is netio.ChangeKind.ADDED), (before, change)
            previous = change.neighbor if change.kind is netio.ChangeKind.REMOVED else change.previous
            assert before is None or (previous is not None and same(previous, before)), (before, change)
            if change.kind is not netio.ChangeKind.REMOVED:
                self.entries[key_of(change.neighbor)] = change.neighbor

    def become_equal(self) -> None:
        """Reads until the changes, the table of the watch, and a fresh list are equal."""
        end = monotonic() + EQUAL_SECONDS
        while True:
            self.read()
            reported, listed = known(self.watch.table()), known(netio.list_neighbors())
            if reported == listed == known(self.entries.values()):
                return
            assert monotonic() < end, f"the watch and the table differ: {set(reported.items()) ^ set(listed.items())}"


def same(a: Neighbor, b: Neighbor) -> bool:
    return (a.physical_address, a.state, a.is_router) == (b.physical_address, b.state, b.is_router)


def usage() -> tuple[int, int]:
    """Returns the resident memory in bytes, and the number of descriptors."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE"), sum(1 for _ in Path("/proc/self/fd").iterdir())


def follow(follower: Follower, work: Work, seconds: float) -> list[tuple[int, int]]:
    """Follows the watch for a time. Returns the samples."""
    samples = []
    end = monotonic() + seconds
    while monotonic() < end and not work.errors:
        next_sample = monotonic() + SAMPLE_SECONDS
        while monotonic() < next_sample:
            follower.read()
        with work.paused():
            if work.errors:
                break
            follower.become_equal()
            samples.append(usage())
    return samples


def findings(samples: list[tuple[int, int]]) -> list[str]:
    """Returns what grew."""
    compared = samples[int(len(samples) * WARM_UP) :]
    half = len(compared) // 2
    memory = [sample[0] for sample in compared]
    descriptors = {sample[1] for sample in compared}
    found = []
    if half < 3:
        found.append(f"only {len(samples)} samples; the run is too short")
    elif median(memory[half:]) - median(memory[:half]) > BOUND_BYTES:
        found.append(f"memory grows: {memory}")
    if len(descriptors) > 1:
        found.append(f"descriptors grow: {[sample[1] for sample in compared]}")
    return found


def main(minutes: float) -> int:
    """Runs the work and returns the exit status."""
    leave_the_machine()
    work, answers = Work(), Counter[str]()
    with wired() as wire, netio.watch_neighbors(initial=True) as watch:
        follower = Follower(watch)
        kinds_of_work: dict[str, Callable[[], int]] = {
            "write": write,
            "read": read,
            "resolve": lambda: resolve(answers),
            "interfaces": lambda: change_interfaces(wire),
            "namespaces": change_namespaces,
        }
        threads = [Thread(target=work.repeat, args=item) for item in kinds_of_work.items()]
        for thread in threads:
            thread.start()
        try:
            samples = follow(follower, work, minutes * 60)
        finally:
            work.end()
            for thread in threads:
                thread.join()
        for error in work.errors:
            raise error
    found = findings(samples)
    assert answers["answered"] > 0
    of_each = ", ".join(f"{name} {count}" for name, count in work.calls.items())
    sys.stdout.write(
        f"soak: {work.calls.total()} entries and calls ({of_each}),"
        f" {follower.kinds.total()} changes ({follower.kinds['RESYNC']} RESYNC), {answers['answered']} answers;"
        f" {len(samples)} samples, equal tables in each, {samples[-1][1]} descriptors,"
        f" memory in KiB: {', '.join(str(memory // 1024) for memory, _ in samples)}\n"
    )
    figures.record("soak", "entries and calls", work.calls.total())
    for finding in found:
        sys.stdout.write(f"soak: {finding}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
