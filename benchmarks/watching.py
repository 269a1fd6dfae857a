# SPDX-License-Identifier: MIT
"""Compares netio.watch_neighbors() with a bare C reader, ip(8) and pyroute2. Its options: --help.

Runs in a private network namespace. Each reader is a process of its own beside a writer in C, one reader after the
other. A reader ends when nothing arrives for half a second; its CPU time is that of the process while it reads.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from ctypes import c_long, pointer
from pathlib import Path
from statistics import median
from time import perf_counter, process_time, sleep
from typing import TYPE_CHECKING, Any

from chart import Account, draw_accounts
from lab import FIRST, INTERFACE, compile_peer, enter_new_namespace, measure, run

import netio
from netio._native import ffi, lib

if TYPE_CHECKING:
    import ctypes
    from collections.abc import Callable

ENTRIES = 10_000
QUIET = 0.5
BUFFER = 16 << 20
OTHER = "other0"
SINGLE_CHANGES = 400


def ready() -> None:
    """Let the writer begin."""
    print("ready", flush=True)


def bare_c(peer: ctypes.CDLL) -> dict[str, Any]:
    """Receive the notifications and walk their attributes."""
    lost = c_long()
    fd = peer.peer_subscribe(BUFFER)
    ready()
    begin = process_time()
    count = peer.peer_watch(fd, int(QUIET * 1000), pointer(lost))
    return {"changes": count, "losses": lost.value, "cpu": process_time() - begin}


def session_in_c(_: ctypes.CDLL, interface: str | None = None) -> dict[str, Any]:
    """Read the changes of a watch without decoding them."""
    watch = netio.watch_neighbors(2, interface=interface)
    native, room = watch._watch, 1024  # noqa: SLF001
    changes, rows = ffi.new("netio_change[]", room), ffi.new("MIB_IPNET_ROW2[]", 2 * room)
    count, poller = ffi.new("size_t *"), select.poll()
    poller.register(watch.fileno(), select.POLLIN)
    ready()
    begin, total, resyncs = process_time(), 0, 0
    while True:
        code = lib.netio_watch_read(native, room, changes, rows, count)
        total += count[0]
        if count[0] and changes[0].kind == lib.NETIO_RESYNC:
            resyncs += 1
        if code == lib.WAIT_TIMEOUT and not poller.poll(QUIET * 1000):
            break
    used = process_time() - begin
    return {"changes": total - resyncs, "losses": resyncs, "cpu": used, "equal": is_equal(watch)}


def session_of_other_interface(peer: ctypes.CDLL) -> dict[str, Any]:
    """Watch an interface beside the one that changes."""
    return session_in_c(peer, OTHER)


def in_python(_: ctypes.CDLL) -> dict[str, Any]:
    """Read the changes of a watch as objects."""
    watch = netio.watch_neighbors(2)
    ready()
    begin, total, resyncs = process_time(), 0, 0
    while changes := watch.read(QUIET):
        total += len(changes)
        resyncs += sum(change.kind is netio.ChangeKind.RESYNC for change in changes)
    used = process_time() - begin
    return {"changes": total - resyncs, "losses": resyncs, "cpu": used, "equal": is_equal(watch)}


def is_equal(watch: netio.NeighborWatch) -> bool:
    """Return whether the entries of a watch of all interfaces are those of a dump."""
    return {row.key: row for row in watch.table()} == {row.key: row for row in netio.list_neighbors(2)} or (
        len(watch.table()) == 0
    )


def ip_monitor(_: ctypes.CDLL) -> dict[str, Any]:
    """Count the lines of ip monitor, which has no end of its own."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen(shlex.split("ip monitor neigh"), stdout=output, stderr=errors)
        sleep(0.3)
        ready()
        sizes = [-1, 0]
        while sizes[-1] != sizes[-2] or sizes[-1] == 0:
            sleep(QUIET)
            sizes.append(os.fstat(output.fileno()).st_size)
        child.kill()
        child.wait()
        output.seek(0)
        errors.seek(0)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        lines = sum(1 for _ in output)
        return {
            "changes": lines,
            "losses": sum("No buffer space" in line for line in errors),
            "cpu": used.ru_utime + used.ru_stime,
        }


def pyroute2(_: ctypes.CDLL) -> dict[str, Any]:
    """Read the messages of pyroute2 as its documentation shows. After an overrun get() raises each time."""
    from pyroute2 import IPRoute

    def end(*_: object) -> None:
        raise TimeoutError

    route = IPRoute()
    route.bind(groups=4)
    ready()
    begin, total, losses = process_time(), 0, 0
    signal.signal(signal.SIGALRM, end)
    try:
        while losses < 1000:
            signal.setitimer(signal.ITIMER_REAL, 4 * QUIET)
            try:
                total += sum(1 for _ in route.get())
            except TimeoutError:
                break
            except OSError:
                losses += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    result = {"changes": total, "losses": losses, "cpu": process_time() - begin}
    print(json.dumps(result), flush=True)
    os._exit(0)  # its close() raises, too


def latency_of_recv(_: ctypes.CDLL) -> dict[str, Any]:
    """Return the times at which a bare recv() returns the notifications of single changes."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as reader:
        reader.bind((0, 4))
        ready()
        times = []
        while len(times) < SINGLE_CHANGES:
            reader.recv(4096)
            times.append(perf_counter())
    return {"times": times}


def latency_of_watch(_: ctypes.CDLL) -> dict[str, Any]:
    """Return the times at which read() returns single changes."""
    with netio.watch_neighbors(2) as watch:
        ready()
        times = []
        while len(times) < SINGLE_CHANGES:
            changes = watch.read()
            times += [perf_counter()] * len(changes)
    return {"times": times}


def memory(_: ctypes.CDLL) -> dict[str, Any]:
    """Return the memory of a watch of the table, in bytes, and of an idle one of an interface without entries."""

    def resident() -> int:
        fields = Path("/proc/self/statm").read_text().split()
        return int(fields[1]) * resource.getpagesize()

    netio.watch_neighbors(2, interface=OTHER).close()
    before = resident()
    idle = [netio.watch_neighbors(2, interface=OTHER) for _ in range(20)]
    one = (resident() - before) / len(idle)
    before = resident()
    watch = netio.watch_neighbors(2)
    ready()
    return {"idle": one, "table": resident() - before - one, "entries": len(watch.table())}


READERS: dict[str, Callable[[ctypes.CDLL], dict[str, Any]]] = {
    "C, recvmmsg": bare_c,
    "netio, session in C": session_in_c,
    "netio, Python objects": in_python,
    "netio, another interface": session_of_other_interface,
    "ip monitor": ip_monitor,
    "pyroute2": pyroute2,
}
OTHERS = {"recv() in Python": latency_of_recv, "netio, read()": latency_of_watch, "memory": memory}


class Writer:
    """Changes the entries in C."""

    def __init__(self, peer: ctypes.CDLL) -> None:
        self.peer = peer
        self.index = socket.if_nametoindex(INTERFACE)
        self._generation = 0
        self.write(ENTRIES, create=True)

    def write(self, count: int, *, create: bool = False) -> None:
        """Give each of that many entries a new value."""
        self._generation += 1
        if self.peer.peer_write(self.index, int(FIRST), count, self._generation & 0x7F, create):
            raise RuntimeError("rows failed")

    def flood(self, changes: int, per_second: float) -> float:
        """Make changes, as fast as possible or in pieces at a rate. Returns the seconds."""
        begin = perf_counter()
        piece = ENTRIES if per_second == 0 else 100
        for done in range(0, changes, piece):
            if per_second:
                sleep(max(0.0, begin + done / per_second - perf_counter()))
            self.write(piece)
        return perf_counter() - begin


def read_beside(name: str, write: Callable[[], object]) -> dict[str, Any]:
    """Run a reader in a child process, and the writer once it is ready."""
    command = [sys.executable, __file__, "--reader", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        if child.stdout is None or child.stdout.readline() != "ready\n":
            raise RuntimeError(f"{name} failed")
        write()
        result: dict[str, Any] = json.loads(child.stdout.read())
        return result


def print_floods(writer: Writer, changes: int, rates: list[float], rounds: int) -> dict[str, Account]:
    """Print how many changes each reader reports. Returns those of the first flood."""
    accounted: dict[str, Account] = {}
    print("| changes offered | per second | reader | reported | losses noticed | CPU s | to C | ends equal |")
    print("|---|---|---|---|---|---|---|---|")
    for rate in rates:
        for _ in range(rounds):
            reference = 0.0
            for name in READERS:
                seconds = [0.0]

                def write(rate: float = rate, seconds: list[float] = seconds) -> None:
                    seconds[0] = writer.flood(changes, rate)

                found = read_beside(name, write)
                reference = reference or found["cpu"]
                accounted.setdefault(name, Account(found["changes"], found["losses"], found.get("equal", False)))
                print(
                    f"| {changes:,} | {changes / seconds[0]:,.0f} | {name} | {found['changes']:,} | {found['losses']} "
                    f"| {found['cpu']:.2f} | {found['cpu'] / reference:.2f} | {found.get('equal', '')} |",
                    flush=True,
                )
    return accounted


def print_latency(writer: Writer) -> None:
    """Print the time from the write of one entry to its arrival in Python."""
    medians = []
    for name in ("recv() in Python", "netio, read()"):
        begins: list[float] = []

        def write(begins: list[float] = begins) -> None:
            for _ in range(SINGLE_CHANGES):
                sleep(0.003)
                begins.append(perf_counter())
                writer.write(1)

        times = read_beside(name, write)["times"]
        medians.append(median(end - begin for begin, end in zip(begins, times, strict=True)) * 1e6)
        print(f"one change, {name}: median {medians[-1]:.0f} us, ratio {medians[-1] / medians[0]:.2f}")


def print_table(writer: Writer, entries: int) -> None:
    """Print the time of table() and the memory of a watch."""
    netio.delete_neighbors(netio.list_neighbors(2))
    writer.write(entries, create=True)
    with netio.watch_neighbors(2) as watch:
        for result in measure({"list_neighbors()": netio.list_neighbors, "watch.table()": watch.table}, 7):
            print(f"{len(watch.table()):,} entries, {result.way}: {result.typical * 1e3:.2f} ms, {result.ratio:.3f}")
    found = read_beside("memory", lambda: None)
    print(
        f"memory: {found['table'] / found['entries']:.0f} bytes an entry, {found['idle'] / 1024:.0f} KiB an idle watch"
    )


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--changes", type=int, default=300_000, help="changes of one flood")
    parser.add_argument("--rates", type=float, nargs="+", default=[0, 30_000], help="changes a second; 0: no limit")
    parser.add_argument("--rounds", type=int, default=1, help="number of rounds")
    parser.add_argument("--table", type=int, default=100_000, help="entries of the table for table() and memory")
    parser.add_argument("--plot", metavar="FILE", help="draw the first flood as SVG (needs matplotlib)")
    parser.add_argument("--reader", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure and print, or read in a child process."""
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        if options.reader:
            print(json.dumps((READERS | OTHERS)[options.reader](compile_peer(folder))))
            return
        enter_new_namespace()
        run("ip", "link", "add", OTHER, "type", "veth", "peer", "name", "other1")
        print(f"{os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}\n")
        writer = Writer(compile_peer(folder))
        accounted = print_floods(writer, options.changes, options.rates, options.rounds)
        if options.plot:
            draw_accounts(accounted, options.changes, options.plot)
        print()
        print_latency(writer)
        print_table(writer, options.table)


if __name__ == "__main__":
    main()
