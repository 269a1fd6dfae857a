# SPDX-License-Identifier: MIT
"""The README and the package's own docstring say what really happens."""

import doctest
from pathlib import Path

import netio
from netlab.wire import Wire

README = Path(__file__).parents[2] / "README.md"


def rename_near0(wire: Wire) -> None:
    """Gives the link the name that a reader expects."""
    wire.near.ip("link set near0 down", "link set near0 name eth0", "link set eth0 up")


def test_readme(wire: Wire) -> None:
    rename_near0(wire)
    result = doctest.testfile(str(README), module_relative=False)
    assert result.failed == 0
    assert result.attempted > 10


def test_docstring_of_the_package(wire: Wire) -> None:
    rename_near0(wire)
    result = doctest.testmod(netio)
    assert result.failed == 0
    assert result.attempted > 3
