# SPDX-License-Identifier: MIT
"""The list of the examples, and what they import."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.py"))


def test_readme_and_tests_have_each_example() -> None:
    """Bug: an example is missing in the list, or has no test."""
    text = EXAMPLES[0].with_name("README.md").read_text()
    assert re.findall(r"^\| \[(\w+\.py)\]\(\1\) \|", text, re.MULTILINE) == [path.name for path in EXAMPLES]
    tests = {path.name for path in Path(__file__).parent.glob("test_*.py")}
    assert {f"test_{path.name}" for path in EXAMPLES} <= tests


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_uses_the_public_api_only(path: Path) -> None:
    """Bug: an example shows a reader how to use an internal name."""
    tree = ast.parse(path.read_text())
    modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {module for module in modules if module.startswith("netio")} <= {"netio", "netio.linux"}
    assert "netio._" not in path.read_text()
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr.startswith("_")]
