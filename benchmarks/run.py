# SPDX-License-Identifier: MIT
"""How fast netio is, beside C, ip(8) and pyroute2, in one table of ratios. Usage: python benchmarks/run.py --help.

Runs in a network namespace of its own and needs no privilege, but ip(8) and a C compiler; pyroute2, NumPy, pyarrow and
polars (and for the plot matplotlib) where they are installed: the extra `bench`. Times are medians; ratios are medians
of the ratios of each round, in which all ways run one after the other. A ratio is to the first way of its block.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import resolving
from chart import draw
from lab import FIRST, LINK, Result, compile_peer, leave_the_machine, measure, memory_of, run

import netio
from netio import Neighbor

try:
    from pyroute2 import IPRoute
except ImportError:
    IPRoute = None

if TYPE_CHECKING:
    import ctypes
    from collections.abc import Callable

    Ways = dict[str, Callable[[], object]]

# pyroute2 needs 80 microseconds a row, ip -batch a line of text, and an error of netio a kilobyte.
PEERS_UP_TO = 100_000
GETS = 1000
STARTS = 20

# What makes an array or a data frame of a table.
LIBRARIES = {"numpy": "asarray", "pyarrow": "table", "polars": "DataFrame"}


class Table:
    """The neighbour table that the cases work on: many permanent IPv4 rows on one link."""

    def __init__(self, peer: ctypes.CDLL, rows: int) -> None:
        self.peer = peer
        self.rows = rows
        self.index = next(link.index for link in netio.list_interfaces() if link.name == LINK)
        self._generations = count(1)
        self.write_in_c(create=True)

    def write_in_c(self, *, create: bool = False) -> None:
        """Writes all rows with values that they do not have."""
        failed = self.peer.peer_write(self.index, int(FIRST), self.rows, next(self._generations) & 0x7F, create)
        if failed:
            raise RuntimeError(f"{failed} rows failed")

    def prepared(self, generation: int) -> list[Neighbor]:
        """Rows of a generation from 128 on, which write_in_c() never writes."""
        return [
            Neighbor(FIRST + i, b"\2" + bytes([generation]) + i.to_bytes(4, "big"), interface=LINK)
            for i in range(self.rows)
        ]

    def empty(self) -> None:
        """Removes the rows."""
        netio.delete_neighbors(self.prepared(0))


def fields_of(rows: list[Neighbor] | netio.NeighborTable) -> None:
    """Reads every field of every row."""
    key: object = None
    value: object = None
    for row in rows:
        key = row.address, row.interface, row.interface_index, row.interface_luid
        value = row.physical_address, row.state, row.is_router, row.is_unreachable, row.reachability_time
    del key, value


def with_peers(table: Table, ways: Ways, **peers: Callable[[], object]) -> Ways:
    """Adds the peers that are installed, where the table is not too large for them."""
    if table.rows <= PEERS_UP_TO:
        ways |= {name: way for name, way in peers.items() if name != "pyroute2" or IPRoute is not None}
    return ways


def ip_dump() -> object:
    """Reads the table as a script does that has ip(8)."""
    return json.loads(run("ip", "-j", "neigh", "show"))


def pyroute2_dump() -> object:
    """Reads the table with pyroute2."""
    with IPRoute() as route:
        return list(route.get_neighbours())


def listing(table: Table) -> Ways:
    """The call alone: rows are decoded when they are asked for."""
    return {"C": lambda: table.peer.peer_dump(0), "netio": netio.list_neighbors}


def iterating(table: Table) -> Ways:
    """Every field of every row."""
    ways: Ways = {"C": lambda: table.peer.peer_dump(0), "netio": lambda: fields_of(netio.list_neighbors())}
    return with_peers(table, ways, ip=ip_dump, pyroute2=pyroute2_dump)


def holding(table: Table) -> Ways:
    """All rows as a list."""
    return {"C": lambda: table.peer.peer_dump(0), "netio": lambda: list(netio.list_neighbors())}


def filtering(table: Table) -> Ways:
    """The rows of another interface: the kernel walks all of them."""
    lo = next(link.index for link in netio.list_interfaces() if link.name == "lo")
    return {
        "C": lambda: table.peer.peer_dump(lo),
        "netio": lambda: netio.list_neighbors(interface="lo"),
        "netio, all rows": netio.list_neighbors,
    }


def setting(table: Table) -> Ways:
    """Writes prepared rows, whose values really change: to write the same ones again is cheaper for the kernel."""
    rows = [table.prepared(128), table.prepared(129)]
    texts = [table.prepared(130), table.prepared(131)] if table.rows <= PEERS_UP_TO else []
    lines = ["\n".join(f"neigh replace {r.address} lladdr {r.physical_address} dev {LINK}" for r in t) for t in texts]

    def turn(inputs: list[list[Neighbor]] | list[str]) -> Callable[[], object]:
        turns = count()
        return lambda: inputs[next(turns) % 2]

    next_rows, next_lines = turn(rows), turn(lines)
    return with_peers(
        table,
        {"C": table.write_in_c, "netio": lambda: netio.set_neighbors(next_rows())},
        ip=lambda: run("ip", "-batch", "-", text=next_lines()),
    )


def failing(table: Table) -> Ways:
    """Every row fails, and comes back as an error of its own in the ExceptionGroup."""
    if table.rows > PEERS_UP_TO:
        return {}
    rows = table.prepared(128)

    def fail() -> None:
        try:
            netio.create_neighbors(rows)
        except ExceptionGroup as group:
            if len(group.exceptions) == table.rows:
                return
        raise RuntimeError("not every row failed")

    return {"C, written": table.write_in_c, "netio": fail}


def getting(table: Table) -> Ways:
    """Single rows by the name of the interface, a call each."""
    texts = [str(FIRST + i) for i in range(min(GETS, table.rows))]

    def in_pyroute2() -> None:
        with IPRoute() as route:
            for text in texts[:100]:
                route.neigh("get", dst=text, ifindex=table.index)

    ways: Ways = {
        "C, a socket each": lambda: table.peer.peer_get(table.index, int(FIRST), len(texts)),
        "netio": lambda: [netio.get_neighbor(text, interface=LINK) for text in texts],
    }
    if IPRoute is not None and len(texts) >= 100:
        ways["pyroute2, a tenth of them"] = in_pyroute2
    return ways


def converting(table: Table) -> Ways:
    """As an array on the same memory, and as data frames, in which the addresses are text."""
    ways: Ways = {"C": lambda: table.peer.peer_dump(0)}
    for library, maker in LIBRARIES.items():
        if find_spec(library) is not None:
            make = getattr(import_module(library), maker)
            ways[f"netio, {library}.{maker}()"] = lambda make=make: make(netio.list_neighbors())
    return ways


def starting(rounds: int) -> list[Result]:
    """Starts of the interpreter, above one that does nothing; the yardstick is what netio's types are made with."""
    python = sys.executable
    ways: Ways = {
        "pass": lambda: run(python, "-P", "-c", "pass"),
        "import dataclasses, enum, ipaddress": lambda: run(python, "-P", "-c", "import dataclasses, enum, ipaddress"),
        "import netio": lambda: run(python, "-P", "-c", "import netio"),
    }
    command = shutil.which("netio", path=str(Path(python).parent))
    if command is not None:
        ways["netio --version"] = lambda: run(command, "--version")
    # The quickest of some starts each time: what else the machine does only ever adds.
    quickest = [[min(result.seconds) for result in measure(ways, STARTS)] for _ in range(rounds)]
    above = {way: [times[place] - times[0] for times in quickest] for place, way in enumerate(ways) if place > 0}
    least = above["import dataclasses, enum, ipaddress"]
    return [Result(way, took, [t / one for t, one in zip(took, least, strict=True)]) for way, took in above.items()]


CASES: dict[str, Callable[[Table], Ways]] = {
    "list": listing,
    "every field of every row": iterating,
    "the same, held as a list": holding,
    "filter, another interface": filtering,
    "set, values changing": setting,
    "all rows fail": failing,
    f"get by name, {GETS} rows": getting,
    "arrays and data frames": converting,
}
START = "start, above `python -c pass`"

# Ways whose peak memory is measured, in an interpreter of their own.
MEMORY: dict[tuple[str, str], str] = {
    ("list", "netio"): "kept = netio.list_neighbors()",
    ("every field of every row", "pyroute2"): "kept = list(IPRoute().get_neighbours())",
    ("every field of every row", "ip"): (
        'kept = json.loads(subprocess.run(["ip", "-j", "neigh", "show"], capture_output=True).stdout)'
    ),
    ("the same, held as a list", "netio"): "kept = list(netio.list_neighbors())",
}


def print_case(case: str, rows: int, results: list[Result]) -> None:
    """Prints one block of the table."""
    for result in results:
        statement = MEMORY.get((case, result.way))
        memory = f"{memory_of(statement):.1f}" if statement else ""
        low, high = min(result.seconds) * 1e3, max(result.seconds) * 1e3
        print(
            f"| {case} | {f'{rows:,}' if rows else ''} | {result.way} "
            f"| {result.typical * 1e3:.1f} | {low:.1f} to {high:.1f} "
            f"| {result.ratio:.2f} | {min(result.ratios):.2f} to {max(result.ratios):.2f} | {memory} |",
            flush=True,
        )


def arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000], help="sizes of the table"
    )
    parser.add_argument("--rounds", type=int, default=7, help="how often each way runs")
    parser.add_argument("--case", action="append", help="part of a case's name; may be given several times")
    parser.add_argument("--plot", metavar="FILE", help="draw the listing as SVG (needs matplotlib)")
    return parser.parse_args()


def measure_resolving(peer: ctypes.CDLL, asked: argparse.Namespace) -> None:
    """The cases that have no table of some size, on the link that they need."""
    wanted = {c: f for c, f in resolving.CASES.items() if not asked.case or any(part in c for part in asked.case)}
    if not wanted:
        return
    with resolving.far_host():
        for case, (ways, addresses, most) in wanted.items():
            print_case(case, addresses, measure(ways(peer), min(asked.rounds, most)))


def main() -> None:
    """Measures and prints."""
    asked = arguments()
    parts = asked.case or [""]
    wanted = {case: ways for case, ways in CASES.items() if any(part in case for part in parts)}
    leave_the_machine()
    measured: dict[tuple[str, int], list[Result]] = {}
    print(f"{os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}\n")
    print("| what | rows | way | ms, median | ms, all | ratio, median | ratio, all | peak MB |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        # Modules are compiled once, as where they are installed.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        if any(part in START for part in parts):
            print_case(START, 0, starting(asked.rounds))
        peer = compile_peer(folder)
        for rows in asked.rows:
            table = Table(peer, rows)
            for case, ways in wanted.items():
                measured[case, rows] = measure(ways(table), asked.rounds)
                print_case(case, rows, measured[case, rows])
            table.empty()
        measure_resolving(peer, asked)
    if asked.plot:
        draw(measured, asked.plot)


if __name__ == "__main__":
    main()
