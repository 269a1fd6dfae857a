# SPDX-License-Identifier: MIT
"""The examples of the README and of the package docstring."""

import doctest
import re
from pathlib import Path

import netio
from netlab.wire import Wire

README = Path(__file__).parents[2] / "README.md"


def rename_near0(wire: Wire) -> None:
    """Renames near0 to the name in the examples."""
    wire.near.ip("link set near0 down", "link set near0 name eth0", "link set eth0 up")


def test_readme(wire: Wire) -> None:
    """Bug: an example of the README prints something else, or fails."""
    rename_near0(wire)
    result = doctest.testfile(str(README), module_relative=False)
    assert result.failed == 0
    assert result.attempted > 10


def test_quotes_of_commands() -> None:
    """Bug: a command has single quotes, which cmd.exe passes on as part of the argument."""
    shown = re.findall(r"`[^`\n]+`|^\$ .*", README.read_text(encoding="utf-8"), re.MULTILINE)
    commands = [text for text in shown if re.match(r"`?(\$ )?(pip|python|netio) ", text)]
    assert len(commands) > 5
    assert [text for text in commands if "'" in text] == []


def test_docstring_of_the_package(wire: Wire) -> None:
    """Bug: the example in help(netio) prints something else, or fails."""
    rename_near0(wire)
    result = doctest.testmod(netio)
    assert result.failed == 0
    assert result.attempted > 3
