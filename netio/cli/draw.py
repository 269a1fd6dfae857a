# SPDX-License-Identifier: MIT
"""Prints entries as a table, and the map of a prefix."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from netio import NeighborState
from netio.cli.address_map import GROUP, Map, Symbol, legend, map_of, symbol_of
from netio.cli.columns import COLUMNS, PROBED, entry_of, records_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from ipaddress import IPv4Address, IPv6Address

    from netio import Neighbor, NetioError
    from netio.cli.columns import Found, Result
    from netio.cli.vendor import Vendors

    # The parts of a line, with their styles.
    Line = list[tuple[str, str]]

    # The cells of each column, by its name.
    Table = dict[str, list[str]]

STYLES = {
    NeighborState.UNREACHABLE: "red",
    NeighborState.INCOMPLETE: "yellow",
    NeighborState.PROBE: "yellow",
    NeighborState.DELAY: "yellow",
    NeighborState.STALE: "dim",
    NeighborState.REACHABLE: "green",
    NeighborState.PERMANENT: "cyan",
}

# Columns that are omitted without any content.
_OPTIONAL = ("age", "vendor", "is_router")

# Columns that are omitted on a narrow terminal, the first ones first. An interface is, if all entries have the same.
_DROPPED = ("is_router", "age", "interface", "vendor", "state")

# Between two columns.
_GAP = "  "

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


def draw_entries(
    results: Iterable[Result],
    vendors: Vendors | None = None,
    columns: Sequence[str] = PROBED,
    *,
    chosen: Sequence[str] | None = None,
    header: bool = True,
) -> None:
    """Prints a table of entries and of addresses that failed.

    All chosen columns are printed. Without a choice those without content are omitted, and those for which a terminal
    is too narrow.
    """
    out = console()
    room = out.width if out.is_terminal else sys.maxsize
    lines = entry_lines(list(results), vendors, columns, room, chosen=chosen, header=header)[0 if header else 1 :]
    if out.legacy_windows:  # its colours are calls, not text
        for line in lines:
            out.print(Text.assemble(*line), soft_wrap=True)
    else:
        paint = _painter(out)
        out.file.writelines("".join(paint(*part) if part[1] else part[0] for part in line) + "\n" for line in lines)
        out.file.flush()


def entry_lines(
    results: list[Result],
    vendors: Vendors | None,
    columns: Sequence[str],
    room: int,
    *,
    chosen: Sequence[str] | None = None,
    header: bool = True,
) -> list[Line]:
    """Returns the lines of a table that fit into `room` cells, the heading first, with the styles of their parts."""
    table = _table(results, vendors, chosen or columns)
    if chosen is None:
        table = {
            name: cells for name, cells in table.items() if name not in _OPTIONAL or not {"", "-"}.issuperset(cells)
        }
    widths = _fit(table, room, _droppable(table) if chosen is None else [], header=header)
    # Off a terminal a line is one part without a style.
    styles = [_style_of_state(found) if room < sys.maxsize else "" for _, found in results]
    return list(_lines(table, widths, styles))


def _table(results: list[Result], vendors: Vendors | None, names: Sequence[str]) -> Table:
    records = list(records_of(results, vendors, names))
    return {name: [COLUMNS[name].text(record[name]) for record in records] for name in names}


def _style_of_state(found: Found | NetioError) -> str:
    entry = entry_of(found)
    return STYLES.get(NeighborState.UNREACHABLE if entry is None else entry.state, "")


def _droppable(table: Table) -> list[str]:
    one_interface = len(set(table["interface"])) == 1
    return [name for name in _DROPPED if name in table and (name != "interface" or one_interface)]


def _fit(table: Table, room: int, droppable: list[str], *, header: bool) -> dict[str, tuple[str, int]]:
    """Returns the heading and the width of each column that is printed.

    If the lines are too long, it shortens the headings, then omits columns. It never cuts or folds a cell: if the rest
    is still too long, the terminal wraps the lines.
    """
    content = {name: max(map(_width, cells), default=0) for name, cells in table.items()}
    while True:
        for short in (False, True):
            titles = {name: COLUMNS[name].short if short else COLUMNS[name].title for name in content}
            widths = {name: max(content[name], len(titles[name]) * header) for name in content}
            if sum(widths.values()) + len(_GAP) * (len(widths) - 1) <= room:
                break
        else:
            if droppable:
                del content[droppable.pop(0)]
                continue
        return {name: (titles[name], widths[name]) for name in content}


def _lines(table: Table, columns: dict[str, tuple[str, int]], styles: list[str]) -> Iterator[Line]:
    """Yields the parts of each line with their styles, the heading first."""
    heading = _GAP.join(f"{title:{width}}" for title, width in columns.values())
    yield [(heading.rstrip(), "bold")]
    padded = [_padded(table[name], width) for name, (_, width) in columns.items()]
    place = [*columns, "state"].index("state")
    for style, texts in zip(styles, zip(*padded, strict=True), strict=True):
        if not style or place == len(texts):
            yield [(_GAP.join(texts).rstrip(), "")]
            continue
        before, after = _GAP.join((*texts[:place], "")), _GAP.join(texts[place + 1 :])
        state = texts[place].rstrip()
        gap = " " * (len(texts[place]) - len(state)) + _GAP
        yield [(before, ""), (state, style), ((gap + after).rstrip(), "")]


def _padded(cells: list[str], width: int) -> list[str]:
    return [cell.ljust(width) if cell.isascii() else cell + " " * (width - cell_len(cell)) for cell in cells]


def _width(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def _painter(out: Console) -> Callable[[str, str], str]:
    """Returns a function that adds colours to a text. It caches each result, since rich is slow for 100,000 texts."""

    @cache
    def paint(text: str, style: str) -> str:
        with out.capture() as captured:
            out.print(Text(text, style), end="", soft_wrap=True)
        return captured.get()

    return paint


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
