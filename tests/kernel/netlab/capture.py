# SPDX-License-Identifier: MIT
"""Captures the frames that arrive at the far end of the wire."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netlab.wire import Wire

_ETH_P_ALL, _ETH_P_ARP, _ETH_P_IPV6 = 0x0003, 0x0806, 0x86DD
_ETH_P_END = 0x88B5  # IEEE 802 local experimental EtherType: the frame that ends a capture
_PACKET_OUTGOING = 4
_HOP_BY_HOP, _ICMPV6 = 0, 58
_ROUTER_SOLICITATION, _NEIGHBOR_SOLICITATION = 133, 135


@dataclass(frozen=True)
class Question:
    """An ARP request or a neighbour solicitation."""

    sender: str
    target: str


class Capture:
    """Every frame that arrives at far0 after the capture was opened."""

    def __init__(self, wire: Wire) -> None:
        self._near = wire.near
        with wire.far.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        self._socket.bind(("far0", _ETH_P_ALL))
        self._socket.settimeout(10)

    def close(self) -> None:
        self._socket.close()

    def frames(self) -> list[bytes]:
        """Returns all frames so far, without the multicast reports and router solicitations of the kernel.

        Sends a frame that marks the end, so that no timeout is needed to see that no more frames arrive.
        """
        with self._near.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
            sender.bind(("near0", 0))
            sender.send(bytes(12) + _ETH_P_END.to_bytes(2, "big") + bytes(46))
        frames: list[bytes] = []
        while True:
            frame, (_, kind, direction, *_) = self._socket.recvfrom(2048)
            if kind == _ETH_P_END:
                return frames
            if direction != _PACKET_OUTGOING and not _is_unrelated(frame, kind):
                frames.append(frame)

    def questions(self) -> list[Question]:
        """The ARP requests and neighbour solicitations among the frames."""
        return [question for frame in self.frames() if (question := _question(frame)) is not None]


def _is_unrelated(frame: bytes, kind: int) -> bool:
    return kind == _ETH_P_IPV6 and (
        frame[20] == _HOP_BY_HOP or (frame[20] == _ICMPV6 and frame[54] == _ROUTER_SOLICITATION)
    )


def _question(frame: bytes) -> Question | None:
    kind = int.from_bytes(frame[12:14], "big")
    if kind == _ETH_P_ARP and frame[20:22] == b"\0\1":
        return Question(str(IPv4Address(frame[28:32])), str(IPv4Address(frame[38:42])))
    if kind == _ETH_P_IPV6 and frame[20] == _ICMPV6 and frame[54] == _NEIGHBOR_SOLICITATION:
        return Question(str(IPv6Address(frame[22:38])), str(IPv6Address(frame[62:78])))
    return None


@contextmanager
def capturing(wire: Wire) -> Iterator[Capture]:
    """Captures frames inside the block."""
    capture = Capture(wire)
    try:
        yield capture
    finally:
        capture.close()
