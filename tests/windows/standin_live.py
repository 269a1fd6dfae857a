# SPDX-License-Identifier: MIT
"""Loaded by pytest: adds the routes, hosts and rows that tests/windows_live expects of a machine to the stand-in."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from standin import Standin

import netio


@pytest.fixture(scope="session", autouse=True)
def _machine() -> None:
    standin = Standin()
    ethernet = next(interface for interface in netio.list_interfaces() if interface.name == "Ethernet")
    standin.route(IPv4Address("0.0.0.0"), 0, ethernet, IPv4Address("198.51.100.1"))
    standin.route(IPv4Address("198.51.100.0"), 24, ethernet, by_system=True)
    standin.host(IPv4Address("198.51.100.1"), 1, milliseconds=10)
    standin.address(IPv6Address("fe80::1"), 64, ethernet)
    netio.create_neighbor("224.0.0.22", "01:00:5e:00:00:16", interface=ethernet)
    netio.create_neighbor("198.51.100.9", "02:00:5e:00:00:09", interface=ethernet)
