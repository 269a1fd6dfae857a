# SPDX-License-Identifier: MIT
"""The commands that show entries: list, get, resolve."""

from __future__ import annotations

import socket
import sys
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

import click

from netio import Neighbor, NeighborState, NetioError, get_neighbor, list_neighbors, resolve_neighbors
from netio._native import lib
from netio.cli import FAILED, INTERRUPTED
from netio.cli.ip_syntax import interface_of, split_words, state_of
from netio.cli.json_output import entry_object, failure_object, print_array
from netio.cli.messages import print_error
from netio.cli.options import (
    family_options,
    interface_option,
    json_option,
    source_option,
    timeout_option,
    vendor_option,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from netio.cli.vendor import Vendors

    # An address as given or parsed, and its entry or error.
    Result = tuple[object, Neighbor | NetioError]

# The highest 16 bits of a LUID are the ifType of the interface.
_TYPE_SHIFT, _LOOPBACK = 48, 24

_SORT_KEYS: dict[str, Callable[[Neighbor], tuple[object, ...]]] = {
    "interface": lambda entry: (entry.interface,),
    "address": lambda entry: (entry.address.version, int(entry.address)),
    "physical-address": lambda entry: (entry.physical_address,),
    "state": lambda entry: (entry.state.name,),
    "age": lambda entry: (entry.reachability_time,),
}


@click.command(
    "list",
    short_help="List the entries of the neighbour table.",
    epilog="""
    \b
    Examples:
      netio list -i eth0 --state reachable
      netio list -6 --json | jq -r '.[].physical_address'
    """,
)
@click.argument("words", nargs=-1, metavar="")
@family_options
@interface_option("Entries of this interface only.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.name for state in NeighborState], case_sensitive=False),
    help="Entries in this state only; may be given more than once.",
)
@click.option("--all", "everything", is_flag=True, help="Include entries for multicast, broadcast and loopback.")
@click.option(
    "--sort", type=click.Choice(list(_SORT_KEYS)), default="interface", show_default=True, help="Order of the entries."
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
    """List the entries of the neighbour table."""
    positional, named = split_words(words, ("dev", "nud"))
    if positional:
        raise click.UsageError(f"unexpected argument {positional[0]!r}; `netio get` shows the entry of an address")
    if "nud" in named and named["nud"] != "all":
        states = *states, state_of(named["nud"]).name
    entries = [
        entry
        for entry in list_neighbors(family or socket.AF_UNSPEC, interface=interface_of(named, interface))
        if (everything or named.get("nud") == "all" or stands_for_host(entry))
        and (not states or entry.state.name in states)
    ]
    entries.sort(key=lambda entry: (*_SORT_KEYS[sort](entry), *address_order(entry)))
    show([(entry.address, entry) for entry in entries], load_vendors() if vendor else None, as_json=as_json)


@click.command(
    "get",
    short_help="Show the entries of addresses, without probing.",
    epilog="""
    \b
    Examples:
      netio get 192.0.2.7
      netio get fe80::7%eth0 --json
    """,
)
@click.argument("words", nargs=-1, required=True, metavar="ADDRESS...")
@interface_option("The interface of the entries. [default: determined by the routes]")
@vendor_option
@json_option
def get_command(words: tuple[str, ...], interface: str | None, *, vendor: bool, as_json: bool) -> None:
    """Show the entries of addresses. Sends no packets; `netio resolve` probes the link.

    The exit status is 1 if an address has no entry, or its entry has no physical address in use.
    """
    addresses, named = split_words(words, ("dev", "to"))
    vendors = load_vendors() if vendor else None
    results = list(_get(addresses, interface_of(named, interface)))
    _print_errors(error for _, error in results if isinstance(error, NetioError))
    shown = [result for result in results if as_json or isinstance(result[1], Neighbor)]
    if shown:
        show(shown, vendors, as_json=as_json)
    if not all(isinstance(result, Neighbor) and result.is_resolved for _, result in results):
        sys.exit(FAILED)


def _get(addresses: Iterable[str], interface: str | None) -> Iterator[Result]:
    for address in addresses:
        try:
            yield address, get_neighbor(address, interface=interface)
        except NetioError as error:
            yield address, error


@click.command(
    "resolve",
    short_help="Probe hosts for their physical addresses, and wait for the replies.",
    epilog="""
    \b
    Examples:
      netio resolve 192.0.2.2
      netio resolve 192.0.2.2 192.0.2.3 fe80::2%eth0 --timeout 1
    """,
)
@click.argument("words", nargs=-1, required=True, metavar="ADDRESS...")
@interface_option("The interface to probe on. [default: determined by the routes]")
@source_option
@timeout_option
@click.option("--keep", is_flag=True, help="Probe existing entries in place; otherwise dynamic ones are removed first.")
@vendor_option
@json_option
def resolve_command(
    words: tuple[str, ...],
    interface: str | None,
    source: str | None,
    timeout: float | None,
    *,
    keep: bool,
    vendor: bool,
    as_json: bool,
) -> None:
    """Probe addresses (ARP, Neighbor Discovery) and wait for the replies. The exit status is 1 if one is missing."""
    addresses, named = split_words(words, ("dev", "to"))
    chosen = interface_of(named, interface)
    vendors = load_vendors() if vendor else None
    results: list[Result] = []
    interrupted = False
    try:
        results.extend(resolve_neighbors(addresses, interface=chosen, source=source, timeout=timeout, keep=keep))
    except KeyboardInterrupt:
        interrupted = True
    results.sort(key=_result_order)
    # A silent host is a line of the table, without an error on stderr: it is to be expected among many addresses.
    _print_errors(
        error for _, error in results if isinstance(error, NetioError) and error.code != lib.ERROR_BAD_NET_NAME
    )
    show(results, vendors, as_json=as_json)
    if interrupted:
        print_error(f"interrupted: {len(addresses) - len(results):,} of {len(addresses):,} addresses have no reply yet")
        sys.exit(INTERRUPTED)
    _exit_if_failed(results)


def _result_order(result: Result) -> tuple[int, int, str]:
    """Sorts by address, and text that is not an address last."""
    address = result[0]
    if isinstance(address, (IPv4Address, IPv6Address)):
        return address.version, int(address), str(address)
    return 7, 0, str(address)


def _print_errors(errors: Iterable[NetioError]) -> None:
    for error in errors:
        print_error(error)


def _exit_if_failed(results: Iterable[Result]) -> None:
    if any(isinstance(result, NetioError) for _, result in results):
        sys.exit(FAILED)


def show(results: Iterable[Result], vendors: Vendors | None, *, as_json: bool) -> None:
    """Prints entries and failures as a table or as a JSON array."""
    if as_json:
        print_array(
            entry_object(result, vendors) if isinstance(result, Neighbor) else failure_object(address, result)
            for address, result in results
        )
    else:
        from netio.cli.draw import draw_entries

        draw_entries(results, vendors)


def load_vendors() -> Vendors:
    """Loads the vendor names. Only --vendor needs them."""
    from netio.cli.vendor import Vendors

    return Vendors()


def address_order(entry: Neighbor) -> tuple[int, int, str]:
    """Sorts IPv4 before IPv6, by number, then by interface."""
    return entry.address.version, int(entry.address), entry.interface


def stands_for_host(entry: Neighbor) -> bool:
    """Whether an entry is for a host. The system also keeps entries for multicast, broadcast and loopback addresses.

    On Linux those are in the state NOARP, which a Neighbor shows as PERMANENT, so their content has to identify them.
    """
    address = entry.address
    if address.is_multicast or address.is_loopback or address.is_unspecified:
        return False
    on_loopback = entry.interface_luid >> _TYPE_SHIFT == _LOOPBACK
    return entry.state is not NeighborState.PERMANENT or not (
        on_loopback or set(entry.physical_address.packed) == {0xFF}
    )


COMMANDS = (list_command, get_command, resolve_command)
