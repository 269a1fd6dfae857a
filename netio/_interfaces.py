# SPDX-License-Identifier: MIT
"""Network interfaces, and what `interface=` means."""

from __future__ import annotations

from dataclasses import dataclass

from netio._native import ffi, lib
from netio.errors import check, failure, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from netio._native import CData

# The LUID of no interface (65535 is no ifType). It goes down for a name that nobody has, so that the system
# judges the other parameters in its own order and answers with the verb's own code for an unknown interface.
UNKNOWN_LUID = 2**64 - 1

_MAX_INDEX = 2**32 - 1

_LINK = ffi.typeof("netio_interface *")
_NAME_SIZE = lib.NETIO_NAME_SIZE


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface, taken wherever a verb takes `interface`.

    Attributes:
        name: The interface name on Linux (`eth0`), the alias on Windows (`Ethernet`).
        index: The interface index, 0 where unknown; on Windows it may change when the interface is enabled again.
        luid: The NET_LUID value, which does not change; 0 where unknown, on Linux also from index 2**24 on.

    Raises:
        InvalidParameterError: An index or a LUID that does not fit, or neither name nor index nor LUID.
    """

    name: str
    index: int
    luid: int

    def __post_init__(self) -> None:
        if not (self.name or self.index or self.luid):
            raise invalid("an Interface without name, index and LUID is none")
        if not 0 <= self.index <= _MAX_INDEX:
            raise invalid(f"interface index {self.index} is not between 0 and {_MAX_INDEX}")
        if not 0 <= self.luid < UNKNOWN_LUID:
            raise invalid(f"interface LUID {self.luid} is not between 0 and {UNKNOWN_LUID - 1}")


def list_interfaces() -> list[Interface]:
    """Lists the network interfaces of this machine, on Linux of the calling thread's network namespace.

    Raises:
        NetioError: The system did not tell.

    Windows: GetIfTable2, ConvertInterfaceLuidToAlias. Linux: RTM_GETLINK.
    """
    found, count = ffi.new("netio_interface **"), ffi.new("size_t *")
    check("GetIfTable2", lib.netio_interfaces(found, count))
    links = ffi.gc(found[0], lib.netio_free)
    return [Interface(name_of(link), link.index, link.luid.Value) for link in links[0 : count[0]]]


def identify(interface: str | int | Interface) -> tuple[str, int, int]:
    """Takes what a caller gives as interface apart: name, index, LUID; what was not given is "" or 0.

    Raises:
        InvalidParameterError: An index that no interface can have.
        TypeError: Neither name nor index nor Interface.
    """
    if isinstance(interface, Interface):
        return interface.name, interface.index, interface.luid
    if isinstance(interface, str):
        return interface, 0, 0
    if isinstance(interface, bool) or not isinstance(interface, int):
        raise TypeError(f"interface must be a name, an index or an Interface, not {type(interface).__name__}")
    if not 0 < interface <= _MAX_INDEX:
        raise invalid(f"interface index {interface} is not between 1 and {_MAX_INDEX}")
    return "", interface, 0


class Links:
    """The interfaces that one call has to do with, each looked up once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, int], CData | None] = {}

    def find(self, *, name: str = "", index: int = 0, luid: int = 0) -> CData | None:
        """Finds an interface by LUID when that is not 0, else by index when that is not 0, else by name."""
        key = ("", 0, luid) if luid else ("", index, 0) if index else (name, 0, 0)
        if key not in self._found:
            self._found[key] = link = _look_up(*key)
            if link is not None:
                self._found["", link.index, 0] = link
        return self._found[key]

    def find_scope(self, scope: str) -> CData | None:
        """Finds the interface that an IPv6 scope names: by name, else by index, as sockets do."""
        link = self.find(name=scope)
        # No more digits than the largest index has: int() refuses a number of thousands.
        if link is None and len(scope) <= 10 and scope.isascii() and scope.isdecimal() and 0 < int(scope) <= _MAX_INDEX:
            link = self.find(index=int(scope))
        return link

    def names(self, indexes: Iterable[int]) -> dict[int, tuple[str, str]]:
        """Maps indexes to name and IPv6 scope; an interface that has gone has no name, and its index as scope."""
        names = {}
        for index in indexes:
            link = self.find(index=index)
            names[index] = ("", str(index)) if link is None else names_of(link)
        return names


def asked_link(name: str, index: int, luid: int) -> CData:
    """Makes a netio_interface to be looked up: by LUID when that is not 0, else by index, else by name."""
    link = ffi.new(_LINK)
    if luid:
        link.luid.Value = luid
    elif index:
        link.index = index
    else:
        link.name = _name_bytes(name)
    return link


def _name_bytes(name: str) -> bytes:
    """A name as the system has it; a name that no interface can have is empty, as no name is."""
    try:
        raw = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate, which no name holds
        return b""
    return raw if b"\0" not in raw and len(raw) < _NAME_SIZE else b""


def _look_up(name: str, index: int, luid: int) -> CData | None:
    link = asked_link(name, index, luid)
    code = lib.netio_interface_find(link)
    if code not in (lib.NO_ERROR, lib.ERROR_FILE_NOT_FOUND):
        raise failure("GetIfEntry2", code, f"for interface {name or index or luid}")
    return link if code == lib.NO_ERROR else None


def key_of(link: CData | None) -> tuple[int, int]:
    """The InterfaceLuid and InterfaceIndex that name it in a row; for None those of no interface."""
    return (UNKNOWN_LUID, 0) if link is None else (link.luid.Value, link.index)


def name_of(link: CData) -> str:
    """The name of a found interface."""
    return _text(link.name)


def names_of(link: CData) -> tuple[str, str]:
    """The name and the IPv6 scope of a found interface."""
    return _text(link.name), _text(link.scope)


def _text(name: CData) -> str:
    return ffi.string(name).decode("utf-8", "surrogateescape")
