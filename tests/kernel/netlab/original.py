# SPDX-License-Identifier: MIT
"""Runs code of another program, to compare an example with it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netlab.namespace import Namespace


def run_original(namespace: Namespace, code: str, argument: object) -> Any:  # noqa: ANN401
    """Runs Python code in the namespace. It reads the argument as JSON, and prints its result as JSON.

    It runs in a process of its own: some programs open sockets while they are imported, and never close them.
    """
    with namespace.entered():
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(argument),
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
