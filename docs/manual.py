#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the manual page docs/netio.1 from the help of the command, and the completion files in docs/completion.

With --check it only compares the manual page; the completion files depend on the version of click.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete

from netio.cli.commands import commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.shell_completion import ShellComplete

PAGE = Path(__file__).with_name("netio.1")

# The names under which the shells look for the completion of a command that is called netio.
COMPLETIONS = {"netio": BashComplete, "netio.fish": FishComplete, "_netio": ZshComplete}

FILES_AND_STATUS = r"""
.SH EXIT STATUS
.TP
0
Success.
.TP
1
Something failed, with a line on standard error for each failure. A host that does not reply to
.B resolve
has a line in the output instead.
.TP
2
Wrong usage; of
.BR diff ,
and of
.B apply
and
.B restore
with
.BR \-\-dry\-run ,
that changes are pending.
.TP
130
Ctrl-C was pressed.
.SH ENVIRONMENT
.TP
.B NO_COLOR
If it is set, tables have no colours.
.TP
.B COLUMNS
The width of the terminal.
.SH SEE ALSO
.BR ip\-neighbour (8),
.BR arp (8)
"""


def escaped(text: str) -> str:
    """Return text without the characters that roff interprets."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return f"\\&{text}" if text.startswith((".", "\\(aq")) else text


def paragraphs(text: str) -> Iterator[str]:
    """Yield the lines of a help text. Those after a mark of click are printed as they are."""
    for block in inspect.cleandoc(text).split("\n\n"):
        lines = block.splitlines()
        if lines[0].strip() == "\b":
            yield from (".PP", ".nf", *map(escaped, lines[1:]), ".fi")
        else:
            yield from (".PP", escaped(" ".join(line.strip() for line in lines)))


def value_of(option: click.Option) -> str:
    """Return the name of an option's value. Independent of the help of click, which differs by version."""
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return f"[{'|'.join(map(str, option.type.choices))}]"
    return option.metavar or "NUMBER"


def options(command: click.Command) -> Iterator[str]:
    """Yield the options of a command, with their help."""
    for option in command.params:
        if isinstance(option, click.Option):
            names = f"{', '.join(option.opts)} {value_of(option)}".rstrip()
            default = f" [default: {option.default}]" if option.show_default else ""
            yield from (".TP", f".B {escaped(names)}", escaped(f"{option.help}{default}"))


def section(name: str, command: click.Command) -> Iterator[str]:
    """Yield the section of one command."""
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    words = ["[OPTION]...", *(one.metavar or str(one.name).upper() for one in arguments)]
    yield from (f".SS netio {name} {escaped(' '.join(words))}".rstrip(), *paragraphs(command.help or ""))
    yield from options(command)
    yield from paragraphs(command.epilog or "")


def page() -> str:
    """Return the manual page."""
    lines = [
        '.\\" Written by docs/manual.py.',
        ".TH NETIO 1",
        ".SH NAME",
        "netio \\- read, write and probe the neighbour table (ARP, IPv6 Neighbor Discovery)",
        ".SH SYNOPSIS",
        ".B netio",
        ".I COMMAND",
        "[OPTION]... [ARGUMENT]...",
        ".SH DESCRIPTION",
        *list(paragraphs(commands.help or ""))[1:],
        *paragraphs(commands.epilog or ""),
        ".SH COMMANDS",
    ]
    for name, command in commands.commands.items():
        lines += section(name, command)
    return "\n".join(lines) + FILES_AND_STATUS


def completion(kind: type[ShellComplete]) -> str:
    """Return the completion file of a shell."""
    return kind(commands, {}, "netio", "_NETIO_COMPLETE").source().lstrip("\n")


def main() -> None:
    """Write the files, or check the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only compare; status 1 if the page differs")
    if not parser.parse_args().check:
        PAGE.write_text(page(), encoding="utf-8")
        for name, kind in COMPLETIONS.items():
            (PAGE.parent / "completion" / name).write_text(completion(kind), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        sys.exit("docs/netio.1 is outdated; `python docs/manual.py` writes it again")


if __name__ == "__main__":
    main()
