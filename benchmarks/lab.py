# SPDX-License-Identifier: MIT
"""Where the benchmarks run, and how they measure: a network of their own, the C peer, interleaved rounds."""

from __future__ import annotations

import ctypes
import gc
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
LINK = "bench0"
FIRST = IPv4Address("10.0.0.1")

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000

# A peer that took so long altogether is not run again.
_PATIENCE_SECONDS = 20.0


def run(*command: str, text: str = "") -> str:
    """Runs a command with text as its input; what it prints."""
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def leave_the_machine() -> None:
    """Goes into a fresh network namespace, without root by a user namespace: nothing of the machine is touched."""
    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) != 0:
        if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
            sys.exit(f"neither root nor a user namespace: {os.strerror(ctypes.get_errno())}")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", LINK, "type", "veth", "peer", "name", "bench1")
    run("ip", "link", "set", LINK, "up")


def compile_peer(folder: str) -> ctypes.CDLL:
    """Compiles peer.c."""
    library = str(Path(folder) / "peer.so")
    compiler = shlex.split(os.environ.get("CC", "cc"))
    subprocess.run(
        [*compiler, "-O2", "-std=c11", "-D_GNU_SOURCE", "-shared", "-fPIC", str(HERE / "peer.c"), "-o", library],
        check=True,
    )
    peer = ctypes.CDLL(library)
    for function in (peer.peer_dump, peer.peer_write, peer.peer_get):
        function.restype = ctypes.c_long
    return peer


@dataclass(frozen=True)
class Result:
    """What one way took: seconds of each round, and of each round its multiple of the first way's."""

    way: str
    seconds: list[float]
    ratios: list[float]
    megabytes: float | None = None

    @property
    def typical(self) -> float:
        """The median time."""
        return median(self.seconds)

    @property
    def ratio(self) -> float:
        """The median multiple."""
        return median(self.ratios)


def measure(ways: dict[str, Callable[[], object]], rounds: int) -> list[Result]:
    """Runs the ways by turns, so that a slow phase of the machine meets all of them; the first one is the yardstick.

    A first round warms up and is not counted.
    """
    # What earlier cases left is not this one's to go through: the collector looks at new objects only.
    gc.collect()
    gc.freeze()
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    ratios: dict[str, list[float]] = {way: [] for way in ways}
    spent = dict.fromkeys(ways, 0.0)
    for turn in range(rounds + 1):
        yardstick = 0.0
        for way, function in ways.items():
            if spent[way] > _PATIENCE_SECONDS:
                continue
            start = perf_counter()
            function()
            took = perf_counter() - start
            spent[way] += took
            yardstick = yardstick or took
            if turn > 0 or spent[way] > _PATIENCE_SECONDS:
                seconds[way].append(took)
                ratios[way].append(took / yardstick)
    return [Result(way, seconds[way], ratios[way]) for way in ways]


def memory_of(statement: str) -> float:
    """Megabytes that a statement takes at its peak in a fresh interpreter, above what its imports had taken."""
    code = f"""
import netio, json, subprocess
try:
    from pyroute2 import IPRoute
except ImportError:
    pass
def status(name):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name))
before = status("VmRSS")
{statement}
print((status("VmHWM") - before) / 1000)
"""
    return float(run(sys.executable, "-P", "-c", code))
