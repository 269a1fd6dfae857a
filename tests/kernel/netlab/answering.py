# SPDX-License-Identifier: MIT
"""Frames that the far end of the wire sends when it receives an ARP request, beside those of its kernel."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from ipaddress import IPv4Address
from threading import Thread
from typing import TYPE_CHECKING

from netlab.wire import FAR_MAC, NEAR_IP4, NEAR_MAC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from netlab.wire import Wire

_ETH_P_ARP = 0x0806


def mac_bytes(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def arp_reply(
    sender: str,
    mac: str = FAR_MAC,
    *,
    operation: int = 2,
    to: str = NEAR_IP4,
    destination: str = NEAR_MAC,
    origin: str = "",
    tag: bytes = b"",
    lengths: bytes = b"\6\4",
    hardware: bytes = b"\0\1",
) -> bytes:
    """Returns the frame of an ARP reply, or one with something wrong."""
    ethernet = mac_bytes(destination) + mac_bytes(origin or mac) + tag + b"\x08\x06"
    hosts = mac_bytes(mac) + IPv4Address(sender).packed + mac_bytes(NEAR_MAC) + IPv4Address(to).packed
    return ethernet + hardware + b"\x08\0" + lengths + operation.to_bytes(2, "big") + hosts


@contextmanager
def answering(wire: Wire, frames: Callable[[str], Sequence[bytes]]) -> Iterator[None]:
    """Sends the frames for the target of each ARP request that arrives inside the block."""
    with wire.far.entered():
        far = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ARP))
    far.bind(("far0", _ETH_P_ARP))
    done = False

    def answer() -> None:
        while not done:
            frame = far.recv(2048)
            if frame[20:22] == b"\0\1":
                for reply in frames(str(IPv4Address(frame[38:42]))):
                    far.send(reply)

    thread = Thread(target=answer)
    thread.start()
    try:
        yield
    finally:
        done = True
        with wire.near.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as near:
            near.bind(("near0", 0))
            near.send(arp_reply(NEAR_IP4, NEAR_MAC, destination="ff:ff:ff:ff:ff:ff"))  # wakes the thread
        thread.join(10)
        far.close()
