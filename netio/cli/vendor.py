# SPDX-License-Identifier: MIT
"""Vendor names by physical address, from the list in the package aiooui. Nothing is downloaded."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiooui

if TYPE_CHECKING:
    from netio import Neighbor

_LOCALLY_ADMINISTERED = 0x02  # IEEE 802: with this bit, the first three bytes do not identify a vendor


class Vendors:
    """The vendor names, loaded once."""

    def __init__(self) -> None:
        asyncio.run(aiooui.async_load())

    def name_of(self, entry: Neighbor) -> str:
        """Returns the vendor of an entry's physical address, "" if the list has none."""
        physical_address = entry.physical_address
        if not physical_address or physical_address.packed[0] & _LOCALLY_ADMINISTERED:
            return ""
        return aiooui.get_vendor(physical_address) or ""
