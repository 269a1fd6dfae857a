# SPDX-License-Identifier: MIT
"""How the resolver is waited for: by an event loop through its descriptor and due time, and without idle wake-ups."""

from __future__ import annotations

import select
import subprocess
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import netio
from netio._interfaces import InterfaceCache, pack_entries
from netio._native import ffi, lib
from netlab.child import environment, python
from netlab.faults import RTM_GETNEIGH
from netlab.trace import trace
from netlab.wire import ABSENT_IP4, FAR_IP4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netlab.faults import Injector
    from netlab.wire import Wire

FAILED_FOR_GOOD_MS = 20


@contextmanager
def resolver() -> Iterator[Any]:
    """Opens a resolver of the backend."""
    out = ffi.new("netio_resolver **")
    assert lib.netio_resolver_open(lib.NETIO_OWN_NETNS, False, out) == lib.NO_ERROR
    try:
        yield out[0]
    finally:
        lib.netio_resolver_release(out)


def submit(opened: Any, *addresses: str) -> None:  # noqa: ANN401
    """Submits addresses on near0, with the tags 0, 1, ..."""
    rows, _ = pack_entries([netio.Neighbor(address, interface="near0") for address in addresses], InterfaceCache())
    assert lib.netio_resolver_submit(opened, rows, len(addresses), ffi.NULL, 0) == lib.NO_ERROR


def completed(opened: Any) -> dict[int, int]:  # noqa: ANN401
    """Returns the codes of completed rows by tag, without waiting."""
    tags, rows = ffi.new("size_t[8]"), ffi.new("MIB_IPNET_ROW2[8]")
    codes, count = ffi.new("DWORD[8]"), ffi.new("size_t *", 8)
    result = lib.netio_resolver_wait(opened, 0, tags, rows, codes, count)
    assert result in (lib.NO_ERROR, lib.WAIT_TIMEOUT)
    return {tags[place]: codes[place] for place in range(count[0])}


def test_event_loop_needs_only_descriptor_and_due_time(wire: Wire) -> None:
    """Bug: a timer inside C, unknown to the event loop, decides when a silent address is reported."""
    wire.hasten()
    found: dict[int, int] = {}
    waits: list[float] = []
    with resolver() as opened:
        submit(opened, FAR_IP4, ABSENT_IP4)
        poll = select.poll()
        poll.register(lib.netio_resolver_fd(opened), select.POLLIN)
        end = monotonic() + 20
        while len(found) < 2 and monotonic() < end:
            due = lib.netio_resolver_due(opened)
            waits.append(due)
            poll.poll(20_000 if due == lib.NETIO_NEVER else due)
            found |= completed(opened)

    assert found == {0: lib.NO_ERROR, 1: lib.ERROR_BAD_NET_NAME}
    assert lib.NETIO_NEVER in waits  # while the kernel still probes
    assert any(0 < due <= FAILED_FOR_GOOD_MS for due in waits)  # since the entry was first seen as FAILED


def test_resolver_without_rows_is_never_due(wire: Wire) -> None:
    """Bug: an idle resolver asks its event loop to call it again and again."""
    del wire
    with resolver() as opened:
        assert lib.netio_resolver_fd(opened) >= 0
        assert lib.netio_resolver_due(opened) == lib.NETIO_NEVER


def test_completed_rows_are_due_at_once(wire: Wire) -> None:
    """Bug: a row that is completed by the submit itself waits for a notification that does not come."""
    del wire
    with resolver() as opened:
        submit(opened, "0.0.0.0")
        assert lib.netio_resolver_due(opened) == 0
        assert completed(opened) == {0: lib.ERROR_INVALID_PARAMETER}
        assert lib.netio_resolver_due(opened) == lib.NETIO_NEVER


# Prints, for each of ten waits, how often it has reread the entries.
WAITS = """
import os
from test_waiting import *
count = lambda: sum(1 for _ in open(os.environ["NETIO_FAULT_MARKS"]))
with resolver() as opened:
    submit(opened, "192.0.2.77")
    submit(opened, "192.0.2.78")
    for _ in range(10):
        before = count()
        completed(opened)
        print(count() - before)
"""


def test_entries_that_others_delete_do_not_keep_a_wait(wire: Wire, inject: Injector) -> None:
    """Bug: a submit or a wait probes again as long as other processes delete the entries, here without an end."""
    change = "ip neigh del 192.0.2.77 dev near0; ip neigh del 192.0.2.78 dev near0; true"

    with inject(run_before_send=change, send_type=RTM_GETNEIGH, send_turn=0) as faults, wire.near.entered():
        path = f"{environment()['PYTHONPATH']}:{Path(__file__).parent}"
        env = environment(**faults.environment) | {"PYTHONPATH": path}
        done = subprocess.run(python(WAITS), env=env, capture_output=True, text=True, timeout=15, check=True)

    rereads = list(map(int, done.stdout.split()))
    assert len(rereads) == 10
    assert 0 < max(rereads) <= 2  # because of the notifications, and after the probe


def test_silent_address_costs_no_wake_ups(wire: Wire, tmp_path: Path) -> None:
    """Bug: the wait for a silent address is cut into slices of 50 ms, 60 in three seconds."""
    del wire
    code = f"""
import netio
try:
    netio.resolve_neighbor({ABSENT_IP4!r}, interface="near0")
except netio.UnreachableError:
    pass
"""
    calls = trace(code, tmp_path / "log", calls="poll")

    assert 1 <= len(calls) <= 20, calls
