# SPDX-License-Identifier: MIT
"""Rows as a person wants to see them."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from netio import Neighbor, NeighborState, NetioError, UnreachableError
from netio.cli.picture import GROUP, Sign, legend, lines_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from ipaddress import IPv4Network, IPv6Network

    from netio.cli.vendor import Vendors

STYLES = {
    NeighborState.UNREACHABLE: "red",
    NeighborState.INCOMPLETE: "yellow",
    NeighborState.PROBE: "yellow",
    NeighborState.DELAY: "yellow",
    NeighborState.STALE: "dim",
    NeighborState.REACHABLE: "green",
    NeighborState.PERMANENT: "cyan",
}

# Wide enough for the longest row: nothing is cut or wrapped on its way to a file or a pipe.
_WIDTH_OFF_TERMINAL = 300


def console() -> Console:
    """Where answers go; with colour on a terminal only."""
    width = None if sys.stdout and sys.stdout.isatty() else _WIDTH_OFF_TERMINAL
    # Addresses are full of what rich takes for markup and emoji: ":ab:" is one.
    return Console(highlight=False, markup=False, emoji=False, width=width)


def draw_rows(answers: Iterable[tuple[object, Neighbor | NetioError]], vendors: Vendors | None = None) -> None:
    """Prints a table of rows, and of the addresses that have failed."""
    cells = [_cells(address, answer, vendors) for address, answer in answers]
    titles = ["ADDRESS", "PHYSICAL ADDRESS", "INTERFACE", "STATE", "VENDOR", "ROUTER"]
    table = Table(box=None, pad_edge=False, header_style="bold")
    # A column that nobody has anything in is not worth its width.
    used = [place for place in range(len(titles)) if place < 4 or any(row[place] for row in cells)]
    for place in used:
        table.add_column(titles[place], overflow="fold")
    for row in cells:
        table.add_row(*(row[place] for place in used))
    console().print(table)


def _cells(address: object, answer: Neighbor | NetioError, vendors: Vendors | None) -> list[str | Text]:
    if isinstance(answer, NetioError):
        silent = isinstance(answer, UnreachableError)
        state = NeighborState.UNREACHABLE.name if silent else "-"
        interface = answer.row.interface if answer.row is not None else ""
        return [str(address), "-", interface, Text(state, style=STYLES[NeighborState.UNREACHABLE]), "", ""]
    return [
        str(answer.address),
        str(answer.physical_address) or "-",
        answer.interface,
        Text(answer.state.name, style=STYLES.get(answer.state, "")),
        "" if vendors is None else vendors.name_of(answer),
        "router" if answer.is_router else "",
    ]


def draw_map(network: IPv4Network | IPv6Network, answers: Mapping[object, Neighbor | NetioError]) -> None:
    """Prints the picture of a prefix, and what its signs mean."""
    out = console()
    margin = max(len(str(network[0])), len(str(network[-1]))) + 1
    # 32 signs, and a gap behind each group.
    width = 32 if out.width >= margin + 32 + 32 // GROUP else 16
    lines = list(lines_of(network, answers, width))
    out.print()
    for address, signs in lines:
        text = Text(f"{address:>{margin - 1}}")
        for place, sign in enumerate(signs):
            text.append(" " * (place % GROUP == 0))
            text.append(sign.letter, style=_style_of(sign))
        out.print(text, no_wrap=True, crop=False)
    out.print()
    for sign, count in legend(lines):
        out.print(Text(sign.letter, style=_style_of(sign)) + Text(f" {sign.meaning}: {count:,}"))


def _style_of(sign: Sign) -> str:
    return STYLES.get(sign.state, "") if sign.state is not None else ""
