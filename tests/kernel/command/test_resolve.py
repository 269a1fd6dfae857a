# SPDX-License-Identifier: MIT
"""`netio resolve`: probing some addresses."""

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
def _fast_kernel(wire: Wire) -> None:
    wire.hasten()


@pytest.mark.parametrize("prefix", [(), UNPRIVILEGED], ids=["root", "nobody"])
def test_several_addresses(prefix: Sequence[str]) -> None:
    """Bug: results are not sorted, or an address family is left out."""
    rows = answer("resolve", FAR_IP6, "fe80::2%near0", FAR_IP4, prefix=prefix)
    assert [(row["address"], row["physical_address"], row["state"]) for row in rows] == [
        (FAR_IP4, FAR_MAC, "REACHABLE"),
        (FAR_IP6, FAR_MAC, "REACHABLE"),
        ("fe80::2%near0", FAR_MAC, "REACHABLE"),
    ]


def test_silent_host_is_a_row_of_the_table() -> None:
    """Bug: a silent host is missing in the output, or the exit status is 0."""
    done = run("resolve", ABSENT_IP4, FAR_IP4)
    assert (done.returncode, done.stderr) == (1, "")
    assert [line.split() for line in done.stdout.splitlines()[1:]] == [
        [FAR_IP4, FAR_MAC, "near0", "REACHABLE"],
        [ABSENT_IP4, "-", "near0", "UNREACHABLE"],
    ]
    _, silent = answer("resolve", FAR_IP4, ABSENT_IP4, status=1)
    assert (silent["address"], silent["interface"], silent["error"]["name"]) == (
        ABSENT_IP4,
        "near0",
        "UnreachableError",
    )


def test_addresses_that_cannot_be_probed_are_explained_on_stderr() -> None:
    """Bug: an invalid address looks like a silent host."""
    done = run("resolve", "192.0.2.300", FAR_IP4, "-i", "near0", NEAR_IP4)
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == [NEAR_IP4, FAR_IP4, "192.0.2.300"]
    own, invalid = done.stderr.splitlines()
    assert "it is an address of this machine" in own
    assert invalid == "netio: invalid IP address '192.0.2.300'; write it like 192.0.2.7 or 2001:db8::7"


def test_address_behind_a_gateway(wire: Wire) -> None:
    """Bug: an off-link address looks like a silent host."""
    wire.near.ip(f"route add 203.0.113.0/24 via {FAR_IP4}")
    done = run("resolve", "203.0.113.9")
    assert (done.returncode, done.stdout.splitlines()[1].split()) == (1, ["203.0.113.9", "-", "UNREACHABLE"])
    assert f"it is behind the gateway {FAR_IP4}" in done.stderr
    assert "name the interface with --interface" in done.stderr


def test_invalid_text_is_escaped() -> None:
    """Bug: control characters of an argument reach the terminal, or start a new line."""
    done = run("resolve", "a\nb\x1b[31m")
    assert done.stdout.splitlines()[1].split()[0] == r"a\nb\x1b[31m"


def test_source_option(wire: Wire) -> None:
    """Bug: the option is ignored."""
    wire.near.ip("address add 192.0.2.5/32 dev near0")
    with capturing(wire) as capture:
        answer("resolve", FAR_IP4, "--source", "192.0.2.5")
        assert Question("192.0.2.5", FAR_IP4) in capture.questions()
    assert run("resolve", FAR_IP4, "--source", "192.0.2.6").returncode == 1
    assert "write it like" in complaint("resolve", FAR_IP4, "--source", "")


def test_timeout_option(wire: Wire) -> None:
    """Bug: the option is ignored. Here the kernel gives up only after an hour."""
    wire.near.ip("ntable change name arp_cache dev near0 retrans 1000000")
    (silent,) = answer("resolve", ABSENT_IP4, "--timeout", "0.1", status=1)
    assert silent["error"]["name"] == "UnreachableError"
    assert "timeout is nan; it must be a finite number" in complaint("resolve", FAR_IP4, "--timeout", "nan")


def test_word_order_of_ip() -> None:
    """Bug: `to` and `dev` are taken for addresses."""
    assert [row["interface"] for row in answer("resolve", "to", FAR_IP4, "dev", "near0")] == ["near0"]
    assert "the interfaces are lo, near0" in run("resolve", FAR_IP4, "dev", "nothere").stderr
