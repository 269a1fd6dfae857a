# SPDX-License-Identifier: MIT
"""A prefix as a picture: one sign an address. Knows no terminal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from netio import InvalidParameterError, Neighbor, NeighborState, NetioError, UnreachableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from ipaddress import IPv4Network, IPv6Network

# Signs between two gaps, for the eye to count by.
GROUP = 8


@dataclass(frozen=True, slots=True)
class Sign:
    """What stands for an address."""

    letter: str
    meaning: str
    state: NeighborState | None = None


_NO_ANSWER = Sign(".", "no answer")
_FAILED = Sign("!", "failed", NeighborState.UNREACHABLE)
_NOT_ASKED = Sign(" ", "")
_CANNOT_BE_ASKED = Sign("-", "cannot be asked")
_KNOWN = Sign("*", "known")
_STATES = {
    state: Sign(letter, state.name.lower(), state)
    for letter, state in (
        ("R", NeighborState.REACHABLE),
        ("P", NeighborState.PERMANENT),
        ("S", NeighborState.STALE),
        ("D", NeighborState.DELAY),
        ("B", NeighborState.PROBE),
    )
}


def sign_of(answer: Neighbor | NetioError | None) -> Sign:
    """The sign of what an address came to; None: it was not asked for, or has no answer yet."""
    if answer is None:
        return _NOT_ASKED
    if isinstance(answer, Neighbor):
        return _STATES.get(answer.state, _KNOWN)
    if isinstance(answer, InvalidParameterError):
        return _CANNOT_BE_ASKED
    return _NO_ANSWER if isinstance(answer, UnreachableError) else _FAILED


def lines_of(
    network: IPv4Network | IPv6Network, answers: Mapping[object, Neighbor | NetioError], width: int
) -> Iterator[tuple[str, list[Sign]]]:
    """The picture, line by line: the first address, and the signs of that and the next ones, `width` a line."""
    hosts = set(network.hosts())
    signs = [sign_of(answers.get(address)) if address in hosts else _CANNOT_BE_ASKED for address in network]
    for start in range(0, len(signs), width):
        yield str(network[start]), signs[start : start + width]


def legend(lines: list[tuple[str, list[Sign]]]) -> list[tuple[Sign, int]]:
    """The signs that occur, and how often, most telling first."""
    counted = Counter(sign for _, signs in lines for sign in signs if sign.meaning)
    order = [*_STATES.values(), _KNOWN, _NO_ANSWER, _FAILED, _CANNOT_BE_ASKED]
    return sorted(counted.items(), key=lambda item: order.index(item[0]))
