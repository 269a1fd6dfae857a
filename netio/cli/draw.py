# SPDX-License-Identifier: MIT
"""Rows as a person wants to see them."""

import sys
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from netio import Neighbor, NeighborState

_STYLES = {
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


def draw_rows(rows: Iterable[Neighbor]) -> None:
    """Prints a table, with colour on a terminal only."""
    # Addresses are full of what rich takes for markup and emoji: ":ab:" is one.
    width = None if sys.stdout and sys.stdout.isatty() else _WIDTH_OFF_TERMINAL
    console = Console(highlight=False, markup=False, emoji=False, width=width)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("ADDRESS", "PHYSICAL ADDRESS", "INTERFACE", "STATE", "ROUTER"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(
            str(row.address),
            str(row.physical_address) or "-",
            row.interface,
            Text(row.state.name, style=_STYLES.get(row.state, "")),
            "router" if row.is_router else "",
        )
    console.print(table)
