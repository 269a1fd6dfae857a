# SPDX-License-Identifier: MIT
"""A program that PyInstaller has frozen runs without the interpreter and the packages of this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import netio

print(sorted(interface.name for interface in netio.list_interfaces()))
try:
    netio.get_neighbor("192.0.2.7", interface="lo")
except netio.NeighborNotFoundError as error:
    print(error)
"""


@pytest.mark.timeout(300)
def test_frozen_program_imports_netio(tmp_path: Path) -> None:
    """Bug: the frozen program lacks _cffi_backend, which only the compiled module imports."""
    script = tmp_path / "program.py"
    script.write_text(PROGRAM, encoding="utf-8")
    options = ["--onedir", "--log-level=ERROR", "--distpath=dist", "--workpath=work", "--specpath=."]
    freeze = [sys.executable, "-m", "PyInstaller", *options, str(script)]
    subprocess.run(freeze, check=True, cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)})
    frozen, plain = (
        subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path, env={}).stdout
        for command in ([str(tmp_path / "dist/program/program")], [sys.executable, str(script)])
    )
    assert frozen == plain
    assert "192.0.2.7" in plain
