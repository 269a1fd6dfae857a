# SPDX-License-Identifier: MIT
"""What a program asks the system, as strace(1) tells it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from netlab.child import environment, python

if TYPE_CHECKING:
    from pathlib import Path


def trace(code: str, log: Path, calls: str = "%network,execve,openat") -> list[str]:
    """The system calls, of those named, of a Python that runs code."""
    strace = ["strace", "-f", "-qq", "-e", f"trace={calls}", "-e", "signal=none", "-o", str(log)]
    subprocess.run([*strace, *python(code)], env=environment(), check=True, timeout=50)
    return log.read_text().splitlines()
