# SPDX-License-Identifier: MIT
"""Reads the neighbour table by two other programs: ip(8) and pyroute2."""

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
    """The contents of an entry, in the terms of ip(8)."""

    physical_address: str
    state: str = "PERMANENT"
    router: bool = False
    extern_learn: bool = False


def seen(namespace: Namespace, interface: str = "near0") -> dict[str, Seen]:
    """Returns the unicast entries of an interface by address. Asserts that both programs agree.

    Retries, because an entry may change between the two reads.
    """
    for _ in range(3):
        by_ip, by_pyroute2 = _seen_by_ip(namespace, interface), _seen_by_pyroute2(namespace, interface)
        if by_ip == by_pyroute2:
            break
    assert by_ip == by_pyroute2
    return by_ip


def _seen_by_ip(namespace: Namespace, interface: str) -> dict[str, Seen]:
    return {
        entry["dst"]: Seen(
            entry.get("lladdr", ""), entry.get("state", ["NONE"])[0], "router" in entry, "extern_learn" in entry
        )
        for entry in namespace.json(f"neigh show nud all dev {interface}")
        if not ip_address(entry["dst"]).is_multicast
    }


def _seen_by_pyroute2(namespace: Namespace, interface: str) -> dict[str, Seen]:
    with namespace.entered(), IPRoute() as route:
        index = route.link_lookup(ifname=interface)[0]
        return {
            entry.get_attr("NDA_DST"): Seen(
                entry.get_attr("NDA_LLADDR") or "",
                _STATES[entry["state"]],
                bool(entry["flags"] & _ROUTER),
                bool(entry["flags"] & _EXTERN_LEARN),
            )
            for entry in route.get_neighbours()
            if entry["ifindex"] == index and not ip_address(entry.get_attr("NDA_DST")).is_multicast
        }
