# SPDX-License-Identifier: MIT
"""Many rows in one call: each is tried, in order, and each failure tells which row it is about."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

import netio
from netio import Neighbor
from netlab.oracle import Seen, seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from conftest import Caller
    from netlab.wire import Wire

OLD, NEW = "02:00:5e:00:00:07", "02:00:5e:00:00:08"
ADDRESSES = ["192.0.2.77", "2001:db8::77", "fe80::77", "192.0.2.78", "2001:db8::78"]


def rows(physical_address: str = OLD) -> list[Neighbor]:
    return [Neighbor(address, physical_address, interface="near0") for address in ADDRESSES]


def failures(verb: Callable[..., None], given: Iterable[Neighbor], **named: bool) -> ExceptionGroup[netio.NetioError]:
    with pytest.raises(ExceptionGroup) as caught:
        verb(given, **named)
    return caught.value


def members(group: ExceptionGroup[Exception]) -> list[netio.NetioError]:
    errors = [error for error in group.exceptions if isinstance(error, netio.NetioError)]
    assert len(errors) == len(group.exceptions)
    return errors


def test_create(wire: Wire) -> None:
    """Bug: rows of one call get each other's values."""
    given = [Neighbor(a, bytes([2, 0, 0, 0, 9, i]), interface="near0") for i, a in enumerate(ADDRESSES)]

    netio.create_neighbors(given)

    assert seen(wire.near) == {a: Seen(f"02:00:00:00:09:{i:02x}") for i, a in enumerate(ADDRESSES)}


def test_set(wire: Wire) -> None:
    """Bug: the many-row form does not do what the one-row form does."""
    netio.create_neighbors(rows(OLD))

    netio.set_neighbors(rows(NEW))

    assert seen(wire.near) == dict.fromkeys(ADDRESSES, Seen(NEW))


def test_replace(wire: Wire) -> None:
    """Bug: rows that are there and rows that are not cannot be mixed."""
    netio.create_neighbors(rows(OLD)[::2])

    netio.replace_neighbors(rows(NEW))

    assert seen(wire.near) == dict.fromkeys(ADDRESSES, Seen(NEW))


def test_delete(wire: Wire) -> None:
    """Bug: more is deleted than was asked for."""
    netio.create_neighbors(rows())

    netio.delete_neighbors(rows()[1:])

    assert set(seen(wire.near)) == {ADDRESSES[0]}


def test_failures_tell_their_rows(wire: Wire) -> None:
    """Bug: the call ends at the first failure, or a failure carries another row's position."""
    present = Neighbor("192.0.2.90", OLD, interface="near0")
    netio.create_neighbor("192.0.2.90", OLD, interface="near0")
    wrong = [
        present,
        Neighbor("127.0.0.1", NEW, interface="near0"),
        Neighbor("192.0.2.91", NEW, interface="near9"),
        Neighbor("192.0.2.92", NEW[:11], interface="near0"),
        Neighbor("203.0.113.1", NEW),
        Neighbor("fe80::93%near0", NEW, interface="lo"),
    ]
    mixed = [row for pair in zip(wrong, [*rows(), Neighbor("192.0.2.99", OLD)], strict=True) for row in pair]

    group = failures(netio.create_neighbors, mixed)

    assert group.message == "6 of 12 rows failed"
    errors = members(group)
    assert [error.position for error in errors] == [0, 2, 4, 6, 8, 10]
    assert [error.row for error in errors] == wrong
    assert [error.code for error in errors] == [5010, 87, 1168, 87, 1231, 87]
    assert {error.operation for error in errors} == {"CreateIpNetEntry2"}
    assert seen(wire.near) == dict.fromkeys([*ADDRESSES, "192.0.2.90", "192.0.2.99"], Seen(OLD))


def test_delete_missing_ok(wire: Wire) -> None:
    """Bug: missing_ok hides other failures, or stops at the first row that is absent."""
    netio.create_neighbors(rows()[3:])
    given = [*rows(), Neighbor("192.0.2.91", interface="near9")]

    group = failures(netio.delete_neighbors, given, missing_ok=True)

    (error,) = group.exceptions
    assert isinstance(error, netio.InterfaceNotFoundError)
    assert error.position == 5
    assert seen(wire.near) == {}


def test_delete_absent(wire: Wire) -> None:
    """Bug: 1168 for an absent row is taken for a missing interface."""
    netio.create_neighbors(rows()[:2])

    group = failures(netio.delete_neighbors, rows())

    assert [type(error) for error in group.exceptions] == [netio.NeighborNotFoundError] * 3
    assert seen(wire.near) == {}


def test_a_wrong_item_changes_nothing(wire: Wire) -> None:
    """Bug: rows before an item that is no row are written already."""
    given: list[object] = [*rows(), ("192.0.2.90", OLD)]

    for verb in (netio.create_neighbors, netio.set_neighbors, netio.replace_neighbors, netio.delete_neighbors):
        with pytest.raises(TypeError, match=r"item 5 .* tuple"):
            verb(given)  # type: ignore[arg-type]

    assert seen(wire.near) == {}


def test_an_iterable_is_read_to_its_end_first(wire: Wire) -> None:
    """Bug: rows are written while the iterable may still raise."""

    def breaking() -> Iterator[Neighbor]:
        yield from rows()
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        netio.create_neighbors(breaking())

    assert seen(wire.near) == {}


def test_nothing(wire: Wire) -> None:
    """Bug: an empty iterable is an error, or takes rights."""
    for verb in (netio.create_neighbors, netio.set_neighbors, netio.replace_neighbors, netio.delete_neighbors):
        verb([])
        verb(netio.list_neighbors(interface="lo"))

    assert seen(wire.near) == {}


def test_a_table_as_input(wire: Wire) -> None:
    """Bug: a table, or a slice of one with steps, goes down as other rows than it shows."""
    netio.create_neighbors(rows())
    table = netio.list_neighbors(interface="near0")
    places = [place for place, row in enumerate(table) if not row.address.is_multicast]
    assert len(places) == len(ADDRESSES)

    group = failures(netio.create_neighbors, table)
    assert {error.code for error in members(group)} == {5010}

    netio.delete_neighbors(table[::-2])
    deleted = {str(row.address).partition("%")[0] for row in list(table)[::-2]}
    assert set(seen(wire.near)) == set(ADDRESSES) - deleted

    netio.delete_neighbors(table, missing_ok=True)
    assert seen(wire.near) == {}


def test_state_of_a_row_is_not_read(wire: Wire) -> None:
    """Bug: a row read as STALE is written as STALE, and forgotten."""
    wire.near.ip(f"neigh add 192.0.2.77 lladdr {OLD} dev near0 nud stale")
    row = netio.get_neighbor("192.0.2.77", interface="near0")
    netio.delete_neighbor("192.0.2.77", interface="near0")

    netio.create_neighbors([row])

    assert seen(wire.near) == {"192.0.2.77": Seen(OLD)}


def test_more_rows_than_go_down_at_once(wire: Wire) -> None:
    """Bug: rows behind the first 30,000, which go down in one piece, are lost or get others' results."""
    first = IPv4Address("10.0.0.1")
    given = [Neighbor(first + i, OLD, interface="near0") for i in range(30_010)]
    given[30_005] = given[7]

    group = failures(netio.create_neighbors, given)

    (error,) = group.exceptions
    assert isinstance(error, netio.NeighborExistsError)
    assert error.position == 30_005
    assert len(netio.list_neighbors(2, interface="near0")) == 30_009
    assert len(wire.near.json("neigh show dev near0 nud permanent")) == 30_009
    netio.delete_neighbors(given, missing_ok=True)
    assert seen(wire.near) == {}


@pytest.mark.usefixtures("wire")
def test_rows_without_an_interface_among_many() -> None:
    """Bug: the interface that the routes name, or that they name none, is told to another row."""
    given = [Neighbor(IPv4Address("10.0.0.1") + i, OLD, interface="near0") for i in range(9000)]
    given[5000], given[8500] = Neighbor("192.0.2.77", OLD), Neighbor("203.0.113.1", OLD)

    group = failures(netio.create_neighbors, given)

    (error,) = group.exceptions
    assert isinstance(error, netio.UnreachableError)
    assert (error.position, error.row) == (8500, given[8500])
    assert len(netio.list_neighbors(2, interface="near0")) == 8999
    assert netio.get_neighbor("192.0.2.77").interface == "near0"
    netio.delete_neighbors(given[:8500] + given[8501:])


def test_unprivileged(wire: Wire, unprivileged: Caller) -> None:
    """Bug: a row that is wrong for everyone is reported as one without rights; the rest as something else."""
    given = [*rows(), Neighbor("127.0.0.1", NEW, interface="near0"), Neighbor("192.0.2.91", NEW, interface="near9")]

    for verb in ("create_neighbors", "set_neighbors", "replace_neighbors", "delete_neighbors"):
        with pytest.raises(ExceptionGroup) as caught:
            unprivileged(verb, given)
        assert [error.code for error in members(caught.value)] == [5, 5, 5, 5, 5, 87, 1168]

    assert seen(wire.near) == {}
