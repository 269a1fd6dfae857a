# SPDX-License-Identifier: MIT
"""The group of commands, its aliases, and what the process ends with."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

import click

import netio
from netio.cli import FAILED, INTERRUPTED, reading, scanning, writing
from netio.cli.messages import complain

# What users of ip(8) type. `get` has the same name there.
_ALIASES = {"show": "list", "add": "create", "change": "set", "del": "delete"}


class _Commands(click.Group):
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, _ALIASES.get(cmd_name, cmd_name))

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(self.commands)  # in their own order: reading, writing, sweeping


@click.group(
    name="netio",
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""
    \b
    Examples:
      netio list                                 who is there
      netio resolve 192.0.2.2                    ask for its physical address, and wait
      netio replace 192.0.2.7 02:00:5e:00:00:07  pin it: a permanent row
      netio delete 192.0.2.7                     unpin it
      netio scan 192.0.2.0/24 --map              sweep a prefix

    Reading and asking the link need no privilege. Writing does: sudo, or an elevated prompt on Windows.
    """,
)
@click.version_option(netio.__version__)
def commands() -> None:
    """The operating system's neighbour table: which physical address stands behind an IP address on a link."""


for _command in (*reading.COMMANDS, *writing.COMMANDS, scanning.scan):
    commands.add_command(_command)


def run() -> None:
    """Runs the command of sys.argv and ends the process.

    Exit status: 0; 1 where something failed, with a line on stderr for each (a silent host is a row of the answer);
    2 for wrong usage; 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # An interface name that the terminal cannot show must not end the listing.
            stream.reconfigure(errors="backslashreplace")
    try:
        # A word is what was typed: on Windows click would take "Local Area Connection* 1" for a pattern of files.
        status = commands.main(prog_name="netio", standalone_mode=False, windows_expand_args=False)
    except netio.NetioError as error:
        complain(error)
        status = FAILED
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except click.Abort:
        status = INTERRUPTED
    except OSError as error:  # a file that cannot be read, a disk that is full
        complain(": ".join(filter(None, (error.filename, error.strerror or str(error)))))
        _forget_output()
        status = FAILED
    sys.exit(status)


def _forget_output() -> None:
    """Lets Python's own last flush succeed, which would complain once more and change the exit status."""
    if sys.stdout is not None:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
