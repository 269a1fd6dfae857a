# SPDX-License-Identifier: MIT
"""The command that probes whole links: scan."""

from __future__ import annotations

import sys
from collections import Counter
from time import monotonic
from typing import TYPE_CHECKING

import click

from netio import InvalidParameterError, Neighbor, NetioError, UnreachableError, resolve_neighbors
from netio.cli import FAILED, INTERRUPTED
from netio.cli.json_output import entry_object, failure_object, print_line, remember_lines
from netio.cli.messages import message_of, print_error
from netio.cli.not_probed import NotProbed
from netio.cli.options import complete_interface, interface_option, source_option, timeout_option, vendor_option
from netio.cli.reading import load_vendors
from netio.cli.targets import targets_of
from netio.cli.time_left import TimeLeft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from netio import Interface
    from netio.cli.targets import Address, Target
    from netio.cli.vendor import Vendors

    Result = tuple[Interface, object, Neighbor | NetioError]

    Results = dict[tuple[Interface, object], Neighbor | NetioError]

    # The addresses of each interface, each once and in their order.
    Groups = dict[Interface, list[Address]]

# The words of the summary for addresses that are not probed.
_NOT_PROBED = {NotProbed.OWN: "own", NotProbed.BROADCAST: "broadcast", None: "others"}


@click.command(
    "scan",
    short_help="Probe every address of the own links, or of a prefix.",
    epilog="""
    \b
    Examples:
      netio scan
      netio scan eth0 --map
      netio scan 192.0.2.1-50 192.0.2.200 2001:db8::/120
      netio scan 192.0.2.0/24 -i eth0 --json | jq -r .physical_address

    Each probed address takes an entry of the system's neighbour table for a while, even if no host replies. Linux keeps
    about a thousand dynamic entries for the whole machine: a larger --in-flight is faster, and may evict entries of
    other programs. The entry is in use until the system gives the address up, whatever the --timeout: a scan of a
    silent /16 takes 13 minutes.
    """,
)
@click.argument("targets", nargs=-1, metavar="[TARGET]...", shell_complete=complete_interface)
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
@click.option("--map", "with_map", is_flag=True, help="Also print a map of each prefix or range, a screen at most.")
@click.option("--all", "everything", is_flag=True, help="Include the addresses that did not reply.")
@vendor_option
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    is_eager=True,
    callback=remember_lines,
    help="Print one JSON object per line, as the replies arrive.",
)
def scan(
    targets: tuple[str, ...],
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
    """Probe every address of the targets, 65,536 at most, on their own links only.

    A TARGET is a prefix, a range, an address, or an interface, which stands for its IPv4 prefixes. Without a target,
    the IPv4 prefixes of all interfaces are scanned, except loopback interfaces and prefixes larger than a /22.

    The machine's own addresses and broadcast addresses are not probed. Ctrl-C ends the scan and prints the results so
    far.
    """
    if as_json and with_map:
        raise click.UsageError("--json does not support --map")
    found_targets = targets_of(targets, interface)
    groups = _grouped(found_targets)
    vendors = load_vendors() if vendor else None
    print_result = _json_printer(vendors, everything=everything) if as_json else None
    started = monotonic()
    time_left = TimeLeft([len(addresses) for addresses in groups.values()], in_flight, timeout)
    arriving = _resolved(groups, time_left, source=source, timeout=timeout, in_flight=in_flight)
    total = sum(map(len, groups.values()))
    results, interrupted = _collect(arriving, total, time_left, print_result)
    if not as_json:
        _draw(found_targets, results, vendors, with_map=with_map, everything=everything)
        click.echo(_summary(results, monotonic() - started), err=True)
    failed = _print_problems(results, complete=not interrupted)
    if interrupted:
        print_error(f"interrupted: {total - len(results):,} of {total:,} addresses have no reply yet")
        sys.exit(INTERRUPTED)
    if failed:
        sys.exit(FAILED)


def _grouped(targets: Iterable[Target]) -> Groups:
    groups: dict[Interface, dict[Address, None]] = {}
    for target in targets:
        groups.setdefault(target.interface, {}).update(dict.fromkeys(target.addresses))
    return {interface: list(addresses) for interface, addresses in groups.items()}


def _resolved(
    groups: Groups, time_left: TimeLeft, *, source: str | None, timeout: float | None, in_flight: int
) -> Iterator[Result]:
    """Probes the addresses of one interface after another, and yields the results as they arrive."""
    for interface, addresses in groups.items():
        time_left.begin_part()
        for address, result in resolve_neighbors(
            _recorded(addresses, time_left),
            interface=interface,
            source=source,
            timeout=timeout,
            max_in_flight=in_flight,
        ):
            time_left.answered(address, monotonic(), replied=isinstance(result, Neighbor))
            yield interface, address, result


def _recorded(addresses: Iterable[Address], time_left: TimeLeft) -> Iterator[Address]:
    """Yields addresses; resolving takes each of them when it is probed."""
    for address in addresses:
        time_left.sent(address, monotonic())
        yield address


def _json_printer(vendors: Vendors | None, *, everything: bool) -> Callable[[object, Neighbor | NetioError], None]:
    def print_result(address: object, result: Neighbor | NetioError) -> None:
        if isinstance(result, Neighbor):
            print_line(entry_object(result, vendors))
        elif everything:
            print_line(failure_object(address, result))

    return print_result


def _collect(
    arriving: Iterable[Result],
    total: int,
    time_left: TimeLeft,
    print_result: Callable[[object, Neighbor | NetioError], None] | None,
) -> tuple[Results, bool]:
    """Collects the results as they arrive, and shows the progress. Returns them, and whether Ctrl-C ended it."""
    from netio.cli.progress import progress

    def text(short: bool) -> str:
        return time_left.text(monotonic(), short=short)

    results: Results = {}
    found = 0
    try:
        with progress(total, printing=print_result is not None, time_left=text) as update:
            for interface, address, result in arriving:
                results[interface, address] = result
                found += isinstance(result, Neighbor)
                update(len(results), f"{found:,} found")
                if print_result is not None:
                    print_result(address, result)
    except KeyboardInterrupt:
        return results, True
    return results, False


def _draw(
    targets: Sequence[Target], results: Results, vendors: Vendors | None, *, with_map: bool, everything: bool
) -> None:
    from netio.cli.draw import draw_entries, draw_maps

    keys = dict.fromkeys((target.interface, address) for target in targets for address in target.addresses)
    shown = [(address, results[interface, address]) for interface, address in keys if (interface, address) in results]
    draw_entries([result for result in shown if everything or isinstance(result[1], Neighbor)], vendors)
    if with_map:
        draw_maps(
            (
                f"{target.text} on {target.interface.name}",
                target.addresses,
                [results.get((target.interface, address)) for address in target.addresses],
            )
            for target in targets
        )


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
