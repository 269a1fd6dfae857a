# SPDX-License-Identifier: MIT
"""Many rows in parts, where a person has enough of it."""

import json

import pytest

from netio import Neighbor
from netio.cli import writing
from netio.errors import failure


def test_ctrl_c_between_two_parts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Bug: nobody can tell how far it has come; or what failed before is told as if it were all."""
    monkeypatch.setattr(writing, "_MANY", 10)
    parts: list[int] = []

    def verb(rows: list[Neighbor]) -> None:
        parts.append(len(rows))
        if len(parts) == 3:
            raise KeyboardInterrupt
        raise ExceptionGroup("", [failure("CreateIpNetEntry2", 5010, row=rows[0], position=0)])

    asked = [("", Neighbor("192.0.2.7"))] * 35
    with pytest.raises(SystemExit) as caught:
        writing._write(asked, verb, "create", "created", yes=True, as_json=True)

    assert caught.value.code == 130
    assert parts == [10, 10, 10]
    told = capsys.readouterr()
    assert ["error" in row for row in json.loads(told.out)] == [n in (0, 10) for n in range(20)]
    *failures, count, interrupted = told.err.splitlines()
    assert len(failures) == 2
    assert count == "netio: 2 of 35 rows failed"
    assert interrupted == "netio: interrupted: of 35 rows at least 20 and at most 30 were tried"


def test_positions_are_those_of_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bug: the position in a part is taken for that among all rows."""
    monkeypatch.setattr(writing, "_MANY", 10)

    def verb(rows: list[Neighbor]) -> None:
        raise ExceptionGroup("", [failure("CreateIpNetEntry2", 5010, row=rows[-1], position=len(rows) - 1)])

    tried, failed = writing._write_in_parts([Neighbor("192.0.2.7")] * 35, verb)
    assert (tried, sorted(failed)) == (35, [9, 19, 29, 34])
