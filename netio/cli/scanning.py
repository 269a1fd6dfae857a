# SPDX-License-Identifier: MIT
"""The command that sweeps a prefix: scan."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import suppress
from ipaddress import IPv6Network, ip_network
from time import monotonic

import click

from netio import InvalidParameterError, Neighbor, NetioError, UnreachableError, resolve_neighbors
from netio._requests import on_link_interface
from netio.cli import FAILED, INTERRUPTED
from netio.cli.ip_syntax import interface_name
from netio.cli.json_output import failure_object, print_line, row_object
from netio.cli.messages import complain, in_words_of_commands
from netio.cli.options import interface_option, source_option, timeout_option, vendor_option
from netio.cli.reading import load_vendors
from netio.errors import invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from ipaddress import IPv4Address, IPv4Network, IPv6Address

    from netio import Interface
    from netio.cli.vendor import Vendors

    Address = IPv4Address | IPv6Address
    Answers = dict[object, Neighbor | NetioError]

_MOST_ADDRESSES = 65_536


@click.command(
    "scan",
    short_help="Sweep a prefix: ask the link for every address of it.",
    epilog="""
    \b
    Examples:
      netio scan 192.0.2.0/24 --map
      netio scan 192.0.2.0/24 -i eth0 --json | jq -r .physical_address

    Each address that is asked for takes a place in the system's neighbour table for a while, also where nobody
    answers. Linux keeps about a thousand dynamic rows for the whole machine: a larger --in-flight is faster, and may
    push rows of others out. A place is free again when the system gives the address up, whatever the --timeout: a
    silent /16 takes 13 minutes.
    """,
)
@click.argument("prefix")
@interface_option("The link to ask. [default: where the routes lead]")
@source_option
@timeout_option
@click.option(
    "--in-flight",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    help="How many addresses are asked for at a time.",
)
@click.option("--map", "with_map", is_flag=True, help="Also a picture of the prefix: one sign an address.")
@click.option("--all", "everything", is_flag=True, help="Also the addresses that did not answer.")
@vendor_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as the answers come.")
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
    """Ask the link for every address of a prefix, 65,536 at most. Nothing is sent to any other link.

    One's own, network and broadcast addresses cannot be asked for. Ctrl-C ends it with what is known by then.
    """
    if as_json and with_map:
        raise click.UsageError("--json has no picture; leave it out, or --map")
    network, scope = _network(prefix)
    hosts: list[Address] = []
    hosts.extend(network.hosts())
    link = _link_of(network, hosts, _scope_or(interface, scope, network))
    vendors = load_vendors() if vendor else None
    tell = _json_printer(vendors, everything=everything) if as_json else None
    begun = monotonic()
    asking = resolve_neighbors(hosts, interface=link, source=source, timeout=timeout, max_in_flight=in_flight)
    answers, interrupted = _gather(asking, len(hosts), tell)
    if not as_json:
        _draw(network, answers, vendors, with_map=with_map, everything=everything)
        found = sum(isinstance(answer, Neighbor) for answer in answers.values())
        click.echo(f"{found:,} of {len(answers):,} addresses answered in {monotonic() - begun:.1f} s", err=True)
    problems = _tell_problems(answers, complete=not interrupted)
    if interrupted:
        complain(f"interrupted: {len(hosts) - len(answers):,} of {len(hosts):,} addresses have no answer yet")
        sys.exit(INTERRUPTED)
    if problems:
        sys.exit(FAILED)


def _network(prefix: str) -> tuple[IPv4Network | IPv6Network, str]:
    """Reads a prefix, and the scope of its address; one's own address with a length will do.

    Raises:
        InvalidParameterError: It is none, or one with too many addresses.
    """
    address, slash, length = prefix.partition("/")
    address, percent, scope = address.partition("%")  # ip_network() loses it where bits of a host are set
    try:
        network = ip_network(address + slash + length, strict=False)
    except ValueError:
        raise invalid(f"{prefix!r} is no prefix; write it like 192.0.2.0/24 or 2001:db8::/120") from None
    if percent and not (scope and network.version == 6 and network.is_link_local):
        raise invalid(f"{prefix!r} has a scope, which only link-local prefixes have, like fe80::%eth0/120")
    if network.num_addresses > _MOST_ADDRESSES:
        shortest = network.max_prefixlen - 16
        raise invalid(
            f"{network} has more than {_MOST_ADDRESSES:,} addresses; scan takes a /{shortest} or a longer prefix"
        )
    return network, scope


def _scope_or(interface: str | None, scope: str, network: IPv4Network | IPv6Network) -> str | None:
    """The interface that is named by the prefix, as in fe80::%eth0/120, or by --interface.

    Raises:
        click.UsageError: By both, and not the same.
        InvalidParameterError: By none, and every link has addresses of that prefix.
    """
    if not scope:
        if isinstance(network, IPv6Network) and network.is_link_local and not interface:
            raise invalid(f"{network} is on every link; name one with --interface")
        return interface
    name = interface_name(scope)
    if interface not in (None, name):
        raise click.UsageError(f"--interface {interface} contradicts the scope {scope}; name one of them")
    return name


def _link_of(network: IPv4Network | IPv6Network, hosts: list[Address], interface: str | None) -> Interface:
    """Finds the link that the prefix is on, with both of its ends; where it is on none it says so and ends."""
    try:
        first = _first_link(hosts, interface)
        _first_link(hosts[::-1], first.name)
    except NetioError as error:
        complain(error, f"{network} cannot be scanned")
        sys.exit(FAILED)
    return first


def _first_link(hosts: list[Address], interface: str | None) -> Interface:
    """Finds the link of the first address that tells; one's own addresses do not."""
    for address in hosts[:-1]:
        with suppress(InvalidParameterError):
            return on_link_interface(address, interface)
    return on_link_interface(hosts[-1], interface)


def _json_printer(vendors: Vendors | None, *, everything: bool) -> Callable[[object, Neighbor | NetioError], None]:
    def tell(address: object, answer: Neighbor | NetioError) -> None:
        if isinstance(answer, Neighbor):
            print_line(row_object(answer, vendors))
        elif everything:
            print_line(failure_object(address, answer))

    return tell


def _gather(
    asking: Iterator[tuple[object, Neighbor | NetioError]],
    total: int,
    tell: Callable[[object, Neighbor | NetioError], None] | None,
) -> tuple[Answers, bool]:
    """Takes the answers as they come; also whether a person has interrupted that."""
    from netio.cli.progress import progress

    answers: Answers = {}
    found = 0
    try:
        with progress(total, printing=tell is not None) as advance:
            for address, answer in asking:
                answers[address] = answer
                found += isinstance(answer, Neighbor)
                advance(len(answers), f"{found:,} found")
                if tell is not None:
                    tell(address, answer)
    except KeyboardInterrupt:
        return answers, True
    return answers, False


def _draw(
    network: IPv4Network | IPv6Network, answers: Answers, vendors: Vendors | None, *, with_map: bool, everything: bool
) -> None:
    from netio.cli.draw import draw_map, draw_rows

    shown = [(host, answers[host]) for host in network.hosts() if host in answers]
    draw_rows([answer for answer in shown if everything or isinstance(answer[1], Neighbor)], vendors)
    if with_map:
        draw_map(network, answers)


def _tell_problems(answers: Answers, *, complete: bool) -> bool:
    """Tells what is neither an answer nor silence, nor an address that nobody can ask for: each kind once."""
    expected: tuple[type, ...] = Neighbor, UnreachableError, InvalidParameterError
    if complete and all(isinstance(answer, InvalidParameterError) for answer in answers.values()):
        expected = ()  # it is not the addresses, then, but the source
    errors = [answer for answer in answers.values() if isinstance(answer, NetioError) and type(answer) not in expected]
    kinds = Counter(type(error) for error in errors)
    for kind, count in kinds.items():
        first = next(error for error in errors if type(error) is kind)
        complain(f"{count:,} of {len(answers):,} addresses were not asked for, such as {in_words_of_commands(first)}")
    return bool(errors)
