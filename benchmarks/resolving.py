# SPDX-License-Identifier: MIT
"""Resolving, beside a C program that sends ARP requests itself: on a link of its own, with another host at its far end.

Both hosts are in one kernel, whose table takes 1024 dynamic rows in all: with those of whatever else runs there.
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

_LINK, _OWN_MAC, _FAR_MAC = "ask0", "02:00:00:00:00:01", "02:00:00:00:00:02"
_OWN, _FIRST_LIVE, _FIRST_SILENT = (IPv4Address(f"10.200.{text}") for text in ("0.1", "1.1", "8.1"))

# The kernel asks for an address three times, a second apart.
_KERNEL_SECONDS = 3


@contextmanager
def far_host() -> Iterator[None]:
    """A host with LIVE addresses at the far end of a link, in a network namespace of its own, for a while."""
    command = shlex.split("unshare --net sh -c 'echo; read end'")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as host:
        if host.stdout is None or host.stdout.readline() != b"\n":
            raise RuntimeError("no second network namespace")
        far = f"ask1 address {_FAR_MAC} netns {host.pid}"
        run(*f"ip link add {_LINK} address {_OWN_MAC} type veth peer name {far}".split())
        addresses = "\n".join(f"address add {_FIRST_LIVE + i}/16 dev ask1" for i in range(LIVE))
        far_ip = f"nsenter --net=/proc/{host.pid}/ns/net ip -batch -"
        run(*far_ip.split(), text=f"{addresses}\nlink set ask1 up\n")
        run("ip", "-batch", "-", text=f"address add {_OWN}/16 dev {_LINK}\nlink set {_LINK} up\n")
        yield
        run("ip", "link", "del", _LINK)


def asking(peer: CDLL) -> dict[str, Callable[[], object]]:
    """All who live at the far end, from scratch each time: netio drops the rows that are there."""
    texts = [str(_FIRST_LIVE + i) for i in range(LIVE)]
    frames = peer.peer_frames(next(link.index for link in netio.list_interfaces() if link.name == _LINK))
    mac = bytes.fromhex(_OWN_MAC.replace(":", ""))
    peer.peer_sweep.restype = c_long

    def sweep() -> None:
        if peer.peer_sweep(frames, mac, int(_OWN), int(_FIRST_LIVE), LIVE) != LIVE:
            raise RuntimeError("not every host answered the sweep")

    def resolve() -> None:
        answers = list(netio.resolve_neighbors(texts, interface=_LINK))
        if sum(isinstance(answer, netio.Neighbor) for _, answer in answers) != LIVE:
            raise RuntimeError("not every host was resolved")

    return {"C, AF_PACKET sweep": sweep, "netio": resolve}


def waiting(_: CDLL) -> dict[str, Callable[[], object]]:
    """Addresses of nobody, all in flight at once."""
    asked = [_FIRST_SILENT + i for i in range(SILENT)]

    def resolve() -> None:
        answers = list(netio.resolve_neighbors(asked, interface=_LINK, max_in_flight=SILENT))
        if len(answers) != SILENT:
            raise RuntimeError("not every address was answered")
        netio.flush_neighbors(interface=_LINK)

    return {"the kernel's own time": lambda: sleep(_KERNEL_SECONDS), "netio": resolve}


# By name: the ways, how many addresses, and how often at most it is worth the time.
CASES: dict[str, tuple[Callable[[CDLL], dict[str, Callable[[], object]]], int, int]] = {
    f"resolve, {LIVE} live over veth": (asking, LIVE, 1000),
    f"resolve, {SILENT:,} silent, all in flight": (waiting, SILENT, 2),
}
