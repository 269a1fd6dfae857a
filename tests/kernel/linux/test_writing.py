# SPDX-License-Identifier: MIT
"""netio.linux writes what the kernel accepts, and reports what it rejects with its code."""

from __future__ import annotations

import errno
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

import netio
from netio import Neighbor, linux
from netio.linux import LinuxNeighbor, NeighborFlags, Nud
from netlab.child import environment, python
from netlab.oracle import details, proxies
from netlab.wire import ABSENT_IP4, FAR_MAC

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Caller
    from netlab.wire import Wire

NONE = NeighborFlags(0)
STORED = NeighborFlags.EXT_LEARNED | NeighborFlags.EXT_VALIDATED | NeighborFlags.ROUTER | NeighborFlags.MANAGED
UNRESOLVED = (Nud.NONE, Nud.INCOMPLETE, Nud.FAILED)
# Older kernels reject extended flags that they do not know.
KNOWS_EXT_VALIDATED = tuple(map(int, os.uname().release.split(".")[:2])) >= (6, 17)
COMBINATIONS = [NONE, *NeighborFlags, NeighborFlags.EXT_VALIDATED | NeighborFlags.EXT_LEARNED]


def is_valid(nud: Nud, flags: NeighborFlags, physical_address: str) -> bool:
    """The rules in docs/linux.md."""
    if flags & NeighborFlags.LOCKED or (flags & NeighborFlags.MANAGED and nud is Nud.PERMANENT):
        return False
    if flags & NeighborFlags.EXT_VALIDATED and not KNOWS_EXT_VALIDATED:
        return False
    if flags & (NeighborFlags.USE | NeighborFlags.MANAGED | NeighborFlags.PROXY):
        return True
    if nud in UNRESOLVED:
        return not flags & NeighborFlags.EXT_VALIDATED
    return bool(physical_address)


@pytest.mark.parametrize("flags", COMBINATIONS, ids=str)
@pytest.mark.parametrize("address", ["192.0.2.9", "2001:db8::9"])
@pytest.mark.parametrize("physical_address", ["", FAR_MAC], ids=["unknown", "known"])
def test_every_combination_is_written_or_rejected(
    wire: Wire, address: str, physical_address: str, flags: NeighborFlags
) -> None:
    """Bug: a state, flag or protocol is dropped; a rejection is silent, has another code, or leaves an entry."""
    is_proxy = bool(flags & NeighborFlags.PROXY)
    for nud in Nud:
        written = {"interface": "near0", "nud": nud, "flags": flags, "protocol": 200}
        if not is_valid(nud, flags, physical_address):
            with pytest.raises(netio.InvalidParameterError, match=r"docs/linux\.md") as caught:
                linux.create_neighbor(address, physical_address, **written)  # type: ignore[arg-type]
            assert (caught.value.code, caught.value.errno) == (87, errno.EINVAL)
            assert address not in details(wire.near)
            continue
        linux.create_neighbor(address, physical_address, **written)  # type: ignore[arg-type]
        if is_proxy:
            assert proxies(wire.near) == {address: (flags, 200)}
        else:
            found = details(wire.near)[address]
            probed = bool(flags & (NeighborFlags.USE | NeighborFlags.MANAGED))
            assert found.protocol == 200
            # The kernel probes a DELAY entry at once.
            assert found.state in ((Nud.INCOMPLETE,) if probed else (nud, Nud.PROBE) if nud is Nud.DELAY else (nud,))
            # The kernel stores ROUTER only together with a physical address.
            assert found.flags == flags & (STORED if nud not in UNRESOLVED else STORED & ~NeighborFlags.ROUTER)
            assert linux.get_neighbor(address, interface="near0").neighbor.physical_address == (
                "" if probed or nud in UNRESOLVED else physical_address
            )
            with pytest.raises(netio.NeighborExistsError):
                linux.create_neighbor(address, FAR_MAC, interface="near0")
        linux.delete_neighbor(address, interface="near0", proxy=is_proxy)
        with pytest.raises(netio.NeighborNotFoundError):
            linux.delete_neighbor(address, interface="near0", proxy=is_proxy)
        linux.delete_neighbor(address, interface="near0", proxy=is_proxy, missing_ok=True)
    assert address not in details(wire.near)
    assert proxies(wire.near) == {}


def test_replace_without_a_physical_address_leaves_no_entry_behind(wire: Wire) -> None:
    """Bug: the kernel rejects the request after it has created an entry in the state NONE."""
    with pytest.raises(netio.InvalidParameterError, match="physical address is missing"):
        linux.replace_neighbor(ABSENT_IP4, interface="near0", nud=Nud.STALE)
    assert ABSENT_IP4 not in details(wire.near)


def test_replace_clears_flags_and_keeps_what_is_not_given(wire: Wire) -> None:
    """Bug: an update without a physical address empties it, or a protocol of 0 is sent as one."""
    router = NeighborFlags.ROUTER | NeighborFlags.EXT_LEARNED
    linux.replace_neighbor("2001:db8::9", FAR_MAC, interface="near0", nud=Nud.STALE, flags=router, protocol=11)
    linux.replace_neighbor("2001:db8::9", interface="near0", nud=Nud.REACHABLE)
    row = linux.get_neighbor("2001:db8::9", interface="near0")
    assert (row.neighbor.physical_address, row.nud, row.flags, row.protocol) == (FAR_MAC, Nud.REACHABLE, 0, 11)
    assert details(wire.near)["2001:db8::9"].flags == 0


@pytest.mark.parametrize(("address", "interface"), [("240.0.0.1", "near0"), ("127.0.0.9", "near0"), ("::1", "lo")])
def test_addresses_that_only_the_kernel_accepts(wire: Wire, address: str, interface: str) -> None:
    """Bug: the rules of Windows for addresses apply here, too."""
    linux.replace_neighbor(address, FAR_MAC, interface=interface, nud=Nud.NOARP)
    assert details(wire.near, interface)[address].state == Nud.NOARP
    linux.delete_neighbor(address, interface=interface)
    assert address not in details(wire.near, interface)


@pytest.mark.parametrize("physical_address", ["02:00:5e:00", "02:00:5e:00:00:07:08:09"])
def test_physical_address_of_another_length(wire: Wire, physical_address: str) -> None:
    """Bug: the kernel truncates a longer physical address."""
    with pytest.raises(netio.InvalidParameterError):
        linux.replace_neighbor(ABSENT_IP4, physical_address, interface="near0", nud=Nud.STALE)
    assert ABSENT_IP4 not in details(wire.near)


def test_many_entries_are_restored_as_they_were(wire: Wire) -> None:
    """Bug: one rejected row hides the results of others, or details are paired with other rows across two sends."""
    protocols = {f"10.1.{i // 250}.{i % 250}": 1 + i % 255 for i in range(600)}
    rows = [
        LinuxNeighbor(
            Neighbor(address, f"02:00:00:00:00:{protocol:02x}", interface="near0"),
            Nud.STALE if protocol % 2 else Nud.NOARP,
            NeighborFlags.EXT_LEARNED if protocol % 3 else NONE,
            protocol,
        )
        for address, protocol in protocols.items()
    ]
    linux.replace_neighbors(rows)
    table = linux.list_neighbors(interface="near0")
    saved = {str(row.neighbor.address): row for row in table}
    assert [
        (found.neighbor.physical_address, found.nud, found.flags, found.protocol)
        for found in (saved[str(row.neighbor.address)] for row in rows)
    ] == [(row.neighbor.physical_address, row.nud, row.flags, row.protocol) for row in rows]

    netio.delete_neighbors(row.neighbor for row in rows)
    linux.replace_neighbors(table)
    assert {str(row.neighbor.address): row for row in linux.list_neighbors(interface="near0")} == saved
    assert details(wire.near)["10.1.0.4"].protocol == protocols["10.1.0.4"]

    bad = [LinuxNeighbor(Neighbor(ABSENT_IP4, interface="near0")), LinuxNeighbor(Neighbor("192.0.2.9", interface="no"))]
    with pytest.raises(ExceptionGroup) as caught:
        linux.replace_neighbors([rows[0], bad[0], rows[1], bad[1]])
    assert [(type(error), error.position, error.row) for error in caught.value.exceptions] == [  # type: ignore[union-attr]
        (netio.InvalidParameterError, 1, bad[0].neighbor),
        (netio.InterfaceNotFoundError, 3, bad[1].neighbor),
    ]
    with pytest.raises(TypeError, match=r"rows\[1\] must be a LinuxNeighbor, not Neighbor; nothing was written"):
        linux.replace_neighbors([rows[0], rows[0].neighbor])  # type: ignore[list-item]
    netio.delete_neighbors(row.neighbor for row in rows)


@pytest.mark.parametrize("cause", ["ip link set near0 mtu 1200", "sysctl -qw net.ipv6.conf.near0.disable_ipv6=1"])
def test_interface_without_ipv6(wire: Wire, cause: str) -> None:
    """Bug: its EINVAL is reported as an invalid combination, or its ENOENT as an absent entry."""
    wire.near.run(*cause.split())
    calls: list[Callable[[], object]] = [
        lambda: linux.get_neighbor("2001:db8::9", interface="near0"),
        lambda: linux.create_neighbor("2001:db8::9", FAR_MAC, interface="near0"),
        lambda: linux.replace_neighbor("2001:db8::9", FAR_MAC, interface="near0"),
        lambda: linux.replace_neighbor("2001:db8::9", interface="near0", nud=Nud.STALE),
        lambda: linux.delete_neighbor("2001:db8::9", interface="near0"),
    ]
    for call in calls:
        with pytest.raises(netio.NotSupportedError) as caught:
            call()
        assert caught.value.code == 50


def test_refused_calls_change_nothing(wire: Wire) -> None:
    """Bug: an unknown interface is reported as an invalid combination, or a call acts in the thread's namespace."""
    with pytest.raises(netio.InterfaceNotFoundError):
        linux.create_neighbor(ABSENT_IP4, FAR_MAC, interface="none")
    with pytest.raises(netio.InvalidParameterError, match="protocol 256 is not between 0 and 255"):
        linux.create_neighbor(ABSENT_IP4, FAR_MAC, interface="near0", protocol=256)
    with netio.namespace(wire.far.descriptor):
        linux.create_neighbor(ABSENT_IP4, FAR_MAC, interface="far0")
    assert ABSENT_IP4 not in details(wire.near)


def test_unprivileged_writes_are_denied_and_change_nothing(wire: Wire, unprivileged: Caller) -> None:
    """Bug: a missing privilege is reported as something else, or for some entries only."""
    wire.near.ip(
        f"neigh add 192.0.2.40 lladdr {FAR_MAC} dev near0 nud stale extern_learn proto zebra",
        f"neigh add 192.0.2.41 lladdr {FAR_MAC} dev near0 nud stale",
        "neigh add proxy 198.51.100.4 dev near0",
    )
    before, proxies_before = details(wire.near), proxies(wire.near)
    row = LinuxNeighbor(Neighbor(ABSENT_IP4, FAR_MAC, interface="near0"), Nud.STALE)
    known = LinuxNeighbor(Neighbor("192.0.2.41", interface="near0"))
    one = (ABSENT_IP4, FAR_MAC)
    for verb, arguments, named in (
        ("create_neighbor", one, {"interface": "near0"}),
        ("replace_neighbor", one, {"interface": "near0", "nud": Nud.NOARP, "flags": NeighborFlags.EXT_LEARNED}),
        ("replace_neighbor", one, {"interface": "near0", "flags": NeighborFlags.PROXY}),
        ("delete_neighbor", ("192.0.2.40",), {"interface": "near0"}),
        ("delete_neighbor", ("198.51.100.4",), {"interface": "near0", "proxy": True}),
        ("delete_neighbor", (ABSENT_IP4,), {"interface": "near0", "missing_ok": True}),
    ):
        with pytest.raises(netio.AccessDeniedError) as caught:
            unprivileged(f"linux.{verb}", *arguments, **named)
        assert (caught.value.code, caught.value.errno) == (5, errno.EACCES)
    for verb, rows in (
        ("create_neighbors", [row, row]),
        ("replace_neighbors", [row, row]),
        ("probe_neighbors", [known, known]),
    ):
        with pytest.raises(ExceptionGroup) as group:
            unprivileged(f"linux.{verb}", rows)
        assert [(type(error), error.position) for error in group.value.exceptions] == [  # type: ignore[union-attr]
            (netio.AccessDeniedError, 0),
            (netio.AccessDeniedError, 1),
        ]
    assert unprivileged("linux.get_neighbor", "192.0.2.40", interface="near0").protocol == 11
    after = details(wire.near)
    assert {key: (one.state, one.flags, one.protocol) for key, one in after.items()} == {
        key: (one.state, one.flags, one.protocol) for key, one in before.items()
    }
    assert proxies(wire.near) == proxies_before


_IN_A_USER_NAMESPACE = """
import subprocess
from netio import linux
from netio.linux import NeighborFlags, Nud

subprocess.run(["ip", "link", "add", "name", "here", "type", "veth", "peer", "name", "there"], check=True)
subprocess.run(["ip", "link", "set", "here", "up"], check=True)
flags = NeighborFlags.EXT_LEARNED
linux.create_neighbor("192.0.2.9", "02:00:5e:00:00:09", interface="here", nud=Nud.STALE, flags=flags, protocol=11)
linux.create_neighbor("198.51.100.4", interface="here", flags=NeighborFlags.PROXY)
linux.set_table_parameters(2, interface="here", app_probes=3)
row = linux.get_neighbor("192.0.2.9", interface="here")
linux.delete_neighbor("192.0.2.9", interface="here")
print(row.nud, int(row.flags), row.protocol, len(linux.list_neighbors(proxy=True, interface="here")))
print(linux.table_parameters(2, interface="here").interfaces[0].app_probes)
"""


def test_user_namespace_suffices() -> None:
    """Bug: a function needs the privilege of the machine, not of the namespace."""
    command = ["unshare", "--user", "--map-root-user", "--net", *python(_IN_A_USER_NAMESPACE)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=50, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["STALE 16 11 1", "3"]
