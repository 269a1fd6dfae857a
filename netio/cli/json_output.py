# SPDX-License-Identifier: MIT
"""What --json prints. netio/schema.json is its contract."""

from __future__ import annotations

import json
from dataclasses import fields

import click

from netio import Neighbor, NetioError
from netio.cli.messages import in_words_of_commands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from netio.cli.vendor import Vendors


_FIELDS = [field.name for field in fields(Neighbor)]


def row_object(row: Neighbor, vendors: Vendors | None = None) -> dict[str, object]:
    """A row: the fields of Neighbor, addresses as text, the state by its name; the maker where asked for."""
    told = {name: getattr(row, name) for name in _FIELDS} | {
        "address": str(row.address),
        "physical_address": str(row.physical_address),
        "state": row.state.name,
    }
    return told if vendors is None else told | {"vendor": vendors.name_of(row) or None}


def written_object(row: Neighbor) -> dict[str, object]:
    """A row that was written: what was asked for."""
    return {
        "address": str(row.address),
        "physical_address": str(row.physical_address),
        "interface": row.interface or row.interface_index or None,
    }


def failure_object(address: object, error: NetioError) -> dict[str, object]:
    """What failed: the address, and why."""
    return {
        "address": str(address),
        "error": {
            "name": type(error).__name__,
            "operation": error.operation,
            "code": error.code,
            "errno": error.errno,
            "message": in_words_of_commands(error),
        },
    }


def print_array(objects: Iterable[dict[str, object]]) -> None:
    """Prints objects as one JSON array, a line for each."""
    lines = ",\n".join(json.dumps(told) for told in objects)
    click.echo(f"[\n{lines}\n]" if lines else "[]")


def print_line(told: dict[str, object]) -> None:
    """Prints an object as a line of its own, at once."""
    click.echo(json.dumps(told))
