# SPDX-License-Identifier: MIT
"""`netio scan` of a part of the interface's prefix: its first and last addresses are hosts like the others."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from netlab.capture import capturing
from netlab.command import answer, run
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
    """Bug: table, map, JSON and counts disagree about which addresses are not probed, or do not say why."""
    wire.hasten()
    for targets, address, symbols, kind in (
        ("192.0.2.252/30", "192.0.2.255", "...-", "broadcast"),
        ("192.0.2.0/30", "192.0.2.1", ".@R.", "own"),
        ("2001:db8::/126", "2001:db8::1", ".@R.", "own"),
        ("fe80::%near0/126", "fe80::1", ".@R.", "own"),
    ):
        done = run("scan", targets, "--map", "--all")
        table, picture, legend = done.stdout.split("\n\n")
        assert f"{address} - near0 {kind.upper()}" in " ".join(table.split())
        assert picture.split() == [targets.partition("/")[0].partition("%")[0], symbols]
        assert f"{'@' if kind == 'own' else '-'} {kind} address: 1" in legend
        assert re.search(rf"^\d of 3 addresses replied in [\d.]+ s; not probed: 1 {kind}$", done.stderr, re.MULTILINE)
        messages = [row["error"]["message"] for row in answer("scan", targets, "--all") if row["address"] == address]
        reason = "an address of this machine" if kind == "own" else "a broadcast address"
        assert len(messages) == 1
        assert messages[0].endswith(f": it is {reason} (code 87)")
