# SPDX-License-Identifier: MIT
"""Rows as a person wants to see them."""

from __future__ import annotations

import sys
from functools import cache

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from netio import Neighbor, NeighborState, NetioError, UnreachableError
from netio.cli.address_map import GROUP, Sign, legend, lines_of
from netio.cli.messages import printable

TYPE_CHECKING = False
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
_ALWAYS = _TITLES[: _STATE + 1]

# Cells, and the style of the state.
_Line = tuple[tuple[str, ...], str]

# Nothing is cut or wrapped on its way to a file or a pipe.
_WIDTH_OFF_TERMINAL = 300


def console() -> Console:
    """Where answers go; with colour on a terminal only."""
    width = None if sys.stdout and sys.stdout.isatty() else _WIDTH_OFF_TERMINAL
    # Addresses are full of what rich takes for markup and emoji: ":ab:" is one.
    return Console(highlight=False, markup=False, emoji=False, width=width)


def draw_rows(answers: Iterable[tuple[object, Neighbor | NetioError]], vendors: Vendors | None = None) -> None:
    """Prints a table of rows, and of the addresses that have failed."""
    lines = [_line(address, answer, vendors) for address, answer in answers]
    columns = list(zip(_TITLES, *(cells for cells, _ in lines), strict=True))
    # A column that nobody has anything in is not worth its width.
    used = [place for place, (title, *cells) in enumerate(columns) if title in _ALWAYS or any(cells)]
    widths = {place: max(map(_width, columns[place])) for place in used}
    out = console()
    if out.is_terminal and (sum(widths.values()) + 2 * (len(used) - 1) > out.width or out.legacy_windows):
        out.print(_folded(lines, used))
    else:
        out.file.writelines(f"{line}\n" for line in _padded(lines, widths, _painter(out)))
        out.file.flush()


def _line(address: object, answer: Neighbor | NetioError, vendors: Vendors | None) -> _Line:
    if isinstance(answer, NetioError):
        state = NeighborState.UNREACHABLE.name if isinstance(answer, UnreachableError) else "-"
        interface = answer.row.interface if answer.row is not None else ""
        cells = printable(str(address)), "-", printable(interface), state, "", ""
        return cells, STYLES[NeighborState.UNREACHABLE]
    cells = (
        printable(str(answer.address)),
        str(answer.physical_address) or "-",
        printable(answer.interface),
        answer.state.name,
        "" if vendors is None else printable(vendors.name_of(answer)),
        "router" if answer.is_router else "",
    )
    return cells, STYLES.get(answer.state, "")


def _width(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def _painter(out: Console) -> Callable[[str, str], str]:
    """A function that puts colours around a text, each sort once: rich takes its time for a hundred thousand."""

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
    """The same where the terminal is too narrow for it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place in used:
        table.add_column(_TITLES[place], overflow="fold")
    for cells, style in lines:
        table.add_row(*(Text(cells[place], style if place == _STATE else "") for place in used))
    return table


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
