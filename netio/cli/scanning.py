# SPDX-License-Identifier: MIT
"""The command that probes whole links: scan."""

from __future__ import annotations

import sys
from collections import Counter
from time import monotonic
from typing import TYPE_CHECKING

import click

from netio import (
    AccessDeniedError,
    InvalidParameterError,
    Neighbor,
    NeighborState,
    NetioError,
    NotSupportedError,
    UnreachableError,
    resolve_neighbors,
    sweep_neighbors,
)
from netio._failures import no_reply
from netio.cli import FAILED, INTERRUPTED
from netio.cli.json_output import entry_object, failure_object, print_line, remember_lines
from netio.cli.messages import message_of, print_error
from netio.cli.not_probed import NotProbed
from netio.cli.options import (
    complete_interface,
    interface_option,
    rate_option,
    retries_option,
    source_option,
    vendor_option,
)
from netio.cli.reading import load_vendors
from netio.cli.targets import targets_of
from netio.cli.time_left import SweepTimeLeft, TimeLeft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from netio import Interface, SweepReply
    from netio.cli.targets import Address, Target
    from netio.cli.vendor import Vendors

    Result = tuple[Interface, object, Neighbor | NetioError]

    # The results of an address, more than one if several hosts have it.
    Results = dict[tuple[Interface, object], list[Neighbor | NetioError]]

    # Starts to probe; the function that it gets is called when progress is made.
    Start = Callable[[Callable[[], None]], Iterator[Result]]

    # The addresses of each interface, each once and in their order.
    Groups = dict[Interface, list[Address]]

# The seconds in which a host must reply to a sweep.
_SWEEP_TIMEOUT = 1.0

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

    With CAP_NET_RAW (root) on Linux, scan sends its own probes: the system's table stays as it is, and an address that
    two hosts use is reported with both. A silent /16 takes 90 seconds at the default --rate, which is 1 % of a link of
    100 Mbit/s; use less on Wi-Fi.

    Otherwise, or with --resolve, the system probes. Each address takes an entry of its table for a while, even if no
    host replies. Linux keeps about a thousand dynamic entries for the whole machine: a larger --in-flight is faster,
    and may evict entries of other programs. The entry is in use until the system gives the address up, whatever the
    --timeout: a silent /16 takes 13 minutes.
    """,
)
@click.argument("targets", nargs=-1, metavar="[TARGET]...", shell_complete=complete_interface)
@interface_option("The interface to probe on. [default: determined by the routes]")
@source_option
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    help="Wait for the replies of each address at most this long. [default: 1; with --resolve until the system gives "
    "up, about 3 seconds]",
)
@rate_option
@retries_option
@click.option("--resolve", "resolving", is_flag=True, help="Let the system probe, with entries of its table.")
@click.option(
    "--in-flight",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    help="How many addresses the system probes at a time.",
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
    rate: int,
    retries: int,
    in_flight: int,
    *,
    resolving: bool,
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
    total = sum(map(len, groups.values()))
    start: Start
    if resolving or not _may_sweep(groups):
        slots_left = TimeLeft([*map(len, groups.values())], in_flight, timeout)
        time_left: TimeLeft | SweepTimeLeft = slots_left
        start = _resolver(groups, slots_left, source=source, timeout=timeout, in_flight=in_flight)
    else:
        wait = max(_SWEEP_TIMEOUT if timeout is None else timeout, 0.001)
        time_left = rate_left = SweepTimeLeft(total, rate, retries, wait)
        start = _sweeper(groups, rate_left, source=source, timeout=wait, rate=rate, retries=retries)
    results, interrupted = _collect(start, total, time_left, print_result)
    if not as_json:
        _draw(found_targets, results, vendors, with_map=with_map, everything=everything)
        click.echo(_summary(results, monotonic() - started), err=True)
    _print_duplicates(results)
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


def _may_sweep(interfaces: Iterable[Interface]) -> bool:
    """Returns whether netio can send probes of its own on all these interfaces; prints the reason if not."""
    reason = next((f"{one.name} is not Ethernet" for one in interfaces if len(one.physical_address.packed) != 6), "")
    try:
        sweep_neighbors(())
    except (AccessDeniedError, NotSupportedError) as error:
        reason = error.reason.partition(";")[0]
    if reason:
        print_error(f"{reason}; so the system probes, and its table gets entries (--resolve omits this line)")
    return not reason


def _resolver(
    groups: Groups, time_left: TimeLeft, *, source: str | None, timeout: float | None, in_flight: int
) -> Start:
    """Returns a function that resolves the addresses of one interface after another."""

    def start(progressed: Callable[[], None]) -> Iterator[Result]:
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
                progressed()

    return start


def _sweeper(
    groups: Groups, time_left: SweepTimeLeft, *, source: str | None, timeout: float, rate: int, retries: int
) -> Start:
    """Returns a function that sweeps the addresses of one interface after another."""

    def start(progressed: Callable[[], None]) -> Iterator[Result]:
        def taken(addresses: Iterable[Address]) -> Iterator[Address]:
            for address in addresses:
                time_left.sent(monotonic())
                progressed()
                yield address

        for interface, addresses in groups.items():
            errors: list[NetioError] = []
            replies = sweep_neighbors(
                taken(addresses),
                interface=interface,
                source=source,
                timeout=timeout,
                rate=rate,
                retries=retries,
                on_error=errors.append,
            )
            yield from _results_of(replies, errors, interface, addresses)

    return start


def _results_of(
    replies: Iterable[SweepReply], errors: Sequence[NetioError], interface: Interface, addresses: Iterable[Address]
) -> Iterator[Result]:
    """Yields the replies as they arrive, then the errors, then an error for each address without either."""
    silent = {address.packed: address for address in addresses}  # the bytes: a reply has the scope of the interface
    failure: NetioError | None = None
    answered: dict[bytes, Address] = {}
    try:
        for reply in replies:
            packed = reply.address.packed
            address = answered[packed] if packed in answered else silent.pop(packed)
            answered[packed] = address
            entry = Neighbor(
                address, reply.physical_address, interface=interface, state=NeighborState.REACHABLE, reachability_time=0
            )
            yield interface, address, entry
    except NetioError as error:  # the interface went down
        failure = error
    for refusal in errors:
        if refusal.row is not None:
            yield interface, silent.pop(refusal.row.address.packed), refusal
    for address in silent.values():
        yield interface, address, failure or no_reply(Neighbor(address, interface=interface))


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
    start: Start,
    total: int,
    time_left: TimeLeft | SweepTimeLeft,
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

            def progressed() -> None:
                update(time_left.done, f"{found:,} found")

            for interface, address, result in start(progressed):
                of_address = results.setdefault((interface, address), [])
                found += isinstance(result, Neighbor) and not of_address
                of_address.append(result)
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
    shown = [(key[1], result) for key in keys for result in results.get(key, ())]
    draw_entries([result for result in shown if everything or isinstance(result[1], Neighbor)], vendors)
    if with_map:
        draw_maps(
            (
                f"{target.text} on {target.interface.name}",
                target.addresses,
                [results.get((target.interface, address), [None])[0] for address in target.addresses],
            )
            for target in targets
        )


def _summary(results: Results, seconds: float) -> str:
    """Returns how many addresses replied, of those that can be probed."""
    firsts = [of_address[0] for of_address in results.values()]
    found = sum(isinstance(result, Neighbor) for result in firsts)
    kinds = Counter(NotProbed.of(result) for result in firsts if isinstance(result, InvalidParameterError))
    text = f"{found:,} of {len(results) - kinds.total():,} addresses replied in {seconds:.1f} s"
    parts = [f"{kinds[kind]:,} {word}" for kind, word in _NOT_PROBED.items() if kinds[kind]]
    return f"{text}; not probed: {', '.join(parts)}" if parts else text


def _print_duplicates(results: Results) -> None:
    """Prints a line for each address that several hosts have."""
    for (interface, address), of_address in results.items():
        physical = [str(result.physical_address) for result in of_address if isinstance(result, Neighbor)]
        if len(physical) > 1:
            print_error(f"{len(physical)} hosts have it: {', '.join(physical)}", f"{address} on {interface.name}")


def _print_problems(results: Results, *, complete: bool) -> bool:
    """Prints unexpected errors, one line for each class; returns whether there are any.

    Expected are silent hosts, and addresses that cannot be probed.
    """
    expected: tuple[type, ...] = Neighbor, UnreachableError, InvalidParameterError
    firsts = [of_address[0] for of_address in results.values()]
    if complete and all(isinstance(result, InvalidParameterError) for result in firsts):
        expected = ()  # the cause is the source address, not the addresses of the prefix
    errors = [result for result in firsts if isinstance(result, NetioError) and type(result) not in expected]
    for kind, count in Counter(map(type, errors)).items():
        first = next((error for error in errors if type(error) is kind and NotProbed.of(error) is None), None)
        if first is not None:
            text = f"{count:,} of {len(results):,} addresses were not probed, the first because: {message_of(first)}"
            print_error(text)
    return any(NotProbed.of(error) is None for error in errors)
