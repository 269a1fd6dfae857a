# SPDX-License-Identifier: MIT
"""Each system call and each allocation of each verb fails once: documented errors, no leak, no false success."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from netlab import every_fault, figures
from netlab.child import environment

if TYPE_CHECKING:
    from netlab.faults import Injector
    from netlab.wire import Wire


@pytest.mark.parametrize("verb", every_fault.VERBS)
def test_each_call_fails_once(wire: Wire, inject: Injector, verb: str) -> None:
    """Bug: a failed call leaks memory or a descriptor, raises another error, or an entry is reported as written."""
    with wire.near.entered(), inject(nth=1) as faults:
        done = subprocess.run(
            [sys.executable, "-P", every_fault.__file__, verb],
            env=environment(**faults.environment),
            capture_output=True,
            text=True,
            timeout=55,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    calls, findings = json.loads(done.stdout)
    assert findings == []
    assert all(calls[name] for name in ("socket", "send", "recvfrom", "malloc")), calls
    figures.record("faults", verb, sum(calls.values()))
