# SPDX-License-Identifier: MIT
"""Fixtures of the tests under Wine. Without the environment that `run` sets up, none of them is collected."""

from __future__ import annotations

import os

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from standin import Standin

collect_ignore_glob = ["test_wheel.py"] if "NETIO_WINE" in os.environ else ["*"]


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
