# SPDX-License-Identifier: MIT
"""`netio scan` of a part of the interface's prefix: its first and last addresses are hosts like the others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from netlab.capture import capturing
from netlab.command import run
from netlab.wire import FAR_MAC

if TYPE_CHECKING:
    from netlab.wire import Wire


@pytest.mark.parametrize(
    ("prefix", "live"),
    [
        ("192.0.2.8/29", ["192.0.2.8", "192.0.2.11", "192.0.2.12", "192.0.2.15"]),
        ("2001:db8::8/126", ["2001:db8::8", "2001:db8::b"]),
    ],
)
def test_first_and_last_address_are_probed(wire: Wire, prefix: str, live: list[str]) -> None:
    """Bug: the first and last address of any prefix are treated as network and broadcast address."""
    wire.hasten()
    wire.far.ip(*(f"address add {address}/{'64' if ':' in address else '24'} dev far0 nodad" for address in live))
    with capturing(wire) as capture:
        done = run("scan", prefix, "--json", "--all")
        probed = {probe.target for probe in capture.questions()}

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["address"] for line in lines if line.get("physical_address") == FAR_MAC] == live
    assert len(lines) == (8 if "/29" in prefix else 4)
    assert probed == {line["address"] for line in lines}
    assert run("scan", prefix, "--map").stderr.startswith(f"{len(live)} of {len(lines)} addresses replied in ")


def test_broadcast_and_own_addresses_are_reported_as_such(wire: Wire) -> None:
    """Bug: the map and the counts disagree about which addresses cannot be probed."""
    wire.hasten()
    done = run("scan", "192.0.2.252/30", "--map")
    assert done.stdout.split("\n\n")[1].split() == ["192.0.2.252", "...-"]
    assert "- cannot be probed: 1" in done.stdout
    assert run("scan", "192.0.2.0/30", "--map").stdout.split("\n\n")[1].split() == ["192.0.2.0", ".-R."]
