# SPDX-License-Identifier: MIT
"""Entries from files, as the commands accept them. The formats themselves are tested in test_formats.py."""

import json
from io import BytesIO

import pytest

from netio import Neighbor, list_interfaces
from netio.cli.files import read_entries

MAC = "02:00:5e:00:00:07"
ENTRY = Neighbor("192.0.2.7", MAC)
ON_ETH0 = Neighbor("192.0.2.7", MAC, interface="eth0")
HEADING = "address,physical_address,interface\n"


def read(
    text: str, *, interface: str | None = None, physical: bool = True
) -> tuple[list[tuple[str, Neighbor]], list[tuple[str, str]]]:
    content = read_entries(BytesIO(text.encode()), interface=interface, with_physical_address=physical)
    return content.entries, content.problems


def entries(text: str, *, interface: str | None = None, physical: bool = True) -> list[Neighbor]:
    found, problems = read(text, interface=interface, physical=physical)
    assert problems == []
    return [entry for _, entry in found]


def as_json(**values: object) -> str:
    return json.dumps({"address": "192.0.2.7", "physical_address": MAC} | values)


@pytest.mark.parametrize(
    "text", [f"address,physical_address\n192.0.2.7,{MAC}\n", f"{HEADING}192.0.2.7,{MAC},\n", as_json(interface=None)]
)
def test_entry_without_interface_gets_the_default(text: str) -> None:
    assert entries(text) == [ENTRY]
    assert entries(text, interface="eth0") == [ON_ETH0]
    assert entries(as_json(interface="eth0"), interface="eth0") == [ON_ETH0]


@pytest.mark.parametrize("text", [as_json(interface="{}"), f"{HEADING}192.0.2.7,{MAC},{{}}\n"])
def test_digits_are_an_index(text: str) -> None:
    """Bug: the index that a CSV cell holds is taken as the name of an interface."""
    for interface in list_interfaces():
        (entry,) = entries(text.replace("{}", str(interface.index)))
        assert entry == Neighbor("192.0.2.7", MAC, interface=interface.name)


def test_index_that_is_a_number_in_json() -> None:
    assert entries(as_json(interface=3)) == [Neighbor("192.0.2.7", MAC, interface=3)]


def test_physical_addresses_are_ignored_if_entries_are_deleted() -> None:
    assert entries(f"{HEADING}192.0.2.7,nonsense,\n", physical=False) == [Neighbor("192.0.2.7")]
    assert entries("address\n192.0.2.7\n", physical=False) == [Neighbor("192.0.2.7")]


def test_places_of_entries_and_problems() -> None:
    """Bug: reading stops at the first invalid line, or a problem of the format hides one of a value."""
    text = f"{HEADING}x,{MAC},\n192.0.2.7,{MAC},\n192.0.2.7,{MAC},eth0,surplus\ny,{MAC},\n"
    found, problems = read(text)
    assert found == [("line 3", ENTRY)]
    assert [place for place, _ in problems] == ["line 2", "line 4", "line 5"]
    assert ["heading" in problem for _, problem in problems] == [False, True, False]


@pytest.mark.parametrize("text", [as_json(interface=0), as_json(address="x"), as_json(physical_address="x")])
def test_problem_is_in_the_words_of_the_command(text: str) -> None:
    """Bug: a user of the command is advised to pass a Python argument, or sees the code of a rejected argument."""
    ((_, problem),) = read(text)[1]
    assert "interface=" not in problem
    assert "(code" not in problem
