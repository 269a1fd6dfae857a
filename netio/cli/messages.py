# SPDX-License-Identifier: MIT
"""Errors as the command tells them: one line on stderr, in the words of the command line."""

from __future__ import annotations

import re
from functools import cache

import click

from netio import InterfaceNotFoundError, NetioError, list_interfaces

# What the errors advise, which speaks of Python.
_FUNCTION = re.compile(r"(\w+)_neighbor\(\)")
_INTERFACES = "list_interfaces() returns those that exist"


def complain(error: NetioError | str, place: str = "") -> None:
    """Tells what failed, and where that stood."""
    text = error if isinstance(error, str) else in_words_of_commands(error)
    click.echo(f"netio: {printable(f'{place}: {text}' if place else text)}", err=True)


def printable(text: str) -> str:
    """What was given may hold anything; shown, it must not begin a line of its own, nor talk to the terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def in_words_of_commands(error: NetioError) -> str:
    """The text of an error, with commands in the place of functions, and the interfaces that there are."""
    text = _FUNCTION.sub(r"`netio \1`", str(error.strerror)).replace("interface=", "--interface")
    if isinstance(error, InterfaceNotFoundError):
        text = text.replace(_INTERFACES, f"there are {_interface_names()}")
    return text


@cache  # ten thousand rows may name the same wrong one
def _interface_names() -> str:
    return ", ".join(link.name for link in list_interfaces())
