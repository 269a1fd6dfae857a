# SPDX-License-Identifier: MIT
"""Threads with small stacks: musl gives 128 kB by default, and programs with many threads choose less."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from netlab.child import environment, python

if TYPE_CHECKING:
    from netlab.wire import Wire

_THREADS = """
import threading, netio
from netio import Neighbor, linux

MAC = "02:00:5e:00:00:07"
NAMED = [Neighbor(f"2001:db8::1:{n:x}", MAC, interface="near0") for n in range(300)]
ROUTED = [Neighbor(f"192.0.2.{n}", MAC) for n in range(20, 200)]
DETAILED = [linux.LinuxNeighbor(row, linux.Nud.STALE) for row in NAMED]
CALLS = [
    netio.list_interfaces,
    lambda: netio.create_neighbors(NAMED),
    lambda: netio.set_neighbors(NAMED),
    lambda: netio.replace_neighbors(ROUTED),
    lambda: list(netio.list_neighbors()),
    lambda: netio.get_neighbor("2001:db8::1:1"),
    lambda: netio.delete_neighbors([*NAMED, *ROUTED]),
    lambda: list(netio.resolve_neighbors(["192.0.2.2", "2001:db8::2"], interface="near0")),
    lambda: netio.resolve_neighbor("192.0.2.2", source="192.0.2.1"),
    lambda: linux.replace_neighbors(DETAILED),
    lambda: list(linux.list_neighbors()),
    lambda: linux.get_neighbor("2001:db8::1:1"),
    lambda: linux.probe_neighbors(DETAILED),
    lambda: linux.delete_neighbor("2001:db8::1:1", interface="near0"),
    netio.flush_neighbors,
]
threading.stack_size(64 * 1024)
done = []
for call in CALLS:
    thread = threading.Thread(target=lambda: done.append(call()))
    thread.start()
    thread.join()
assert len(done) == len(CALLS), done
"""


def test_every_verb_runs_on_a_stack_of_64_kb(wire: Wire) -> None:
    """Bug: an array on the stack of C crashes the process."""
    with wire.near.entered():
        subprocess.run(python(_THREADS), env=environment(), check=True, timeout=50)
