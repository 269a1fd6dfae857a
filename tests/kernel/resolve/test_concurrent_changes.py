# SPDX-License-Identifier: MIT
"""Entries that other threads and processes change or remove while they are resolved."""

from __future__ import annotations

from threading import Barrier, Thread
from time import sleep
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.child import call_elsewhere
from netlab.faults import RTM_DELNEIGH, RTM_GETNEIGH
from netlab.hosts import reachable
from netlab.oracle import Seen, seen
from netlab.wire import ABSENT_IP4, ABSENT_IP6, FAR_IP4, FAR_MAC, NEAR_IP4, NEAR_IP6

if TYPE_CHECKING:
    from netio import Neighbor
    from netlab.faults import Injector
    from netlab.wire import Wire

WRONG_MAC = "02:00:5e:00:00:99"


@pytest.mark.parametrize(("address", "source"), [(ABSENT_IP4, NEAR_IP4), (ABSENT_IP6, NEAR_IP6)])
def test_stale_notification_is_not_taken_as_reply_after_reprobe(
    wire: Wire, inject: Injector, address: str, source: str
) -> None:
    """Bug: a notification about an entry that was removed is taken as the reply to the probe after it."""
    wire.hasten()
    key = f"{address} dev near0"
    change = f"ip neigh replace {key} lladdr {WRONG_MAC} nud probe && ip neigh del {key}"
    # With a source the probe is a datagram, which does not show whether it created an entry: an absent one is probed
    # again.
    calls = [("resolve_neighbor", (address,), {"interface": "near0", "source": source})]

    # The second RTM_GETNEIGH rereads the entry after the probe.
    with inject(run_before_send=change, send_type=RTM_GETNEIGH, send_turn=2) as faults:
        (error,) = call_elsewhere(wire.near, [], calls, **faults.environment)

    assert isinstance(error, netio.UnreachableError), error
    assert error.code == 67


def test_entry_created_before_check_of_privileges_is_kept(wire: Wire, inject: Injector) -> None:
    """Bug: privileges are checked by the removal of an absent entry, which another process has created since."""
    change = f"ip neigh replace {ABSENT_IP4} dev near0 lladdr {WRONG_MAC} nud permanent"
    # With a source the probe is a datagram: NTF_USE would make the entry dynamic.
    calls = [("resolve_neighbor", (ABSENT_IP4,), {"interface": "near0", "source": NEAR_IP4})]

    with inject(run_before_send=change, send_type=RTM_DELNEIGH) as faults:
        (entry,) = call_elsewhere(wire.near, [], calls, **faults.environment)

    assert seen(wire.near) == {ABSENT_IP4: Seen(WRONG_MAC)}
    assert entry == netio.Neighbor(ABSENT_IP4, WRONG_MAC, interface="near0")


def test_entry_removed_now_and_then_is_not_full_table(wire: Wire) -> None:
    """Bug: removals add up during the whole wait, until the table is taken for full."""

    def remove() -> None:
        for _ in range(12):
            sleep(0.1)
            netio.delete_neighbor(ABSENT_IP4, interface="near0", missing_ok=True)
        wire.far.ip(f"address add {ABSENT_IP4}/24 dev far0")

    remover = Thread(target=remove)
    remover.start()
    try:
        entry = netio.resolve_neighbor(ABSENT_IP4, interface="near0", source=NEAR_IP4)
    finally:
        remover.join()

    assert entry.physical_address == FAR_MAC


@pytest.mark.parametrize("count", [2, 6])
def test_threads_resolve_one_address(wire: Wire, live: str, count: int) -> None:
    """Bug: that another thread removed the entry is taken for a failed probe, or for a full table."""
    results: list[Neighbor | netio.NetioError] = []

    def resolve(barrier: Barrier) -> None:
        barrier.wait()
        try:
            results.append(netio.resolve_neighbor(live, interface="near0"))
        except netio.NetioError as error:
            results.append(error)

    for _ in range(50):
        barrier = Barrier(count)
        threads = [Thread(target=resolve, args=[barrier]) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert results == [reachable(live)] * 50 * count
    assert seen(wire.near) == {live: Seen(FAR_MAC, "REACHABLE")}


def test_other_entries_change_all_the_time(wire: Wire) -> None:
    """Bug: notifications about other entries overrun the socket, and the expected one is lost."""
    wire.hasten()
    changes = (
        f"neigh {verb} 10.{i >> 8}.{i & 255}.1 lladdr {WRONG_MAC} dev near0"
        for i in range(20_000)
        for verb in ("replace", "delete")
    )
    rounds = 0
    with wire.near.busy(changes) as is_busy:
        while is_busy():
            assert netio.resolve_neighbor(FAR_IP4, interface="near0") == reachable(FAR_IP4)
            with pytest.raises(netio.UnreachableError):
                netio.resolve_neighbor(ABSENT_IP4, interface="near0")
            rounds += 1

    assert rounds > 0
