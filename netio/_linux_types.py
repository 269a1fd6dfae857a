# SPDX-License-Identifier: MIT
"""The value types of netio.linux: LinuxNeighbor, LinuxChange, and their parts. Creating them queries no system."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag

from netio._types import ChangeKind, NamedNumber, Neighbor, PhysicalAddress, whole_number
from netio.errors import invalid


class Nud(NamedNumber):
    """The state of neighbour unreachability detection in the kernel, with the numbers of linux/neighbour.h.

    It is an int that prints as its name. The kernel stores combinations that a program wrote: `Nud(66)`, REACHABLE and
    NOARP, is a member with the name `UNKNOWN_66`.
    """

    NONE = 0x00
    INCOMPLETE = 0x01
    REACHABLE = 0x02
    STALE = 0x04
    DELAY = 0x08
    PROBE = 0x10
    FAILED = 0x20
    NOARP = 0x40
    PERMANENT = 0x80


class NeighborFlags(IntFlag):
    """The flags of an entry in the kernel: `NTF_*` of linux/neighbour.h, and above bit 7 `NTF_EXT_*`.

    USE, SELF and MASTER never occur in entries that were read. Unknown flags are preserved.
    """

    USE = 0x01
    SELF = 0x02
    MASTER = 0x04
    PROXY = 0x08
    EXT_LEARNED = 0x10
    OFFLOADED = 0x20
    STICKY = 0x40
    ROUTER = 0x80
    MANAGED = 0x100
    LOCKED = 0x200
    EXT_VALIDATED = 0x400


_NO_FLAGS = NeighborFlags(0)
_MAX_U32 = 2**32 - 1


@dataclass(frozen=True, slots=True)
class LinuxNeighbor:
    """An entry of the kernel's table: the Neighbor, and what only Linux has of it.

    It has a Neighbor and is not one: `[row.neighbor for row in linux.list_neighbors() if row.nud is Nud.PERMANENT]` is
    an argument for the functions of netio.

    As input, the key and the physical address of the neighbor, nud, flags and protocol count.

    Attributes:
        neighbor: The entry as netio.list_neighbors() returns it.
        nud: The state in the kernel.
        flags: NeighborFlags.
        protocol: The `RTPROT_*` number of the program that wrote the entry (rtnetlink(7)), such as 4 (static) or 11
            (zebra); 0 if there is none. It survives changes by other programs.
        probes: The number of probes without a reply since the entry was last valid.
        used: Milliseconds since the kernel last used the entry.
        confirmed: Milliseconds since the neighbour was last confirmed. A new entry starts with twice the base reachable
            time, 60,000 by default.
        updated: Milliseconds since state or physical address last changed.
        references: The number of users of the entry in the kernel, besides the table. get_neighbor() is one of them.

    Proxy entries have only an address, an interface, flags and a protocol. Equality and hash ignore the last five.

    Raises:
        InvalidParameterError: A number is out of range.
        TypeError: A value has another type.
    """

    neighbor: Neighbor
    nud: Nud = Nud.PERMANENT
    flags: NeighborFlags = _NO_FLAGS
    protocol: int = 0
    probes: int = field(default=0, compare=False)
    used: int = field(default=0, compare=False)
    confirmed: int = field(default=0, compare=False)
    updated: int = field(default=0, compare=False)
    references: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.neighbor, Neighbor):
            raise TypeError(f"neighbor must be a Neighbor, not {type(self.neighbor).__name__}")
        fill = object.__setattr__
        fill(self, "nud", Nud(_number("nud", self.nud, 2**16 - 1)))
        fill(self, "flags", NeighborFlags(_number("flags", self.flags, _MAX_U32)))
        _number("protocol", self.protocol, 2**8 - 1)
        for name in self.__slots__[4:]:
            _number(name, getattr(self, name), _MAX_U32)


@dataclass(frozen=True, slots=True)
class LinuxChange:
    """A change of the kernel's table, as a LinuxWatch returns it: a NeighborChange with LinuxNeighbor.

    Attributes:
        kind: As in NeighborChange.
        entry: The entry as it is now; for REMOVED as it was reported last; None for RESYNC.
        previous: The entry as it was reported before; None for ADDED and RESYNC.
        last_physical_address: As in NeighborChange.
    """

    kind: ChangeKind
    entry: LinuxNeighbor | None
    previous: LinuxNeighbor | None = None
    last_physical_address: PhysicalAddress = PhysicalAddress()  # noqa: RUF009 - it is immutable


def _number(name: str, value: object, most: int) -> int:
    number = whole_number(name, value)
    if not 0 <= number <= most:
        raise invalid(f"{name} {number} is not between 0 and {most}")
    return number
