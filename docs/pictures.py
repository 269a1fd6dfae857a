#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the README's pictures of the command: docs/list.svg and docs/scan.svg.

What they show is what the real command prints, in a network of made-up hosts. Needs ip(8), the extra `cli`, and root
or user namespaces. --check draws them anew, changes nothing, and fails where the ones that are there show otherwise.
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
from threading import Thread
from typing import TYPE_CHECKING

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "tests" / "kernel"))  # networks of one's own, as the tests have them

from netlab.child import environment, python  # noqa: E402
from netlab.namespace import Namespace, leave_the_machine  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PICTURES = {"list.svg": "netio list", "scan.svg": "netio scan 192.0.2.0/24 --map"}
COLUMNS = 72

# Addresses and physical addresses that are there for documents (RFC 5737, RFC 3849, RFC 9542).
HOSTS = {IPv4Address(f"192.0.2.{n}"): bytes.fromhex(f"00005e0053{n:02x}") for n in (
    1, 7, 20, 21, 22, 33, 34, 35, 36, 80, 81, 112, 128, 129, 130, 200, 254
)}  # fmt: skip

NETWORK = (
    "link add eth0 address 00:00:5e:00:53:42 type veth peer name far0",
    "link add wlan0 address 00:00:5e:00:53:43 type veth peer name far1",
    *(f"link set {link} addrgenmode none" for link in ("eth0", "wlan0", "far0", "far1")),
    "link set far0 arp off",  # answers come from this script alone
    *(f"link set {link} up" for link in ("eth0", "wlan0", "far0", "far1")),
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

ANSI_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
FONT_SIZE, CELL_WIDTH, LINE_HEIGHT, MARGIN = 15, 9, 20, 16
# The colours of a dark terminal; for "dim" there is one of its own.
STYLE = f"""\
text {{ font: {FONT_SIZE}px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #e6edf3 }}
.bold {{ font-weight: bold }} .dim {{ fill: #9198a1 }}
.red {{ fill: #ff7b72 }} .green {{ fill: #7ed385 }} .yellow {{ fill: #e3b341 }} .cyan {{ fill: #56d4dd }}"""


def answer_for_hosts(far: socket.socket) -> None:
    """Answers ARP requests for the made-up hosts, each with its own physical address."""
    while True:
        frame = far.recv(2048)
        target = IPv4Address(frame[38:42])
        if frame[20:22] == b"\0\1" and target in HOSTS:
            asker, own = frame[22:32], HOSTS[target]
            far.send(asker[:6] + own + frame[12:20] + b"\0\2" + own + target.packed + asker)


def printed(network: Namespace, command: str) -> str:
    """What the command prints on a terminal. Its stderr, which tells how long it took, goes elsewhere."""
    keeper, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    changed = ("COLUMNS", "LINES", "COLORTERM", "NO_COLOR", "FORCE_COLOR")
    variables = {name: value for name, value in environment(TERM="xterm").items() if name not in changed}
    line = [*python("from netio.cli import main; main()"), *shlex.split(command)[1:]]
    with network.entered():
        process = subprocess.Popen(line, stdout=terminal, stderr=subprocess.PIPE, env=variables)
    os.close(terminal)
    text = b""
    try:
        while block := os.read(keeper, 65536):
            text += block
    except OSError:  # so Linux tells that nobody has the terminal any more
        pass
    os.close(keeper)
    _, errors = process.communicate(timeout=30)
    if process.returncode != 0:
        sys.exit(f"{command}: status {process.returncode}\n{errors.decode()}")
    return text.decode().replace("\r\n", "\n")


def draw(command: str, output: str) -> str:
    """The picture of a terminal. Nothing in it points to anywhere else, and rich's own SVG differs by its version."""
    screen = Text.assemble(("$ ", "dim"), (command, "bold"), "\n", Text.from_ansi(output.rstrip("\n")))
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
    """The texts of a line: each cell of a table at its place, whatever font there is."""
    column = 0
    for text, style, _ in segments:
        kind = f' class="{classes}"' if (classes := classes_of(style or Style())) else ""
        for cell in re.finditer(r"\S+( \S+)*", text):
            x = MARGIN + (column + cell.start()) * CELL_WIDTH
            y = MARGIN + row * LINE_HEIGHT + FONT_SIZE
            yield f'<text x="{x}" y="{y}" textLength="{len(cell[0]) * CELL_WIDTH}"{kind}>{escape(cell[0])}</text>'
        column += len(text)


def classes_of(style: Style) -> str:
    """The names in STYLE that a text has."""
    number = style.color.number if style.color is not None else None
    colour = "" if number is None else ANSI_COLOURS[number]
    return " ".join(filter(None, ["bold" * bool(style.bold), "dim" * bool(style.dim), colour]))


def differs(path: Path, picture: str) -> bool:
    """Whether the picture that is there is another one; tells where."""
    there = path.read_text(encoding="utf-8").splitlines()
    difference = [*unified_diff(there, picture.splitlines(), str(path), "as it would be now", lineterm="", n=0)]
    print(*difference, sep="\n", end="\n" * bool(difference))
    return bool(difference)


def main() -> None:
    """Draws or checks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare only; status 1 where a picture differs")
    check = parser.parse_args().check
    leave_the_machine()
    network = Namespace()
    network.ip(*NETWORK)
    with network.entered():
        far = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        far.bind(("far0", 0x0806))
    Thread(target=answer_for_hosts, args=[far], daemon=True).start()
    pictures = {HERE / name: draw(command, printed(network, command)) for name, command in PICTURES.items()}
    if not check:
        for path, picture in pictures.items():
            path.write_text(picture, encoding="utf-8")
    different = [path.name for path, picture in pictures.items() if differs(path, picture)]
    if different:
        sys.exit(f"the command prints otherwise: {', '.join(different)}; `python docs/pictures.py` draws anew")


if __name__ == "__main__":
    main()
