# SPDX-License-Identifier: MIT
"""Compares the speed of netio with that of C, ip(8) and pyroute2. Usage: python benchmarks/run.py --help.

Runs in a private network namespace. Needs no privileges, but ip(8) and a C compiler. Uses pyroute2, NumPy, pyarrow,
polars and, for the plot, matplotlib if they are installed (extra `bench`). Times are medians; ratios are medians of the
ratios of each round, in which all ways run one after the other. A ratio is to the first way of its block.
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
from io import StringIO
from ipaddress import IPv6Address
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import loop
import many_interfaces
import resolving
from chart import draw
from lab import FIRST, INTERFACE, Result, compile_peer, enter_new_namespace, measure, memory_of, run

import netio
from netio import Neighbor
from netio.formats import read_neighbors, write_neighbors

try:
    from pyroute2 import IPRoute
except ImportError:
    IPRoute = None

if TYPE_CHECKING:
    import ctypes
    from collections.abc import Callable
    from ipaddress import IPv4Address

    from netio import Interface
    from netio.formats import Format

    Ways = dict[str, Callable[[], object]]

# Per row pyroute2 needs 80 microseconds, ip -batch a line of text, and an error of netio a kilobyte of memory.
PEER_ROWS_MAX = 100_000
GETS = 1000
KEYS_MAX = 20_000
CHANGED = 1000
STARTS = 20
FORMATS: tuple[Format, ...] = ("jsonl", "csv", "json")

FIRST_IP6 = IPv6Address("2001:db8::1")

# The functions that convert a table to a data frame.
LIBRARIES = {"pyarrow": "table", "polars": "DataFrame"}


class Table:
    """The neighbour table that the cases use: many permanent IPv4 entries of one interface."""

    def __init__(self, peer: ctypes.CDLL, rows: int) -> None:
        self.peer = peer
        self.rows = rows
        self.index = next(interface.index for interface in netio.list_interfaces() if interface.name == INTERFACE)
        self._generations = count(1)
        self.write_in_c(create=True)

    def write_in_c(self, *, create: bool = False) -> None:
        """Write all rows with new values."""
        failed = self.peer.peer_write(self.index, int(FIRST), self.rows, next(self._generations) & 0x7F, create)
        if failed:
            raise RuntimeError(f"{failed} rows failed")

    def prepared(self, generation: int, most: int | None = None) -> list[Neighbor]:
        """Return the rows of a generation, or the first ones. write_in_c() never writes generations from 128 on."""
        return [
            Neighbor(FIRST + i, b"\2" + bytes([generation]) + i.to_bytes(4, "big"), interface=INTERFACE)
            for i in range(self.rows if most is None else min(most, self.rows))
        ]

    def empty(self) -> None:
        """Remove the rows."""
        lose_entries()


def lose_entries() -> None:
    """Remove all entries of the interface, as the system does."""
    run("ip", "link", "set", INTERFACE, "down")
    run("ip", "link", "set", INTERFACE, "up")


def fields_of(rows: list[Neighbor] | netio.NeighborTable) -> None:
    """Read every field of every row."""
    key: object = None
    value: object = None
    for row in rows:
        key = row.address, row.interface, row.interface_index, row.interface_luid
        value = row.physical_address, row.state, row.is_router, row.is_unreachable, row.reachability_time
    del key, value


def with_peers(table: Table, ways: Ways, **peers: Callable[[], object]) -> Ways:
    """Add the peers that are installed, unless the table is too large for them."""
    if table.rows <= PEER_ROWS_MAX:
        ways |= {name: way for name, way in peers.items() if name != "pyroute2" or IPRoute is not None}
    return ways


def ip_dump() -> object:
    """Read the table like a script that uses ip(8)."""
    return json.loads(run("ip", "-j", "neigh", "show"))


def pyroute2_dump() -> object:
    """Read the table with pyroute2."""
    with IPRoute() as route:
        return list(route.get_neighbours())


def listing(table: Table) -> Ways:
    """Only the call: rows are decoded when they are accessed."""
    return {"C": lambda: table.peer.peer_dump(0), "netio": netio.list_neighbors}


def iterating(table: Table) -> Ways:
    """Read every field of every row."""
    ways: Ways = {"C": lambda: table.peer.peer_dump(0), "netio": lambda: fields_of(netio.list_neighbors())}
    return with_peers(table, ways, ip=ip_dump, pyroute2=pyroute2_dump)


def holding(table: Table) -> Ways:
    """Read all rows into a list."""
    return {"C": lambda: table.peer.peer_dump(0), "netio": lambda: list(netio.list_neighbors())}


def filtering(table: Table) -> Ways:
    """Read the rows of another interface, for which the kernel visits all rows."""
    lo = next(interface.index for interface in netio.list_interfaces() if interface.name == "lo")
    return {
        "C": lambda: table.peer.peer_dump(lo),
        "netio": lambda: netio.list_neighbors(interface="lo"),
        "netio, all rows": netio.list_neighbors,
    }


def searching(table: Table) -> Ways:
    """Read the row of one address, or of one physical address, on any interface."""
    last = netio.get_neighbor(FIRST + table.rows - 1, interface=INTERFACE)
    return {
        "C, all rows": lambda: table.peer.peer_dump(0),
        "netio, address": lambda: netio.list_neighbors(address=last.address),
        "netio, physical address": lambda: netio.list_neighbors(physical_address=last.physical_address),
        "netio, all rows": netio.list_neighbors,
    }


def setting(table: Table) -> Ways:
    """Write prepared rows with new values, as unchanged ones are cheaper for the kernel."""
    rows = [table.prepared(128), table.prepared(129)]
    texts = [table.prepared(130), table.prepared(131)] if table.rows <= PEER_ROWS_MAX else []
    command = "neigh replace {} lladdr {} dev " + INTERFACE
    lines = ["\n".join(command.format(r.address, r.physical_address) for r in t) for t in texts]

    def alternating(inputs: list[list[Neighbor]] | list[str]) -> Callable[[], object]:
        turns = count()
        return lambda: inputs[next(turns) % 2]

    next_rows, next_lines = alternating(rows), alternating(lines)
    return with_peers(
        table,
        {"C": table.write_in_c, "netio": lambda: netio.set_neighbors(next_rows())},
        ip=lambda: run("ip", "-batch", "-", text=next_lines()),
    )


def setting_by_key(table: Table) -> Ways:
    """Write entries of both families, named by the interface's name, by its index, or as they are read."""
    count = min(table.rows, KEYS_MAX)
    physical = [bytes((2, 0, 0, *divmod(i % 65536, 256), 7)) for i in range(count)]
    addresses: dict[str, list[IPv4Address] | list[IPv6Address]] = {
        "IPv4": [FIRST + i for i in range(count)],
        "IPv6": [FIRST_IP6 + i for i in range(count)],
    }
    owner = next(interface for interface in netio.list_interfaces() if interface.index == table.index)
    keys: dict[str, str | int | Interface] = {"name": INTERFACE, "index": table.index, "Interface": owner}
    ways: Ways = {}
    for family, of_family in addresses.items():
        for key, interface in keys.items():
            rows = [Neighbor(a, p, interface=interface) for a, p in zip(of_family, physical, strict=True)]
            ways[f"netio, {family} by {key}"] = lambda rows=rows: netio.replace_neighbors(rows)
    return ways


def failing(table: Table) -> Ways:
    """Write rows that all fail, so that the ExceptionGroup has an error for each."""
    if table.rows > PEER_ROWS_MAX:
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
    """Read single rows by the name of the interface, one per call."""
    texts = [str(FIRST + i) for i in range(min(GETS, table.rows))]

    def in_pyroute2() -> None:
        with IPRoute() as route:
            for text in texts[:100]:
                route.neigh("get", dst=text, ifindex=table.index)

    ways: Ways = {
        "C, a socket each": lambda: table.peer.peer_get(table.index, int(FIRST), len(texts)),
        "netio": lambda: [netio.get_neighbor(text, interface=INTERFACE) for text in texts],
    }
    if IPRoute is not None and len(texts) >= 100:
        ways["pyroute2, a tenth of them"] = in_pyroute2
    return ways


def planning(table: Table) -> Ways:
    """Compare desired entries, all of which the table has, as objects and as a table."""
    read = netio.list_neighbors(interface=INTERFACE)
    desired = list(read)
    if len(desired) < table.rows:
        raise RuntimeError("the table is not complete")
    return {
        "netio, listing": netio.list_neighbors,
        "plan of objects": lambda: netio.plan_neighbors(desired),
        "plan of a table": lambda: netio.plan_neighbors(read),
    }


def applying(table: Table) -> Ways:
    """Apply desired entries, of which 1,000 differ from the table."""
    one, other = table.prepared(140), table.prepared(141, CHANGED)
    states = [one, [*other, *one[len(other) :]]]
    turns = count()
    netio.apply_neighbors(states[1])
    return {
        # In turns 0, 1, 2: the state of the table, the other one, and that again.
        "plan, all equal": lambda: netio.plan_neighbors(states[1 - next(turns) // 3 % 2]),
        "apply, 1,000 differ": lambda: netio.apply_neighbors(states[next(turns) // 3 % 2]),
        "apply, nothing differs": lambda: netio.apply_neighbors(states[next(turns) // 3 % 2]),
    }


def restoring(table: Table) -> Ways:
    """Read a file and write all entries, which the table has lost. Target: 1.5 s for 100,000."""
    path = Path(tempfile.mkdtemp()) / "saved.jsonl"
    write_neighbors(str(path), netio.list_neighbors(interface=INTERFACE))

    def restore() -> None:
        plan = netio.apply_neighbors(read_neighbors(str(path)))
        if plan.creates != table.rows:
            raise RuntimeError(f"only {plan.creates} entries were restored")

    return {"losing": lose_entries, "restoring": restore}


def converting(table: Table) -> Ways:
    """Convert the table to an array on the same memory, and to data frames, in which the addresses are text."""
    ways: Ways = {"C": lambda: table.peer.peer_dump(0)}
    if find_spec("numpy") is not None:
        ways["netio, to_numpy()"] = lambda: netio.list_neighbors().to_numpy()
    for library, name in LIBRARIES.items():
        if find_spec(library) is not None:
            make = getattr(import_module(library), name)
            ways[f"netio, {library}.{name}()"] = lambda make=make: make(netio.list_neighbors())
    return ways


def reading_files(table: Table) -> Ways:
    """Read entries from the text of a file, compared with a loop over the lines that checks nothing else."""
    rows = table.prepared(128)
    texts = {name: written(rows, name) for name in FORMATS}

    def loop() -> object:
        values = map(json.loads, texts["jsonl"].splitlines())
        return [Neighbor(v["address"], v["physical_address"], interface=v["interface"]) for v in values]

    ways: Ways = {"json.loads() and Neighbor()": loop}
    return ways | {f"read_neighbors(), {n}": lambda n=n: read_neighbors(StringIO(texts[n])) for n in FORMATS}


def writing_files(table: Table) -> Ways:
    """Write entries as text, compared with a loop that encodes each of them."""
    rows = table.prepared(128)
    ways: Ways = {"json.dumps() and to_dict()": lambda: [json.dumps(row.to_dict()) for row in rows]}
    return ways | {f"write_neighbors(), {name}": lambda name=name: written(rows, name) for name in FORMATS}


def written(rows: list[Neighbor], name: Format) -> str:
    """Return the text of a file with these entries."""
    file = StringIO()
    write_neighbors(file, rows, name)
    return file.getvalue()


def starting(rounds: int) -> list[Result]:
    """Measure starts of the interpreter, above an idle one. Ratios are to the modules that netio's types need."""
    python = sys.executable
    ways: Ways = {
        "pass": lambda: run(python, "-P", "-c", "pass"),
        "import dataclasses, enum, ipaddress": lambda: run(python, "-P", "-c", "import dataclasses, enum, ipaddress"),
        "import netio": lambda: run(python, "-P", "-c", "import netio"),
    }
    command = shutil.which("netio", path=str(Path(python).parent))
    if command is not None:
        ways["netio --version"] = lambda: run(command, "--version")
    # The minimum of several starts: other activity of the machine only adds time.
    quickest = [[min(result.seconds) for result in measure(ways, STARTS)] for _ in range(rounds)]
    above = {way: [times[place] - times[0] for times in quickest] for place, way in enumerate(ways) if place > 0}
    least = above["import dataclasses, enum, ipaddress"]
    return [Result(way, took, [t / one for t, one in zip(took, least, strict=True)]) for way, took in above.items()]


CASES: dict[str, Callable[[Table], Ways]] = {
    "list": listing,
    "every field of every row": iterating,
    "the same, held as a list": holding,
    "filter, another interface": filtering,
    "filter, one address": searching,
    "set, values changing": setting,
    "all rows fail": failing,
    f"get by name, {GETS} rows": getting,
    "arrays and data frames": converting,
    "plan": planning,
    "apply": applying,
    "restore": restoring,
    "read a file": reading_files,
    "write a file": writing_files,
    # The last one: it leaves entries that the others do not expect.
    "set, by family and key": setting_by_key,
}
START = "start, above `python -c pass`"
DELAYS = "event loop, p99 of the delay"

DELAY_ROUNDS = 3

# Ways whose peak memory is measured, each in a separate interpreter.
MEMORY: dict[tuple[str, str], str] = {
    ("list", "netio"): "kept = netio.list_neighbors()",
    ("every field of every row", "pyroute2"): "kept = list(IPRoute().get_neighbours())",
    ("every field of every row", "ip"): (
        'kept = json.loads(subprocess.run(["ip", "-j", "neigh", "show"], capture_output=True).stdout)'
    ),
    ("the same, held as a list", "netio"): "kept = list(netio.list_neighbors())",
}


def print_case(case: str, rows: int, results: list[Result]) -> None:
    """Print one block of the table."""
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
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000], help="sizes of the table"
    )
    parser.add_argument("--rounds", type=int, default=7, help="number of rounds")
    parser.add_argument("--case", action="append", help="part of the name of a case; may be repeated")
    parser.add_argument("--plot", metavar="FILE", help="draw the listing as SVG (needs matplotlib)")
    return parser.parse_args()


def measure_resolving(peer: ctypes.CDLL, options: argparse.Namespace) -> None:
    """Measure the cases of resolving, which have no table of a given size, on their own interface."""
    parts = options.case or [""]
    cases = {c: f for c, f in resolving.CASES.items() if any(part in c for part in parts)}
    delays = any(part in DELAYS for part in parts)
    if not cases and not delays:
        return
    with resolving.far_host():
        for case, (ways, addresses, most) in cases.items():
            print_case(case, addresses, measure(ways(peer), min(options.rounds, most)))
        if delays:
            print_case(DELAYS, resolving.SILENT, loop.delays(min(options.rounds, DELAY_ROUNDS)))


def measure_interfaces(options: argparse.Namespace) -> None:
    """Measure the table of many interfaces, which is in this namespace from then on."""
    if any(part in many_interfaces.CASE for part in options.case or [""]):
        for size, ways in many_interfaces.growing():
            print_case(many_interfaces.CASE, size, measure(ways, options.rounds))


def main() -> None:
    """Measure and print."""
    options = arguments()
    parts = options.case or [""]
    cases = {case: ways for case, ways in CASES.items() if any(part in case for part in parts)}
    enter_new_namespace()
    measured: dict[tuple[str, int], list[Result]] = {}
    print(f"{os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}\n")
    print("| what | rows | way | ms, median | ms, all | ratio, median | ratio, all | peak MB |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        # Modules are compiled only once, like those of an installed package.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        if any(part in START for part in parts):
            print_case(START, 0, starting(options.rounds))
        peer = compile_peer(folder)
        for rows in options.rows:
            table = Table(peer, rows)
            for case, ways in cases.items():
                measured[case, rows] = measure(ways(table), options.rounds)
                print_case(case, rows, measured[case, rows])
            table.empty()
        measure_resolving(peer, options)
        measure_interfaces(options)
    if options.plot:
        draw(measured, options.plot)


if __name__ == "__main__":
    main()
