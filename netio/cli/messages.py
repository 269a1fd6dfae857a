# SPDX-License-Identifier: MIT
"""Errors as the command reports them: one line on stderr, with advice for users of the command line."""

from __future__ import annotations

from functools import cache

import click

from netio import InvalidParameterError, NetioError, list_interfaces
from netio.errors import Hint, shorten

# The hints in the words of the command line; that of an unknown interface needs the system.
_ADVICE = {
    Hint.ELEVATE: "use sudo or CAP_NET_ADMIN, on Windows an elevated prompt",
    Hint.NAME_INTERFACE: "name the interface with --interface",
    Hint.CREATE_OR_RESOLVE: "`netio create` creates one, `netio resolve` probes the link",
    Hint.SET_OR_REPLACE: "`netio set` changes it, `netio replace` writes it in either case",
    Hint.LIST_NAMESPACES: "`ip netns` lists those that have a name",
}


def print_error(error: NetioError | str, place: str = "") -> None:
    """Prints an error, and the place of its entry, as one line on stderr."""
    text = error if isinstance(error, str) else message_of(error)
    click.echo(f"netio: {printable(shorten(f'{place}: {text}' if place else text))}", err=True)


def printable(text: str) -> str:
    """Escapes what is not printable: line ends and control characters of user input must not reach the terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def message_of(error: NetioError) -> str:
    """Returns the text of an error: "SUBJECT: REASON; ADVICE (code CODE)", without the parts that it lacks."""
    text = f"{error.subject}: {error.reason}" if error.subject else error.reason
    if error.hint is not None:
        text = f"{text}; {_advice(error.hint)}"
    # An argument that netio itself rejected has no subject, and its code says no more than the reason.
    if error.subject or not isinstance(error, InvalidParameterError):
        text = f"{text} (code {error.code})"
    return text


def _advice(hint: Hint) -> str:
    return f"the interfaces are {interface_names()}" if hint is Hint.LIST_INTERFACES else _ADVICE[hint]


@cache  # thousands of entries may name the same unknown interface
def interface_names() -> str:
    """Returns the names of the interfaces that exist, as text."""
    return ", ".join(interface.name for interface in list_interfaces())
