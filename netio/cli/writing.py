# SPDX-License-Identifier: MIT
"""The commands that write entries: create, set, replace, delete, flush."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

import netio
from netio import Neighbor, NetioError
from netio._table import flushable
from netio.cli import FAILED, INTERRUPTED
from netio.cli.files import read_entries
from netio.cli.ip_syntax import interface_of, split_words
from netio.cli.json_output import failure_object, print_array, written_object
from netio.cli.messages import message_of, print_error
from netio.cli.options import family_options, interface_option, json_option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, BinaryIO, TextIO

    from netio.cli.options import Decorator

    # The place of an entry ("line 7", or "" for the command line), and the entry.
    Requested = tuple[str, Neighbor]

# Writes of this many entries have a progress bar, which is updated after every so many entries.
_MANY = 5_000

# The terminal, independent of stdin. Windows has no ctermid(); its name is CON.
_TERMINAL = getattr(os, "ctermid", lambda: "CON")()

# The maximum of lines that are printed about the records of one file.
_MAX_PROBLEMS = 20


class _File(click.File):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        if value == "-" and sys.stdin is None:
            self.fail("standard input is closed", param, ctx)
        return super().convert(value, param, ctx)


file_option: Decorator = click.option(
    "--from",
    "file",
    metavar="FILE",
    type=_File("rb"),
    help="Read entries from a file, or from stdin (-): JSON Lines, a JSON array, or CSV with a heading. The fields "
    "address, physical_address, interface and state are read, also under the names that other programs use.",
)
move_option: Decorator = click.option(
    "--move-to", metavar="IF", help="With --from: the interface of all entries, whatever the file names."
)
dynamic_option: Decorator = click.option(
    "--dynamic", is_flag=True, help="With --from: make dynamic entries of the file permanent, instead of skipping them."
)
yes_option: Decorator = click.option(
    "-y", "--yes", is_flag=True, help="Do not ask before more than one entry is written or removed."
)


def _command(name: str, done: str, verb: Callable[[list[Neighbor]], None], summary: str, text: str) -> click.Command:
    """Creates one of the commands that take an address and a physical address."""

    @click.command(
        name,
        help=f"{text}\n\nThe entry is permanent: it stays until the machine restarts or the interface is removed.",
        short_help=summary,
        epilog=f"""
        \b
        Examples:
          netio {name} 192.0.2.7 02:00:5e:00:00:07 -i eth0
          netio {name} --from hosts.csv
        """,
    )
    @click.argument("words", nargs=-1, metavar="[ADDRESS PHYSICAL_ADDRESS]")
    @interface_option("The interface of the address. [default: determined by the routes]")
    @file_option
    @move_option
    @dynamic_option
    @yes_option
    @json_option
    def command(
        words: tuple[str, ...],
        interface: str | None,
        file: BinaryIO | None,
        move_to: str | None,
        *,
        dynamic: bool,
        yes: bool,
        as_json: bool,
    ) -> None:
        positional, named = split_words(words, ("dev", "lladdr", "nud", "to"))
        chosen = interface_of(named, interface)
        if named.get("nud", "permanent").lower() != "permanent":
            raise click.UsageError(f"nud {named['nud']} is not supported: netio writes permanent entries")
        if file is not None:
            _reject(words)
            requested = _entries_of(file, chosen, move_to=move_to, with_dynamic=dynamic)
        else:
            positional += [named["lladdr"]] if "lladdr" in named else []
            _reject(positional[2:])
            if len(positional) < 2:
                raise click.UsageError("give ADDRESS and PHYSICAL_ADDRESS, or --from")
            requested = [("", Neighbor(*positional, interface=chosen or ""))]
        _write(requested, verb, name, done, yes=yes, as_json=as_json)

    return command


def _reject(words: Sequence[str]) -> None:
    if words:
        raise click.UsageError(f"unexpected argument {words[0]!r}")


create_command: click.Command = _command(
    "create",
    "created",
    netio.create_neighbors,
    "Create a permanent entry; fail if the address has one.",
    "Create a permanent entry. Fails if the address has an entry in any state on that interface.",
)
set_command: click.Command = _command(
    "set",
    "set",
    netio.set_neighbors,
    "Update an entry; fail if the address has none.",
    "Update the physical address of an entry, which becomes permanent. Fails if the address has no entry.",
)
replace_command: click.Command = _command(
    "replace",
    "replaced",
    netio.replace_neighbors,
    "Create or update a permanent entry.",
    "Create a permanent entry, or update the entry that the address has.",
)


@click.command(
    "delete",
    short_help="Delete entries.",
    epilog="""
    \b
    Examples:
      netio delete 192.0.2.7
      netio list -i eth0 --json | netio delete --from -
    """,
)
@click.argument("words", nargs=-1, metavar="[ADDRESS]...")
@interface_option("The interface of the addresses. [default: determined by the routes]")
@file_option
@move_option
@click.option("--missing-ok", is_flag=True, help="Accept addresses without an entry.")
@yes_option
@json_option
def delete_command(
    words: tuple[str, ...],
    interface: str | None,
    file: BinaryIO | None,
    move_to: str | None,
    *,
    missing_ok: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete the entries of addresses, whether permanent or dynamic."""
    positional, named = split_words(words, ("dev", "to"))
    chosen = interface_of(named, interface)
    if file is not None:
        _reject(words)
        requested = _entries_of(file, chosen, move_to=move_to, with_physical_address=False)
    elif positional:
        requested = [("", Neighbor(address, interface=chosen or "")) for address in positional]
    else:
        raise click.UsageError("give an ADDRESS, or --from")

    def delete(entries: list[Neighbor]) -> None:
        netio.delete_neighbors(entries, missing_ok=missing_ok)

    _write(requested, delete, "delete", "deleted", yes=yes, as_json=as_json)


@click.command(
    "flush",
    short_help="Remove all dynamic entries.",
    epilog="""
    \b
    Examples:
      netio flush -i eth0
      netio flush -4 --yes
    """,
)
@click.argument("words", nargs=-1, metavar="")
@family_options
@interface_option("Entries of this interface only.")
@yes_option
@json_option
def flush_command(
    words: tuple[str, ...], family: int | None, interface: str | None, *, yes: bool, as_json: bool
) -> None:
    """Remove the dynamic entries; the system probes a host again when it needs it.

    On Linux permanent entries and those of routing daemons and orchestrators stay.
    """
    positional, named = split_words(words, ("dev",))
    if positional not in ([], ["all"]):
        raise click.UsageError(f"unexpected argument {positional[0]!r}; `netio delete` deletes the entry of an address")
    chosen_family = family or socket.AF_UNSPEC
    chosen = interface_of(named, interface)
    entries = netio.list_neighbors(chosen_family, interface=chosen)
    _confirm("Remove", flushable(entries), "dynamic entries", yes=yes)
    netio.flush_neighbors(chosen_family, interface=chosen)
    if as_json:
        print_array([])


def _entries_of(
    file: BinaryIO,
    interface: str | None,
    *,
    move_to: str | None,
    with_physical_address: bool = True,
    with_dynamic: bool = True,
) -> list[Requested]:
    """Reads the entries of a file. If a record is invalid, prints the problems and ends the process."""
    try:
        content = read_entries(
            file,
            interface=interface,
            move_to=move_to,
            with_physical_address=with_physical_address,
            with_dynamic=with_dynamic,
        )
    except (OSError, MemoryError) as error:
        reason = message_of(error) if isinstance(error, NetioError) else getattr(error, "strerror", "out of memory")
        print_error(f"nothing was written; {file.name} cannot be read: {reason}")
        sys.exit(FAILED)
    if content.ignored:
        print_error(f"{file.name}: ignored fields: {_listed(list(content.ignored))}")
    for place, problem in content.problems[:_MAX_PROBLEMS]:
        print_error(problem, place)
    if content.problems:
        print_error(f"nothing was written; invalid lines in {file.name}: {len(content.problems):,}")
        sys.exit(FAILED)
    if content.unresolved:
        print_error(f"{file.name}: skipped entries without a valid physical address: {content.unresolved:,}")
    if content.dynamic:
        print_error(f"{file.name}: skipped dynamic entries: {content.dynamic:,}; --dynamic makes them permanent")
    return content.entries


def _listed(names: list[str]) -> str:
    """Returns the first names of a list, and how many more there are."""
    more = len(names) - _MAX_PROBLEMS
    return ", ".join(names[:_MAX_PROBLEMS]) + (f" and {more:,} more" if more > 0 else "")


def _confirm(verb: str, count: int, what: str, *, yes: bool) -> None:
    """Asks the user for confirmation before more than one entry is written, and ends the process without it."""
    keyboard = None if count < 2 or yes else _keyboard()
    if keyboard is None:
        return
    click.echo(f"{verb} {count:,} {what}? [y/N]: ", err=True, nl=False)
    try:
        reply = keyboard.readline()
    except KeyboardInterrupt:
        click.echo(err=True)  # the cursor is still on the line of the question
        print_error("nothing was written")
        raise click.Abort from None
    if reply.strip().lower() in ("y", "yes"):
        return
    if not reply.endswith("\n"):
        click.echo(err=True)
    print_error("nothing was written")
    sys.exit(FAILED)


def _keyboard() -> TextIO | None:
    """Returns the stream of the user's keyboard: stdin, or the terminal if stdin is a pipe with entries; else None."""
    if sys.stdin is not None and sys.stdin.isatty():
        return sys.stdin
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    try:
        return Path(_TERMINAL).open()
    except OSError:  # no controlling terminal, for example in a cron job
        return None


def _write(
    requested: list[Requested],
    verb: Callable[[list[Neighbor]], None],
    name: str,
    done: str,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """Writes the entries and prints the failures. Ends the process if an entry failed or Ctrl-C was pressed."""
    _confirm(name.capitalize(), len(requested), "entries", yes=yes)
    entries = [entry for _, entry in requested]
    tried, failed = _write_in_parts(entries, verb)
    for position, error in failed.items():
        print_error(error, requested[position][0])
    if as_json:
        print_array(
            failure_object(entry.address, failed[position]) if position in failed else written_object(entry)
            for position, entry in enumerate(entries[:tried])
        )
    elif len(entries) != 1:
        click.echo(f"{tried - len(failed):,} of {len(entries):,} entries {done}")
    if failed and len(entries) > 1:
        print_error(f"{len(failed):,} of {len(entries):,} entries failed")
    if tried < len(entries):
        most = min(tried + _MANY, len(entries))
        print_error(f"interrupted: of {len(entries):,} entries at least {tried:,} and at most {most:,} were tried")
        sys.exit(INTERRUPTED)
    if failed:
        sys.exit(FAILED)


def _write_in_parts(
    entries: list[Neighbor], verb: Callable[[list[Neighbor]], None]
) -> tuple[int, dict[int, NetioError]]:
    """Writes entries, with a progress bar if they are many.

    Returns how many were tried before Ctrl-C, and the errors by position.
    """
    from netio.cli.progress import progress

    failed: dict[int, NetioError] = {}
    tried = 0
    try:
        with progress(len(entries), wanted=len(entries) >= _MANY) as update:
            while tried < len(entries):
                failed |= _write_part(entries[tried : tried + _MANY], tried, verb)
                tried = min(tried + _MANY, len(entries))
                update(tried, f"{len(failed):,} failed")
    except KeyboardInterrupt:
        pass
    return tried, failed


def _write_part(entries: list[Neighbor], first: int, verb: Callable[[list[Neighbor]], None]) -> dict[int, NetioError]:
    try:
        verb(entries)
    except ExceptionGroup as group:
        errors = [error for error in group.exceptions if isinstance(error, NetioError)]
        return {first + (error.position or 0): error for error in errors}
    return {}


COMMANDS = (create_command, set_command, replace_command, delete_command, flush_command)
