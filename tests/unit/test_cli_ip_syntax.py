# SPDX-License-Identifier: MIT
"""The word order of ip(8)."""

import click
import pytest

from netio import NeighborState
from netio.cli.ip_syntax import interface_of, state_of, take_apart

ALL = ("dev", "lladdr", "nud", "to")


@pytest.mark.parametrize(
    ("words", "plain", "named"),
    [
        ("", [], {}),
        ("192.0.2.7 02:00:5e:00:00:07", ["192.0.2.7", "02:00:5e:00:00:07"], {}),
        ("192.0.2.7 lladdr X dev eth0", ["192.0.2.7"], {"lladdr": "X", "dev": "eth0"}),
        ("dev eth0 to 192.0.2.7 nud permanent", ["192.0.2.7"], {"dev": "eth0", "nud": "permanent"}),
        ("to a to b c", ["a", "b", "c"], {}),
        ("dev dev", [], {"dev": "dev"}),  # an interface may be called so
    ],
)
def test_take_apart(words: str, plain: list[str], named: dict[str, str]) -> None:
    assert take_apart(words.split(), ALL) == (plain, named)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["dev"], "'dev' needs a word"),
        (["a", "dev", ""], "'dev' needs a word"),
        (["to"], "'to' needs a word"),
        (["dev", "a", "dev", "a"], "'dev' is there twice"),
        (["dev", "a", "dev", "b"], "'dev' is there twice"),
        (["lladdr", "X"], "'lladdr' means nothing"),
    ],
)
def test_what_is_refused(words: list[str], reason: str) -> None:
    with pytest.raises(click.UsageError, match=reason):
        take_apart(words, ("dev", "to"))


def test_interface() -> None:
    assert interface_of({}, None) is None
    assert interface_of({}, "eth0") == "eth0"
    assert interface_of({"dev": "eth0"}, None) == "eth0"
    assert interface_of({"dev": "eth0"}, "eth0") == "eth0"
    with pytest.raises(click.UsageError, match="--interface eth1 contradicts dev eth0"):
        interface_of({"dev": "eth0"}, "eth1")


def test_states() -> None:
    assert state_of("Stale") is NeighborState.STALE
    assert state_of("failed") is NeighborState.UNREACHABLE
    assert state_of("noarp") is NeighborState.PERMANENT
    with pytest.raises(click.UsageError, match="'gone' is no state; there are delay, failed, "):
        state_of("gone")
