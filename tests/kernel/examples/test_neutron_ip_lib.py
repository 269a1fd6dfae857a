# SPDX-License-Identifier: MIT
"""examples/neutron_ip_lib.py writes and returns what Neutron's ip_lib does, which is the same calls of pyroute2.

Neutron itself needs more than 80 other distributions, so ORIGINAL repeats its calls.
"""

from __future__ import annotations

from socket import AF_INET, AF_INET6
from typing import TYPE_CHECKING

import pytest

import netio
import neutron_ip_lib
from netlab.oracle import details
from netlab.original import run_original

if TYPE_CHECKING:
    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"

ORIGINAL = """
import errno, json, sys
from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.rtnl import ndmsg

NAMES = {number: name for name, number in ndmsg.states.items()}

def entry(message):
    attributes = dict(message["attrs"])
    state = NAMES[message["state"]]
    return {"dst": attributes["NDA_DST"], "lladdr": attributes.get("NDA_LLADDR"), "device": device, "state": state}

device, calls = json.load(sys.stdin)
with IPRoute() as route:
    index = route.link_lookup(ifname=device)[0]
    for command, values in calls:
        if "state" in values:
            values["state"] = ndmsg.states[values["state"]]
        try:
            found = list(route.neigh(command, ifindex=index, **values))
        except NetlinkError as error:
            if (command, error.code) != ("delete", errno.ENOENT):
                raise
print(json.dumps([entry(message) for message in found]))
"""


def path_of(wire: Wire) -> str:
    """Returns a path of the namespace of the far host, which has no name."""
    return f"/proc/self/fd/{wire.far.descriptor}"


def original(wire: Wire, *calls: tuple[str, dict[str, object]]) -> list[neutron_ip_lib.Entry]:
    """Makes the calls as Neutron does. Returns the entries of the last one."""
    return sorted_entries(run_original(wire.far, ORIGINAL, ["far0", calls]))


def sorted_entries(entries: list[neutron_ip_lib.Entry]) -> list[neutron_ip_lib.Entry]:
    """Returns the entries in a fixed order, without those of multicast groups, which the kernel adds at any time."""
    return sorted((entry for entry in entries if not entry["dst"].startswith("ff02:")), key=lambda entry: entry["dst"])


IP4 = ["192.0.2.7", "192.0.2.8", "192.0.2.9", "198.51.100.7", "240.0.0.1"]
IP6 = ["2001:db8::7", "2001:db8::8", "2001:db8::9", "fe80::7", "fe80::8"]
STATES = ["permanent", "", "noarp", "reachable", "stale"]


@pytest.mark.parametrize("addresses", [IP4, IP6], ids=["IPv4", "IPv6"])
def test_add_list_and_delete(wire: Wire, addresses: list[str]) -> None:
    """Bug: a state is written or read as another one, an address has a scope, or the wrong namespace is used."""
    version, family = (4, int(AF_INET)) if addresses is IP4 else (6, int(AF_INET6))
    wanted = dict(zip(addresses, STATES, strict=True))

    for address, state in wanted.items():
        neutron_ip_lib.add_neigh_entry(address, MAC, "far0", path_of(wire), **({"nud_state": state} if state else {}))
    found = sorted_entries(neutron_ip_lib.dump_neigh_entries(version, "far0", path_of(wire)))
    assert found == original(wire, ("dump", {"family": family}))
    assert {entry["dst"]: entry["state"] for entry in found} == {
        address: state or "permanent" for address, state in wanted.items()
    }

    for address in (*addresses, *addresses):  # deleting an entry that does not exist is not an error
        neutron_ip_lib.delete_neigh_entry(address, "far0", path_of(wire))
    assert details(wire.far, "far0") == {}

    written = [
        ("replace", {"dst": address, "lladdr": MAC, "family": family, "state": state or "permanent"})
        for address, state in wanted.items()
    ]
    assert original(wire, *written, ("dump", {"family": family})) == found
    assert details(wire.near) == {}


@pytest.mark.parametrize(
    ("prefix", "deleted"),
    [("all", {"192.0.2.50", "192.0.2.51", "198.51.100.50"}), ("192.0.2.0/24", {"192.0.2.50", "192.0.2.51"})],
)
def test_flush_keeps_static_entries_and_other_prefixes(wire: Wire, prefix: str, deleted: set[str]) -> None:
    """Bug: a permanent or NOARP entry is deleted, or one outside the prefix."""
    wire.far.ip(
        f"neigh add 192.0.2.50 lladdr {MAC} dev far0 nud stale",
        "neigh add 192.0.2.51 dev far0 nud failed",
        f"neigh add 192.0.2.52 lladdr {MAC} dev far0",
        f"neigh add 192.0.2.53 lladdr {MAC} dev far0 nud noarp",
        f"neigh add 198.51.100.50 lladdr {MAC} dev far0 nud stale",
    )
    before = details(wire.far, "far0").keys()

    neutron_ip_lib.flush(4, prefix, "far0", path_of(wire))

    assert before - details(wire.far, "far0").keys() == deleted


def test_missing_device_and_missing_namespace(wire: Wire) -> None:
    """Bug: the caller cannot distinguish the two, or an entry is written in the namespace of the caller."""
    with pytest.raises(netio.InterfaceNotFoundError):
        neutron_ip_lib.add_neigh_entry("192.0.2.7", MAC, "near0", path_of(wire))
    with pytest.raises(netio.NamespaceNotFoundError):
        neutron_ip_lib.add_neigh_entry("192.0.2.7", MAC, "near0", "/nowhere/net")
    assert "192.0.2.7" not in details(wire.near)

    neutron_ip_lib.add_neigh_entry("192.0.2.7", MAC, "near0")
    assert "192.0.2.7" in details(wire.near)
