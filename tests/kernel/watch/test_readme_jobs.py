# SPDX-License-Identifier: MIT
"""The jobs of the README, docs/follow.md and the tutorial, each in a process that watches a link."""

from __future__ import annotations

import re
from pathlib import Path
from subprocess import PIPE, Popen
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.child import environment, python
from netlab.wire import FAR_IP4, FAR_MAC

if TYPE_CHECKING:
    from netlab.wire import Wire

ROOT = Path(__file__).parents[3]
DOCUMENTS = ("README.md", "docs/follow.md")
TUTORIAL = "docs/tutorial.md"


def jobs_in(name: str) -> list[str]:
    return re.findall(r"```py\n(.*?)```", (ROOT / name).read_text("utf-8"), re.DOTALL)


JOBS = [jobs_in(name) for name in DOCUMENTS]

MOVED = "02:00:00:00:00:99"
PINNED, MAC = "192.0.2.60", "02:00:5e:00:00:07"

PREAMBLE = f"""
import functools, netio
print = functools.partial(print, flush=True)
gateway = "{FAR_IP4}"
def alarm(change):
    print("moved", change.last_physical_address, change.neighbor.physical_address)
class hardware:
    def put(entry): print("put", entry.address, entry.physical_address)
    def remove(entry): print("remove", entry.address)
open_watch = netio.watch_neighbors
def watch_neighbors(*arguments, **named):
    watch = open_watch(*arguments, **named)
    print("ready")
    return watch
netio.watch_neighbors = watch_neighbors
"""


def test_documents_have_the_same_jobs() -> None:
    assert JOBS[0] == JOBS[1]
    assert [job.count("\n") for job in JOBS[0]] == [3, 3, 3]


@pytest.mark.parametrize("job", range(3))
def test_job(wire: Wire, job: int) -> None:
    """Bug: a job of the README does not do what it says."""
    wire.hasten()
    wire.near.ip("link set near0 down", "link set near0 name eth0", "link set eth0 up")
    with Popen(python(PREAMBLE + JOBS[0][job]), env=environment(), stdout=PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == "ready\n"
            netio.resolve_neighbor(FAR_IP4)
            if job == 0:
                assert child.stdout.readline() == f"new {FAR_IP4} eth0\n"
                wire.near.ip(f"neigh replace {FAR_IP4} dev eth0 nud failed")
                assert child.stdout.readline() == f"left {FAR_IP4} eth0\n"
            elif job == 1:
                wire.far.ip(f"link set far0 address {MOVED}")
                netio.resolve_neighbor(FAR_IP4)
                assert child.stdout.readline() == f"moved {FAR_MAC} {MOVED}\n"
            else:
                lines = iter(child.stdout.readline, "")
                assert any(line.startswith(f"put {FAR_IP4} ") for line in lines)
                netio.create_neighbor(PINNED, MAC, interface="eth0")
                netio.delete_neighbor(PINNED, interface="eth0")
                assert [line for line in (next(lines), next(lines)) if PINNED in line] == [
                    f"put {PINNED} {MAC}\n",
                    f"remove {PINNED}\n",
                ]
        finally:
            child.kill()


def test_job_of_the_tutorial(wire: Wire) -> None:
    """Bug: a device is reported again after it was silent, or a new one is not."""
    (job,) = jobs_in(TUTORIAL)
    wire.near.ip(f"neigh add {PINNED} lladdr {MAC} dev near0")
    with Popen(python(job), env=environment(), stdout=PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == f"new: {PINNED} {MAC}\n"
            netio.resolve_neighbor(FAR_IP4, interface="near0")
            wire.near.ip(f"neigh replace {FAR_IP4} dev near0 nud failed")
            netio.resolve_neighbor(FAR_IP4, interface="near0")
            other = PINNED.replace("60", "61")
            wire.near.ip(f"neigh add {other} lladdr {MAC} dev near0")
            lines = [child.stdout.readline() for _ in range(2)]
            assert lines == [f"new: {FAR_IP4} {FAR_MAC}\n", f"new: {other} {MAC}\n"]
        finally:
            child.kill()
