# SPDX-License-Identifier: MIT
"""Interfaces on which the kernel has no source, or the wrong one, for a probe that it sends without a packet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

import netio
from netlab.capture import Question, capturing
from netlab.wire import FAR_IP4, FAR_IP6, FAR_LINK_LOCAL, FAR_MAC, NEAR_IP4, NEAR_IP6, NEAR_LINK_LOCAL

if TYPE_CHECKING:
    from conftest import Caller
    from netlab.wire import Wire

ELSEWHERE = "203.0.113.5"  # an address of the near host on lo, which the far host reaches over the wire


class Link(NamedTuple):
    """Commands of ip(8) on both sides, an address to resolve, and the source of the probe that the host must see."""

    near: tuple[str, ...]
    target: str
    source: str
    far: tuple[str, ...] = ()


LINKS = {
    "no link-local address": Link((f"address del {NEAR_LINK_LOCAL}/64 dev near0",), FAR_IP6, NEAR_IP6),
    # Duplicate address detection keeps an address tentative for one to two seconds after the link is up.
    "tentative link-local address": Link(
        (
            f"address del {NEAR_LINK_LOCAL}/64 dev near0",
            f"address add {NEAR_LINK_LOCAL}/64 dev near0",
        ),
        FAR_IP6,
        NEAR_IP6,
    ),
    "unnumbered interface": Link(
        (
            f"address del {NEAR_IP4}/24 dev near0",
            "address add 198.51.100.9/32 dev lo",
            f"address add {ELSEWHERE}/32 dev lo",
            f"route add 192.0.2.0/24 dev near0 src {ELSEWHERE}",
        ),
        FAR_IP4,
        ELSEWHERE,
        (f"route add {ELSEWHERE}/32 dev far0",),
    ),
    "route that prefers another source": Link(
        (f"address add {ELSEWHERE}/32 dev lo", f"route add 198.51.100.0/24 dev near0 src {ELSEWHERE}"),
        "198.51.100.7",
        ELSEWHERE,
        (
            f"address del {FAR_IP4}/24 dev far0",
            "address add 198.51.100.7/32 dev far0",
            f"route add {ELSEWHERE}/32 dev far0",
        ),
    ),
    "second subnet": Link(
        ("address add 198.51.100.1/24 dev near0",),
        "198.51.100.7",
        "198.51.100.1",
        ("address add 198.51.100.7/24 dev far0",),
    ),
    "usual IPv4": Link((), FAR_IP4, NEAR_IP4),
    "usual link-local": Link((), FAR_LINK_LOCAL, NEAR_LINK_LOCAL),
}


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_host_sees_a_source_that_it_can_reply_to(wire: Wire, anyone: Caller, link: Link) -> None:
    """Bug: privileged, no probe is sent, it is sent seconds later, or a host with strict rp_filter discards it."""
    wire.far.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1", "net.ipv4.conf.far0.rp_filter=1")
    wire.far.ip(*link.far)
    wire.near.ip(*link.near)
    with capturing(wire) as capture:
        entry = anyone("resolve_neighbor", link.target, interface="near0")

        asked = [question for question in capture.questions() if question.target == link.target]
    assert entry.physical_address == FAR_MAC
    assert asked == [Question(link.source, link.target)]


@pytest.mark.parametrize("name", ["second subnet", "usual IPv4", "usual link-local"])
def test_host_gets_no_datagram_if_the_kernel_has_a_source(wire: Wire, name: str) -> None:
    """Bug: privileged, a live host gets a datagram that it must discard or reject."""
    wire.far.ip(*LINKS[name].far)
    wire.near.ip(*LINKS[name].near)
    with capturing(wire) as capture:
        netio.resolve_neighbor(LINKS[name].target, interface="near0")

        assert len(capture.frames()) == 1  # the probe
