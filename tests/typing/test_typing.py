# SPDX-License-Identifier: MIT
"""The calls of users pass mypy --strict, also those in the README and on the pages of the documentation."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def check(file: Path, folder: Path, *options: str) -> None:
    """Run mypy in another folder, so that it finds the installed netio and not the settings of this project."""
    command = [sys.executable, "-m", "mypy", "--strict", "--warn-unused-ignores", "--cache-dir", str(folder / "cache")]
    result = subprocess.run([*command, *options, str(file)], cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_calls_of_every_kind(tmp_path: Path) -> None:
    check(HERE / "api.py", tmp_path)


def examples_of(document: Path) -> str:
    """Return the Python code of a document, without what its interactive sessions print."""
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(pycon|python)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    sessions = doctest.DocTestParser()
    return "".join(
        code if language == "python" else "".join(example.source for example in sessions.get_examples(code))
        for language, code in blocks
    )


def test_calls_of_documents(tmp_path: Path) -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    examples = {document.stem: examples_of(document) for document in documents}
    for name, source in examples.items():
        (tmp_path / f"page_{name}.py").write_text(source, encoding="utf-8")
    assert len([source for source in examples.values() if source]) > 5
    check(tmp_path, tmp_path, "--disable-error-code", "import-untyped")
