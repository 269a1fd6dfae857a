# SPDX-License-Identifier: MIT
"""The hash table of a kernel that has just started grows, while a watch reads the table again after a loss."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address
from threading import Thread

import pytest

import netio
from netio import ChangeKind, linux
from netlab import storm
from netlab.replay import Replay

# More than any other test of this kernel creates, so the hash table grows in any order of the tests.
ENTRIES = 20_000


@pytest.mark.usefixtures("wire")
def test_resync_while_the_hash_table_grows() -> None:
    """Bug: a dump that begins in a small hash table lacks entries of the larger one, which then count as removed."""
    rows = storm.entries([IPv4Address("10.3.0.0") + i for i in range(ENTRIES)], 1)
    before = linux.table_statistics(socket.AF_INET).hash_grows
    with netio.watch_neighbors(socket.AF_INET, receive_buffer=16 << 10) as watch:
        replay = Replay(watch)
        writer = Thread(target=netio.create_neighbors, args=(rows,))
        writer.start()
        replay.read_until(lambda: len(replay.entries) >= ENTRIES)
        writer.join()
        replay.read_quiet()
        replay.check(family=socket.AF_INET)
    assert replay.kinds[ChangeKind.RESYNC] >= 1
    assert linux.table_statistics(socket.AF_INET).hash_grows > before
