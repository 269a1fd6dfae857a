# SPDX-License-Identifier: MIT
"""`netio check`: pinned entries and the replies of the link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netlab.answering import answering, arp_reply
from netlab.child import UNPRIVILEGED
from netlab.command import answer, complaint, run
from netlab.wire import FAR_IP4, FAR_IP6, FAR_LINK_LOCAL, FAR_MAC

if TYPE_CHECKING:
    from pathlib import Path

    from netlab.wire import Wire

OTHER_MAC = "02:00:00:00:00:99"
QUICK = ("--timeout", "0.3")


def test_results_of_all_kinds(wire: Wire) -> None:
    """Bug: a result is wrong, an entry is missing or changed, or a dynamic one is checked."""
    wire.far.ip("address add 192.0.2.3/24 dev far0", "address add 192.0.2.4/24 dev far0")
    wire.near.ip(
        f"neigh add {FAR_IP4} lladdr {FAR_MAC} dev near0",
        f"neigh add 192.0.2.3 lladdr {OTHER_MAC} dev near0",
        f"neigh add 192.0.2.4 lladdr {FAR_MAC} dev near0",
        f"neigh add 192.0.2.7 lladdr {OTHER_MAC} dev near0",
        f"neigh add 192.0.2.8 lladdr {OTHER_MAC} dev near0 nud stale",
        f"neigh add {FAR_LINK_LOCAL} lladdr {FAR_MAC} dev near0",
        f"neigh add {FAR_IP6} lladdr {OTHER_MAC} dev near0",
        "route add 203.0.113.0/24 via 192.0.2.2",
        f"neigh add 203.0.113.9 lladdr {OTHER_MAC} dev near0",
    )
    before = wire.near.run("ip", "-d", "neigh")
    with answering(wire, lambda target: [arp_reply(target, OTHER_MAC)] if target == "192.0.2.4" else []):
        rows = {row["address"]: row for row in answer("check", *QUICK, status=1)}
        shown = run("check", *QUICK)
    assert rows.pop("203.0.113.9")["error"]["name"] == "UnreachableError"
    assert {address: (row["result"], sorted(row["replies"])) for address, row in rows.items()} == {
        FAR_IP4: ("CONFIRMED", [FAR_MAC]),
        "192.0.2.3": ("OTHER", [FAR_MAC]),
        "192.0.2.4": ("SEVERAL", [FAR_MAC, OTHER_MAC]),
        "192.0.2.7": ("SILENT", []),
        f"{FAR_LINK_LOCAL}%near0": ("CONFIRMED", [FAR_MAC]),
        FAR_IP6: ("OTHER", [FAR_MAC]),
    }
    assert wire.near.run("ip", "-d", "neigh") == before
    assert shown.returncode == 1
    assert ["192.0.2.7", OTHER_MAC, "near0", "SILENT"] in [line.split() for line in shown.stdout.splitlines()]
    summary, problem = shown.stderr.splitlines()
    kinds = "2 confirmed, 1 silent, 2 answered by another physical address, 1 answered by several, 1 not checked"
    assert summary == f"7 checked: {kinds}"
    assert problem.startswith("netio: 203.0.113.9 on near0: the routes do not reach it on-link")


def test_selected_entries(wire: Wire) -> None:
    """Bug: words and options do not select, or the status is 1 although all are confirmed."""
    wire.near.ip(
        f"neigh add {FAR_IP4} lladdr {FAR_MAC} dev near0",
        f"neigh add {FAR_IP6} lladdr {FAR_MAC} dev near0",
        f"neigh add 192.0.2.7 lladdr {OTHER_MAC} dev near0",
    )
    for words in ([FAR_IP4], ["-6"], [FAR_MAC], ["192.0.2.0/29", "-i", "near0", FAR_MAC]):
        assert {row["result"] for row in answer("check", *QUICK, *words)} == {"CONFIRMED"}
    assert answer("check", "198.51.100.0/24") == []


def test_entries_of_a_file(wire: Wire, tmp_path: Path) -> None:
    """Bug: the entries of the table are checked too, or those of the file are written."""
    wire.near.ip(f"neigh add 192.0.2.7 lladdr {OTHER_MAC} dev near0")
    before = wire.near.run("ip", "-d", "neigh")
    hosts = tmp_path / "hosts.csv"
    hosts.write_text(f"address,physical_address\n{FAR_IP4},{FAR_MAC}\n192.0.2.1,{OTHER_MAC}\n")
    own, confirmed = answer("check", "--from", str(hosts), *QUICK, status=1)
    assert (confirmed["interface"], confirmed["result"]) == ("near0", "CONFIRMED")
    assert "an address of this machine" in own["error"]["message"]
    assert wire.near.run("ip", "-d", "neigh") == before
    assert run("check", "192.0.2.2", "--from", str(hosts)).returncode == 2


def test_addresses_of_both_families_with_one_number(wire: Wire) -> None:
    """Bug: the reply for the IPv4 address counts for the IPv6 address with the same number."""
    wire.near.ip(
        "route add ::c000:200/120 dev near0",
        f"neigh add {FAR_IP4} lladdr {FAR_MAC} dev near0",
        f"neigh add ::c000:202 lladdr {FAR_MAC} dev near0",
    )
    rows = answer("check", *QUICK, status=1)
    assert [(row["address"], row["result"]) for row in rows] == [(FAR_IP4, "CONFIRMED"), ("::c000:202", "SILENT")]


def test_check_without_privilege(wire: Wire) -> None:
    """Bug: an entry looks silent because no frame could be sent."""
    wire.near.ip(f"neigh add {FAR_IP4} lladdr {FAR_MAC} dev near0")
    assert "sending frames needs CAP_NET_RAW" in complaint("check", prefix=UNPRIVILEGED)
