# SPDX-License-Identifier: MIT
"""Fixtures of the tests under Wine. Without the environment that `run` sets up, none of them is collected."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from standin import Standin

    Command = Callable[..., "Finished"]

collect_ignore_glob = ["test_wheel.py"] if "NETIO_WINE" in os.environ else ["*"]


class Finished(NamedTuple):
    status: int
    out: str
    err: str


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "wine_lacks: needs functions that Wine does not have, and runs against the stand-in for the DLL"
    )


@pytest.fixture
def standin() -> Iterator[Standin]:
    """The stand-in in its initial state. Fails if a table was not freed or a single answer not used."""
    from standin import Standin

    created = Standin()
    yield created
    assert created.count("tables") == 0
    assert created.count("unused") == 0


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command within this process, in which the stand-in has its rows."""

    from netio.cli import main

    def run(*words: str) -> Finished:
        monkeypatch.setattr(sys, "argv", ["netio", *words])
        with pytest.raises(SystemExit) as caught:
            main()
        code = caught.value.code or 0
        assert isinstance(code, int)
        return Finished(code, *capsys.readouterr())

    return run
