# SPDX-License-Identifier: MIT
"""The map of consecutive addresses."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from netio import InvalidParameterError, Neighbor, NeighborState, NetioError, TableFullError, UnreachableError
from netio.cli.address_map import legend, map_of, symbol_of
from netio.cli.not_probed import NotProbed

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from netio.cli.address_map import Map

WIDE = 300


def entry(state: NeighborState) -> Neighbor:
    return Neighbor("192.0.2.7", state=state)


def not_probed(kind: NotProbed) -> NetioError:
    error = InvalidParameterError()
    error.reason = kind.value
    return error


def drawn(prefix: str, results: dict[str, Neighbor | NetioError], *, width: int = WIDE, height: int = 32) -> Map:
    addresses: list[IPv4Address | IPv6Address] = [*ip_network(prefix)]
    return map_of(addresses, [symbol_of(results.get(str(address))) for address in addresses], width, height)


def lines(found: Map) -> list[str]:
    return [f"{label} {''.join(symbol.letter for symbol in symbols)}" for label, symbols in found.lines]


def test_each_state_has_its_own_symbol() -> None:
    """Bug: two states differ in their colour only, or own and broadcast addresses share a symbol."""
    entries = [entry(state) for state in NeighborState], [entry(NeighborState(77))]
    errors = UnreachableError(), InvalidParameterError(), TableFullError(), *map(not_probed, NotProbed)
    known = "RPSDB"
    letters = {item.state.name: symbol_of(item).letter for item in entries[0]}
    assert "".join(letters[name] for name in ("REACHABLE", "PERMANENT", "STALE", "DELAY", "PROBE")) == known
    assert symbol_of(entries[1][0]).letter == "*"
    assert [symbol_of(error).letter for error in errors] == [".", "?", "!", "@", "-"]
    assert symbol_of(None).letter == " "
    assert all(letter.isascii() for letter in letters.values())


def test_lines() -> None:
    """Bug: a symbol is in the place of another address."""
    results: dict[str, Neighbor | NetioError] = {
        "192.0.2.1": not_probed(NotProbed.OWN),
        "192.0.2.2": entry(NeighborState.REACHABLE),
        "192.0.2.16": entry(NeighborState.STALE),
        "192.0.2.30": UnreachableError(),
        "192.0.2.31": not_probed(NotProbed.BROADCAST),
    }
    assert lines(drawn("192.0.2.0/27", results, width=40)) == [
        "192.0.2.0  @R             ",
        "192.0.2.16 S             .-",
    ]
    assert lines(drawn("192.0.2.0/27", results)) == ["192.0.2.0  @R             S             .-"]


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
    assert lines(drawn(prefix, {})) == [line]


@pytest.mark.parametrize(
    ("prefix", "width", "height", "expected"),
    [
        # Lines, symbols of a line, addresses of a symbol.
        ("192.0.2.0/24", WIDE, 32, (8, 32, 1)),
        ("10.0.0.0/22", WIDE, 32, (32, 32, 1)),
        ("10.0.0.0/22", WIDE, 16, (16, 64, 1)),
        ("10.0.0.0/22", 80, 16, (16, 32, 2)),
        ("10.0.0.0/16", WIDE, 32, (32, 64, 32)),
        ("10.0.0.0/16", 80, 16, (16, 32, 128)),
        ("10.0.0.0/16", 40, 16, (16, 16, 256)),
        ("10.0.0.0/16", 20, 4, (4, 16, 1024)),
        ("2001:db8::/112", 40, 30, (16, 16, 256)),
    ],
)
def test_map_is_a_screenful_at_most(prefix: str, width: int, height: int, expected: tuple[int, int, int]) -> None:
    """Bug: a /16 has 2,048 lines, or more symbols in a line than fit."""
    found = drawn(prefix, {}, width=width, height=height)
    assert (len(found.lines), len(found.lines[0][1]), found.scale) == expected
    assert sum(len(symbols) for _, symbols in found.lines) * found.scale == ip_network(prefix).num_addresses


def test_symbol_of_several_addresses_is_the_most_important_one() -> None:
    """Bug: a host among silent addresses, or the own address, disappears from the map of a large prefix."""
    silent = UnreachableError()
    results: dict[str, Neighbor | NetioError] = {
        **{str(address): silent for address in ip_network("10.0.0.0/22")},
        "10.0.0.3": entry(NeighborState.STALE),
        "10.0.0.5": entry(NeighborState.REACHABLE),
        "10.0.0.17": not_probed(NotProbed.OWN),
        "10.0.0.32": not_probed(NotProbed.OWN),
        "10.0.0.33": entry(NeighborState.REACHABLE),
        "10.0.3.255": not_probed(NotProbed.BROADCAST),
    }
    found = drawn("10.0.0.0/22", results, width=40, height=4)
    assert lines(found)[0] == "10.0.0.0 R@R............."
    assert lines(found)[-1] == "10.0.3.0 ................"
    assert (found.scale, found.ruler) == (16, ["+0", "+128"])


def test_ruler() -> None:
    """Bug: the offsets do not belong to the groups below them, or are decimal below hexadecimal addresses."""
    assert drawn("192.0.2.0/24", {}).ruler == ["+0", "+8", "+16", "+24"]
    assert drawn("2001:db8::/120", {}).ruler == ["+0", "+8", "+10", "+18"]
    assert drawn("192.0.2.0/29", {}).ruler == ["+0"]


def test_long_addresses_on_a_narrow_terminal() -> None:
    """Bug: the terminal wraps the lines of the map."""
    prefix = "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ff00/123"
    assert lines(drawn(prefix, {}, width=80))[0].startswith("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ff00 ")
    narrow = drawn(prefix, {}, width=40)
    assert [label for label, _ in narrow.lines] == ["+0", "+10"]
    assert not narrow.has_addresses


def test_legend() -> None:
    """Bug: the legend has another order than hosts, failures, silent addresses; or counts pending addresses."""
    results = [
        None,
        UnreachableError(),
        entry(NeighborState.PERMANENT),
        entry(NeighborState.REACHABLE),
        entry(NeighborState.REACHABLE),
        not_probed(NotProbed.OWN),
        InvalidParameterError(),
    ]
    found = [(symbol.letter, symbol.meaning, count) for symbol, count in legend(map(symbol_of, results))]
    assert found == [
        ("R", "reachable", 2),
        ("P", "permanent", 1),
        ("@", "own address", 1),
        (".", "no reply", 1),
        ("?", "cannot be probed", 1),
    ]
