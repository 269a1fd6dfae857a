# SPDX-License-Identifier: MIT
"""The table of figures: it fails if a run does not reach what the documentation says."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "figures.py"
_SPEC = spec_from_file_location("figures", SCRIPT)
assert _SPEC is not None
assert _SPEC.loader is not None
figures = module_from_spec(_SPEC)
_SPEC.loader.exec_module(figures)

RUN = {
    "fuzz": {"backend": 200_000, "columns": 1},
    "kernel": {"6.18.44": 1, "user-mode 6.1.176": 1},
    "architecture-tests": {"s390x": 349, "armhf": 350},
}


def lines(kinds: dict[str, dict[str, int]]) -> str:
    return "".join(f"{kind}\t{name}\t{n}\n" for kind, names in kinds.items() for name, n in names.items())


def test_figures_of_one_name_are_added() -> None:
    assert figures.read_figures(lines(RUN) + "fuzz\tbackend\t5\n")["fuzz"] == {"backend": 200_005, "columns": 1}


@pytest.mark.parametrize(
    ("floor", "figure", "reached"),
    [
        ("1,000", "1,000", True),
        ("1,000", "999", False),
        ("6.1", "6.1.176", True),
        ("6.1", "6.18.44", False),
        ("user-mode 6.1", "6.1.176", False),
        ("CPython 3.11, CPython 3.15", "CPython 3.15.2, CPython 3.11.2", True),
        ("CPython 3.11, CPython 3.15", "CPython 3.11.2", False),
        ("backend", "", False),
        ("1", "0", False),
    ],
)
def test_floor(floor: str, figure: str, *, reached: bool) -> None:
    """Bug: a figure that the documentation promises is missing, and the gate passes."""
    assert figures.is_reached(floor, figure) is reached


@pytest.mark.parametrize(
    ("run", "status"), [(RUN, 0), ({**RUN, "fuzz": {"backend": 5}}, 1), ({}, 1)], ids=["reached", "missed", "none"]
)
def test_exit_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], run: dict[str, dict[str, int]], *, status: int
) -> None:
    """Bug: the gate passes although a test did not run, or did less than the documentation says."""
    floors = {"inputs fuzzed, without a finding": "200,001", "kernels": "user-mode 6.1", "fuzz targets": "backend"}
    needed = [
        f"| {row} | {floors.get(row, 0 if figure is not figures.names else '')} | |"
        for row, (_, figure) in figures.ROWS.items()
    ]
    (tmp_path / "page.md").write_text("\n".join([f"| {' | '.join(figures.HEAD)} |", "|---|---|---|", *needed, ""]))
    (tmp_path / "figures").write_text(lines(run))
    assert figures.main(tmp_path / "figures", tmp_path / "page.md") == status
    output = capsys.readouterr().out
    assert ("this run does not reach: inputs fuzzed" in output) is (status == 1)


def test_page_of_the_documentation_has_these_rows() -> None:
    """Bug: a row was renamed in one place."""
    assert list(figures.read_table(figures.PAGE.read_text(encoding="utf-8"))) == list(figures.ROWS)
