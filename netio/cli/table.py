# SPDX-License-Identifier: MIT
"""The command that shows the kernel's tables themselves: table. Only Linux has them."""

from __future__ import annotations

import socket
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from netio import NotSupportedError, linux
from netio.cli.json_output import print_array
from netio.cli.messages import printable
from netio.cli.options import family_options, json_option, many_interfaces_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import TypeVar

    Value = TypeVar("Value")
    Numbers = Mapping[str, int | None]

_NAMES = {int(socket.AF_INET): "IPv4", int(socket.AF_INET6): "IPv6"}

_GAP = "  "


@click.command(
    "table",
    short_help="Show the limits and statistics of the neighbour table (Linux).",
    epilog="""
    \b
    Examples:
      netio table
      netio table -4 -i eth0
      netio table --json | jq ".[].statistics.table_fulls"
    """,
)
@family_options
@many_interfaces_option("Show the parameters of this interface")
@json_option
def table_command(family: int | None, interfaces: list[str], *, as_json: bool) -> None:
    """Show the limits and statistics of the kernel's tables or, with -i, the parameters of interfaces. Linux only.

    Limits and statistics are those of all network namespaces together. A table that is too small shows in table_fulls,
    forced_gc_runs and res_failed: look whether they grow. Names in _ms are milliseconds.
    """
    tables = _of_each(_NAMES if family is None else (family,), linux.table_parameters)
    statistics = _of_each(tables, linux.table_statistics)
    chosen = {name: _parameters(tables, name) for name in dict.fromkeys(interfaces)}
    if as_json:
        shown = {number: [found[number] for found in chosen.values() if number in found] for number in tables}
        print_array(
            _table_object(table, statistics[number], shown[number] if chosen else table.interfaces)
            for number, table in tables.items()
        )
    elif chosen:
        sections = [(name, {number: _numbers(one) for number, one in found.items()}) for name, found in chosen.items()]
        _print(sections, [*tables])
    else:
        limits = {number: _limits(table) for number, table in tables.items()}
        counters = {number: asdict(found) for number, found in statistics.items()}
        _print([("LIMITS", limits), ("STATISTICS", counters)], [*tables])


def _of_each(families: Iterable[int], read: Callable[[int], Value]) -> dict[int, Value]:
    """Reads a value of each family, and omits one that lacks a stack, unless all do."""
    values: dict[int, Value] = {}
    refused: NotSupportedError | None = None
    for family in families:
        try:
            values[family] = read(family)
        except NotSupportedError as error:
            refused = error
    if refused is not None and not values:
        raise refused
    return values


def _parameters(families: Iterable[int], interface: str) -> dict[int, linux.InterfaceParameters]:
    return _of_each(families, lambda family: linux.table_parameters(family, interface=interface).interfaces[0])


def _table_object(
    table: linux.TableParameters, statistics: linux.TableStatistics, interfaces: Iterable[linux.InterfaceParameters]
) -> dict[str, object]:
    return {
        "family": _NAMES[table.family],
        "limits": _limits(table),
        "statistics": asdict(statistics),
        "defaults": _numbers(table.defaults),
        "interfaces": [asdict(one) for one in interfaces],
    }


def _limits(table: linux.TableParameters) -> Numbers:
    return {name: getattr(table, name) for name in ("gc_thresh1", "gc_thresh2", "gc_thresh3", "gc_interval_ms")}


def _numbers(parameters: linux.InterfaceParameters) -> Numbers:
    return {name: number for name, number in asdict(parameters).items() if name not in ("interface", "interface_index")}


def _print(sections: Iterable[tuple[str, Mapping[int, Numbers]]], families: Sequence[int]) -> None:
    """Prints sections of lines with a number of each family, under a heading. A number that is not known is -."""
    lines: list[list[str]] = []
    for title, columns in sections:
        lines += [[], [printable(title), *(_NAMES[family] for family in families)]]
        for name in next(iter(columns.values())):
            numbers = (columns.get(family, {}).get(name) for family in families)
            lines.append([name, *("-" if number is None else str(number) for number in numbers)])
    widths = [max(len(line[place]) for line in lines if line) for place in range(len(families) + 1)]
    for line in lines[1:]:
        right = (f"{text:>{width}}" for text, width in zip(line[1:], widths[1:], strict=False))
        click.echo(_GAP.join((f"{line[0]:{widths[0]}}", *right)) if line else "")


COMMANDS = (table_command,)
