# SPDX-License-Identifier: MIT
"""The word order of ip(8): `192.0.2.7 lladdr 02:00:5e:00:00:07 dev eth0`. Independent of the commands."""

from __future__ import annotations

from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

import click

from netio import NeighborState, list_interfaces
from netio.cli.linux_words import WRITABLE_FLAGS

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

# The Linux state that Neighbor.state shows as PERMANENT.
NOARP = "NOARP"

# The names of ip(8) that NeighborState lacks, and the names by which --state and Selection have them.
_STATES = {state.name.lower(): state.name for state in NeighborState} | {
    "failed": NeighborState.UNREACHABLE.name,
    "none": NeighborState.INCOMPLETE.name,
    "noarp": NOARP,
}
_KEYWORDS = ("dev", "lladdr", "nud", "to")

# Other words of ip-neighbour(8): flags that `ip neigh` also prints, the protocol, and filters.
_FLAGS = (*WRITABLE_FLAGS, "offload")
_PROTOCOL = ("proto", "protocol")
_UNSUPPORTED = (
    dict.fromkeys(_FLAGS, "this command neither writes nor selects the flag")
    | dict.fromkeys(_PROTOCOL, "this command neither writes nor selects the protocol")
    | dict.fromkeys(("vrf", "nomaster"), "name the interfaces with dev")
    | {"proxy": "netio has no proxy entries", "unused": "netio does not read which entries are in use"}
)


def read_words(words: Iterable[str], keywords: Container[str], *, pasted: bool = False) -> Iterator[tuple[str, str]]:
    """Yields the words with their keywords. A word without a keyword has "to", as in ip(8), and a flag itself.

    Args:
        words: The words of a command line.
        keywords: The keywords that are valid for the command, "protocol" and flags among them if it writes these.
        pasted: Whether to skip the flags and the protocol in a line that `ip neigh` has printed.

    Raises:
        click.UsageError: A keyword is not among `keywords` or has no value, or a word of ip(8) is not supported.
    """
    rest = iter(words)
    for word in rest:
        if pasted and word in _FLAGS:
            continue
        if pasted and word in _PROTOCOL:
            next(rest, None)
        elif word in _FLAGS and word in keywords:
            yield word, word
        elif word in _PROTOCOL and "protocol" in keywords:
            yield "protocol", _value(word, rest)
        elif word in _UNSUPPORTED:
            raise click.UsageError(f"{word!r} is not supported: {_UNSUPPORTED[word]}")
        elif word not in _KEYWORDS:
            yield "to", word
        elif word not in keywords:
            raise click.UsageError(f"keyword {word!r} is not valid for this command")
        else:
            yield word, _value(word, rest)


def _value(keyword: str, rest: Iterator[str]) -> str:
    value = next(rest, None)
    if not value:
        raise click.UsageError(f"keyword {keyword!r} needs a value")
    return value


def split_words(
    words: Iterable[str], keywords: Container[str], *, pasted: bool = False
) -> tuple[list[str], dict[str, str]]:
    """Splits the words into positional ones and the values of keywords. The value of "to" is positional too.

    Raises:
        click.UsageError: As for read_words(), or a keyword is given twice.
    """
    positional: list[str] = []
    named: dict[str, str] = {}
    for keyword, word in read_words(words, keywords, pasted=pasted):
        if keyword == "to":
            positional.append(word)
        elif keyword in named:
            raise click.UsageError(f"keyword {keyword!r} is given twice")
        else:
            named[keyword] = word
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


def has_only_addresses(words: Iterable[str]) -> bool:
    """Whether the words name at least one address, and no prefix or other filter; states and keywords do not count."""
    others = [word for keyword, word in read_words(words, _KEYWORDS, pasted=True) if keyword == "to"]
    addresses = [word for word in others if not is_state(word)]
    return bool(addresses) and all(map(_is_address, addresses))


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True


def is_state(word: str) -> bool:
    """Whether a word is the name of a state, as at the end of a line that `ip neigh` has printed."""
    return word.lower() in _STATES


def state_name(word: str) -> str:
    """Returns the name in NeighborState of a state that is named as in ip(8) or NeighborState, or NOARP.

    Raises:
        click.UsageError: There is no such state.
    """
    if not is_state(word):
        raise click.UsageError(f"invalid state {word!r}; the states are {', '.join(sorted(_STATES))}")
    return _STATES[word.lower()]
