# SPDX-License-Identifier: MIT
"""A program that PyInstaller has frozen on Windows runs without the packages of the interpreter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import socket
import netio

print(sorted(interface.name for interface in netio.list_interfaces()))
print(len(netio.list_neighbors(socket.AF_INET)) > 0)
try:
    netio.list_neighbors(socket.AF_INET, interface="nosuch")
except netio.InterfaceNotFoundError as error:
    print(error)
"""


def run(*command: str | Path, folder: Path) -> str:
    """Run a program and return its output. Its input is a pipe: CPython rejects other standard streams of Wine."""
    done = subprocess.run(
        command,
        input="",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.timeout(600)
def test_frozen_program_imports_netio(tmp_path: Path) -> None:
    """Bug: the frozen program lacks _cffi_backend, which only the compiled module imports."""
    script = tmp_path / "program.py"
    script.write_text(PROGRAM, encoding="utf-8")
    options = ["--onedir", "--log-level=ERROR", "--distpath=dist", "--workpath=work", "--specpath=."]
    run(sys.executable, "-m", "PyInstaller", *options, script, folder=tmp_path)
    frozen = run(tmp_path / "dist/program/program.exe", folder=tmp_path)
    assert frozen == run(sys.executable, script, folder=tmp_path)
    assert "nosuch" in frozen
