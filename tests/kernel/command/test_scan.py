# SPDX-License-Identifier: MIT
"""`netio scan`: its targets, the replies, and the map."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.answering import answering, arp_reply
from netlab.capture import capturing
from netlab.child import UNPRIVILEGED
from netlab.command import answer, checked, complaint, run
from netlab.wire import ABSENT_IP4, FAR_IP4, FAR_MAC, NEAR_IP4

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netlab.wire import Wire

PINNED, PINNED_MAC = "192.0.2.250", "02:00:5e:00:00:fa"
LIVE = [2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 100, 101, 128, 200, 201, 222, 240, 254]

MAP = """
            +0       +8       +16      +24
  192.0.2.0 .@R....R RR.....R RR...... .......R
 192.0.2.32 RR...... ........ ........ .......R
 192.0.2.64 R....... ........ ........ ........
 192.0.2.96 ....RR.. ........ ........ ........
192.0.2.128 R....... ........ ........ ........
192.0.2.160 ........ ........ ........ ........
192.0.2.192 ........ RR...... ........ ......R.
192.0.2.224 ........ ........ R....... ..P...R-

R reachable: 20  P permanent: 1  @ own address: 1  . no reply: 233
- broadcast address: 1
"""


@pytest.fixture
def crowd(wire: Wire) -> Wire:
    """A link with twenty hosts, all addresses of the far one, and one pinned address."""
    wire.hasten()
    wire.far.ip(*(f"route replace local 192.0.2.{host} dev lo" for host in LIVE))
    wire.near.ip(f"neigh add {PINNED} lladdr {PINNED_MAC} dev near0")
    return wire


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(("prefix", "more"), [((), ["--resolve"]), (UNPRIVILEGED, [])], ids=["root", "nobody"])
def test_twenty_hosts_and_their_map(prefix: Sequence[str], more: list[str]) -> None:
    """Bug: a host is missed or made up, or a symbol is in the wrong place of the map."""
    done = run("scan", "192.0.2.0/24", "--map", *more, prefix=prefix)
    assert done.returncode == 0
    table, picture = done.stdout.split("\n\n", 1)
    expected = [[f"192.0.2.{host}", FAR_MAC, "near0", "REACHABLE"] for host in LIVE]
    expected.insert(-1, [PINNED, PINNED_MAC, "near0", "PERMANENT"])
    assert [line.split() for line in table.splitlines()[1:]] == expected
    assert picture == MAP[1:]
    *reason, summary = done.stderr.splitlines()
    assert re.fullmatch(r"21 of 254 addresses replied in [\d.]+ s; not probed: 1 own, 1 broadcast", summary)
    probed_by = "so the system probes, and its table gets entries (--resolve omits this line)"
    assert reason == ([f"netio: sending frames needs CAP_NET_RAW; {probed_by}"] if prefix else [])


def test_sweep_leaves_the_table_alone(crowd: Wire) -> None:
    """Bug: the scan of root fills the table, or a pinned address without a host counts as found."""
    before = crowd.near.run("ip", "-d", "neigh")
    done = run("scan", "192.0.2.0/24", "--map")
    table, picture = done.stdout.split("\n\n", 1)
    expected = [[f"192.0.2.{host}", FAR_MAC, "near0", "REACHABLE"] for host in LIVE]
    assert (done.returncode, [line.split() for line in table.splitlines()[1:]]) == (0, expected)
    legend = "R reachable: 20  @ own address: 1  . no reply: 234  - broadcast address: 1\n"
    assert picture == MAP[1:].partition("R reachable")[0].replace("..P...R-", "......R-") + legend
    assert re.fullmatch(r"20 of 254 addresses replied in [\d.]+ s; not probed: 1 own, 1 broadcast\n", done.stderr)
    assert crowd.near.run("ip", "-d", "neigh") == before


def test_rate_and_retries_of_the_sweep(wire: Wire) -> None:
    """Bug: an option is ignored, or --timeout 0 is an error."""
    with capturing(wire) as capture:
        run("scan", "192.0.2.2-4", "--retries", "2", "--timeout", "0.3")
        targets = [question.target for question in capture.questions()]
    assert {target: targets.count(target) for target in targets} == {"192.0.2.2": 1, "192.0.2.3": 3, "192.0.2.4": 3}
    assert run("scan", "192.0.2.2-4", "--timeout", "0").returncode == 0
    seconds = re.search(r"replied in ([\d.]+) s", run("scan", "192.0.2.2-4", "--rate", "4", "--retries", "0").stderr)
    assert seconds is not None
    assert float(seconds[1]) >= 1.5


def test_two_hosts_with_one_address(wire: Wire) -> None:
    """Bug: only one of them is shown, or the address counts twice."""
    other = "02:00:00:00:00:99"
    with answering(wire, lambda target: [arp_reply(target, other)] if target == FAR_IP4 else []):
        done = run("scan", "192.0.2.2-3", "--map")
        rows = answer_with_stderr("scan", "192.0.2.2-3")
    assert sorted(line.split()[1] for line in done.stdout.splitlines()[1:3]) == [FAR_MAC, other]
    summary, duplicates = done.stderr.splitlines()
    assert summary.startswith("1 of 2 addresses replied")
    assert re.fullmatch(rf"netio: {FAR_IP4} on near0: 2 hosts have it: [\w:]+, [\w:]+", duplicates)
    assert sorted(row["physical_address"] for row in rows) == [FAR_MAC, other]


def answer_with_stderr(*words: str) -> list[dict[str, str]]:
    """Returns the objects that a command prints, validated, although it also prints on stderr."""
    return [checked("scan", json.loads(line)) for line in run(*words, "--json").stdout.splitlines()]


@pytest.mark.usefixtures("crowd")
def test_json_has_a_line_for_each_host() -> None:
    """Bug: silent hosts are printed without --all, or missing with it."""
    for words, live in ([], LIVE), (["--resolve"], [*LIVE, 250]):
        rows = answer("scan", "192.0.2.0/24", *words)
        assert sorted(int(row["address"].split(".")[3]) for row in rows) == sorted(live)
    results = answer("scan", "192.0.2.0/28", "--all", "--resolve", "--in-flight", "3")
    failures = {row["address"]: row["error"] for row in results if "error" in row}
    assert len(results) == 16
    own = failures.pop(NEAR_IP4)
    assert own["name"] == "InvalidParameterError"
    assert "it is an address of this machine" in own["message"]
    assert {error["name"] for error in failures.values()} == {"UnreachableError"}


@pytest.mark.usefixtures("crowd")
def test_all_includes_silent_hosts() -> None:
    """Bug: --all prints the hosts that replied only, or does not name own and broadcast addresses."""
    lines = [line.split() for line in run("scan", "192.0.2.0-2", "192.0.2.253-255", "--all").stdout.splitlines()[1:]]
    assert [(address, state) for address, *_, state in lines] == [
        ("192.0.2.0", "UNREACHABLE"),
        (NEAR_IP4, "OWN"),
        (FAR_IP4, "REACHABLE"),
        ("192.0.2.253", "UNREACHABLE"),
        ("192.0.2.254", "REACHABLE"),
        ("192.0.2.255", "BROADCAST"),
    ]


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(
    ("prefix", "picture"),
    [
        ("192.0.2.2", ["192.0.2.2 R"]),
        ("192.0.2.6/31", ["192.0.2.6 .R"]),
        ("192.0.2.7/31", ["192.0.2.6 .R"]),
        ("192.0.2.1/30", ["192.0.2.0 .@R."]),
        ("192.0.2.6-8", ["192.0.2.6 .RR"]),
        ("192.0.2.254-192.0.2.255", ["192.0.2.254 R-"]),
        ("2001:db8::2", ["2001:db8::2 R"]),
        ("2001:db8::2/127", ["2001:db8::2 R."]),
        (
            "2001:db8::/122",
            [
                "             +0       +8       +10      +18",
                "  2001:db8:: .@R..... ........ ........ ........",
                "2001:db8::20 ........ ........ ........ ........",
            ],
        ),
        ("2001:db8::1-4", ["2001:db8::1 @R.."]),
        ("fe80::%near0/124", ["       +0       +8", "fe80:: .@R..... ........"]),
    ],
)
def test_prefixes_of_all_lengths(prefix: str, picture: list[str]) -> None:
    """Bug: the only two addresses of a /31 are treated as network and broadcast address, or a range loses an end."""
    done = run("scan", prefix, "--map")
    assert (done.returncode, done.stdout.split("\n\n")[1].splitlines()) == (0, picture)


@pytest.mark.usefixtures("crowd")
def test_link_local_prefix() -> None:
    """Bug: the interface of a link-local prefix is taken from one of its forms only."""
    index = next(interface.index for interface in netio.list_interfaces() if interface.name == "near0")
    for words in (
        ["fe80::/124", "-i", "near0"],
        ["fe80::2%near0/124"],
        [f"fe80::2%{index}/124"],
        [f"fe80::%{index}/124", "-i", "near0"],
        ["fe80::1%near0-fe80::2"],
    ):
        (row,) = answer("scan", *words)
        assert row["address"] == "fe80::2%near0"
    assert "name the interface with --interface" in complaint("scan", "fe80::/124")


@pytest.mark.parametrize(
    ("prefix", "advice"),
    [
        ("10.0.0.0/15", "10.0.0.0/15 has more than 65,536 addresses; scan accepts a /16 or a longer prefix"),
        ("2001:db8::/64", "`ping ff02::1%IF` reaches all hosts of a link, `netio list -6` then shows those"),
        ("fe80::%near0/64", "scan accepts a /112 or a longer prefix, or addresses. `ping ff02::1%near0` "),
        ("10.0.0.0/24", "10.0.0.0/24 cannot be scanned: 10.0.0.0: "),
        ("203.0.113.0/24", "203.0.113.0/24 cannot be scanned: "),
        ("127.0.0.0/24", "127.0.0.0/24 cannot be scanned: "),
        ("224.0.0.0/24", "224.0.0.0/24 cannot be scanned: "),
        ("192.0.2.1", "192.0.2.1 cannot be scanned: 192.0.2.1: it is an address of this machine (code 87)"),
        ("192.0.2.255/32", "192.0.2.255/32 cannot be scanned: 192.0.2.255: it is a broadcast address"),
        ("192.0.2.9-5", "invalid range '192.0.2.9-5'; write it like 192.0.2.1-50 or 192.0.2.1-192.0.2.50"),
        ("192.0.2.9-300", "invalid range"),
        ("192.0.2.9-2001:db8::1", "invalid range"),
        ("192.0.2.9-", "invalid range"),
        ("192.0.2.0/33", "write it like 192.0.2.0/24"),
        ("192.0.2.0%near0/24", "a scope, which only link-local prefixes have"),
        ("fe80::%/120", "a scope, which only link-local prefixes have"),
        ("hello", "invalid target 'hello'; give a prefix like 192.0.2.0/24, a range like 192.0.2.1-50, an address, or"),
        ("hello", "the interfaces are lo, near0"),
        ("hello/24", "invalid prefix 'hello/24'"),
        ("", "invalid target ''"),
    ],
)
def test_rejected_prefixes(wire: Wire, prefix: str, advice: str) -> None:
    """Bug: addresses behind a gateway are probed. No frame at all may be sent."""
    wire.near.ip(f"route add 203.0.113.0/24 via {FAR_IP4}")
    with capturing(wire) as capture:
        assert advice in complaint("scan", prefix)
        assert capture.frames() == []


@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("prefix", ["192.0.2.1", "10.0.0.0/24", "hello", "10.0.0.0/15"])
def test_rejected_target_is_a_failure_in_json(prefix: str) -> None:
    """Bug: one of the errors is on stderr only, so the output is empty although nothing was scanned."""
    (failure,) = answer("scan", prefix, status=1)
    assert (failure["address"], failure["error"]["name"]) == (
        None,
        "UnreachableError" if prefix == "10.0.0.0/24" else "InvalidParameterError",
    )


def test_too_many_addresses_in_total(wire: Wire) -> None:
    """Bug: only each target is limited."""
    wire.near.ip("route add 10.0.0.0/15 dev near0")
    refused = complaint("scan", "10.0.0.0/16", "10.1.0.0-10.1.0.1")
    assert "the targets have 65,538 addresses; scan accepts 65,536 in one call" in refused


def probed(*words: str) -> list[tuple[str, str]]:
    """Returns address and interface of each result of a scan; hosts that reply, and others."""
    return [
        (
            row["address"],
            row["interface"] if "interface" in row else row["error"]["message"].split(" on ")[1].split(":")[0],
        )
        for row in answer("scan", "--all", *words)
    ]


def test_several_targets(wire: Wire) -> None:
    """Bug: an address of two targets is probed twice, or all are probed on the interface of the first target."""
    wire.hasten()
    second_link(wire)
    words = ["192.0.2.1-3", "198.51.100.2", "192.0.2.2-192.0.2.4", "198.51.100.0/30", FAR_IP4]
    assert sorted(probed(*words)) == [
        *((f"192.0.2.{n}", "near0") for n in (1, 2, 3, 4)),
        *((f"198.51.100.{n}", "near1") for n in (0, 1, 2, 3)),
    ]
    picture = run("scan", *words, "--map").stdout
    assert "\n\n192.0.2.1-192.0.2.3 on near0\n192.0.2.1 @R.\n\n198.51.100.2 on near1\n198.51.100.2 R\n\n" in picture
    assert "R reachable: 5" in picture


def second_link(wire: Wire) -> None:
    """Adds a link with the prefix 198.51.100.0/30, on which the kernel gives up after 0.3 seconds as well."""
    wire.lay("near1", "02:00:00:00:00:11", "far1", "02:00:00:00:00:12")
    wire.near.ip(
        "address add 198.51.100.1/30 broadcast + dev near1", "ntable change name arp_cache dev near1 retrans 100"
    )
    wire.far.ip("address add 198.51.100.2/30 dev far1")


def test_prefixes_of_own_interfaces(wire: Wire) -> None:
    """Bug: prefixes are missing, or those of interfaces that cannot send probes are scanned or reported."""
    wire.hasten()
    second_link(wire)
    wire.lay("near2", "02:00:00:00:02:01", "far2", "02:00:00:00:02:02")
    wire.near.ip(
        "address add 203.0.113.1/32 dev near1",  # contains no other host
        "address add 198.51.100.9 peer 203.0.113.9/32 dev near1",
        "address add 10.2.0.1/24 dev lo",
        "address add 10.3.0.1/24 dev near2",
        "link set near2 arp off",
        "address add 10.4.0.1/21 dev near1",
        "address add 192.0.2.5/24 dev near0",  # the same prefix once more
    )
    everything = {(f"192.0.2.{n}", "near0") for n in range(256)} | {(f"198.51.100.{n}", "near1") for n in range(4)}
    everything.add(("203.0.113.9", "near1"))

    done = run("scan", "--json", "--all")

    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 261
    assert {row["address"] for row in rows} == {address for address, _ in everything}
    reason = "it has 2,048 addresses; to scan it, or a part of it, name the prefix"
    assert done.stderr == f"netio: 10.4.0.0/21 on near1 is left out: {reason}\n"
    summary = run("scan").stderr.splitlines()[-1]
    assert re.fullmatch(r"2 of 256 addresses replied in [\d.]+ s; not probed: 3 own, 2 broadcast", summary)


def test_prefixes_of_one_interface(wire: Wire) -> None:
    """Bug: the interface is taken for a prefix, or all interfaces are scanned."""
    wire.hasten()
    second_link(wire)
    wire.near.ip("link property add dev near1 altname second-link")
    index = next(interface["ifindex"] for interface in wire.near.json("link show near1"))
    expected = sorted((f"198.51.100.{n}", "near1") for n in range(4))
    for words in (["near1"], ["-i", "near1"], [str(index)], ["second-link"], ["near1", "-i", "near1"]):
        assert sorted(probed(*words)) == expected
    wrong = run("scan", "near1", "-i", "near0")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "--interface near0 contradicts 'near1'" in wrong.stderr


def test_one_prefix_on_two_interfaces(wire: Wire) -> None:
    """Bug: the results of one interface replace those of the other, for the same address."""
    wire.hasten()
    wire.lay("near1", "02:00:00:00:00:11", "far1", "02:00:00:00:00:12")
    wire.near.ip("address add 192.0.2.9/24 metric 600 dev near1", "ntable change name arp_cache dev near1 retrans 100")
    wire.far.ip("address add 192.0.2.3/24 dev far1")
    lines = [line.split() for line in run("scan").stdout.splitlines()[1:]]
    # The far host replies on each link for all of its addresses.
    assert sorted(lines) == [
        [address, mac, interface, "REACHABLE"]
        for address in (FAR_IP4, "192.0.2.3")
        for mac, interface in ((FAR_MAC, "near0"), ("02:00:00:00:00:12", "near1"))
    ]


@pytest.mark.parametrize("option", [[], ["-i"]])
def test_interfaces_that_cannot_be_scanned(wire: Wire, option: list[str]) -> None:
    """Bug: a traceback, or a scan of nothing that looks like a link without hosts."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    wire.lay("near2", "02:00:00:00:02:01", "far2", "02:00:00:00:02:02")
    wire.lay("near3", "02:00:00:00:03:01", "far3", "02:00:00:00:03:02")
    wire.near.ip(
        *(f"address add 10.0.{n}.1/24 dev near{n}" for n in (1, 2)),
        "link set near1 down",
        "link set near2 arp off",
    )
    for name in ("lo", "near1", "near2"):
        assert f"{name} cannot be scanned: it is down, a loopback" in complaint("scan", *option, name)
    assert "near3 has no IPv4 prefix of up to 1,024 addresses; name a prefix" in complaint("scan", *option, "near3")
    wire.near.ip("address flush dev near0")
    assert "no interface that can send probes has an IPv4 prefix" in complaint("scan")


def test_probes_stay_on_the_link(crowd: Wire) -> None:
    """Bug: addresses of the prefix that have another route are probed behind its gateway."""
    crowd.near.ip(f"route add 192.0.2.8/29 via {FAR_IP4}")
    with capturing(crowd) as capture:
        rows = answer("scan", "192.0.2.0/27")
        probed = {int(question.target.split(".")[3]) for question in capture.questions()}
    assert {row["address"] for row in rows} == {f"192.0.2.{host}" for host in LIVE if host < 32 and host // 8 != 1}
    assert probed == {0, *range(2, 8), *range(16, 32)}


def test_interface_option(wire: Wire) -> None:
    """Bug: a prefix is scanned on an interface without it, or rejected on one of two interfaces that both have it."""
    wire.lay("near1", "02:00:00:00:00:11", "far1", "02:00:00:00:00:12")
    wire.near.ip("address add 198.51.100.1/24 dev near1", "address add 192.0.2.9/24 metric 600 dev near1")
    wire.far.ip("address add 192.0.2.3/24 dev far1")
    for interface, host in (("near0", FAR_IP4), ("near1", "192.0.2.3")):
        (row,) = answer("scan", host, "-i", interface)
        assert row["interface"] == interface
    index = next(interface["ifindex"] for interface in wire.near.json("link show near1"))
    (row,) = answer("scan", "192.0.2.3", "-i", str(index))
    assert row["interface"] == "near1"
    with capturing(wire) as capture:
        refused = complaint("scan", "198.51.100.0/30", "-i", "near0")
        assert "198.51.100.0/30 cannot be scanned: " in refused
        assert "on near0: the routes do not reach it on-link on this interface (code 1231)" in refused
        assert "192.0.3.255 on near0" in complaint("scan", "192.0.2.0/23")
        assert "2001:db8:" in complaint("scan", "2001:db8:1::/126", "-i", "near0")
        assert capture.frames() == []


def test_source_option(wire: Wire) -> None:
    """Bug: the option is ignored."""
    wire.near.ip("address add 192.0.2.5/32 dev near0")
    with capturing(wire) as capture:
        answer("scan", FAR_IP4, "--source", "192.0.2.5", "--timeout", "5")
        assert {question.sender for question in capture.questions()} == {"192.0.2.5"}


@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("source", [ABSENT_IP4, "2001:db8::1"])
def test_invalid_source_option(source: str) -> None:
    """Bug: a source from which nothing can be sent looks like a link without hosts."""
    done = run("scan", "192.0.2.0/28", "--source", source)
    assert done.returncode == 1
    assert "16 of 16 addresses were not probed, the first because: " in done.stderr
    assert f": the source {source} " in done.stderr
