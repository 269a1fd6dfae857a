# SPDX-License-Identifier: MIT
"""What the tests under Wine have in common. They need what `run` sets up: elsewhere none of them is collected."""

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
    """The stand-in, started anew; every table that it gives out must come back."""
    from standin import Standin

    made = Standin()
    yield made
    assert made.count("tables") == 0
