# SPDX-License-Identifier: MIT
"""The commands that write: one entry, several, and the word order of ip(8)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from netlab.child import UNPRIVILEGED
from netlab.command import answer, checked, complaint, run
from netlab.oracle import Seen, seen

if TYPE_CHECKING:
    from netlab.wire import Wire

MAC, OTHER_MAC = "02:00:5e:00:00:07", "02:00:5e:00:00:08"


def done(*arguments: str) -> str:
    """Returns the output of a command that must succeed."""
    ended = run(*arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def typed(line: str) -> str:
    """The same for the words of a line."""
    return done(*line.split())


def test_each_verb(wire: Wire) -> None:
    """Bug: a verb does the work of another one, or prints something for a single entry."""
    assert done("create", "192.0.2.7", MAC) == ""
    assert seen(wire.near) == {"192.0.2.7": Seen(MAC)}
    assert done("set", "192.0.2.7", OTHER_MAC) == ""
    assert done("replace", "192.0.2.8", MAC, "-i", "near0") == ""
    assert done("replace", "192.0.2.8", OTHER_MAC) == ""
    assert seen(wire.near) == {"192.0.2.7": Seen(OTHER_MAC), "192.0.2.8": Seen(OTHER_MAC)}
    assert done("delete", "192.0.2.7") == ""
    assert done("delete", "192.0.2.8", "192.0.2.9", "--missing-ok") == "2 of 2 entries deleted\n"
    assert seen(wire.near) == {}


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["create", "192.0.2.7", MAC], "`netio set` changes it"),
        (["set", "192.0.2.9", MAC], "`netio create` creates one"),
        (["delete", "192.0.2.9"], "`netio create` creates one"),
        (["create", "192.0.2.300", MAC], "write it like 192.0.2.7"),
        (["create", "192.0.2.9", "hello"], "write it like 02:00:5e:00:00:07"),
        (["create", "192.0.2.9", ""], "the physical address is missing; give one of 6 bytes"),
        (["create", "", MAC], "write it like 192.0.2.7"),
        (["replace", "10.9.9.9", MAC], "name the interface with --interface"),
        (["replace", "192.0.2.9", MAC, "-i", "nothere"], "the interfaces are lo, near0"),
        (["flush", "-i", "nothere"], "the interfaces are lo, near0"),
    ],
)
def test_error_has_advice(wire: Wire, arguments: list[str], advice: str) -> None:
    """Bug: the message has no advice, or that for Python programs."""
    wire.near.ip(f"neigh add 192.0.2.7 lladdr {OTHER_MAC} dev near0")
    line = complaint(*arguments)
    assert advice in line
    assert "_neighbor" not in line
    assert "interface=" not in line
    assert "IpNet" not in line
    assert seen(wire.near) == {"192.0.2.7": Seen(OTHER_MAC)}


@pytest.mark.parametrize(
    "arguments",
    [
        ["create", "192.0.2.9", MAC],
        ["set", "192.0.2.7", MAC],
        ["replace", "192.0.2.7", MAC],
        ["delete", "192.0.2.7"],
        ["flush"],
        ["flush", "nud", "permanent"],
    ],
    ids=" ".join,
)
def test_error_without_privilege_has_advice(wire: Wire, arguments: list[str]) -> None:
    """Bug: the message says that rights are missing, but not how to get them."""
    wire.near.ip(
        f"neigh add 192.0.2.7 lladdr {OTHER_MAC} dev near0", "neigh add 192.0.2.8 dev near0 nud failed extern_learn"
    )
    line = complaint(*arguments, prefix=UNPRIVILEGED)
    assert "sudo" in line
    assert "elevated prompt" in line
    assert seen(wire.near) == {"192.0.2.7": Seen(OTHER_MAC), "192.0.2.8": Seen("", "FAILED", extern_learn=True)}


@pytest.mark.usefixtures("wire")
def test_json_has_an_object_for_each_entry() -> None:
    """Bug: the objects of --json have other fields than the schema, or a failure has no object."""
    wanted = {"address": "192.0.2.7", "physical_address": MAC, "interface": "near0", "changed": True}
    assert answer("create", "192.0.2.7", MAC) == [wanted]
    (failure,) = answer("create", "192.0.2.7", MAC, status=1)
    assert failure["interface"] == "near0"
    assert (failure["address"], failure["error"]["name"], failure["error"]["errno"]) == (
        "192.0.2.7",
        "NeighborExistsError",
        17,
    )
    assert "`netio set` changes it" in failure["error"]["message"]
    assert answer("set", "192.0.2.7", MAC, "-i", "near0") == [wanted | {"changed": False}]
    assert answer("replace", "fe80::7%near0", MAC)[0]["address"] == "fe80::7%near0"
    assert answer("flush") == []
    deleted, missing = answer("delete", "192.0.2.7", "192.0.2.9", status=1)
    assert deleted == wanted | {"physical_address": ""}
    assert (missing["address"], missing["error"]["code"]) == ("192.0.2.9", 1168)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["list", "-i", "nothere", "--json"], "InterfaceNotFoundError"),
        (["list", "-i", "nothere", "-o", "jsonl"], "InterfaceNotFoundError"),
        (["flush", "--json", "dev", "nothere"], "InterfaceNotFoundError"),
        (["resolve", "192.0.2.2", "--source", "x", "--json"], "InvalidParameterError"),
        (["scan", "10.0.0.0/8", "--json"], "InvalidParameterError"),
        (["replace", "192.0.2.300", MAC, "--json"], "InvalidParameterError"),
        (["replace", "--from", "-", "--json"], "InvalidParameterError"),
    ],
)
@pytest.mark.usefixtures("wire")
def test_failure_of_the_whole_command_as_json(arguments: list[str], name: str) -> None:
    """Bug: with --json the reason is only on stderr, and stdout is not JSON."""
    ended = run(*arguments, text="address,physical_address\n192.0.2.300,x\n")
    assert (ended.returncode, ended.stderr.startswith("netio: ")) == (1, True)
    output = json.loads(ended.stdout)
    one_per_line = arguments[0] == "scan" or "jsonl" in arguments
    (failure,) = [output] if one_per_line else output
    checked(arguments[0], output if arguments[0] == "scan" else [failure])
    assert (failure["address"], failure["error"]["name"]) == (None, name)
    assert failure["error"]["message"] in ended.stderr


def test_whether_a_write_changed_the_table(wire: Wire) -> None:
    """Bug: `changed` is true for a write of the values that were there, or false for one that changes the owner."""
    wire.near.ip(
        f"neigh add 192.0.2.7 lladdr {MAC} dev near0",
        f"neigh add 192.0.2.8 lladdr {MAC} dev near0 nud stale",
        f"neigh add 192.0.2.9 lladdr {MAC} dev near0 proto zebra",
        f"neigh add 2001:db8::7 lladdr {MAC} dev near0 router",
        f"neigh add 2001:db8::8 lladdr {MAC} dev near0 router",
    )

    def changed(*arguments: str) -> list[bool]:
        return [row["changed"] for row in answer(*arguments)]

    text = "".join(f"192.0.2.{n},{MAC}\n" for n in (7, 8, 9, 10, 10))
    entries = f"address,physical_address\n{text}"
    expected = [False, True, True, True, False]
    dry = answer("replace", "--from", "-", "--dry-run", text=entries)
    assert [row["changed"] for row in dry] == expected
    assert [row["changed"] for row in answer("replace", "--from", "-", text=entries)] == expected
    assert [row["changed"] for row in answer("replace", "--from", "-", text=entries)] == [False] * 5
    assert changed("replace", "192.0.2.7", OTHER_MAC) == [True]
    assert changed("set", "2001:db8::7", MAC) == [False]
    assert changed("replace", "2001:db8::8", MAC) == [True]
    assert changed("delete", "192.0.2.7", "192.0.2.99", "--missing-ok") == [True, False]


@pytest.mark.parametrize("address", ["192.0.2.7", "fe80::7"])
def test_change_by_an_alternative_name(wire: Wire, address: str) -> None:
    """Bug: the entry is not found in the table, which has the name of the interface."""
    wire.near.ip("link property add dev near0 altname uplink", f"neigh add {address} lladdr {MAC} dev near0")
    (row,) = answer("replace", address, MAC, "-i", "uplink")
    assert (row["interface"], row["changed"]) == ("near0", False)
    assert "the address already has an entry" in complaint("create", address, MAC, "-i", "uplink", "--dry-run")


@pytest.mark.parametrize("prefix", [(), UNPRIVILEGED], ids=["root", "nobody"])
def test_dry_run_changes_nothing(wire: Wire, prefix: tuple[str, ...]) -> None:
    """Bug: --dry-run writes, or prints something else than a write would do."""
    wire.near.ip(
        f"neigh add 192.0.2.7 lladdr {MAC} dev near0",
        f"neigh add 192.0.2.8 lladdr {MAC} dev near0 nud stale",
        f"neigh add 192.0.2.9 lladdr {MAC} dev near0 nud stale extern_learn",
    )
    before = seen(wire.near)

    def shown(*arguments: str) -> tuple[int, str, str]:
        ended = run(*arguments, "--dry-run", prefix=prefix)
        assert seen(wire.near) == before
        return ended.returncode, ended.stdout, ended.stderr

    assert shown("create", "192.0.2.10", MAC) == (0, f"would create 192.0.2.10 at {MAC} on near0\n", "")
    assert shown("set", "192.0.2.7", MAC) == (0, f"would leave 192.0.2.7 at {MAC} on near0 as it is\n", "")
    update = f"would update 192.0.2.8 at {OTHER_MAC} on near0, now {MAC} STALE\n"
    assert shown("replace", "192.0.2.8", OTHER_MAC, "-i", "near0") == (0, update, "")
    assert shown("delete", "192.0.2.7") == (0, "would delete 192.0.2.7 on near0\n", "")
    assert shown("flush") == (0, f"would delete 192.0.2.8 at {MAC} on near0\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["create", "192.0.2.7", MAC],
        ["create", "192.0.2.10", "02:00:00:00"],
        ["create", "127.0.0.1", MAC, "-i", "near0"],
        ["create", "192.0.2.10", MAC, "-i", "nothere"],
        ["replace", "10.9.9.9", MAC],
        ["replace", "fe80::9", MAC],
        ["replace", "192.0.2.10", MAC, "-i", "lo"],
        ["set", "192.0.2.10", MAC],
        ["set", "192.0.2.10", MAC, "-i", "4711"],
        ["delete", "192.0.2.10"],
        ["delete", "192.0.2.10", "-i", "nothere", "--missing-ok"],
    ],
    ids=" ".join,
)
def test_dry_run_prints_the_error_of_the_write(wire: Wire, arguments: list[str]) -> None:
    """Bug: --dry-run accepts what the write rejects, or has another message."""
    wire.near.ip(f"neigh add 192.0.2.7 lladdr {MAC} dev near0")
    assert complaint(*arguments, "--dry-run") == complaint(*arguments)
    (dry,) = answer(*arguments, "--dry-run", status=1)
    assert [dry] == answer(*arguments, status=1)


def test_one_failure_does_not_end_the_others(wire: Wire) -> None:
    """Bug: the first failure ends the command, or the count is wrong."""
    wire.near.ip(f"neigh add 192.0.2.7 lladdr {MAC} dev near0")
    ended = run("delete", "192.0.2.8", "192.0.2.7", "192.0.2.9")
    assert (ended.returncode, ended.stdout) == (1, "1 of 3 entries deleted\n")
    first, second, count = ended.stderr.splitlines()
    assert first.startswith("netio: 192.0.2.8 on near0: ")
    assert second.startswith("netio: 192.0.2.9 on near0: ")
    assert count == "netio: 2 of 3 entries failed"
    assert seen(wire.near) == {}


@pytest.mark.parametrize("arguments", [[], ["-i", "near0"], ["-4"], ["dev", "near0"], ["all"]])
def test_flush_removes_dynamic_entries_only(wire: Wire, arguments: list[str]) -> None:
    """Bug: a permanent entry, or one of a routing daemon, is removed; or a dynamic one stays."""
    wire.near.ip(
        f"neigh add 192.0.2.7 lladdr {MAC} dev near0",
        f"neigh add 192.0.2.8 lladdr {MAC} dev near0 nud stale",
        f"neigh add 192.0.2.9 lladdr {MAC} dev near0 nud stale extern_learn",
    )
    assert done("flush", *arguments) == ""
    assert seen(wire.near) == {"192.0.2.7": Seen(MAC), "192.0.2.9": Seen(MAC, "STALE", extern_learn=True)}


def test_flush_of_another_family_or_interface(wire: Wire) -> None:
    """Bug: the family or the interface is ignored."""
    wire.near.ip(f"neigh add 192.0.2.8 lladdr {MAC} dev near0 nud stale")
    assert done("flush", "-6") + done("flush", "-i", "lo") == ""
    assert seen(wire.near) == {"192.0.2.8": Seen(MAC, "STALE")}


def test_word_order_of_ip(wire: Wire) -> None:
    """Bug: a line of ip-neighbour(8), without its first two words, is rejected or does something else."""
    typed(f"add 192.0.2.7 lladdr {MAC} dev near0")
    typed(f"add dev near0 to 192.0.2.8 lladdr {MAC} nud permanent")
    typed(f"change 192.0.2.8 dev near0 lladdr {OTHER_MAC}")
    typed(f"replace 192.0.2.9 lladdr {MAC} dev near0")
    assert seen(wire.near) == {"192.0.2.7": Seen(MAC), "192.0.2.8": Seen(OTHER_MAC), "192.0.2.9": Seen(MAC)}
    assert "192.0.2.7" in typed("get 192.0.2.7 dev near0")
    assert "192.0.2.8" in typed("show dev near0")
    typed("del 192.0.2.7 dev near0")
    typed("delete 192.0.2.8 dev near0")
    assert list(seen(wire.near)) == ["192.0.2.9"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["create", "192.0.2.7"],
        ["create", "192.0.2.7", MAC, "lladdr", MAC],
        ["create", "192.0.2.7", MAC, "-i", ""],
        ["create", "192.0.2.7", MAC, "dev", ""],
        ["create", "192.0.2.7", MAC, "dev", "near0", "dev", "near0"],
        ["create", "192.0.2.7", MAC, "dev", "near0", "-i", "lo"],
        ["create", "192.0.2.7", MAC, "--nud", "gone"],
        ["create", "192.0.2.7", MAC, "--flag", "proxy"],
        ["create", "192.0.2.7", MAC, "--protocol", "256"],
        ["set", "192.0.2.7", MAC, "--nud", "stale"],
        ["change", "192.0.2.7", "lladdr", MAC, "nud", "noarp"],
        ["delete"],
        ["delete", "--from", "/nothing/there"],
        ["delete", "192.0.2.7", "--from", "-"],
        ["list", "--state", "gone"],
        ["list", "-i", ""],
        ["resolve"],
        ["resolve", "192.0.2.2", "--timeout", "-1"],
        ["scan", "192.0.2.0/24", "--in-flight", "0"],
        ["scan", "192.0.2.0/24", "--json", "--map"],
        ["scan", "fe80::%near0/120", "-i", "lo"],
        ["nosuch"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_status_2(wire: Wire, arguments: list[str]) -> None:
    """Bug: an unset variable of a shell extends the effect of a command."""
    wire.near.ip(f"neigh add 192.0.2.8 lladdr {MAC} dev near0 nud stale")
    ended = run(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Usage: netio" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert seen(wire.near) == {"192.0.2.8": Seen(MAC, "STALE")}
