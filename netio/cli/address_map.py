# SPDX-License-Identifier: MIT
"""The map of a prefix: one symbol per address. Independent of the terminal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netio import InvalidParameterError, Neighbor, NeighborState, NetioError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from ipaddress import IPv4Network, IPv6Network

# Symbols between two gaps, so that readers can count them.
GROUP = 8


@dataclass(frozen=True, slots=True)
class Symbol:
    """The symbol of an address, and its meaning in the legend."""

    letter: str
    meaning: str
    state: NeighborState | None = None


_NO_REPLY = Symbol(".", "no reply")
_FAILED = Symbol("!", "failed", NeighborState.UNREACHABLE)
_PENDING = Symbol(" ", "")
_NOT_PROBED = Symbol("-", "cannot be probed")
_KNOWN = Symbol("*", "known")
_STATES = {
    state: Symbol(letter, state.name.lower(), state)
    for letter, state in (
        ("R", NeighborState.REACHABLE),
        ("P", NeighborState.PERMANENT),
        ("S", NeighborState.STALE),
        ("D", NeighborState.DELAY),
        ("B", NeighborState.PROBE),
    )
}


def symbol_of(result: Neighbor | NetioError | None) -> Symbol:
    """Returns the symbol of an address by its result; None if there is no result yet."""
    if result is None:
        return _PENDING
    if isinstance(result, Neighbor):
        return _STATES.get(result.state, _KNOWN)
    if isinstance(result, InvalidParameterError):
        return _NOT_PROBED
    return _NO_REPLY if isinstance(result, UnreachableError) else _FAILED


def lines_of(
    network: IPv4Network | IPv6Network, results: Mapping[object, Neighbor | NetioError], width: int
) -> Iterator[tuple[str, list[Symbol]]]:
    """Yields the lines of the map: the first address of each, and the symbols of `width` addresses."""
    symbols = [symbol_of(results.get(address)) for address in network]
    for start in range(0, len(symbols), width):
        yield str(network[start]), symbols[start : start + width]


def legend(lines: list[tuple[str, list[Symbol]]]) -> list[tuple[Symbol, int]]:
    """Returns the symbols that occur, and their counts: states first, then failures."""
    counts = Counter(symbol for _, symbols in lines for symbol in symbols if symbol.meaning)
    order = [*_STATES.values(), _KNOWN, _NO_REPLY, _FAILED, _NOT_PROBED]
    return sorted(counts.items(), key=lambda item: order.index(item[0]))
