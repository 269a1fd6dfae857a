# SPDX-License-Identifier: MIT
"""Prints the figures of one run of the tests as a table. Usage: figures.py FIGURES [PAGE].

FIGURES is the file that the environment variable NETIO_FIGURES named while the tests ran: a line has a kind, a name and
a number, with tabs between them. PAGE (docs/security.md) has the table with the figure that each run must reach, as a
number or as names; the exit status is 1 if this run does not reach one of them.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

Numbers = Mapping[str, int]  # of one kind, by name

PAGE = Path(__file__).parents[1] / "docs" / "security.md"
HEAD = ["figure", "each run has at least", "one run"]


def total(numbers: Numbers) -> str:
    """Return the sum of the numbers."""
    return f"{sum(numbers.values()):,}"


def least(numbers: Numbers) -> str:
    """Return the smallest number."""
    return f"{min(numbers.values(), default=0):,}"


def count(numbers: Numbers) -> str:
    """Return the number of names."""
    return f"{len(numbers):,}"


def names(numbers: Numbers) -> str:
    """Return the names."""
    return ", ".join(numbers)


# The rows of the table: the kind of the lines, and the figure that is made of them.
ROWS: dict[str, tuple[str, Callable[[Numbers], str]]] = {
    "fuzz targets": ("fuzz", names),
    "inputs fuzzed, without a finding": ("fuzz", total),
    "verbs and variants with faults": ("faults", count),
    "faults injected and survived": ("faults", total),
    "rounds of threads under ThreadSanitizer, without a data race": ("threads", total),
    "entries and calls of the soak, nothing leaked": ("soak", total),
    "kernels": ("kernel", names),
    "tests on the second kernel": ("kernel-tests", total),
    "interpreters": ("interpreter", names),
    "architectures": ("architecture", names),
    "tests on each emulated architecture": ("architecture-tests", least),
}


def read_figures(text: str) -> dict[str, dict[str, int]]:
    """Return the numbers by kind and name. Numbers of the same name are added."""
    kinds: dict[str, dict[str, int]] = {}
    for line in text.splitlines():
        kind, name, number = line.split("\t")
        numbers = kinds.setdefault(kind, {})
        numbers[name] = numbers.get(name, 0) + int(number)
    return kinds


def read_table(page: str) -> dict[str, str]:
    """Return what each run must reach, by row."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|"]
    start = lines.index(HEAD) + 2
    return {cells[0]: cells[1] for cells in lines[start:] if len(cells) == len(HEAD)}


def is_reached(floor: str, figure: str) -> bool:
    """Return whether a figure has the names of the floor, each as a whole or as the start of one, or its number."""
    if floor.replace(",", "").isdecimal():
        return int(figure.replace(",", "")) >= int(floor.replace(",", ""))
    found = figure.split(", ")
    return all(any(f"{name}.".startswith(f"{needed}.") for name in found) for needed in floor.split(", "))


def main(figures: Path, page: Path = PAGE) -> int:
    """Print the table and return the exit status."""
    kinds, floors = read_figures(figures.read_text()), read_table(page.read_text(encoding="utf-8"))
    assert list(floors) == list(ROWS), f"{page} has other rows: {set(floors) ^ set(ROWS)}"
    missed = []
    print("| " + " | ".join(HEAD) + " |\n" + "|---" * len(HEAD) + "|")
    for row, (kind, figure_of) in ROWS.items():
        figure = figure_of(kinds.get(kind, {}))
        print(f"| {row} | {floors[row]} | {figure} |")
        if not is_reached(floors[row], figure):
            missed.append(row)
    for row in missed:
        print(f"figures: this run does not reach: {row}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
