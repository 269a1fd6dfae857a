# SPDX-License-Identifier: MIT
"""The commands that write entries: create, set, replace, delete, flush."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

import netio
from netio import Neighbor, NetioError, linux
from netio._requests import with_interfaces
from netio.cli import FAILED, INTERRUPTED
from netio.cli.changes import DetailedTable, TableBefore, described
from netio.cli.files import read_entries
from netio.cli.ip_syntax import NOARP, has_only_addresses, interface_of, is_state, split_words, state_name
from netio.cli.json_output import failure_object, print_array, print_failures, written_object
from netio.cli.linux_words import WRITABLE_FLAGS, flags_of, protocol_of
from netio.cli.messages import message_of, print_error
from netio.cli.options import (
    dry_run_option,
    family_options,
    flag_option,
    interface_option,
    interfaces_option,
    json_option,
    nud_option,
    protocol_option,
    states_option,
)
from netio.cli.selection import selection_of
from netio.errors import invalid
from netio.linux import LinuxNeighbor, NeighborFlags, Nud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, BinaryIO, TextIO

    from netio.cli.options import Decorator

    # The place of an entry ("line 7", or "" for the command line), and the entry.
    Requested = tuple[str, Neighbor]

    _LinuxVerb = Callable[[Iterable[LinuxNeighbor]], None]

# Writes of this many entries have a progress bar, which is updated after every so many entries.
MANY = 5_000

# The end of a permanent entry, in the help of the commands that write one.
_UNTIL = (
    ": it stays until the machine restarts or the interface is removed, on Linux also until the interface is set down "
    "or gets another physical address. `netio keep` writes such entries again."
)

# The terminal, independent of stdin. Windows has no ctermid(); its name is CON.
_TERMINAL = getattr(os, "ctermid", lambda: "CON")()

# The maximum of lines that are printed about the records of one file.
_MAX_PROBLEMS = 20


class InputFile(click.File):
    """A file, or stdin (-) unless that is closed."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401, D102
        if value == "-" and sys.stdin is None:
            self.fail("standard input is closed", param, ctx)
        return super().convert(value, param, ctx)


file_option: Decorator = click.option(
    "--from",
    "file",
    metavar="FILE",
    type=InputFile("rb"),
    help="Read entries from a file, or from stdin (-): JSON Lines, a JSON array, or CSV with a heading. The fields "
    "address, physical_address, interface and state are read, also under the names that other programs use.",
)
move_option: Decorator = click.option(
    "--move-to", metavar="IF", help="The interface of all entries of the file, whatever it names."
)
dynamic_option: Decorator = click.option(
    "--dynamic", is_flag=True, help="Make dynamic entries of the file permanent, instead of skipping them."
)
yes_option: Decorator = click.option(
    "-y", "--yes", is_flag=True, help="Do not ask before more than one entry is written or removed."
)


@dataclass(frozen=True, slots=True)
class _Detail:
    """State, flags and protocol of the entries to be written, which only Linux has."""

    nud: Nud
    flags: NeighborFlags
    protocol: int

    def written_by(self, verb: _LinuxVerb) -> Callable[[list[Neighbor]], None]:
        """Returns a function that writes entries with this detail."""
        return lambda entries: verb(LinuxNeighbor(entry, self.nud, self.flags, self.protocol) for entry in entries)


def _detail_of(named: dict[str, str], nud: str | None, flags: Sequence[str], protocol: str | None) -> _Detail | None:
    """Returns what keywords and options give that only Linux has; None if that is nothing but a permanent entry.

    Raises:
        click.UsageError: A state or a protocol is invalid, or is given by a word and by an option.
    """
    for keyword, option in (("nud", nud), ("protocol", protocol)):
        if keyword in named and option is not None:
            raise click.UsageError(f"{keyword!r} is given twice: as a word and as an option")
    state = (named.get("nud") or nud or Nud.PERMANENT.name).upper()
    if state not in Nud.__members__:
        names = ", ".join(name.lower() for name in Nud.__members__)
        raise click.UsageError(f"invalid state {named['nud']!r}; the states are {names}")
    words = {*flags, *(word for word in named if word in WRITABLE_FLAGS)}
    given = named.get("protocol", protocol)
    if state == Nud.PERMANENT.name and not words and given is None:
        return None
    return _Detail(Nud[state], flags_of(words), 0 if given is None else protocol_of(given))


def _command(
    name: str,
    done: str,
    verb: Callable[[list[Neighbor]], None],
    summary: str,
    text: str,
    linux_verb: _LinuxVerb | None = None,
) -> click.Command:
    """Creates one of the commands that take an address and a physical address.

    linux_verb writes what only Linux has; None: the command has no options for that.
    """
    keywords = ("dev", "lladdr", "nud", "to", *(() if linux_verb is None else ("protocol", *WRITABLE_FLAGS)))

    def command(
        words: tuple[str, ...],
        interface: str | None,
        file: BinaryIO | None,
        move_to: str | None,
        *,
        dynamic: bool,
        yes: bool,
        dry_run: bool,
        as_json: bool,
        nud: str | None = None,
        flags: tuple[str, ...] = (),
        protocol: str | None = None,
    ) -> None:
        positional, named = split_words(words, keywords)
        chosen = interface_of(named, interface)
        detail = _detail_of(named, nud, flags, protocol)
        if detail is not None and linux_verb is None:
            raise click.UsageError(f"nud {named['nud']} is not supported: netio {name} writes permanent entries")
        if detail is not None and dry_run:
            raise click.UsageError("--dry-run is for permanent entries: the kernel decides which details are valid")
        if file is not None:
            _reject(words)
            # A state that is given is that of all entries, so none is skipped because of its own.
            with_dynamic = dynamic or nud is not None
            requested = entries_of(file, chosen, move_to=move_to, with_dynamic=with_dynamic)
        else:
            pair = _address_pair(positional, named, is_complete=detail is None)
            requested = [("", Neighbor(*pair, interface=chosen or ""))]
        if dry_run:
            _preview(requested, name, as_json=as_json)
        elif detail is not None and linux_verb is not None:
            write = detail.written_by(linux_verb)
            _write(requested, write, name, done, yes=yes, as_json=as_json, detailed=True)
        else:
            _write(requested, verb, name, done, yes=yes, as_json=as_json)

    options = [
        click.argument("words", nargs=-1, metavar="[ADDRESS PHYSICAL_ADDRESS]"),
        interface_option("The interface of the address. [default: determined by the routes]"),
        file_option,
        move_option,
        dynamic_option,
        *(() if linux_verb is None else (nud_option, flag_option, protocol_option)),
        yes_option,
        dry_run_option,
        json_option,
    ]
    for option in reversed(options):
        command = option(command)
    permanent = "The entry is permanent" if linux_verb is None else "Without --nud the entry is permanent"
    example = "" if linux_verb is None else f"\n          netio {name} 192.0.2.10 02:00:5e:00:00:07 -i eth0 --nud stale"
    return click.command(
        name,
        help=f"{text}\n\n{permanent}{_UNTIL}",
        short_help=summary,
        epilog=f"""
        \b
        Examples:
          netio {name} 192.0.2.7 02:00:5e:00:00:07 -i eth0
          netio {name} --from hosts.csv{example}
        """,
    )(command)


def _address_pair(positional: list[str], named: dict[str, str], *, is_complete: bool) -> list[str]:
    """Returns address and physical address. A state at the end, as `ip neigh` prints it, is skipped.

    Raises:
        click.UsageError: One of them is missing, a physical address only if is_complete; or there is another word.
    """
    pair = positional[:1] + [word for word in positional[1:] if not is_state(word)]
    _reject(pair[1 if "lladdr" in named else 2 :])
    pair += [named["lladdr"]] if "lladdr" in named else []
    if len(pair) < (2 if is_complete else 1):
        raise click.UsageError("give ADDRESS and PHYSICAL_ADDRESS, or --from")
    return pair


def _reject(words: Sequence[str]) -> None:
    if words:
        raise click.UsageError(f"unexpected argument {words[0]!r}")


create_command: click.Command = _command(
    "create",
    "created",
    netio.create_neighbors,
    "Create a permanent entry; fail if the address has one.",
    "Create a permanent entry. Fails if the address has an entry in any state on that interface.",
    linux.create_neighbors,
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
    linux.replace_neighbors,
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
@click.argument("words", nargs=-1, metavar="[WORD]...")
@interface_option("The interface of the addresses. [default: determined by the routes]")
@file_option
@move_option
@states_option
@click.option("--missing-ok", is_flag=True, help="Accept addresses without an entry.")
@yes_option
@dry_run_option
@json_option
def delete_command(
    words: tuple[str, ...],
    interface: str | None,
    file: BinaryIO | None,
    move_to: str | None,
    states: tuple[str, ...],
    *,
    missing_ok: bool,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Delete entries, whether permanent or dynamic: those of addresses, or those that other words select.

    A WORD is as for `netio list`. If all words are addresses, an address without an entry is an error, and the rest of
    a line that `ip neigh` has printed is ignored. Otherwise the matching entries are deleted, except those of routing
    daemons and orchestrators.
    """
    if file is not None:
        _reject((*words, *states))
        requested = entries_of(file, interface, move_to=move_to, with_physical_address=False)
    elif not states and has_only_addresses(words):
        requested = _addressed(words, interface)
    else:
        requested, missing_ok = _selected(words, interface, states), True

    def delete(entries: list[Neighbor]) -> None:
        netio.delete_neighbors(entries, missing_ok=missing_ok)

    if dry_run:
        _preview(requested, "delete", missing_ok=missing_ok, as_json=as_json)
    else:
        _write(requested, delete, "delete", "deleted", yes=yes, as_json=as_json)


def _addressed(words: Sequence[str], interface: str | None) -> list[Requested]:
    """Returns the entries for addresses. As in `ip neigh delete`, physical address, state and flags are ignored."""
    positional, named = split_words(words, ("dev", "lladdr", "nud", "to"), pasted=True)
    chosen = interface_of(named, interface)
    state_name(named.get("nud", "permanent"))  # rejects a misspelled state
    return [("", Neighbor(word, interface=chosen or "")) for word in positional if not is_state(word)]


def _selected(words: Sequence[str], interface: str | None, states: Sequence[str]) -> list[Requested]:
    """Returns the entries of the system that the words and options select, and reports those that are kept.

    Raises:
        click.UsageError: A word is invalid, or there is none but an interface, which does not select entries alone.
    """
    selection = selection_of(words, interfaces=[interface] if interface else [], states=states, pasted=True)
    if not selection.has_content:
        raise click.UsageError("give an address, a prefix, a physical address, --state, or --from")
    entries, kept = selection.deleted()
    if kept:
        print_error(f"kept entries of routing daemons, orchestrators and the kernel: {kept:,}")
    return [("", entry) for entry in entries]


@click.command(
    "flush",
    short_help="Remove the dynamic entries.",
    epilog="""
    \b
    Examples:
      netio flush -i eth0
      netio flush 192.0.2.0/24 --state stale --yes
    """,
)
@click.argument("words", nargs=-1, metavar="[WORD]...")
@family_options
@interfaces_option
@states_option
@yes_option
@dry_run_option
@json_option
def flush_command(
    words: tuple[str, ...],
    family: int | None,
    interfaces: list[str],
    states: tuple[str, ...],
    *,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove the dynamic entries; the system probes a host again when it needs it.

    A WORD is as for `netio list`. On Linux permanent entries stay, unless their state is named, and those of routing
    daemons and orchestrators always do.
    """
    selection = selection_of(words, family=family, interfaces=interfaces, states=states)
    if NOARP in selection.states:
        raise click.UsageError("entries in the state noarp are not removed: the kernel made them")
    entries = selection.flushed()
    if dry_run:
        _preview([("", entry) for entry in entries], "delete", as_json=as_json)
        return
    what = "entries" if selection.with_permanent else "dynamic entries"
    confirm("Remove", len(entries), what, yes=yes)
    if selection.has_content:
        _remove(selection.flushed())  # read again, since a reply to the question can take long
    else:
        for interface in selection.interfaces or (None,):
            netio.flush_neighbors(selection.family, interface=interface)
    if as_json:
        print_array([])


def _remove(entries: list[Neighbor]) -> None:
    """Removes entries like flush_neighbors(): raises the first error, and accepts that an entry was removed before."""
    try:
        netio.delete_neighbors(entries, missing_ok=True)
    except ExceptionGroup as group:
        raise group.exceptions[0] from None


def entries_of(
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
        problem = f"{file.name} cannot be read: {reason}"
        print_failures(click.get_current_context(), [invalid(problem)])
        print_error(f"nothing was written; {problem}")
        sys.exit(FAILED)
    if content.ignored:
        print_error(f"{file.name}: ignored fields: {_listed(list(content.ignored))}")
    for place, problem in content.problems[:_MAX_PROBLEMS]:
        print_error(problem, place)
    if content.problems:
        problems = (invalid(f"{place}: {problem}") for place, problem in content.problems)
        print_failures(click.get_current_context(), problems)
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


def confirm(verb: str, count: int, what: str, *, yes: bool, before: Callable[[], None] | None = None) -> None:
    """Asks the user for confirmation before more than one entry is written, and ends the process without it.

    before prints what the question is about. It is called only if the user is asked.
    """
    keyboard = None if count < 2 or yes else _keyboard()
    if keyboard is None:
        return
    if before is not None:
        before()
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


def _preview(requested: list[Requested], name: str, *, missing_ok: bool = False, as_json: bool) -> None:
    """Prints what a command would do. Ends the process if an entry would fail."""
    entries = with_interfaces([entry for _, entry in requested])
    table = TableBefore()
    failed = table.errors(name, entries, missing_ok=missing_ok)
    places = [place for place, _ in requested]
    _print_failed(failed, places)
    changes = [("", None) if n in failed else table.apply(name, entry) for n, entry in enumerate(entries)]
    if as_json:
        _print_objects(entries, failed, (change for change, _ in changes))
    else:
        for position, (entry, change) in enumerate(zip(entries, changes, strict=True)):
            if position not in failed:
                click.echo(described(change[0], entry, change[1]))
    if failed:
        sys.exit(FAILED)


def _print_failed(failed: dict[int, NetioError], places: Sequence[str]) -> None:
    for position, error in failed.items():
        print_error(error, places[position])


def _print_objects(entries: Sequence[Neighbor], failed: dict[int, NetioError], changes: Iterable[str]) -> None:
    print_array(
        failure_object(entry.address, failed[position])
        if position in failed
        else written_object(entry, changed=bool(change))
        for position, (entry, change) in enumerate(zip(entries, changes, strict=True))
    )


def _write(
    requested: list[Requested],
    verb: Callable[[list[Neighbor]], None],
    name: str,
    done: str,
    *,
    yes: bool,
    as_json: bool,
    detailed: bool = False,
) -> None:
    """Writes the entries and prints the failures. Ends the process if an entry failed or Ctrl-C was pressed."""
    confirm(name.capitalize(), len(requested), "entries", yes=yes)
    entries = [entry for _, entry in requested]
    table: TableBefore | DetailedTable | None = None
    if as_json:  # for the interfaces and `changed`
        entries, table = with_interfaces(entries), DetailedTable() if detailed else TableBefore()
    tried, failed = _write_in_parts(entries, verb)
    _print_failed(failed, [place for place, _ in requested])
    if table is not None:
        changes = ("" if n in failed else table.apply(name, entry)[0] for n, entry in enumerate(entries[:tried]))
        _print_objects(entries[:tried], failed, changes)
    elif len(entries) != 1:
        click.echo(f"{tried - len(failed):,} of {len(entries):,} entries {done}")
    if failed and len(entries) > 1:
        print_error(f"{len(failed):,} of {len(entries):,} entries failed")
    if tried < len(entries):
        most = min(tried + MANY, len(entries))
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
        with progress(len(entries), wanted=len(entries) >= MANY) as update:
            while tried < len(entries):
                failed |= _write_part(entries[tried : tried + MANY], tried, verb)
                tried = min(tried + MANY, len(entries))
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
