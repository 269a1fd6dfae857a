# SPDX-License-Identifier: MIT
"""Requests, replies and notifications that are lost on the way between netio and the kernel."""

from __future__ import annotations

import signal
import socket
import subprocess
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from netlab.child import UNPRIVILEGED, call_elsewhere, environment, python
from netlab.faults import RTM_DELNEIGH, RTM_GETNEIGH, RTM_GETROUTE, RTM_NEWNEIGH
from netlab.hosts import LIVE, PERMANENT_MAC, hosts, outcome_of
from netlab.oracle import seen
from netlab.wire import ABSENT_IP4, ABSENT_IP6, FAR_MAC, NEAR_IP4

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netlab.faults import Injector
    from netlab.hosts import Outcome
    from netlab.wire import Wire

WRONG_MAC = "02:00:5e:00:00:99"


@pytest.mark.parametrize("lose", ["replies", "requests"])
@pytest.mark.parametrize(
    "send_type",
    [RTM_GETROUTE, RTM_GETNEIGH, RTM_DELNEIGH, RTM_NEWNEIGH],
    ids=["RTM_GETROUTE", "RTM_GETNEIGH", "RTM_DELNEIGH", "RTM_NEWNEIGH"],
)
def test_lost_batch_is_repeated(two_interfaces: Wire, inject: Injector, send_type: int, lose: str) -> None:
    """Bug: a missing reply is taken for one: no route, no entry, entry removed, probe sent."""
    live = hosts(LIVE, 30)
    two_interfaces.near.ip(*(f"neigh add {host} lladdr {WRONG_MAC} dev near0 nud reachable" for host in live))
    addresses = [*live, ABSENT_IP4, "192.0.2.50", NEAR_IP4, "203.0.113.1"]
    calls = [("resolve_neighbors", (addresses,), {"interface": "near0"})]

    with inject(lose=lose, send_type=send_type, send_requests=2) as faults:
        (results,) = call_elsewhere(two_interfaces.near, [], calls, **faults.environment)

    expected: dict[str, Outcome] = {str(host): FAR_MAC for host in live}
    expected |= {ABSENT_IP4: 67, "192.0.2.50": PERMANENT_MAC, NEAR_IP4: 87, "203.0.113.1": 87}
    assert {str(address): outcome_of(found) for address, found in results} == expected


@pytest.mark.parametrize(
    ("family", "prefix"),
    [(socket.AF_NETLINK, []), (socket.AF_NETLINK, UNPRIVILEGED), (socket.AF_INET, UNPRIVILEGED)],
    ids=["netlink-privileged", "netlink-unprivileged", "datagrams-unprivileged"],
)
def test_small_socket_buffers(two_interfaces: Wire, inject: Injector, family: int, prefix: Sequence[str]) -> None:
    """Bug: a reply or notification without room in the socket is lost, or a socket full of datagrams is an error."""
    silent = [IPv4Address("192.0.2.100") + i for i in range(30)]
    live = hosts(LIVE, 40)
    calls = [("resolve_neighbors", ([*silent, *live],), {"interface": "near0"})]

    with inject(small_buffers=int(family)) as faults:
        (results,) = call_elsewhere(two_interfaces.near, prefix, calls, **faults.environment)

    expected: dict[object, Outcome] = dict.fromkeys(silent, 67) | dict.fromkeys(live, FAR_MAC)
    assert {address: outcome_of(found) for address, found in results} == expected


RESOLVE = """
import sys, netio
entry = netio.resolve_neighbor(sys.argv[1], interface="near0")
print(entry.physical_address, entry.state.name)
"""


@pytest.mark.parametrize("address", [ABSENT_IP4, ABSENT_IP6])
def test_entry_is_reread_after_lost_notifications(wire: Wire, address: str) -> None:
    """Bug: after an overrun, which drops the notification of the reply too, the entry is not reread."""
    with subprocess.Popen([*python(RESOLVE), address], stdout=subprocess.PIPE, text=True, env=environment()) as child:
        while address not in seen(wire.near):
            assert child.poll() is None
        child.send_signal(signal.SIGSTOP)
        # More notifications than a socket has room for; the later ones are lost.
        wire.near.ip(*(f"neigh add 10.0.{i >> 8}.{i & 255} lladdr {WRONG_MAC} dev near0" for i in range(1000)))
        wire.far.ip(f"address add {address}/24 dev far0" + (" nodad" if ":" in address else ""))
        while seen(wire.near)[address].state == "INCOMPLETE":
            assert child.poll() is None
        child.send_signal(signal.SIGCONT)
        shown, _ = child.communicate(timeout=30)

    assert shown == f"{FAR_MAC} REACHABLE\n"
