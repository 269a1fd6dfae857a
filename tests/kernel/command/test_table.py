# SPDX-License-Identifier: MIT
"""`netio table` shows limits, statistics and parameters of interfaces, as netio.linux reads them."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict
from typing import TYPE_CHECKING

from netio import linux
from netlab.child import UNPRIVILEGED
from netlab.command import answer, checked, complaint, run

if TYPE_CHECKING:
    from netlab.wire import Wire

LIMITS = ["gc_thresh1", "gc_thresh2", "gc_thresh3", "gc_interval_ms"]


def lines(*arguments: str) -> list[list[str]]:
    """Returns the words of each line of the output."""
    done = run("table", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return [line.split() for line in done.stdout.splitlines()]


def test_limits_and_statistics_of_both_families(wire: Wire) -> None:
    """Bug: a number is shown in the column of the other family, or one is missing."""
    del wire
    both = [linux.table_parameters(family) for family in (socket.AF_INET, socket.AF_INET6)]
    before = linux.table_statistics(socket.AF_INET)
    shown = lines()
    after = linux.table_statistics(socket.AF_INET)
    middle = shown.index([])
    assert shown[0] == ["LIMITS", "IPv4", "IPv6"]
    assert shown[1:middle] == [[name, *(str(getattr(one, name)) for one in both)] for name in LIMITS]
    assert shown[middle + 1] == ["STATISTICS", "IPv4", "IPv6"]
    counters = {name: int(ip4) for name, ip4, _ in shown[middle + 2 :]}
    assert [*counters] == [*asdict(before)]
    for name in ("allocations", "lookups", "hits", "res_failed", "table_fulls"):
        assert getattr(before, name) <= counters[name] <= getattr(after, name)


def test_parameters_of_interfaces(wire: Wire) -> None:
    """Bug: the parameters are those of another interface or family, or one interface has two sections."""
    linux.set_table_parameters(socket.AF_INET, interface="near0", retrans_ms=2_000)
    linux.set_table_parameters(socket.AF_INET6, interface="near0", retrans_ms=3_000)
    shown = lines("-i", "near0", "-i", "lo", "-i", "near0")
    assert [line for line in shown if line[1:] == ["IPv4", "IPv6"]] == [
        ["near0", "IPv4", "IPv6"],
        ["lo", "IPv4", "IPv6"],
    ]
    assert [line for line in shown if line[:1] == ["retrans_ms"]] == [
        ["retrans_ms", "2000", "3000"],
        ["retrans_ms", "1000", "1000"],
    ]
    assert ["retrans_ms", "3000"] in lines("-6", "-i", "near0")
    assert ["retrans_ms", "2000"] in lines("-4", "-i", str(socket.if_nametoindex("near0")))
    wire.near.ip("link set near0 mtu 1200")  # too small for IPv6
    assert ["retrans_ms", "2000", "-"] in lines("-i", "near0")
    assert "the interface has no stack for the family" in complaint("table", "-6", "-i", "near0")


def test_json(wire: Wire) -> None:
    """Bug: the output does not match its schema, or an option does not select."""
    del wire
    ip4, ip6 = answer("table")
    assert (ip4["family"], ip6["family"]) == ("IPv4", "IPv6")
    found = linux.table_parameters(socket.AF_INET)
    assert ip4["limits"] == {name: getattr(found, name) for name in LIMITS}
    assert ip4["interfaces"] == [asdict(one) for one in found.interfaces]
    assert ip4["defaults"]["retrans_ms"] == found.defaults.retrans_ms
    assert {*ip4["statistics"]} == {*asdict(linux.table_statistics(socket.AF_INET))}
    (only,) = answer("table", "-6", "-i", "near0")
    assert [one["interface"] for one in only["interfaces"]] == ["near0"]
    (failed,) = answer("table", "-i", "gone", status=1)
    assert (failed["address"], failed["error"]["name"]) == (None, "InterfaceNotFoundError")


def test_namespace_and_privilege(wire: Wire) -> None:
    """Bug: the interfaces are those of the caller's namespace, or reading needs a privilege."""
    assert "there is no such interface" in complaint("table", "-i", "far0")
    with wire.far.entered():
        done = run("table", "--json", "-i", "far0", prefix=UNPRIVILEGED)
    assert [len(one["interfaces"]) for one in checked("table", json.loads(done.stdout))] == [1, 1]
