# SPDX-License-Identifier: MIT
"""How a table prints: in a terminal and in a notebook."""

from netio import Neighbor, NeighborTable
from netio._codec import ROW_SIZE
from netio._interfaces import InterfaceCache, pack_entries
from netio._native import ffi
from netio._table import _table

HOSTILE = "a\x1b[31m<b>&\nx"


def table_of(count: int, name: str = "eth0") -> NeighborTable:
    """A table of IPv4 entries without physical address, made without the system."""
    entries = [Neighbor(f"192.0.2.{place % 256}", interface=1) for place in range(count)]
    rows = memoryview(bytes(ffi.buffer(pack_entries(entries, InterfaceCache())[0])))
    return _table(rows[: count * ROW_SIZE], range(count), {1: (name, name)})


def test_short_table() -> None:
    """Bug: print(table) shows no entry, or the columns are not aligned."""
    assert str(table_of(2)).splitlines() == [
        "ADDRESS    PHYSICAL ADDRESS  INTERFACE  STATE",
        "192.0.2.0  -                 eth0       UNREACHABLE",
        "192.0.2.1  -                 eth0       UNREACHABLE",
    ]


def test_long_table() -> None:
    """Bug: print(table) of a million entries prints a million lines, or decodes them all."""
    lines = str(table_of(100_000)).splitlines()
    assert len(lines) == 12
    assert lines[-1] == "... 99,990 more"
    assert repr(table_of(100_000)) == "<NeighborTable of 100000 rows>"


def test_empty_table() -> None:
    assert str(table_of(0)) == "ADDRESS  PHYSICAL ADDRESS  INTERFACE  STATE"


def test_notebook() -> None:
    """Bug: a notebook shows the repr, or too many rows."""
    html = table_of(12)._repr_html_()
    assert html.count("<tr>") == 11
    assert html.endswith("<p>... 2 more</p>")
    assert "<td>192.0.2.9</td>" in html


def test_hostile_interface_name() -> None:
    """Bug: the name of an interface controls the terminal or adds elements to a notebook."""
    assert str(table_of(1, HOSTILE)).count("\n") == 1
    assert "\x1b" not in str(table_of(1, HOSTILE))
    html = table_of(1, HOSTILE)._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;&amp;" in html
