# SPDX-License-Identifier: MIT
"""The tests of fleets change only network namespaces of their own, like the kernel tests."""

from __future__ import annotations

import pytest

from netlab.namespace import Namespace, leave_the_machine


@pytest.fixture(scope="session", autouse=True)
def _private_network() -> None:
    """Ends the run with one line if the machine does not permit private networks."""
    try:
        leave_the_machine()
        Namespace().close()
    except OSError as error:
        pytest.exit(f"the tests of fleets need root or unprivileged user namespaces ({error})", returncode=1)
