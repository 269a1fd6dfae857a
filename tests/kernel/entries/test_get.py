# SPDX-License-Identifier: MIT
"""get_neighbor: the interface and the row are found together, whatever names the interface."""

from __future__ import annotations

import subprocess
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

import netio
from netio import Interface
from netlab.child import environment, python

if TYPE_CHECKING:
    from pathlib import Path

    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"

# Every descriptor is taken, until they are given back.
WITHOUT_DESCRIPTORS = """
import netio, os, resource
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (os.dup(0), hard))
try:
    netio.get_neighbor("192.0.2.77", interface="near0")
except netio.NetioError as error:
    print(type(error).__name__, os.strerror(error.errno), error.operation, error.row.address)
"""


def near_link() -> Interface:
    """near0, as it is listed."""
    (link,) = (link for link in netio.list_interfaces() if link.name == "near0")
    return link


@pytest.mark.parametrize("by", ["name", "altname", "index", "luid", "everything"])
@pytest.mark.parametrize(
    "address", ["192.0.2.77", "2001:db8::77", "fe80::77", "fe80::77%near0", "fe80::77%other-name", "fe80::77%{index}"]
)
def test_what_names_the_interface(wire: Wire, address: str, by: str) -> None:
    """Bug: one of the ways to name it is not looked up, or name, index, LUID or scope of the row are not those."""
    link = near_link()
    plain = address.partition("%")[0]
    wire.near.ip("link property add dev near0 altname other-name", f"neigh add {plain} lladdr {MAC} dev near0")
    ways: dict[str, str | int | Interface] = {
        "name": "near0",
        "altname": "other-name",
        "index": link.index,
        "luid": Interface("", 0, link.luid),
        "everything": link,
    }

    row = netio.get_neighbor(address.format(index=link.index), interface=ways[by])

    assert row.address == ip_address(f"{plain}%near0" if plain.startswith("fe80") else plain)
    assert (row.interface, row.interface_index, row.interface_luid) == ("near0", link.index, link.luid)
    assert (str(row.physical_address), row.state) == (MAC, netio.NeighborState.PERMANENT)


@pytest.mark.parametrize("interface", ["near9", 4321, Interface("", 0, 6 << 48 | 4321 << 24), "", "n" * 500])
def test_the_address_is_judged_before_the_interface(wire: Wire, interface: str | int | Interface) -> None:
    """Bug: what is wrong with the interface comes before what is wrong with the address."""
    wire.near.ip(f"neigh add 192.0.2.77 lladdr {MAC} dev near0")

    for address in ("127.0.0.1", "255.255.255.255", "::", "::ffff:192.0.2.77"):
        with pytest.raises(netio.InvalidParameterError) as caught:
            netio.get_neighbor(address, interface=interface)
        assert caught.value.code == 87
    if interface:
        with pytest.raises(netio.InterfaceNotFoundError) as unknown:
            netio.get_neighbor("192.0.2.77", interface=interface)
        assert unknown.value.code == 2


def sockets(wire: Wire, log: Path, code: str) -> int:
    """How many sockets of rtnetlink a Python that runs code opens in the near host."""
    with wire.near.entered():
        subprocess.run(
            ["strace", "-f", "-qq", "-e", "trace=socket", "-e", "signal=none", "-o", str(log), *python(code)],
            env=environment(),
            check=True,
            timeout=50,
        )
    return log.read_text().count("AF_NETLINK")


@pytest.mark.parametrize("address", ["192.0.2.77", "fe80::77", "fe80::77%near0"])
def test_one_socket(wire: Wire, tmp_path: Path, address: str) -> None:
    """Bug: interface and row are looked up over a socket each, which is a third of the time of the call."""
    wire.near.ip(f"neigh add 192.0.2.77 lladdr {MAC} dev near0", f"neigh add fe80::77 lladdr {MAC} dev near0")
    code = "import netio; " + f"netio.get_neighbor({address!r}, interface='near0'); " * 3

    assert sockets(wire, tmp_path / "log", code) == 3


def test_no_descriptor_left(wire: Wire) -> None:
    """Bug: where no socket can be opened the interface or the row counts as absent, or the error names another call."""
    with wire.near.entered():
        done = subprocess.run(
            python(WITHOUT_DESCRIPTORS), env=environment(), capture_output=True, text=True, timeout=50, check=True
        )
    assert done.stdout == "NetioError Too many open files GetIpNetEntry2 192.0.2.77\n"
