# SPDX-License-Identifier: MIT
"""Entries from a file, as the commands with --from accept them: netio.formats, with the default of --interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netio import Neighbor, NetioError
from netio.cli.ip_syntax import interface_name
from netio.cli.messages import message_of
from netio.formats import neighbor_of, read_records

if TYPE_CHECKING:
    from typing import TextIO


def read_entries(
    file: TextIO, *, default_interface: str | None, with_physical_address: bool
) -> tuple[list[tuple[str, Neighbor]], list[tuple[str, str]]]:
    """Reads a file to its end. Returns the valid entries, and what is wrong with the other records, by their places."""
    entries: list[tuple[str, Neighbor]] = []
    problems: list[tuple[str, str]] = []
    for place, fields, problem in read_records(file.read()):
        if problem:
            problems.append((place, problem))
            continue
        try:
            fields["interface"] = _interface_of(fields, default_interface)
            entries.append((place, neighbor_of(fields, with_physical_address=with_physical_address)))
        except NetioError as error:
            problems.append((place, message_of(error)))
    return entries, problems


def _interface_of(fields: dict[str, object], default: str | None) -> object:
    """Returns the interface of a record, else the default. Text may be an index, as on the command line."""
    interface = fields.get("interface")
    if interface is None or interface == "":
        return default
    return interface_name(interface) if isinstance(interface, str) else interface
