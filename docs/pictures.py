#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the README's pictures of the command: docs/list.svg, docs/watch.svg, docs/scan.svg and docs/diff.svg.

They show the output of the real command in a network of simulated hosts. Needs ip(8), the extra `cli`, and root or
user namespaces. With --check no file is written: it fails if a file differs from the picture that would be drawn.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import shlex
import socket
import struct
import subprocess
import sys
import termios
from difflib import unified_diff
from html import escape
from io import StringIO
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TYPE_CHECKING

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "tests" / "kernel"))  # the private networks of the kernel tests

from netlab.child import environment, python  # noqa: E402
from netlab.namespace import Namespace, leave_the_machine  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# watch is before scan, whose hosts it would show.
PICTURES = {
    "list.svg": "netio list",
    "diff.svg": "netio diff hosts.csv --prune",
    "watch.svg": "netio watch -4",
    "scan.svg": "netio scan 192.0.2.0/24 --map",
}
COLUMNS = 72

# The file of the last command, which differs from the table.
HOSTS_CSV = """\
address,physical_address,interface
192.0.2.9,00:00:5e:00:53:09,eth0
192.0.2.20,00:00:5e:00:53:14,eth0
"""

# `netio diff` has status 2 if changes are pending.
STATUSES = (0, 2)

# Addresses and physical addresses for documentation (RFC 5737, RFC 3849, RFC 9542).
HOSTS = {IPv4Address(f"192.0.2.{n}"): bytes.fromhex(f"00005e0053{n:02x}") for n in (
    1, 7, 20, 21, 22, 33, 34, 35, 36, 80, 81, 112, 128, 129, 130, 200, 254
)}  # fmt: skip

NETWORK = (
    "link add eth0 address 00:00:5e:00:53:42 type veth peer name far0",
    "link add wlan0 address 00:00:5e:00:53:43 type veth peer name far1",
    *(f"link set {interface} addrgenmode none" for interface in ("eth0", "wlan0", "far0", "far1")),
    "link set far0 arp off",  # only this script replies
    *(f"link set {interface} up" for interface in ("eth0", "wlan0", "far0", "far1")),
    "address add 192.0.2.66/24 dev eth0",
    "neigh add 192.0.2.1 lladdr 00:00:5e:00:53:01 dev eth0 nud reachable",
    "neigh add 192.0.2.7 lladdr 00:00:5e:00:53:07 dev eth0 nud permanent",
    "neigh add 192.0.2.20 lladdr 00:00:5e:00:53:14 dev eth0 nud stale",
    "neigh add 192.0.2.77 dev eth0 nud failed",
    "neigh add 2001:db8::1 lladdr 00:00:5e:00:53:01 router dev eth0 nud stale",
    "neigh add fe80::1 lladdr 00:00:5e:00:53:01 router dev eth0 nud reachable",
    "neigh add 198.51.100.1 lladdr 00:00:5e:00:53:a1 dev wlan0 nud reachable",
    "neigh add 198.51.100.30 lladdr 00:00:5e:00:53:a5 dev wlan0 nud stale",
)

# The changes while watch runs, and how the page then begins.
CHANGES = (
    "neigh add 192.0.2.21 lladdr 00:00:5e:00:53:15 dev eth0 nud reachable",
    "neigh replace 192.0.2.1 lladdr 00:00:5e:00:53:fe dev eth0 nud reachable",
    "neigh del 198.51.100.30 dev wlan0",
)
CHANGED_PAGE = b"5 entries, 1 new (+), 1 changed (*), 1 gone (-)"

ANSI_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
FONT_SIZE, CELL_WIDTH, LINE_HEIGHT, MARGIN = 15, 9, 20, 16
# The colours of a dark terminal; "dim" is a separate colour.
STYLE = f"""\
text {{ font: {FONT_SIZE}px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #e6edf3 }}
.bold {{ font-weight: bold }} .dim {{ fill: #9198a1 }}
.red {{ fill: #ff7b72 }} .green {{ fill: #7ed385 }} .yellow {{ fill: #e3b341 }} .cyan {{ fill: #56d4dd }}"""


def reply_for_hosts(far: socket.socket) -> None:
    """Reply to ARP requests for the simulated hosts, each with its own physical address."""
    while True:
        frame = far.recv(2048)
        target = IPv4Address(frame[38:42])
        if frame[20:22] == b"\0\1" and target in HOSTS:
            sender, own = frame[22:32], HOSTS[target]
            far.send(sender[:6] + own + frame[12:20] + b"\0\2" + own + target.packed + sender)


def output_of(network: Namespace, folder: str, command: str, changes: Sequence[str] = ()) -> str:
    """Return the output of the command on a terminal, without stderr, which contains the duration.

    watch is ended after the changes, and its last page is returned.
    """
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    changed = ("COLUMNS", "LINES", "COLORTERM", "NO_COLOR", "FORCE_COLOR")
    variables = {name: value for name, value in environment(TERM="xterm").items() if name not in changed}
    line = [*python("from netio.cli import main; main()"), *shlex.split(command)[1:]]
    with network.entered():
        process = subprocess.Popen(
            line, cwd=folder, stdin=terminal, stdout=terminal, stderr=subprocess.PIPE, env=variables
        )
    os.close(terminal)
    text = b""
    try:
        while block := os.read(controller, 65536):
            text += block
            if changes and b"q ends" in text:
                network.ip(*changes)
                changes = ()
            if CHANGED_PAGE in text:
                os.write(controller, b"q")
    except OSError:  # Linux reports EIO after the last process has closed the terminal
        pass
    os.close(controller)
    _, errors = process.communicate(timeout=30)
    if process.returncode not in STATUSES:
        sys.exit(f"{command}: status {process.returncode}\n{errors.decode()}")
    text = text.rpartition(b"\x1b[?1049h")[2].partition(b"\x1b[?1049l")[0].rpartition(b"\x1b[H")[2]
    # The ages of new entries depend on the speed of the machine.
    return re.sub(r"\b[0-9]s\b", "0s", text.decode().replace("\r\n", "\n"))


def draw(command: str, output: str) -> str:
    """Return the picture of a terminal. The SVG export of rich is not used: it fetches fonts and differs by version."""
    screen = Text.assemble(("$ ", "dim"), (command, "bold"), "\n", Text.from_ansi(output.rstrip()))
    console = Console(file=StringIO(), width=COLUMNS)
    lines = list(Segment.split_lines(console.render(screen)))
    width, height = COLUMNS * CELL_WIDTH + 2 * MARGIN, len(lines) * LINE_HEIGHT + 2 * MARGIN
    parts = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" xmlns="http://www.w3.org/2000/svg">',
        f"<title>{escape(command)}</title>",
        f"<style>\n{STYLE}\n</style>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#161b22"/>',
        *(text for row, line in enumerate(lines) for text in draw_line(row, Segment.simplify(line))),
        "</svg>\n",
    ]
    return "\n".join(parts)


def draw_line(row: int, segments: Iterable[Segment]) -> Iterator[str]:
    """Yield the texts of a line. Each cell of a table has its position, so that columns align in any font."""
    column = 0
    for text, style, _ in segments:
        kind = f' class="{classes}"' if (classes := classes_of(style or Style())) else ""
        for cell in re.finditer(r"\S+( \S+)*", text):
            x = MARGIN + (column + cell.start()) * CELL_WIDTH
            y = MARGIN + row * LINE_HEIGHT + FONT_SIZE
            yield f'<text x="{x}" y="{y}" textLength="{len(cell[0]) * CELL_WIDTH}"{kind}>{escape(cell[0])}</text>'
        column += len(text)


def classes_of(style: Style) -> str:
    """Return the classes of STYLE for a text."""
    number = style.color.number if style.color is not None else None
    colour = "" if number is None else ANSI_COLOURS[number]
    return " ".join(filter(None, ["bold" * bool(style.bold), "dim" * bool(style.dim), colour]))


def differs(path: Path, picture: str) -> bool:
    """Return whether the file differs from the picture; prints the differences."""
    current = path.read_text(encoding="utf-8").splitlines()
    difference = [*unified_diff(current, picture.splitlines(), str(path), "now", lineterm="", n=0)]
    print(*difference, sep="\n", end="\n" * bool(difference))
    return bool(difference)


def main() -> None:
    """Draw or check the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only compare; status 1 if a picture differs")
    check = parser.parse_args().check
    leave_the_machine()
    network = Namespace()
    network.ip(*NETWORK)
    with network.entered():
        far = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        far.bind(("far0", 0x0806))
    Thread(target=reply_for_hosts, args=[far], daemon=True).start()
    with TemporaryDirectory() as folder:
        (Path(folder) / "hosts.csv").write_text(HOSTS_CSV, encoding="utf-8")
        outputs = {
            name: output_of(network, folder, command, CHANGES if "watch" in command else ())
            for name, command in PICTURES.items()
        }
    pictures = {HERE / name: draw(PICTURES[name], output) for name, output in outputs.items()}
    if not check:
        for path, picture in pictures.items():
            path.write_text(picture, encoding="utf-8")
    different = [path.name for path, picture in pictures.items() if differs(path, picture)]
    if different:
        sys.exit(f"outdated pictures: {', '.join(different)}; `python docs/pictures.py` draws them again")


if __name__ == "__main__":
    main()
