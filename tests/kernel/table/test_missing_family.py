# SPDX-License-Identifier: MIT
"""A kernel without IPv4 or IPv6."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.wire import FAR_IP4, FAR_IP6

if TYPE_CHECKING:
    from netlab.child import Call
    from netlab.faults import Injector
    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"


@pytest.mark.parametrize(
    ("missing", "other", "address"), [("AF_INET6", "AF_INET", FAR_IP6), ("AF_INET", "AF_INET6", FAR_IP4)]
)
def test_missing_family_is_an_error(wire: Wire, inject: Injector, missing: str, other: str, address: str) -> None:
    """Bug: the empty dump of a missing family looks like a network without neighbours."""
    wire.near.ip(f"neigh add 192.0.2.77 lladdr {MAC} dev near0", f"neigh add 2001:db8::77 lladdr {MAC} dev near0")
    family, version = getattr(socket, missing), 4 if other == "AF_INET" else 6

    calls: list[Call] = [
        ("list_neighbors", (family,), {}),
        ("flush_neighbors", (family,), {}),
        ("resolve_neighbor", (address,), {"interface": "near0"}),
        ("list_neighbors", (), {}),
        ("list_neighbors", (getattr(socket, other),), {}),
        ("list_interfaces", (), {}),
    ]
    with inject(no_family=int(family)) as faults:
        *errors, everything, others, _ = call_elsewhere(wire.near, UNPRIVILEGED, calls, **faults.environment)

    assert [(type(error), error.code, error.ntstatus) for error in errors] == [
        (netio.NotSupportedError, 50, "STATUS_NOT_SUPPORTED")
    ] * 3
    assert {row.address.version for row in others} == {version}
    assert all(row in everything for row in others)
