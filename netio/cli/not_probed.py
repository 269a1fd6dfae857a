# SPDX-License-Identifier: MIT
"""Addresses that are never probed, because they do not belong to another host: own and broadcast addresses."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from netio import InvalidParameterError
from netio.errors import Reason

if TYPE_CHECKING:
    from netio import Neighbor, NetioError


class NotProbed(Enum):
    """Why an address is not probed: the reason of its error."""

    OWN = Reason.OWN_ADDRESS
    BROADCAST = Reason.BROADCAST_ADDRESS

    @classmethod
    def of(cls, result: Neighbor | NetioError | None) -> NotProbed | None:
        """Returns why the address with this result is not probed; None if that is not known."""
        return _BY_REASON.get(result.reason) if isinstance(result, InvalidParameterError) else None


_BY_REASON: dict[str, NotProbed] = {kind.value: kind for kind in NotProbed}
