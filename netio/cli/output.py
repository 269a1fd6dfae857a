# SPDX-License-Identifier: MIT
"""The formats of -o: prints entries, and addresses that failed, for people or for programs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING

import click

from netio import NetioError
from netio.cli.columns import COLUMNS, DETAILS, PLAIN, READ, records_of, without_details
from netio.cli.json_output import entry_object, failure_object, print_array, print_line, remember_format
from netio.cli.messages import printable
from netio.formats import csv_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from netio.cli.columns import Result
    from netio.cli.vendor import Vendors

_FORMATS = ("table", "wide", "plain", "csv", "json", "jsonl")


@dataclass(frozen=True, slots=True)
class Output:
    """How results are printed: the format, the chosen columns (None: those of the format), and whether with heading."""

    format: str = "table"
    columns: tuple[str, ...] | None = None
    header: bool = True

    @property
    def is_json(self) -> bool:
        """Whether failures are objects of the output."""
        return self.format in ("json", "jsonl")

    @property
    def names_vendors(self) -> bool:
        """Whether the vendors are among the chosen columns."""
        return self.columns is not None and "vendor" in self.columns

    @property
    def chosen_details(self) -> list[str]:
        """The chosen columns that only Linux has."""
        return [name for name in self.columns or () if name in DETAILS]


def _chosen_columns(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    names = [name.strip().lower().replace("-", "_") for name in value.split(",")]
    for place, name in enumerate(names):
        if name not in COLUMNS:
            reason = f"unknown column {printable(name)!r}; the columns are {', '.join(COLUMNS)}"
            raise click.BadParameter(reason, ctx, param)
        if name in names[:place]:
            raise click.BadParameter(f"column {name!r} is given twice", ctx, param)
    return tuple(names)


_OPTIONS = (
    click.option(
        "-o",
        "--output",
        "chosen",
        type=click.Choice(_FORMATS),
        is_eager=True,
        callback=remember_format,
        help="The format: `wide` is a table of all columns; `plain` has one entry per line, with tabs between the "
        f"fields {', '.join(PLAIN)} (in seconds), and - for an unknown one; `jsonl` is JSON Lines. [default: table]",
    ),
    click.option(
        "--columns",
        metavar="NAMES",
        callback=_chosen_columns,
        help=f"The columns to print, in this order, with commas in between: {', '.join(COLUMNS)}.",
    ),
    click.option("--no-header", is_flag=True, help="Omit the heading of a table, or of CSV."),
    click.option(
        "--json", "as_json", is_flag=True, is_eager=True, callback=remember_format, help="The same as -o json."
    ),
)


def output_options(function: Callable[..., None]) -> Callable[..., None]:
    """-o, --columns, --no-header and --json, which the command gets as one argument `output`."""

    @wraps(function)
    def command(
        *arguments: Any,  # noqa: ANN401
        chosen: str | None,
        columns: tuple[str, ...] | None,
        no_header: bool,
        as_json: bool,
        **named: Any,  # noqa: ANN401
    ) -> None:
        if as_json and chosen not in (None, "json"):
            raise click.UsageError(f"--json contradicts --output {chosen}; give one of them")
        output = Output("json" if as_json else chosen or "table", columns, not no_header)
        function(*arguments, output=output, **named)

    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def show(
    results: Iterable[Result],
    vendors: Vendors | None,
    output: Output,
    default_columns: Sequence[str] = READ,
    *,
    detailed: bool = False,
) -> None:
    """Prints entries and failures; detailed: the entries have the details that only Linux has."""
    if output.format == "json":
        print_array(_json_object(result, vendors, output.columns) for result in results)
    elif output.format == "jsonl":
        for result in results:
            print_line(_json_object(result, vendors, output.columns))
    elif output.format == "csv":
        click.echo(_csv(results, vendors, output), nl=False, color=True)  # else click removes parts of names
    elif output.format == "plain":
        names = output.columns or (*PLAIN, *(["vendor"] if vendors else []))
        for record in records_of(results, vendors, names):
            click.echo("\t".join(printable(_plain(value) or "-") for value in record.values()))
    else:
        from netio.cli.draw import draw_entries

        left_out = {*(() if vendors else ("vendor",)), *(() if detailed else DETAILS)}
        wide = [name for name in COLUMNS if name not in left_out] if output.format == "wide" else None
        draw_entries(results, vendors, default_columns, chosen=output.columns or wide, header=output.header)


def _json_object(result: Result, vendors: Vendors | None, columns: Sequence[str] | None) -> dict[str, object]:
    address, found = result
    if isinstance(found, NetioError):
        return failure_object(address, found)
    if columns is not None:
        return next(records_of([result], vendors, columns))
    return entry_object(without_details(found), vendors)


def _csv(results: Iterable[Result], vendors: Vendors | None, output: Output) -> str:
    """Returns CSV with the fields that JSON has. The control characters of a name are escaped for a terminal only."""
    left_out = {"age", *DETAILS, *(() if vendors else ("vendor",))}
    names = output.columns or [name for name in COLUMNS if name not in left_out]
    escape = printable if sys.stdout is not None and sys.stdout.isatty() else str
    records = records_of(results, vendors, names)
    rows = ({name: escape(_plain(value)) for name, value in record.items()} for record in records)
    return csv_text(rows, names if output.header else ())


def _plain(value: object) -> str:
    """Returns a value as text: JSON's words for bool, "" for None, commas between the words of a list."""
    if isinstance(value, list):
        return ",".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
