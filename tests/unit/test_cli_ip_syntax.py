# SPDX-License-Identifier: MIT
"""The word order of ip(8)."""

import click
import pytest

from netio.cli.ip_syntax import has_only_addresses, interface_of, is_state, split_words, state_name

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
        (["a", "router"], "'router' is not supported: this command neither writes nor selects the flag"),
    ],
)
def test_invalid_words_are_rejected(words: list[str], reason: str) -> None:
    with pytest.raises(click.UsageError, match=reason):
        split_words(words, ("dev", "to"))


def test_flags_and_protocol_of_a_command_that_writes_them() -> None:
    """Bug: a flag is taken as an address, or the value of the protocol is."""
    keywords = (*ALL, "protocol", "router", "extern_learn")
    words = ["192.0.2.7", "lladdr", "X", "router", "proto", "zebra", "extern_learn", "dev", "eth0"]
    named = {"lladdr": "X", "router": "router", "protocol": "zebra", "extern_learn": "extern_learn", "dev": "eth0"}
    assert split_words(words, keywords) == (["192.0.2.7"], named)
    for line, reason in (
        ("router router", "keyword 'router' is given twice"),
        ("proto 1 protocol 2", "keyword 'protocol' is given twice"),
        ("proto", "keyword 'proto' needs a value"),
        ("offload", "'offload' is not supported"),
    ):
        with pytest.raises(click.UsageError, match=reason):
            split_words(line.split(), keywords)


def test_interface_by_keyword_and_option() -> None:
    assert interface_of({}, None) is None
    assert interface_of({}, "eth0") == "eth0"
    assert interface_of({"dev": "eth0"}, None) == "eth0"
    assert interface_of({"dev": "eth0"}, "eth0") == "eth0"
    with pytest.raises(click.UsageError, match="--interface eth1 contradicts dev eth0"):
        interface_of({"dev": "eth0"}, "eth1")


def test_names_of_states() -> None:
    """Bug: NOARP, which only Linux has, is taken for PERMANENT."""
    assert [state_name(word) for word in ("Stale", "failed", "none", "noarp")] == [
        "STALE",
        "UNREACHABLE",
        "INCOMPLETE",
        "NOARP",
    ]
    assert not is_state("gone")
    with pytest.raises(click.UsageError, match="invalid state 'gone'; the states are delay, failed, "):
        state_name("gone")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("192.0.2.7", True),
        ("fe80::7 dev eth0 lladdr 02:00:5e:00:00:07 router proto zebra STALE", True),
        ("192.0.2.7 192.0.2.0/24", False),
        ("192.0.2.7 eth0", False),
        ("dev eth0 nud stale", False),
        ("stale", False),
    ],
)
def test_whether_words_have_only_addresses(words: str, expected: bool) -> None:
    """Bug: a filter deletes the address beside it although it does not match, or a pasted line is a filter."""
    assert has_only_addresses(words.split()) is expected


def test_flags_of_a_pasted_line_are_skipped() -> None:
    """Bug: the value of `proto` is taken as another address."""
    line = "fe80::7 dev eth0 lladdr X extern_learn router proto zebra STALE"
    assert split_words(line.split(), ALL, pasted=True) == (["fe80::7", "STALE"], {"dev": "eth0", "lladdr": "X"})
    with pytest.raises(click.UsageError, match="'proxy' is not supported: netio has no proxy entries"):
        split_words(["proxy", "192.0.2.7"], ALL, pasted=True)
