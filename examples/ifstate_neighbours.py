# SPDX-License-Identifier: MIT
"""The neighbour step of ifstate: makes the permanent entries of an interface those of a configuration.

ifstate (https://ifstate.net, libifstate/neighbour) reads the PERMANENT entries by pyroute2, deletes those that differ,
writes the missing ones, and logs each of them and each failure. Entries in other states, among them the NOARP entries
of routing daemons, stay as they are.

The port differs in three points: it replaces a changed entry by one request, so traffic always finds an entry; it
accepts every notation of a physical address, which ifstate compares as text; and it returns the lines of the log.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import netio
from netio import Neighbor, linux
from netio.linux import Nud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def apply(interface: str, neighbours: Mapping[str, str], *, do_apply: bool = True) -> list[str]:
    """Writes what differs, unless do_apply is false. Returns a line for each entry, and for each failure."""
    wanted = [Neighbor(ip_address(dst), lladdr, interface=interface) for dst, lladdr in neighbours.items()]
    permanent = (row.neighbor for row in linux.list_neighbors(interface=interface) if row.nud is Nud.PERMANENT)
    # Entries of the system have a scope if their address is link-local. The key is the same with and without it.
    present = {row.key: row for row in permanent}
    kept = {row.key for row in wanted if row.physical_address == _physical_address(present.get(row.key))}
    surplus = [row for key, row in present.items() if key not in kept]
    missing = [row for row in wanted if row.key not in kept]

    lines = [f"= {row.key[0]}" for row in wanted if row.key in kept]
    lines += [f"- {row.key[0]}" for row in surplus]
    if do_apply:
        changed = {row.key for row in missing}
        lines += _failures("removing", netio.delete_neighbors, [row for row in surplus if row.key not in changed])
    lines += [f"+ {row.key[0]}" for row in missing]
    if do_apply:
        lines += _failures("adding", netio.replace_neighbors, missing)
    return lines


def _physical_address(row: Neighbor | None) -> str | None:
    return None if row is None else row.physical_address


def _failures(verb: str, function: Callable[[Iterable[Neighbor]], None], rows: list[Neighbor]) -> list[str]:
    """Calls the function with the rows. Returns a line for each of them that fails."""
    try:
        function(rows)
    except ExceptionGroup as group:
        return [f"{verb} neighbour failed: {error}" for error in group.exceptions]
    return []
