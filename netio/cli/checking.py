# SPDX-License-Identifier: MIT
"""The command that compares pinned entries with the hosts of the link: check."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, BinaryIO

import click

from netio import Neighbor, NeighborState, NetioError, sweep_neighbors
from netio._requests import with_interfaces
from netio.cli import FAILED
from netio.cli.json_output import failure_object, print_array
from netio.cli.messages import print_error, printable
from netio.cli.options import (
    family_options,
    interface_option,
    json_option,
    rate_option,
    retries_option,
    sweep_timeout_option,
)
from netio.cli.reading import address_order
from netio.cli.selection import selection_of
from netio.cli.writing import entries_of, file_option

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from netio import PhysicalAddress


class Outcome(Enum):
    """The result of one entry, and its words in the summary."""

    CONFIRMED = "confirmed"
    SILENT = "silent"
    OTHER = "answered by another physical address"
    SEVERAL = "answered by several"
    FAILED = "not checked"


@dataclass(frozen=True, slots=True)
class _Checked:
    """An entry, the physical addresses that replied for its address, and the error if it was not probed."""

    entry: Neighbor
    replies: tuple[PhysicalAddress, ...]
    error: NetioError | None = None

    @property
    def outcome(self) -> Outcome:
        if self.error is not None:
            return Outcome.FAILED
        if len(self.replies) > 1:
            return Outcome.SEVERAL
        if not self.replies:
            return Outcome.SILENT
        return Outcome.CONFIRMED if self.replies[0] == self.entry.physical_address else Outcome.OTHER


@click.command(
    "check",
    short_help="Compare pinned entries with the hosts of the link (Linux).",
    epilog="""
    \b
    Examples:
      netio check
      netio check 192.0.2.0/24 -i eth0
      netio check --from hosts.csv --json | jq -r ".[].result"
    """,
)
@click.argument("words", nargs=-1, metavar="[WORD]...")
@family_options
@interface_option("Entries of this interface only; with --from the interface of entries that name none.")
@file_option
@sweep_timeout_option
@rate_option
@retries_option
@json_option
def check_command(
    words: tuple[str, ...],
    family: int | None,
    interface: str | None,
    file: BinaryIO | None,
    timeout: float,
    rate: int,
    retries: int,
    *,
    as_json: bool,
) -> None:
    """Probe the addresses of permanent entries, and compare the replies with the entries. Changes nothing.

    A WORD selects entries as for `netio list`. With --from, the entries of a file are checked, before or after they are
    written. The probes are those of a sweep, which needs CAP_NET_RAW (root): the system itself never probes the address
    of a permanent entry.

    The result of an entry is CONFIRMED, SILENT (no reply), OTHER (another physical address replied) or SEVERAL (more
    than one). Exit status: 0 if all entries are confirmed, else 1.
    """
    if file is not None and (words or family is not None):
        raise click.UsageError("--from checks all entries of the file; omit the words and the family")
    if file is None:
        entries = _permanent(words, family, interface)
    else:
        entries = [entry for _, entry in entries_of(file, interface, move_to=None)]
    entries = sorted(with_interfaces(entries), key=lambda entry: (entry.interface, *address_order(entry)))
    checked = list(_check(entries, timeout=max(timeout, 0.001), rate=rate, retries=retries))
    if as_json:
        print_array(map(_object, checked))
    else:
        _print(checked)
        counts = Counter(one.outcome for one in checked)
        parts = [f"{counts[outcome]:,} {outcome.value}" for outcome in Outcome if counts[outcome]]
        click.echo(f"{len(checked):,} checked{': ' if parts else ''}{', '.join(parts)}", err=True)
    for one in checked:
        if one.error is not None and not as_json:
            print_error(one.error)
    if any(one.outcome is not Outcome.CONFIRMED for one in checked):
        sys.exit(FAILED)


def _permanent(words: Sequence[str], family: int | None, interface: str | None) -> list[Neighbor]:
    selection = selection_of(words, family=family, interfaces=[] if interface is None else [interface])
    found = selection.shown(everything=False)
    return [entry for entry in found if entry.state is NeighborState.PERMANENT and entry.physical_address]


def _check(entries: Iterable[Neighbor], *, timeout: float, rate: int, retries: int) -> Iterable[_Checked]:
    """Sweeps the addresses of one interface after another, and yields the entries of each in their order."""
    by_interface: dict[str | int, list[Neighbor]] = {}
    for entry in entries:
        by_interface.setdefault(entry.interface or entry.interface_index, []).append(entry)
    for interface, group in by_interface.items():
        replies: dict[bytes, list[PhysicalAddress]] = {}
        errors: dict[bytes, NetioError] = {}

        def refused(error: NetioError, errors: dict[bytes, NetioError] = errors) -> None:
            if error.row is not None:
                errors[error.row.address.packed] = error

        for reply in sweep_neighbors(
            [entry.address for entry in group],
            interface=interface or None,
            timeout=timeout,
            rate=rate,
            retries=retries,
            on_error=refused,
        ):
            replies.setdefault(reply.address.packed, []).append(reply.physical_address)
        for entry in group:
            packed = entry.address.packed
            yield _Checked(entry, tuple(replies.get(packed, ())), errors.get(packed))


def _object(checked: _Checked) -> dict[str, object]:
    if checked.error is not None:
        return failure_object(checked.entry.address, checked.error)
    return {
        "address": str(checked.entry.address),
        "physical_address": str(checked.entry.physical_address),
        "interface": checked.entry.interface,
        "result": checked.outcome.name,
        "replies": [str(physical) for physical in checked.replies],
    }


_TITLES = ("ADDRESS", "PINNED", "INTERFACE", "RESULT", "REPLIES")


def _print(checked: Iterable[_Checked]) -> None:
    """Prints a table. Replies that confirm an entry are not repeated."""
    lines: list[tuple[str, ...]] = [_TITLES]
    for one in checked:
        replies = "" if one.outcome is Outcome.CONFIRMED else " ".join(one.replies)
        entry = one.entry
        physical = str(entry.physical_address)
        lines.append((str(entry.address), physical, printable(entry.interface), one.outcome.name, replies))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (f"{text:{width}}" for text, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())
