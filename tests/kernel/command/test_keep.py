# SPDX-License-Identifier: MIT
"""The command keep, as a service."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from typing import TYPE_CHECKING

from netlab.child import UNPRIVILEGED
from netlab.command import COMMAND, checked, complaint, run, surroundings
from netlab.oracle import Seen, seen

if TYPE_CHECKING:
    from pathlib import Path

    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"
HOSTS = f"address,physical_address,interface\n192.0.2.7,{MAC},near0\n"


def test_service_reports_that_it_is_ready_and_keeps(wire: Wire, tmp_path: Path) -> None:
    """Bug: the manager waits for ever, is notified too early, or a change is not printed at once."""
    hosts, address = tmp_path / "hosts.csv", str(tmp_path / "notify")
    hosts.write_text(HOSTS)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(25)
        process = subprocess.Popen(
            [*COMMAND, "keep", str(hosts), "--json"],
            stdout=subprocess.PIPE,
            text=True,
            env=surroundings(NOTIFY_SOCKET=address),
        )
        try:
            assert manager.recv(100) == b"READY=1"
            assert seen(wire.near) == {"192.0.2.7": Seen(MAC)}
            wire.near.ip("link set near0 down", "link set near0 up")
            assert process.stdout is not None
            lines = [json.loads(process.stdout.readline()) for _ in range(2)]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(25) == -signal.SIGTERM
            process.communicate()
    assert [(checked("keep", line)["action"], line["address"]) for line in lines] == [("create", "192.0.2.7")] * 2
    assert seen(wire.near) == {"192.0.2.7": Seen(MAC)}


def test_examples_of_the_help(wire: Wire, tmp_path: Path) -> None:
    """Bug: an example has an option that does not exist."""
    (tmp_path / "hosts.csv").write_text(HOSTS)
    lines = [line.split() for line in run("keep", "--help").stdout.splitlines() if line.startswith("    netio keep ")]
    assert len(lines) == 2
    for words in lines:
        with subprocess.Popen(
            [*COMMAND, *words[1:]], cwd=tmp_path, stdout=subprocess.PIPE, env=surroundings()
        ) as keeper:
            assert keeper.stdout is not None
            assert b"192.0.2.7" in keeper.stdout.readline()
            keeper.terminate()
        wire.near.ip("neigh del 192.0.2.7 dev near0")


def test_problems_at_the_start(wire: Wire) -> None:
    """Bug: a service without rights, or with a wrong file, seems to run."""
    assert "sudo" in complaint("keep", "-", text=HOSTS, prefix=UNPRIVILEGED)
    done = run("keep", "-", text=HOSTS + f"192.0.2.8,{MAC},gone\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("netio: line 3: 192.0.2.8 at")
    assert seen(wire.near) == {}
