# SPDX-License-Identifier: MIT
"""The neighbour table as two other programs read it: ip(8) and pyroute2."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from pyroute2 import IPRoute  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from netlab.namespace import Namespace

_STATES = {
    0x00: "NONE",
    0x01: "INCOMPLETE",
    0x02: "REACHABLE",
    0x04: "STALE",
    0x08: "DELAY",
    0x10: "PROBE",
    0x20: "FAILED",
    0x40: "NOARP",
    0x80: "PERMANENT",
}
_ROUTER, _EXTERN_LEARN = 0x80, 0x10


@dataclass(frozen=True)
class Seen:
    """What the kernel holds in a row, in ip(8)'s words."""

    physical_address: str
    state: str = "PERMANENT"
    router: bool = False
    extern_learn: bool = False


def seen(namespace: Namespace, link: str = "near0") -> dict[str, Seen]:
    """The unicast rows of a link by address. Both programs must agree; rows may move between their two readings."""
    for _ in range(3):
        by_ip, by_pyroute2 = _seen_by_ip(namespace, link), _seen_by_pyroute2(namespace, link)
        if by_ip == by_pyroute2:
            break
    assert by_ip == by_pyroute2
    return by_ip


def _seen_by_ip(namespace: Namespace, link: str) -> dict[str, Seen]:
    return {
        row["dst"]: Seen(row.get("lladdr", ""), row["state"][0], "router" in row, "extern_learn" in row)
        for row in namespace.json(f"neigh show nud all dev {link}")
        if not ip_address(row["dst"]).is_multicast
    }


def _seen_by_pyroute2(namespace: Namespace, link: str) -> dict[str, Seen]:
    with namespace.entered(), IPRoute() as route:
        index = route.link_lookup(ifname=link)[0]
        return {
            row.get_attr("NDA_DST"): Seen(
                row.get_attr("NDA_LLADDR") or "",
                _STATES[row["state"]],
                bool(row["flags"] & _ROUTER),
                bool(row["flags"] & _EXTERN_LEARN),
            )
            for row in route.get_neighbours()
            if row["ifindex"] == index and not ip_address(row.get_attr("NDA_DST")).is_multicast
        }
