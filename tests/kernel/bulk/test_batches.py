# SPDX-License-Identifier: MIT
"""Entries that are written with one send: each has its own result, and only confirmed writes count as done."""

from __future__ import annotations

import errno
import re
import socket
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import netio
from netio import Neighbor
from netlab.child import call_elsewhere
from netlab.faults import RTM_NEWNEIGH
from netlab.oracle import Seen, seen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from netlab.child import Call
    from netlab.faults import Faults, Injector
    from netlab.wire import Wire

OLD, NEW = "02:00:5e:00:00:07", "02:00:5e:00:00:08"
VERBS = ("create_neighbors", "set_neighbors", "replace_neighbors", "delete_neighbors")

# Selects the sends of several requests; all other requests are sent one by one.
A_BATCH = {"send_requests": 2}


def requests_in_a_batch() -> int:
    """Reads the limit from the C source."""
    source = Path(__file__).parents[3] / "netio" / "native" / "rtnetlink" / "rtnl.h"
    found = re.search(r"^#define RTNL_BATCH_MAX (\d+)$", source.read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


BATCH = requests_in_a_batch()


def ip4_entries(count: int, physical_address: str = OLD, interface: str = "near0") -> list[Neighbor]:
    first = IPv4Address("10.0.0.1")
    return [Neighbor(first + i, physical_address, interface=interface) for i in range(count)]


def ip6_entries(count: int, physical_address: str = OLD, interface: str = "near0") -> list[Neighbor]:
    first = IPv6Address("2001:db8:1::1")
    return [Neighbor(first + i, physical_address, interface=interface) for i in range(count)]


def failed(verb: Callable[..., None], entries: Sequence[Neighbor], **named: bool) -> dict[int, int]:
    """Returns the codes of the entries that fail, by position. Asserts that each error has its own entry."""
    with pytest.raises(ExceptionGroup) as caught:
        verb(entries, **named)
    return codes_of(caught.value, entries)


def codes_of(group: BaseException, entries: Sequence[Neighbor]) -> dict[int, int]:
    assert isinstance(group, ExceptionGroup)
    codes: dict[int, int] = {}
    for error in group.exceptions:
        assert isinstance(error, netio.NetioError)
        assert error.position is not None
        assert error.row == entries[error.position]
        assert error.position not in codes
        codes[error.position] = error.code
    assert group.message == f"{len(codes)} of {len(entries)} rows failed"
    assert list(codes) == sorted(codes)
    return codes


def write_with(faults: Faults, wire: Wire, verb: str, entries: list[Neighbor]) -> Any:  # noqa: ANN401
    """Writes entries in a child process with faults. Returns the result or the error."""
    (result,) = call_elsewhere(wire.near, (), [(verb, (entries,), {})], **faults.environment)
    return result


@pytest.mark.parametrize("make", [ip4_entries, ip6_entries])
def test_one_of_ten_thousand_fails(wire: Wire, make: Callable[..., list[Neighbor]]) -> None:
    """Bug: the failure is given to another entry, or entries after it are not written."""
    entries = make(10_000)
    netio.create_neighbor(entries[7_777].address, NEW, interface="near0")

    assert failed(netio.create_neighbors, entries) == {7_777: 5010}

    expected = {str(entry.address): Seen(OLD) for entry in entries} | {str(entries[7_777].address): Seen(NEW)}
    assert seen(wire.near) == expected
    netio.delete_neighbors(entries)
    assert seen(wire.near) == {}


def test_all_of_ten_thousand_fail(wire: Wire) -> None:
    """Bug: the socket has no room for so many errors, and those that are lost count as successes."""
    entries = ip4_entries(10_000)
    assert failed(netio.set_neighbors, entries) == dict.fromkeys(range(10_000), 1168)
    assert failed(netio.delete_neighbors, entries) == dict.fromkeys(range(10_000), 1168)
    netio.delete_neighbors(entries, missing_ok=True)
    netio.create_neighbors(entries)
    assert failed(netio.create_neighbors, entries) == dict.fromkeys(range(10_000), 5010)
    assert len(wire.near.json("neigh show dev near0 nud permanent")) == 10_000
    netio.delete_neighbors(entries)


@pytest.mark.parametrize("count", [1, 2, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH])
def test_first_and_last_of_a_batch_fail(wire: Wire, count: int) -> None:
    """Bug: the error of the last entry is taken for the acknowledgement of the batch, or that of the first one."""
    entries = ip4_entries(count)
    edges = {position for position in (0, BATCH - 1, BATCH, count - 1) if position < count}
    netio.create_neighbors([entries[position] for position in edges])

    assert failed(netio.create_neighbors, entries) == dict.fromkeys(sorted(edges), 5010)

    assert set(seen(wire.near)) == {str(entry.address) for entry in entries}


def test_successes_and_failures_alternate(wire: Wire) -> None:
    """Bug: replies are counted instead of matched with their requests."""
    entries = [entry for pair in zip(ip4_entries(500), ip6_entries(500), strict=True) for entry in pair]
    netio.create_neighbors(entries[::2])

    assert failed(netio.create_neighbors, entries) == dict.fromkeys(range(0, 1000, 2), 5010)
    netio.delete_neighbors(entries[1::2])
    assert failed(netio.set_neighbors, entries) == dict.fromkeys(range(1, 1000, 2), 1168)
    assert failed(netio.delete_neighbors, entries) == dict.fromkeys(range(1, 1000, 2), 1168)

    assert seen(wire.near) == {}


def test_invalid_entries_between_others(wire: Wire) -> None:
    """Bug: an entry that is never sent shifts the replies to those after it."""
    entries = ip4_entries(300)
    entries[3::7] = [Neighbor("127.0.0.1", OLD, interface="near0")] * len(entries[3::7])
    netio.create_neighbor(entries[299].address, NEW, interface="near0")

    assert failed(netio.create_neighbors, entries) == dict.fromkeys(range(3, 300, 7), 87) | {299: 5010}

    assert len(seen(wire.near)) == 300 - len(entries[3::7])


def test_two_entries_with_one_key(wire: Wire) -> None:
    """Bug: the entries of a batch are checked before any of them is written."""
    first, second = Neighbor("192.0.2.77", OLD, interface="near0"), Neighbor("192.0.2.77", NEW, interface="near0")

    assert failed(netio.create_neighbors, [first, second]) == {1: 5010}
    assert seen(wire.near) == {"192.0.2.77": Seen(OLD)}
    netio.set_neighbors([first, second])
    assert seen(wire.near) == {"192.0.2.77": Seen(NEW)}
    netio.replace_neighbors([second, first])
    assert seen(wire.near) == {"192.0.2.77": Seen(OLD)}
    assert failed(netio.delete_neighbors, [first, second]) == {1: 1168}
    assert seen(wire.near) == {}


def test_each_entry_keeps_its_router_flag(wire: Wire) -> None:
    """Bug: the flag of one entry is written to another."""
    entries = [entry for pair in zip(ip6_entries(100, NEW), ip4_entries(100, NEW), strict=True) for entry in pair]
    flagged = {str(entry.address) for entry in entries[::6]}
    wire.near.ip(
        *(
            f"neigh add {entry.address} lladdr {OLD} dev near0 nud stale {'router' * (str(entry.address) in flagged)}"
            for entry in entries
            if entry != entries[100]
        )
    )

    assert failed(netio.set_neighbors, entries) == {100: 1168}

    assert seen(wire.near) == {
        str(entry.address): Seen(NEW, router=str(entry.address) in flagged)
        for entry in entries
        if entry != entries[100]
    }


def test_interfaces_alternate(wire: Wire) -> None:
    """Bug: an entry is written to the interface of the entry before it."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    pairs = zip(ip4_entries(200), ip4_entries(200, NEW, "near1"), strict=True)
    entries = [entry for pair in pairs for entry in pair]

    netio.create_neighbors(entries)

    assert seen(wire.near) == {str(entry.address): Seen(OLD) for entry in entries[::2]}
    assert seen(wire.near, "near1") == {str(entry.address): Seen(NEW) for entry in entries[1::2]}


@pytest.mark.parametrize("verb", VERBS)
def test_interface_removed_between_batches(wire: Wire, inject: Injector, verb: str) -> None:
    """Bug: entries of a removed interface count as written, or those of other interfaces after them are not tried."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    entries = [*ip4_entries(3 * BATCH, interface="near1"), *ip4_entries(300)]
    if verb in ("set_neighbors", "delete_neighbors"):
        netio.create_neighbors(entries)

    with inject(run_before_send="ip link del near1", **A_BATCH, send_turn=3) as faults:
        group = write_with(faults, wire, verb, entries)

    assert codes_of(group, entries) == dict.fromkeys(range(2 * BATCH, 3 * BATCH), 1168)
    assert {type(error) for error in group.exceptions} == {netio.InterfaceNotFoundError}
    assert len(seen(wire.near)) == (0 if verb == "delete_neighbors" else 300)


@pytest.mark.parametrize("make", [ip4_entries, ip6_entries])
@pytest.mark.parametrize("verb", ["create_neighbors", "replace_neighbors", "delete_neighbors"])
def test_entries_are_reread_after_lost_replies(
    wire: Wire, inject: Injector, verb: str, make: Callable[..., list[Neighbor]]
) -> None:
    """Bug: requests without a reply are repeated, so that a success becomes ERROR_OBJECT_ALREADY_EXISTS."""
    entries = make(3 * BATCH)
    present = [*range(10), *range(BATCH, BATCH + 10)]
    if verb == "delete_neighbors":
        netio.create_neighbors(entries)
    else:
        netio.create_neighbors([Neighbor(entries[i].address, NEW, interface="near0") for i in present])

    with inject(lose="replies", **A_BATCH, send_turn=2) as faults:
        result = write_with(faults, wire, verb, entries)

    if verb == "create_neighbors":
        assert codes_of(result, entries) == dict.fromkeys(present, 5010)
    else:
        assert result is None
    written = {str(entry.address): Seen(OLD) for entry in entries}
    if verb == "create_neighbors":
        written.update((str(entries[i].address), Seen(NEW)) for i in present)
    assert seen(wire.near) == ({} if verb == "delete_neighbors" else written)


@pytest.mark.parametrize("lose", ["replies", "overrun"])
def test_entries_are_reread_after_lost_replies_to_set(wire: Wire, inject: Injector, lose: str) -> None:
    """Bug: an absent entry counts as set, or netio waits for replies that an overrun has dropped."""
    entries = ip4_entries(3 * BATCH, NEW)
    netio.create_neighbors(ip4_entries(3 * BATCH)[: 2 * BATCH - 5])

    with inject(lose=lose, **A_BATCH, send_turn=2) as faults:
        result = write_with(faults, wire, "set_neighbors", entries)

    assert codes_of(result, entries) == dict.fromkeys(range(2 * BATCH - 5, 3 * BATCH), 1168)
    assert seen(wire.near) == {str(entry.address): Seen(NEW) for entry in entries[: 2 * BATCH - 5]}


@pytest.mark.parametrize("verb", VERBS)
def test_lost_requests_do_not_count_as_done(wire: Wire, inject: Injector, verb: str) -> None:
    """Bug: an unconfirmed write is reported as done."""
    entries = ip4_entries(3 * BATCH, NEW)
    if verb != "create_neighbors":
        netio.create_neighbors(ip4_entries(3 * BATCH))

    with inject(lose="requests", **A_BATCH, send_turn=2) as faults:
        result = write_with(faults, wire, verb, entries)

    assert len(codes_of(result, entries)) == BATCH
    assert {(error.position // BATCH, error.errno) for error in result.exceptions} == {(1, errno.ETIMEDOUT)}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("make", [ip4_entries, ip6_entries])
def test_call_waits_once_for_lost_replies(
    wire: Wire, inject: Injector, verb: str, make: Callable[..., list[Neighbor]]
) -> None:
    """Bug: a kernel that loses every reply delays the call by two seconds for each batch, and for each row again."""
    entries = make(2 * BATCH, NEW)

    with inject(lose="replies", send_turn=0) as faults:
        result = write_with(faults, wire, verb, entries)

    assert {error.errno for error in result.exceptions} == {errno.ETIMEDOUT}
    assert len(codes_of(result, entries)) == len(entries)


@pytest.mark.parametrize("requests", [1, 2])
def test_other_messages_do_not_extend_the_wait_for_a_reply(wire: Wire, inject: Injector, requests: int) -> None:
    """Bug: the reader waits for ever, since each message restarts the time. The runner ends it after 50 seconds."""
    entries = ip4_entries(requests)

    with inject(lose="flood", send_type=RTM_NEWNEIGH, send_requests=requests) as faults:
        result = write_with(faults, wire, "create_neighbors", entries)

    assert result is None
    assert seen(wire.near) == {str(entry.address): Seen(OLD) for entry in entries}


@pytest.mark.parametrize("make", [ip4_entries, ip6_entries])
def test_batches_fit_into_a_small_send_buffer(
    wire: Wire, inject: Injector, make: Callable[..., list[Neighbor]]
) -> None:
    """Bug: a batch is larger than the send buffer, so that the kernel rejects all of it with EMSGSIZE."""
    entries = make(2 * BATCH)
    calls: list[Call] = [("create_neighbors", (entries,), {}), ("set_neighbors", (make(2 * BATCH, NEW),), {})]

    with inject(small_send_buffers=int(socket.AF_NETLINK)) as faults:
        results = call_elsewhere(wire.near, (), calls, **faults.environment)

    assert results == [None, None]
    assert seen(wire.near) == {str(entry.address): Seen(NEW) for entry in entries}


def test_flush_of_many_entries(wire: Wire) -> None:
    """Bug: a flush that removes in batches misses entries, or removes permanent ones between them."""
    entries = [*ip4_entries(150), *ip6_entries(150)]
    permanent = entries[::3]
    netio.create_neighbors(permanent)
    wire.near.ip(*(f"neigh add {e.address} lladdr {OLD} dev near0 nud stale" for e in entries if e not in permanent))

    netio.flush_neighbors(interface="near0")

    assert seen(wire.near) == {str(entry.address): Seen(OLD) for entry in permanent}
