# SPDX-License-Identifier: MIT
"""Dumps that the kernel marks as interrupted by a change."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.child import call_elsewhere
from netlab.oracle import seen

if TYPE_CHECKING:
    from netlab.child import Call
    from netlab.faults import Injector
    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"

LISTS: list[Call] = [
    ("list_neighbors", (), {"interface": "near0"}),
    ("list_interfaces", (), {}),
]


def write_entries(wire: Wire) -> None:
    """Writes more entries than one datagram of a dump holds."""
    wire.near.ip(*(f"neigh add 10.0.{n // 250}.{n % 250} lladdr {MAC} dev near0" for n in range(1, 1000)))


@pytest.mark.parametrize("call", LISTS, ids=lambda call: str(call[0]))
@pytest.mark.parametrize("times", [1, 15])
def test_list_after_interrupted_dumps(wire: Wire, inject: Injector, times: int, call: Call) -> None:
    """Bug: entries of the interrupted dumps stay in the list, or too few attempts are made."""
    write_entries(wire)
    verb, _, named = call
    with inject(interrupt_dumps=times) as faults:
        (listed,) = call_elsewhere(wire.near, (), [call], **faults.environment)
    assert len(faults.marks()) == times
    assert listed == list(getattr(netio, verb)(**named))


def test_list_fails_if_every_dump_is_interrupted(wire: Wire, inject: Injector) -> None:
    """Bug: the dump is repeated without end, or a part of the table is returned, or flushed, as all of it."""
    write_entries(wire)
    wire.near.ip(f"neigh add 192.0.2.77 lladdr {MAC} dev near0 nud stale")
    calls = [*LISTS, ("flush_neighbors", (), {"interface": "near0"})]

    with inject(interrupt_dumps=1000) as faults:
        errors = call_elsewhere(wire.near, (), calls, **faults.environment)

    assert [(type(error), error.errno) for error in errors] == [(netio.NetioError, errno.EAGAIN)] * 3
    assert all("try again" in str(error) for error in errors)
    assert "192.0.2.77" in seen(wire.near)
    assert len(faults.marks()) > len(calls)  # each dump was repeated
