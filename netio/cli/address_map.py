# SPDX-License-Identifier: MIT
"""The map of consecutive addresses: signs in lines, at most a screenful. Independent of the terminal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netio import InvalidParameterError, Neighbor, NeighborState, NetioError, UnreachableError
from netio.cli.not_probed import NotProbed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from ipaddress import IPv4Address, IPv6Address

    Address = IPv4Address | IPv6Address

# Symbols between two gaps, so that readers can count them.
GROUP = 8

# Symbols of a line. 64 only if 32 need too many lines.
_WIDTHS = (16, 32, 64)
_USUAL_WIDTH = 32


@dataclass(frozen=True, slots=True)
class Symbol:
    """The symbol of an address, and its meaning in the legend."""

    letter: str
    meaning: str
    state: NeighborState | None = None


@dataclass(frozen=True, slots=True)
class Map:
    """A map of consecutive addresses.

    Attributes:
        lines: The first address of each line, or its offset if the address is too long; and the symbols of the line.
        ruler: The offset of each group of symbols in a line. Offsets are hexadecimal for IPv6.
        scale: How many addresses a symbol stands for.
        has_addresses: Whether the lines have addresses, not offsets.
    """

    lines: list[tuple[str, list[Symbol]]]
    ruler: list[str]
    scale: int
    has_addresses: bool


_NO_REPLY = Symbol(".", "no reply")
_FAILED = Symbol("!", "failed", NeighborState.UNREACHABLE)
_PENDING = Symbol(" ", "")
_OTHER = Symbol("?", "cannot be probed")
_NOT_PROBED = {
    NotProbed.OWN: Symbol("@", "own address"),
    NotProbed.BROADCAST: Symbol("-", "broadcast address"),
}
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

# The order of the legend. A symbol for several addresses is the first of theirs in it.
_OWN, _BROADCAST = _NOT_PROBED.values()
_ORDER = [*_STATES.values(), _KNOWN, _FAILED, _OWN, _NO_REPLY, _BROADCAST, _OTHER, _PENDING]


def symbol_of(result: Neighbor | NetioError | None) -> Symbol:
    """Returns the symbol of an address by its result; None if there is no result yet."""
    if result is None:
        return _PENDING
    if isinstance(result, Neighbor):
        return _STATES.get(result.state, _KNOWN)
    if isinstance(result, InvalidParameterError):
        kind = NotProbed.of(result)
        return _OTHER if kind is None else _NOT_PROBED[kind]
    return _NO_REPLY if isinstance(result, UnreachableError) else _FAILED


def map_of(addresses: Sequence[Address], symbols: Sequence[Symbol], width: int, height: int) -> Map:
    """Makes the map of consecutive addresses.

    Args:
        addresses: The addresses.
        symbols: Their symbols.
        width: The most characters of a line.
        height: The most lines.
    """
    margin = max(len(str(addresses[0])), len(str(addresses[-1])))
    has_addresses = margin + _line_length(_WIDTHS[0]) <= width
    columns = max((number for number in _WIDTHS if margin + _line_length(number) <= width), default=_WIDTHS[0])
    if min(columns, _USUAL_WIDTH) * height >= len(addresses):
        columns = min(columns, _USUAL_WIDTH)
    scale = 1
    while columns * height * scale < len(addresses):
        scale *= 2
    cells = [min(symbols[start : start + scale], key=_RANKS.__getitem__) for start in range(0, len(symbols), scale)]
    kind = "d" if addresses[0].version == 4 else "x"
    offsets = [start * scale for start in range(0, len(cells), columns)]
    labels = [str(addresses[offset]) if has_addresses else f"+{offset:{kind}}" for offset in offsets]
    return Map(
        [(label, cells[place * columns : (place + 1) * columns]) for place, label in enumerate(labels)],
        [f"+{start * scale:{kind}}" for start in range(0, min(len(cells), columns), GROUP)],
        scale,
        has_addresses,
    )


def _line_length(symbols: int) -> int:
    return symbols + symbols // GROUP


_RANKS = {symbol: rank for rank, symbol in enumerate(_ORDER)}


def legend(symbols: Iterable[Symbol]) -> list[tuple[Symbol, int]]:
    """Returns the symbols that occur, and their counts: states first, then failures."""
    counts = Counter(symbol for symbol in symbols if symbol.meaning)
    return sorted(counts.items(), key=lambda item: _RANKS[item[0]])
