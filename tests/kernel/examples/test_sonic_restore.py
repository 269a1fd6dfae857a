# SPDX-License-Identifier: MIT
"""examples/sonic_restore.py writes the entries that SONiC's restore_neighbors.py writes, and probes them.

SONiC is not on PyPI, so ORIGINAL repeats its calls of pyroute2.
"""

from __future__ import annotations

from time import monotonic, sleep
from typing import TYPE_CHECKING

import sonic_restore
from netio import Neighbor
from netio.linux import Nud
from netlab.capture import capturing
from netlab.oracle import details, seen
from netlab.original import run_original
from netlab.wire import ABSENT_IP4, ABSENT_IP6, FAR_IP4, FAR_IP6, FAR_LINK_LOCAL, FAR_MAC, NEAR_MAC

if TYPE_CHECKING:
    from netlab.wire import Wire

OLD_MAC, OTHER_MAC = "02:00:5e:00:00:01", "02:00:5e:00:00:02"
KNOWN = "192.0.2.50"

ORIGINAL = """
import errno, json, sys
from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.rtnl import ndmsg

with IPRoute() as route:
    index = route.link_lookup(ifname="near0")[0]
    for dst, lladdr in json.load(sys.stdin):
        try:
            route.neigh("add", dst=dst, lladdr=lladdr, ifindex=index, state=ndmsg.states["stale"])
        except NetlinkError as error:
            if error.code != errno.EEXIST:
                raise
print("null")
"""

SAVED = [
    Neighbor(FAR_IP4, FAR_MAC, interface="near0"),
    Neighbor(FAR_IP6, FAR_MAC, interface="near0"),
    Neighbor(ABSENT_IP4, OLD_MAC, interface="near0"),
    Neighbor(ABSENT_IP6, OLD_MAC, interface="near0"),
    Neighbor(FAR_LINK_LOCAL, OLD_MAC, interface="near0"),  # it has another one now
    Neighbor(KNOWN, OLD_MAC, interface="near0"),
]


def know(wire: Wire) -> None:
    """Adds an entry that the kernel has before the restore."""
    wire.near.ip(f"neigh replace {KNOWN} lladdr {OTHER_MAC} dev near0")


def test_same_entries_as_sonic(wire: Wire) -> None:
    """Bug: an entry is not STALE, or overwrites what the kernel has learned since the reboot."""
    know(wire)
    sonic_restore.add(SAVED)
    found = seen(wire.near)
    wire.near.ip(*(f"neigh del {address} dev near0" for address in found))
    know(wire)

    run_original(wire.near, ORIGINAL, [(str(row.key[0]), row.physical_address) for row in SAVED])

    assert found == seen(wire.near)
    assert {found[str(row.key[0])].state for row in SAVED[:5]} == {"STALE"}
    assert (found[KNOWN].state, found[KNOWN].physical_address) == ("PERMANENT", OTHER_MAC)


def test_entries_are_probed_and_none_is_removed(wire: Wire) -> None:
    """Bug: a host is not probed, or an entry is removed, so that the next attempt does not find it."""
    wire.hasten()
    know(wire)
    with capturing(wire) as capture:
        assert sonic_restore.restore(SAVED) == []
        probed = [str(row.key[0]) for row in SAVED[:5]]
        end = monotonic() + 20
        while any(details(wire.near)[address].state in (Nud.STALE, Nud.DELAY, Nud.PROBE) for address in probed):
            assert monotonic() < end, details(wire.near)
            sleep(0.02)
        assert {question.target for question in capture.questions()} >= set(probed)
    found = seen(wire.near)
    assert [found[address].state for address in probed] == ["REACHABLE", "REACHABLE", *["FAILED"] * 3]
    assert found[KNOWN].state == "PERMANENT"


def test_entries_of_an_interface_that_is_down_are_returned(wire: Wire) -> None:
    """Bug: the entries are lost, or one missing interface ends the restore."""
    wire.lay("near1", NEAR_MAC, "far1", FAR_MAC)
    wire.near.ip("link set near1 down")
    waiting = [Neighbor("203.0.113.7", OLD_MAC, interface="near1"), Neighbor("203.0.113.8", OLD_MAC, interface="eth9")]

    assert sonic_restore.restore([*waiting, SAVED[0]]) == waiting

    assert FAR_IP4 in seen(wire.near)
    assert seen(wire.near, "near1") == {}
