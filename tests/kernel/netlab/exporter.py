# SPDX-License-Identifier: MIT
"""Runs `netio exporter` as a process, and talks HTTP to it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

from netlab.command import COMMAND, surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS = 25


@dataclass(frozen=True)
class Exporter:
    """A running exporter, in the namespace of the caller."""

    process: subprocess.Popen[str]
    host: str
    port: int

    def connect(self) -> socket.socket:
        """Opens a connection, which sends nothing yet."""
        return socket.create_connection((self.host, self.port), timeout=_SECONDS)

    def get(self, path: str = "/metrics", method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
        """Makes a request. Returns status, headers and body."""
        connection = HTTPConnection(self.host, self.port, timeout=_SECONDS)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read().decode()
        finally:
            connection.close()

    def scrape(self) -> dict[str, float]:
        """Returns the samples, by name and labels as they are printed."""
        status, _, body = self.get()
        assert status == 200, body
        lines = (line.rpartition(" ") for line in body.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def raw(self, request: bytes) -> bytes:
        """Sends bytes. Returns what is sent back until the connection is closed."""
        with self.connect() as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def status_lines(self) -> dict[str, int]:
        """Returns the numbers in /proc/PID/status, such as Threads and VmHWM (in kilobytes)."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return {name: int(number) for name, number in re.findall(r"^(\w+):\s+(\d+)(?: kB)?$", text, re.MULTILINE)}

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Sends a signal. Returns the exit status, and the output after the URL with stderr."""
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=_SECONDS)
        return self.process.returncode, output + errors


@contextmanager
def exporting(*arguments: str, listen: str = "127.0.0.1:0", **more: str) -> Iterator[Exporter]:
    """Starts an exporter in the namespace of the caller, and waits until it accepts connections."""
    process = subprocess.Popen(
        [*COMMAND, "exporter", "--listen", listen, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=surroundings(**more),
    )
    try:
        assert process.stdout is not None
        found = re.fullmatch(r"http://\[?(.+?)\]?:(\d+)/metrics\n", process.stdout.readline())
        if found is None:
            process.kill()
            raise AssertionError(process.communicate()[1])
        yield Exporter(process, found[1], int(found[2]))
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
