# SPDX-License-Identifier: MIT
"""The memory of tables: freed with its last reader, and not before."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from netlab.child import environment, python

if TYPE_CHECKING:
    from netlab.wire import Wire

# IPv6: the kernel walks its table of all namespaces for each list, and that of IPv4 may be large.
ROWS, LINKS, TIMES = 300, 30, 1000

# A leak of one table per round would be 25 MB, of the smallest object beside it 1.2 MB.
BOUND_BYTES = 600_000

GROWTH = f"""
import gc, json, os, socket, sys
import netio, numpy, pyarrow

def status():
    gc.collect()
    with open("/proc/self/status") as lines:
        resident = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))
    return resident, len(os.listdir("/proc/self/fd"))

def refused():
    try:
        netio.list_neighbors(interface="absent0")
    except netio.InterfaceNotFoundError:
        return
    raise SystemExit("found")

def table():
    return netio.list_neighbors(socket.AF_INET6, interface="near0")

def all_of_a_table():
    one = table()
    array, stream, schema = one[1:].to_numpy()[::2], one.__arrow_c_stream__(), one.__arrow_c_schema__()
    return one[::-1], array, stream, schema, pyarrow.table(one)

KINDS = {{
    "tables": all_of_a_table,
    "interfaces": netio.list_interfaces,
    "refusals": refused,
}}
assert len(table()) >= {ROWS}
assert len(netio.list_interfaces()) >= {LINKS}
growth = {{}}
for kind, make in KINDS.items():
    for _ in range({TIMES} // 5):
        make()
    memory, descriptors = status()
    for _ in range({TIMES}):
        make()
    more_memory, more_descriptors = status()
    growth[kind] = more_memory - memory, more_descriptors - descriptors
json.dump(growth, sys.stdout)
"""

# Nine threads: one owns a table, passes parts of it to eight others and drops it while they read. Freed memory is
# overwritten at once, and reused by the next table.
READ = """
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
import socket
import netio, numpy, pyarrow

def columns(stream):
    return stream.read_all().drop_columns(["reachability_time"]).to_pydict()

def stream_of(table):
    return pyarrow.RecordBatchReader._import_from_c_capsule(table.__arrow_c_stream__())

# The gaps between the members are undefined: numpy does not copy them if it copies row by row.
def members(array):
    return [array[name].tobytes() for name in ("PhysicalAddress", "InterfaceIndex", "State")]

# The part of a table, how it is read, and how often.
KINDS = [
    (lambda table: table, list, 5),
    (lambda table: table[1:-1], list, 5),
    (lambda table: table[::-3], list, 5),
    (lambda table: iter(table), list, 1),
    (lambda table: table.to_numpy(), numpy.ndarray.tobytes, 500),
    (lambda table: table[5:].to_numpy()[::2], members, 100),
    (lambda table: stream_of(table), columns, 1),
    (lambda table: stream_of(table[::-2]), columns, 1),
]

def own(queues):
    table = netio.list_neighbors(socket.AF_INET6, interface="near0")
    for queue, (part, read, _) in zip(queues, KINDS, strict=True):
        queue.put((part(table), read(part(table))))
    del table
    for _ in range(5):
        netio.list_neighbors(socket.AF_INET6, interface="near0")[::2].__arrow_c_stream__()

def read_all(queue, read, times):
    part, expected = queue.get(timeout=20)
    for _ in range(times):
        assert read(part) == expected

with ThreadPoolExecutor(9) as pool:
    for _ in range(15):
        queues = [Queue() for _ in KINDS]
        work = [pool.submit(read_all, queue, read, times) for queue, (_, read, times) in zip(queues, KINDS)]
        work.append(pool.submit(own, queues))
        for one in reversed(work):
            one.result()
"""


def lay_rows(wire: Wire) -> None:
    macs = (bytes([2, 0, 0, 0, *divmod(n, 250)]).hex(":") for n in range(ROWS))
    wire.near.ip(*(f"neigh add 2001:db8:1::{n:x} lladdr {mac} dev near0" for n, mac in enumerate(macs, 1)))


def test_a_thousand_tables_leak_nothing(wire: Wire) -> None:
    """Bug: memory or a descriptor of each table leaks, or a stream is freed only if it was read."""
    lay_rows(wire)
    wire.near.ip(*(f"link add name many{n} type bridge" for n in range(LINKS)))
    with wire.near.entered():
        done = subprocess.run(python(GROWTH), env=environment(), stdout=subprocess.PIPE, check=True, timeout=50)
    growth = json.loads(done.stdout)
    assert len(growth) == 3
    assert {kind: descriptors for kind, (_, descriptors) in growth.items() if descriptors != 0} == {}
    assert {kind: memory for kind, (memory, _) in growth.items() if memory > BOUND_BYTES} == {}


@pytest.mark.parametrize("more", [{}, {"PYTHONMALLOC": "debug", "MALLOC_PERTURB_": "165"}], ids=["fast", "debug"])
def test_eight_threads_read_a_table_that_a_ninth_drops(wire: Wire, more: dict[str, str]) -> None:
    """Bug: the memory is freed with the table while a slice, an array or a stream still reads it."""
    lay_rows(wire)
    with wire.near.entered():
        subprocess.run(python(READ), env=environment(**more), check=True, timeout=50)
