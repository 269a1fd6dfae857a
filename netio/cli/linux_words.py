# SPDX-License-Identifier: MIT
"""The words of ip(8) for what only Linux has of an entry: flags and protocols. Independent of the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netio.linux import NeighborFlags

if TYPE_CHECKING:
    from collections.abc import Iterable

_FLAGS = {
    NeighborFlags.USE: "use",
    NeighborFlags.SELF: "self",
    NeighborFlags.MASTER: "master",
    NeighborFlags.PROXY: "proxy",
    NeighborFlags.EXT_LEARNED: "extern_learn",
    NeighborFlags.OFFLOADED: "offload",
    NeighborFlags.STICKY: "sticky",
    NeighborFlags.ROUTER: "router",
    NeighborFlags.MANAGED: "managed",
    NeighborFlags.LOCKED: "locked",
    NeighborFlags.EXT_VALIDATED: "extern_valid",
}

# The flags that a neighbour can be written with.
WRITABLE_FLAGS = {
    _FLAGS[flag]: flag
    for flag in (
        NeighborFlags.ROUTER,
        NeighborFlags.USE,
        NeighborFlags.MANAGED,
        NeighborFlags.EXT_LEARNED,
        NeighborFlags.EXT_VALIDATED,
    )
}

# The names in linux/rtnetlink.h (RTPROT_), which iproute2 has in rt_protos.
PROTOCOLS = {
    "unspec": 0,
    "redirect": 1,
    "kernel": 2,
    "boot": 3,
    "static": 4,
    "gated": 8,
    "ra": 9,
    "mrt": 10,
    "zebra": 11,
    "bird": 12,
    "dnrouted": 13,
    "xorp": 14,
    "ntk": 15,
    "dhcp": 16,
    "mrouted": 17,
    "keepalived": 18,
    "babel": 42,
    "ovn": 84,
    "openr": 99,
    "bgp": 186,
    "isis": 187,
    "ospf": 188,
    "rip": 189,
    "eigrp": 192,
}
_PROTOCOL_NAMES = {number: name for name, number in PROTOCOLS.items()}
_MAX_PROTOCOL = 255


def flag_words(flags: NeighborFlags) -> list[str]:
    """Returns the words for flags; those that netio does not know as one hexadecimal number."""
    words = [word for flag, word in _FLAGS.items() if flag in flags]
    unknown = int(flags) & ~sum(_FLAGS)
    return [*words, f"{unknown:#x}"] if unknown else words


def flags_of(words: Iterable[str]) -> NeighborFlags:
    """Returns the flags for words of WRITABLE_FLAGS."""
    flags = NeighborFlags(0)
    for word in words:
        flags |= WRITABLE_FLAGS[word]
    return flags


def protocol_word(number: object) -> str:
    """Returns the name of a protocol, its number if it has none, and "-" if there is no protocol."""
    if not isinstance(number, int) or number == 0:
        return "-"
    return _PROTOCOL_NAMES.get(number, str(number))


def protocol_of(word: str) -> int:
    """Returns the number of a protocol that is given by name or number.

    Raises:
        click.UsageError: There is no such protocol.
    """
    if word.lower() in PROTOCOLS:
        return PROTOCOLS[word.lower()]
    if word.isascii() and word.isdecimal() and len(word) <= 3 and int(word) <= _MAX_PROTOCOL:
        return int(word)
    names = ", ".join(PROTOCOLS)
    raise click.UsageError(f"invalid protocol {word!r}; use a number from 0 to {_MAX_PROTOCOL}, or one of {names}")
