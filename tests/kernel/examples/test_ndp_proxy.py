# SPDX-License-Identifier: MIT
"""examples/ndp_proxy.py makes the kernel answer for published addresses, as `ip -6 neigh add proxy` does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ndp_proxy
import netio
from netlab.oracle import proxies
from netlab.wire import NEAR_MAC

if TYPE_CHECKING:
    from netlab.wire import Wire

PUBLISHED = ["2001:db8::51", "2001:db8::52"]  # of hosts behind the near host
PROXY = 0x08


def test_same_entries_as_neutron(wire: Wire) -> None:
    """Bug: an entry lacks the flag, is not removed, or the entries of another program are."""
    wire.near.ip(*(f"neigh add proxy {address} dev near0" for address in PUBLISHED))
    expected = proxies(wire.near)
    wire.near.ip(*(f"neigh del proxy {address} dev near0" for address in PUBLISHED))
    wire.near.ip("neigh add proxy 2001:db8::60 dev near0", "neigh add proxy 192.0.2.60 dev near0")
    others = proxies(wire.near)

    ndp_proxy.publish(PUBLISHED, "near0")
    found = proxies(wire.near)
    assert {address: flags for address, (flags, _) in found.items() if address not in others} == {
        address: flags for address, (flags, _) in expected.items()
    }

    ndp_proxy.publish(PUBLISHED[1:], "near0")
    assert proxies(wire.near) == others | {PUBLISHED[1]: (PROXY, ndp_proxy.PROTOCOL)}
    ndp_proxy.publish([], "near0")
    assert proxies(wire.near) == others


def test_kernel_answers_for_published_addresses_only(wire: Wire) -> None:
    """Bug: the kernel does not answer solicitations for the address, or still does after its removal."""
    with wire.near.entered():
        for name in ("all/forwarding", "near0/proxy_ndp"):
            Path(f"/proc/sys/net/ipv6/conf/{name}").write_text("1")
    wire.near.ip(*(f"route add {address} dev lo" for address in PUBLISHED))  # behind another interface
    wire.far.ip("ntable change name ndisc_cache dev far0 retrans 500")

    ndp_proxy.publish(PUBLISHED[:1], "near0")

    with netio.namespace(wire.far.descriptor):
        assert netio.resolve_neighbor(PUBLISHED[0], interface="far0").physical_address == NEAR_MAC
        with pytest.raises(netio.UnreachableError):
            netio.resolve_neighbor(PUBLISHED[1], interface="far0")
