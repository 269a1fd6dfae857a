# SPDX-License-Identifier: MIT
"""Listing a table with an entry on each of many interfaces, compared with ip(8)."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from lab import run

import netio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZES = (1_000, 5_000)

CASE = "list, an interface for each entry"

_NO_IP6 = "/proc/sys/net/ipv6/conf/default/disable_ipv6"


def growing() -> Iterator[tuple[int, dict[str, Callable[[], object]]]]:
    """Yield the ways for each number of interfaces. The interfaces remain until the namespace ends."""
    Path(_NO_IP6).write_text("1")  # its multicast addresses would be further entries
    numbers = count()
    for size in SIZES:
        present = len(netio.list_neighbors())
        names = [f"many{next(numbers)}" for _ in range(size - present)]
        pairs = zip(names[::2], names[1::2], strict=True)
        run("ip", "-batch", "-", text="".join(f"link add {a} type veth peer name {b}\n" for a, b in pairs))
        first = present + 1
        run(
            *("ip", "-batch", "-"),
            text="".join(
                f"link set {name} up\n"
                f"neigh add 10.100.{place >> 8}.{place & 255} lladdr 02:00:00:00:{place >> 8:02x}:{place & 255:02x} "
                f"dev {name}\n"
                for place, name in enumerate(names, first)
            ),
        )
        if len(netio.list_neighbors()) != size:
            raise RuntimeError("the table does not have one entry for each interface")
        yield (
            size,
            {
                "ip -j neigh": lambda: run("ip", "-j", "neigh", "show"),
                "netio": netio.list_neighbors,
                "netio, held as a list": lambda: list(netio.list_neighbors()),
            },
        )
