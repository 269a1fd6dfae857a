# SPDX-License-Identifier: MIT
"""The value types, such as Neighbor and PhysicalAddress. Creating them does not query the system."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from netio._native import lib
from netio.errors import Hint, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta
    from typing import Any, Self, TypeAlias

    from typing_extensions import Buffer

    PhysicalAddressLike: TypeAlias = str | Buffer
else:
    PhysicalAddressLike = str | bytes | bytearray | memoryview  # Python 3.11 has no type for all buffers

MAX_INDEX = 2**32 - 1

# The LUID of no interface (65535 is not an ifType). In a row it stands for an unknown name, so that the backend
# validates the row in its documented order and returns the function's own code for an unknown interface.
UNKNOWN_LUID = 2**64 - 1

_MAX_MILLISECONDS = 2**32 - 1

# Text of pairs: with one kind of separator (`:` or `-` also between groups of one digit), in larger groups, or none.
_PHYSICAL_TEXT = r"""
      [0-9a-f]{1,2} ([:-]) [0-9a-f]{1,2} (?: \1 [0-9a-f]{1,2} )*
    | [0-9a-f]{2} ([. ]) [0-9a-f]{2} (?: \2 [0-9a-f]{2} )*
    | [0-9a-f]{4} ([.:-]) [0-9a-f]{4} (?: \3 [0-9a-f]{4} )*
    | [0-9a-f]{6} ([:-]) [0-9a-f]{6} (?: \4 [0-9a-f]{6} )*
    | 0x (?: [0-9a-f]{2} )+
    | (?: [0-9a-f]{2} )*
"""

# Characters of a rejected value that a message quotes.
_QUOTED = 80


class PhysicalAddress(str):
    """A physical (link-layer, MAC) address: the text `02:00:5e:00:00:07`, in lower case and with colons.

    It is a str, so it equals the text that other programs use, and serialises like it. It is empty if the address is
    unknown.

    Args:
        value: Text, or 0 to 32 bytes. Text: pairs of hex digits with `:`, `-`, `.` or blanks between them; groups of
            four with `.`, `:` or `-`; groups of six with `:` or `-`; or no separator, then also after `0x`. With `:`
            and `-` a group may have one digit. Surrounding white space is ignored.

    Attributes:
        packed: The address as bytes.

    Raises:
        InvalidParameterError: The text has another form, or there are more than 32 bytes.
        TypeError: The value is neither text nor bytes-like.

    >>> PhysicalAddress("0200.5E00.0007")
    PhysicalAddress('02:00:5e:00:00:07')
    >>> PhysicalAddress(bytes([2, 0, 0x5E, 0, 0, 7])) == "02:00:5e:00:00:07"
    True
    """

    __slots__ = ()

    def __new__(cls, value: PhysicalAddressLike = "") -> Self:
        if type(value) is cls:
            return value
        if isinstance(value, str) and _is_canonical(value):
            return super().__new__(cls, value)
        raw = _physical_bytes(value) if isinstance(value, str) else _plain_bytes(value)
        if len(raw) > lib.IF_MAX_PHYS_ADDRESS_LENGTH:
            raise invalid(
                f"physical address {quoted(raw.hex(':'))} has {len(raw)} bytes; "
                f"the maximum is {lib.IF_MAX_PHYS_ADDRESS_LENGTH}"
            )
        return super().__new__(cls, raw.hex(":"))

    @property
    def packed(self) -> bytes:
        """The address as bytes."""
        return bytes.fromhex(self.replace(":", ""))

    def __bytes__(self) -> bytes:
        return self.packed

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:  # noqa: ANN401
        del source, handler
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


# The longest text that is examined, which takes much memory; a valid one has 98 characters at most.
_LONGEST_TEXT = 1000


def _is_canonical(text: str) -> bool:
    """Whether text is a physical address as netio writes it. That is the most frequent notation, and quick to check."""
    if len(text) >= 3 * lib.IF_MAX_PHYS_ADDRESS_LENGTH:
        return False
    try:
        return bytes.fromhex(text.replace(":", " ")).hex(":") == text
    except ValueError:
        return False


@cache
def _physical_text() -> re.Pattern[str]:
    """Compiles the pattern on first use, to keep `import netio` fast."""
    return re.compile(_PHYSICAL_TEXT, re.IGNORECASE | re.VERBOSE | re.ASCII)


def _physical_bytes(text: str) -> bytes:
    stripped = text.strip()
    match = _physical_text().fullmatch(stripped) if len(stripped) <= _LONGEST_TEXT else None
    if match is None:
        raise invalid(f"invalid physical address {quoted(text)}; write it like 02:00:5e:00:00:07")
    if match[1]:
        return bytes(int(group, 16) for group in stripped.split(match[1]))
    return bytes.fromhex(stripped.translate(_WITHOUT_SEPARATORS).removeprefix("0x").removeprefix("0X"))


_WITHOUT_SEPARATORS = str.maketrans("", "", ":-. ")


def quoted(value: object) -> str:
    """Quotes a rejected text; of a long one, its beginning and its length."""
    text = str(value)
    return repr(text) if len(text) <= _QUOTED else f"{text[:_QUOTED]!r}... ({len(text):,} characters)"


def _plain_bytes(value: Buffer) -> bytes:
    if isinstance(value, int):
        raise TypeError("a physical address must be text or bytes, not int")
    try:
        return bytes(memoryview(value))
    except TypeError:
        raise TypeError(f"a physical address must be text or bytes, not {type(value).__name__}") from None


_INT_FORMATS = ("b", "c", "d", "n", "o", "x", "X")


class NamedNumber(IntEnum):
    """An int that prints as its name. Unknown numbers are preserved: 77 is a member with the name `UNKNOWN_77`."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = value
        return member

    def __str__(self) -> str:
        return self.name

    def __format__(self, spec: str) -> str:
        # As an int where the format is one of an int: f"{state:d}".
        return format(int(self), spec) if spec[-1:] in _INT_FORMATS else format(self.name, spec)

    # By number: some releases of Python 3.11 pickle and copy by name, and only the members of the class have one.
    def __reduce_ex__(self, protocol: object) -> tuple[type[Self], tuple[int]]:
        return type(self), (int(self),)


class NeighborState(NamedNumber):
    """The reachability state of a neighbour (RFC 4861, section 7.3.2), with the values of NL_NEIGHBOR_STATE.

    It is an int that prints as its name. Unknown numbers are preserved: `NeighborState(77)` is a member with the name
    `UNKNOWN_77`.
    """

    UNREACHABLE = lib.NlnsUnreachable
    INCOMPLETE = lib.NlnsIncomplete
    PROBE = lib.NlnsProbe
    DELAY = lib.NlnsDelay
    STALE = lib.NlnsStale
    REACHABLE = lib.NlnsReachable
    PERMANENT = lib.NlnsPermanent


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface, accepted wherever a function takes `interface`.

    Attributes:
        name: The interface name on Linux (`eth0`), the alias on Windows (`Ethernet`).
        index: The interface index, 0 where unknown; on Windows it may change when the interface is enabled again.
        luid: The NET_LUID value, which does not change; 0 where unknown, on Linux also from index 2**24 on.
        physical_address: Its own physical address; empty if unknown, and on loopback and point-to-point interfaces.
        is_up: Whether it was enabled and its link up (ifOperStatus of RFC 2863); False if unknown.

    netio fills in all of them. As an argument only name, index and LUID count, as in equality and hash.

    Raises:
        InvalidParameterError: The index or the LUID is out of range, the physical address is invalid, or name, index
            and LUID are all missing.
        TypeError: The physical address or is_up has another type.

    Windows: MIB_IF_ROW2, whose OperStatus is is_up. Linux: IFLA_ADDRESS and IFF_RUNNING.
    """

    name: str
    index: int
    luid: int
    physical_address: PhysicalAddress = field(default=PhysicalAddress(), compare=False, kw_only=True)
    is_up: bool = field(default=False, compare=False, kw_only=True)

    def __post_init__(self) -> None:
        if not (self.name or self.index or self.luid):
            raise invalid("an Interface needs a name, an index or a LUID")
        if not 0 <= self.index <= MAX_INDEX:
            raise invalid(f"interface index {self.index} is not between 0 and {MAX_INDEX}")
        if not 0 <= self.luid < UNKNOWN_LUID:
            raise invalid(f"interface LUID {self.luid} is not between 0 and {UNKNOWN_LUID - 1}")
        object.__setattr__(self, "physical_address", PhysicalAddress(self.physical_address))
        _truth("is_up", self.is_up)


@dataclass(frozen=True, slots=True)
class NextHop:
    """The host that a packet to an address is sent to next, as next_hop() returns it.

    Attributes:
        address: The address itself if it is on-link, else the gateway. A link-local one has the scope of the interface.
        interface: The interface that the packet leaves by.

    Windows: MIB_IPFORWARD_ROW2.
    """

    address: IPv4Address | IPv6Address
    interface: Interface

    # The address is pickled as text, as that of a Neighbor.
    def __reduce__(self) -> tuple[Callable[..., NextHop], tuple[str, Interface]]:
        return _restore_next_hop, (str(self.address), self.interface)


def _restore_next_hop(address: str, interface: Interface) -> NextHop:
    return NextHop(ip_address(address), interface)


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """A unicast address of this machine.

    Attributes:
        address: The address; a link-local one has the scope of its interface.
        prefix: The on-link prefix of the address. On a point-to-point link it is that of the peer.
        interface: The interface that has the address.
        can_probe: Whether the interface can send probes: it is up, and neither a loopback nor a point-to-point
            interface, nor one that does not use ARP and Neighbor Discovery (NOARP).

    Windows: MIB_UNICASTIPADDRESS_ROW.
    """

    address: IPv4Address | IPv6Address
    prefix: IPv4Network | IPv6Network
    interface: Interface
    can_probe: bool


@dataclass(frozen=True, slots=True)
class SweepReply:
    """A reply that sweep_neighbors() received. An address that two hosts use has two of them.

    Attributes:
        address: The address that the host has; a link-local one has the scope of the interface.
        physical_address: The physical address that the host gave.
        interface: The name of the interface that received the reply.
        elapsed: Seconds since the address was first probed.

    Windows: has no equivalent.
    """

    address: IPv4Address | IPv6Address
    physical_address: PhysicalAddress
    interface: str
    elapsed: float

    # The address is pickled as text, as that of a Neighbor.
    def __reduce__(self) -> tuple[Callable[..., SweepReply], tuple[str, PhysicalAddress, str, float]]:
        return _restore_reply, (str(self.address), self.physical_address, self.interface, self.elapsed)


def _restore_reply(address: str, *others: Any) -> SweepReply:  # noqa: ANN401
    return SweepReply(ip_address(address), *others)


# The types of the arguments `address` and `interface`.
Address = str | IPv4Address | IPv6Address
InterfaceLike = str | int | Interface


@dataclass(frozen=True, slots=True, init=False)
class Neighbor:
    """An entry of the neighbour table, read from it or to be written.

    As input, only its key and its physical address count. The interface is identified by the LUID if that is not 0,
    else by the index if that is not 0, else by the name, else chosen as for `interface=None`.

    Args:
        address: IPv4 or IPv6 address. Only a link-local IPv6 address (fe80::/10) may have a scope.
        physical_address: As for PhysicalAddress; empty if unknown.
        interface: Name, index (1 to 2**32 - 1) or Interface; "" if none is given.
        state: NeighborState or its number.
        is_router: The neighbour advertised itself as a router (IPv6).
        is_unreachable: The neighbour did not reply to probes.
        reachability_time: Milliseconds (0 to 2**32 - 1) since the last confirmation, or since the entry failed;
            2**32 - 1 if the physical address was never confirmed. `age` is the same as a timedelta.

    Attributes:
        interface_index: The interface's index, 0 if unknown.
        interface_luid: The interface's NET_LUID value, 0 if unknown.

    Equality and hash ignore reachability_time, interface_index and interface_luid. On Linux the scope of a link-local
    address is the name of its interface, and an address without scope gets it from `interface`, so that an entry from a
    configuration equals the same entry read from the system.

    Entries have no order of their own. `sorted(rows, key=lambda row: (row.address.version, *row.key))` sorts them by
    address, IPv4 first, and then by interface.

    Raises:
        InvalidParameterError: An address or physical address is invalid, an address that is not link-local has a scope,
            or a number is out of range.
        TypeError: A value has another type.

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
        address: Address,
        physical_address: PhysicalAddressLike = "",
        *,
        interface: InterfaceLike = "",
        state: NeighborState | int = NeighborState.PERMANENT,
        is_router: bool = False,
        is_unreachable: bool = False,
        reachability_time: int = 0,
    ) -> None:
        name, index, luid = identify(interface)
        fill = object.__setattr__
        fill(self, "address", _with_scope(plain_address(address), name))
        fill(self, "physical_address", PhysicalAddress(physical_address))
        fill(self, "interface", name)
        if type(state) is not NeighborState:
            state = NeighborState(whole_number("state", state))
        fill(self, "state", state)
        fill(self, "is_router", _truth("is_router", is_router))
        fill(self, "is_unreachable", _truth("is_unreachable", is_unreachable))
        fill(self, "reachability_time", _milliseconds(reachability_time))
        fill(self, "interface_index", index)
        fill(self, "interface_luid", luid)

    # The address is pickled as text: early releases of Python 3.11 lose the scope of a pickled or copied IPv6Address.
    def __reduce__(self) -> tuple[Callable[..., Neighbor], tuple[object, ...]]:
        address, *others = (getattr(self, name) for name in self.__slots__)
        return _restore, (str(address), *others)

    @property
    def is_resolved(self) -> bool:
        """Whether the physical address is known, and the state is neither UNREACHABLE nor INCOMPLETE."""
        return bool(self.physical_address) and self.state not in (NeighborState.UNREACHABLE, NeighborState.INCOMPLETE)

    @property
    def age(self) -> timedelta | None:
        """The time since the neighbour last confirmed its physical address, or since an UNREACHABLE entry failed.

        None for PERMANENT entries, for INCOMPLETE ones, and if the physical address was never confirmed, for example
        because the system learned it from a request of the neighbour.

        >>> str(Neighbor("192.0.2.7", state=NeighborState.STALE, reachability_time=90_000).age)
        '0:01:30'
        """
        unknown = self.reachability_time == lib.NETIO_UNKNOWN_TIME
        if unknown or self.state in (NeighborState.PERMANENT, NeighborState.INCOMPLETE):
            return None
        from datetime import timedelta

        return timedelta(milliseconds=self.reachability_time)

    @property
    def key(self) -> tuple[IPv4Address | IPv6Address, str]:
        """The address without scope, and the name of the interface, which are equal on every system.

        >>> Neighbor("fe80::60", interface="p0").key == Neighbor("fe80::60%p0", interface="p0").key
        True
        """
        address = self.address
        if isinstance(address, IPv6Address) and address.scope_id is not None:
            address = IPv6Address(int(address))
        return address, self.interface

    def to_dict(self) -> dict[str, object]:
        """Return the fields as JSON has them: addresses as text, the state by its name.

        >>> Neighbor("192.0.2.7", "2-0-5e-0-0-7", interface="eth0").to_dict()["physical_address"]
        '02:00:5e:00:00:07'
        """
        values = {name: getattr(self, name) for name in self.__slots__}
        return values | {
            "address": str(self.address),
            "physical_address": str(self.physical_address),
            "state": self.state.name,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Neighbor:
        """Return the entry with these fields, as to_dict() returns them. All but `address` may be missing.

        Args:
            values: The fields by name. Other names are ignored.

        Raises:
            InvalidParameterError: A value is missing or invalid.
            TypeError: A value has another type.

        >>> Neighbor.from_dict({"address": "192.0.2.7", "state": "STALE"}).state.name
        'STALE'
        """
        if values.get("address") is None:
            raise invalid("address is missing")
        parts = (values.get("interface") or "", values.get("interface_index", 0), values.get("interface_luid", 0))
        arguments: dict[str, Any] = {name: values[name] for name in _OTHER_FIELDS if name in values}
        if "state" in arguments:
            arguments["state"] = _state_of(arguments["state"])
        if any(parts):
            arguments["interface"] = Interface(*parts)  # type: ignore[arg-type]
        return cls(values["address"], **arguments)  # type: ignore[arg-type]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:  # noqa: ANN401
        del source, handler
        from pydantic_core import core_schema

        text, number, truth = core_schema.str_schema(), core_schema.int_schema(ge=0), core_schema.bool_schema()
        kinds = dict.fromkeys(cls.__slots__, text) | dict.fromkeys(_NUMBERS, number) | dict.fromkeys(_TRUTHS, truth)
        fields = {name: core_schema.typed_dict_field(kind, required=name == "address") for name, kind in kinds.items()}
        values = core_schema.typed_dict_schema(fields)
        from_values = core_schema.no_info_after_validator_function(cls.from_dict, values)
        return core_schema.json_or_python_schema(
            json_schema=from_values,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), from_values]),
            serialization=core_schema.plain_serializer_function_ser_schema(cls.to_dict, return_schema=values),
        )


class ChangeKind(NamedNumber):
    """The kind of a NeighborChange: an int that prints as its name."""

    ADDED = lib.NETIO_ADDED
    CHANGED = lib.NETIO_CHANGED
    REMOVED = lib.NETIO_REMOVED
    RESYNC = lib.NETIO_RESYNC


@dataclass(frozen=True, slots=True)
class NeighborChange:
    """A change of the neighbour table, as a NeighborWatch returns it.

    Attributes:
        kind: ADDED, CHANGED, REMOVED; or RESYNC: notifications were lost, and the changes that follow are the
            differences between the entries as reported before and the table.
        neighbor: The entry as it is now; for REMOVED as it was reported last; None for RESYNC.
        previous: The entry as it was reported before; None for ADDED and RESYNC.
        last_physical_address: The last one known for this address on this interface before the change, also if the
            entry failed or was removed since; empty if none is known.

    Windows: has no equivalent.
    """

    kind: ChangeKind
    neighbor: Neighbor | None
    previous: Neighbor | None = None
    last_physical_address: PhysicalAddress = PhysicalAddress()  # noqa: RUF009 - it is immutable


_NUMBERS = ("reachability_time", "interface_index", "interface_luid")
_TRUTHS = ("is_router", "is_unreachable")
_OTHER_FIELDS = ("physical_address", "state", *_TRUTHS, "reachability_time")


def _state_of(value: object) -> object:
    """Converts the name of a state, which UNKNOWN_ precedes if it is a number."""
    if not isinstance(value, str):
        return value
    number = value.removeprefix("UNKNOWN_")
    if value in NeighborState.__members__:
        return NeighborState[value]
    if number != value and number.isascii() and number.isdecimal() and len(number) <= 10:
        return int(number)
    raise invalid(f"invalid state {quoted(value)}; there are {', '.join(NeighborState.__members__)}")


def _with_scope(address: IPv4Address | IPv6Address, interface: str) -> IPv4Address | IPv6Address:
    """Adds the scope to a link-local address if it is known without a query, as on Linux."""
    if not interface or not isinstance(address, IPv6Address) or not lib.NETIO_SCOPE_IS_NAME:
        return address
    if address.scope_id is not None or not address.is_link_local or "%" in interface:
        return address
    return IPv6Address(f"{address}%{interface}")


def on_interface(entry: Neighbor, interface: Interface) -> Neighbor:
    """Returns the entry with another interface."""
    return replace(entry, interface=interface)  # type: ignore[arg-type]


def _restore(address: str, *others: object) -> Neighbor:
    entry = object.__new__(Neighbor)
    for name, value in zip(Neighbor.__slots__, (ip_address(address), *others), strict=True):
        object.__setattr__(entry, name, value)
    return entry


def plain_address(address: Address) -> IPv4Address | IPv6Address:
    """Converts an `address` argument to a plain IPv4Address or IPv6Address.

    Raises:
        InvalidParameterError: The text is not an address, or an address that is not link-local has a scope.
        TypeError: The argument has another type, for example int or bytes.
    """
    if isinstance(address, str):
        try:
            address = _read_address(address)
        except ValueError:
            raise invalid(f"invalid IP address {quoted(address)}{_address_advice(str(address))}") from None
    elif type(address) not in (IPv4Address, IPv6Address):
        address = _without_prefix(address)
    if isinstance(address, IPv6Address) and address.scope_id is not None and not address.is_link_local:
        reason = f"{address} has a scope, but only link-local addresses (fe80::/10) have one"
        raise invalid(reason, hint=Hint.NAME_INTERFACE)
    return address


def _address_advice(text: str) -> str:
    if re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4}){3}", text) and re.search(r"\b0[0-9]", text):
        return ": leading zeros are ambiguous, since some programs read them as octal"
    return "; write it like 192.0.2.7 or 2001:db8::7"


# The octets of IPv4 addresses as ipaddress accepts them: decimal, without leading zeros.
_OCTETS = {str(octet): octet for octet in range(256)}


def _read_address(text: str) -> IPv4Address | IPv6Address:
    """Does the same as ip_address(), for IPv4 and for invalid text in a third of its time or less."""
    if ":" in text:
        return IPv6Address(text)
    octets = [_OCTETS.get(octet, -1) for octet in text.split(".")]
    if len(octets) != 4 or -1 in octets:
        raise ValueError(text)
    return IPv4Address(int.from_bytes(octets))


def _without_prefix(address: object) -> IPv4Address | IPv6Address:
    """Converts subclasses such as IPv4Interface, which carry a prefix that counts in comparisons."""
    if isinstance(address, IPv4Address):
        return IPv4Address(int(address))
    if isinstance(address, IPv6Address):
        return IPv6Address(str(address).partition("/")[0])
    raise TypeError(f"an address must be text, IPv4Address or IPv6Address, not {type(address).__name__}")


def whole_number(name: str, value: object) -> int:
    """Returns an int, and raises TypeError for other values, also for bool."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    return value


def _milliseconds(value: object) -> int:
    number = whole_number("reachability_time", value)
    if not 0 <= number <= _MAX_MILLISECONDS:
        raise invalid(f"reachability_time {number} is not between 0 and {_MAX_MILLISECONDS} milliseconds")
    return number


def _truth(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be a bool, not {type(value).__name__}")
    return value


def identify(interface: InterfaceLike) -> tuple[str, int, int]:
    """Splits an `interface` argument into name, index and LUID; missing parts are "" or 0.

    Raises:
        InvalidParameterError: The index is out of range.
        TypeError: The argument is not a name, an index or an Interface.
    """
    if isinstance(interface, Interface):
        return interface.name, interface.index, interface.luid
    if isinstance(interface, str):
        return interface, 0, 0
    if isinstance(interface, bool) or not isinstance(interface, int):
        raise TypeError(f"interface must be a name, an index or an Interface, not {type(interface).__name__}")
    if not 0 < interface <= MAX_INDEX:
        raise invalid(f"interface index {interface} is not between 1 and {MAX_INDEX}")
    return "", interface, 0


def given_interface(interface: InterfaceLike | None) -> InterfaceLike:
    """Converts the `interface` argument of a verb to that of Neighbor()."""
    if interface == "":
        raise invalid("interface must not be ''; omit it to let netio choose the interface")
    return "" if interface is None else interface
