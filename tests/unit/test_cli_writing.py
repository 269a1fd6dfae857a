# SPDX-License-Identifier: MIT
"""Many entries are written in parts, so that Ctrl-C ends the command in between."""

import json

import pytest

from netio import Neighbor
from netio.cli import writing
from netio.errors import failure


class EmptyTable:
    """The table of a system without entries."""

    def apply(self, name: str, entry: Neighbor) -> tuple[str, None]:
        del name, entry
        return "create", None


def test_ctrl_c_between_two_parts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Bug: the output does not say how many entries were tried, or omits that it was interrupted."""
    monkeypatch.setattr(writing, "MANY", 10)
    monkeypatch.setattr(writing, "TableBefore", EmptyTable)
    parts: list[int] = []

    def verb(entries: list[Neighbor]) -> None:
        parts.append(len(entries))
        if len(parts) == 3:
            raise KeyboardInterrupt
        raise ExceptionGroup("", [failure("CreateIpNetEntry2", 5010, row=entries[0], position=0)])

    requested = [("", Neighbor("192.0.2.7"))] * 35
    with pytest.raises(SystemExit) as caught:
        writing._write(requested, verb, "create", "created", yes=True, as_json=True)

    assert caught.value.code == 130
    assert parts == [10, 10, 10]
    output = capsys.readouterr()
    assert ["error" in result for result in json.loads(output.out)] == [n in (0, 10) for n in range(20)]
    *failures, count, interrupted = output.err.splitlines()
    assert len(failures) == 2
    assert count == "netio: 2 of 35 entries failed"
    assert interrupted == "netio: interrupted: of 35 entries at least 20 and at most 30 were tried"


def test_positions_are_relative_to_all_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bug: the position within a part is taken as the position among all entries."""
    monkeypatch.setattr(writing, "MANY", 10)

    def verb(entries: list[Neighbor]) -> None:
        raise ExceptionGroup("", [failure("CreateIpNetEntry2", 5010, row=entries[-1], position=len(entries) - 1)])

    tried, failed = writing._write_in_parts([Neighbor("192.0.2.7")] * 35, verb)
    assert (tried, sorted(failed)) == (35, [9, 19, 29, 34])
