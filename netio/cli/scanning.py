# SPDX-License-Identifier: MIT
"""The command that probes a prefix: scan."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import suppress
from ipaddress import IPv6Network, ip_network
from time import monotonic
from typing import TYPE_CHECKING

import click

from netio import InvalidParameterError, Neighbor, NetioError, UnreachableError, resolve_neighbors
from netio._requests import on_link_interface
from netio.cli import FAILED, INTERRUPTED
from netio.cli.ip_syntax import interface_name
from netio.cli.json_output import entry_object, failure_object, print_line
from netio.cli.messages import message_of, print_error
from netio.cli.not_probed import NotProbed, OwnAddresses
from netio.cli.options import interface_option, source_option, timeout_option, vendor_option
from netio.cli.reading import load_vendors
from netio.cli.time_left import TimeLeft
from netio.errors import Hint, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from ipaddress import IPv4Address, IPv4Network, IPv6Address

    from netio import Interface
    from netio.cli.vendor import Vendors

    Address = IPv4Address | IPv6Address
    Results = dict[object, Neighbor | NetioError]

_MAX_ADDRESSES = 65_536

# The words of the summary for addresses that are not probed.
_NOT_PROBED = {NotProbed.OWN: "own", NotProbed.BROADCAST: "broadcast", None: "others"}


@click.command(
    "scan",
    short_help="Probe every address of a prefix.",
    epilog="""
    \b
    Examples:
      netio scan 192.0.2.0/24 --map
      netio scan 192.0.2.0/24 -i eth0 --json | jq -r .physical_address

    Each probed address takes an entry of the system's neighbour table for a while, even if no host replies. Linux keeps
    about a thousand dynamic entries for the whole machine: a larger --in-flight is faster, and may evict entries of
    other programs. The entry is in use until the system gives the address up, whatever the --timeout: a scan of a
    silent /16 takes 13 minutes.
    """,
)
@click.argument("prefix")
@interface_option("The interface to probe on. [default: determined by the routes]")
@source_option
@timeout_option
@click.option(
    "--in-flight",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    help="How many addresses are probed at a time.",
)
@click.option("--map", "with_map", is_flag=True, help="Also print a map of the prefix, a screen at most.")
@click.option("--all", "everything", is_flag=True, help="Include the addresses that did not reply.")
@vendor_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line, as the replies arrive.")
def scan(
    prefix: str,
    interface: str | None,
    source: str | None,
    timeout: float | None,
    in_flight: int,
    *,
    with_map: bool,
    everything: bool,
    vendor: bool,
    as_json: bool,
) -> None:
    """Probe every address of a prefix, 65,536 at most, on its own link only.

    The machine's own addresses and broadcast addresses are not probed. Ctrl-C ends the scan and prints the results so
    far.
    """
    if as_json and with_map:
        raise click.UsageError("--json does not support --map")
    network, scope = _network(prefix)
    # All of them: which address is a broadcast address, the prefix of the interface decides, not the scanned one.
    addresses: list[Address] = [*network]
    found_interface = _interface_for(network, addresses, _scope_or(interface, scope, network))
    vendors = load_vendors() if vendor else None
    print_result = _json_printer(vendors, everything=everything) if as_json else None
    started = monotonic()
    time_left = TimeLeft([len(addresses)], in_flight, timeout)
    time_left.begin_part()
    results_in_order = resolve_neighbors(
        _recorded(addresses, time_left),
        interface=found_interface,
        source=source,
        timeout=timeout,
        max_in_flight=in_flight,
    )
    results, interrupted = _collect(results_in_order, len(addresses), time_left, print_result)
    if not as_json:
        _draw(network, results, vendors, with_map=with_map, everything=everything)
        click.echo(_summary(results, monotonic() - started), err=True)
    failed = _print_problems(results, complete=not interrupted)
    if interrupted:
        missing = len(addresses) - len(results)
        print_error(f"interrupted: {missing:,} of {len(addresses):,} addresses have no reply yet")
        sys.exit(INTERRUPTED)
    if failed:
        sys.exit(FAILED)


def _network(prefix: str) -> tuple[IPv4Network | IPv6Network, str]:
    """Parses a prefix, and the scope of its address. Host bits may be set, as in 192.0.2.1/24.

    Raises:
        InvalidParameterError: The prefix is invalid, or has too many addresses.
    """
    address, slash, length = prefix.partition("/")
    address, percent, scope = address.partition("%")  # ip_network() drops it if host bits are set
    try:
        network = ip_network(address + slash + length, strict=False)
    except ValueError:
        raise invalid(f"invalid prefix {prefix!r}; write it like 192.0.2.0/24 or 2001:db8::/120") from None
    if percent and not (scope and network.version == 6 and network.is_link_local):
        raise invalid(f"{prefix!r} has a scope, which only link-local prefixes have, like fe80::%eth0/120")
    if network.num_addresses > _MAX_ADDRESSES:
        shortest = network.max_prefixlen - 16
        raise invalid(
            f"{network} has more than {_MAX_ADDRESSES:,} addresses; scan accepts a /{shortest} or a longer prefix"
        )
    return network, scope


def _scope_or(interface: str | None, scope: str, network: IPv4Network | IPv6Network) -> str | None:
    """Returns the interface that is given by the prefix, as in fe80::%eth0/120, or by --interface.

    Raises:
        click.UsageError: They name different interfaces.
        InvalidParameterError: Neither names one, and the prefix exists on every link.
    """
    if not scope:
        if isinstance(network, IPv6Network) and network.is_link_local and not interface:
            raise invalid(f"{network} exists on every link", hint=Hint.NAME_INTERFACE)
        return interface
    name = interface_name(scope)
    if interface not in (None, name):
        raise click.UsageError(f"--interface {interface} contradicts the scope {scope}; give one of them")
    return name


def _interface_for(network: IPv4Network | IPv6Network, addresses: list[Address], interface: str | None) -> Interface:
    """Finds the interface on whose link both ends of the prefix are. Ends the process with an error otherwise."""
    try:
        found = _first_interface(addresses, interface)
        _first_interface(addresses[::-1], found.name)
    except NetioError as error:
        OwnAddresses().explain(error)
        print_error(error, f"{network} cannot be scanned")
        sys.exit(FAILED)
    return found


def _first_interface(addresses: list[Address], interface: str | None) -> Interface:
    """Finds the interface of the first address that determines one; the machine's own addresses do not."""
    for address in addresses[:-1]:
        with suppress(InvalidParameterError):
            return on_link_interface(address, interface)
    return on_link_interface(addresses[-1], interface)


def _json_printer(vendors: Vendors | None, *, everything: bool) -> Callable[[object, Neighbor | NetioError], None]:
    def print_result(address: object, result: Neighbor | NetioError) -> None:
        if isinstance(result, Neighbor):
            print_line(entry_object(result, vendors))
        elif everything:
            print_line(failure_object(address, result))

    return print_result


def _recorded(addresses: Iterable[Address], time_left: TimeLeft) -> Iterator[Address]:
    """Yields addresses; resolving takes each of them when it is probed."""
    for address in addresses:
        time_left.sent(address, monotonic())
        yield address


def _collect(
    results_in_order: Iterator[tuple[object, Neighbor | NetioError]],
    total: int,
    time_left: TimeLeft,
    print_result: Callable[[object, Neighbor | NetioError], None] | None,
) -> tuple[Results, bool]:
    """Collects the results as they arrive, and shows the progress. Returns them, and whether Ctrl-C ended it."""
    from netio.cli.progress import progress

    def text(short: bool) -> str:
        return time_left.text(monotonic(), short=short)

    own = OwnAddresses()
    results: Results = {}
    found = 0
    try:
        with progress(total, printing=print_result is not None, time_left=text) as update:
            for address, result in results_in_order:
                time_left.answered(address, monotonic(), replied=isinstance(result, Neighbor))
                own.explain(result)
                results[address] = result
                found += isinstance(result, Neighbor)
                update(len(results), f"{found:,} found")
                if print_result is not None:
                    print_result(address, result)
    except KeyboardInterrupt:
        return results, True
    return results, False


def _draw(
    network: IPv4Network | IPv6Network, results: Results, vendors: Vendors | None, *, with_map: bool, everything: bool
) -> None:
    from netio.cli.draw import draw_entries, draw_maps

    shown = [(address, results[address]) for address in network if address in results]
    draw_entries([result for result in shown if everything or isinstance(result[1], Neighbor)], vendors)
    if with_map:
        draw_maps([(str(network), list(network), [results.get(address) for address in network])])


def _summary(results: Results, seconds: float) -> str:
    """Returns how many addresses replied, of those that can be probed."""
    found = sum(isinstance(result, Neighbor) for result in results.values())
    kinds = Counter(NotProbed.of(result) for result in results.values() if isinstance(result, InvalidParameterError))
    text = f"{found:,} of {len(results) - kinds.total():,} addresses replied in {seconds:.1f} s"
    parts = [f"{kinds[kind]:,} {word}" for kind, word in _NOT_PROBED.items() if kinds[kind]]
    return f"{text}; not probed: {', '.join(parts)}" if parts else text


def _print_problems(results: Results, *, complete: bool) -> bool:
    """Prints unexpected errors, one line for each class; returns whether there are any.

    Expected are silent hosts, and addresses that cannot be probed.
    """
    expected: tuple[type, ...] = Neighbor, UnreachableError, InvalidParameterError
    if complete and all(isinstance(result, InvalidParameterError) for result in results.values()):
        expected = ()  # the cause is the source address, not the addresses of the prefix
    errors = [result for result in results.values() if isinstance(result, NetioError) and type(result) not in expected]
    for kind, count in Counter(map(type, errors)).items():
        first = next((error for error in errors if type(error) is kind and NotProbed.of(error) is None), None)
        if first is not None:
            text = f"{count:,} of {len(results):,} addresses were not probed, the first because: {message_of(first)}"
            print_error(text)
    return any(NotProbed.of(error) is None for error in errors)
