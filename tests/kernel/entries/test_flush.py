# SPDX-License-Identifier: MIT
"""Flushing removes dynamic entries and keeps written ones."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.oracle import seen

if TYPE_CHECKING:
    from conftest import Caller
    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"
DYNAMIC = ("reachable", "stale", "delay", "probe")
KEPT = ("permanent", "noarp")


def fill(wire: Wire, interface: str) -> None:
    """Writes an entry of each state in each family; the last group of its address stands for the state."""
    for prefix in ("192.0.2.", "2001:db8::", "fe80::"):
        wire.near.ip(
            *(f"neigh add {prefix}5{i} lladdr {MAC} dev {interface} nud {s}" for i, s in enumerate([*KEPT, *DYNAMIC])),
            f"neigh add {prefix}58 dev {interface} nud incomplete",
            f"neigh add {prefix}59 dev {interface} nud failed",
        )


def kept(*prefixes: str) -> set[str]:
    """The addresses of the entries that a flush keeps."""
    return {f"{prefix}5{i}" for prefix in prefixes for i in range(len(KEPT))}


def everything(*prefixes: str) -> set[str]:
    """The addresses of all entries."""
    return {f"{prefix}5{i}" for prefix in prefixes for i in (0, 1, 2, 3, 4, 5, 8, 9)}


@pytest.mark.parametrize(
    ("family", "left"),
    [
        (socket.AF_UNSPEC, kept("192.0.2.", "2001:db8::", "fe80::")),
        (socket.AF_INET, kept("192.0.2.") | everything("2001:db8::", "fe80::")),
        (socket.AF_INET6, kept("2001:db8::", "fe80::") | everything("192.0.2.")),
    ],
    ids=["both", "ip4", "ip6"],
)
def test_flush_of_a_family(wire: Wire, family: int, left: set[str]) -> None:
    """Bug: a flush removes a written entry, skips a dynamic state, or affects the other family."""
    fill(wire, "near0")

    netio.flush_neighbors(family)

    assert set(seen(wire.near)) == left


def test_flush_of_an_interface(wire: Wire) -> None:
    """Bug: a flush of one interface flushes all of them."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    fill(wire, "near0")
    fill(wire, "near1")

    netio.flush_neighbors(interface="near1")

    assert set(seen(wire.near, "near1")) == kept("192.0.2.", "2001:db8::", "fe80::")
    assert set(seen(wire.near, "near0")) == everything("192.0.2.", "2001:db8::", "fe80::")


def test_flush_of_an_empty_table(wire: Wire) -> None:
    """Bug: an empty table is an error."""
    netio.flush_neighbors()
    netio.flush_neighbors()

    assert seen(wire.near) == {}


@pytest.mark.parametrize("rows", ["no rows", "rows"])
def test_flush_needs_privilege_even_if_the_table_is_empty(wire: Wire, unprivileged: Caller, rows: str) -> None:
    """Bug: an unprivileged flush of an empty table succeeds."""
    if rows == "rows":
        fill(wire, "near0")
    before = set(seen(wire.near))

    for named in ({}, {"interface": "near0"}, {"family": socket.AF_INET}):
        with pytest.raises(netio.AccessDeniedError) as caught:
            unprivileged("flush_neighbors", **named)
        assert caught.value.code == 5

    assert set(seen(wire.near)) == before
