# SPDX-License-Identifier: MIT
"""`netio resolve`: asking the link for some addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from netlab.capture import Question, capturing
from netlab.child import UNPRIVILEGED
from netlab.command import answer, complaint, run
from netlab.wire import ABSENT_IP4, FAR_IP4, FAR_IP6, FAR_MAC, NEAR_IP4

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netlab.wire import Wire


@pytest.fixture(autouse=True)
def _in_a_hurry(wire: Wire) -> None:
    wire.hasten()


@pytest.mark.parametrize("prefix", [(), UNPRIVILEGED], ids=["root", "nobody"])
def test_many_at_once(prefix: Sequence[str]) -> None:
    rows = answer("resolve", FAR_IP6, "fe80::2%near0", FAR_IP4, prefix=prefix)
    assert [(row["address"], row["physical_address"], row["state"]) for row in rows] == [
        (FAR_IP4, FAR_MAC, "REACHABLE"),
        (FAR_IP6, FAR_MAC, "REACHABLE"),
        ("fe80::2%near0", FAR_MAC, "REACHABLE"),
    ]


def test_silence_is_a_row_too() -> None:
    """Bug: who did not answer is missing in what is shown, or the exit status is that of success."""
    done = run("resolve", ABSENT_IP4, FAR_IP4)
    assert (done.returncode, done.stderr) == (1, "")
    assert [line.split() for line in done.stdout.splitlines()[1:]] == [
        [FAR_IP4, FAR_MAC, "near0", "REACHABLE"],
        [ABSENT_IP4, "-", "UNREACHABLE"],
    ]
    _, silent = answer("resolve", FAR_IP4, ABSENT_IP4, status=1)
    assert (silent["address"], silent["error"]["name"]) == (ABSENT_IP4, "UnreachableError")


def test_what_cannot_be_asked_for_has_a_line_on_stderr() -> None:
    done = run("resolve", "192.0.2.300", FAR_IP4, "-i", "near0", NEAR_IP4)
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == [NEAR_IP4, FAR_IP4, "192.0.2.300"]
    own, none = done.stderr.splitlines()
    assert "one's own" in own
    assert none == "netio: '192.0.2.300' is no IPv4 or IPv6 address; write it like 192.0.2.7 or 2001:db8::7"


def test_who_is_behind_a_router(wire: Wire) -> None:
    """Bug: what is on no link looks as if it were silent."""
    wire.near.ip(f"route add 203.0.113.0/24 via {FAR_IP4}")
    done = run("resolve", "203.0.113.9")
    assert (done.returncode, done.stdout.splitlines()[1].split()) == (1, ["203.0.113.9", "-", "UNREACHABLE"])
    assert f"it is behind the gateway {FAR_IP4}" in done.stderr


def test_what_is_no_address_stays_on_its_line() -> None:
    """Bug: what was given talks to the terminal, or begins a row of its own."""
    done = run("resolve", "a\nb\x1b[31m")
    assert done.stdout.splitlines()[1].split()[0] == r"a\nb\x1b[31m"


def test_source(wire: Wire) -> None:
    """Bug: the option is not handed on."""
    wire.near.ip("address add 192.0.2.5/32 dev near0")
    with capturing(wire) as capture:
        answer("resolve", FAR_IP4, "--source", "192.0.2.5")
        assert Question("192.0.2.5", FAR_IP4) in capture.questions()
    assert run("resolve", FAR_IP4, "--source", "192.0.2.6").returncode == 1
    assert "write it like" in complaint("resolve", FAR_IP4, "--source", "")


def test_timeout(wire: Wire) -> None:
    """Bug: the option is not handed on: here the kernel gives up after an hour only."""
    wire.near.ip("ntable change name arp_cache dev near0 retrans 1000000")
    (silent,) = answer("resolve", ABSENT_IP4, "--timeout", "0.1", status=1)
    assert silent["error"]["name"] == "UnreachableError"
    assert "timeout nan is not a finite number" in complaint("resolve", FAR_IP4, "--timeout", "nan")


def test_words_of_ip() -> None:
    assert [row["interface"] for row in answer("resolve", "to", FAR_IP4, "dev", "near0")] == ["near0"]
    assert "the interfaces are lo, near0" in run("resolve", FAR_IP4, "dev", "nothere").stderr
