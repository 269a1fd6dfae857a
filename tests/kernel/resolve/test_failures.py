# SPDX-License-Identifier: MIT
"""Resolving addresses that do not reply or cannot be probed, and the limits of the wait."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.oracle import Seen, seen
from netlab.wire import ABSENT_IP4, FAR_IP4, FAR_IP6, NEAR_IP4, NEAR_IP6

if TYPE_CHECKING:
    from conftest import Caller
    from netlab.faults import Injector
    from netlab.wire import Wire

MAC = "02:00:5e:00:00:99"

FAILED = Seen("", "FAILED")


def failure(address: str, **named: object) -> netio.NetioError:
    with pytest.raises(netio.NetioError) as caught:
        netio.resolve_neighbor(address, interface="near0", **named)  # type: ignore[arg-type]
    assert caught.value.operation == "ResolveIpNetEntry2"
    return caught.value


def test_no_reply(wire: Wire) -> None:
    """Bug: the kernel's result is missed, and the wait ends by its timeout; or the first notification ends it."""
    start = monotonic()

    error = failure(ABSENT_IP4)

    assert isinstance(error, netio.UnreachableError)
    assert (error.code, error.ntstatus) == (67, "STATUS_BAD_NETWORK_NAME")
    assert 2 < monotonic() - start < 8
    assert set(seen(wire.near)) <= {ABSENT_IP4}


def test_no_reply_from_each_kind_of_address(wire: Wire, absent: str, anyone: Caller) -> None:
    """Bug: a FAILED entry is recognised in one family only, or the error of the datagram is taken for the result."""
    wire.hasten()

    with pytest.raises(netio.UnreachableError) as caught:
        anyone("resolve_neighbor", absent, interface="near0")

    assert caught.value.code == 67
    assert seen(wire.near).get(absent, FAILED) == FAILED


@pytest.mark.parametrize("state", ["stale", "failed"])
def test_old_entry_of_removed_host(wire: Wire, absent: str, state: str, anyone: Caller) -> None:
    """Bug: an old entry is probed again and again, or returned without a confirmation."""
    wire.hasten()
    given = f"lladdr {MAC}" if state == "stale" else ""
    wire.near.ip(f"neigh add {absent} {given} dev near0 nud {state}")

    with pytest.raises(netio.UnreachableError) as caught:
        anyone("resolve_neighbor", absent, interface="near0")

    assert caught.value.code == 67


@pytest.mark.parametrize("timeout", [0, 0.2, 1])
@pytest.mark.usefixtures("wire")
def test_timeout(timeout: float) -> None:
    """Bug: the timeout is taken for milliseconds, or only checked when a notification arrives."""
    start = monotonic()

    assert failure(ABSENT_IP4, timeout=timeout).code == 67

    assert timeout <= monotonic() - start < timeout + 1


@pytest.mark.parametrize("timeout", [float("nan"), float("inf"), float("-inf"), -1, -0.001])
def test_timeout_out_of_range(wire: Wire, timeout: float) -> None:
    """Bug: an invalid timeout makes the wait endless, or the entry is removed before the timeout is checked."""
    wire.near.ip(f"neigh add {ABSENT_IP4} lladdr {MAC} dev near0 nud stale")

    error = failure(ABSENT_IP4, timeout=timeout)

    assert isinstance(error, netio.InvalidParameterError)
    assert error.code == 87
    assert seen(wire.near) == {ABSENT_IP4: Seen(MAC, "STALE")}


@pytest.mark.parametrize("timeout", ["1", True, b"1", [1]])
def test_timeout_of_wrong_type(wire: Wire, timeout: object) -> None:
    """Bug: True is accepted as one second."""
    wire.near.ip(f"neigh add {ABSENT_IP4} lladdr {MAC} dev near0 nud stale")

    with pytest.raises(TypeError):
        netio.resolve_neighbor(ABSENT_IP4, interface="near0", timeout=timeout)  # type: ignore[arg-type]

    assert seen(wire.near) == {ABSENT_IP4: Seen(MAC, "STALE")}


@pytest.mark.parametrize(
    ("address", "source"),
    [
        (FAR_IP4, NEAR_IP6),
        (FAR_IP6, NEAR_IP4),
        (FAR_IP4, "192.0.2.3"),
        (FAR_IP4, FAR_IP4),
        (FAR_IP6, "2001:db8::3"),
        (FAR_IP6, "fe80::3"),
        (FAR_IP4, "0.0.0.0"),
        (FAR_IP4, "127.0.0.1"),
        (FAR_IP4, "192.0.2.255"),
        (FAR_IP4, "255.255.255.255"),
        (FAR_IP4, "224.0.0.1"),
        (FAR_IP6, "::"),
        (FAR_IP6, "::1"),
        (FAR_IP6, "ff02::1"),
        (FAR_IP6, "::ffff:192.0.2.1"),
        (FAR_IP4, "near0"),
        (FAR_IP6, "2001:db8::1%near0"),
    ],
)
def test_source_that_this_host_lacks(wire: Wire, address: str, source: str, unprivileged: Caller) -> None:
    """Bug: the kernel accepts such a source and uses another; or the entry is removed before the source is checked."""
    wire.near.ip(f"neigh add {address} lladdr {MAC} dev near0 nud stale")

    error = failure(address, source=source)

    assert isinstance(error, netio.InvalidParameterError)
    assert error.code == 87
    with pytest.raises(netio.InvalidParameterError):
        unprivileged("resolve_neighbor", address, interface="near0", source=source)
    assert seen(wire.near) == {address: Seen(MAC, "STALE")}


@pytest.mark.parametrize("source", [3221225985, b"\xc0\x00\x02\x01", True])
def test_source_of_wrong_type(wire: Wire, source: object) -> None:
    """Bug: an int or packed bytes are accepted, as ipaddress does."""
    wire.near.ip(f"neigh add {FAR_IP4} lladdr {MAC} dev near0 nud stale")

    with pytest.raises(TypeError):
        netio.resolve_neighbor(FAR_IP4, interface="near0", source=source)  # type: ignore[arg-type]

    assert seen(wire.near) == {FAR_IP4: Seen(MAC, "STALE")}


def test_interface_that_is_down(wire: Wire, live: str, anyone: Caller) -> None:
    """Bug: resolving waits on an interface that is down, or has a special error for it."""
    wire.near.ip("link set near0 down")

    with pytest.raises(netio.UnreachableError) as caught:
        anyone("resolve_neighbor", live, interface="near0", timeout=5)
    assert caught.value.code == 67


@pytest.mark.parametrize("interface", ["lo", "bare0"])
def test_interface_without_neighbour_discovery(wire: Wire, interface: str) -> None:
    """Bug: resolving waits on an interface that sends no probes, or takes it for a full table."""
    wire.near.ip("link add bare0 type vxlan dstport 4790 external gpe", "link set bare0 up")

    with pytest.raises(netio.UnreachableError) as caught:
        netio.resolve_neighbor(FAR_IP4, interface=interface, timeout=1)

    assert caught.value.code == 67


def test_firewall_is_not_lack_of_privileges(wire: Wire, inject: Injector) -> None:
    """Bug: EPERM for the datagram is reported as a lack of privileges, which resolving does not need."""
    calls = [("resolve_neighbor", (FAR_IP4,), {"interface": "near0"})]

    with inject(firewall=1) as faults:
        (error,) = call_elsewhere(wire.near, UNPRIVILEGED, calls, **faults.environment)

    assert type(error) is netio.UnreachableError
