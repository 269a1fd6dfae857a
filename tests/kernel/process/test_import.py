# SPDX-License-Identifier: MIT
"""The import of netio makes no system calls about the network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from netlab.trace import trace

if TYPE_CHECKING:
    from pathlib import Path

CONFIGURATION = ("/proc/net", "/proc/self/net", "/sys/class/net", "/proc/sys/net", "/etc/resolv", "/etc/hosts")


def is_forbidden(call: str) -> bool:
    return "openat(" not in call or any(f'"{path}' in call for path in CONFIGURATION)


def test_import_does_not_query_the_system(tmp_path: Path) -> None:
    """Bug: the import opens a socket, runs a program, or reads the configuration of the network."""
    calls = trace("import netio", tmp_path / "log")

    assert re.search(r"\bexecve\(", calls[0])
    assert any("_native" in call for call in calls)
    assert [call for call in calls[1:] if is_forbidden(call)] == []


def test_trace_detects_a_socket(tmp_path: Path) -> None:
    """Bug: the test above passes whatever the import does."""
    calls = trace("import netio, os; netio.list_neighbors(); open('/proc/net/arp').close()", tmp_path / "log")

    forbidden = [call for call in calls[1:] if is_forbidden(call)]
    assert any("AF_NETLINK" in call for call in forbidden)
    assert any("/proc/net/arp" in call for call in forbidden)
