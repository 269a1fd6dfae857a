# SPDX-License-Identifier: MIT
"""Two hosts on a wire: `near`, where netio is called, and `far`, whose kernel answers probes for its addresses."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from netlab.namespace import Namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

NEAR_MAC, FAR_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
NEAR_IP4, FAR_IP4 = "192.0.2.1", "192.0.2.2"
NEAR_IP6, FAR_IP6 = "2001:db8::1", "2001:db8::2"
NEAR_LINK_LOCAL, FAR_LINK_LOCAL = "fe80::1", "fe80::2"

# On-link addresses without a host, one of each kind.
ABSENT_IP4, ABSENT_IP6, ABSENT_LINK_LOCAL = "192.0.2.77", "2001:db8::77", "fe80::77"

_SECONDS = 10


@dataclass(frozen=True)
class Wire:
    """Two namespaces joined by the veth pair near0 and far0, both with an IPv4, an IPv6 and a link-local address."""

    near: Namespace
    far: Namespace

    def lay(self, near_name: str, near_mac: str, far_name: str, far_mac: str) -> None:
        """Adds one more veth pair, up but without addresses."""
        self.near.run(
            *f"ip link add name {near_name} address {near_mac} type veth".split(),
            *f"peer name {far_name} address {far_mac} netns /proc/self/fd/{self.far.descriptor}".split(),
            keep=(self.far.descriptor,),
        )
        # The kernel adds no link-local addresses of its own: each test sees only the addresses that it adds.
        self.near.ip(f"link set {near_name} addrgenmode none", f"link set {near_name} up")
        self.far.ip(f"link set {far_name} addrgenmode none", f"link set {far_name} up")

    def hasten(self) -> None:
        """Makes the near host probe ten times as often, and give up after 0.3 seconds instead of 3."""
        self.near.ip(
            *(
                f"ntable change name {table} dev near0 retrans 100 delay_probe 500"
                for table in ("arp_cache", "ndisc_cache")
            )
        )

    def lay_first(self) -> None:
        """Adds the pair near0 and far0 with its addresses."""
        self.lay("near0", NEAR_MAC, "far0", FAR_MAC)
        self.near.ip(*_addresses("near0", NEAR_IP4, NEAR_IP6, NEAR_LINK_LOCAL))
        self.far.ip(*_addresses("far0", FAR_IP4, FAR_IP6, FAR_LINK_LOCAL))
        _wait_for_local_routes(self.near, {NEAR_IP6, NEAR_LINK_LOCAL})
        _wait_for_local_routes(self.far, {FAR_IP6, FAR_LINK_LOCAL})


def _addresses(interface: str, ip4: str, ip6: str, link_local: str) -> list[str]:
    return [
        f"address add {ip4}/24 broadcast + dev {interface}",
        f"address add {ip6}/64 dev {interface} nodad",
        f"address add {link_local}/64 dev {interface} nodad",
    ]


def _wait_for_local_routes(namespace: Namespace, addresses: set[str]) -> None:
    """Waits until IPv6 addresses are usable: the kernel adds their routes after them, in a work queue."""
    until = monotonic() + _SECONDS
    while not addresses <= {row["dst"] for row in namespace.json("-6 route show table local")}:
        assert monotonic() < until, f"the local routes of {addresses} are missing"


@contextmanager
def wired() -> Iterator[Wire]:
    """Creates two hosts on a wire and moves the calling thread into the near one."""
    near, far = Namespace(), Namespace()
    try:
        both = Wire(near, far)
        both.lay_first()
        with near.entered():
            yield both
    finally:
        near.close()
        far.close()
