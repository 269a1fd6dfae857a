# SPDX-License-Identifier: MIT
"""The message of a full table. The limit is the whole kernel's, so no test may fill it."""

from __future__ import annotations

import pytest

import netio
from netio._native import ffi, lib
from netio.errors import check
from netlab.wire import Wire


@pytest.fixture
def limits(wire: Wire) -> dict[str, int]:
    """gc_thresh3 of both families, as ip(8) shows it."""
    return {table["family"]: table["thresh3"] for table in wire.near.json("ntable show") if "thresh3" in table}


def test_the_message_names_the_limits(limits: dict[str, int]) -> None:
    """Bug: the limits are read from /proc, which lacks them in a namespace, and are missing or 0."""
    text = ffi.new("char[]", 512)
    lib.netio_message(1450, text, 512)

    message = ffi.string(text).decode()
    assert "gc_thresh3" in message
    assert f"{limits['inet']} for IPv4" in message
    assert f"{limits['inet6']} for IPv6" in message


def test_the_message_is_cut_where_there_is_no_room() -> None:
    """Bug: a message is written past the end of what was given for it."""
    text = ffi.new("char[]", 20)
    ffi.buffer(text)[0:20] = b"#" * 20
    lib.netio_message(1450, text, 10)

    assert bytes(ffi.buffer(text))[9:] == b"\0" + b"#" * 10


def test_the_error(limits: dict[str, int]) -> None:
    """Bug: the limits are in the system's text and get lost on the way into the error."""
    with pytest.raises(netio.TableFullError, match=rf"gc_thresh3 is {limits['inet']}\b"):
        check("ResolveIpNetEntry2", 1450)
