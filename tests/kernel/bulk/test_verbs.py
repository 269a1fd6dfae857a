# SPDX-License-Identifier: MIT
"""Many entries in one call: each is tried, in order, and each error names its entry."""

from __future__ import annotations

import errno
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

import netio
from netio import Neighbor
from netio._interfaces import CHUNK
from netlab.child import call_elsewhere, environment, python
from netlab.faults import RTM_NEWLINK
from netlab.oracle import Seen, seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from conftest import Caller
    from netlab.faults import Injector
    from netlab.wire import Wire

OLD, NEW = "02:00:5e:00:00:07", "02:00:5e:00:00:08"
ADDRESSES = ["192.0.2.77", "2001:db8::77", "fe80::77", "192.0.2.78", "2001:db8::78"]


def entries(physical_address: str = OLD) -> list[Neighbor]:
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
    """Bug: the values of two entries of one call are exchanged."""
    given = [Neighbor(a, bytes([2, 0, 0, 0, 9, i]), interface="near0") for i, a in enumerate(ADDRESSES)]

    netio.create_neighbors(given)

    assert seen(wire.near) == {a: Seen(f"02:00:00:00:09:{i:02x}") for i, a in enumerate(ADDRESSES)}


def test_set(wire: Wire) -> None:
    """Bug: the bulk verb does not do the same as the verb for one entry."""
    netio.create_neighbors(entries(OLD))

    netio.set_neighbors(entries(NEW))

    assert seen(wire.near) == dict.fromkeys(ADDRESSES, Seen(NEW))


def test_replace(wire: Wire) -> None:
    """Bug: a call cannot mix present and absent entries."""
    netio.create_neighbors(entries(OLD)[::2])

    netio.replace_neighbors(entries(NEW))

    assert seen(wire.near) == dict.fromkeys(ADDRESSES, Seen(NEW))


def test_delete(wire: Wire) -> None:
    """Bug: other entries than the given ones are deleted."""
    netio.create_neighbors(entries())

    netio.delete_neighbors(entries()[1:])

    assert set(seen(wire.near)) == {ADDRESSES[0]}


def test_errors_name_their_entries(wire: Wire) -> None:
    """Bug: the call ends at the first failure, or an error has the position of another entry."""
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
    mixed = [entry for pair in zip(wrong, [*entries(), Neighbor("192.0.2.99", OLD)], strict=True) for entry in pair]

    group = failures(netio.create_neighbors, mixed)

    assert group.message == "6 of 12 rows failed"
    errors = members(group)
    assert [error.position for error in errors] == [0, 2, 4, 6, 8, 10]
    assert [error.row for error in errors] == wrong
    assert [error.code for error in errors] == [5010, 87, 1168, 87, 1231, 87]
    assert {error.operation for error in errors} == {"CreateIpNetEntry2"}
    assert seen(wire.near) == dict.fromkeys([*ADDRESSES, "192.0.2.90", "192.0.2.99"], Seen(OLD))


def test_delete_missing_ok(wire: Wire) -> None:
    """Bug: missing_ok hides other failures, or the call stops at the first absent entry."""
    netio.create_neighbors(entries()[3:])
    given = [*entries(), Neighbor("192.0.2.91", interface="near9")]

    group = failures(netio.delete_neighbors, given, missing_ok=True)

    (error,) = group.exceptions
    assert isinstance(error, netio.InterfaceNotFoundError)
    assert error.position == 5
    assert seen(wire.near) == {}


def test_delete_absent_entries(wire: Wire) -> None:
    """Bug: ERROR_NOT_FOUND (1168) for an absent entry is taken for a missing interface."""
    netio.create_neighbors(entries()[:2])

    group = failures(netio.delete_neighbors, entries())

    assert [type(error) for error in group.exceptions] == [netio.NeighborNotFoundError] * 3
    assert seen(wire.near) == {}


def test_item_of_wrong_type_changes_nothing(wire: Wire) -> None:
    """Bug: entries before an item that is not a Neighbor are written."""
    given: list[object] = [*entries(), ("192.0.2.90", OLD)]

    for verb in (netio.create_neighbors, netio.set_neighbors, netio.replace_neighbors, netio.delete_neighbors):
        with pytest.raises(TypeError, match=r"rows\[5\] .* tuple"):
            verb(given)  # type: ignore[arg-type]

    assert seen(wire.near) == {}


def test_iterable_is_read_before_any_write(wire: Wire) -> None:
    """Bug: entries are written although the iterable may still raise."""

    def breaking() -> Iterator[Neighbor]:
        yield from entries()
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        netio.create_neighbors(breaking())

    assert seen(wire.near) == {}


def test_no_entries(wire: Wire) -> None:
    """Bug: an empty iterable is an error, or needs privileges."""
    for verb in (netio.create_neighbors, netio.set_neighbors, netio.replace_neighbors, netio.delete_neighbors):
        verb([])
        verb(netio.list_neighbors(interface="lo"))

    assert seen(wire.near) == {}


def test_table_as_input(wire: Wire) -> None:
    """Bug: a table, or a slice of one with a step, is written as other entries than it contains."""
    netio.create_neighbors(entries())
    table = netio.list_neighbors(interface="near0")
    places = [place for place, entry in enumerate(table) if not entry.address.is_multicast]
    assert len(places) == len(ADDRESSES)

    group = failures(netio.create_neighbors, table)
    assert {error.code for error in members(group)} == {5010}

    netio.delete_neighbors(table[::-2])
    deleted = {str(entry.address).partition("%")[0] for entry in list(table)[::-2]}
    assert set(seen(wire.near)) == set(ADDRESSES) - deleted

    netio.delete_neighbors(table, missing_ok=True)
    assert seen(wire.near) == {}


def test_state_of_an_entry_is_ignored(wire: Wire) -> None:
    """Bug: an entry that was read as STALE is written as STALE, and the kernel removes it later."""
    wire.near.ip(f"neigh add 192.0.2.77 lladdr {OLD} dev near0 nud stale")
    entry = netio.get_neighbor("192.0.2.77", interface="near0")
    netio.delete_neighbor("192.0.2.77", interface="near0")

    netio.create_neighbors([entry])

    assert seen(wire.near) == {"192.0.2.77": Seen(OLD)}


def test_more_entries_than_one_call_of_c_takes(wire: Wire) -> None:
    """Bug: entries after the first chunk are lost or get the results of others."""
    first = IPv4Address("10.0.0.1")
    given = [Neighbor(first + i, OLD, interface="near0") for i in range(CHUNK + 10)]
    given[CHUNK + 5] = given[7]

    group = failures(netio.create_neighbors, given)

    (error,) = group.exceptions
    assert isinstance(error, netio.NeighborExistsError)
    assert error.position == CHUNK + 5
    assert len(netio.list_neighbors(2, interface="near0")) == CHUNK + 9
    assert len(wire.near.json("neigh show dev near0 nud permanent")) == CHUNK + 9
    netio.delete_neighbors(given, missing_ok=True)
    assert seen(wire.near) == {}


@pytest.mark.usefixtures("wire")
def test_entries_without_interface_among_many() -> None:
    """Bug: the interface of the route, or the error that no route exists, is given to another entry."""
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
    """Bug: an invalid entry is reported as a lack of privileges, or a valid one with another error."""
    given = [*entries(), Neighbor("127.0.0.1", NEW, interface="near0"), Neighbor("192.0.2.91", NEW, interface="near9")]

    for verb in ("create_neighbors", "set_neighbors", "replace_neighbors", "delete_neighbors"):
        loopback = 5 if verb == "delete_neighbors" else 87  # there may be an entry to delete
        with pytest.raises(ExceptionGroup) as caught:
            unprivileged(verb, given)
        assert [error.code for error in members(caught.value)] == [5, 5, 5, 5, 5, loopback, 1168]

    assert seen(wire.near) == {}


# The error of a bulk call on a table is part of a reference cycle, which the garbage collection frees.
ERRORS_IN_CYCLES = """
import gc, netio
table = netio.list_neighbors()
netio.delete_neighbors(table, missing_ok=True)
for _ in range(20):
    try:
        netio.delete_neighbors(table)
    except ExceptionGroup as error:
        error.cycle = error
    gc.collect()
print("collected")
"""


def test_errors_of_a_table_are_collected(wire: Wire) -> None:
    """Bug: the traceback of the error holds the exported memory of the table, and garbage collection crashes."""
    netio.create_neighbors(entries())

    output = wire.near.run("env", f"PYTHONPATH={environment()['PYTHONPATH']}", *python(ERRORS_IN_CYCLES))

    assert output == "collected\n"


@pytest.mark.parametrize("others", [1, 100])
def test_failed_look_up_of_an_interface_is_an_error_of_its_rows(wire: Wire, inject: Injector, others: int) -> None:
    """Bug: a bare NetioError ends the call, or only the first row of the interface has the error."""
    wire.near.ip("link property add dev near0 altname another-name-of-near0")
    found = [Neighbor("192.0.2.77", OLD, interface="near0")]
    missed = [Neighbor(IPv4Address("10.0.0.1") + n, OLD, interface="another-name-of-near0") for n in range(others)]
    given = [*found, *missed, Neighbor("fe80::77%another-name-of-near0", OLD), *missed[:1]]

    with inject(wrong_replies="ack", reply_type=RTM_NEWLINK) as faults:
        (group,) = call_elsewhere(wire.near, [], [("create_neighbors", (given,), {})], **faults.environment)

    assert [(error.position, error.errno) for error in members(group)] == [
        (position, errno.EBADMSG) for position in range(1, len(given))
    ]
    assert set(seen(wire.near)) == {"192.0.2.77"}
