# SPDX-License-Identifier: MIT
"""examples/ifstate_neighbours.py logs and writes what ifstate logs and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import ifstate_neighbours
import netio
from netlab.oracle import details, seen
from netlab.original import run_original
from netlab.wire import FAR_IP4

if TYPE_CHECKING:
    from netlab.oracle import Seen
    from netlab.wire import Wire

ORIGINAL = """
import json, logging, sys
from types import SimpleNamespace
from libifstate.log import logger
from libifstate.neighbour import Neighbours
from pyroute2 import IPRoute

class Lines(logging.Handler):
    def emit(self, record):
        lines.append(record.getMessage())

lines = []
logger.addHandler(Lines(logging.INFO))
logger.setLevel(logging.INFO)
argument = json.load(sys.stdin)
with IPRoute() as route:
    wanted = [{"dst": dst, "lladdr": lladdr} for dst, lladdr in argument["neighbours"].items()]
    Neighbours(SimpleNamespace(ipr=route), "near0", wanted).apply(argument["do_apply"])
print(json.dumps(lines))
"""

WANTED = {
    "192.0.2.50": "02:00:5e:00:00:50",  # as it is
    "192.0.2.51": "02:00:5e:00:00:51",  # has another physical address
    "192.0.2.52": "02:00:5e:00:00:52",  # missing
    "192.0.2.53": "02:00:5e:00:00:53",  # not permanent
    "2001:db8::50": "02:00:5e:00:00:54",
    "fe80::60": "02:00:5e:00:00:60",
    "fe80::61": "02:00:5e:00:00:61",
}

PRESENT = (
    "192.0.2.50 lladdr 02:00:5e:00:00:50",
    "192.0.2.51 lladdr 02:00:5e:00:00:ff",
    "192.0.2.53 lladdr 02:00:5e:00:00:53 nud stale",
    "192.0.2.54 lladdr 02:00:5e:00:00:54 nud noarp extern_learn proto zebra",  # of a routing daemon
    "192.0.2.55 lladdr 02:00:5e:00:00:55",  # not wanted any more
    "192.0.2.56 lladdr 02:00:5e:00:00:56 nud reachable",
    "fe80::60 lladdr 02:00:5e:00:00:60",
    "fe80::62 lladdr 02:00:5e:00:00:62",
)


def prepare(wire: Wire) -> None:
    """Makes the entries of near0 those of PRESENT."""
    with wire.near.entered():
        netio.delete_neighbors(row for row in netio.list_neighbors() if row.address != FAR_IP4)
    wire.near.ip(*(f"neigh replace {words} dev near0" for words in PRESENT))


def run_both(wire: Wire, *, do_apply: bool) -> tuple[list[str], dict[str, Seen]]:
    """Runs the port and the original on the same table. Returns log and table, which are equal."""
    prepare(wire)
    lines = ifstate_neighbours.apply("near0", WANTED, do_apply=do_apply)
    table = seen(wire.near)
    prepare(wire)
    assert lines == run_original(wire.near, ORIGINAL, {"neighbours": WANTED, "do_apply": do_apply})
    assert table == seen(wire.near)
    return lines, table


def test_same_log_and_same_table_as_ifstate(wire: Wire) -> None:
    """Bug: an entry of a routing daemon is deleted, a link-local entry is written again, or a change is missing."""
    lines, table = run_both(wire, do_apply=True)

    assert {line for line in lines if line.startswith("=")} == {"= 192.0.2.50", "= fe80::60"}
    assert {line for line in lines if line.startswith("-")} == {"- 192.0.2.51", "- 192.0.2.55", "- fe80::62"}
    assert table["192.0.2.51"].physical_address == "02:00:5e:00:00:51"
    assert table["192.0.2.53"].state == "PERMANENT"
    assert (table["192.0.2.54"].state, details(wire.near)["192.0.2.54"].protocol) == ("NOARP", 11)
    assert "192.0.2.55" not in table


def test_dry_run_and_second_run_change_nothing(wire: Wire) -> None:
    """Bug: a run without do_apply writes, or a configuration is never in sync."""
    _, table = run_both(wire, do_apply=False)
    assert table.keys() == {words.partition(" ")[0] for words in PRESENT}

    ifstate_neighbours.apply("near0", WANTED)
    table = seen(wire.near)
    assert ifstate_neighbours.apply("near0", WANTED) == [f"= {address}" for address in WANTED]
    assert seen(wire.near) == table


@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.57"])
def test_failure_is_a_line_and_the_rest_is_written(wire: Wire, address: str) -> None:
    """Bug: one entry that the kernel rejects ends the run."""
    prepare(wire)
    lladdr = "02:00:5e:00:00:50" if address == "127.0.0.1" else "02:00:5e"
    wanted = {address: lladdr, "192.0.2.52": "02:00:5e:00:00:52"}

    lines = ifstate_neighbours.apply("near0", wanted)

    (failure,) = (line for line in lines if "failed" in line)
    assert failure.startswith(f"adding neighbour failed: [Errno 22] CreateIpNetEntry2 {address}")
    assert seen(wire.near)["192.0.2.52"].physical_address == "02:00:5e:00:00:52"
    assert "192.0.2.55" not in seen(wire.near)
