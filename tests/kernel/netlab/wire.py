# SPDX-License-Identifier: MIT
"""Two hosts on a wire: `near`, where netio is called, and `far`, whose kernel answers for its addresses."""

from __future__ import annotations

from dataclasses import dataclass

from netlab.namespace import Namespace

NEAR_MAC, FAR_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
NEAR_IP4, FAR_IP4 = "192.0.2.1", "192.0.2.2"
NEAR_IP6, FAR_IP6 = "2001:db8::1", "2001:db8::2"
NEAR_LINK_LOCAL, FAR_LINK_LOCAL = "fe80::1", "fe80::2"

# On the wire's networks, but nobody's: one for each kind of address.
ABSENT_IP4, ABSENT_IP6, ABSENT_LINK_LOCAL = "192.0.2.77", "2001:db8::77", "fe80::77"


@dataclass(frozen=True)
class Wire:
    """Two namespaces joined by the veth pair near0 and far0, both with an IPv4, an IPv6 and a link-local address."""

    near: Namespace
    far: Namespace

    def lay(self, near_name: str, near_mac: str, far_name: str, far_mac: str) -> None:
        """Joins the two by one more pair, up but without addresses."""
        self.near.run(
            *f"ip link add name {near_name} address {near_mac} type veth".split(),
            *f"peer name {far_name} address {far_mac} netns /proc/self/fd/{self.far.descriptor}".split(),
            keep=(self.far.descriptor,),
        )
        # No addresses of the kernel's own choice: each test sees exactly those it asked for.
        self.near.ip(f"link set {near_name} addrgenmode none", f"link set {near_name} up")
        self.far.ip(f"link set {far_name} addrgenmode none", f"link set {far_name} up")

    def lay_first(self) -> None:
        """Lays the pair near0 and far0 and gives it its addresses."""
        self.lay("near0", NEAR_MAC, "far0", FAR_MAC)
        self.near.ip(*_addresses("near0", NEAR_IP4, NEAR_IP6, NEAR_LINK_LOCAL))
        self.far.ip(*_addresses("far0", FAR_IP4, FAR_IP6, FAR_LINK_LOCAL))


def _addresses(link: str, ip4: str, ip6: str, link_local: str) -> list[str]:
    return [
        f"address add {ip4}/24 broadcast + dev {link}",
        f"address add {ip6}/64 dev {link} nodad",
        f"address add {link_local}/64 dev {link} nodad",
    ]
