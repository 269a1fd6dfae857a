# SPDX-License-Identifier: MIT
"""Libraries in front of the C library, to play a kernel that this one is not."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def library(folder: Path, source: str, *flags: str) -> str:
    """Compiles a library for LD_PRELOAD."""
    path = str(folder / "shim.so")
    command = ["cc", "-shared", "-fPIC", *flags, "-x", "c", "-", "-o", path]
    subprocess.run(command, input=source, text=True, check=True, timeout=50)
    return path
