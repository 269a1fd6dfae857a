# SPDX-License-Identifier: MIT
"""Tests on a real Windows, which must be elevated, and write entries on one adapter. By default not collected.

NETIO_LIVE=1 enables them; NETIO_LIVE_INTERFACE is the alias of the adapter, by default the one with the default route.
The adapter should have no hosts on its link: a network of Azure answers every ARP request.
NETIO_LIVE_AGING is the number of seconds after which an entry is read again, by default 60.
NETIO_LIVE_ANSWERS names a Markdown file for the answers to questions that Microsoft's documentation leaves open.
"""

from __future__ import annotations

import ctypes
import os
from ipaddress import ip_network
from pathlib import Path

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from ipaddress import IPv4Address

    from netio import Interface, Neighbor

# The networks of the addresses that the tests write, which no host has.
DOCUMENTATION = [ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]

collect_ignore_glob = [] if os.environ.get("NETIO_LIVE") == "1" else ["*"]

ANSWERS = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ANSWERS] = []


@pytest.fixture(scope="session")
def iphlpapi() -> ctypes.WinDLL:
    """The DLL, for calls that no verb makes."""
    return ctypes.WinDLL(os.environ.get("NETIO_LIVE_DLL", "iphlpapi"))


@pytest.fixture(scope="session")
def gateway() -> IPv4Address:
    """The gateway of the default route: a neighbour that replies."""
    from ipaddress import IPv4Address

    import netio

    address = netio.next_hop("203.0.113.1").address
    assert isinstance(address, IPv4Address)
    assert str(address) != "203.0.113.1"
    return address


@pytest.fixture(scope="session")
def uplink(gateway: IPv4Address) -> Interface:
    """The adapter with the default route."""
    import netio

    name = netio.resolve_neighbor(gateway).interface
    return next(interface for interface in netio.list_interfaces() if interface.name == name)


@pytest.fixture(scope="session")
def adapter(request: pytest.FixtureRequest) -> Interface:
    """The adapter on which the tests write entries."""
    import netio

    name = os.environ.get("NETIO_LIVE_INTERFACE")
    if not name:
        uplink: Interface = request.getfixturevalue("uplink")
        return uplink
    return next(interface for interface in netio.list_interfaces() if interface.name == name)


def _permanent_entries(adapter: Interface) -> set[Neighbor]:
    """Return the entries that an administrator or a test may have written: permanent, and not multicast."""
    import netio

    return {
        row
        for row in netio.list_neighbors(interface=adapter)
        if row.state is netio.NeighborState.PERMANENT
        and (
            any(row.address in network for network in DOCUMENTATION)
            or (row.physical_address and not row.physical_address.packed[0] & 1)
        )
    }


@pytest.fixture(autouse=True)
def _restored(adapter: Interface) -> Iterator[None]:
    """Restores the permanent entries of the adapter after each test."""
    import netio

    before = _permanent_entries(adapter)
    yield
    netio.delete_neighbors(_permanent_entries(adapter) - before, missing_ok=True)
    netio.replace_neighbors(before - _permanent_entries(adapter))
    assert _permanent_entries(adapter) == before


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Callable[[str, object], None]:
    """Records the answer to a question."""

    def note(question: str, answer: object) -> None:
        request.config.stash[ANSWERS].append(f"| {question} | {answer} |")

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not config.stash[ANSWERS]:
        return
    lines = ["| question | answer |", "|---|---|", *config.stash[ANSWERS]]
    terminalreporter.section("behaviour of this Windows that the documentation leaves open")
    for line in lines:
        terminalreporter.line(line)
    path = os.environ.get("NETIO_LIVE_ANSWERS")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
