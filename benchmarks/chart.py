# SPDX-License-Identifier: MIT
"""The chart of the benchmarks: the time to read a table, by its size."""

from __future__ import annotations

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
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.rcParams.update({"svg.hashsalt": "netio", "svg.fonttype": "none", "font.family": "sans-serif"})
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
