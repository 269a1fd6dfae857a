# SPDX-License-Identifier: MIT
"""Reasons that the address itself shows."""

from ipaddress import ip_address

import pytest

from netio._namespace import current_namespace
from netio._reasons import why_absent


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("0.0.0.0", "it is the unspecified address, which no host has"),
        ("127.0.0.1", "it is a loopback address, which never leaves this machine"),
        ("::1", "it is a loopback address, which never leaves this machine"),
        ("255.255.255.255", "it is the limited broadcast address, which stands for all hosts of every link"),
        ("::ffff:192.0.2.7", "it is an IPv4-mapped address, whose entry is that of 192.0.2.7"),
    ],
)
def test_absent_entry_of_an_address_that_no_neighbor_has(address: str, reason: str) -> None:
    """Bug: the advice is to resolve an address that resolving rejects."""
    assert why_absent(ip_address(address), 0, current_namespace()) == f"the address has no entry there: {reason}"
