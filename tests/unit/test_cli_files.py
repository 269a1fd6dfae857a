# SPDX-License-Identifier: MIT
"""Rows from files: what is taken, and what is said of a line that is wrong."""

import json
from io import StringIO

import pytest

from netio import Neighbor
from netio.cli.files import read_rows

MAC = "02:00:5e:00:00:07"
ROW = Neighbor("192.0.2.7", MAC)
ON_ETH0 = Neighbor("192.0.2.7", MAC, interface="eth0")
HEADING = "address,physical_address,interface\n"


def read(
    text: str, *, interface: str | None = None, physical: bool = True
) -> tuple[list[tuple[str, Neighbor]], list[tuple[str, str]]]:
    # As a file is read: whatever ends its lines.
    return read_rows(StringIO(text, newline=None), default_interface=interface, with_physical_address=physical)


def rows(text: str, *, interface: str | None = None, physical: bool = True) -> list[Neighbor]:
    found, wrong = read(text, interface=interface, physical=physical)
    assert wrong == []
    return [row for _, row in found]


def wrong(text: str, *, physical: bool = True) -> list[tuple[str, str]]:
    return read(text, physical=physical)[1]


def as_json(**fields: object) -> str:
    return json.dumps({"address": "192.0.2.7", "physical_address": MAC} | fields)


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADING}192.0.2.7,{MAC},eth0\n",
        f"{HEADING}192.0.2.7,{MAC},eth0",
        f"{HEADING}192.0.2.7,{MAC},eth0\n".replace("\n", "\r\n"),
        f"\n\n{HEADING}\n192.0.2.7,{MAC},eth0\n   \n\n",
        f'{HEADING}"192.0.2.7","{MAC}","eth0"\n',
        f'address, "physical_address", interface\n192.0.2.7, "{MAC}", "eth0"\n',
        f"address, physical_address , interface\n192.0.2.7, {MAC} , eth0\n",
        f'interface,"a, comment",physical_address,address\neth0,"with, comma and\nline end",{MAC},192.0.2.7\n',
        f"address,physical_address,interface,\n192.0.2.7,{MAC},eth0,\n",
        as_json(interface="eth0"),
        as_json(interface="eth0", state="STALE", is_router=True, comment=[1, {}]) + "\r\n\r\n",
        f"\n[{as_json(interface='eth0')}]\n",
        f"[\n{as_json(interface='eth0')}\n]",
        json.dumps(json.loads(as_json(interface="eth0")), indent=2),
    ],
)
def test_formats(text: str) -> None:
    assert rows(text) == [ON_ETH0]


@pytest.mark.parametrize("text", ["", "\n\n", "[]", "[\n]\n", HEADING, f"{HEADING}\n"])
def test_no_rows(text: str) -> None:
    assert rows(text) == []


@pytest.mark.parametrize(
    "text", [f"address,physical_address\n192.0.2.7,{MAC}\n", f"{HEADING}192.0.2.7,{MAC},\n", as_json(interface=None)]
)
def test_a_row_without_interface_takes_the_default(text: str) -> None:
    assert rows(text) == [ROW]
    assert rows(text, interface="eth0") == [ON_ETH0]
    assert rows(as_json(interface="eth1"), interface="eth0") == [Neighbor("192.0.2.7", MAC, interface="eth1")]


def test_an_interface_by_index() -> None:
    assert rows(as_json(interface=3)) == [Neighbor("192.0.2.7", MAC, interface=3)]


def test_physical_addresses_are_not_read_where_rows_are_deleted() -> None:
    assert rows(f"{HEADING}192.0.2.7,nonsense,\n", physical=False) == [Neighbor("192.0.2.7")]
    assert rows("address\n192.0.2.7\n", physical=False) == [Neighbor("192.0.2.7")]


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        (f"{HEADING}192.0.2.7,{MAC},eth0,surplus\n", "line 2", "more cells than the heading"),
        (f"{HEADING}192.0.2.7\n", "line 2", "there is no physical_address"),
        (f"{HEADING},,\n", "line 2", "there is no address"),
        (f"{HEADING}192.0.2.300,{MAC},\n", "line 2", "'192.0.2.300' is no IPv4 or IPv6 address"),
        (f"{HEADING}192.0.2.7,hello,\n", "line 2", "'hello' is no physical address"),
        (f"\n\n{HEADING}\n\nx,{MAC},\n", "line 6", "'x' is no IPv4 or IPv6 address"),
        (f'{HEADING}192.0.2.7,"{MAC}\n192.0.2.8,{MAC},\n', "line 2", "no CSV: unexpected end of data"),
        (f'{HEADING}192.0.2.7,"{MAC}"x,\n192.0.2.8,{MAC},\n', "line 2", "no CSV: "),
        (f'{HEADING}192.0.2.7,"with\nline end",\n', "line 2", "'with\\nline end' is no physical address"),
        ("a\nb\nc\n", "line 1", "the heading must name the columns"),
        ("\udcff\udcfea\0d\0", "line 1", "UTF-16"),
        ("192.0.2.7,02:00:5e:00:00:07\n", "line 1", "the heading must name the columns"),
        ("\nipaddress;mac\n", "line 2", "the heading must name the columns"),
        (f"{HEADING}{'x' * 200_000}\n", "line 2", "no CSV: field larger"),
        ("address\n192.0.2.7\n", "line 2", "there is no physical_address"),
        (f"{as_json()}\n\n{{oops\n", "line 3", "no JSON: Expecting property name"),
        (f"{as_json()}\n3\n", "line 2", "a row must be a JSON object"),
        (as_json(address=3221225991), "line 1", "address is 3221225991; it must be text"),
        (as_json(address=["192.0.2.7"]), "line 1", "it must be text"),
        (as_json(address=None), "line 1", "there is no address"),
        (as_json(physical_address=""), "line 1", "there is no physical_address"),
        (as_json(interface=0), "line 1", "interface index 0 is not between"),
        (as_json(interface=-1), "line 1", "interface index -1 is not between"),
        (as_json(interface=False), "line 1", "interface is False; it must be a name or an index"),
        (as_json(interface=1.5), "line 1", "interface is 1.5; it must be a name or an index"),
        (as_json(address="fe80::7%eth1", interface=10**4000), "line 1", "is not between"),
        (f'{{\n "address": 3\n}}\n{as_json()}', "line 1", "address is 3; it must be text"),
        (f'{as_json()}\n{{\n "address": 3\n}}\n', "line 2", "address is 3; it must be text"),
        (f'{{"address": 3,\n{as_json()}\n', "line 1", "no JSON: "),
        ("[\n\n{oops}]", "line 3", "no JSON: Expecting property name"),
        ("\n\n[1, 2", "line 3", "no JSON: Expecting ',' delimiter"),
        (f"[{as_json()}, 3]", "item 2", "a row must be a JSON object"),
        ("[" * 100_000, "line 1", "no JSON: "),
    ],
)
def test_what_is_wrong_and_where(text: str, place: str, reason: str) -> None:
    ((where, what),) = wrong(text)
    assert where == place
    assert reason in what
    assert "\n" not in what


def test_all_that_is_wrong_is_told() -> None:
    """Bug: the first bad line ends it, and the next one is found at the next try."""
    text = f"{HEADING}x,{MAC},\n192.0.2.7,{MAC},\ny,{MAC},\n"
    found, bad = read(text)
    assert [place for place, _ in found] == ["line 3"]
    assert [place for place, _ in bad] == ["line 2", "line 4"]


def test_advice_speaks_of_options() -> None:
    """Bug: who types commands is told to give a Python argument."""
    ((_, reason),) = wrong(as_json(interface=0))
    assert "interface=" not in reason
