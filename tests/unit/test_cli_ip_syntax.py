# SPDX-License-Identifier: MIT
"""The word order of ip(8)."""

import click
import pytest

from netio import NeighborState
from netio.cli.ip_syntax import interface_of, split_words, state_of

ALL = ("dev", "lladdr", "nud", "to")


@pytest.mark.parametrize(
    ("words", "positional", "named"),
    [
        ("", [], {}),
        ("192.0.2.7 02:00:5e:00:00:07", ["192.0.2.7", "02:00:5e:00:00:07"], {}),
        ("192.0.2.7 lladdr X dev eth0", ["192.0.2.7"], {"lladdr": "X", "dev": "eth0"}),
        ("dev eth0 to 192.0.2.7 nud permanent", ["192.0.2.7"], {"dev": "eth0", "nud": "permanent"}),
        ("to a to b c", ["a", "b", "c"], {}),
        ("dev dev", [], {"dev": "dev"}),  # an interface may have this name
    ],
)
def test_split_words(words: str, positional: list[str], named: dict[str, str]) -> None:
    assert split_words(words.split(), ALL) == (positional, named)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["dev"], "keyword 'dev' needs a value"),
        (["a", "dev", ""], "keyword 'dev' needs a value"),
        (["to"], "keyword 'to' needs a value"),
        (["dev", "a", "dev", "a"], "keyword 'dev' is given twice"),
        (["dev", "a", "dev", "b"], "keyword 'dev' is given twice"),
        (["lladdr", "X"], "keyword 'lladdr' is not valid for this command"),
    ],
)
def test_invalid_words_are_rejected(words: list[str], reason: str) -> None:
    with pytest.raises(click.UsageError, match=reason):
        split_words(words, ("dev", "to"))


def test_interface_by_keyword_and_option() -> None:
    assert interface_of({}, None) is None
    assert interface_of({}, "eth0") == "eth0"
    assert interface_of({"dev": "eth0"}, None) == "eth0"
    assert interface_of({"dev": "eth0"}, "eth0") == "eth0"
    with pytest.raises(click.UsageError, match="--interface eth1 contradicts dev eth0"):
        interface_of({"dev": "eth0"}, "eth1")


def test_names_of_states() -> None:
    assert state_of("Stale") is NeighborState.STALE
    assert state_of("failed") is NeighborState.UNREACHABLE
    assert state_of("noarp") is NeighborState.PERMANENT
    with pytest.raises(click.UsageError, match="invalid state 'gone'; the states are delay, failed, "):
        state_of("gone")
