# SPDX-License-Identifier: MIT
"""How one interface is looked up: by ioctls if it is Ethernet, with the same result as by RTM_GETLINK."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest

import netio
from netio import Neighbor
from netlab.child import environment, python
from netlab.interfaces import Found, find
from netlab.trace import trace

if TYPE_CHECKING:
    from pathlib import Path

    from netlab.faults import Faults, Injector
    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"
NOT_FOUND = 2
BIG = 20_000_000  # more than the 24 bits of a LUID for the index

LINKS = (
    "link add name name-of-15-char address 02:00:00:00:00:11 type bridge",
    "link add name name-of-15-chaR address 02:00:00:00:00:12 type bridge",
    "link add name n address 02:00:00:00:00:13 type bridge",
    "link add name tunnel0 type vxlan id 7 dstport 4789",
    "link add name bare0 type vxlan dstport 4790 external gpe",
    f"link add name big0 index {BIG} address 02:00:00:00:00:14 type bridge",
    "link set dev n arp off up",
    "link set tunnel0 up",
)

FIND = """
import json, sys
from netlab.interfaces import find
found = find(index=int(sys.argv[1]))
json.dump(found if isinstance(found, int) else [found.name, found.scope, found.length], sys.stdout)
"""


def length_of(shown: dict[str, object]) -> int:
    """Returns the length of the physical addresses on an interface, by the output of ip(8)."""
    flags, address = shown["flags"], shown.get("address", "")
    assert isinstance(flags, list)
    assert isinstance(address, str)
    return 0 if {"LOOPBACK", "POINTOPOINT"} & set(flags) or not address else len(address.split(":"))


def test_every_way_to_look_up_every_interface(wire: Wire) -> None:
    """Bug: the ioctls give another result than RTM_GETLINK, or another interface."""
    wire.near.ip(*LINKS)
    shown = {str(link["ifname"]): link for link in wire.near.json("link show")}
    links = netio.list_interfaces()
    assert {link.name for link in links} == set(shown) >= {"lo", "near0", "bare0", "big0", "name-of-15-chaR"}
    for link in links:
        length = length_of(shown[link.name])
        expected = Found(link.name, link.index, link.luid, length, link.name, link.physical_address)
        assert find(name=link.name.encode()) == find(index=link.index) == expected
        if link.luid:
            assert find(luid=link.luid) == expected
            assert find(luid=link.luid ^ 1 << 48) == NOT_FOUND
    assert {length_of(link) for link in shown.values()} == {0, 6}


def test_unknown_names(wire: Wire) -> None:
    """Bug: only a part of a name is compared, or a long name is truncated to an existing one."""
    wire.near.ip(*LINKS)
    for name in ("", "name-of-15-cha", "name-of-15-charx", "name-of-15-char" * 2, "x", "near", "near00", "N"):
        assert find(name=name.encode()) == NOT_FOUND, name
    assert find(index=BIG + 1) == find(index=2**31) == find(index=2**32 - 1) == NOT_FOUND
    assert find(luid=BIG << 24) == find(luid=2**64 - 1) == find(luid=6 << 48) == NOT_FOUND


def test_alternative_names(wire: Wire) -> None:
    """Bug: an alternative name is returned as the name, or one of 16 characters is not found."""
    names = ["short", "fifteen-chars-a", "sixteen-charactr", "a-name-of-seventeen"[:17], "n" * 127]
    wire.near.ip(*(f"link property add dev near0 altname {name}" for name in names))
    near0 = find(name=b"near0")
    assert isinstance(near0, Found)
    assert [find(name=name.encode()) for name in names] == [near0] * len(names)
    assert find(name=b"n" * 126) == find(name=b"n" * 128) == find(name=b"sixteen-charact") == NOT_FOUND


def test_two_interfaces_exchange_their_names(wire: Wire) -> None:
    """Bug: the name of an interface is cached between calls."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    before = {name: find(name=name) for name in (b"near0", b"near1")}
    wire.near.ip(*(f"link set {name} down" for name in ("near0", "near1")))
    wire.near.ip("link set near0 name other", "link set near1 name near0", "link set other name near1")

    for old, new in ((b"near0", b"near1"), (b"near1", b"near0")):
        link = before[old]
        assert isinstance(link, Found)
        renamed = replace(link, name=new.decode(), scope=new.decode())
        assert find(name=new) == find(index=link.index) == find(luid=link.luid) == renamed


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("ip link set near1 name other1; ip link set bridge0 name near1", "other1"),
        ("ip link set near1 name other1", "other1"),
        ("ip link delete near1", None),
    ],
    ids=["another interface gets its name", "renamed", "removed"],
)
def test_interface_changes_between_two_ioctls(wire: Wire, inject: Injector, change: str, name: str | None) -> None:
    """Bug: the index of one interface is combined with the properties of another one."""
    wire.near.ip(
        "link add name near1 address 02:00:00:00:00:11 type bridge",
        "link add name bridge0 address 02:00:00:00:00:12 type bridge",
    )
    link = find(name=b"near1")
    assert isinstance(link, Found)
    with inject(run_after_siocgifname=change) as faults:
        found = find_with(faults, link.index)

    assert found == (NOT_FOUND if name is None else [name, name, 6])


@pytest.mark.usefixtures("wire")
def test_point_to_point_ethernet_has_no_physical_addresses(inject: Injector) -> None:
    """Bug: the ioctls give a length although the neighbours have no physical addresses."""
    link = find(name=b"near0")
    assert isinstance(link, Found)
    with inject(point_to_point=1) as faults:
        assert find_with(faults, link.index) == ["near0", "near0", 0]


def find_with(faults: Faults, index: int) -> object:
    """Looks an interface up in a process with injected faults."""
    command = [*python(FIND), str(index)]
    done = subprocess.run(
        command, env=environment(**faults.environment), stdout=subprocess.PIPE, check=True, timeout=50
    )
    return json.loads(done.stdout)


def traced(wire: Wire, tmp_path: Path, code: str) -> list[str]:
    """Returns the system calls about interfaces of a Python process on the near host."""
    with wire.near.entered():
        return trace(code, tmp_path / "log", "ioctl,%network")


def sent(calls: list[str]) -> int:
    """Returns the number of netlink requests."""
    return sum(" sendto(" in call or " send(" in call for call in calls)


def test_ethernet_is_looked_up_by_ioctls_alone(wire: Wire, tmp_path: Path) -> None:
    """Bug: the ioctls never succeed, which no other test detects, since RTM_GETLINK gives the same result."""
    wire.near.ip("link add name bare0 type vxlan dstport 4790 external gpe")
    by_name = "from netlab.interfaces import find; find(name=b'{0}')"

    fast, slow = traced(wire, tmp_path, by_name.format("near0")), traced(wire, tmp_path, by_name.format("bare0"))

    assert sum("SIOCGIFINDEX" in call for call in fast) == 1
    assert (sent(fast), sent(slow)) == (0, 1)


def test_unknown_name_is_not_passed_to_an_ioctl(wire: Wire, tmp_path: Path) -> None:
    """Bug: for an ioctl with an unknown name the kernel loads a module of that name, which may add interfaces."""
    code = f"""
import netio
row = netio.Neighbor("192.0.2.77", "{MAC}", interface="absent0")
for call in [
    lambda: netio.get_neighbor("192.0.2.77", interface="absent0"),
    lambda: netio.get_neighbor("fe80::77%absent0"),
    lambda: netio.create_neighbor("192.0.2.77", "{MAC}", interface="absent0"),
    lambda: netio.resolve_neighbor("192.0.2.77", interface="absent0"),
    lambda: netio.list_neighbors(interface="absent0"),
    lambda: netio.flush_neighbors(interface="absent0"),
]:
    try:
        call()
    except netio.InterfaceNotFoundError:
        continue
    raise SystemExit("found")
try:
    netio.delete_neighbors([row])
except* netio.InterfaceNotFoundError:
    netio.list_neighbors(interface="near0")
"""
    calls = traced(wire, tmp_path, code)

    by_ioctl = [call for call in calls if "ioctl(" in call]
    assert any('"near0"' in call for call in by_ioctl)
    assert [call for call in by_ioctl if "absent0" in call] == []
    assert sum("absent0" in call for call in calls) > 0


def test_alternating_interfaces_are_looked_up_once(wire: Wire, tmp_path: Path) -> None:
    """Bug: only the last interface is cached, so that each entry on another one costs a look-up."""
    wire.near.ip(*(f"link add name turn{i} address 02:00:00:00:00:2{i} type bridge" for i in range(8)))
    code = f"""
import netio
rows = [netio.Neighbor(f"192.0.2.{{n}}", "{MAC}", interface=f"turn{{n % 8}}") for n in range(1, 201)]
netio.create_neighbors(rows)
"""
    calls = traced(wire, tmp_path, code)

    # Once by name, for the rows, and once when the rows are written.
    assert sum("SIOCGIFNAME" in call for call in calls) == 2 * 8
    assert len([row for row in netio.list_neighbors(2) if row.physical_address == MAC]) == 200


def test_alternating_interfaces_are_looked_up_once_per_submit(wire: Wire, tmp_path: Path) -> None:
    """Bug: while resolving, only the last interface of the routes or of the rows is cached."""
    wire.near.ip(*(f"link add name turn{i} address 02:00:00:00:00:2{i} type bridge" for i in range(4)))
    for i in range(4):
        wire.near.ip(f"link set turn{i} up", f"route add 10.0.{i}.0/24 dev turn{i}")
        wire.near.ip(*(f"neigh add 10.0.{i}.{n} lladdr {MAC} dev turn{i}" for n in range(1, 11)))
    code = """
import netio
found = list(netio.resolve_neighbors(f"10.0.{n % 4}.{n // 4 + 1}" for n in range(40)))
assert all(isinstance(row, netio.Neighbor) for _, row in found)
"""
    calls = traced(wire, tmp_path, code)

    # Once for the routes, once for the rows, and once for the names in the results.
    assert sum("SIOCGIFNAME" in call for call in calls) == 3 * 4


@pytest.mark.parametrize("count", [3, 8, 9, 20])
def test_entries_on_many_alternating_interfaces(wire: Wire, count: int) -> None:
    """Bug: an entry is written to a cached interface instead of its own, above all after an unknown one."""
    wire.near.ip(*(f"link add name turn{i} address 02:00:00:00:01:{i:02x} type bridge" for i in range(count)))
    wire.near.ip(f"link add name big0 index {BIG} address 02:00:00:00:00:14 type bridge")
    links = [link for link in netio.list_interfaces() if link.name.startswith("turn")]
    absent: list[str | int | netio.Interface] = ["absent0", netio.Interface("", 0, links[0].luid ^ 1 << 48), BIG - 1]
    known: list[str | int | netio.Interface] = [*links, BIG, links[0].index]
    turns = Random(count).choices([*known, *absent], k=600)
    rows = [
        Neighbor(f"10.0.{n // 250}.{n % 250 + 1}", bytes([2, 0, 0, 0, *divmod(n, 256)]), interface=turn)
        for n, turn in enumerate(turns)
    ]
    unknown = {n for n, turn in enumerate(turns) if turn in absent}

    with pytest.raises(ExceptionGroup) as caught:
        netio.create_neighbors(rows)

    assert {getattr(error, "position", None) for error in caught.value.exceptions} == unknown
    assert {type(error) for error in caught.value.exceptions} == {netio.InterfaceNotFoundError}
    names = {link.index: link.name for link in links} | {BIG: "big0"}
    expected = {
        (row.interface or names[row.interface_index or links[0].index], str(row.address), row.physical_address)
        for n, row in enumerate(rows)
        if n not in unknown
    }
    found = netio.list_neighbors(2)
    assert {(row.interface, str(row.address), row.physical_address) for row in found} == expected


def test_list_looks_each_interface_up_once(wire: Wire, tmp_path: Path) -> None:
    """Bug: the names of a table are looked up after its LUIDs, each with a socket of its own."""
    names = [f"bridge{n}" for n in range(40)]
    wire.near.ip(*(f"link add {name} type bridge" for name in names))
    wire.near.ip(*(f"neigh add 192.0.2.{n // 40 + 77} lladdr {MAC} dev bridge{n % 40}" for n in range(200)))
    code = "import netio; netio.list_neighbors()"

    calls = traced(wire, tmp_path, code)

    assert sum("socket(AF_NETLINK" in call for call in calls) == 1
    assert sum("SIOCGIFNAME" in call for call in calls) == len({one.interface for one in netio.list_neighbors()})
    listed = [one for one in netio.list_neighbors() if one.interface in names]
    assert len(listed) == 200
    numbers = {link.name: (link.index, link.luid) for link in netio.list_interfaces()}
    assert all((one.interface_index, one.interface_luid) == numbers[one.interface] for one in listed)
