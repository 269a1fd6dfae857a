# SPDX-License-Identifier: MIT
"""A prefix as a picture."""

from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest

from netio import InvalidParameterError, Neighbor, NeighborState, NetioError, TableFullError, UnreachableError
from netio.cli.address_map import legend, lines_of, sign_of


def row(state: NeighborState) -> Neighbor:
    return Neighbor("192.0.2.7", state=state)


def picture(
    prefix: str, width: int, answers: dict[str, Neighbor | NetioError]
) -> tuple[IPv4Network | IPv6Network, list[str]]:
    network = ip_network(prefix)
    by_address: dict[object, Neighbor | NetioError] = {
        type(network[0])(address): answer for address, answer in answers.items()
    }
    lines = lines_of(network, by_address, width)
    return network, [f"{address} {''.join(sign.letter for sign in signs)}" for address, signs in lines]


def test_each_state_has_a_sign_of_its_own() -> None:
    """Bug: two states can be told apart by colour only."""
    answers = [row(state) for state in NeighborState], [row(NeighborState(77))]
    errors = UnreachableError(), InvalidParameterError(), TableFullError()
    known = "RPSDB"
    letters = {answer.state.name: sign_of(answer).letter for answer in answers[0]}
    assert "".join(letters[name] for name in ("REACHABLE", "PERMANENT", "STALE", "DELAY", "PROBE")) == known
    assert sign_of(answers[1][0]).letter == "*"
    assert [sign_of(error).letter for error in errors] == [".", "-", "!"]
    assert sign_of(None).letter == " "
    assert all(sign.isascii() for sign in letters.values())


def test_lines() -> None:
    answers: dict[str, Neighbor | NetioError] = {
        "192.0.2.1": InvalidParameterError(),
        "192.0.2.2": row(NeighborState.REACHABLE),
        "192.0.2.16": row(NeighborState.STALE),
        "192.0.2.30": UnreachableError(),
    }
    assert picture("192.0.2.0/27", 16, answers)[1] == [
        "192.0.2.0 --R             ",
        "192.0.2.16 S             .-",
    ]
    assert picture("192.0.2.0/27", 32, answers)[1] == ["192.0.2.0 --R             S             .-"]


@pytest.mark.parametrize(
    ("prefix", "line"),
    [
        ("192.0.2.4/32", "192.0.2.4  "),
        ("192.0.2.4/31", "192.0.2.4   "),
        ("192.0.2.4/30", "192.0.2.4 -  -"),
        ("2001:db8::/128", "2001:db8::  "),
        ("2001:db8::/127", "2001:db8::   "),
        ("2001:db8::/126", "2001:db8:: -   "),
    ],
)
def test_which_addresses_cannot_be_asked_for(prefix: str, line: str) -> None:
    """Bug: a /31 has no host; the last address of an IPv6 prefix is taken for broadcast."""
    assert picture(prefix, 16, {})[1] == [line]


def test_every_address_of_the_largest_prefix_has_its_place() -> None:
    network, lines = picture("10.0.0.0/16", 32, {"10.0.255.254": row(NeighborState.PERMANENT)})
    assert len(lines) == 2048
    assert lines[-1] == f"10.0.255.224 {' ' * 30}P-"
    assert network.num_addresses == 65536


def test_legend() -> None:
    """What occurs, who is there before who is not; what was not asked for is no sign."""
    network = IPv4Network("192.0.2.0/29")
    answers: dict[object, Neighbor | NetioError] = {
        network[1]: UnreachableError(),
        network[2]: row(NeighborState.PERMANENT),
        network[3]: row(NeighborState.REACHABLE),
        network[4]: row(NeighborState.REACHABLE),
    }
    told = [(sign.letter, sign.meaning, count) for sign, count in legend(list(lines_of(network, answers, 16)))]
    assert told == [("R", "reachable", 2), ("P", "permanent", 1), (".", "no answer", 1), ("-", "cannot be asked", 2)]
