# SPDX-License-Identifier: MIT
"""Looks up one interface through the backend interface."""

from __future__ import annotations

from dataclasses import dataclass, field

from netio._interfaces import interface_value
from netio._native import ffi, lib


@dataclass(frozen=True)
class Found:
    """All members of a netio_interface."""

    name: str
    index: int
    luid: int
    length: int
    scope: str
    physical_address: str
    is_up: bool = field(default=False, compare=False)  # the kernel updates it after a command


def find(*, name: bytes = b"", index: int = 0, luid: int = 0) -> Found | int:
    """Looks up an interface by LUID, else by index, else by name. Returns the code if that fails."""
    interface = ffi.new("netio_interface *")
    interface.name, interface.index, interface.luid.Value = name, index, luid
    code = int(lib.netio_interface_find(lib.NETIO_OWN_NETNS, interface))
    if code != lib.NO_ERROR:
        return code
    scope = ffi.string(interface.scope).decode("utf-8", "surrogateescape")
    value = interface_value(interface)
    length = interface.physical_address_length
    return Found(value.name, value.index, value.luid, length, scope, value.physical_address, value.is_up)
