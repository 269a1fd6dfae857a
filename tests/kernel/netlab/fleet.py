# SPDX-License-Identifier: MIT
"""A fleet: hosts on one link, and the machine that monitors them, which is their gateway."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import netio
from netlab.command import surroundings
from netlab.namespace import Namespace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MONITOR = "192.0.2.1"
HOSTS = ("192.0.2.11", "192.0.2.12", "192.0.2.13")


@dataclass(frozen=True)
class Fleet:
    """The namespaces of a fleet; those of the hosts by their addresses."""

    monitor: Namespace
    hosts: dict[str, Namespace]

    def resolve_gateway(self) -> None:
        """Makes each host know the gateway's physical address."""
        for host in self.hosts.values():
            with host.entered():
                netio.resolve_neighbor(MONITOR)

    def set_gateway_mac(self, mac: str) -> None:
        """Gives the gateway another physical address, and makes each host notice."""
        self.monitor.ip(f"link set link0 address {mac}")
        for host in self.hosts.values():
            host.ip("neigh flush dev eth0")
        self.resolve_gateway()


@contextmanager
def fleet(addresses: Sequence[str] = HOSTS) -> Iterator[Fleet]:
    """Creates a fleet; the calling thread stays where it is."""
    with ExitStack() as opened:
        monitor = Namespace()
        opened.callback(monitor.close)
        monitor.ip("link add name link0 address 02:00:00:00:01:01 type bridge", f"address add {MONITOR}/24 dev link0")
        monitor.ip("link set link0 up")
        hosts = {}
        for number, address in enumerate(addresses):
            hosts[address] = host = Namespace()
            opened.callback(host.close)
            monitor.run(
                *f"ip link add name to{number} type veth peer name eth0".split(),
                *f"address 02:00:00:00:02:{number:02} netns /proc/self/fd/{host.descriptor}".split(),
                keep=(host.descriptor,),
            )
            monitor.ip(f"link set to{number} master link0", f"link set to{number} up")
            host.ip(f"address add {address}/24 dev eth0", "link set eth0 up", f"route add default via {MONITOR}")
        yield Fleet(monitor, hosts)


@contextmanager
def service(
    namespace: Namespace, command: Sequence[str], folder: Path, log: Path, **more: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a program in a namespace until the end of the block, and asserts that it ran until then."""
    with log.open("wb") as output, namespace.entered():
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=surroundings(**more),
            start_new_session=True,
        )
    try:
        yield process
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
