# SPDX-License-Identifier: MIT
"""Reads the neighbour table by two other programs: ip(8) and pyroute2."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

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


@dataclass(frozen=True)
class Detail:
    """The members of an entry that only Linux has, with the numbers of the kernel. Ages are in ticks of 10 ms."""

    state: int
    flags: int
    protocol: int
    probes: int
    ages: tuple[int, int, int]  # used, confirmed, updated
    references: int


_WORDS = {0x08: "proxy", 0x10: "extern_learn", 0x20: "offload", 0x80: "router", 0x100: "managed"}


def details(namespace: Namespace, interface: str = "near0") -> dict[str, Detail]:
    """Returns the entries of an interface by address, read by pyroute2. Asserts that ip(8) prints the same.

    It omits those for multicast addresses, which the kernel adds at any time.
    """
    with namespace.entered(), IPRoute() as route:
        index = route.link_lookup(ifname=interface)[0]
        found = {
            entry.get_attr("NDA_DST"): _detail_of(entry)
            for entry in route.get_neighbours()
            if entry["ifindex"] == index and not ip_address(entry.get_attr("NDA_DST")).is_multicast
        }
    for entry in namespace.json(f"-N -details -statistics neigh show nud all dev {interface}"):
        if ip_address(entry["dst"]).is_multicast:
            continue
        detail = found[entry["dst"]]
        assert _owner(entry) == (
            detail.flags & sum(_WORDS),
            detail.protocol,
        )  # ip(8) omits the flags that it does not know
        assert entry["probes"] >= detail.probes
    return found


def proxies(namespace: Namespace, interface: str = "near0") -> dict[str, tuple[int, int]]:
    """Returns flags and protocol of the proxy entries of an interface by address, read by ip(8): pyroute2 cannot."""
    shown = namespace.json(f"-N -details neigh show proxy dev {interface}")
    return {entry["dst"]: _owner(entry) for entry in shown}


def _owner(entry: dict[str, Any]) -> tuple[int, int]:
    """Returns flags and protocol of an entry that ip(8) printed."""
    return sum(flag for flag, word in _WORDS.items() if word in entry), int(entry.get("protocol", 0))


def _detail_of(entry: Any) -> Detail:  # noqa: ANN401
    info = entry.get_attr("NDA_CACHEINFO")
    return Detail(
        entry["state"],
        entry["flags"] | (entry.get_attr("NDA_FLAGS_EXT") or 0) << 8,
        entry.get_attr("NDA_PROTOCOL") or 0,
        entry.get_attr("NDA_PROBES"),
        (info["ndm_used"], info["ndm_confirmed"], info["ndm_updated"]),
        info["ndm_refcnt"],
    )
