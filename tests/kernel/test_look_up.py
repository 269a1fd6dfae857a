# SPDX-License-Identifier: MIT
"""How one interface is found: in a short way where it is Ethernet, and with the same answer in the long way."""

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
from netlab.links import Found, find
from netlab.preload import library
from netlab.trace import trace

if TYPE_CHECKING:
    from pathlib import Path

    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"
NOT_FOUND = 2
BIG = 20_000_000  # beyond the 24 bits that a LUID has for the index

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
from netlab.links import find
found = find(index=int(sys.argv[1]))
json.dump(found if isinstance(found, int) else [found.name, found.scope, found.length], sys.stdout)
"""

# Something happens after the name of a link has been read; its flags can be those of point-to-point links.
IOCTL = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <net/if.h>
#include <linux/sockios.h>
#include <stdarg.h>
#include <stdlib.h>

int ioctl(int fd, unsigned long request, ...)
{
    static int done;
    int (*real)(int, unsigned long, ...);
    va_list rest;
    void *argument;
    int result;

    va_start(rest, request);
    argument = va_arg(rest, void *);
    va_end(rest);
    *(void **)&real = dlsym(RTLD_NEXT, "ioctl");
    result = real(fd, request, argument);
#ifdef POINT_TO_POINT
    if (request == SIOCGIFFLAGS)
        ((struct ifreq *)argument)->ifr_flags |= IFF_POINTOPOINT;
#endif
    if (request == SIOCGIFNAME && !done++ && system("unset LD_PRELOAD; " WHAT) != 0)
        abort();
    return result;
}
"""


def length_of(shown: dict[str, object]) -> int:
    """The length of a link's physical addresses, from what ip(8) shows of it."""
    flags, address = shown["flags"], shown.get("address", "")
    assert isinstance(flags, list)
    assert isinstance(address, str)
    return 0 if {"LOOPBACK", "POINTOPOINT"} & set(flags) or not address else len(address.split(":"))


def test_all_ways_to_all_links(wire: Wire) -> None:
    """Bug: the short way tells something else than RTM_GETLINK, or another link."""
    wire.near.ip(*LINKS)
    shown = {str(link["ifname"]): link for link in wire.near.json("link show")}
    links = netio.list_interfaces()
    assert {link.name for link in links} == set(shown) >= {"lo", "near0", "bare0", "big0", "name-of-15-chaR"}
    for link in links:
        expected = Found(link.name, link.index, link.luid, length_of(shown[link.name]), link.name)
        assert find(name=link.name.encode()) == find(index=link.index) == expected
        if link.luid:
            assert find(luid=link.luid) == expected
            assert find(luid=link.luid ^ 1 << 48) == NOT_FOUND
    assert {length_of(link) for link in shown.values()} == {0, 6}


def test_names_that_nobody_has(wire: Wire) -> None:
    """Bug: a name is compared over a part of its length, or one that does not fit is cut to one that is there."""
    wire.near.ip(*LINKS)
    for name in ("", "name-of-15-cha", "name-of-15-charx", "name-of-15-char" * 2, "x", "near", "near00", "N"):
        assert find(name=name.encode()) == NOT_FOUND, name
    assert find(index=BIG + 1) == find(index=2**31) == find(index=2**32 - 1) == NOT_FOUND
    assert find(luid=BIG << 24) == find(luid=2**64 - 1) == find(luid=6 << 48) == NOT_FOUND


def test_alternative_names_are_other_names_of_the_same(wire: Wire) -> None:
    """Bug: an alternative name is shown as the name; one of 16 characters is no name of either kind."""
    names = ["short", "fifteen-chars-a", "sixteen-charactr", "a-name-of-seventeen"[:17], "n" * 127]
    wire.near.ip(*(f"link property add dev near0 altname {name}" for name in names))
    near0 = find(name=b"near0")
    assert isinstance(near0, Found)
    assert [find(name=name.encode()) for name in names] == [near0] * len(names)
    assert find(name=b"n" * 126) == find(name=b"n" * 128) == find(name=b"sixteen-charact") == NOT_FOUND


def test_names_that_two_links_exchange(wire: Wire) -> None:
    """Bug: a name that was looked up once is remembered for its link."""
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
    ("what", "name"),
    [
        ("ip link set near1 name other1; ip link set bridge0 name near1", "other1"),
        ("ip link set near1 name other1", "other1"),
        ("ip link delete near1", None),
    ],
    ids=["another has its name", "nobody has its name", "gone"],
)
def test_a_link_that_is_renamed_meanwhile(wire: Wire, tmp_path: Path, what: str, name: str | None) -> None:
    """Bug: the index of one link and what another one tells are put together."""
    wire.near.ip(
        "link add name near1 address 02:00:00:00:00:11 type bridge",
        "link add name bridge0 address 02:00:00:00:00:12 type bridge",
    )
    link = find(name=b"near1")
    assert isinstance(link, Found)
    found = find_behind(library(tmp_path, IOCTL, f'-DWHAT="{what}"'), link.index)

    assert found == (NOT_FOUND if name is None else [name, name, 6])


@pytest.mark.usefixtures("wire")
def test_an_ethernet_link_from_point_to_point(tmp_path: Path) -> None:
    """Bug: the short way tells a length where the long one says that the neighbours have no physical addresses."""
    link = find(name=b"near0")
    assert isinstance(link, Found)
    shim = library(tmp_path, IOCTL, '-DWHAT="true"', "-DPOINT_TO_POINT")
    assert find_behind(shim, link.index) == ["near0", "near0", 0]


def find_behind(shim: str, index: int) -> object:
    """What a process with that library in front of the C library finds."""
    command = [*python(FIND), str(index)]
    done = subprocess.run(command, env=environment(LD_PRELOAD=shim), stdout=subprocess.PIPE, check=True, timeout=50)
    return json.loads(done.stdout)


def asked(wire: Wire, tmp_path: Path, code: str) -> list[str]:
    """The system calls by which a Python in the near host finds interfaces."""
    with wire.near.entered():
        return trace(code, tmp_path / "log", "ioctl,%network")


def sent(calls: list[str]) -> int:
    return sum(" sendto(" in call for call in calls)


def test_an_ethernet_link_is_asked_for_by_ioctls_alone(wire: Wire, tmp_path: Path) -> None:
    """Bug: the short way does not work, and nobody notices, since the long one tells the same."""
    wire.near.ip("link add name bare0 type vxlan dstport 4790 external gpe")
    by_name = "from netlab.links import find; find(name=b'{0}')"

    short, long = asked(wire, tmp_path, by_name.format("near0")), asked(wire, tmp_path, by_name.format("bare0"))

    assert sum("SIOCGIFINDEX" in call for call in short) == 1
    assert (sent(short), sent(long)) == (0, 1)


def test_a_name_that_nobody_has_is_in_no_ioctl(wire: Wire, tmp_path: Path) -> None:
    """Bug: the kernel loads a module of that name, as it does for an ioctl, and the module may make links."""
    code = f"""
import netio
row = netio.Neighbor("192.0.2.77", "{MAC}", interface="nobody0")
for call in [
    lambda: netio.get_neighbor("192.0.2.77", interface="nobody0"),
    lambda: netio.get_neighbor("fe80::77%nobody0"),
    lambda: netio.create_neighbor("192.0.2.77", "{MAC}", interface="nobody0"),
    lambda: netio.resolve_neighbor("192.0.2.77", interface="nobody0"),
    lambda: netio.list_neighbors(interface="nobody0"),
    lambda: netio.flush_neighbors(interface="nobody0"),
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
    calls = asked(wire, tmp_path, code)

    by_ioctl = [call for call in calls if "ioctl(" in call]
    assert any('"near0"' in call for call in by_ioctl)
    assert [call for call in by_ioctl if "nobody0" in call] == []
    assert sum("nobody0" in call for call in calls) > 0


def test_links_by_turns_are_looked_up_once(wire: Wire, tmp_path: Path) -> None:
    """Bug: only the link of the row before is remembered, and every row of another one costs a look-up."""
    wire.near.ip(*(f"link add name turn{i} address 02:00:00:00:00:2{i} type bridge" for i in range(8)))
    code = f"""
import netio
rows = [netio.Neighbor(f"192.0.2.{{n}}", "{MAC}", interface=f"turn{{n % 8}}") for n in range(1, 201)]
netio.create_neighbors(rows)
"""
    calls = asked(wire, tmp_path, code)

    # Once by name, before the rows go down, and once for the rows.
    assert sum("SIOCGIFNAME" in call for call in calls) == 2 * 8
    assert len([row for row in netio.list_neighbors(2) if row.physical_address == MAC]) == 200


def test_links_by_turns_are_looked_up_once_a_submit(wire: Wire, tmp_path: Path) -> None:
    """Bug: the same, where routes tell the links, and where they are asked."""
    wire.near.ip(*(f"link add name turn{i} address 02:00:00:00:00:2{i} type bridge" for i in range(4)))
    for i in range(4):
        wire.near.ip(f"link set turn{i} up", f"route add 10.0.{i}.0/24 dev turn{i}")
        wire.near.ip(*(f"neigh add 10.0.{i}.{n} lladdr {MAC} dev turn{i}" for n in range(1, 11)))
    code = """
import netio
found = list(netio.resolve_neighbors(f"10.0.{n % 4}.{n // 4 + 1}" for n in range(40)))
assert all(isinstance(row, netio.Neighbor) for _, row in found)
"""
    calls = asked(wire, tmp_path, code)

    # Once for the routes, once for the rows, and once for the names of the answers.
    assert sum("SIOCGIFNAME" in call for call in calls) == 3 * 4


@pytest.mark.parametrize("count", [3, 8, 9, 20])
def test_rows_on_many_links_by_turns(wire: Wire, count: int) -> None:
    """Bug: a row goes to a link that is remembered in the place of its own, above all behind one that is unknown."""
    wire.near.ip(*(f"link add name turn{i} address 02:00:00:00:01:{i:02x} type bridge" for i in range(count)))
    wire.near.ip(f"link add name big0 index {BIG} address 02:00:00:00:00:14 type bridge")
    links = [link for link in netio.list_interfaces() if link.name.startswith("turn")]
    nobody: list[str | int | netio.Interface] = ["nobody0", netio.Interface("", 0, links[0].luid ^ 1 << 48), BIG - 1]
    known: list[str | int | netio.Interface] = [*links, BIG, links[0].index]
    turns = Random(count).choices([*known, *nobody], k=600)
    rows = [
        Neighbor(f"10.0.{n // 250}.{n % 250 + 1}", bytes([2, 0, 0, 0, *divmod(n, 256)]), interface=turn)
        for n, turn in enumerate(turns)
    ]
    unknown = {n for n, turn in enumerate(turns) if turn in nobody}

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
