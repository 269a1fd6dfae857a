# SPDX-License-Identifier: MIT
"""NeighborTable over rows that the test creates."""

import copy
import pickle
from collections.abc import Sequence

import pytest

from netio import Neighbor, NeighborTable
from netio._interfaces import InterfaceCache, pack_entries
from netio._native import ffi
from netio._table import _table, native_rows

ROWS = [Neighbor(f"192.0.2.{n}", f"02:00:5e:00:00:0{n}", interface=n) for n in range(1, 6)]


def table_of(rows: Sequence[Neighbor]) -> NeighborTable:
    view = memoryview(bytes(ffi.buffer(pack_entries(rows, InterfaceCache())[0])))
    return _table(view, range(len(rows)), {n: ("", str(n)) for n in range(10)})


def addresses(rows: NeighborTable) -> list[str]:
    return [str(row.address) for row in rows]


@pytest.mark.parametrize(
    "place",
    [
        slice(None),
        slice(1, 3),
        slice(None, None, 2),
        slice(None, None, -1),
        slice(-2, None),
        slice(4, 1, -2),
        slice(3, 3),
        slice(10, 20),
    ],
)
def test_slices_are_like_those_of_a_list(place: slice) -> None:
    table = table_of(ROWS)
    expected = addresses(table)[place]
    assert addresses(table[place]) == expected
    assert len(table[place]) == len(expected)
    assert addresses(table[::-1][place]) == addresses(table)[::-1][place]
    assert [str(table[place][n].address) for n in range(len(expected))] == expected


def test_indexes_are_like_those_of_a_list() -> None:
    table = table_of(ROWS)
    assert [str(table[n].address) for n in (0, 4, -1, -5)] == ["192.0.2.1", "192.0.2.5", "192.0.2.5", "192.0.2.1"]
    for place in (5, -6):
        with pytest.raises(IndexError):
            table[place]
    with pytest.raises(TypeError):
        table["0"]  # type: ignore[call-overload]


def test_row_is_decoded_at_each_access() -> None:
    table = table_of(ROWS)
    assert table[0] == table[0]
    assert table[0] is not table[0]


@pytest.mark.parametrize("step", [1, 2, -1])
def test_rows_for_the_system_are_contiguous(step: int) -> None:
    """Bug: the rows of a slice with a step are passed to C in the order of the whole table."""
    table = table_of(ROWS)[::step]
    assert bytes(native_rows(table)) == bytes(native_rows(table_of(ROWS[::step])))


def test_table_equals_only_tables_of_the_same_rows() -> None:
    table = table_of(ROWS)
    assert table == table_of(ROWS)
    assert table != table_of(ROWS[1:])
    assert table != table_of(ROWS[::-1])
    assert table[:0] == table_of([])
    assert table != list(table)


def test_table_is_neither_hashable_nor_constructible_nor_a_sequence() -> None:
    """Bug: pandas and polars read the table row by row, because it is registered as a Sequence."""
    with pytest.raises(TypeError):
        hash(table_of(ROWS))
    with pytest.raises(TypeError, match="list_neighbors"):
        NeighborTable()
    assert not isinstance(table_of(ROWS), Sequence)


def test_documented_match_of_a_table() -> None:
    """Bug: the recipe of the documentation does not match. A table itself is not a sequence for `case [...]`."""
    match list(table_of(ROWS)):
        case [first, *_]:
            assert first.address == ROWS[0].address
        case _:
            pytest.fail("no match")


def test_table_has_the_methods_of_a_sequence() -> None:
    """Bug: one is missing, or compares by identity."""
    table = table_of([*ROWS, ROWS[1]])
    rows = list(table)
    assert not [name for name in dir(Sequence) if not name.startswith("_") and not hasattr(table, name)]
    assert list(reversed(table)) == rows[::-1]
    assert list(reversed(table[::2])) == rows[::2][::-1]
    assert rows[2] in table
    assert Neighbor("192.0.2.99") not in table
    assert "192.0.2.1" not in table
    assert (table.count(rows[1]), table.count(rows[0]), table.count(7)) == (2, 1, 0)


@pytest.mark.parametrize("limits", [(), (1,), (2,), (-1,), (-9,), (0, 2), (2, -1), (0, 99), (3, 2), (-3, -1)])
@pytest.mark.parametrize("place", [0, 1, 4])
def test_index_is_like_that_of_a_list(place: int, limits: tuple[int, ...]) -> None:
    table = table_of([*ROWS, ROWS[1]])
    rows = list(table)

    def index(where: NeighborTable | list[Neighbor]) -> int | None:
        try:
            return where.index(rows[place], *limits)
        except ValueError:
            return None

    assert index(table) == index(rows)


@pytest.mark.parametrize("step", [1, -2])
def test_pickle_and_copy_keep_the_rows(step: int) -> None:
    """Bug: a copy has rows outside of the slice, or lacks fields or the names of interfaces."""
    table = table_of(ROWS)[::step]
    for duplicate in (pickle.loads(pickle.dumps(table)), copy.copy(table), copy.deepcopy(table)):
        assert type(duplicate) is NeighborTable
        assert duplicate == table
        assert bytes(native_rows(duplicate)) == bytes(native_rows(table))
        assert [row.interface for row in duplicate] == [row.interface for row in table]
