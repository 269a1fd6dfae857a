# SPDX-License-Identifier: MIT
"""Entries from a file, as the commands with --from accept them: netio.formats, with the options of the commands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from netio import Neighbor, NeighborState, NetioError
from netio.cli.ip_syntax import interface_name
from netio.cli.messages import message_of
from netio.errors import invalid
from netio.formats import decode, neighbor_of, read_records

if TYPE_CHECKING:
    from typing import BinaryIO

    from netio.formats import Record

# A million entries have about 60 MB. Without a limit, a device such as /dev/zero fills the memory.
_MAX_MEGABYTES = 128

# netio prints such entries without a usable physical address.
_UNRESOLVED = (NeighborState.UNREACHABLE, NeighborState.INCOMPLETE)


@dataclass
class FileContent:
    """The entries of a file, and what is to be said about the others."""

    entries: list[tuple[str, Neighbor]] = field(default_factory=list)  # with their places
    problems: list[tuple[str, str]] = field(default_factory=list)  # by place
    ignored: dict[str, None] = field(default_factory=dict)  # names of unknown fields, in their order
    unresolved: int = 0
    dynamic: int = 0


def read_entries(
    file: BinaryIO,
    *,
    interface: str | None,
    move_to: str | None = None,
    with_physical_address: bool = True,
    with_dynamic: bool = True,
) -> FileContent:
    """Reads a file to its end.

    Args:
        file: CSV, JSON Lines or a JSON array.
        interface: The interface of entries that name none; the others must name the same one.
        move_to: The interface of all entries, whatever they name.
        with_physical_address: Whether entries need a physical address. If so, unresolved entries are left out.
        with_dynamic: Whether entries that name a dynamic state are included.

    Raises:
        InvalidParameterError: The file is too large, or has an unknown encoding.
    """
    data = file.read(_MAX_MEGABYTES * 1_000_000 + 1)
    if len(data) > _MAX_MEGABYTES * 1_000_000:
        raise invalid(f"the file has more than {_MAX_MEGABYTES} MB; split it")
    content = FileContent()
    for record in read_records(decode(data)):
        content.ignored |= dict.fromkeys(record.ignored)
        state = record.fields.get("state")
        if with_physical_address and state in _UNRESOLVED:
            content.unresolved += 1
        elif not with_dynamic and state not in (None, NeighborState.PERMANENT):
            content.dynamic += 1
        elif record.problem:
            content.problems.append((record.place, record.problem))
        else:
            _add(content, record, interface, move_to, with_physical_address=with_physical_address)
    content.problems += _contradictions(content.entries)
    return content


def _add(
    content: FileContent, record: Record, interface: str | None, move_to: str | None, *, with_physical_address: bool
) -> None:
    fields = dict(record.fields)
    try:
        if move_to is None:
            fields["interface"] = _interface_of(fields, interface)
        else:
            fields["interface"] = move_to
            if isinstance(fields.get("address"), str):
                fields["address"] = str(fields["address"]).partition("%")[0]
        entry = neighbor_of(fields, with_physical_address=with_physical_address)
    except NetioError as error:
        content.problems.append((record.place, message_of(error)))
    else:
        content.entries.append((record.place, entry))


def _interface_of(fields: dict[str, object], given: str | None) -> object:
    """Returns the interface of a record, else the given one. Text may be an index, as on the command line.

    Raises:
        InvalidParameterError: Both name an interface, and not the same one.
    """
    interface = fields.get("interface")
    if interface is None or interface == "":
        return given
    named = interface_name(interface) if isinstance(interface, str) else interface
    if given is not None and interface_name(str(named)) != given:
        raise invalid(f"the entry is on {named}, but --interface names {given}; --move-to {given} writes it there")
    return named


def _contradictions(entries: list[tuple[str, Neighbor]]) -> list[tuple[str, str]]:
    """Finds entries that occur twice with different physical addresses, of which only one can be meant."""
    seen: dict[object, tuple[str, Neighbor]] = {}
    problems = []
    for place, entry in entries:
        first_place, first = seen.setdefault((entry.key, entry.interface_index), (place, entry))
        if first.physical_address != entry.physical_address:
            reason = f"{entry.address} is also in {first_place}, as {first.physical_address}; remove one of them"
            problems.append((place, reason))
    return problems
