# SPDX-License-Identifier: MIT
"""`netio list` and `netio get`: tables and JSON."""

from __future__ import annotations

import json
import subprocess
from dataclasses import fields
from time import sleep
from typing import TYPE_CHECKING, Any

import pytest

import netio
from netlab.child import python
from netlab.command import answer, complaint, run, surroundings

if TYPE_CHECKING:
    from netlab.wire import Wire

CISCO = "00:00:0c:00:00:05"
LOCAL = "02:60:8c:00:00:06"  # the vendor list contains it all the same, since it is older than local addresses


@pytest.fixture(autouse=True)
def _neighbors(wire: Wire) -> None:
    wire.near.ip(
        "neigh add 192.0.2.7 lladdr 02:00:5e:00:00:07 dev near0",
        "neigh add 192.0.2.8 lladdr 02:00:5e:00:00:08 dev near0 nud stale",
        # The kernel removes a failed entry at any time, but not an extern_learn one.
        "neigh add 192.0.2.9 dev near0 nud failed extern_learn",
        "neigh add 192.0.2.255 lladdr ff:ff:ff:ff:ff:ff dev near0 nud noarp",
        "neigh add 224.0.0.9 lladdr 01:00:5e:00:00:09 dev near0 nud noarp",
        "neigh add fe80::7 lladdr 02:00:5e:00:00:07 router dev near0",
        "neigh add 0.0.0.0 lladdr 00:00:00:00:00:00 dev lo nud noarp",
    )


def listed(*arguments: str) -> list[str]:
    """Returns the addresses that list prints."""
    return [row["address"] for row in answer("list", *arguments)]


def test_json_has_the_fields_of_a_neighbor() -> None:
    """Bug: a field is missing, or has another value than in Python."""
    rows: dict[str, dict[str, Any]] = {row["address"]: row for row in answer("list")}
    assert sorted(rows) == ["192.0.2.7", "192.0.2.8", "fe80::7%near0"]
    assert list(rows["192.0.2.7"]) == [field.name for field in fields(netio.Neighbor)]
    router = netio.get_neighbor("fe80::7%near0")
    assert rows["fe80::7%near0"] == {
        "address": "fe80::7%near0",
        "physical_address": "02:00:5e:00:00:07",
        "interface": "near0",
        "state": "PERMANENT",
        "is_router": True,
        "is_unreachable": False,
        "reachability_time": rows["fe80::7%near0"]["reachability_time"],
        "interface_index": router.interface_index,
        "interface_luid": router.interface_luid,
    }
    (failed,) = answer("list", "--state", "unreachable")
    assert (failed["physical_address"], failed["state"]) == ("", "UNREACHABLE")


@pytest.mark.parametrize(
    ("arguments", "addresses"),
    [
        (["-4"], {"192.0.2.7", "192.0.2.8"}),
        (["-6"], {"fe80::7%near0"}),
        (["-i", "near0", "-4"], {"192.0.2.7", "192.0.2.8"}),
        (["-i", "lo"], set()),
        (["--state", "stale"], {"192.0.2.8"}),
        (["--state", "STALE", "--state", "unreachable"], {"192.0.2.8", "192.0.2.9"}),
        (["-4", "-i", "lo", "--all"], {"0.0.0.0"}),
        (["dev", "lo"], set()),
        (["-4", "dev", "near0", "nud", "permanent"], {"192.0.2.7"}),
        (["nud", "failed"], {"192.0.2.9"}),
        (["-4", "-i", "lo", "nud", "all"], {"0.0.0.0"}),
    ],
)
def test_filters_of_list(arguments: list[str], addresses: set[str]) -> None:
    """Bug: an option or a word of ip(8) is ignored."""
    assert set(listed(*arguments)) == addresses


def test_all_includes_entries_that_are_not_for_hosts() -> None:
    """Bug: multicast and broadcast entries cannot be shown at all."""
    assert set(listed("--all")) >= {"192.0.2.7", "192.0.2.255", "224.0.0.9", "0.0.0.0", "fe80::7%near0"}


def test_written_entry_is_shown_whatever_its_physical_address(wire: Wire) -> None:
    """Bug: a host that an administrator blocks by a zero address is mistaken for an entry of the loopback interface."""
    wire.near.ip("neigh add 192.0.2.66 lladdr 00:00:00:00:00:00 dev near0", "neigh add 192.0.2.67 dev lo nud permanent")
    assert "192.0.2.66" in listed("-4")
    assert "192.0.2.67" not in listed("-4")


def test_interface_by_index(wire: Wire) -> None:
    """Bug: only names are accepted, or an unknown index lists everything."""
    index = str(wire.near.json("link show near0")[0]["ifindex"])
    assert listed("-i", index) == listed("dev", index) == listed("-i", "near0")
    assert "no such interface" in complaint("list", "-i", "4711")


def test_order_of_list(wire: Wire) -> None:
    """Bug: addresses are sorted as text, in which 192.0.2.10 precedes 192.0.2.7; or by interface index."""
    wire.lay("a0", "02:00:00:00:01:01", "b0", "02:00:00:00:01:02")
    wire.near.ip(
        "neigh add 192.0.2.10 lladdr 02:00:5e:00:00:01 dev near0",
        "neigh add 198.51.100.1 lladdr 02:00:5e:00:00:09 dev a0",
    )

    def of(sort: str) -> list[str]:
        return [address.removeprefix("192.0.2.") for address in listed("-4", "--sort", sort)]

    assert listed("-4") == listed("-4", "--sort", "interface")
    assert of("interface") == ["198.51.100.1", "7", "8", "10"]
    assert of("address") == ["7", "8", "10", "198.51.100.1"]
    assert of("physical-address") == ["10", "7", "8", "198.51.100.1"]
    assert of("state") == ["7", "10", "198.51.100.1", "8"]
    assert listed("--sort", "address")[-1] == "fe80::7%near0"


def test_order_by_age(wire: Wire) -> None:
    """Bug: entries that show no age are sorted by the time in their row."""
    wire.near.ip(f"neigh add 192.0.2.5 lladdr {CISCO} dev near0 nud reachable")
    sleep(1.1)
    wire.near.ip(
        f"neigh add 192.0.2.4 lladdr {CISCO} dev near0 nud reachable",
        f"neigh replace 192.0.2.7 lladdr {CISCO} dev near0",
    )
    listing = run("list", "-4", "--sort", "age", "--json", "--columns", "address,age").stdout
    ages = {row["address"]: row["age"] for row in json.loads(listing)}
    assert list(ages) == ["192.0.2.4", "192.0.2.5", "192.0.2.7", "192.0.2.8"]
    assert ages["192.0.2.4"] < ages["192.0.2.5"]
    assert (ages["192.0.2.7"], ages["192.0.2.8"]) == (None, None)


@pytest.mark.parametrize("options", [[], ["-o", "plain"], ["-o", "csv"], ["--json"]])
def test_unreachable_entries_are_counted(wire: Wire, options: list[str]) -> None:
    """Bug: after a scan the entries of silent addresses hide those of hosts, or are hidden without a word."""
    note = "1 unreachable entry is not shown; --all shows all entries\n"
    done = run("list", *options)
    assert ("192.0.2.9" in done.stdout, done.stderr) == (False, note)
    wire.near.ip("neigh add 192.0.2.10 dev near0 nud failed extern_learn")
    assert run("list", *options).stderr == note.replace("1 unreachable entry is", "2 unreachable entries are")
    for more in (["--all"], ["--state", "unreachable"], ["nud", "failed"], ["nud", "all"]):
        done = run("list", *options, *more)
        assert ("192.0.2.9" in done.stdout, done.stderr) == (True, "")


def test_table_without_a_terminal_has_no_colour_and_no_width() -> None:
    """Bug: output into a pipe is cut to the width of a terminal, or coloured."""
    done = run("list", "-4", "--state", "permanent", "--state", "stale", COLUMNS="20")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["ADDRESS", "PHYSICAL", "ADDRESS", "INTERFACE", "STATE"],
        ["192.0.2.7", "02:00:5e:00:00:07", "near0", "PERMANENT"],
        ["192.0.2.8", "02:00:5e:00:00:08", "near0", "STALE"],
    ]


def test_vendors(wire: Wire) -> None:
    """Bug: a locally administered address, which belongs to no vendor, is looked up."""
    wire.near.ip(f"neigh add 192.0.2.5 lladdr {CISCO} dev near0", f"neigh add 192.0.2.6 lladdr {LOCAL} dev near0")
    vendors = {row["address"]: row["vendor"] for row in answer("list", "-4", "--vendor")}
    assert vendors.pop("192.0.2.5").startswith("Cisco")
    assert set(vendors.values()) == {None}
    assert "Cisco" in run("list", "--vendor").stdout
    assert "VENDOR" not in run("list").stdout
    assert answer("get", "192.0.2.5", "--vendor")[0]["vendor"].startswith("Cisco")


def test_vendors_without_the_extra() -> None:
    """Bug: a traceback, or entries without the requested vendors."""
    code = "import sys; sys.modules['aiooui'] = None; from netio.cli import main; sys.argv[1:] = ['list', '--vendor']"
    done = subprocess.run(
        python(f"{code}; main()"), capture_output=True, text=True, env=surroundings(), timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == 'netio: aiooui is missing; install it with: pip install "netioapi[oui]"\n'


def test_get_prints_a_result_for_each_address() -> None:
    """Bug: the first failure hides the other results."""
    row, missing, invalid = answer("get", "192.0.2.7", "192.0.2.99", "192.0.2.300", status=1)
    assert (row["address"], row["physical_address"]) == ("192.0.2.7", "02:00:5e:00:00:07")
    assert (missing["address"], missing["error"]["name"], missing["error"]["code"]) == (
        "192.0.2.99",
        "NeighborNotFoundError",
        1168,
    )
    assert (invalid["address"], invalid["error"]["operation"], invalid["error"]["code"]) == (
        "192.0.2.300",
        "GetIpNetEntry2",
        87,
    )


def test_get_as_a_table() -> None:
    """Bug: an absent entry ends the command, or prints an empty table."""
    done = run("get", "192.0.2.99", "192.0.2.7", "dev", "near0")
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["ADDRESS", "192.0.2.7"]
    assert done.stderr.startswith("netio: 192.0.2.99 on near0: ")
    assert "`netio resolve` probes the link" in complaint("get", "192.0.2.99")
    assert [row["is_router"] for row in answer("get", "fe80::7", "-i", "near0")] == [True]


def test_get_of_an_unresolved_entry_fails() -> None:
    """Bug: a script takes the `-` of a failed entry for a physical address."""
    done = run("get", "192.0.2.7", "192.0.2.9")
    assert (done.returncode, done.stderr) == (1, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["ADDRESS", "192.0.2.7", "192.0.2.9"]


@pytest.mark.parametrize("arguments", [["list", "-i"], ["get", "192.0.2.7", "-i"], ["list", "dev"]])
def test_unknown_interface(arguments: list[str]) -> None:
    """Bug: the message does not list the interfaces, or characters of the name break the line."""
    line = complaint(*arguments, "not\nthere\x1b[31m")
    assert "not\\nthere\\x1b[31m" in line
    assert "the interfaces are lo, near0" in line


def test_text_is_not_markup(wire: Wire) -> None:
    """Bug: rich prints `:ab:` as an emoji and takes `[red]` for a colour."""
    wire.near.ip("link set near0 down", "link set near0 name x[red]y", "link set x[red]y up")
    wire.near.ip("neigh replace 2001:db8:a:b:ab:cd:a:7 lladdr 02:cd:ab:cd:ab:0a dev x[red]y")
    lines = run("list", "-6").stdout.splitlines()
    assert ["2001:db8:a:b:ab:cd:a:7", "02:cd:ab:cd:ab:0a", "x[red]y", "PERMANENT"] in [line.split() for line in lines]
