# SPDX-License-Identifier: MIT
"""Runs Python code in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys


def process(
    code: str, *words: str, stdin: bytes = b"", encoding: str = "", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run code with these arguments and variables, without those for encodings that under_wine sets."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONUTF8", "PYTHONIOENCODING")}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *words],
        input=stdin,  # a pipe: CPython rejects other standard streams of Wine
        capture_output=True,
        env=kept | ({"PYTHONIOENCODING": encoding} if encoding else {}) | environment,
        timeout=50,
        check=False,
    )
