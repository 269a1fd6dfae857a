# SPDX-License-Identifier: MIT
"""Tests on a real Windows, elevated, with rows of their own on one adapter. Not collected unless asked for.

NETIO_LIVE=1 asks for them; NETIO_LIVE_INTERFACE is the alias of the adapter, by default the one with the default route.
NETIO_LIVE_ANSWERS names a file (Markdown) for the answers to what Microsoft's documents leave open.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from ipaddress import IPv4Address

    from netio import Interface, Neighbor

collect_ignore_glob = [] if os.environ.get("NETIO_LIVE") == "1" else ["*"]

ANSWERS = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ANSWERS] = []


@pytest.fixture(scope="session")
def iphlpapi() -> ctypes.WinDLL:
    """The functions themselves, for what no verb asks for."""
    return ctypes.WinDLL(os.environ.get("NETIO_LIVE_DLL", "iphlpapi"))


@pytest.fixture(scope="session")
def gateway() -> IPv4Address:
    """The router of the default route: a neighbour that answers."""
    from ipaddress import IPv4Address

    from netio._codec import pack_address, unpack_address
    from netio._native import ffi, lib

    found = ffi.new("SOCKADDR_INET *")
    assert lib.netio_gateway(pack_address(IPv4Address("203.0.113.1")), found) == lib.NO_ERROR
    address = unpack_address(found)
    assert isinstance(address, IPv4Address)
    return address


@pytest.fixture(scope="session")
def adapter(request: pytest.FixtureRequest) -> Interface:
    """The adapter that the tests write to."""
    import netio

    links = {link.name: link for link in netio.list_interfaces()}
    name = os.environ.get("NETIO_LIVE_INTERFACE")
    if name is None:
        name = netio.resolve_neighbor(request.getfixturevalue("gateway")).interface
    return links[name]


def _lasting(adapter: Interface) -> set[Neighbor]:
    """The rows that a person may have written: permanent, and none of Windows' own for multicast and broadcast."""
    import netio

    permanent = [row for row in netio.list_neighbors(interface=adapter) if row.state is netio.NeighborState.PERMANENT]
    return {row for row in permanent if row.physical_address and not row.physical_address.packed[0] & 1}


@pytest.fixture(autouse=True)
def _put_back(adapter: Interface) -> Iterator[None]:
    """Leaves the lasting rows of the adapter as they were: those of the documentation's networks are the tests' own."""
    import netio

    before = _lasting(adapter)
    yield
    netio.delete_neighbors(_lasting(adapter) - before, missing_ok=True)
    netio.replace_neighbors(before - _lasting(adapter))
    assert _lasting(adapter) == before


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Callable[[str, object], None]:
    """Notes the answer to a question."""

    def note(question: str, answer: object) -> None:
        request.config.stash[ANSWERS].append(f"| {question} | {answer} |")

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not config.stash[ANSWERS]:
        return
    lines = ["| question | answer |", "|---|---|", *config.stash[ANSWERS]]
    terminalreporter.section("what this Windows does where the documents are silent")
    for line in lines:
        terminalreporter.line(line)
    path = os.environ.get("NETIO_LIVE_ANSWERS")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
