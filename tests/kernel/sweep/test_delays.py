# SPDX-License-Identifier: MIT
"""Sweeps that are delayed by a busy caller, or by the queue of an interface."""

from __future__ import annotations

import socket
from threading import Timer
from time import sleep
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.answering import arp_reply
from netlab.wire import FAR_IP4, FAR_MAC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netlab.wire import Wire

# A multiple of the targets that a sweep takes at a time: all are probed when it takes the next one.
MANY = 448


def test_replies_that_wait_are_read_before_the_time_is_checked(wire: Wire) -> None:
    """Bug: of more replies than one pass reads, those that arrived in time count as late."""
    wire.near.ip("route add 10.0.0.0/16 dev near0")
    hosts = [f"10.0.{n >> 8}.{n & 255}" for n in range(MANY)]

    def targets() -> Iterator[str]:
        yield from hosts
        with wire.far.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as far:
            far.bind(("far0", 0))
            for host in hosts:
                far.send(arp_reply(host))
        sleep(1.2)

    replies = netio.sweep_neighbors(targets(), timeout=1, rate=1_000_000, retries=0)
    assert {str(reply.address) for reply in replies} == set(hosts)


def test_interface_that_drops_all_frames(wire: Wire) -> None:
    """Bug: the sweep tries for ever, or the addresses look silent although no probe was sent."""
    wire.near.run("tc", "qdisc", "add", "dev", "near0", "root", "pfifo", "limit", "0")
    with pytest.raises(netio.NetioError, match="drops the probes"):
        list(netio.sweep_neighbors([FAR_IP4], timeout=0.3))


def test_queue_that_is_full_for_a_while(wire: Wire) -> None:
    """Bug: the probes that the queue rejected are lost, or the sweep ends."""
    wire.near.run("tc", "qdisc", "add", "dev", "near0", "root", "handle", "1:", "pfifo", "limit", "0")

    def targets() -> Iterator[str]:
        yield FAR_IP4
        Timer(0.3, wire.near.run, ("tc", "qdisc", "delete", "dev", "near0", "root")).start()

    reply = next(netio.sweep_neighbors(targets(), timeout=60, retries=0))
    assert reply.physical_address == FAR_MAC
