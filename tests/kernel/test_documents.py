# SPDX-License-Identifier: MIT
"""Runs the examples of the README, of the documentation pages and of docstrings, on a link with one host."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sybil import Sybil
from sybil.evaluators.doctest import DocTestEvaluator
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.abstract.doctest import DocTestStringParser
from sybil.parsers.markdown import CodeBlockParser

import netio
from netio import aio
from netlab.child import environment
from netlab.wire import FAR_IP4

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from sybil import Document, Example, Region

    from netlab.wire import Wire

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

# "..." stands for what differs from run to run, and the columns of a table may have other widths.
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def commands_of(block: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block with its output. A line that starts with "> " continues the command."""
    command, output = "", ""
    for line in block.splitlines(keepends=True):
        if line.startswith("$ "):
            if command:
                yield command, output
            command, output = line[2:], ""
        elif line.startswith("> ") and not output:
            command += line[2:]
        else:
            output += line
    if command:
        yield command, output


def evaluate_console(example: Example) -> str | None:
    """Run the commands of a console block in a shell. Returns the difference between shown and real output."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command, shown in commands_of(str(example.parsed)):
        result = subprocess.run(
            ["sh", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(PATH=path, COLUMNS="80"),
            cwd=example.namespace["folder"],
            timeout=30,
            check=False,
        )
        if not doctest.OutputChecker().check_output(shown, result.stdout, OPTIONS):
            return f"$ {command}shown:\n{shown}printed:\n{result.stdout}"
    return None


def pycon_blocks(document: Document) -> Iterator[Region]:
    """Yield the examples in blocks of an interactive session."""
    for block in CodeBlockParser("pycon", evaluate_console)(document):
        for example in DocTestStringParser(DocTestEvaluator(OPTIONS))(str(block.parsed), document.path):
            example.adjust(block, block.parsed)
            yield example


# Blocks of other languages ("sh", "shell-session", "powershell") are not run: installation, other systems.
SYBIL = Sybil(
    [pycon_blocks, CodeBlockParser("python", PythonEvaluator()), CodeBlockParser("console", evaluate_console)]
)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_document(wire: Wire, tmp_path: Path, path: Path) -> None:
    """Bug: an example of the document prints something else, or fails."""
    rename_near0(wire)
    netio.resolve_neighbor(FAR_IP4)  # the machine of the examples has talked to this host
    document = SYBIL.parse(path)
    document.namespace["folder"] = tmp_path
    examples = list(document.examples())
    assert bool(examples) == bool(re.search(r"^```(pycon|python|console)$", document.text, re.MULTILINE))
    for example in examples:
        example.evaluate()


def rename_near0(wire: Wire) -> None:
    """Renames near0 to the name in the examples."""
    wire.near.ip("link set near0 down", "link set near0 name eth0", "link set eth0 up")


def test_quotes_of_commands() -> None:
    """Bug: a command has single quotes, which cmd.exe passes on as part of the argument."""
    shown = re.findall(r"`[^`\n]+`|^\$ .*", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    commands = [text for text in shown if re.match(r"`?(\$ )?(pip|python|netio) ", text)]
    assert len(commands) > 5
    assert [text for text in commands if "'" in text] == []


@pytest.mark.parametrize(("module", "least"), [(netio, 4), (aio, 3)], ids=["netio", "netio.aio"])
def test_docstring_of_a_module(wire: Wire, module: ModuleType, least: int) -> None:
    """Bug: the example in help() prints something else, or fails."""
    rename_near0(wire)
    result = doctest.testmod(module)
    assert result.failed == 0
    assert result.attempted >= least
