# SPDX-License-Identifier: MIT
"""The output of --json. netio/schema.json describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netio.cli.messages import message_of
from netio.formats import json_array, json_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from netio import Neighbor, NetioError
    from netio.cli.vendor import Vendors


def entry_object(entry: Neighbor, vendors: Vendors | None = None) -> dict[str, object]:
    """Returns the object for an entry that was read: the fields of Neighbor, and the vendor if requested."""
    values = entry.to_dict()
    return values if vendors is None else values | {"vendor": vendors.name_of(entry) or None}


def written_object(entry: Neighbor) -> dict[str, object]:
    """Returns the object for an entry that was written or deleted, as requested."""
    return {
        "address": str(entry.address),
        "physical_address": str(entry.physical_address),
        "interface": entry.interface or entry.interface_index or None,
    }


def failure_object(address: object, error: NetioError) -> dict[str, object]:
    """Returns the object for an address that failed, and its error."""
    return {
        "address": str(address),
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
