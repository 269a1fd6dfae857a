# SPDX-License-Identifier: MIT
"""Makers' names by physical address, from the list that aiooui carries: nothing is downloaded."""

from __future__ import annotations

import asyncio

import aiooui

from netio import Neighbor

_LOCALLY_ADMINISTERED = 0x02  # IEEE 802: the first bits are no maker's


class Vendors:
    """The names of makers."""

    def __init__(self) -> None:
        asyncio.run(aiooui.async_load())

    def name_of(self, row: Neighbor) -> str:
        """The maker of a row's hardware; "" where the list has none."""
        physical_address = row.physical_address
        if not physical_address or physical_address[0] & _LOCALLY_ADMINISTERED:
            return ""
        return aiooui.get_vendor(str(physical_address)) or ""
