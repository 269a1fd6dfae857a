# SPDX-License-Identifier: MIT
"""NETIO_DEBUG=1 prints netlink messages to stderr."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from netlab.child import environment, python

if TYPE_CHECKING:
    from netlab.wire import Wire

CODE = """
import os, netio
netio.get_neighbor("192.0.2.77", interface="near0")
os.environ["NETIO_DEBUG"] = "{later}"
netio.create_neighbors([netio.Neighbor(f"192.0.2.{{n}}", "02:00:5e:00:00:07", interface="near0") for n in (77, 78)])
"""


def lines_of(wire: Wire, now: str, later: str) -> list[str]:
    """Returns the lines on stderr of a process that reads one entry, changes the variable, and writes two."""
    wire.near.ip("neigh replace 192.0.2.77 lladdr 02:00:5e:00:00:07 dev near0", "neigh flush to 192.0.2.78 dev near0")
    with wire.near.entered():
        done = subprocess.run(
            python(CODE.format(later=later)),
            env=environment(NETIO_DEBUG=now),
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=50,
        )
    assert "5010" in done.stderr
    return [line for line in done.stderr.splitlines() if line.startswith("netio: ")]


def test_each_message_is_a_line(wire: Wire) -> None:
    """Bug: the messages of a batch, or the replies, are missing; or the variable is read for each call."""
    lines = lines_of(wire, "1", "0")
    shape = re.compile(r"netio: (sent|received) (\w+) type \d+ flags 0x[0-9a-f]+ sequence (\d+) length \d+ [0-9a-f.]*")
    found = [shape.fullmatch(line) for line in lines]
    assert [match and match.groups() for match in found] == [
        ("sent", "RTM_GETNEIGH", "1"),
        ("received", "RTM_NEWNEIGH", "1"),
        ("sent", "RTM_NEWNEIGH", "1"),
        ("sent", "RTM_NEWNEIGH", "2"),
        ("received", "NLMSG_ERROR", "1"),
        ("received", "NLMSG_ERROR", "2"),
    ]
    assert bytes([192, 0, 2, 77]).hex() in lines[0]


@pytest.mark.parametrize("value", ["", "0", "yes"])
def test_nothing_is_printed_without_the_variable(wire: Wire, value: str) -> None:
    """Bug: a program that does not know netio prints its messages."""
    assert lines_of(wire, value, "1") == []
