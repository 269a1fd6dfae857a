# SPDX-License-Identifier: MIT
"""The commands that write rows: create, set, replace, delete, flush."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import click

import netio
from netio import Neighbor, NeighborState, NetioError
from netio.cli import FAILED, INTERRUPTED
from netio.cli.files import read_rows
from netio.cli.ip_syntax import interface_of, take_apart
from netio.cli.json_output import failure_object, print_array, written_object
from netio.cli.messages import complain
from netio.cli.options import family_options, interface_option, json_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TextIO

    # Where a row comes from ("line 7", or "" for the command line), and the row.
    Asked = tuple[str, Neighbor]

# From so many rows on there is a progress bar, and so many are written between two looks at it.
_MANY = 5_000

# Where a person is, whatever stdin is; Windows' name where there is no ctermid().
_TERMINAL = getattr(os, "ctermid", lambda: "CON")()

# What is told of a file that is wrong all over.
_MOST_COMPLAINTS = 20


class _File(click.File):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        if value == "-" and sys.stdin is None:
            self.fail("standard input is closed", param, ctx)
        return super().convert(value, param, ctx)


file_option = click.option(
    "--from",
    "file",
    metavar="FILE",
    type=_File(encoding="utf-8-sig", errors="surrogateescape"),
    help="Rows from a file (- for a pipe): JSON Lines, a JSON array, or CSV with a heading; their fields are address, "
    "physical_address and interface.",
)
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask before more than one row is written.")


def _command(name: str, done: str, verb: Callable[[list[Neighbor]], None], summary: str, text: str) -> click.Command:
    """Makes one of the commands that take an address and a physical address."""

    @click.command(
        name,
        help=f"{text}\n\nThe row is permanent: it stays until the machine restarts or the interface goes.",
        short_help=summary,
        epilog=f"""
        \b
        Examples:
          netio {name} 192.0.2.7 02:00:5e:00:00:07 -i eth0
          netio {name} --from hosts.csv
        """,
    )
    @click.argument("words", nargs=-1, metavar="[ADDRESS PHYSICAL_ADDRESS]")
    @interface_option("The link of the address. [default: where the routes lead]")
    @file_option
    @yes_option
    @json_option
    def command(
        words: tuple[str, ...], interface: str | None, file: TextIO | None, *, yes: bool, as_json: bool
    ) -> None:
        plain, named = take_apart(words, ("dev", "lladdr", "nud", "to"))
        link = interface_of(named, interface)
        if named.get("nud", "permanent").lower() != "permanent":
            raise click.UsageError(f"nud {named['nud']} cannot be: netio writes permanent rows")
        if file is not None:
            _expect_no_more(words)
            asked = _rows_of(file, link, with_physical_address=True)
        else:
            plain += [named["lladdr"]] if "lladdr" in named else []
            _expect_no_more(plain[2:])
            if len(plain) < 2:
                raise click.UsageError("ADDRESS and PHYSICAL_ADDRESS are needed, or --from")
            asked = [("", Neighbor(*plain, interface=link or ""))]
        _write(asked, verb, name, done, yes=yes, as_json=as_json)

    return command


def _expect_no_more(words: Sequence[str]) -> None:
    if words:
        raise click.UsageError(f"{words[0]!r} is too much here")


create_command = _command(
    "create",
    "created",
    netio.create_neighbors,
    "Make a row; fails where the address has one.",
    "Make a row for an address. Fails where it has any row on that link, a failed one too.",
)
set_command = _command(
    "set",
    "set",
    netio.set_neighbors,
    "Change the physical address of a row; fails where there is none.",
    "Change the physical address of a row that is there.",
)
replace_command = _command(
    "replace",
    "replaced",
    netio.replace_neighbors,
    "Pin an address: write its row, whatever was there before.",
    "Pin an address to a physical address, whatever row was there before.",
)


@click.command(
    "delete",
    short_help="Unpin an address: remove its row.",
    epilog="""
    \b
    Examples:
      netio delete 192.0.2.7
      netio list -i eth0 --json | netio delete --from -
    """,
)
@click.argument("words", nargs=-1, metavar="[ADDRESS]...")
@interface_option("The link of the addresses. [default: where the routes lead]")
@file_option
@click.option("--missing-ok", is_flag=True, help="An address without a row is fine.")
@yes_option
@json_option
def delete_command(
    words: tuple[str, ...], interface: str | None, file: TextIO | None, *, missing_ok: bool, yes: bool, as_json: bool
) -> None:
    """Remove the rows of addresses, permanent or not."""
    plain, named = take_apart(words, ("dev", "to"))
    link = interface_of(named, interface)
    if file is not None:
        _expect_no_more(words)
        asked = _rows_of(file, link, with_physical_address=False)
    elif plain:
        asked = [("", Neighbor(address, interface=link or "")) for address in plain]
    else:
        raise click.UsageError("an ADDRESS is needed, or --from")

    def delete(rows: list[Neighbor]) -> None:
        netio.delete_neighbors(rows, missing_ok=missing_ok)

    _write(asked, delete, "delete", "deleted", yes=yes, as_json=as_json)


@click.command(
    "flush",
    short_help="Remove all dynamic rows.",
    epilog="""
    \b
    Examples:
      netio flush -i eth0
      netio flush -4 --yes
    """,
)
@click.argument("words", nargs=-1, metavar="")
@family_options
@interface_option("Rows of this interface only.")
@yes_option
@json_option
def flush_command(
    words: tuple[str, ...], family: int | None, interface: str | None, *, yes: bool, as_json: bool
) -> None:
    """Remove the dynamic rows; hosts that are needed are asked for anew. On Linux permanent rows stay."""
    plain, named = take_apart(words, ("dev",))
    if plain not in ([], ["all"]):
        raise click.UsageError(f"flush takes no {plain[0]!r}; `netio delete` removes the row of an address")
    chosen = family or socket.AF_UNSPEC
    interface = interface_of(named, interface)
    rows = netio.list_neighbors(chosen, interface=interface)
    dynamic = sum(row.state is not NeighborState.PERMANENT for row in rows)
    _ask("Remove", dynamic, "dynamic rows", yes=yes)
    netio.flush_neighbors(chosen, interface=interface)
    if as_json:
        print_array([])


def _rows_of(file: TextIO, interface: str | None, *, with_physical_address: bool) -> list[Asked]:
    """Reads the rows of a file; where one is wrong it says so and ends."""
    try:
        rows, wrong = read_rows(file, default_interface=interface, with_physical_address=with_physical_address)
    except OSError as error:
        complain(f"nothing was written; {file.name} cannot be read: {error.strerror}")
        sys.exit(FAILED)
    for place, reason in wrong[:_MOST_COMPLAINTS]:
        complain(reason, place)
    if wrong:
        complain(f"nothing was written; bad lines in {file.name}: {len(wrong):,}")
        sys.exit(FAILED)
    return rows


def _ask(verb: str, count: int, what: str, *, yes: bool) -> None:
    """Asks a person before more than one row is written."""
    person = None if count < 2 or yes else _person()
    if person is None:
        return
    click.echo(f"{verb} {count:,} {what}? [y/N]: ", err=True, nl=False)
    try:
        answer = person.readline()
    except KeyboardInterrupt:
        click.echo(err=True)  # the cursor still stands behind the question
        complain("nothing was written")
        raise click.Abort from None
    if answer.strip().lower() in ("y", "yes"):
        return
    if not answer.endswith("\n"):
        click.echo(err=True)
    complain("nothing was written")
    sys.exit(FAILED)


def _person() -> TextIO | None:
    """Who can be asked: at stdin, or at the terminal, where stdin is a pipe that brings the rows."""
    if sys.stdin is not None and sys.stdin.isatty():
        return sys.stdin
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    try:
        return Path(_TERMINAL).open()
    except OSError:  # there is none, as in a job of cron
        return None


def _write(
    asked: list[Asked], verb: Callable[[list[Neighbor]], None], name: str, done: str, *, yes: bool, as_json: bool
) -> None:
    """Writes the rows, tells what failed, and ends the process where something did."""
    _ask(name.capitalize(), len(asked), "rows", yes=yes)
    rows = [row for _, row in asked]
    tried, failed = _write_in_parts(rows, verb)
    for position, error in failed.items():
        complain(error, asked[position][0])
    if as_json:
        print_array(
            failure_object(row.address, failed[position]) if position in failed else written_object(row)
            for position, row in enumerate(rows[:tried])
        )
    elif len(rows) != 1:
        click.echo(f"{tried - len(failed):,} of {len(rows):,} rows {done}")
    if failed and len(rows) > 1:
        complain(f"{len(failed):,} of {len(rows):,} rows failed")
    if tried < len(rows):
        most = min(tried + _MANY, len(rows))
        complain(f"interrupted: of {len(rows):,} rows at least {tried:,} and at most {most:,} were tried")
        sys.exit(INTERRUPTED)
    if failed:
        sys.exit(FAILED)


def _write_in_parts(rows: list[Neighbor], verb: Callable[[list[Neighbor]], None]) -> tuple[int, dict[int, NetioError]]:
    """Writes rows, with a progress bar where they are many: how many were tried before Ctrl-C; errors by position."""
    from netio.cli.progress import progress

    failed: dict[int, NetioError] = {}
    tried = 0
    try:
        with progress(len(rows), wanted=len(rows) >= _MANY) as advance:
            while tried < len(rows):
                failed |= _write_part(rows[tried : tried + _MANY], tried, verb)
                tried = min(tried + _MANY, len(rows))
                advance(tried, f"{len(failed):,} failed")
    except KeyboardInterrupt:
        pass
    return tried, failed


def _write_part(rows: list[Neighbor], first: int, verb: Callable[[list[Neighbor]], None]) -> dict[int, NetioError]:
    try:
        verb(rows)
    except ExceptionGroup as group:
        errors = [error for error in group.exceptions if isinstance(error, NetioError)]
        return {first + (error.position or 0): error for error in errors}
    return {}


COMMANDS = (create_command, set_command, replace_command, delete_command, flush_command)
