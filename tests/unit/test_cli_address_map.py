# SPDX-License-Identifier: MIT
"""The map of a prefix."""

from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest

from netio import InvalidParameterError, Neighbor, NeighborState, NetioError, TableFullError, UnreachableError
from netio.cli.address_map import legend, lines_of, symbol_of


def entry(state: NeighborState) -> Neighbor:
    return Neighbor("192.0.2.7", state=state)


def map_of(
    prefix: str, width: int, results: dict[str, Neighbor | NetioError]
) -> tuple[IPv4Network | IPv6Network, list[str]]:
    network = ip_network(prefix)
    by_address: dict[object, Neighbor | NetioError] = {
        type(network[0])(address): result for address, result in results.items()
    }
    lines = lines_of(network, by_address, width)
    return network, [f"{address} {''.join(symbol.letter for symbol in symbols)}" for address, symbols in lines]


def test_each_state_has_its_own_symbol() -> None:
    """Bug: two states differ in their colour only."""
    entries = [entry(state) for state in NeighborState], [entry(NeighborState(77))]
    errors = UnreachableError(), InvalidParameterError(), TableFullError()
    known = "RPSDB"
    letters = {item.state.name: symbol_of(item).letter for item in entries[0]}
    assert "".join(letters[name] for name in ("REACHABLE", "PERMANENT", "STALE", "DELAY", "PROBE")) == known
    assert symbol_of(entries[1][0]).letter == "*"
    assert [symbol_of(error).letter for error in errors] == [".", "-", "!"]
    assert symbol_of(None).letter == " "
    assert all(letter.isascii() for letter in letters.values())


def test_lines() -> None:
    results: dict[str, Neighbor | NetioError] = {
        "192.0.2.1": InvalidParameterError(),
        "192.0.2.2": entry(NeighborState.REACHABLE),
        "192.0.2.16": entry(NeighborState.STALE),
        "192.0.2.30": UnreachableError(),
        "192.0.2.31": InvalidParameterError(),
    }
    assert map_of("192.0.2.0/27", 16, results)[1] == [
        "192.0.2.0  -R             ",
        "192.0.2.16 S             .-",
    ]
    assert map_of("192.0.2.0/27", 32, results)[1] == ["192.0.2.0  -R             S             .-"]


@pytest.mark.parametrize(
    ("prefix", "line"),
    [
        ("192.0.2.4/32", "192.0.2.4  "),
        ("192.0.2.4/31", "192.0.2.4   "),
        ("192.0.2.4/30", "192.0.2.4     "),
        ("2001:db8::/128", "2001:db8::  "),
        ("2001:db8::/127", "2001:db8::   "),
        ("2001:db8::/126", "2001:db8::     "),
    ],
)
def test_first_and_last_address_wait_for_their_results(prefix: str, line: str) -> None:
    """Bug: the first or last address of a prefix counts as one that cannot be probed, before there is a result."""
    assert map_of(prefix, 16, {})[1] == [line]


def test_every_address_of_the_largest_prefix_is_on_the_map() -> None:
    network, lines = map_of("10.0.0.0/16", 32, {"10.0.255.254": entry(NeighborState.PERMANENT)})
    assert len(lines) == 2048
    assert lines[-1] == f"10.0.255.224 {' ' * 30}P "
    assert network.num_addresses == 65536


def test_legend() -> None:
    """The legend has the symbols that occur, states before failures, and none for pending addresses."""
    network = IPv4Network("192.0.2.0/29")
    results: dict[object, Neighbor | NetioError] = {
        network[1]: UnreachableError(),
        network[2]: entry(NeighborState.PERMANENT),
        network[3]: entry(NeighborState.REACHABLE),
        network[4]: entry(NeighborState.REACHABLE),
        network[7]: InvalidParameterError(),
    }
    found = [(symbol.letter, symbol.meaning, count) for symbol, count in legend(list(lines_of(network, results, 16)))]
    assert found == [("R", "reachable", 2), ("P", "permanent", 1), (".", "no reply", 1), ("-", "cannot be probed", 1)]
