# SPDX-License-Identifier: MIT
"""An event loop of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from netlab.loops import LOOPS, runner_of

if TYPE_CHECKING:
    from netlab.loops import Run


@pytest.fixture(params=list(LOOPS))
def run(request: pytest.FixtureRequest) -> Run:
    """Returns a function that runs a coroutine on an event loop of each kind."""
    return runner_of(request.param)
