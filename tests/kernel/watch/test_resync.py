# SPDX-License-Identifier: MIT
"""Floods: notifications are lost, and the watch ends equal to the table all the same."""

from __future__ import annotations

import socket
import subprocess
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pytest

import netio
from netio import ChangeKind
from netio._native import ffi, lib
from netlab import storm
from netlab.child import environment, python
from netlab.faults import RTM_GETNEIGH
from netlab.namespace import is_machines_root
from netlab.replay import Replay

if TYPE_CHECKING:
    from collections.abc import Callable
    from mmap import mmap

    from netlab.faults import Injector
    from netlab.wire import Wire

OLD, NEW = "02:00:5e:00:00:07", "02:00:5e:00:00:08"
RESYNC, ADDED = ChangeKind.RESYNC, ChangeKind.ADDED

CHANGES = 20_000

SIZES = [16 << 10, 128 << 10, 1 << 20]


def flood(writer: storm.Writer, watch: netio.NeighborWatch, *, is_read: Callable[[mmap], bool]) -> Replay:
    """Runs a writer; reads when the function returns True, and until the watch is quiet after the writer has ended."""
    replay = Replay(watch, watch.table())
    end = monotonic() + 40
    with storm.in_process(writer) as progress:
        while storm.changes(progress) < CHANGES:
            assert monotonic() < end, f"the writer made only {storm.changes(progress)} changes"
            if is_read(progress):
                replay.apply(watch.read(0.01))
            else:
                sleep(0.001)
    replay.read_quiet()
    return replay


@pytest.mark.parametrize("writer", [storm.change_values, storm.create_and_delete])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.usefixtures("wire")
def test_reader_ends_equal_to_the_table(writer: storm.Writer, size: int) -> None:
    """Bug: after a loss an entry is missing, outdated or reported twice."""
    netio.create_neighbors(storm.entries(storm.stable(), storm.GENERATIONS[0]))
    with netio.watch_neighbors(socket.AF_INET, receive_buffer=size) as watch:
        replay = flood(writer, watch, is_read=lambda _: True)
        replay.check(family=socket.AF_INET)


@pytest.mark.parametrize("writer", [storm.change_values, storm.create_and_delete])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.usefixtures("wire")
def test_loss_is_reported(writer: storm.Writer, size: int) -> None:
    """Bug: a reader that was busy elsewhere misses changes and does not notice."""
    netio.create_neighbors(storm.entries(storm.stable(), storm.GENERATIONS[0]))
    with netio.watch_neighbors(socket.AF_INET, receive_buffer=size) as watch:
        replay = flood(writer, watch, is_read=lambda progress: storm.changes(progress) > 3 * CHANGES // 4)
        replay.check(family=socket.AF_INET)
        assert replay.kinds[RESYNC] >= 1


@pytest.mark.usefixtures("wire")
def test_default_buffer_holds_a_burst() -> None:
    """Bug: the buffer of 16 MiB is not set, so that changes beside a busy reader are lost."""
    # The kernel limits the buffer of others to net.core.rmem_max, which holds 500 notifications at least.
    number = len(storm.stable()) if is_machines_root() else 100
    netio.create_neighbors(storm.entries(storm.stable()[:number], 1))
    with netio.watch_neighbors(socket.AF_INET) as watch:
        replay = Replay(watch, watch.table())
        for generation in (2, 3, 1, 2, 3):
            netio.set_neighbors(storm.entries(storm.stable()[:number], generation))
        replay.read_until(lambda: len(replay.seen) == 5 * number)
        assert set(replay.kinds) == {ChangeKind.CHANGED}
        replay.check(family=socket.AF_INET)


def test_notification_outranks_an_older_part_of_the_dump(wire: Wire, inject: Injector) -> None:
    """Bug: an entry that changes or is removed after the kernel has put it into the dump is reported as before."""
    wire.near.ip(*(f"neigh add 192.0.2.6{i} lladdr {OLD} dev near0" for i in range(2)))
    change = f"ip neigh replace 192.0.2.60 lladdr {NEW} dev near0 && ip neigh del 192.0.2.61 dev near0"
    code = (
        "import netio; w = netio.watch_neighbors(2, interface='near0')\n"
        "print([(str(e.address), str(e.physical_address)) for e in w.table()], w.read(0.2))"
    )
    with inject(run_after_send=change, send_type=RTM_GETNEIGH) as faults:
        done = subprocess.run(
            python(code), env=environment(**faults.environment), capture_output=True, text=True, timeout=50, check=True
        )
    assert done.stdout == f"[('192.0.2.60', '{NEW}')] []\n"


@pytest.mark.usefixtures("wire")
def test_resyncs_are_limited() -> None:
    """Bug: a watch with a small buffer dumps the table without a pause, which slows down every namespace."""
    room = lib.NETIO_WATCH_ROOM
    changes, rows, count = ffi.new("netio_change[]", room), ffi.new("MIB_IPNET_ROW2[]", 2 * room), ffi.new("size_t *")
    netio.create_neighbors(storm.entries(storm.stable(), storm.GENERATIONS[0]))
    with netio.watch_neighbors(socket.AF_INET, receive_buffer=4096) as watch:
        resyncs, begin, end = 0, monotonic(), monotonic() + 40
        with storm.in_process(storm.change_values):
            while resyncs < 5:  # without decoding, which would take longer than the pause
                assert monotonic() < end
                lib.netio_watch_read(watch._watch, room, changes, rows, count)
                resyncs += sum(changes[i].kind == lib.NETIO_RESYNC for i in range(count[0]))
                if resyncs == 0:
                    begin = monotonic()
        assert monotonic() - begin >= 0.4


@pytest.mark.usefixtures("wire")
def test_watch_of_a_flooded_table_starts() -> None:
    """Bug: the first dump is repeated as long as notifications are lost, so that the watch never opens."""
    netio.create_neighbors(storm.entries(storm.stable(), storm.GENERATIONS[0]))
    with storm.in_process(storm.change_values) as progress:
        while storm.changes(progress) == 0:
            sleep(0.001)
        watch = netio.watch_neighbors(socket.AF_INET, receive_buffer=4096)
        replay = Replay(watch, watch.table())
        replay.read_until(lambda: len(replay.seen) > 1000)
    replay.read_quiet()
    replay.check(family=socket.AF_INET)
    watch.close()


@pytest.mark.usefixtures("wire")
def test_two_watches_of_a_flood() -> None:
    netio.create_neighbors(storm.entries(storm.stable(), storm.GENERATIONS[0]))
    with (
        netio.watch_neighbors(socket.AF_INET, receive_buffer=8192) as small,
        netio.watch_neighbors(socket.AF_INET) as large,
    ):
        other = Replay(large, large.table())

        def is_read(_: mmap) -> bool:
            other.apply(large.read(0))
            return True

        replay = flood(storm.create_and_delete, small, is_read=is_read)
        other.read_quiet()
        replay.check(family=socket.AF_INET)
        other.check(family=socket.AF_INET)


def test_flood_on_another_interface_takes_no_room(two_interfaces: Wire) -> None:
    """Bug: notifications about other interfaces fill the buffer, so that changes of the watched one are lost."""
    netio.create_neighbors(storm.entries(storm.stable(), storm.GENERATIONS[0]))
    with netio.watch_neighbors(socket.AF_INET, interface="near1", receive_buffer=4096) as watch:
        with storm.in_process(storm.change_values) as progress:
            while storm.changes(progress) < CHANGES:
                sleep(0.001)
        two_interfaces.near.ip("neigh add 203.0.113.50 lladdr 02:00:5e:00:00:07 dev near1")
        assert [change.kind for change in watch.read(5)] == [ADDED]
