# SPDX-License-Identifier: MIT
"""The command that reports changes of the table as they happen: watch."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

import click

from netio import ChangeKind, PhysicalAddress, watch_neighbors
from netio._interfaces import InterfaceCache
from netio.cli import FAILED, INTERRUPTED
from netio.cli.change_output import FIELDS, change_environment, change_line, change_object
from netio.cli.json_output import print_line, remember_lines
from netio.cli.messages import interface_names, print_error
from netio.cli.options import family_options, interfaces_option, vendor_option
from netio.cli.reading import SORT_KEYS, address_order, is_silent, load_vendors
from netio.cli.selection import selection_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from netio import Neighbor, NeighborChange, NeighborWatch
    from netio.cli.selection import Selection
    from netio.cli.vendor import Vendors

# Between two pages of the live view: more often, nothing can be read.
_FRAME_SECONDS = 0.1

# The live view is drawn again at this interval, for the ages and marks.
_TICK_SECONDS = 1.0

_NO_END = float("inf")


@click.command(
    "watch",
    short_help="Report changes of the neighbour table as they happen.",
    epilog=f"""
    \b
    Examples:
      netio watch -i eth0
      netio watch --resolved 192.0.2.0/24 | tee changes.txt
      netio watch --json --initial | jq -r .neighbor.address
      netio watch 192.0.2.1 --exec 'logger "gateway: $NETIO_LAST_PHYSICAL_ADDRESS, now $NETIO_PHYSICAL_ADDRESS"'

    Each line has these fields, with tabs in between and - for an unknown one: {", ".join(FIELDS)}. For a removed entry
    they are those that were last reported. RESYNC means that changes were too many to report each of them: the
    differences follow.

    ADDED does not mean that a host appeared: an entry is also added for a host that does not reply. REMOVED does not
    mean that it left: the system removes unused entries. STALE does not mean that it is away.
    """,
)
@click.argument("words", nargs=-1, metavar="[WORD]...")
@family_options
@interfaces_option
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Include entries for multicast, broadcast and loopback, and on a terminal unreachable ones.",
)
@click.option("--resolved", is_flag=True, help="Only if a host gets, changes or loses its physical address.")
@click.option("--initial", is_flag=True, help="Report the entries that exist at the start as added, too.")
@click.option(
    "--for",
    "seconds",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=_NO_END,
    show_default=False,
    help="End after this time. [default: at Ctrl-C]",
)
@click.option(
    "--exec",
    "command",
    metavar="COMMAND",
    help="Run a command of the shell for each change instead of printing it, one after another, with the fields of a "
    "line in the environment: NETIO_KIND, NETIO_ADDRESS and so on.",
)
@click.option(
    "--sort",
    type=click.Choice(list(SORT_KEYS)),
    default="interface",
    show_default=True,
    help="Order of the entries on a terminal.",
)
@click.option(
    "--receive-buffer",
    metavar="BYTES",
    type=click.IntRange(1, 2**31 - 1),
    help="Size of the kernel's buffer for notifications that were not read yet; a larger one avoids RESYNC. Linux "
    "only. [default: 16 MiB; without privileges at most net.core.rmem_max]",
)
@vendor_option
@click.option(
    "--json", "as_json", is_flag=True, is_eager=True, callback=remember_lines, help="Print one JSON object per line."
)
def watch(
    words: tuple[str, ...],
    family: int | None,
    interfaces: list[str],
    seconds: float,
    command: str | None,
    sort: str,
    receive_buffer: int | None,
    *,
    everything: bool,
    resolved: bool,
    initial: bool,
    vendor: bool,
    as_json: bool,
) -> None:
    """Report changes of the neighbour table as they happen, without probing.

    On a terminal it shows the entries, and marks those that are new, changed or gone; q or Ctrl-C ends it. Into a pipe
    or a file it prints one line for each change.

    A WORD is an address, a prefix, a physical address or an interface, as for `netio list`. If the only interface that
    is given is removed, the command ends.
    """
    selection = selection_of(words, family=family, interfaces=interfaces)
    if selection.states or selection.every_state:
        raise click.UsageError("changes cannot be selected by state")
    if as_json and command is not None:
        raise click.UsageError("--json contradicts --exec; give one of them")
    chosen = _Filter(selection, _indexes(selection.interfaces), everything=everything, resolved=resolved)
    vendors = load_vendors() if vendor else None
    end = monotonic() + seconds
    live = not as_json and command is None and _is_screen()
    only = selection.interfaces[0] if len(chosen.indexes) == 1 else None
    try:
        with watch_neighbors(
            selection.family, interface=only, initial=initial and not live, receive_buffer=receive_buffer
        ) as opened:
            if live:
                _show(opened, chosen, vendors, end, sort)
            elif command is not None:
                _run_for_each(command, filter(chosen.accepts, _changes(opened, end)))
            else:
                for change in filter(chosen.accepts, _changes(opened, end)):
                    if as_json:
                        print_line(change_object(change, vendors))
                    else:
                        click.echo(change_line(change))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


@dataclass(frozen=True, slots=True)
class _Filter:
    """The changes that are shown."""

    selection: Selection
    indexes: set[int]  # of the interfaces; empty: of all
    everything: bool
    resolved: bool

    def accepts(self, change: NeighborChange) -> bool:
        """Whether a change is reported."""
        entry = change.neighbor
        if entry is None:
            return True
        had = () if change.previous is None else (change.previous.physical_address,)
        addresses = (entry.physical_address, change.last_physical_address, *had)
        return self._covers(entry, addresses) and (not self.resolved or _address_differs(change))

    def shows(self, entry: Neighbor) -> bool:
        """Whether the live view shows an entry. As in list, silent hosts are shown only if they are named."""
        if not self._covers(entry, (entry.physical_address,)):
            return False
        if self.resolved:
            return entry.is_resolved
        return self.everything or self.selection.names(entry) or not is_silent(entry)

    def _covers(self, entry: Neighbor, addresses: Iterable[PhysicalAddress]) -> bool:
        on_interface = not self.indexes or entry.interface_index in self.indexes
        return on_interface and self.selection.covers(entry, addresses, everything=self.everything)


def _address_differs(change: NeighborChange) -> bool:
    """Whether the physical address in use is another one after a change."""
    if change.kind is ChangeKind.REMOVED:
        return _address_in_use(change.neighbor) != ""
    return _address_in_use(change.neighbor) != _address_in_use(change.previous)


def _address_in_use(entry: Neighbor | None) -> str:
    return str(entry.physical_address) if entry is not None and entry.is_resolved else ""


def _indexes(names: Iterable[str]) -> set[int]:
    """Looks interfaces up, of which each may have several names."""
    cache = InterfaceCache()
    found = {name: cache.find(name=name) for name in names}
    for name, interface in found.items():
        if interface is None:
            raise click.UsageError(f"there is no interface {name!r}; the interfaces are {interface_names()}")
    return {interface.index for interface in found.values() if interface is not None}


def _is_screen() -> bool:
    """Whether stdout is a terminal that can show pages."""
    return sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def _changes(opened: NeighborWatch, end: float) -> Iterator[NeighborChange]:
    """Yields changes as they happen, until the end."""
    while (left := end - monotonic()) > 0:
        yield from opened.read(None if left == _NO_END else left)


def _run_for_each(command: str, changes: Iterable[NeighborChange]) -> None:
    """Runs the command for each change."""
    import subprocess

    failures = 0
    for change in changes:
        # The user wrote the command for the shell. Addresses and names are in the environment only.
        done = subprocess.run(  # noqa: S602
            command, shell=True, check=False, stdin=subprocess.DEVNULL, env=os.environ | change_environment(change)
        )
        if done.returncode != 0:
            failures += 1
            subject = change.kind.name if change.neighbor is None else f"{change.kind.name} {change.neighbor.address}"
            print_error(f"{subject}: the command of --exec failed (exit status {done.returncode})")
    if failures:
        sys.exit(FAILED)


def _show(opened: NeighborWatch, chosen: _Filter, vendors: Vendors | None, end: float, sort: str) -> None:
    """Shows the entries on the terminal until q is pressed or the time is over."""
    from netio.cli.live_table import LiveTable
    from netio.cli.page import page
    from netio.cli.screen import Screen

    table = LiveTable(opened.table(), chosen.shows)

    def order(entry: Neighbor) -> tuple[object, ...]:
        return (*SORT_KEYS[sort](entry), *address_order(entry))

    with Screen() as screen:
        while (now := monotonic()) < end:
            table.expire(now)
            screen.show(page(table, *screen.size, vendors, order))
            if screen.wait(min(_FRAME_SECONDS, end - now)) == "q":
                return
            left = min(_TICK_SECONDS - _FRAME_SECONDS, end - monotonic())
            if screen.wait(left, opened.fileno()) == "q":
                return
            for change in opened.read(0):
                table.apply(change, monotonic())
