# SPDX-License-Identifier: MIT
"""Records the system calls of a program by strace(1)."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from netlab.child import environment, python

if TYPE_CHECKING:
    from pathlib import Path


def trace(code: str, log: Path, calls: str = "%network,execve,openat") -> list[str]:
    """Returns those system calls that a Python process makes while it runs code, a line for each."""
    strace = ["strace", "-f", "-qq", "-e", f"trace={calls}", "-e", "signal=none", "-o", str(log)]
    subprocess.run([*strace, *python(code)], env=environment(), check=True, timeout=50)
    return log.read_text().splitlines()
