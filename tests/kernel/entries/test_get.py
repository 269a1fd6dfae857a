# SPDX-License-Identifier: MIT
"""get_neighbor finds the entry and its interface over one socket, by every way to name the interface."""

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

# The process has no descriptor left.
WITHOUT_DESCRIPTORS = """
import netio, os, resource
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (os.dup(0), hard))
try:
    netio.get_neighbor("192.0.2.77", interface="near0")
except netio.NetioError as error:
    print(type(error).__name__, os.strerror(error.errno), error.operation, error.row.address)
"""


def near_interface() -> Interface:
    """Returns near0."""
    (interface,) = (interface for interface in netio.list_interfaces() if interface.name == "near0")
    return interface


@pytest.mark.parametrize("by", ["name", "altname", "index", "luid", "everything"])
@pytest.mark.parametrize(
    "address", ["192.0.2.77", "2001:db8::77", "fe80::77", "fe80::77%near0", "fe80::77%other-name", "fe80::77%{index}"]
)
def test_every_way_to_name_the_interface(wire: Wire, address: str, by: str) -> None:
    """Bug: one of the ways is not supported, or name, index, LUID or scope of the entry are wrong."""
    near = near_interface()
    plain = address.partition("%")[0]
    wire.near.ip("link property add dev near0 altname other-name", f"neigh add {plain} lladdr {MAC} dev near0")
    ways: dict[str, str | int | Interface] = {
        "name": "near0",
        "altname": "other-name",
        "index": near.index,
        "luid": Interface("", 0, near.luid),
        "everything": near,
    }

    row = netio.get_neighbor(address.format(index=near.index), interface=ways[by])

    assert row.address == ip_address(f"{plain}%near0" if plain.startswith("fe80") else plain)
    assert (row.interface, row.interface_index, row.interface_luid) == ("near0", near.index, near.luid)
    assert (str(row.physical_address), row.state) == (MAC, netio.NeighborState.PERMANENT)


@pytest.mark.parametrize("interface", ["near9", 4321, Interface("", 0, 6 << 48 | 4321 << 24), "n" * 500])
@pytest.mark.parametrize("address", ["192.0.2.77", "127.0.0.1", "255.255.255.255", "::", "::ffff:192.0.2.77"])
def test_unknown_interface(wire: Wire, interface: str | int | Interface, address: str) -> None:
    """Bug: the entry counts as absent, or the interface as chosen by the route."""
    wire.near.ip(f"neigh add 192.0.2.77 lladdr {MAC} dev near0")

    with pytest.raises(netio.InterfaceNotFoundError) as unknown:
        netio.get_neighbor(address, interface=interface)
    assert unknown.value.code == 2


def sockets(wire: Wire, log: Path, code: str) -> int:
    """Returns how many netlink sockets a Python process opens that runs this code on the near host."""
    with wire.near.entered():
        subprocess.run(
            ["strace", "-f", "-qq", "-e", "trace=socket", "-e", "signal=none", "-o", str(log), *python(code)],
            env=environment(),
            check=True,
            timeout=50,
        )
    return log.read_text().count("AF_NETLINK")


@pytest.mark.parametrize("address", ["192.0.2.77", "fe80::77", "fe80::77%near0"])
def test_get_uses_one_socket(wire: Wire, tmp_path: Path, address: str) -> None:
    """Bug: entry and interface are looked up over two sockets, which takes half as long again."""
    wire.near.ip(f"neigh add 192.0.2.77 lladdr {MAC} dev near0", f"neigh add fe80::77 lladdr {MAC} dev near0")
    code = "import netio; " + f"netio.get_neighbor({address!r}, interface='near0'); " * 3

    assert sockets(wire, tmp_path / "log", code) == 3


def test_get_without_a_free_descriptor(wire: Wire) -> None:
    """Bug: if no socket can be opened, the interface or entry counts as absent, or the error names another call."""
    with wire.near.entered():
        done = subprocess.run(
            python(WITHOUT_DESCRIPTORS), env=environment(), capture_output=True, text=True, timeout=50, check=True
        )
    assert done.stdout == "NetioError Too many open files GetIpNetEntry2 192.0.2.77\n"
