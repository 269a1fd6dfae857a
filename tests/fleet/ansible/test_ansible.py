# SPDX-License-Identifier: MIT
"""The page "Ansible" and its collection: ansible-playbook over ssh, with five hosts that are network namespaces.

Needs ansible-core, yamllint, sshd (openssh-server), ssh and ssh-keygen (openssh-client), and root: sshd changes users.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from netlab.command import surroundings
from netlab.fleet import MONITOR, Fleet, fleet, service
from netlab.namespace import is_machines_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = [
    pytest.mark.skipif(not is_machines_root(), reason="sshd needs root of the machine"),
    pytest.mark.timeout(300),
]

ROOT = Path(__file__).parents[3]
COLLECTION = ROOT / "ansible" / "netio" / "neighbors"
PAGE = (ROOT / "docs" / "ansible.md").read_text(encoding="utf-8")
MODULES = ("neighbor", "neighbors", "neighbors_info")

ADDRESSES = [f"192.0.2.{number}" for number in range(11, 16)]
GATEWAY_MAC = "02:00:00:00:01:01"
SECONDS = 120

# The files that the page shows, by their names.
FILES = dict(re.findall(r"^```yaml\n# ([a-z]+\.yml)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]

Stats = dict[str, dict[str, int]]


@dataclass
class Control:
    """The machine that runs Ansible, and the hosts."""

    hosts: Fleet
    folder: Path
    environment: dict[str, str]

    def run(self, *words: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs a program of Ansible in the namespace of the gateway."""
        program = words[0].removeprefix("ansible-")
        with self.hosts.monitor.entered():
            done = subprocess.run(
                [sys.executable, "-m", "ansible", program, *words[1:]],
                cwd=self.folder,
                env=surroundings(**self.environment, **variables),
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def play(self, play: str, *options: str, check: bool = True) -> tuple[Stats, dict[str, Any]]:
        """Runs a play. Returns the counts and the last result of each host."""
        command = ("ansible-playbook", "-i", "inventory.yml", play, *options)
        done = self.run(*command, check=check, ANSIBLE_STDOUT_CALLBACK="netio_json")
        shown = json.loads(done.stdout[done.stdout.index("{") :])
        return shown["stats"], shown["results"]

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Returns what ip(8) shows of the tables, without ages."""
        return {address: host.json("-details neigh show nud permanent") for address, host in self.hosts.hosts.items()}


# Ansible itself has no output for programs: this prints the counts and the last result of each host.
_CALLBACK = """
import json
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = "{name: netio_json, type: stdout, short_description: JSON, description: [JSON]}"


class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "stdout", "netio_json"

    def __init__(self):
        super().__init__()
        self.results = {}

    def keep(self, result, **_):
        self.results[result._host.get_name()] = json.loads(self._dump_results(result._result))

    v2_runner_on_ok = v2_runner_on_failed = v2_runner_on_unreachable = keep

    def v2_playbook_on_stats(self, stats):
        found = {host: stats.summarize(host) for host in sorted(stats.processed)}
        print(json.dumps({"stats": found, "results": self.results}))
"""

_SSHD = """
HostKey {folder}/host
AuthorizedKeysFile {folder}/client.pub
PasswordAuthentication no
StrictModes no
UsePAM no
PidFile none
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ansible")


@pytest.fixture(scope="module")
def _files(folder: Path) -> None:
    """Creates keys, the configuration and the files of the page."""
    for name in ("host", "client"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (folder / "sshd_config").write_text(_SSHD.format(folder=folder))
    (folder / "callbacks").mkdir()
    (folder / "callbacks" / "netio_json.py").write_text(_CALLBACK)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    inventory = yaml.safe_load(FILES["inventory.yml"])
    inventory["all"]["vars"] = {
        "ansible_python_interpreter": sys.executable,
        "ansible_ssh_private_key_file": str(folder / "client"),
        "ansible_user": "root",
        "ansible_remote_tmp": str(folder / "remote"),
    }
    assert [host["ansible_host"] for host in inventory["all"]["hosts"].values()] == ADDRESSES
    (folder / "inventory.yml").write_text(yaml.safe_dump(inventory))


@pytest.fixture
def control(folder: Path, _files: None) -> Iterator[Control]:
    """Five hosts with a running sshd each, and the collection, installed as the page says."""
    Path("/run/sshd").mkdir(exist_ok=True)  # in which sshd drops its privileges
    environment = {
        "HOME": str(folder),
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections"),
        "ANSIBLE_CALLBACK_PLUGINS": str(folder / "callbacks"),
        "ANSIBLE_HOST_KEY_CHECKING": "False",
        "ANSIBLE_PIPELINING": "True",
        # No connection outlives the command.
        "ANSIBLE_SSH_ARGS": "-o ControlMaster=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=5",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_FORKS": "5",
    }
    with ExitStack() as opened:
        hosts = opened.enter_context(fleet(ADDRESSES))
        made = Control(hosts, folder, environment)
        for address, host in hosts.hosts.items():
            command = ["/usr/sbin/sshd", "-D", "-e", "-f", str(folder / "sshd_config")]
            log = folder / f"{address}.log"
            opened.enter_context(service(host, command, folder, log))
            until = monotonic() + SECONDS
            while b"listening" not in log.read_bytes():
                assert monotonic() < until, log.read_text()
        if not (folder / "collections").exists():
            (install,) = (line for line in COMMANDS if line.startswith("ansible-galaxy"))
            words = install.replace("./ansible", str(ROOT / "ansible")).split()
            made.run(*words, "--offline")
        yield made


def counts(stats: Stats, name: str) -> list[int]:
    return [host[name] for host in stats.values()]


def page_command(part: str) -> list[str]:
    """Returns the arguments of the command of the page that has this part."""
    (line,) = (line for line in COMMANDS if part in line)
    words: list[str] = line.split()
    assert words[:3] == ["ansible-playbook", "-i", "inventory.yml"]
    return words[3:]


def test_pin_gateway(control: Control) -> None:
    """Bug: check mode writes, the diff shows other lines, or a second run changes something."""
    play = page_command("pin_gateway")
    before = control.tables()
    stats, results = control.play(*play, "--check", "--diff")
    assert counts(stats, "changed") == [1] * 5
    assert control.tables() == before
    (shown,) = re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    diff = control.run("ansible-playbook", "-i", "inventory.yml", *play, "--check", "--diff").stdout
    # The state of an entry that the kernel learned depends on the time.
    assert re.sub(r"eth0 [A-Z]+$", "eth0 REACHABLE", diff, flags=re.MULTILINE).count(shown) == 5, diff
    stats, results = control.play(*play)
    assert counts(stats, "changed") == [1] * 5
    assert {result["changes"][0]["action"] for result in results.values()} == {"update"}
    written = control.tables()
    assert [[(row["dst"], row["lladdr"]) for row in table] for table in written.values()] == [
        [(MONITOR, GATEWAY_MAC)]
    ] * 5
    stats, _ = control.play(*play)
    assert (counts(stats, "changed"), counts(stats, "ok")) == ([0] * 5, [1] * 5)
    assert control.tables() == written


def test_list_with_purge_and_owner(control: Control) -> None:
    """Bug: purge deletes entries of others, or keeps one that left the list."""
    for host in control.hosts.hosts.values():
        host.ip(
            "neigh add 192.0.2.51 lladdr 02:00:5e:00:00:51 dev eth0",
            "neigh add 192.0.2.52 lladdr 02:00:5e:00:00:52 dev eth0 proto zebra",
            "neigh add 192.0.2.53 lladdr 02:00:5e:00:00:53 dev eth0 proto 77",
        )
    others = [[row for row in table if row["dst"] != "192.0.2.53"] for table in control.tables().values()]
    stats, results = control.play("pin.yml")
    assert counts(stats, "changed") == [1] * 5
    assert {(result["created"], result["deleted"]) for result in results.values()} == {(2, 1)}
    for table, foreign in zip(control.tables().values(), others, strict=True):
        assert [row for row in table if row in foreign] == foreign
        assert {row["dst"] for row in table if row not in foreign} == {"192.0.2.21", "192.0.2.22"}
    stats, _ = control.play("pin.yml")
    assert counts(stats, "changed") == [0] * 5


def test_host_that_is_down_or_lacks_netio_or_an_interface(control: Control) -> None:
    """Bug: one host ends the play for the others, or its failure does not say what is missing."""
    down, _, missing, *_ = control.hosts.hosts.values()
    down.ip("link set eth0 down")
    missing.ip("link property add dev eth0 altname else0")
    inventory = yaml.safe_load((control.folder / "inventory.yml").read_text())
    inventory["all"]["hosts"]["host2"]["ansible_python_interpreter"] = "/usr/bin/python3"
    (control.folder / "some.yml").write_text(yaml.safe_dump(inventory))
    play = [{"hosts": "all", "gather_facts": False, "tasks": [{"netio.neighbors.neighbors": {"interface": "else0"}}]}]
    task = play[0]["tasks"][0]["netio.neighbors.neighbors"]  # type: ignore[index]
    task["entries"] = [{"address": "192.0.2.21", "physical_address": "02:00:5e:00:00:21"}]
    (control.folder / "else.yml").write_text(yaml.safe_dump(play))
    stats, results = control.play("else.yml", "-i", "some.yml", check=False)
    assert counts(stats, "unreachable") == [1, 0, 0, 0, 0]
    assert counts(stats, "failures") == [0, 1, 0, 1, 1]
    assert counts(stats, "changed") == [0, 0, 1, 0, 0]
    assert "netioapi" in results["host2"]["msg"]
    assert "else0" in results["host4"]["msg"]
    facts = [{"hosts": "host2", "gather_facts": False, "tasks": [{"netio.neighbors.neighbors_info": {}}]}]
    (control.folder / "facts.yml").write_text(yaml.safe_dump(facts))
    _, results = control.play("facts.yml", "-i", "some.yml", check=False)
    assert "netioapi" in results["host2"]["msg"]
    task["missing_interfaces"] = "skip"
    (control.folder / "else.yml").write_text(yaml.safe_dump(play))
    stats, results = control.play("else.yml", "-i", "some.yml", check=False)
    assert counts(stats, "failures") == [0, 1, 0, 0, 0]
    assert results["host4"]["missing_interfaces"] == ["else0"]


def test_report_of_differences(control: Control) -> None:
    """Bug: a host with another physical address is not reported, or all are."""
    first, second, *_ = control.hosts.hosts.values()
    first.ip("neigh add 192.0.2.21 lladdr 02:00:5e:00:00:99 dev eth0")
    second.ip("neigh add 192.0.2.21 lladdr 02:00:5e:00:00:21 dev eth0")
    control.hosts.resolve_gateway()
    play = page_command("report_differences")
    stats, results = control.play(*play, check=False)
    assert counts(stats, "failures") == [1, 0, 0, 0, 0]
    (line,) = re.findall(r"a line such as `([^`]*)`", PAGE)
    assert line in [item["msg"] for item in results["host1"]["results"]]


def test_one_entry_and_facts(control: Control) -> None:
    """Bug: an absent entry is not removed, or the facts lack entries, interfaces or limits."""
    present = {"address": "2001:db8::21", "physical_address": "02:00:5e:00:00:21", "interface": "eth0", "router": True}
    absent = {"address": "2001:db8::21", "interface": "eth0", "state": "absent"}
    facts = {"netio.neighbors.neighbors_info": {"interface": "eth0", "nud": ["permanent"]}}
    for entry, changed in ((present, 1), (present, 0), (absent, 1), (absent, 0)):
        play = [{"hosts": "host1", "gather_facts": False, "tasks": [{"netio.neighbors.neighbor": entry}, facts]}]
        (control.folder / "one.yml").write_text(yaml.safe_dump(play))
        stats, results = control.play("one.yml")
        assert counts(stats, "changed") == [changed]
        found = {row["address"]: row["router"] for row in results["host1"]["neighbors"]}
        assert found == ({"2001:db8::21": True} if entry is present else {})
    foreign = "neigh add 192.0.2.21 lladdr 02:00:5e:00:00:21 dev eth0 proto 77"
    control.hosts.hosts[ADDRESSES[0]].ip(foreign)
    task: dict[str, object] = {"address": "192.0.2.21", "state": "absent"}
    for owner, failed in ((None, 1), (78, 1), (77, 0)):
        entry = task if owner is None else {**task, "owner": owner}
        play = [{"hosts": "host1", "gather_facts": False, "tasks": [{"netio.neighbors.neighbor": entry}]}]
        (control.folder / "one.yml").write_text(yaml.safe_dump(play))
        stats, results = control.play("one.yml", check=False)
        assert (counts(stats, "failures"), counts(stats, "changed")) == ([failed], [1 - failed])
    play = [{"hosts": "host1", "gather_facts": False, "tasks": [facts]}]
    (control.folder / "one.yml").write_text(yaml.safe_dump(play))
    _, results = control.play("one.yml")
    assert results["host1"]["neighbors"] == []
    assert {row["name"] for row in results["host1"]["interfaces"]} == {"lo", "eth0"}
    assert results["host1"]["limits"]["ipv4"]["gc_thresh3"] > 0


def test_role_installs_netio(control: Control, tmp_path: Path) -> None:
    """Bug: the role needs the interpreter that it installs, or the modules after it run with one that lacks netio."""
    # The host has no network: the runner has built the wheels.
    options = {
        "netio_venv": str(tmp_path / "venv"),
        "netio_pip_arguments": f"--no-index --find-links {os.environ['NETIO_FLEET']}",
    }
    interpreter = yaml.safe_load(FILES["inventory.yml"])["all"]["vars"]["ansible_python_interpreter"]
    inventory = yaml.safe_load((control.folder / "inventory.yml").read_text())
    inventory["all"]["vars"]["ansible_python_interpreter"] = interpreter.replace("/opt/netio", options["netio_venv"])
    (control.folder / "first.yml").write_text(yaml.safe_dump(inventory))
    inventory["all"]["vars"]["ansible_python_interpreter"] = "/usr/bin/python3"
    (control.folder / "system.yml").write_text(yaml.safe_dump(inventory))
    (install,) = page_command("install.yml")
    facts: list[dict[str, object]] = [{"netio.neighbors.neighbors_info": {}}]
    only_facts = [{"hosts": "all", "gather_facts": False, "tasks": facts}]
    (control.folder / "facts.yml").write_text(yaml.safe_dump(only_facts))
    (both,) = yaml.safe_load(FILES[install])
    (control.folder / "both.yml").write_text(yaml.safe_dump([{**both, "post_tasks": facts}]))
    for play, named, changed in (
        (install, "first.yml", 1),
        (install, "first.yml", 0),
        ("facts.yml", "first.yml", 0),
        ("both.yml", "system.yml", 0),
    ):
        stats, results = control.play(play, "-i", named, "--limit", "host1", "-e", json.dumps(options))
        assert counts(stats, "changed") == [changed]
        if play != install:
            assert {row["name"] for row in results["host1"]["interfaces"]} == {"lo", "eth0"}


@pytest.mark.parametrize("module", MODULES)
def test_documentation_of_a_module(control: Control, module: str) -> None:
    """Bug: ansible-doc cannot read the documentation, or it lacks an option."""
    name = f"netio.neighbors.{module}"
    shown = json.loads(control.run("ansible-doc", "--json", name).stdout)[name]
    assert set(shown) >= {"doc", "examples", "return"}
    assert yaml.safe_load(shown["examples"])
    assert f"netio.neighbors.{module}" in shown["examples"]


def test_yaml_is_well_formed() -> None:
    """Bug: a file that ansible-test rejects."""
    rules = "{extends: default, rules: {line-length: {max: 160}, braces: {max-spaces-inside: 1}}}"
    command: Sequence[str] = [sys.executable, "-m", "yamllint", "--strict", "-d", rules, str(COLLECTION)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_time_for_many_entries(control: Control) -> None:
    """Shows the figures of the page: one list of 1,000 entries, beside a loop of ip(8) with 20 of them."""
    entries = [
        {"address": f"10.0.{i >> 8}.{i & 255}", "physical_address": f"02:00:5e:00:{i >> 8:02x}:{i & 255:02x}"}
        for i in range(1000)
    ]
    tasks = {
        "list.yml": {"netio.neighbors.neighbors": {"interface": "eth0", "entries": entries}},
        "loop.yml": {
            "ansible.builtin.command": "ip neigh replace {{item.address}} dev eth0 lladdr {{item.physical_address}}",
            "loop": entries[:20],
        },
    }
    seconds = {}
    for name, task in tasks.items():
        (control.folder / name).write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
        start = perf_counter()
        stats, _ = control.play(name)
        seconds[name] = perf_counter() - start
        assert counts(stats, "changed") == [1] * 5
    shown = f"1,000 entries by one list: {seconds['list.yml']:.1f} s; 20 by a loop of ip: {seconds['loop.yml']:.1f} s"
    sys.stdout.write(f"{shown}\n")
    assert [len(table) for table in control.tables().values()] == [1000] * 5
    assert seconds["list.yml"] / 1000 < seconds["loop.yml"] / 20
