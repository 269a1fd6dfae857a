# SPDX-License-Identifier: MIT
"""Prints entries as a table, and the map of a prefix."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from netio import Neighbor, NeighborState, NetioError, UnreachableError
from netio.cli.address_map import GROUP, Symbol, legend, lines_of
from netio.cli.messages import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
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

_TITLES = ("ADDRESS", "PHYSICAL ADDRESS", "INTERFACE", "STATE", "VENDOR", "ROUTER")
_STATE = _TITLES.index("STATE")
_REQUIRED = _TITLES[: _STATE + 1]

# The cells of a line, and the style of its state.
_Line = tuple[tuple[str, ...], str]

# Wide enough that rich neither cuts nor wraps lines for a file or a pipe.
_WIDTH_OFF_TERMINAL = 300


def console() -> Console:
    """Returns the console for stdout. It uses colours only on a terminal."""
    width = None if sys.stdout and sys.stdout.isatty() else _WIDTH_OFF_TERMINAL
    # Addresses contain rich's notation for markup and emoji: ":ab:" is an emoji.
    return Console(highlight=False, markup=False, emoji=False, width=width)


def draw_entries(results: Iterable[tuple[object, Neighbor | NetioError]], vendors: Vendors | None = None) -> None:
    """Prints a table of entries and of addresses that failed."""
    lines = [_line(address, result, vendors) for address, result in results]
    columns = list(zip(_TITLES, *(cells for cells, _ in lines), strict=True))
    # Optional columns without any content are omitted.
    used = [place for place, (title, *cells) in enumerate(columns) if title in _REQUIRED or any(cells)]
    widths = {place: max(map(_width, columns[place])) for place in used}
    out = console()
    if out.is_terminal and (sum(widths.values()) + 2 * (len(used) - 1) > out.width or out.legacy_windows):
        out.print(_folded(lines, used))
    else:
        out.file.writelines(f"{line}\n" for line in _padded(lines, widths, _painter(out)))
        out.file.flush()


def _line(address: object, result: Neighbor | NetioError, vendors: Vendors | None) -> _Line:
    if isinstance(result, NetioError):
        state = NeighborState.UNREACHABLE.name if isinstance(result, UnreachableError) else "-"
        interface = result.row.interface if result.row is not None else ""
        cells = printable(str(address)), "-", printable(interface), state, "", ""
        return cells, STYLES[NeighborState.UNREACHABLE]
    cells = (
        printable(str(result.address)),
        str(result.physical_address) or "-",
        printable(result.interface),
        result.state.name,
        "" if vendors is None else printable(vendors.name_of(result)),
        "router" if result.is_router else "",
    )
    return cells, STYLES.get(result.state, "")


def _width(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def _painter(out: Console) -> Callable[[str, str], str]:
    """Returns a function that adds colours to a text. It caches each result, since rich is slow for 100,000 texts."""

    @cache
    def paint(text: str, style: str) -> str:
        with out.capture() as captured:
            out.print(Text(text, style), end="")
        return captured.get()

    return paint


def _padded(lines: list[_Line], widths: dict[int, int], paint: Callable[[str, str], str]) -> Iterator[str]:
    titles = "  ".join(f"{_TITLES[place]:{width}}" for place, width in widths.items())
    yield paint(titles.rstrip(), "bold")
    for cells, style in lines:
        gaps = {place: " " * (width - _width(cells[place])) for place, width in widths.items()}
        texts = (paint(cells[place], style) if place == _STATE else cells[place] for place in widths)
        yield "  ".join(text + gap for text, gap in zip(texts, gaps.values(), strict=True)).rstrip()


def _folded(lines: list[_Line], used: list[int]) -> Table:
    """Builds the table for a terminal that is too narrow for its lines: rich folds the cells."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place in used:
        table.add_column(_TITLES[place], overflow="fold")
    for cells, style in lines:
        table.add_row(*(Text(cells[place], style if place == _STATE else "") for place in used))
    return table


def draw_map(network: IPv4Network | IPv6Network, results: Mapping[object, Neighbor | NetioError]) -> None:
    """Prints the map of a prefix, and its legend."""
    out = console()
    margin = max(len(str(network[0])), len(str(network[-1]))) + 1
    # 32 symbols, and a gap before each group.
    width = 32 if out.width >= margin + 32 + 32 // GROUP else 16
    lines = list(lines_of(network, results, width))
    out.print()
    for address, symbols in lines:
        text = Text(f"{address:>{margin - 1}}")
        for place, symbol in enumerate(symbols):
            text.append(" " * (place % GROUP == 0))
            text.append(symbol.letter, style=_style_of(symbol))
        out.print(text, no_wrap=True, crop=False)
    out.print()
    for symbol, count in legend(lines):
        out.print(Text(symbol.letter, style=_style_of(symbol)) + Text(f" {symbol.meaning}: {count:,}"))


def _style_of(symbol: Symbol) -> str:
    return STYLES.get(symbol.state, "") if symbol.state is not None else ""
