# SPDX-License-Identifier: MIT
"""The output of --json and of the JSON formats of -o. netio/schema.json describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netio.cli.messages import message_of
from netio.formats import json_array, json_line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeVar

    from netio import Neighbor, NetioError, PlannedChange
    from netio.cli.vendor import Vendors

    Value = TypeVar("Value")

# The key of click's meta data for the requested format. It is known before the command starts, so that also a
# failure of the whole command is printed in that format.
_FORMAT = "netio.json"

# The fields in which a desired entry can differ from the table.
_COMPARED = ("physical_address", "state", "is_router")


def entry_object(entry: Neighbor, vendors: Vendors | None = None) -> dict[str, object]:
    """Returns the object for an entry that was read: the fields of Neighbor, and the vendor if requested."""
    values = entry.to_dict()
    return values if vendors is None else values | {"vendor": vendors.name_of(entry) or None}


def written_object(entry: Neighbor, *, changed: bool) -> dict[str, object]:
    """Returns the object for an entry that was written or deleted, as requested, and whether that changed the table."""
    return {
        "address": str(entry.address),
        "physical_address": str(entry.physical_address),
        "interface": entry.interface or entry.interface_index or None,
        "changed": changed,
    }


def planned_object(change: PlannedChange) -> dict[str, object]:
    """Returns the object for a change of a plan: the entry as it is desired, and as it is now."""
    entry, previous = change.neighbor, change.previous
    now = None if previous is None else {name: previous.to_dict()[name] for name in _COMPARED}
    reason = {"reason": change.reason} if change.reason else {}
    desired = {name: entry.to_dict()[name] for name in ("address", "physical_address", "interface", "is_router")}
    return {"action": change.action.value, **desired, "now": now, **reason}


def failure_object(address: object, error: NetioError) -> dict[str, object]:
    """Returns the object for an address that failed, and its error; None stands for the whole command."""
    return {
        "address": None if address is None else str(address),
        "interface": error.row.interface or None if error.row else None,
        "error": {
            "name": type(error).__name__,
            "operation": error.operation,
            "code": error.code,
            "errno": error.errno,
            "message": message_of(error),
        },
    }


def print_array(objects: Iterable[dict[str, object]]) -> None:
    """Prints objects as one JSON array, with one object per line."""
    click.echo(json_array(objects))


def print_line(value: dict[str, object]) -> None:
    """Prints an object as a line of JSON Lines, and flushes it."""
    click.echo(json_line(value))


def remember_format(ctx: click.Context, param: click.Parameter, value: Value) -> Value:
    """Notes the format that -o requests, or --json for an array. A callback of click, for options that are eager."""
    del param
    if value:
        ctx.meta[_FORMAT] = "json" if value is True else value
    return value


def remember_lines(ctx: click.Context, param: click.Parameter, value: Value) -> Value:
    """The same for an option that requests JSON Lines."""
    del param
    if value:
        ctx.meta[_FORMAT] = "jsonl"
    return value


def print_failures(ctx: click.Context, errors: Iterable[NetioError]) -> None:
    """Prints why the whole command failed, if JSON is requested: as results without an address."""
    objects = (failure_object(None, error) for error in errors)
    if ctx.meta.get(_FORMAT) == "json":
        print_array(objects)
    elif ctx.meta.get(_FORMAT) == "jsonl":
        for value in objects:
            print_line(value)
