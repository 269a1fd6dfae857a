# SPDX-License-Identifier: MIT
"""The word order of ip(8): `192.0.2.7 lladdr 02:00:5e:00:00:07 dev eth0`. Takes words apart, knows no command."""

from __future__ import annotations

from functools import cache

import click

from netio import NeighborState, list_interfaces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable

# States by their names in ip(8) that are not those of NeighborState; the two that Windows lacks as it shows them.
_STATES = {
    "failed": NeighborState.UNREACHABLE,
    "noarp": NeighborState.PERMANENT,
    "none": NeighborState.INCOMPLETE,
}
_KEYWORDS = ("dev", "lladdr", "nud", "to")


def take_apart(words: Iterable[str], keywords: Container[str]) -> tuple[list[str], dict[str, str]]:
    """Parts the words without a keyword from those behind one; "to" only marks an address.

    Raises:
        click.UsageError: A keyword that is not among those, or twice, or without a word behind it.
    """
    plain: list[str] = []
    named: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word not in _KEYWORDS:
            plain.append(word)
            continue
        if word not in keywords:
            raise click.UsageError(f"{word!r} means nothing to this command")
        value = next(rest, None)
        if not value:
            raise click.UsageError(f"{word!r} needs a word behind it")
        if word in named:
            raise click.UsageError(f"{word!r} is there twice")
        if word == "to":
            plain.append(value)
        else:
            named[word] = value
    return plain, named


def interface_name(word: str) -> str:
    """The name of the interface that a word means; digits that are no name are an index."""
    return _names_by_index().get(word, word) if word.isdecimal() else word


@cache  # thousands of rows may name the same one
def _names_by_index() -> dict[str, str]:
    names = {str(link.index): link.name for link in list_interfaces()}
    return {index: name for index, name in names.items() if index not in names.values()}


def interface_of(named: dict[str, str], interface: str | None) -> str | None:
    """The interface that is named by `dev` or by --interface.

    Raises:
        click.UsageError: By both, and not the same.
    """
    if "dev" not in named:
        return interface
    name = interface_name(named["dev"])
    if interface not in (None, name):
        raise click.UsageError(f"--interface {interface} contradicts dev {name}; name one of them")
    return name


def state_of(word: str) -> NeighborState:
    """The state that a word behind `nud` names.

    Raises:
        click.UsageError: It names none.
    """
    known = {state.name.lower(): state for state in NeighborState} | _STATES
    if word.lower() not in known:
        raise click.UsageError(f"{word!r} is no state; there are {', '.join(sorted(known))}")
    return known[word.lower()]
