# SPDX-License-Identifier: MIT
"""The calls of users pass mypy --strict, also those in the README and in docs."""

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def check(file: Path, folder: Path) -> None:
    """Run mypy in another folder, so that it finds the installed netio and not the settings of this project."""
    command = [sys.executable, "-m", "mypy", "--strict", "--warn-unused-ignores", "--cache-dir", str(folder / "cache")]
    result = subprocess.run([*command, str(file)], cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_calls_of_every_kind(tmp_path: Path) -> None:
    check(HERE / "api.py", tmp_path)


@pytest.mark.parametrize("name", ["README.md", "docs/asyncio.md", "docs/linux.md"])
def test_calls_of_a_document(tmp_path: Path, name: str) -> None:
    examples = doctest.DocTestParser().get_examples((ROOT / name).read_text(encoding="utf-8"))
    assert examples
    file = tmp_path / "examples.py"
    file.write_text("".join(example.source for example in examples), encoding="utf-8")
    check(file, tmp_path)
