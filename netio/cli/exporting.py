# SPDX-License-Identifier: MIT
"""The command exporter: serves metrics of the table to Prometheus until it is stopped."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click

from netio.cli import INTERRUPTED
from netio.cli.options import each_netns_option, many_interfaces_option
from netio.cli.service import notify_ready

if TYPE_CHECKING:
    from collections.abc import Iterable

# Not in the range of Prometheus's list, 9100 to 9999, which is used up.
PORT = 19817

_ADDRESS = re.compile(r"(?:\[(?P<ip6>[0-9A-Fa-f:.]+(?:%[^\]/]+)?)\]|(?P<host>[^:\[\]/\s]+)):(?P<port>[0-9]{1,5})")


def _checked_addresses(ctx: click.Context, param: click.Parameter, values: Iterable[str]) -> list[tuple[str, int]]:
    """Splits each HOST:PORT."""
    addresses = []
    for value in values:
        found = _ADDRESS.fullmatch(value)
        if found is None or int(found["port"]) > 65535:
            reason = f"{value!r} is not HOST:PORT, such as 127.0.0.1:{PORT} or [::1]:{PORT}"
            raise click.BadParameter(reason, ctx, param)
        addresses.append((found["ip6"] or found["host"], int(found["port"])))
    return addresses


@click.command(
    "exporter",
    short_help="Serve metrics of the table to Prometheus.",
    epilog=f"""
    \b
    Examples:
      netio exporter
      netio exporter -i eth0 --listen 127.0.0.1:{PORT} --listen [::1]:{PORT}
      netio exporter --netns blue --netns red
    """,
)
@click.option(
    "--listen",
    "addresses",
    metavar="HOST:PORT",
    multiple=True,
    default=(f"127.0.0.1:{PORT}",),
    callback=_checked_addresses,
    help=f"Accept connections at this address; may be given more than once. [default: 127.0.0.1:{PORT}]",
)
@many_interfaces_option("Entries and changes of this interface only")
@each_netns_option
@click.option(
    "--per-entry",
    metavar="N",
    type=click.IntRange(min=1, max=100_000),
    help="Give each entry a series with its address and physical address, N entries at most. [default: none]",
)
def exporter(
    addresses: list[tuple[str, int]], interfaces: list[str], namespaces: tuple[str, ...], per_entry: int | None
) -> None:
    """Serve metrics of the neighbour table over HTTP to Prometheus, at the path /metrics, until it is stopped.

    It needs the extra `prometheus`, and no privilege except for --netns. It has no passwords and no encryption: the
    default address accepts only programs of this machine.

    As a service of systemd with Type=notify, it is started when it accepts connections.
    """
    from prometheus_client import CollectorRegistry, ProcessCollector

    from netio.cli.metrics_server import run_server
    from netio.prometheus import NeighborCollector

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    with NeighborCollector(interfaces=interfaces, namespaces=namespaces, per_entry=per_entry or 0) as collector:
        registry.register(collector)
        try:
            run_server(registry.collect, addresses, _print_urls)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)


def _print_urls(urls: list[str]) -> None:
    for url in urls:
        click.echo(url)
    notify_ready()
