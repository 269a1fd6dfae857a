# SPDX-License-Identifier: MIT
"""The commands that show rows: list, get, resolve."""

from __future__ import annotations

import socket
import sys
from ipaddress import IPv4Address, IPv6Address

import click

from netio import Neighbor, NeighborState, NetioError, get_neighbor, list_neighbors, resolve_neighbors
from netio._native import lib
from netio.cli import FAILED, INTERRUPTED
from netio.cli.ip_syntax import interface_of, state_of, take_apart
from netio.cli.json_output import failure_object, print_array, row_object
from netio.cli.messages import complain
from netio.cli.options import (
    family_options,
    interface_option,
    json_option,
    source_option,
    timeout_option,
    vendor_option,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from netio.cli.vendor import Vendors

    Answer = tuple[object, Neighbor | NetioError]

# A LUID begins with the ifType of its interface.
_TYPE_SHIFT, _LOOPBACK = 48, 24

_SORT_KEYS: dict[str, Callable[[Neighbor], tuple[object, ...]]] = {
    "interface": lambda row: (row.interface,),
    "address": lambda row: (row.address.version, int(row.address)),
    "physical-address": lambda row: (row.physical_address,),
    "state": lambda row: (row.state.name,),
    "age": lambda row: (row.reachability_time,),
}


@click.command(
    "list",
    short_help="Show who is there: the rows of the neighbour table.",
    epilog="""
    \b
    Examples:
      netio list -i eth0 --state reachable
      netio list -6 --json | jq -r '.[].physical_address'
    """,
)
@click.argument("words", nargs=-1, metavar="")
@family_options
@interface_option("Rows of this interface only.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.name for state in NeighborState], case_sensitive=False),
    help="Rows in this state only; may be given more than once.",
)
@click.option("--all", "everything", is_flag=True, help="Also rows for no host: multicast, broadcast, loopback.")
@click.option(
    "--sort", type=click.Choice(list(_SORT_KEYS)), default="interface", show_default=True, help="Order of the rows."
)
@vendor_option
@json_option
def list_command(
    words: tuple[str, ...],
    family: int | None,
    interface: str | None,
    states: tuple[str, ...],
    sort: str,
    *,
    everything: bool,
    vendor: bool,
    as_json: bool,
) -> None:
    """Show the rows of the neighbour table."""
    plain, named = take_apart(words, ("dev", "nud"))
    if plain:
        raise click.UsageError(f"list takes no {plain[0]!r}; `netio get` shows the row of an address")
    if "nud" in named and named["nud"] != "all":
        states = *states, state_of(named["nud"]).name
    rows = [
        row
        for row in list_neighbors(family or socket.AF_UNSPEC, interface=interface_of(named, interface))
        if (everything or named.get("nud") == "all" or stands_for_host(row))
        and (not states or row.state.name in states)
    ]
    rows.sort(key=lambda row: (*_SORT_KEYS[sort](row), *address_order(row)))
    show([(row.address, row) for row in rows], load_vendors() if vendor else None, as_json=as_json)


@click.command(
    "get",
    short_help="Show the row of an address, without asking anybody.",
    epilog="""
    \b
    Examples:
      netio get 192.0.2.7
      netio get fe80::7%eth0 --json
    """,
)
@click.argument("words", nargs=-1, required=True, metavar="ADDRESS...")
@interface_option("The interface of the row. [default: where the routes lead]")
@vendor_option
@json_option
def get_command(words: tuple[str, ...], interface: str | None, *, vendor: bool, as_json: bool) -> None:
    """Show the rows of addresses as they stand. Nothing is sent, nobody is waited for: `netio resolve` does."""
    addresses, named = take_apart(words, ("dev", "to"))
    vendors = load_vendors() if vendor else None
    answers = list(_get(addresses, interface_of(named, interface)))
    _tell_failures(error for _, error in answers if isinstance(error, NetioError))
    shown = [answer for answer in answers if as_json or isinstance(answer[1], Neighbor)]
    if shown:
        show(shown, vendors, as_json=as_json)
    _end(answers)


def _get(addresses: Iterable[str], interface: str | None) -> Iterator[Answer]:
    for address in addresses:
        try:
            yield address, get_neighbor(address, interface=interface)
        except NetioError as error:
            yield address, error


@click.command(
    "resolve",
    short_help="Ask the link for the physical address of a host, and wait for the answer.",
    epilog="""
    \b
    Examples:
      netio resolve 192.0.2.2
      netio resolve 192.0.2.2 192.0.2.3 fe80::2%eth0 --timeout 1
    """,
)
@click.argument("words", nargs=-1, required=True, metavar="ADDRESS...")
@interface_option("The link to ask. [default: where the routes lead]")
@source_option
@timeout_option
@vendor_option
@json_option
def resolve_command(
    words: tuple[str, ...],
    interface: str | None,
    source: str | None,
    timeout: float | None,
    *,
    vendor: bool,
    as_json: bool,
) -> None:
    """Ask the link for addresses (ARP, Neighbor Discovery) and wait for the answers. Exit status 1: one is missing."""
    addresses, named = take_apart(words, ("dev", "to"))
    link = interface_of(named, interface)
    vendors = load_vendors() if vendor else None
    answers: list[Answer] = []
    interrupted = False
    try:
        answers.extend(resolve_neighbors(addresses, interface=link, source=source, timeout=timeout))
    except KeyboardInterrupt:
        interrupted = True
    answers.sort(key=_answer_order)
    # Silence is a row, and no more: whoever asks many has some of it.
    _tell_failures(
        error for _, error in answers if isinstance(error, NetioError) and error.code != lib.ERROR_BAD_NET_NAME
    )
    show(answers, vendors, as_json=as_json)
    if interrupted:
        complain(f"interrupted: {len(addresses) - len(answers):,} of {len(addresses):,} addresses have no answer yet")
        sys.exit(INTERRUPTED)
    _end(answers)


def _answer_order(answer: Answer) -> tuple[int, int, str]:
    """By address; text that is none comes last."""
    address = answer[0]
    if isinstance(address, (IPv4Address, IPv6Address)):
        return address.version, int(address), str(address)
    return 7, 0, str(address)


def _tell_failures(errors: Iterable[NetioError]) -> None:
    for error in errors:
        complain(error)


def _end(answers: Iterable[Answer]) -> None:
    if any(isinstance(answer, NetioError) for _, answer in answers):
        sys.exit(FAILED)


def show(answers: Iterable[Answer], vendors: Vendors | None, *, as_json: bool) -> None:
    """Prints rows, and failures among them, as a table or as a JSON array."""
    if as_json:
        print_array(
            row_object(answer, vendors) if isinstance(answer, Neighbor) else failure_object(address, answer)
            for address, answer in answers
        )
    else:
        from netio.cli.draw import draw_rows

        draw_rows(answers, vendors)


def load_vendors() -> Vendors:
    """Makers' names, read only where they are asked for."""
    from netio.cli.vendor import Vendors

    return Vendors()


def address_order(row: Neighbor) -> tuple[int, int, str]:
    """A key that sorts IPv4 before IPv6, by number, then by interface."""
    return row.address.version, int(row.address), row.interface


def stands_for_host(row: Neighbor) -> bool:
    """Whether a row is about some host, and not made by the system for multicast, broadcast or loopback.

    Linux keeps such rows in the state NOARP, which a Neighbor shows as PERMANENT: what they hold tells them apart.
    """
    address = row.address
    if address.is_multicast or address.is_loopback or address.is_unspecified:
        return False
    on_loopback = row.interface_luid >> _TYPE_SHIFT == _LOOPBACK
    return row.state is not NeighborState.PERMANENT or not (on_loopback or set(row.physical_address) == {0xFF})


COMMANDS = (list_command, get_command, resolve_command)
