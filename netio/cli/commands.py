# SPDX-License-Identifier: MIT
"""The command group, its aliases, and the exit status of the process."""

from __future__ import annotations

import os
import re
import sys
from contextlib import ExitStack
from io import StringIO, TextIOWrapper

import click

import netio
from netio.cli import (
    FAILED,
    INTERRUPTED,
    checking,
    exporting,
    keeping,
    planning,
    reading,
    saving,
    scanning,
    table,
    watching,
    writing,
)
from netio.cli.json_output import print_failures
from netio.cli.messages import print_error
from netio.cli.options import netns_option
from netio.errors import shorten

# The names of ip(8). `get` is the same there.
_ALIASES = {"show": "list", "add": "create", "change": "set", "del": "delete"}

# The sizes of a terminal that rich can read from the environment.
_SIZE = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


# ip(8) has the family before the command.
_FAMILIES = ("-4", "-6")


class _Commands(click.Group):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if len(args) > 1 and args[0] in _FAMILIES:
            args = [args[1], args[0], *args[2:]]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, _ALIASES.get(cmd_name, cmd_name))

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(self.commands)  # in the order of definition: reading, writing, planning, scanning, the table itself

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except netio.NetioError as error:
            print_error(error)
            print_failures(ctx, [error])
            sys.exit(FAILED)


@click.group(
    name="netio",
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""
    \b
    Examples:
      netio list                                 list the known neighbours
      netio resolve 192.0.2.2                    probe a host, and wait for its reply
      netio replace 192.0.2.7 02:00:5e:00:00:07  create or update a permanent entry
      netio delete 192.0.2.7                     delete an entry
      netio scan 192.0.2.0/24 --map              probe every address of a prefix
      netio watch                                show changes as they happen

    Reading and probing need no privilege. Writing needs administrator rights: sudo, or an elevated prompt on Windows.
    """,
)
@click.version_option(netio.__version__)
def commands() -> None:
    """The neighbour table (ARP, IPv6 Neighbor Discovery): the physical addresses of the hosts on the local links."""


_WRITING = (*writing.COMMANDS, saving.save_command, *planning.COMMANDS, *keeping.COMMANDS)
_PROBING = (scanning.scan, checking.check_command)

for _command in (*reading.COMMANDS, watching.watch, *_WRITING, *_PROBING, *table.COMMANDS):
    _command.params.append(netns_option())
    commands.add_command(_command)
commands.add_command(exporting.exporter)  # whose --netns selects several


def run() -> None:
    """Runs the command in sys.argv and ends the process.

    Exit status: 0 on success; 1 if something failed, with a line on stderr for each failure (a host that does not reply
    to `resolve` has a line in the output instead); 2 for wrong usage; 130 after Ctrl-C. The commands in planning.py
    have status 2 if changes are pending, and 1 for wrong usage.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # An interface name that the terminal cannot display must not end the output.
            stream.reconfigure(errors="backslashreplace")
    for name in ("COLUMNS", "LINES"):
        if not _SIZE.fullmatch(os.environ.get(name, "")):
            os.environ.pop(name, None)
    with ExitStack() as selections:  # of --netns
        status = _status_of(selections)
    sys.exit(status)


def _status_of(selections: ExitStack) -> int:
    try:
        # No expansion of words: on Windows click would take "Local Area Connection* 1" for a pattern of file names.
        status: int = commands.main(prog_name="netio", standalone_mode=False, windows_expand_args=False, obj=selections)
    except click.ClickException as error:
        text = StringIO()
        error.show(text)
        click.echo(shorten(text.getvalue()), nl=False, err=True)
        status = error.exit_code
    except click.Abort:
        status = INTERRUPTED
    except OSError as error:  # an unreadable file, a full disk
        print_error(": ".join(filter(None, (error.filename, error.strerror or str(error)))))
        _discard_output()
        status = FAILED
    return status


def _discard_output() -> None:
    """Redirects stdout to the null device: Python's flush at exit would fail again and change the exit status."""
    if sys.stdout is not None:
        with open(os.devnull, "wb") as null_device:  # noqa: PTH123
            os.dup2(null_device.fileno(), sys.stdout.fileno())
