# SPDX-License-Identifier: MIT
"""Loads kernel modules by name with those that they need, as modprobe does. Usage: load.py FOLDER NAME..."""

import ctypes
import errno
import os
import sys
from pathlib import Path

FINIT_MODULE = 313  # x86-64
libc = ctypes.CDLL(None, use_errno=True)


def insert(module: Path) -> None:
    """Load one module; one that is loaded already is not an error."""
    descriptor = os.open(module, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.syscall(FINIT_MODULE, descriptor, b"", 0) != 0 and ctypes.get_errno() != errno.EEXIST:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(module))
    finally:
        os.close(descriptor)


def main(folder: Path, names: list[str]) -> None:
    """Load the modules; modules.dep names those that each needs, the first needed last."""
    needed: dict[str, list[str]] = {}
    for line in (folder / "modules.dep").read_text().splitlines():
        path, _, others = line.partition(":")
        needed[Path(path).stem] = [*reversed(others.split()), path]
    for name in names:
        for module in needed[name]:
            insert(folder / module)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
