# SPDX-License-Identifier: MIT
"""The commands that show entries: list, get, resolve."""

from __future__ import annotations

import sys
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

import click

from netio import NeighborState, NetioError, get_neighbor, linux, resolve_neighbors
from netio._native import lib
from netio.cli import FAILED, INTERRUPTED
from netio.cli.columns import PROBED, entry_of
from netio.cli.ip_syntax import interface_of, split_words
from netio.cli.messages import print_error
from netio.cli.options import (
    family_options,
    interface_option,
    interfaces_option,
    source_option,
    states_option,
    timeout_option,
    vendor_option,
)
from netio.cli.output import output_options, show
from netio.cli.selection import selection_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from netio import Neighbor
    from netio.cli.columns import Found, Result
    from netio.cli.output import Output
    from netio.cli.vendor import Vendors


SORT_KEYS: dict[str, Callable[[Neighbor], tuple[object, ...]]] = {
    "interface": lambda entry: (entry.interface,),
    "address": lambda entry: (entry.address.version, int(entry.address)),
    "physical-address": lambda entry: (entry.physical_address,),
    "state": lambda entry: (entry.state.name,),
    "age": lambda entry: (True, 0) if entry.age is None else (False, entry.reachability_time),
}


@click.command(
    "list",
    short_help="List the entries of the neighbour table.",
    epilog="""
    \b
    Examples:
      netio list 192.0.2.0/24 -i eth0 --state reachable
      netio list -6 --json | jq -r ".[].physical_address"
    """,
)
@click.argument("words", nargs=-1, metavar="[WORD]...")
@family_options
@interfaces_option
@states_option
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Include entries that are not for hosts (multicast, broadcast, loopback, NOARP), and unreachable ones.",
)
@click.option(
    "--sort", type=click.Choice(list(SORT_KEYS)), default="interface", show_default=True, help="Order of the entries."
)
@vendor_option
@output_options
def list_command(
    words: tuple[str, ...],
    family: int | None,
    interfaces: list[str],
    states: tuple[str, ...],
    sort: str,
    *,
    everything: bool,
    vendor: bool,
    output: Output,
) -> None:
    """List the entries of the neighbour table.

    A WORD is an address, a prefix, a physical address, an interface or a state, and selects the entries that have it.
    Words of one kind add up; an entry must match every kind that is given.

    Unreachable entries without a physical address, which a scan leaves for every silent address, are only counted on
    stderr, unless their address, a state or --all is given.
    """
    selection = selection_of(words, family=family, interfaces=interfaces, states=states)
    detailed = _needs_details(output)
    selection.details = {} if detailed else None
    entries = selection.shown(everything=everything)
    entries.sort(key=lambda entry: (*SORT_KEYS[sort](entry), *address_order(entry)))
    shown = [entry for entry in entries if everything or selection.names(entry) or not is_silent(entry)]
    results: list[Result] = [(entry.address, selection.detailed(entry)) for entry in shown]
    show(results, _vendors(output, wanted=vendor), output, detailed=detailed)
    hidden = len(entries) - len(shown)
    if hidden:
        what = "unreachable entry is" if hidden == 1 else "unreachable entries are"
        click.echo(f"{hidden:,} {what} not shown; --all shows all entries", err=True)


def is_silent(entry: Neighbor) -> bool:
    """Whether a neighbour did not reply, and its physical address is unknown; Windows shows that as zeros."""
    return entry.state is NeighborState.UNREACHABLE and not any(entry.physical_address.packed)


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
@output_options
def get_command(words: tuple[str, ...], interface: str | None, *, vendor: bool, output: Output) -> None:
    """Show the entries of addresses. Sends no packets; `netio resolve` probes the link.

    The exit status is 1 if an address has no entry, or its entry has no physical address in use.
    """
    addresses, named = split_words(words, ("dev", "to"))
    vendors = _vendors(output, wanted=vendor)
    detailed = _needs_details(output)
    read = linux.get_neighbor if detailed else get_neighbor
    results = list(_get(addresses, interface_of(named, interface), read))
    _print_errors(error for _, error in results if isinstance(error, NetioError))
    shown = [result for result in results if output.is_json or not isinstance(result[1], NetioError)]
    if shown:
        show(shown, vendors, output, detailed=detailed)
    entries = [entry_of(found) for _, found in results]
    if not all(entry is not None and entry.is_resolved for entry in entries):
        sys.exit(FAILED)


def _get(addresses: Iterable[str], interface: str | None, read: Callable[..., Found]) -> Iterator[Result]:
    for address in addresses:
        try:
            yield address, read(address, interface=interface)
        except NetioError as error:
            yield address, error


def _needs_details(output: Output) -> bool:
    """Whether columns are shown that only Linux has: `-o wide` has them there."""
    return bool(output.chosen_details) or (
        output.format == "wide" and output.columns is None and lib.NETIO_HAS_DETAIL != 0
    )


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
@output_options
def resolve_command(
    words: tuple[str, ...],
    interface: str | None,
    source: str | None,
    timeout: float | None,
    *,
    keep: bool,
    vendor: bool,
    output: Output,
) -> None:
    """Probe addresses (ARP, Neighbor Discovery) and wait for the replies. The exit status is 1 if one is missing."""
    addresses, named = split_words(words, ("dev", "to"))
    if output.chosen_details:
        raise click.UsageError(f"column {output.chosen_details[0]!r} is only for `netio list` and `netio get`")
    chosen = interface_of(named, interface)
    vendors = _vendors(output, wanted=vendor)
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
    show(results, vendors, output, PROBED)
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


def load_vendors() -> Vendors:
    """Loads the vendor names. Only --vendor needs them."""
    from netio.cli.vendor import Vendors

    return Vendors()


def _vendors(output: Output, *, wanted: bool) -> Vendors | None:
    return load_vendors() if wanted or output.names_vendors else None


def address_order(entry: Neighbor) -> tuple[int, int, str]:
    """Sorts IPv4 before IPv6, by number, then by interface."""
    return entry.address.version, int(entry.address), entry.interface


COMMANDS = (list_command, get_command, resolve_command)
