# SPDX-License-Identifier: MIT
"""Resolving, compared with a C program that sends ARP requests itself, on a private link with one other host.

Both hosts share one kernel, whose table holds 1024 dynamic entries in total, including those of other namespaces.
"""

from __future__ import annotations

import shlex
import subprocess
from contextlib import contextmanager
from ctypes import CDLL, c_long
from ipaddress import IPv4Address
from time import sleep
from typing import TYPE_CHECKING

from lab import run

import netio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIVE, SILENT = 400, 1000

INTERFACE, _OWN_MAC, _FAR_MAC = "ask0", "02:00:00:00:00:01", "02:00:00:00:00:02"
_OWN, _FIRST_LIVE, FIRST_SILENT = (IPv4Address(f"10.200.{text}") for text in ("0.1", "1.1", "8.1"))

# The kernel probes an address three times, once a second.
_KERNEL_SECONDS = 3


@contextmanager
def far_host(live: int = LIVE) -> Iterator[None]:
    """Provide a host with this number of addresses at the far end of a link, in a separate network namespace."""
    command = shlex.split("unshare --net sh -c 'echo; read end'")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as host:
        if host.stdout is None or host.stdout.readline() != b"\n":
            raise RuntimeError("unshare(1) cannot create a second network namespace")
        far = f"ask1 address {_FAR_MAC} netns {host.pid}"
        run(*f"ip link add {INTERFACE} address {_OWN_MAC} type veth peer name {far}".split())
        addresses = "\n".join(f"address add {_FIRST_LIVE + i}/16 dev ask1" for i in range(live))
        far_ip = f"nsenter --net=/proc/{host.pid}/ns/net ip -batch -"
        run(*far_ip.split(), text=f"{addresses}\nlink set ask1 up\n")
        run("ip", "-batch", "-", text=f"address add {_OWN}/16 dev {INTERFACE}\nlink set {INTERFACE} up\n")
        yield
        run("ip", "link", "del", INTERFACE)


def live_hosts(peer: CDLL) -> dict[str, Callable[[], object]]:
    """Resolve all addresses of the far host. netio removes their entries first, so each round probes all of them."""
    texts = [str(_FIRST_LIVE + i) for i in range(LIVE)]
    frames = peer.peer_frames(next(each.index for each in netio.list_interfaces() if each.name == INTERFACE))
    mac = bytes.fromhex(_OWN_MAC.replace(":", ""))
    peer.peer_sweep.restype = c_long

    def sweep() -> None:
        if peer.peer_sweep(frames, mac, int(_OWN), int(_FIRST_LIVE), LIVE) != LIVE:
            raise RuntimeError("not every host replied to the sweep")

    def resolve() -> None:
        results = list(netio.resolve_neighbors(texts, interface=INTERFACE))
        if sum(isinstance(result, netio.Neighbor) for _, result in results) != LIVE:
            raise RuntimeError("not every host was resolved")

    return {"C, AF_PACKET sweep": sweep, "netio": resolve}


def silent_hosts(_: CDLL) -> dict[str, Callable[[], object]]:
    """Resolve addresses that no host has, all at the same time."""
    targets = [FIRST_SILENT + i for i in range(SILENT)]

    def resolve() -> None:
        results = list(netio.resolve_neighbors(targets, interface=INTERFACE, max_in_flight=SILENT))
        if len(results) != SILENT:
            raise RuntimeError("not every address has a result")
        netio.flush_neighbors(interface=INTERFACE)

    return {"the kernel's own time": lambda: sleep(_KERNEL_SECONDS), "netio": resolve}


# By name: the ways, the number of addresses, and the maximum number of rounds.
CASES: dict[str, tuple[Callable[[CDLL], dict[str, Callable[[], object]]], int, int]] = {
    f"resolve, {LIVE} live over veth": (live_hosts, LIVE, 1000),
    f"resolve, {SILENT:,} silent, all in flight": (silent_hosts, SILENT, 2),
}
