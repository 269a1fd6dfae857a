# SPDX-License-Identifier: MIT
"""One neighbour as a Python value: Neighbor, and the types of its fields."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from netio._interfaces import Interface, identify
from netio._native import lib
from netio.errors import invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from typing_extensions import Buffer

_MAX_MILLISECONDS = 2**32 - 1

# Groups of one or two digits with one kind of separator, groups of four with dots, pairs without separator.
_PHYSICAL_TEXT = r"""
      [0-9a-f]{1,2} ([:-]) [0-9a-f]{1,2} (?: \1 [0-9a-f]{1,2} )*
    | [0-9a-f]{4} (?: \. [0-9a-f]{4} )+
    | (?: [0-9a-f]{2} )*
"""


class PhysicalAddress(bytes):
    """A physical (link-layer) address: bytes that read as `02:00:5e:00:00:07`.

    Args:
        value: Text, or 0 to 32 bytes. Text: groups of one or two hex digits with `:` or `-`, groups of four with
            `.`, or pairs without separator; one kind of separator in one text.

    Raises:
        InvalidParameterError: Text of another form, or more than 32 bytes.
        TypeError: Neither text nor bytes-like; an int too, though bytes would take it.
    """

    __slots__ = ()

    def __new__(cls, value: str | Buffer = b"") -> Self:
        raw = _physical_bytes(value) if isinstance(value, str) else _plain_bytes(value)
        if len(raw) > lib.IF_MAX_PHYS_ADDRESS_LENGTH:
            raise invalid(
                f"physical address {raw.hex(':')} has {len(raw)} bytes, at most {lib.IF_MAX_PHYS_ADDRESS_LENGTH} fit"
            )
        return super().__new__(cls, raw)

    def __str__(self) -> str:
        return self.hex(":") if self else ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


@cache
def _physical_text() -> re.Pattern[str]:
    """Compiled when the first text comes: not every program has one, and an import is to be quick."""
    return re.compile(_PHYSICAL_TEXT, re.IGNORECASE | re.VERBOSE | re.ASCII)


def _physical_bytes(text: str) -> bytes:
    match = _physical_text().fullmatch(text)
    if match is None:
        raise invalid(f"{text!r} is no physical address; write it like 02:00:5e:00:00:07")
    if match[1]:
        return bytes(int(group, 16) for group in text.split(match[1]))
    return bytes.fromhex(text.replace(".", ""))


def _plain_bytes(value: Buffer) -> bytes:
    if isinstance(value, int):
        raise TypeError("a physical address is text or bytes, not int")
    try:
        return bytes(memoryview(value))
    except TypeError:
        raise TypeError(f"a physical address is text or bytes, not {type(value).__name__}") from None


class NeighborState(IntEnum):
    """What is known of a neighbour's reachability, with the values of NL_NEIGHBOR_STATE (RFC 4861, section 7.3.2).

    A number that has no name here stays a number: `NeighborState(77)` is a member called `UNKNOWN_77`.
    """

    UNREACHABLE = lib.NlnsUnreachable
    INCOMPLETE = lib.NlnsIncomplete
    PROBE = lib.NlnsProbe
    DELAY = lib.NlnsDelay
    STALE = lib.NlnsStale
    REACHABLE = lib.NlnsReachable
    PERMANENT = lib.NlnsPermanent

    @classmethod
    def _missing_(cls, value: object) -> NeighborState | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = value
        return member

    # By number: some releases of Python 3.11 pickle and copy by name, which only the seven have.
    def __reduce_ex__(self, protocol: object) -> tuple[type[NeighborState], tuple[int]]:
        return type(self), (int(self),)


@dataclass(frozen=True, slots=True, init=False)
class Neighbor:
    """A row of the neighbour table, or what is to become one.

    As input of a verb it is its key and its physical address: the interface is the LUID when that is not 0, else the
    index when that is not 0, else the name, else chosen as for `interface=None`. Making one asks the system nothing.

    Args:
        address: IPv4 or IPv6 address. A link-local IPv6 address (fe80::/10), and only such a one, may have a scope.
        physical_address: As for PhysicalAddress; empty where unknown.
        interface: Name, index (1 to 2**32 - 1) or Interface; "" where none is given.
        state: NeighborState or its number.
        is_router: The neighbour said that it is a router (IPv6).
        is_unreachable: The neighbour was asked and did not answer.
        reachability_time: Milliseconds (0 to 2**32 - 1) since the last confirmation, or since it failed.

    Attributes:
        interface_index: The interface's index, 0 where unknown.
        interface_luid: The interface's NET_LUID value, 0 where unknown.

    reachability_time, interface_index and interface_luid are left out of equality and hash.

    Raises:
        InvalidParameterError: Text that is no address or physical address, a scope on an address that is not
            link-local, a number out of its range.
        TypeError: A value of another type.

    Windows: MIB_IPNET_ROW2.
    """

    address: IPv4Address | IPv6Address
    physical_address: PhysicalAddress
    interface: str
    state: NeighborState
    is_router: bool
    is_unreachable: bool
    reachability_time: int = field(compare=False)
    interface_index: int = field(init=False, compare=False)
    interface_luid: int = field(init=False, compare=False)

    def __init__(
        self,
        address: str | IPv4Address | IPv6Address,
        physical_address: str | Buffer = b"",
        *,
        interface: str | int | Interface = "",
        state: NeighborState | int = NeighborState.PERMANENT,
        is_router: bool = False,
        is_unreachable: bool = False,
        reachability_time: int = 0,
    ) -> None:
        name, index, luid = identify(interface)
        fill = object.__setattr__
        fill(self, "address", plain_address(address))
        fill(self, "physical_address", PhysicalAddress(physical_address))
        fill(self, "interface", name)
        fill(self, "state", NeighborState(_whole_number("state", state)))
        fill(self, "is_router", _truth("is_router", is_router))
        fill(self, "is_unreachable", _truth("is_unreachable", is_unreachable))
        fill(self, "reachability_time", _milliseconds(reachability_time))
        fill(self, "interface_index", index)
        fill(self, "interface_luid", luid)

    # The address goes as text: early releases of Python 3.11 lose the scope of a pickled or copied IPv6Address.
    def __reduce__(self) -> tuple[Callable[..., Neighbor], tuple[object, ...]]:
        address, *others = (getattr(self, name) for name in self.__slots__)
        return _restore, (str(address), *others)

    @property
    def is_resolved(self) -> bool:
        """Whether the physical address is known and in use: state neither UNREACHABLE nor INCOMPLETE."""
        return bool(self.physical_address) and self.state not in (NeighborState.UNREACHABLE, NeighborState.INCOMPLETE)


def _restore(address: str, *others: object) -> Neighbor:
    row = object.__new__(Neighbor)
    for name, value in zip(Neighbor.__slots__, (ip_address(address), *others), strict=True):
        object.__setattr__(row, name, value)
    return row


def plain_address(address: str | IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Makes a plain IPv4Address or IPv6Address of what a caller gives as address.

    Raises:
        InvalidParameterError: Text that is no address, or a scope on an address that is not link-local.
        TypeError: Another type; an int or packed bytes too.
    """
    if isinstance(address, str):
        try:
            address = _read_address(address)
        except ValueError:
            reason = f"{address!r} is no IPv4 or IPv6 address; write it like 192.0.2.7 or 2001:db8::7"
            raise invalid(reason) from None
    elif type(address) not in (IPv4Address, IPv6Address):
        address = _without_prefix(address)
    if isinstance(address, IPv6Address) and address.scope_id is not None and not address.is_link_local:
        reason = f"{address} has a scope, which only link-local addresses (fe80::/10) have; name interface="
        raise invalid(reason)
    return address


# The octets of IPv4 addresses as ipaddress takes them: decimal, without leading zeros.
_OCTETS = {str(octet): octet for octet in range(256)}


def _read_address(text: str) -> IPv4Address | IPv6Address:
    """What ip_address() gives, for IPv4 in a third of its time."""
    octets = [_OCTETS.get(octet, -1) for octet in text.split(".")]
    if len(octets) != 4 or -1 in octets:
        return ip_address(text)
    return IPv4Address(int.from_bytes(octets))


def _without_prefix(address: object) -> IPv4Address | IPv6Address:
    """Strips the subclasses of ipaddress, whose interfaces carry a prefix and compare with it."""
    if isinstance(address, IPv4Address):
        return IPv4Address(int(address))
    if isinstance(address, IPv6Address):
        return IPv6Address(str(address).partition("/")[0])
    raise TypeError(f"an address is text, IPv4Address or IPv6Address, not {type(address).__name__}")


def _whole_number(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    return value


def _milliseconds(value: object) -> int:
    number = _whole_number("reachability_time", value)
    if not 0 <= number <= _MAX_MILLISECONDS:
        raise invalid(f"reachability_time {number} is not between 0 and {_MAX_MILLISECONDS} milliseconds")
    return number


def _truth(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be a bool, not {type(value).__name__}")
    return value
