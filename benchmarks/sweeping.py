# SPDX-License-Identifier: MIT
"""Compares `netio scan` with arp-scan and nmap. Usage: python benchmarks/sweeping.py [--prefix 24 16].

Scans a network with 20 live hosts, all programs with their default rate, on a private link. Needs no privileges, but
ip(8). Programs that are not installed are reported as absent. One round is a scan by each program, one after the other;
ratios are to the first one. A /16 takes minutes: --program selects the programs.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lab import enter_new_namespace, measure, run
from resolving import INTERFACE, far_host

if TYPE_CHECKING:
    from collections.abc import Callable

LIVE = 20

# The networks by prefix length; far_host() has its addresses in both.
NETWORKS = {24: "10.200.1.0/24", 16: "10.200.0.0/16"}

# The programs, their arguments before the network, and the text that occurs once for each host in their output.
PROGRAMS = {
    "netio": (("scan", "--interface", INTERFACE, "--json"), '"physical_address": "'),
    "arp-scan": (("--interface", INTERFACE, "--plain", "--quiet"), "\t"),
    "nmap": (("-sn", "-PR", "-n", "-e", INTERFACE), "MAC Address: "),
}


def scanning(network: str, programs: list[str]) -> tuple[dict[str, Callable[[], object]], list[str]]:
    """Return the ways, and the programs that are absent."""
    here = str(Path(sys.executable).parent)
    ways: dict[str, Callable[[], object]] = {}
    absent = []
    for program in programs:
        options, mark = PROGRAMS[program]
        path = shutil.which(program, path=os.pathsep.join([here, os.environ.get("PATH", os.defpath), "/usr/sbin"]))
        if path is None:
            absent.append(program)
            continue

        def scan(command: tuple[str, ...] = (path, *options, network), mark: str = mark) -> None:
            found = run(*command).count(mark)
            if found != LIVE:
                raise RuntimeError(f"{command[0]} found {found} of {LIVE} hosts")

        ways[program] = scan
    return ways, absent


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--prefix", type=int, nargs="+", choices=list(NETWORKS), default=[24], help="prefix lengths")
    parser.add_argument("--program", nargs="+", choices=list(PROGRAMS), default=list(PROGRAMS), help="programs")
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds")
    options = parser.parse_args()
    enter_new_namespace()
    print(f"{os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}\n")
    print("| network | program | s, median | s, all | ratio, median | ratio, all |")
    print("|---|---|---|---|---|---|")
    with far_host(LIVE):
        for prefix in options.prefix:
            ways, absent = scanning(NETWORKS[prefix], options.program)
            for result in measure(ways, options.rounds):
                seconds, ratios = result.seconds, result.ratios
                print(
                    f"| /{prefix} | {result.way} | {result.typical:.2f} | {min(seconds):.2f} to {max(seconds):.2f} "
                    f"| {result.ratio:.2f} | {min(ratios):.2f} to {max(ratios):.2f} |",
                    flush=True,
                )
            for program in absent:
                print(f"| /{prefix} | {program} | absent | | | |", flush=True)


if __name__ == "__main__":
    main()
