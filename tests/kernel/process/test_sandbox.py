# SPDX-License-Identifier: MIT
"""Processes that may not open sockets of a family (systemd's RestrictAddressFamilies=, seccomp), and lack of memory."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

import pytest

import netio
from netio import Neighbor
from netio._native import lib
from netlab.child import call_elsewhere
from netlab.oracle import Seen, seen

if TYPE_CHECKING:
    from netlab.child import Call
    from netlab.faults import Injector
    from netlab.wire import Wire

MAC, IP4, IP6 = "02:00:5e:00:00:07", "192.0.2.77", "2001:db8::77"

SINGLE: list[Call] = [
    ("list_interfaces", (), {}),
    ("list_neighbors", (), {}),
    ("list_neighbors", (socket.AF_INET,), {"interface": "near0"}),
    ("flush_neighbors", (), {}),
    ("get_neighbor", (IP4,), {}),
    ("get_neighbor", (IP4,), {"interface": 2}),
    ("get_neighbor", (IP4,), {"interface": "near0"}),
    ("create_neighbor", (IP4, MAC), {}),
    ("replace_neighbor", (IP4, MAC), {"interface": "near0"}),
    ("set_neighbor", (IP4, MAC), {"interface": 2}),
    ("delete_neighbor", (IP4,), {"interface": "near0"}),
    ("resolve_neighbor", (IP4,), {"interface": "near0"}),
]


@pytest.mark.parametrize("number", [errno.EAFNOSUPPORT, errno.EPERM, errno.EACCES])
def test_refused_netlink_socket_has_its_own_message(wire: Wire, inject: Injector, number: int) -> None:
    """Bug: the message is that a stack is missing, or that administrator rights are."""
    with inject(refuse_sockets=f"{int(socket.AF_NETLINK)} {number}") as faults:
        errors = call_elsewhere(wire.near, [], SINGLE, **faults.environment)
    codes = {(type(error), error.code, error.errno) for error in errors}
    assert codes == {(netio.NetioError, lib.NETIO_ERRNO | number, number)}
    assert all("may not open netlink sockets; allow AF_NETLINK" in str(error) for error in errors)


@pytest.mark.parametrize("verb", ["create_neighbors", "set_neighbors", "replace_neighbors", "delete_neighbors"])
def test_every_row_of_a_bulk_call_has_the_error(wire: Wire, inject: Injector, verb: str) -> None:
    """Bug: a bulk verb raises a bare error instead of the group that its docstring promises."""
    rows = [Neighbor(IP4, MAC, interface="near0"), Neighbor(IP6, MAC, interface="near0"), Neighbor("192.0.2.78", MAC)]
    with inject(refuse_sockets=f"{int(socket.AF_NETLINK)} {errno.EPERM}") as faults:
        (group,) = call_elsewhere(wire.near, [], [(verb, (rows,), {})], **faults.environment)
    assert [(error.position, error.errno) for error in group.exceptions] == [(n, errno.EPERM) for n in range(3)]


@pytest.mark.parametrize("missing", ["AF_INET", "AF_INET6"])
def test_refused_family_is_not_a_missing_stack(wire: Wire, inject: Injector, missing: str) -> None:
    """Bug: a table that the process may read is reported as missing, since the process may not open other sockets."""
    wire.near.ip(f"neigh add {IP4} lladdr {MAC} dev near0", f"neigh add {IP6} lladdr {MAC} dev near0")
    family = getattr(socket, missing)
    calls: list[Call] = [("list_neighbors", (family,), {}), ("flush_neighbors", (family,), {})]
    with inject(refuse_sockets=f"{int(family)} {errno.EAFNOSUPPORT}") as faults:
        (entries, flushed) = call_elsewhere(wire.near, [], calls, **faults.environment)
    assert (IP4 if missing == "AF_INET" else IP6) in {str(entry.address) for entry in entries}
    assert flushed is None
    assert seen(wire.near) == {IP4: Seen(MAC), IP6: Seen(MAC)}


@pytest.mark.parametrize(
    "switches",
    [{"refuse_sockets": f"{int(socket.AF_NETLINK)} {errno.ENOBUFS}"}, {"fail_sends": errno.ENOBUFS}],
    ids=["socket", "send"],
)
def test_system_call_without_memory_is_not_a_full_table(
    wire: Wire, inject: Injector, switches: dict[str, str | int]
) -> None:
    """Bug: ENOBUFS of a system call is reported as a full neighbour table."""
    with inject(**switches) as faults:
        errors = call_elsewhere(wire.near, [], SINGLE, **faults.environment)
    # A look-up of an Ethernet interface sends nothing, and a probe of the privilege only distinguishes EPERM.
    assert {(type(error), error.code, error.errno) for error in errors} == {(netio.NetioError, 8, errno.ENOMEM)}
