# SPDX-License-Identifier: MIT
"""The commands and their options."""

import json
import socket
import sys
from dataclasses import asdict
from io import TextIOWrapper

import click

from netio import Neighbor, NeighborState, NetioError, list_neighbors


def run() -> None:
    """Runs the command of sys.argv. A NetioError becomes one line on stderr and exit status 1."""
    if isinstance(sys.stdout, TextIOWrapper):
        # An interface name that the terminal cannot show must not end the listing.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        commands()
    except NetioError as error:
        sys.exit(f"netio: {error.strerror}")


@click.group(name="netio", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="netioapi")
def commands() -> None:
    """The operating system's neighbour table: which physical address stands behind an IP address."""


@commands.command("list")
@click.option("-4", "family", flag_value=int(socket.AF_INET), type=int, help="IPv4 (ARP) rows only.")
@click.option("-6", "family", flag_value=int(socket.AF_INET6), type=int, help="IPv6 (Neighbor Discovery) rows only.")
@click.option("-i", "--interface", metavar="IF", help="Rows of this interface only.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.name for state in NeighborState], case_sensitive=False),
    help="Rows in this state only; may be given more than once.",
)
@click.option("--all", "everything", is_flag=True, help="Also rows for no host: multicast, broadcast, loopback.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array of objects.")
def list_command(
    family: int | None, interface: str | None, states: tuple[str, ...], *, everything: bool, as_json: bool
) -> None:
    """Show the rows of the neighbour table."""
    rows = [
        row
        for row in list_neighbors(family or socket.AF_UNSPEC, interface=interface)
        if (everything or stands_for_host(row)) and (not states or row.state.name in states)
    ]
    if as_json:
        click.echo(json.dumps([as_object(row) for row in rows], indent=2))
    else:
        from netio.cli.draw import draw_rows

        draw_rows(rows)


def stands_for_host(row: Neighbor) -> bool:
    """Whether a row is about some host, and not made by the system for multicast, broadcast or loopback.

    Linux keeps such rows in the state NOARP, which a Neighbor shows as PERMANENT: their addresses tell them apart.
    """
    address = row.address
    if address.is_multicast or address.is_loopback or address.is_unspecified:
        return False
    return row.state is not NeighborState.PERMANENT or set(row.physical_address) not in ({0x00}, {0xFF})


def as_object(row: Neighbor) -> dict[str, object]:
    """A row as JSON: the fields of Neighbor, addresses as text, the state by its name."""
    return asdict(row) | {
        "address": str(row.address),
        "physical_address": str(row.physical_address),
        "state": row.state.name,
    }
