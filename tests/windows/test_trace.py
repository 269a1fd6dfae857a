# SPDX-License-Identifier: MIT
"""NETIO_DEBUG=1 prints the calls of iphlpapi.dll to stderr."""

from __future__ import annotations

import re

import pytest
from child import process

pytestmark = pytest.mark.wine_lacks

CODE = r"""
import ctypes, os
from ipaddress import IPv4Address, IPv6Address
import netio
from standin import Standin

standin = Standin()
standin.host(IPv4Address("192.0.2.8"))
MAC = "02:00:5e:00:00:07"
luid = next(found.luid for found in netio.list_interfaces() if found.name == "Ethernet")
os.environ["NETIO_DEBUG"] = "{later}"

def step(name, verb):
    os.write(2, f"step {{name}}\n".encode())
    try:
        verb()
    except netio.NetioError:
        pass

ethernet = netio.Interface("", 0, luid)
step("create", lambda: netio.create_neighbor("2001:db8::7", MAC, interface=ethernet))
step("again", lambda: netio.create_neighbor("2001:db8::7", MAC, interface=4))
step("set", lambda: netio.set_neighbor("2001:db8::7", MAC, interface=ethernet))
step("get", lambda: netio.get_neighbor("2001:db8::7", interface="Ethernet"))
step("index", lambda: netio.get_neighbor("2001:db8::7", interface=4))
step("delete", lambda: netio.delete_neighbor("2001:db8::7", interface=ethernet))
step("resolve", lambda: netio.resolve_neighbor("192.0.2.8", interface=ethernet))
step("source", lambda: netio.resolve_neighbor("192.0.2.8", interface=ethernet, source="192.0.2.1"))
step("list", lambda: netio.list_neighbors(2))
step("flush", lambda: netio.flush_neighbors(2, interface=ethernet))
step("hop", lambda: netio.next_hop("192.0.2.8"))
step("interfaces", netio.list_interfaces)
step("addresses", netio.list_addresses)
step("alias", lambda: netio.list_neighbors(interface="no\nsuch"))
"""


def calls(now: str, later: str) -> dict[str, list[str]]:
    """Return the lines that a process prints for each of its steps, without the prefix."""
    done = process(CODE.format(later=later), NETIO_DEBUG=now)
    text = done.stderr.decode().replace("\r", "")
    assert done.returncode == 0, text
    _, *steps = re.split(r"^step (\w+)\n", text, flags=re.MULTILINE)
    assert len(steps) == 28
    printed = dict(zip(steps[::2], map(str.splitlines, steps[1::2]), strict=True))
    assert all(line.startswith("netio: ") for lines in printed.values() for line in lines)
    return {name: [line.removeprefix("netio: ") for line in lines] for name, lines in printed.items()}


def test_each_call_is_a_line() -> None:
    """Bug: a call is not printed, or without its key or its code; or the variable is read for each call."""
    found = calls("1", "0")
    luid, entry = "luid 0x6008001000000", "address 2001:db8::7 luid 0x6008001000000 index"
    probed = "address 192.0.2.8 luid 0x6008001000000 index"
    interface = [
        f"ConvertInterfaceLuidToIndex {luid} index 0 code 0",
        f"ConvertInterfaceLuidToAlias {luid} index 0 code 0",
    ]
    assert found["create"][-1] == f"CreateIpNetEntry2 {entry} 0 code 0"
    assert f"GetIfEntry2 {luid} index 0 code 0" in found["create"]
    assert "CreateIpNetEntry2 address 2001:db8::7 luid 0x0 index 4 code 5010" in found["again"]
    assert f"SetIpNetEntry2 {entry} 0 code 0" in found["set"]
    assert found["get"] == [
        "ConvertInterfaceAliasToLuid alias Ethernet code 0",
        *interface,
        f"GetIpNetEntry2 {entry} 4 code 0",
    ]
    assert found["index"] == [
        "ConvertInterfaceIndexToLuid luid 0x0 index 4 code 0",
        *interface,
        f"GetIpNetEntry2 {entry} 4 code 0",
    ]
    assert f"DeleteIpNetEntry2 {entry} 0 code 0" in found["delete"]
    assert [line for line in found["resolve"] if "IpNetEntry2" in line] == [
        f"GetIpNetEntry2 {probed} 0 code 1168",
        f"ResolveIpNetEntry2 {probed} 0 code 0",
    ]
    assert f"ResolveIpNetEntry2 {probed} 0 source 192.0.2.1 code 1168" in found["source"]
    assert found["list"] == ["GetIpNetTable2 family 2 index 0 code 1168"]
    assert "FlushIpNetTable2 family 2 index 4 code 0" in found["flush"]
    assert "GetBestRoute2 address 192.0.2.8 code 1231" in found["hop"]
    assert found["interfaces"] == ["GetIfTable2 family 0 index 0 code 0"]
    assert found["addresses"] == ["GetUnicastIpAddressTable family 0 index 0 code 1168"]
    assert found["alias"][0] == "ConvertInterfaceAliasToLuid alias no?such code 87"


@pytest.mark.parametrize("value", ["", "0", "11"])
def test_nothing_is_printed_without_the_variable(value: str) -> None:
    """Bug: a program that does not know netio prints its calls."""
    assert not any(calls(value, "1").values())
