# SPDX-License-Identifier: MIT
"""Names of `ip netns`, and the option --netns of the command."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from netlab.child import python
from netlab.command import COMMAND, checked, run, surroundings
from netlab.oracle import Seen, seen

if TYPE_CHECKING:
    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"

# With a /run of its own, so that `ip netns` does not create names on the machine.
PRIVATE_RUN = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /run && exec "$@"', "sh")


def in_private_run(script: str) -> subprocess.CompletedProcess[str]:
    """Runs a shell script, in which `netio` is the command, with a private /run."""
    function = 'netio() { "$@"; }; '.replace('"$@"', " ".join(f"'{word}'" for word in COMMAND) + ' "$@"')
    return subprocess.run(
        [*PRIVATE_RUN, "sh", "-ec", function + script],
        env=surroundings(),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.usefixtures("wire")
def test_names_of_ip_netns() -> None:
    """Bug: the names are read from another folder, or a machine without any is an error."""
    listing = "import netio; print(netio.list_namespaces())"
    python_line = " ".join(f"'{word}'" for word in python(listing))
    done = in_private_run(f"{python_line}; ip netns add green; ip netns add blue; {python_line}")

    assert (done.stdout, done.stderr) == ("[]\n['blue', 'green']\n", "")


@pytest.mark.usefixtures("wire")
def test_dry_run_reads_the_table_of_the_namespace() -> None:
    """Bug: the entries are compared with the table of the caller's namespace, or looked up by its interfaces."""
    done = in_private_run(
        f"""
        ip netns add blue
        ip -n blue link add name br-blue type bridge
        ip -n blue neigh add 192.0.2.7 lladdr {MAC} dev br-blue
        netio replace 192.0.2.7 {MAC} dev br-blue --netns blue --dry-run
        netio create 192.0.2.8 {MAC} dev br-blue --netns blue --dry-run
        """
    )
    lines = [f"would leave 192.0.2.7 at {MAC} on br-blue as it is", f"would create 192.0.2.8 at {MAC} on br-blue"]
    assert (done.stdout.splitlines(), done.stderr) == (lines, "")


def test_command_acts_in_a_namespace(wire: Wire) -> None:
    """Bug: the option is ignored, or the interfaces of an error message are those of the other namespace."""
    before = seen(wire.near)
    done = in_private_run(
        f"""
        ip netns add blue
        ip -n blue link add name br-blue type bridge
        netio replace 192.0.2.7 {MAC} dev br-blue --netns blue >/dev/null
        netio list --netns blue
        netio replace 192.0.2.8 {MAC} -i near0 --netns blue || true
        netio list --netns green || true
        export _NETIO_COMPLETE=bash_complete
        COMP_WORDS='netio list --netns b' COMP_CWORD=3 netio
        COMP_WORDS='netio list --netns blue -i ' COMP_CWORD=5 netio
        """
    )

    assert [line.split() for line in done.stdout.splitlines()[1:]] == [
        ["192.0.2.7", MAC, "br-blue", "PERMANENT"],
        ["plain,blue"],
        ["plain,lo"],
        ["plain,br-blue"],
    ]
    unknown, namespace = done.stderr.splitlines()
    assert "there is no such interface; the interfaces are lo, br-blue" in unknown
    assert "netio: green: there is no such network namespace; `ip netns` lists" in namespace
    assert seen(wire.near) == before


def test_command_in_the_namespace_of_a_path(wire: Wire) -> None:
    """Bug: a path is taken as a name."""
    path = f"/proc/self/fd/{wire.far.descriptor}"
    done = subprocess.run(
        [*COMMAND, "create", "192.0.2.7", MAC, "-i", "far0", "--netns", path],
        env=surroundings(),
        pass_fds=[wire.far.descriptor],
        timeout=20,
        check=False,
    )
    assert done.returncode == 0
    assert seen(wire.far, "far0") == {"192.0.2.7": Seen(MAC)}


@pytest.mark.parametrize("options", [["--netns", "nosuch", "--json"], ["--json", "--netns", "nosuch"]])
@pytest.mark.parametrize("words", ["list", "get 192.0.2.7", "delete 192.0.2.7", "scan"])
def test_failure_of_the_option_is_printed_as_json(words: str, options: list[str]) -> None:
    """Bug: --json is evaluated after --netns and does not apply to its error."""
    command, *arguments = words.split()

    done = run(command, *arguments, *options)

    assert done.returncode == 1
    assert done.stderr.startswith("netio: nosuch: there is no such network namespace")
    found = json.loads(done.stdout)
    checked(command, found)
    (failure,) = [found] if command == "scan" else found
    assert (failure["address"], failure["error"]["name"]) == (None, "NamespaceNotFoundError")


@pytest.mark.parametrize(("chosen", "start"), [("json", "["), ("jsonl", "{"), ("csv", ""), ("table", "")])
def test_failure_of_the_option_has_the_format_of_the_output(chosen: str, start: str) -> None:
    """Bug: the failure is an array of JSON where lines are requested, or is on stdout for another format."""
    assert run("list", "--netns", "nosuch", "-o", chosen).stdout[:1] == start


@pytest.mark.usefixtures("wire")
def test_open_watch_keeps_a_deleted_namespace() -> None:
    """Bug: the watch does not hold the namespace, or holds it after close(). A veth pair ends with its peer."""
    script = """
import subprocess, time
import netio

def has_pair():
    return any(interface.name == "pair7" for interface in netio.list_interfaces())

with netio.namespace("blue"):
    watch = netio.watch_neighbors()
subprocess.run(["ip", "netns", "delete", "blue"], check=True)
print(has_pair(), watch.read(0))
watch.close()
end = time.monotonic() + 15
while has_pair() and time.monotonic() < end:
    time.sleep(0.02)
print(has_pair())
"""
    watching = " ".join(shlex.quote(word) for word in python(script))
    pair = "ip link add name pair7 type veth peer name pair8 netns blue"
    done = in_private_run(f"ip netns add blue; {pair}; {watching}")

    assert (done.stdout, done.stderr) == ("True []\nFalse\n", "")
