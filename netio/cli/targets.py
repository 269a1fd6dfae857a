# SPDX-License-Identifier: MIT
"""The targets of a scan: prefixes, ranges and addresses, or the IPv4 prefixes of interfaces; each on its interface."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

import click

from netio import InterfaceNotFoundError, InvalidParameterError, NetioError, list_addresses
from netio._requests import on_link_interface
from netio.cli import FAILED
from netio.cli.ip_syntax import interface_name
from netio.cli.json_output import print_failures
from netio.cli.messages import message_of, print_error
from netio.errors import Hint, invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from netio import Interface, InterfaceAddress

    Address = IPv4Address | IPv6Address

_MAX_ADDRESSES = 65_536

# The largest prefix that is scanned although only its interface is named, or nothing: a /22.
_MAX_OWN_ADDRESSES = 1024


@dataclass(frozen=True, slots=True)
class Target:
    """Consecutive addresses, and the interface on which they are probed."""

    text: str
    addresses: list[Address]
    interface: Interface


@dataclass(frozen=True, slots=True)
class _Span:
    """Consecutive addresses, and the scope that names their interface, "" for none."""

    text: str
    first: Address
    last: Address
    scope: str

    @property
    def size(self) -> int:
        return int(self.last) - int(self.first) + 1

    @property
    def addresses(self) -> list[Address]:
        kind = type(self.first)
        return [kind(number) for number in range(int(self.first), int(self.last) + 1)]


def targets_of(words: Sequence[str], interface: str | None) -> list[Target]:
    """Returns what the words name; without words, the IPv4 prefixes of the interface, or of all interfaces.

    Ends the process with an error if a target is not on-link.

    Raises:
        click.UsageError: A word and --interface name different interfaces.
        NetioError: A word is invalid, or there are too many addresses.
    """
    if not words:
        return _own_targets(interface)
    targets: list[Target] = []
    for word in words:
        span = _span_of(word)
        targets += _named_targets(word, interface) if span is None else [_target(span, interface)]
        total = sum(len(target.addresses) for target in targets)
        if total > _MAX_ADDRESSES:
            raise invalid(f"the targets have {total:,} addresses; scan accepts {_MAX_ADDRESSES:,} in one call")
    return targets


def _span_of(word: str) -> _Span | None:
    """Parses a prefix, a range or an address; None if the word may be an interface."""
    if "/" in word:
        return _prefix(word)
    first, dash, last = word.rpartition("-")
    if dash and _is_address(first):
        return _range(word, first, last)
    return _prefix(word) if _is_address(word) else None


def _is_address(text: str) -> bool:
    with suppress(ValueError):
        ip_address(text.partition("%")[0])
        return True
    return False


def _prefix(word: str) -> _Span:
    """Parses a prefix, or an address. Host bits may be set, as in 192.0.2.1/24."""
    address, slash, length = word.partition("/")
    address, percent, scope = address.partition("%")  # ip_network() drops it if host bits are set
    try:
        network = ip_network(address + slash + length, strict=False)
    except ValueError:
        raise invalid(f"invalid prefix {word!r}; write it like 192.0.2.0/24 or 2001:db8::/120") from None
    span = _Span(str(network) if slash else address, network[0], network[-1], scope)
    return _with_valid_scope(span, word, percent)


def _range(word: str, first: str, last: str) -> _Span:
    """Parses a range whose end is an address, or the last number of one: 192.0.2.1-192.0.2.50, 192.0.2.1-50."""
    first, percent, scope = first.partition("%")
    separator = ":" if ":" in first else "."
    if separator not in last:
        last = first.rpartition(separator)[0] + separator + last
    try:
        start, end = ip_address(first), ip_address(last)
    except ValueError:
        start, end = ip_address(first), None
    if end is None or end.version != start.version or int(end) < int(start) or "%" in last:
        raise invalid(
            f"invalid range {word!r}; write it like 192.0.2.1-50 or 192.0.2.1-192.0.2.50, the lower end first"
        )
    return _with_valid_scope(_Span(f"{start}-{end}", start, end, scope), word, percent)


def _with_valid_scope(span: _Span, word: str, percent: str) -> _Span:
    if percent and not (span.scope and _is_link_local(span)):
        raise invalid(f"{word!r} has a scope, which only link-local prefixes have, like fe80::%eth0/120")
    return span


def _is_link_local(span: _Span) -> bool:
    return span.first.version == 6 and span.first.is_link_local


def _target(span: _Span, interface: str | None) -> Target:
    """Finds the interface of a target. Ends the process with an error if it is not on the link of one interface."""
    name = _scope_or(interface, span)
    if span.size > _MAX_ADDRESSES:
        raise invalid(_too_large(span, name or "IF"))
    try:
        return _on_link(span, name)
    except NetioError as error:
        print_error(error, f"{span.text} cannot be scanned")
        print_failures(click.get_current_context(), [error])
        sys.exit(FAILED)


def _too_large(span: _Span, interface: str) -> str:
    text = f"{span.text} has more than {_MAX_ADDRESSES:,} addresses; scan accepts a /{span.first.max_prefixlen - 16}"
    if span.first.version == 4:
        return f"{text} or a longer prefix"
    return (
        f"{text} or a longer prefix, or addresses. `ping ff02::1%{interface}` reaches all hosts of a link, "
        "`netio list -6` then shows those that the system has learned"
    )


def _scope_or(interface: str | None, span: _Span) -> str | None:
    """Returns the interface that is given by the scope, as in fe80::%eth0/120, or by --interface."""
    if span.scope:
        return _agreed(interface_name(span.scope), interface, f"the scope {span.scope}")
    if _is_link_local(span) and interface is None:
        raise invalid(f"{span.text} exists on every link", hint=Hint.NAME_INTERFACE)
    return interface


def _agreed(name: str, interface: str | None, origin: str) -> str:
    if interface not in (None, name):
        raise click.UsageError(f"--interface {interface} contradicts {origin}; give one of them")
    return name


def _on_link(span: _Span, interface: str | None) -> Target:
    """Finds the interface on whose link both ends of a span are.

    Raises:
        NetioError: An end is not on-link, or they are on different links.
    """
    # All of them: which address is a broadcast address, the prefix of the interface decides, not the scanned one.
    addresses = span.addresses
    found = _first_interface(addresses, interface)
    _first_interface(addresses[::-1], found.name)
    return Target(span.text, addresses, found)


def _first_interface(addresses: list[Address], interface: str | None) -> Interface:
    """Finds the interface of the first address that determines one; the machine's own addresses do not."""
    for address in addresses[:-1]:
        with suppress(InvalidParameterError):
            return on_link_interface(address, interface)
    return on_link_interface(addresses[-1], interface)


def _named_targets(word: str, interface: str | None) -> list[Target]:
    """Returns the prefixes of the interface that a word names."""
    name = interface_name(word)
    with suppress(InterfaceNotFoundError):
        if word:
            return _own_targets(_agreed(name, interface, repr(word)))
    reason = (
        f"invalid target {word!r}; give a prefix like 192.0.2.0/24, a range like 192.0.2.1-50, an address, or an "
        "interface"
    )
    raise invalid(reason, hint=Hint.LIST_INTERFACES)


def _own_targets(interface: str | None) -> list[Target]:
    """Returns the IPv4 prefixes of an interface, or of all interfaces that can send probes."""
    found = [item for item in list_addresses(interface=interface) if item.prefix.version == 4]
    if interface is not None and found and not any(item.can_probe for item in found):
        raise invalid(
            f"{interface} cannot be scanned: it is down, a loopback or point-to-point interface, or one without ARP"
        )
    targets = list(_probeable(item for item in found if item.can_probe))
    if not targets:
        lacks = "no interface that can send probes has an" if interface is None else f"{interface} has no"
        raise invalid(f"{lacks} IPv4 prefix of up to {_MAX_OWN_ADDRESSES:,} addresses; name a prefix to scan")
    return targets


def _probeable(addresses: Iterator[InterfaceAddress]) -> Iterator[Target]:
    """Yields the prefixes of addresses, each once; prints the reason for those that are left out."""
    spans = {
        (_Span(str(item.prefix), item.prefix[0], item.prefix[-1], ""), item.interface): None
        for item in addresses
        if item.prefix.num_addresses > 1 or item.prefix[0] != item.address  # a /32 contains no other host
    }
    for span, interface in spans:
        place = f"{span.text} on {interface.name} is left out"
        if span.size > _MAX_OWN_ADDRESSES:
            print_error(f"it has {span.size:,} addresses; to scan it, or a part of it, name the prefix", place)
            continue
        try:
            yield _on_link(span, interface.name)
        except NetioError as error:
            print_error(message_of(error), place)
