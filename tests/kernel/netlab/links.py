# SPDX-License-Identifier: MIT
"""One interface, as the seam finds it."""

from __future__ import annotations

from dataclasses import dataclass

from netio._interfaces import name_of
from netio._native import ffi, lib


@dataclass(frozen=True)
class Found:
    """All that the seam tells of an interface."""

    name: str
    index: int
    luid: int
    length: int
    scope: str


def find(*, name: bytes = b"", index: int = 0, luid: int = 0) -> Found | int:
    """Looks an interface up by LUID, else by index, else by name; the code where that fails."""
    link = ffi.new("netio_interface *")
    link.name, link.index, link.luid.Value = name, index, luid
    code = int(lib.netio_interface_find(link))
    if code != lib.NO_ERROR:
        return code
    scope = ffi.string(link.scope).decode("utf-8", "surrogateescape")
    return Found(name_of(link), link.index, link.luid.Value, link.physical_address_length, scope)
