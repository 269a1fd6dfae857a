# SPDX-License-Identifier: MIT
"""The commands that make the table have the entries of a file: apply, diff, restore."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

import netio
from netio import NetioError, Plan
from netio.cli import FAILED, INTERRUPTED, options
from netio.cli.json_output import failure_object, planned_object, print_array, print_failures
from netio.cli.messages import print_error, printable
from netio.cli.options import dry_run_option, json_option
from netio.cli.writing import MANY, InputFile, confirm, dynamic_option, entries_of, move_option, yes_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import BinaryIO

    from netio.cli.options import Decorator, Function

# The exit status if a plan has changes that were not made, as that of `terraform plan -detailed-exitcode`.
PENDING = 2

# The lines of a plan that are printed before a question.
_SHOWN = 40

_COLOURS = {"+ ": "green", "~ ": "yellow", "- ": "red", "! ": "cyan"}

_STATUS = """
    Exit status: 0 if there is nothing to do or all is done; 2 if changes are pending (diff, --dry-run), the convention
    of `terraform plan -detailed-exitcode`; 1 for every failure, also for a conflict and for wrong usage.
"""


class _PlanCommand(click.Command):
    """A command whose status 2 has a meaning of its own, so that wrong usage must have another one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.exit_code = FAILED  # type: ignore[misc]
            raise


file_argument: Decorator = click.argument("file", type=InputFile("rb"))
interface_option: Decorator = options.interface_option(
    "The interface of entries that name none; --prune also covers it."
)
_prune_option: Decorator = click.option(
    "--prune",
    is_flag=True,
    help="Delete the other permanent entries of these interfaces, except those of other programs.",
)
owner_option: Decorator = click.option(
    "--owner",
    metavar="N",
    type=click.IntRange(5, 255),
    help="Mark the entries with this protocol number; --prune then deletes only entries that have it. Linux only.",
)
skip_option: Decorator = click.option(
    "--skip-missing", is_flag=True, help="Skip entries of interfaces that do not exist, for example at boot."
)


def _plan_options(function: Function) -> Function:
    """Adds the options that select the entries of the file and their interfaces."""
    for option in (json_option, dynamic_option, skip_option, move_option, interface_option):
        function = option(function)
    return function


@click.command(
    "apply",
    cls=_PlanCommand,
    short_help="Make the table have the entries of a file.",
    help=f"""Write the entries of a file that the table lacks or has with other values, and nothing else.

    Entries of routing daemons, orchestrators and the kernel are never changed; if one is in the way, that is a
    conflict. A second run changes nothing.
    {_STATUS}""",
    epilog="""
    \b
    Examples:
      netio apply hosts.csv
      netio apply hosts.csv --prune --dry-run
    """,
)
@file_argument
@_prune_option
@owner_option
@_plan_options
@yes_option
@dry_run_option
def apply_command(file: BinaryIO, *, prune: bool, owner: int | None, yes: bool, dry_run: bool, **named: Any) -> None:  # noqa: ANN401, D103
    plan = _plan_of(file, prune=prune, owner=owner, **named)
    if dry_run:
        _show(plan, as_json=named["as_json"])
    else:
        _apply(plan, yes=yes, as_json=named["as_json"])


@click.command(
    "diff",
    cls=_PlanCommand,
    short_help="Show how the table differs from a file.",
    help=f"""Show the changes that `netio apply` would make. Needs no privilege.

    A line begins with + for an entry that would be created, ~ updated, - deleted, and ! for a conflict.
    {_STATUS}""",
    epilog="""
    \b
    Examples:
      netio diff hosts.csv
      netio diff hosts.csv --prune
    """,
)
@file_argument
@_prune_option
@owner_option
@_plan_options
def diff_command(file: BinaryIO, *, prune: bool, owner: int | None, **named: Any) -> None:  # noqa: ANN401, D103
    _show(_plan_of(file, prune=prune, owner=owner, **named), as_json=named["as_json"])


@click.command(
    "restore",
    cls=_PlanCommand,
    short_help="Write the entries of a saved table again.",
    help=f"""Write the entries of a saved table that are missing or differ: `netio apply` without --prune.

    {_STATUS}""",
    epilog="""
    \b
    Examples:
      netio restore hosts.csv
      netio restore hosts.csv --skip-missing --yes
    """,
)
@file_argument
@_plan_options
@yes_option
@dry_run_option
def restore_command(file: BinaryIO, *, yes: bool, dry_run: bool, **named: Any) -> None:  # noqa: ANN401, D103
    plan = _plan_of(file, prune=False, owner=None, **named)
    if dry_run:
        _show(plan, as_json=named["as_json"])
    else:
        _apply(plan, yes=yes, as_json=named["as_json"])


def _plan_of(
    file: BinaryIO,
    *,
    interface: str | None,
    move_to: str | None,
    prune: bool,
    owner: int | None,
    skip_missing: bool,
    dynamic: bool,
    as_json: bool,
) -> Plan:
    """Makes the plan for a file. If it cannot be made, prints the problems and ends the process."""
    del as_json
    requested = entries_of(file, interface, move_to=move_to, with_dynamic=dynamic)
    places = [place for place, _ in requested]
    named = [name for name in (move_to or interface,) if name is not None]
    try:
        return netio.plan_neighbors(
            [entry for _, entry in requested],
            interfaces=named,
            prune=prune,
            owner=owner,
            missing_interfaces="skip" if skip_missing else "fail",
        )
    except ExceptionGroup as group:
        errors = [error for error in group.exceptions if isinstance(error, NetioError)]
        print_failed(errors, places)
        print_failures(click.get_current_context(), errors)
        print_error(f"nothing was written; entries that cannot be planned: {len(errors):,}")
        sys.exit(FAILED)


def print_failed(errors: Iterable[NetioError], places: list[str]) -> None:
    """Prints errors, each with the place of its entry in the file if it has a position."""
    for error in errors:
        print_error(error, places[error.position] if error.position is not None else "")


def _show(plan: Plan, *, as_json: bool) -> None:
    """Prints a plan and ends the process with the status that it has."""
    if as_json:
        print_array(planned_object(change) for part in (plan.changes, plan.conflicts) for change in part)
    else:
        _print_lines(str(plan).splitlines(), err=False)
    _report_missing(plan)
    if plan.conflicts:
        sys.exit(FAILED)
    if plan.changes:
        sys.exit(PENDING)


def _print_lines(lines: Iterable[str], *, err: bool) -> None:
    """Prints the lines of a plan, on a terminal in the colour of their kind."""
    color = False if os.environ.get("NO_COLOR") else None
    for line in lines:
        click.echo(click.style(line, fg=_COLOURS.get(line[:2])), err=err, color=color)


def _report_missing(plan: Plan) -> None:
    if plan.missing_interfaces:
        names = ", ".join(map(printable, plan.missing_interfaces))
        print_error(f"skipped the entries of interfaces that do not exist: {names}")


def _apply(plan: Plan, *, yes: bool, as_json: bool) -> None:
    """Carries out a plan and prints the result. Ends the process if a change failed or Ctrl-C was pressed."""
    from netio.cli.progress import progress

    def show() -> None:
        lines = str(plan).splitlines()
        _print_lines(lines[:_SHOWN], err=True)
        if len(lines) > _SHOWN:
            click.echo(f"... {len(lines) - _SHOWN:,} more lines; `netio diff` shows them\n{lines[-1]}", err=True)

    total = len(plan.changes)
    confirm("Apply", total, "changes", yes=yes, before=show)
    errors: list[NetioError] = []
    try:
        with progress(total, wanted=total >= MANY) as update:
            plan.apply(progress=_reporter(update) if total >= MANY else None)
    except ExceptionGroup as group:
        errors = [error for error in group.exceptions if isinstance(error, NetioError)]
    except KeyboardInterrupt:
        print_error("interrupted: some changes were made; the same command continues")
        sys.exit(INTERRUPTED)
    _print_result(plan, errors, as_json=as_json)
    if errors:
        sys.exit(FAILED)


def _reporter(update: Callable[[int, str], None]) -> Callable[[int, int], None]:
    return lambda tried, failed: update(tried, f"{failed:,} failed")


def _print_result(plan: Plan, errors: list[NetioError], *, as_json: bool) -> None:
    print_failed((error for error in errors), [""] * len(plan.changes))
    _report_missing(plan)
    total = len(plan.changes) + len(plan.conflicts)
    if as_json:
        failed = {error.position: error for error in errors if error.position is not None}
        made = [
            failure_object(change.neighbor.address, failed[place]) if place in failed else planned_object(change)
            for place, change in enumerate(plan.changes)
        ]
        print_array([*made, *map(planned_object, plan.conflicts)])
    elif not errors:
        counts = f"{plan.creates:,} created, {plan.updates:,} updated, {plan.deletes:,} deleted"
        click.echo(f"{counts}; {plan.unchanged:,} unchanged")
    if errors:
        print_error(f"{len(errors):,} of {total:,} changes failed")


COMMANDS = (apply_command, diff_command, restore_command)
