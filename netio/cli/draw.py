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
from netio.cli.address_map import GROUP, Map, Symbol, legend, map_of, symbol_of
from netio.cli.messages import printable
from netio.cli.not_probed import NotProbed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from ipaddress import IPv4Address, IPv6Address

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

# Lines of a map: the most in a file, the least on a terminal, and the lines of a screen that its ruler and legend need.
_HEIGHT_OFF_TERMINAL, _LEAST_HEIGHT, _LINES_BESIDE_MAP = 32, 4, 8
_LEGEND_WIDTH = 80


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
        kind = NotProbed.of(result)
        silent = NeighborState.UNREACHABLE.name if isinstance(result, UnreachableError) else "-"
        state = silent if kind is None else kind.name
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


def draw_maps(
    maps: Iterable[tuple[str, Sequence[IPv4Address | IPv6Address], Sequence[Neighbor | NetioError | None]]],
) -> None:
    """Prints a map of the results of each target, with its title if there are several, and one legend."""
    out = console()
    every: list[Symbol] = []
    maps = list(maps)
    for title, addresses, results in maps:
        symbols = [symbol_of(result) for result in results]
        every += symbols
        drawn = map_of(addresses, symbols, out.width, _map_height(out))
        out.print()
        if len(maps) > 1 or not drawn.has_addresses:
            out.print(Text(title, style="bold"))
        _draw_map(out, drawn)
    out.print()
    for line in _legend_lines(every, min(out.width, _LEGEND_WIDTH)):
        out.print(Text("  ").join(line), no_wrap=True, crop=False)


def _map_height(out: Console) -> int:
    """Returns the most lines of a map, so that it fits into the terminal with its ruler and legend."""
    return max(out.height - _LINES_BESIDE_MAP, _LEAST_HEIGHT) if out.is_terminal else _HEIGHT_OFF_TERMINAL


def _draw_map(out: Console, drawn: Map) -> None:
    margin = max(len(label) for label, _ in drawn.lines)
    if len(drawn.ruler) > 1:
        ruler = " ".join(f"{offset:{GROUP}}" for offset in drawn.ruler)
        out.print(f"{'':{margin}} {ruler.rstrip()}", no_wrap=True, crop=False)
    for label, symbols in drawn.lines:
        text = Text(f"{label:>{margin}}")
        for place, symbol in enumerate(symbols):
            text.append(" " * (place % GROUP == 0))
            text.append(symbol.letter, style=_style_of(symbol))
        out.print(text, no_wrap=True, crop=False)
    if drawn.scale > 1:
        out.print(f"one symbol = {drawn.scale:,} addresses")


def _legend_lines(symbols: Iterable[Symbol], width: int) -> Iterator[list[Text]]:
    """Yields the parts of the legend, line by line."""
    line: list[Text] = []
    for symbol, count in legend(symbols):
        part = Text(symbol.letter, style=_style_of(symbol)) + Text(f" {symbol.meaning}: {count:,}")
        if line and sum(len(text) + 2 for text in line) + len(part) > width:
            yield line
            line = []
        line.append(part)
    if line:
        yield line


def _style_of(symbol: Symbol) -> str:
    return STYLES.get(symbol.state, "") if symbol.state is not None else ""
