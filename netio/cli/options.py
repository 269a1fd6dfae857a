# SPDX-License-Identifier: MIT
"""Options that several commands share."""

from __future__ import annotations

import re
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from netio import NeighborState, list_interfaces, list_namespaces, namespace
from netio.cli.ip_syntax import interface_name
from netio.cli.json_output import remember_format, remember_lines
from netio.cli.linux_words import WRITABLE_FLAGS
from netio.linux import Nud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Protocol, TypeVar

    Function = TypeVar("Function", bound=Callable[..., object])

    class Decorator(Protocol):
        """Adds an option to the function of a command."""

        def __call__(self, function: Function, /) -> Function: ...  # noqa: D102


# The names that a shell may put into the command line unquoted. Linux allows almost every byte in the name of an
# interface: a name with a $(command) would be executed, and one that is not UTF-8 cannot be printed.
_COMPLETABLE = re.compile(r"[A-Za-z0-9_.:@+-]+")


def _completions(names: Iterable[str], incomplete: str) -> list[str]:
    """Returns the names that start with the typed text, except those that need quoting."""
    return [name for name in names if name.startswith(incomplete) and _COMPLETABLE.fullmatch(name)]


def complete_interface(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Returns the interfaces that complete the typed text."""
    del ctx, param
    return _completions((interface.name for interface in list_interfaces()), incomplete)


def _complete_namespace(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    del ctx, param
    return _completions(list_namespaces(), incomplete)


def _checked_name(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Rejects an empty name, as from an unset variable of a shell: it must not select every interface."""
    if value == "":
        raise click.BadParameter("the name is empty; omit the option if no interface is meant", ctx, param)
    return value and interface_name(value)


def _checked_names(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> list[str | None]:
    return [_checked_name(ctx, param, value) for value in values]


def interface_option(text: str) -> Callable[[Function], Function]:
    """-i/--interface, with its meaning for one command as the help text."""
    return click.option(
        "-i", "--interface", metavar="IF", shell_complete=complete_interface, callback=_checked_name, help=text
    )


def many_interfaces_option(text: str) -> Callable[[Function], Function]:
    """-i/--interface, which may be given more than once, with its meaning for one command as the help text."""
    return click.option(
        "-i",
        "--interface",
        "interfaces",
        metavar="IF",
        multiple=True,
        shell_complete=complete_interface,
        callback=_checked_names,
        help=f"{text}; may be given more than once.",
    )


interfaces_option: Decorator = many_interfaces_option("Entries of this interface only")
states_option: Decorator = click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.name for state in NeighborState], case_sensitive=False),
    help="Entries in this state only; may be given more than once.",
)


def _select_namespace(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Selects the namespace for the rest of the process: also for the look-ups of error messages at its end."""
    del param
    if value is not None:
        selections: ExitStack = ctx.obj
        selections.enter_context(namespace(value))


class _NamespaceOption(click.Option):
    """Evaluates the options for the format of the output first, wherever they are: its own error has that format."""

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        for option in ctx.command.params:
            if option.callback in (remember_format, remember_lines):
                option.handle_parse_result(ctx, opts, args)
        return super().handle_parse_result(ctx, opts, args)


def netns_option() -> click.Option:
    """--netns, for every command. It is evaluated first, so that --interface completes names of that namespace."""
    return _NamespaceOption(
        ["--netns"],
        metavar="NAME",
        is_eager=True,
        expose_value=False,
        shell_complete=_complete_namespace,
        callback=_select_namespace,
        help="Act in this network namespace: a name of `ip netns`, or a path. Linux only, as root.",
    )


each_netns_option: Decorator = click.option(
    "--netns",
    "namespaces",
    metavar="NAME",
    multiple=True,
    shell_complete=_complete_namespace,
    help="Read the table of this network namespace, a name of `ip netns` or a path; may be given more than once. Linux "
    "only, as root.",
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
sweep_timeout_option: Decorator = click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Wait for the replies of each address this long.",
)
rate_option: Decorator = click.option(
    "--rate",
    metavar="PACKETS",
    type=click.IntRange(min=1, max=1_000_000),
    default=1500,
    show_default=True,
    help="Send at most this many probes in any second.",
)
retries_option: Decorator = click.option(
    "--retries",
    metavar="TIMES",
    type=click.IntRange(min=0, max=1000),
    default=1,
    show_default=True,
    help="Probe an address that does not reply again, this many times within the timeout.",
)
vendor_option: Decorator = click.option(
    "--vendor", is_flag=True, help="Show the vendor of each physical address (extra `oui`)."
)
json_option: Decorator = click.option(
    "--json",
    "as_json",
    is_flag=True,
    is_eager=True,
    callback=remember_format,
    help="Print one JSON array of objects.",
)
nud_option: Decorator = click.option(
    "--nud",
    type=click.Choice([state.name.lower() for state in Nud], case_sensitive=False),
    help="Write this state of the kernel. Only permanent is supported on every system. [default: permanent]",
)
flag_option: Decorator = click.option(
    "--flag",
    "flags",
    multiple=True,
    type=click.Choice(list(WRITABLE_FLAGS)),
    help="Write this flag; may be given more than once. Linux only.",
)
protocol_option: Decorator = click.option(
    "--protocol",
    metavar="NAME",
    help="Write this protocol, by the name or number of the program: static, zebra, 200. Linux only.",
)
dry_run_option: Decorator = click.option(
    "--dry-run", is_flag=True, help="Print what would be done, and change nothing. Needs no privilege, nor checks it."
)
