# SPDX-License-Identifier: MIT
"""The words of the command: the filters of list, flush and delete, and the word orders of ip-neighbour(8)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from netlab.command import answer, run
from netlab.oracle import Seen, seen

if TYPE_CHECKING:
    from netlab.wire import Wire

MAC, OTHER_MAC, BROADCAST_MAC = "02:00:5e:00:00:07", "02:00:5e:00:00:08", "ff:ff:ff:ff:ff:ff"

# Without FAILED and extern_learn ones: the kernel removes the former at any time, ip(8) shows the latter in any state.
ENTRIES = (
    f"192.0.2.7 lladdr {MAC} dev near0",
    f"192.0.2.8 lladdr {OTHER_MAC} dev near0 nud stale",
    f"192.0.2.9 lladdr {MAC} dev near0 nud reachable",
    f"192.0.2.10 lladdr {MAC} dev near0 nud noarp",
    f"2001:db8::7 lladdr {MAC} dev near0 router",
    f"fe80::7 lladdr {MAC} dev near0 nud stale",
)
OWNED = f"192.0.2.11 lladdr {MAC} dev near0 nud stale extern_learn"


def fill(wire: Wire, *more: str) -> None:
    """Makes the table consist of the entries."""
    wire.near.ip("neigh flush nud all dev near0", *(f"neigh replace {entry}" for entry in (*ENTRIES, *more)))


def listed(*words: str) -> set[str]:
    """Returns the addresses that list prints, without scopes."""
    return {row["address"].partition("%")[0] for row in answer("list", *words)}


@pytest.mark.parametrize(
    "line",
    [
        "show",
        "list",
        "show 192.0.2.7",
        "show 192.0.2.10",
        "show to 192.0.2.0/29",
        "show to 192.0.2.7 dev near0",
        "show dev near0 to 192.0.2.7",
        "show dev near0",
        "show dev lo",
        "show dev near0 nud permanent",
        "show nud stale nud reachable",
        "show nud stale dev near0 to 192.0.2.0/24",
        "show 2001:db8::/64",
        "show fe80::7 dev near0",
        "show 192.0.2.1/29",
        "show nud noarp to 192.0.2.0/24",
        "show nud all to 192.0.2.0/24",
        "show all",
        "-4 show",
        "-6 show nud stale",
    ],
)
def test_entries_that_ip_shows(wire: Wire, line: str) -> None:
    """Bug: a word order of ip(8) is rejected, or selects other entries than there."""
    fill(wire)
    words = line.split()
    family = [words.pop(0)] if words[0].startswith("-") else []
    shown = wire.near.run("ip", *family, "neigh", *words)
    expected = {text.split()[0] for text in shown.splitlines() if not text.startswith("ff02:")}
    # A NOARP entry is shown if its address is given exactly: ip(8) needs its state, too.
    expected |= {"192.0.2.10"} & set(words)
    assert listed(*family, *words[1:]) == expected
    done = run(*family, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert {text.split()[0].partition("%")[0] for text in done.stdout.splitlines()[1:]} == expected


@pytest.mark.parametrize(
    "line",
    [
        f"add 192.0.2.17 lladdr {MAC} dev near0",
        f"add dev near0 to 192.0.2.17 lladdr {MAC}",
        f"add nud permanent lladdr {MAC} dev near0 192.0.2.17",
        f"add 192.0.2.17 dev near0 lladdr {MAC}",
        f"change 192.0.2.8 lladdr {MAC} dev near0",
        f"replace 192.0.2.17 dev near0 lladdr {MAC} nud permanent",
        f"replace to 192.0.2.7 dev near0 lladdr {OTHER_MAC}",
        f"add 192.0.2.17 lladdr {MAC} dev near0 nud stale",
        f"add 192.0.2.17 lladdr {MAC} dev near0 nud noarp extern_learn proto zebra",
        f"add nud reachable 2001:db8::17 router dev near0 lladdr {MAC} protocol 200",
        "replace 192.0.2.8 dev near0 nud reachable",
        "add 192.0.2.17 dev near0 nud failed",
        f"del 192.0.2.7 lladdr {MAC} dev near0",
        "delete dev near0 192.0.2.8",
        f"del dev near0 lladdr {MAC} to 192.0.2.7",
        f"del 192.0.2.8 dev near0 lladdr {MAC} nud permanent",
        "del fe80::7 dev near0 router",
        f"del 192.0.2.7 dev near0 lladdr {MAC} extern_learn proto static",
        "flush dev near0",
        "flush all",
        "flush nud stale",
        "flush all nud stale",
        "flush dev near0 nud stale nud reachable",
        "flush 192.0.2.0/29",
        "flush to 192.0.2.8",
        "flush to 192.0.2.7 dev near0",
        "flush nud permanent 192.0.2.7 dev near0",
        "flush nud permanent to 192.0.2.0/24",
    ],
)
def test_entries_that_ip_writes(wire: Wire, line: str) -> None:
    """Bug: a word order of ip(8) is rejected, or has another effect than there."""
    fill(wire)
    wire.near.run("ip", "neigh", *line.split())
    expected = seen(wire.near)
    fill(wire)
    done = run(*line.split())
    assert (done.returncode, done.stderr) == (0, "")
    assert seen(wire.near) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("192.0.2.7 192.0.2.8", {"192.0.2.7", "192.0.2.8"}),
        (f"{MAC} -i near0", {"192.0.2.7", "192.0.2.9", "2001:db8::7", "fe80::7"}),
        ("0200.5e00.0008", {"192.0.2.8"}),
        (f"{MAC} {OTHER_MAC} 192.0.2.0/24", {"192.0.2.7", "192.0.2.8", "192.0.2.9"}),
        (f"192.0.2.0/24 {MAC} near0 stale", set()),
        ("near1", {"198.51.100.7"}),
        ("near1 near0 192.0.2.7 198.51.100.0/24", {"192.0.2.7", "198.51.100.7"}),
        ("-i near0 -i near1 nud permanent", {"192.0.2.7", "2001:db8::7", "198.51.100.7"}),
        ("dev near1 dev near1", {"198.51.100.7"}),
        ("fe80::7%near0", {"fe80::7"}),
        ("fe80::%near1/64", set()),
        ("STALE nud permanent --state reachable -4", {"192.0.2.7", "192.0.2.8", "192.0.2.9", "198.51.100.7"}),
        ("224.0.0.9", {"224.0.0.9"}),
        ("224.0.0.0/4", set()),
        ("203.0.113.7", set()),
    ],
)
def test_words_of_list(wire: Wire, words: str, expected: set[str]) -> None:
    """Bug: words of one kind must all match, or a word of another kind adds entries."""
    fill(wire, f"224.0.0.9 lladdr {MAC} dev near0")
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    wire.near.ip(f"neigh add 198.51.100.7 lladdr {MAC} dev near1")
    assert listed(*words.split()) == expected


def test_interface_whose_name_is_an_address_or_a_physical_address(wire: Wire) -> None:
    """Bug: an address selects the interface with that name, or an interface is not found because of its name."""
    wire.lay("192.0.2.7", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    wire.lay("02005e000007", "02:00:00:00:02:01", "far2", "02:00:00:00:02:02")
    fill(wire, f"192.0.2.77 lladdr {MAC} dev 192.0.2.7", f"192.0.2.78 lladdr {OTHER_MAC} dev 02005e000007")
    assert listed("192.0.2.7") == {"192.0.2.7"}
    assert listed("dev", "192.0.2.7") == listed("-i", "192.0.2.7") == {"192.0.2.77"}
    assert listed("02005e000007") == {"192.0.2.78"}
    assert listed("-4", "lladdr", "02005e000007") == {"192.0.2.7", "192.0.2.77", "192.0.2.9"}


def test_wake_on_lan_entry_is_shown(wire: Wire) -> None:
    """Bug: a host with a permanent broadcast physical address is hidden like the broadcast address of the prefix."""
    for address in ("192.0.2.254", "203.0.113.9", "192.0.2.255", "255.255.255.255"):
        wire.near.ip(f"neigh add {address} lladdr {BROADCAST_MAC} dev near0")
    assert listed("-4") == {"192.0.2.254", "203.0.113.9"}
    assert listed("192.0.2.255") == {"192.0.2.255"}


def test_noarp_entry_is_hidden_unless_a_daemon_owns_it(wire: Wire) -> None:
    """Bug: an entry that the kernel made unprobed counts as a host, or one of EVPN, which has that state, does not."""
    fill(wire, f"192.0.2.11 lladdr {MAC} dev near0 nud noarp extern_learn proto zebra")
    assert listed("-4") == {"192.0.2.7", "192.0.2.8", "192.0.2.9", "192.0.2.11"}
    assert listed("nud", "noarp", "192.0.2.0/24") == {"192.0.2.10"}


@pytest.mark.parametrize(
    ("line", "removed"),
    [
        ("flush --state stale -4", {"192.0.2.8"}),
        ("flush -i near0 -i lo --state reachable", {"192.0.2.9"}),
        (f"flush {MAC} --yes", {"192.0.2.9", "fe80::7"}),
        ("flush nud all -4 --yes", {"192.0.2.7", "192.0.2.8", "192.0.2.9"}),
        ("flush 192.0.2.11 192.0.2.10", set()),
        ("flush 203.0.113.0/24", set()),
        ("delete 192.0.2.0/29 --yes", {"192.0.2.7"}),
        ("delete --state permanent --yes", {"192.0.2.7", "2001:db8::7"}),
        ("delete 192.0.2.8 --state permanent", set()),
        (f"delete {OTHER_MAC}", {"192.0.2.8"}),
        ("delete nud stale -i near0 --yes", {"192.0.2.8", "fe80::7"}),
        ("delete stale near0", {"192.0.2.8", "fe80::7"}),
        ("delete 203.0.113.0/24", set()),
    ],
)
def test_filters_of_flush_and_delete(wire: Wire, line: str, removed: set[str]) -> None:
    """Bug: another entry is removed: one of a daemon, one in the state NOARP, or by flush a permanent one."""
    fill(wire, OWNED)
    before = seen(wire.near)
    assert run(*line.split()).returncode == 0
    assert seen(wire.near) == {address: entry for address, entry in before.items() if address not in removed}


def test_delete_reports_the_entries_that_it_keeps(wire: Wire) -> None:
    """Bug: the entries of daemons are deleted with the others, or kept without a word."""
    fill(wire, OWNED)
    done = run("delete", "192.0.2.0/24", "--yes")
    assert (done.returncode, done.stdout) == (0, "3 of 3 entries deleted\n")
    assert done.stderr == "netio: kept entries of routing daemons, orchestrators and the kernel: 1\n"
    assert set(seen(wire.near)) == {"192.0.2.10", "192.0.2.11", "2001:db8::7", "fe80::7"}
    assert [row["address"] for row in answer("delete", "fe80::/64")] == ["fe80::7%near0"]


@pytest.mark.parametrize("command", ["del", "replace", "change"])
@pytest.mark.parametrize("address", ["192.0.2.7", "192.0.2.8", "fe80::7"])
def test_pasted_line_of_ip(wire: Wire, command: str, address: str) -> None:
    """Bug: a line as `ip neigh` prints it is rejected because of its last word."""
    fill(wire)
    (line,) = [text for text in wire.near.run("ip", "neigh").splitlines() if text.startswith(f"{address} ")]
    expected = seen(wire.near)
    if command == "del":
        del expected[address]
    else:
        expected[address] = Seen(expected[address].physical_address)
    assert line.split()[-1] in ("PERMANENT", "STALE")
    assert run(command, *line.split()).returncode == 0
    assert seen(wire.near) == expected


@pytest.mark.parametrize(
    ("line", "blamed"),
    [
        (f"add 192.0.2.17 lladdr {MAC} dev near0 offload", "'offload' is not supported: "),
        (f"change 192.0.2.7 lladdr {MAC} dev near0 extern_learn", "'extern_learn' is not supported: "),
        (f"change 192.0.2.7 lladdr {MAC} dev near0 nud stale", "nud stale is not supported: netio set writes perm"),
        (f"change 192.0.2.7 lladdr {MAC} dev near0 protocol bird", "'protocol' is not supported: "),
        (f"add 192.0.2.17 lladdr {MAC} dev near0 nud gone", "invalid state 'gone'"),
        (f"add 192.0.2.17 lladdr {MAC} dev near0 proto birds", "invalid protocol 'birds'"),
        (f"add 192.0.2.17 {MAC} dev near0 nud stale --nud stale", "'nud' is given twice"),
        (f"add 192.0.2.17 {MAC} dev near0 nud stale --dry-run", "--dry-run is for permanent entries"),
        ("add proxy 192.0.2.17 dev near0", "'proxy' is not supported: netio has no proxy entries"),
        ("del proxy 192.0.2.7 dev near0", "'proxy' is not supported: netio has no proxy entries"),
        ("show proxy", "'proxy' is not supported: netio has no proxy entries"),
        ("show vrf red", "'vrf' is not supported: name the interfaces with dev"),
        ("show unused", "'unused' is not supported: "),
        ("flush nomaster", "'nomaster' is not supported: "),
        ("flush router", "'router' is not supported: "),
        ("get proxy 192.0.2.7", "'proxy' is not supported: netio has no proxy entries"),
        (f"add 192.0.2.17 lladdr {MAC} dev near0 surplus", "unexpected argument 'surplus'"),
        (f"add 192.0.2.17 {MAC} surplus", "unexpected argument 'surplus'"),
        (f"add 192.0.2.17 surplus lladdr {MAC}", "unexpected argument 'surplus'"),
        ("add 192.0.2.17 dev near0 FAILED", "give ADDRESS and PHYSICAL_ADDRESS, or --from"),
        ("list 192.0.2.300", "'192.0.2.300' is not an address, a prefix, a physical address, an interface or a state"),
        ("list near9", "'near9' is not an address, a prefix, a physical address, an interface or a state; the inter"),
        ("flush 192.0.2.0/24 surplus", "'surplus' is not an address, "),
        ("delete 192.0.2.7 surplus", "'surplus' is not an address, "),
        ("delete 192.0.2.7 nud gone", "invalid state 'gone'"),
        ("list ec", "'ec' is not an address, "),
        ("list nud gone", "invalid state 'gone'"),
        ("list 192.0.2.7%near0", "'192.0.2.7%near0' has a scope, which only link-local addresses have"),
        ("flush nud noarp", "entries in the state noarp are not removed"),
        ("delete dev near0", "give an address, a prefix, a physical address, --state, or --from"),
        ("delete near0", "give an address, a prefix, a physical address, --state, or --from"),
    ],
)
def test_word_that_is_not_understood_is_named(wire: Wire, line: str, blamed: str) -> None:
    """Bug: the message names another word, such as the physical address, or the word is ignored."""
    fill(wire)
    before = seen(wire.near)
    done = run(*line.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert f"Error: {blamed}" in done.stderr
    assert seen(wire.near) == before


@pytest.mark.parametrize(
    "line",
    [
        "WORD",
        "list --WORD",
        "list --state WORD",
        "list -o WORD",
        "list --columns WORD",
        "list dev WORD",
        "resolve 192.0.2.2 --timeout WORD",
        "scan --in-flight WORD",
        "scan WORD/24",
        "create 192.0.2.7 02:00:5e:00:00:07 WORD",
        "create --from WORD",
    ],
)
def test_long_word_in_an_error_is_cut(line: str) -> None:
    """Bug: an error of click repeats the word, which may have any length."""
    done = run(*(word.replace("WORD", "x" * 10_000) for word in line.split()))
    assert done.returncode in (1, 2)
    assert re.search(r"x{70,80}\.\.\. \([\d,]+ characters\)", done.stderr)
    assert len(done.stderr) < 1000


@pytest.mark.parametrize("command", ["list", "flush", "delete"])
def test_empty_word_selects_nothing(wire: Wire, command: str) -> None:
    """Bug: an unset variable of a shell selects every entry."""
    fill(wire)
    before = seen(wire.near)
    assert run(command, "").returncode == 2
    assert seen(wire.near) == before
