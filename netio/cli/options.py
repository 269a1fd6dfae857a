# SPDX-License-Identifier: MIT
"""Options that several commands share."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

import click

from netio import list_interfaces
from netio.cli.ip_syntax import interface_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol, TypeVar

    Function = TypeVar("Function", bound=Callable[..., object])

    class Decorator(Protocol):
        """Adds an option to the function of a command."""

        def __call__(self, function: Function, /) -> Function: ...  # noqa: D102


# The names that a shell may put into the command line unquoted. Linux allows almost every byte in the name of an
# interface: a name with a $(command) would be executed, and one that is not UTF-8 cannot be printed.
_COMPLETABLE = re.compile(r"[A-Za-z0-9_.:@+-]+")


def _complete_interface(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Offers the names of the interfaces that start with the typed text, except those that need quoting."""
    del ctx, param
    names = (interface.name for interface in list_interfaces())
    return [name for name in names if name.startswith(incomplete) and _COMPLETABLE.fullmatch(name)]


def _checked_name(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Rejects an empty name, as from an unset variable of a shell: it must not select every interface."""
    if value == "":
        raise click.BadParameter("the name is empty; omit the option if no interface is meant", ctx, param)
    return value and interface_name(value)


def interface_option(text: str) -> Callable[[Function], Function]:
    """-i/--interface, with its meaning for one command as the help text."""
    return click.option(
        "-i", "--interface", metavar="IF", shell_complete=_complete_interface, callback=_checked_name, help=text
    )


def family_options(function: Function) -> Function:
    """-4 and -6; the default is AF_UNSPEC."""
    for option, family, text in (
        ("-6", socket.AF_INET6, "IPv6 (Neighbor Discovery) entries only."),
        ("-4", socket.AF_INET, "IPv4 (ARP) entries only."),
    ):
        function = click.option(option, "family", flag_value=int(family), type=int, help=text)(function)
    return function


source_option: Decorator = click.option(
    "--source",
    metavar="ADDRESS",
    help="Send the probes from this address of the machine. [default: the system chooses]",
)
timeout_option: Decorator = click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    help="Wait for the reply of each address at most this long. [default: until the system gives up, about 3 seconds]",
)
vendor_option: Decorator = click.option(
    "--vendor", is_flag=True, help="Show the vendor of each physical address (extra `oui`)."
)
json_option: Decorator = click.option("--json", "as_json", is_flag=True, help="Print one JSON array of objects.")
