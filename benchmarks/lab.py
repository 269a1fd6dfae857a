# SPDX-License-Identifier: MIT
"""The environment and the method of the benchmarks: a private network, the C peer, interleaved rounds."""

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
INTERFACE = "bench0"
FIRST = IPv4Address("10.0.0.1")

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000

# A way whose rounds took longer than this in total is not run again.
_LIMIT_SECONDS = 20.0


def run(*command: str, text: str = "") -> str:
    """Run a command with text as its input and return its output."""
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def enter_new_namespace() -> None:
    """Enter a new network namespace, if unprivileged with a user namespace. The machine's network is not affected."""
    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) != 0:
        if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
            sys.exit(f"neither root nor user namespaces are available: {os.strerror(ctypes.get_errno())}")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", INTERFACE, "type", "veth", "peer", "name", "bench1")
    run("ip", "link", "set", INTERFACE, "up")


def compile_peer(folder: str) -> ctypes.CDLL:
    """Compile and load peer.c."""
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
    """The results of one way: the seconds of each round, and their ratios to those of the first way."""

    way: str
    seconds: list[float]
    ratios: list[float]
    megabytes: float | None = None

    @property
    def typical(self) -> float:
        """Return the median of the times."""
        return median(self.seconds)

    @property
    def ratio(self) -> float:
        """Return the median of the ratios."""
        return median(self.ratios)


def measure(ways: dict[str, Callable[[], object]], rounds: int) -> list[Result]:
    """Run the ways alternately, so that a slow phase of the machine affects all of them. Ratios are to the first way.

    The first round is a warm-up and is not counted.
    """
    # Objects of earlier cases must not slow down this one: the garbage collector inspects only new objects.
    gc.collect()
    gc.freeze()
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    ratios: dict[str, list[float]] = {way: [] for way in ways}
    spent = dict.fromkeys(ways, 0.0)
    for turn in range(rounds + 1):
        reference = 0.0
        for way, function in ways.items():
            if spent[way] > _LIMIT_SECONDS:
                continue
            start = perf_counter()
            function()
            took = perf_counter() - start
            spent[way] += took
            reference = reference or took
            if turn > 0 or spent[way] > _LIMIT_SECONDS:
                seconds[way].append(took)
                ratios[way].append(took / reference)
    return [Result(way, seconds[way], ratios[way]) for way in ways]


def memory_of(statement: str) -> float:
    """Return the peak memory of a statement in a new interpreter, in megabytes above that of its imports."""
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
