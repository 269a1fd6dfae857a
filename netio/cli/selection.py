# SPDX-License-Identifier: MIT
"""The entries that the words and options of list, flush and delete select."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import TYPE_CHECKING, NamedTuple

import click

from netio import InvalidParameterError, Neighbor, NeighborState, NetioError, PhysicalAddress, linux, list_neighbors
from netio._interfaces import InterfaceCache
from netio._native import lib
from netio._requests import on_link_interface
from netio._table import row_flags
from netio.cli.ip_syntax import NOARP, interface_name, is_state, read_words, state_name
from netio.cli.messages import interface_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from netio import NeighborTable
    from netio.linux import LinuxNeighbor

    # An entry, and the Flags of its row with the internal bits of the backend.
    Found = tuple[Neighbor, int]

# The highest 16 bits of a LUID are the ifType of the interface.
_TYPE_SHIFT, _LOOPBACK = 48, 24

_LIMITED_BROADCAST = IPv4Address("255.255.255.255")

# Words with fewer bytes, such as `ec`, are rather misspelled interfaces than physical addresses.
_MIN_PHYSICAL_BYTES = 4


class Target(NamedTuple):
    """A prefix, or an address as the longest prefix, and the interface of its scope ("" if it has none)."""

    network: IPv4Network | IPv6Network
    interface: str

    def contains(self, entry: Neighbor) -> bool:
        """Whether the entry is for an address of the prefix."""
        return entry.address in self.network and self.interface in ("", entry.interface)

    @property
    def is_address(self) -> bool:
        """Whether the prefix has only one address."""
        return self.network.prefixlen == self.network.max_prefixlen


@dataclass
class Selection:
    """Filters for entries: those of one kind add up, and an entry must match every kind that is given."""

    family: int = socket.AF_UNSPEC
    interfaces: list[str] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    physical_addresses: list[PhysicalAddress] = field(default_factory=list)
    states: set[str] = field(default_factory=set)
    every_state: bool = False  # `nud all`: also the states that are left out by default
    details: dict[object, LinuxNeighbor] | None = None  # of the entries found, if requested; Linux only

    @property
    def has_content(self) -> bool:
        """Whether more than the family and the interface is filtered."""
        return bool(self.targets or self.physical_addresses or self.states or self.every_state)

    @property
    def with_permanent(self) -> bool:
        """Whether flush also removes permanent entries, as `ip neigh flush` does if their state is named."""
        return self.every_state or NeighborState.PERMANENT.name in self.states

    def names(self, entry: Neighbor) -> bool:
        """Whether the address of an entry or a state was given, so that the entry is shown in any case."""
        return bool(self.states or self.every_state) or self._is_named(entry)

    def shown(self, *, everything: bool) -> list[Neighbor]:
        """Returns the entries that list shows: those for hosts, and those that are named or in a named state."""
        return [
            entry
            for entry, flags in self._found()
            if everything or self.every_state or self._is_named(entry) or NOARP in self.states or _is_host(entry, flags)
        ]

    def flushed(self) -> list[Neighbor]:
        """Returns the entries that flush removes: dynamic ones, and permanent ones for hosts if the state is named."""
        return [
            entry
            for entry, flags in self._found()
            if not flags & lib.NETIO_IS_FOREIGN
            and (entry.state is not NeighborState.PERMANENT or (self.with_permanent and _is_host(entry, flags)))
        ]

    def deleted(self) -> tuple[list[Neighbor], int]:
        """Returns the entries that delete removes, and how many others are kept, since they have another owner."""
        found = [(entry, flags) for entry, flags in self._found() if self._is_named(entry) or _is_host(entry, flags)]
        owned = [entry for entry, flags in found if not flags & lib.NETIO_IS_FOREIGN]
        return owned, len(found) - len(owned)

    def covers(self, entry: Neighbor, physical_addresses: Iterable[PhysicalAddress], *, everything: bool) -> bool:
        """Whether changes of an entry are shown, which has or had these physical addresses. States do not count."""
        return (
            (not self.targets or any(target.contains(entry) for target in self.targets))
            and (not self.physical_addresses or not {*physical_addresses}.isdisjoint(self.physical_addresses))
            and (everything or self._is_named(entry) or not _is_special(entry.address))
        )

    def _found(self) -> Iterator[Found]:
        """Reads the entries that match. An interface can be given by two names; each of its entries is found once."""
        done: set[int] = set()
        for interface in self.interfaces or (None,):
            table = self._read(interface)
            indexes = set()
            for entry, flags in zip(table, row_flags(table), strict=True):
                indexes.add(entry.interface_index)
                if entry.interface_index not in done and self._matches(entry, flags):
                    yield entry, flags
            done |= indexes

    def _read(self, interface: str | None) -> NeighborTable:
        if self.details is None:
            return list_neighbors(self.family, interface=interface)
        rows = linux.list_neighbors(self.family, interface=interface)
        self.details.update((_place(row.neighbor), row) for row in rows)
        return rows.neighbors

    def detailed(self, entry: Neighbor) -> Neighbor | LinuxNeighbor:
        """Returns an entry that was found with its details, if they were requested."""
        return self.details[_place(entry)] if self.details is not None else entry

    def _matches(self, entry: Neighbor, flags: int) -> bool:
        return (
            (not self.targets or any(target.contains(entry) for target in self.targets))
            and (not self.physical_addresses or entry.physical_address in self.physical_addresses)
            and (not self.states or entry.state.name in self.states or (NOARP in self.states and _is_noarp(flags)))
        )

    def _is_named(self, entry: Neighbor) -> bool:
        """Whether the address of the entry was given, and not only a prefix that contains it."""
        return any(target.is_address and target.contains(entry) for target in self.targets)

    def add(self, word: str) -> None:
        """Adds a word without a keyword: an address or prefix, else an interface, a physical address or a state.

        Raises:
            click.UsageError: The word has another form.
        """
        target = _target_of(word)
        physical_address = _physical_address_of(word)
        if target is not None:
            self.targets.append(target)
        elif _is_interface(word):
            self.interfaces.append(interface_name(word))
        elif physical_address:
            self.physical_addresses.append(physical_address)
        elif is_state(word):
            self.states.add(state_name(word))
        elif word != "all":
            raise click.UsageError(
                f"{word!r} is not an address, a prefix, a physical address, an interface or a state; "
                f"the interfaces are {interface_names()}"
            )


def selection_of(
    words: Iterable[str],
    *,
    family: int | None = None,
    interfaces: Iterable[str] = (),
    states: Iterable[str] = (),
    pasted: bool = False,
) -> Selection:
    """Makes the selection of a command from its words and options.

    Args:
        words: Words in the order of ip(8), or without keywords.
        family: The value of -4 and -6.
        interfaces: The values of --interface.
        states: The values of --state.
        pasted: As for read_words().

    Raises:
        click.UsageError: A word is invalid.
    """
    selection = Selection(family or socket.AF_UNSPEC, [*interfaces], states={*states})
    for keyword, word in read_words(words, ("dev", "lladdr", "nud", "to"), pasted=pasted):
        if keyword == "dev":
            selection.interfaces.append(interface_name(word))
        elif keyword == "lladdr":
            selection.physical_addresses.append(PhysicalAddress(word))
        elif keyword == "to":
            selection.add(word)
        elif word == "all":
            selection.every_state = True
        else:
            selection.states.add(state_name(word))
    return selection


def _target_of(word: str) -> Target | None:
    """Parses an address or a prefix, with its scope. Host bits may be set. Returns None for any other word."""
    address, slash, length = word.partition("/")
    address, percent, scope = address.partition("%")
    try:
        network = ip_network(address + slash + length, strict=False)
    except ValueError:
        return None
    if not percent:
        return Target(network, "")
    if not scope or network.version == 4 or not network.is_link_local:
        raise click.UsageError(f"{word!r} has a scope, which only link-local addresses have, like fe80::7%eth0")
    return Target(network, interface_name(scope))


def _is_interface(word: str) -> bool:
    return InterfaceCache().find(name=interface_name(word)) is not None


def _physical_address_of(word: str) -> PhysicalAddress | None:
    try:
        physical_address = PhysicalAddress(word)
    except InvalidParameterError:
        return None
    return physical_address if len(physical_address.packed) >= _MIN_PHYSICAL_BYTES else None


def _place(entry: Neighbor) -> object:
    """Returns a key that is unique, also of entries whose interface was removed and has no name."""
    return entry.address, entry.interface_index


def _is_noarp(flags: int) -> bool:
    """Whether an entry is in the state NOARP, without another owner. Routing daemons use the state for hosts."""
    return flags & lib.NETIO_IS_KERNEL_MADE != 0


def _is_host(entry: Neighbor, flags: int) -> bool:
    """Whether an entry is for a host. The system also keeps entries for multicast, broadcast and loopback addresses."""
    if _is_special(entry.address):
        return False
    if _is_noarp(flags) or entry.interface_luid >> _TYPE_SHIFT == _LOOPBACK:
        return False
    # Only the routes show whether an address is the broadcast address of a prefix. Linux marks its own such entries by
    # NOARP; those of Windows have this physical address, which a unicast entry can have too (Wake-on-LAN).
    physical_address = entry.physical_address
    return not physical_address or bool(physical_address.strip("f:")) or not _is_broadcast(entry)


def _is_special(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address can be seen not to be that of a host."""
    return address.is_multicast or address.is_loopback or address.is_unspecified or address == _LIMITED_BROADCAST


def _is_broadcast(entry: Neighbor) -> bool:
    try:
        on_link_interface(entry.address, entry.interface or None)
    except InvalidParameterError:
        return True
    except NetioError:  # there is no route to the address, so it is not a broadcast address
        return False
    return False
