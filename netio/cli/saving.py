# SPDX-License-Identifier: MIT
"""The command that saves permanent entries to a file: save."""

from __future__ import annotations

import socket
import sys

import click

from netio import Neighbor, plannable_neighbors
from netio.cli.json_output import remember_format
from netio.cli.messages import printable
from netio.cli.options import family_options, interfaces_option
from netio.formats import Format, write_neighbors


@click.command(
    "save",
    short_help="Save the permanent entries to a file.",
    epilog="""
    \b
    Examples:
      netio save hosts.csv
      netio save -i eth0 >eth0.jsonl
    """,
)
@click.argument("file", required=False, default="-", type=click.Path(allow_dash=True))
@family_options
@interfaces_option
@click.option(
    "-o",
    "--output",
    "chosen",
    type=click.Choice(["csv", "json", "jsonl"]),
    is_eager=True,
    callback=remember_format,
    help="The format. [default: by the ending of the file, .csv or .json, else jsonl]",
)
@click.option("--json", "as_json", is_flag=True, is_eager=True, callback=remember_format, help="The same as -o json.")
def save_command(file: str, family: int | None, interfaces: list[str], chosen: Format | None, *, as_json: bool) -> None:
    """Save the permanent entries to a FILE, or print them.

    Entries of routing daemons, orchestrators and the kernel are left out, as are multicast and loopback ones. The
    router flag of IPv6 is saved. A file is replaced as a whole: if the command is killed, it has its old content.
    """
    if as_json and chosen not in (None, "json"):
        raise click.UsageError(f"--json contradicts --output {chosen}; give one of them")
    entries = _saved(family or socket.AF_UNSPEC, interfaces)
    chosen = "json" if as_json else chosen
    if file == "-":
        if sys.stdout is not None:  # otherwise it is closed
            write_neighbors(sys.stdout.buffer, entries, chosen)
        return
    write_neighbors(file, entries, chosen)
    click.echo(f"{len(entries):,} {'entry' if len(entries) == 1 else 'entries'} saved to {printable(file)}")


def _saved(family: int, interfaces: list[str]) -> list[Neighbor]:
    """Returns the entries by interface and address, so that two saved files differ only where the tables do."""
    tables = [plannable_neighbors(family, interface=interface) for interface in interfaces or (None,)]
    entries = {entry.key: entry for table in tables for entry in table}
    return sorted(entries.values(), key=lambda entry: (entry.interface, entry.address.version, int(entry.address)))
