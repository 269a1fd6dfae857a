# SPDX-License-Identifier: MIT
"""The charts of the benchmarks: the time to read a table, by its size, and the changes that watches account for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab import Result

# Case, way, text of the legend, colour and marker, in the order of the legend: slowest first.
LINES = [
    ("every field of every row", "pyroute2", "pyroute2, every row", "#7f7f7f", "v"),
    ("every field of every row", "ip", "ip -j neigh, and json", "#d62728", "s"),
    ("every field of every row", "netio", "netio, every field of every row", "#1f77b4", "o"),
    ("list", "netio", "netio, list_neighbors()", "#17becf", "^"),
    ("list", "C", "C, the dump and no more", "#000000", "x"),
]


def draw(measured: dict[tuple[str, int], list[Result]], path: str) -> None:
    """Draw time over rows, both logarithmic, as SVG. Equal results produce equal files."""
    from matplotlib import pyplot as plt

    _set_style()
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for case, way, label, colour, marker in LINES:
        points = [
            (rows, result.typical * 1e3)
            for (name, rows), results in sorted(measured.items())
            for result in results
            if (name, result.way) == (case, way)
        ]
        if points:
            axes.loglog(*zip(*points, strict=True), color=colour, marker=marker, label=label)
    axes.set(
        xlabel="rows in the neighbour table", ylabel="milliseconds", title="Time to read the table (less is better)"
    )
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:,g}")
    axes.minorticks_off()
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


@dataclass(frozen=True)
class Account:
    """The changes that a reader of a flood reported, the losses that it noticed, and whether it ended equal."""

    reported: int
    losses: int
    ends_equal: bool


def draw_accounts(accounts: dict[str, Account], offered: int, path: str) -> None:
    """Draw the changes that each reader reported, and those for which it has only the differences, as SVG."""
    from matplotlib import pyplot as plt

    _set_style()
    shown = {name: account for name, account in reversed(accounts.items()) if account.reported > 0}
    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    reported = [account.reported for account in shown.values()]
    rest = [max(0, offered - account.reported) for account in shown.values()]
    equal = [left if account.ends_equal else 0 for left, account in zip(rest, shown.values(), strict=True)]
    lost = [left - known for left, known in zip(rest, equal, strict=True)]
    bars = list(range(len(shown)))
    axes.barh(bars, reported, color="#1f77b4", label="reported")
    axes.barh(bars, equal, left=reported, color="#aec7e8", label="in the differences after RESYNC")
    axes.barh(bars, lost, left=reported, color="#d62728", label="lost")
    axes.set_yticks(bars, list(shown))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set(xlabel="changes", title=f"{offered:,} changes as fast as the kernel makes them")
    figure.legend(loc="outside lower center", ncols=3)
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def _set_style() -> None:
    """Make equal results produce equal files."""
    import matplotlib as mpl

    mpl.rcParams.update({"svg.hashsalt": "netio", "svg.fonttype": "none", "font.family": "sans-serif"})
