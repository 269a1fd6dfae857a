# SPDX-License-Identifier: MIT
"""The commands that write: one entry, several, and the word order of ip(8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from netlab.child import UNPRIVILEGED
from netlab.command import answer, complaint, run
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
    wanted = {"address": "192.0.2.7", "physical_address": MAC, "interface": None}
    assert answer("create", "192.0.2.7", MAC) == [wanted]
    (failure,) = answer("create", "192.0.2.7", MAC, status=1)
    assert (failure["address"], failure["error"]["name"], failure["error"]["errno"]) == (
        "192.0.2.7",
        "NeighborExistsError",
        17,
    )
    assert "`netio set` changes it" in failure["error"]["message"]
    assert answer("set", "192.0.2.7", MAC, "-i", "near0") == [wanted | {"interface": "near0"}]
    assert answer("replace", "fe80::7%near0", MAC)[0]["address"] == "fe80::7%near0"
    assert answer("flush") == []
    deleted, missing = answer("delete", "192.0.2.7", "192.0.2.9", status=1)
    assert deleted == wanted | {"physical_address": ""}
    assert (missing["address"], missing["error"]["code"]) == ("192.0.2.9", 1168)


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
        ["add", "192.0.2.7", "lladdr", MAC, "nud", "reachable"],
        ["add", "192.0.2.7", "lladdr", MAC, "nud", "noarp"],
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
