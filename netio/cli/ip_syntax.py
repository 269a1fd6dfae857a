# SPDX-License-Identifier: MIT
"""The word order of ip(8): `192.0.2.7 lladdr 02:00:5e:00:00:07 dev eth0`. Independent of the commands."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import click

from netio import NeighborState, list_interfaces

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

# The names of ip(8) that NeighborState lacks. NOARP and NONE do not exist on Windows: netio maps them to these states.
_STATES = {
    "failed": NeighborState.UNREACHABLE,
    "noarp": NeighborState.PERMANENT,
    "none": NeighborState.INCOMPLETE,
}
_KEYWORDS = ("dev", "lladdr", "nud", "to")


def split_words(words: Iterable[str], keywords: Container[str]) -> tuple[list[str], dict[str, str]]:
    """Splits the words into positional ones and the values of keywords. The value of "to" is positional too.

    Raises:
        click.UsageError: A keyword is not among `keywords`, is given twice, or has no value.
    """
    positional: list[str] = []
    named: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word not in _KEYWORDS:
            positional.append(word)
            continue
        if word not in keywords:
            raise click.UsageError(f"keyword {word!r} is not valid for this command")
        value = next(rest, None)
        if not value:
            raise click.UsageError(f"keyword {word!r} needs a value")
        if word in named:
            raise click.UsageError(f"keyword {word!r} is given twice")
        if word == "to":
            positional.append(value)
        else:
            named[word] = value
    return positional, named


def interface_name(word: str) -> str:
    """Returns the name of an interface, given by name or index. Digits are a name if an interface has that name."""
    return _names_by_index().get(word, word) if word.isdecimal() else word


@cache  # thousands of entries may give the same index
def _names_by_index() -> dict[str, str]:
    names = {str(interface.index): interface.name for interface in list_interfaces()}
    return {index: name for index, name in names.items() if index not in names.values()}


def interface_of(named: dict[str, str], option: str | None) -> str | None:
    """Returns the interface that is given by the keyword `dev` or by --interface.

    Raises:
        click.UsageError: They name different interfaces.
    """
    if "dev" not in named:
        return option
    name = interface_name(named["dev"])
    if option not in (None, name):
        raise click.UsageError(f"--interface {option} contradicts dev {name}; give one of them")
    return name


def state_of(word: str) -> NeighborState:
    """Returns the state with a name of ip(8), or of NeighborState.

    Raises:
        click.UsageError: There is no such state.
    """
    known = {state.name.lower(): state for state in NeighborState} | _STATES
    if word.lower() not in known:
        raise click.UsageError(f"invalid state {word!r}; the states are {', '.join(sorted(known))}")
    return known[word.lower()]
