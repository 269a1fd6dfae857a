# SPDX-License-Identifier: MIT
"""The examples of the README, of docs and of docstrings of modules."""

import doctest
import re
from pathlib import Path
from types import ModuleType

import pytest

import netio
from netio import aio
from netlab.wire import Wire

ROOT = Path(__file__).parents[2]


def rename_near0(wire: Wire) -> None:
    """Renames near0 to the name in the examples."""
    wire.near.ip("link set near0 down", "link set near0 name eth0", "link set eth0 up")


@pytest.mark.parametrize(("name", "least"), [("README.md", 10), ("docs/linux.md", 7), ("docs/asyncio.md", 12)])
def test_document(wire: Wire, name: str, least: int) -> None:
    """Bug: an example prints something else, or fails."""
    rename_near0(wire)
    result = doctest.testfile(str(ROOT / name), module_relative=False)
    assert result.failed == 0
    assert result.attempted >= least


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
