# SPDX-License-Identifier: MIT
"""The command keep: keeps the entries of a file in the table until it is stopped."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

import netio
from netio import PlannedAction
from netio.cli import FAILED
from netio.cli.json_output import planned_object, print_line, remember_lines
from netio.cli.messages import print_error
from netio.cli.options import interface_option
from netio.cli.planning import file_argument, owner_option, print_failed, skip_option
from netio.cli.service import notify_ready
from netio.cli.writing import dynamic_option, entries_of, move_option
from netio.errors import NetioError
from netio.plan import change_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from netio import PlannedChange


@click.command(
    "keep",
    short_help="Keep the entries of a file in the table.",
    epilog="""
    \b
    Examples:
      netio keep hosts.csv
      netio keep hosts.csv --skip-missing --json
    """,
)
@file_argument
@interface_option("The interface of entries that name none.")
@move_option
@dynamic_option
@skip_option
@owner_option
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=1),
    default=6,
    show_default=True,
    help="Write one entry again at most this many times a minute.",
)
@click.option(
    "--json", "as_json", is_flag=True, is_eager=True, callback=remember_lines, help="Print one JSON object per line."
)
def keep_command(
    file: BinaryIO,
    interface: str | None,
    move_to: str | None,
    owner: int | None,
    limit: int,
    *,
    dynamic: bool,
    skip_missing: bool,
    as_json: bool,
) -> None:
    """Write the entries of a file, and write them again when they are removed or changed, until it is stopped.

    Linux removes permanent entries if their interface is set down or gets another physical address. A line is printed
    for each change: + for an entry that was created, ~ updated, and ! for one that could not be kept.

    As a service of systemd with Type=notify, it is started when the entries have been written.
    """
    requested = entries_of(file, interface, move_to=move_to, with_dynamic=dynamic)
    try:
        changes = netio.keep_neighbors(
            [entry for _, entry in requested],
            owner=owner,
            missing_interfaces="skip" if skip_missing else "fail",
            most_per_minute=limit,
        )
    except ExceptionGroup as group:
        errors = [error for error in group.exceptions if isinstance(error, NetioError)]
        print_failed(errors, [place for place, _ in requested])
        print_error(f"nothing was written; entries that cannot be planned: {len(errors):,}")
        sys.exit(FAILED)
    notify_ready()
    _print_changes(changes, as_json=as_json)


def _print_changes(changes: Iterator[PlannedChange], *, as_json: bool) -> None:
    for change in changes:
        if as_json:
            print_line(planned_object(change))
        else:
            click.echo(change_text(change), err=change.action is PlannedAction.CONFLICT)


COMMANDS = (keep_command,)
