# SPDX-License-Identifier: MIT
"""Options that several commands have."""

from __future__ import annotations

import socket

import click

from netio import list_interfaces
from netio.cli.ip_syntax import interface_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Function = TypeVar("Function", bound=Callable[..., object])


def _complete_interface(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    del ctx, param
    return [link.name for link in list_interfaces() if link.name.startswith(incomplete)]


def _named(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """An empty name, as of a shell's variable that is not set, must not come to mean every interface."""
    if value == "":
        raise click.BadParameter("'' names no interface; leave the option out to have it chosen", ctx, param)
    return value and interface_name(value)


def interface_option(text: str) -> Callable[[Function], Function]:
    """-i, with what it means to that command."""
    return click.option(
        "-i", "--interface", metavar="IF", shell_complete=_complete_interface, callback=_named, help=text
    )


def family_options(function: Function) -> Function:
    """-4 and -6; without them the family is AF_UNSPEC."""
    for option, family, text in (
        ("-6", socket.AF_INET6, "IPv6 (Neighbor Discovery) rows only."),
        ("-4", socket.AF_INET, "IPv4 (ARP) rows only."),
    ):
        function = click.option(option, "family", flag_value=int(family), type=int, help=text)(function)
    return function


source_option = click.option(
    "--source", metavar="ADDRESS", help="Ask from this address of the machine. [default: as the system chooses]"
)
timeout_option = click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    help="Wait for each address at most so long. [default: until the system gives up, about 3 seconds]",
)
vendor_option = click.option("--vendor", is_flag=True, help="Name the maker by the physical address (extra `oui`).")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON array of objects, for programs.")
