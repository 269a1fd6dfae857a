# SPDX-License-Identifier: MIT
"""The neighbour functions of OpenStack Neutron's ip_lib: add, delete, list and flush entries in any namespace.

Neutron (neutron/agent/linux/ip_lib.py) calls pyroute2 in a separate process with privileges, because its agent has
none. That process moves itself into the namespace.

The port differs in three points: it needs the privileges itself; the calling thread stays in its own namespace; and
errors are those of netio, which have the errno of the kernel too.
"""

from __future__ import annotations

from contextlib import nullcontext
from ipaddress import ip_address as parsed
from ipaddress import ip_network
from socket import AF_INET, AF_INET6
from typing import TYPE_CHECKING, TypedDict

import netio
from netio import linux
from netio.linux import Nud

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_FAMILIES = {4: AF_INET, 6: AF_INET6}


class Entry(TypedDict):
    """An entry as Neutron's functions return it."""

    dst: str
    lladdr: str | None
    device: str
    state: str


def add_neigh_entry(
    ip_address: str, mac_address: str, device: str, namespace: str | None = None, nud_state: str = "permanent"
) -> None:
    """Creates or updates an entry."""
    with _selected(namespace):
        linux.replace_neighbor(ip_address, mac_address, interface=device, nud=Nud[nud_state.upper()])


def delete_neigh_entry(ip_address: str, device: str, namespace: str | None = None) -> None:
    """Deletes an entry, if it exists."""
    with _selected(namespace):
        linux.delete_neighbor(ip_address, interface=device, missing_ok=True)


def dump_neigh_entries(ip_version: int, device: str, namespace: str | None = None) -> list[Entry]:
    """Returns the entries of a device."""
    with _selected(namespace):
        table = linux.list_neighbors(_FAMILIES[ip_version], interface=device)
    return [
        {
            "dst": str(row.neighbor.key[0]),
            "lladdr": row.neighbor.physical_address or None,
            "device": device,
            "state": row.nud.name.lower(),
        }
        for row in table
    ]


def flush(ip_version: int, ip_address: str, device: str, namespace: str | None = None) -> None:
    """Deletes the dynamic entries of a prefix, or of "all"."""
    prefix = None if ip_address == "all" else ip_network(ip_address)
    for entry in dump_neigh_entries(ip_version, device, namespace):
        if entry["state"] not in ("permanent", "noarp") and (prefix is None or parsed(entry["dst"]) in prefix):
            delete_neigh_entry(entry["dst"], device, namespace)


def _selected(namespace: str | None) -> AbstractContextManager[None]:
    return nullcontext() if namespace is None else netio.namespace(namespace)
