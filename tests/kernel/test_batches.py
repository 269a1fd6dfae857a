# SPDX-License-Identifier: MIT
"""Rows share sends: each has its own result all the same, and nothing counts as done that is not."""

from __future__ import annotations

import errno
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

import pytest

import netio
from netio import Neighbor
from netlab.child import call_elsewhere
from netlab.oracle import Seen, seen
from netlab.preload import library

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from netlab.wire import Wire

OLD, NEW = "02:00:5e:00:00:07", "02:00:5e:00:00:08"
BATCH = 128
VERBS = ("create_neighbors", "set_neighbors", "replace_neighbors", "delete_neighbors")

# The second send of many requests goes out, but its answers are lost on the way, or (NOTHING_SENT) is lost itself. With
# OVERRUN the socket tells of that, and nobody may wait for them.
LOSSY = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

static int sends, deaf, told;

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    ssize_t (*real)(int, const void *, size_t, int);

    *(void **)&real = dlsym(RTLD_NEXT, "send");
    told = 0;
    if (size > 400 && ++sends == 2) {
        deaf = 1;
#ifdef NOTHING_SENT
        return size;
#endif
    }
    return real(fd, data, size, flags);
}

ssize_t recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *length)
{
    ssize_t (*real)(int, void *, size_t, int, struct sockaddr *, socklen_t *);

    *(void **)&real = dlsym(RTLD_NEXT, "recvfrom");
    if (!deaf)
        return real(fd, data, size, flags, from, length);
    while (real(fd, data, size, flags, from, length) >= 0)
        ;
    errno = EAGAIN;
#ifdef OVERRUN
    deaf = !told;
    errno = told ? EAGAIN : ENOBUFS;
    told = 1;
#endif
    return -1;
}

int poll(struct pollfd *wait, nfds_t count, int milliseconds)
{
    int (*real)(struct pollfd *, nfds_t, int);

    *(void **)&real = dlsym(RTLD_NEXT, "poll");
    if (told)
        abort();
    if (!deaf)
        return real(wait, count, milliseconds);
    deaf = 0;
    return 0;
}
"""

# The link goes before the third send of many requests.
LINK_GOES = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/socket.h>

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    static int sends;
    ssize_t (*real)(int, const void *, size_t, int);

    *(void **)&real = dlsym(RTLD_NEXT, "send");
    if (size > 400 && ++sends == 3 && system("unset LD_PRELOAD; ip link del near1") != 0)
        abort();
    return real(fd, data, size, flags);
}
"""


def ip4_rows(count: int, physical_address: str = OLD, link: str = "near0") -> list[Neighbor]:
    first = IPv4Address("10.0.0.1")
    return [Neighbor(first + i, physical_address, interface=link) for i in range(count)]


def ip6_rows(count: int, physical_address: str = OLD, link: str = "near0") -> list[Neighbor]:
    first = IPv6Address("2001:db8:1::1")
    return [Neighbor(first + i, physical_address, interface=link) for i in range(count)]


def failed(verb: Callable[..., None], rows: Sequence[Neighbor], **named: bool) -> dict[int, int]:
    """The codes of the rows that fail, by position; each error carries its own row."""
    with pytest.raises(ExceptionGroup) as caught:
        verb(rows, **named)
    return codes_of(caught.value, rows)


def codes_of(group: BaseException, rows: Sequence[Neighbor]) -> dict[int, int]:
    assert isinstance(group, ExceptionGroup)
    codes: dict[int, int] = {}
    for error in group.exceptions:
        assert isinstance(error, netio.NetioError)
        assert error.position is not None
        assert error.row == rows[error.position]
        assert error.position not in codes
        codes[error.position] = error.code
    assert group.message == f"{len(codes)} of {len(rows)} rows failed"
    assert list(codes) == sorted(codes)
    return codes


def elsewhere(wire: Wire, preload: str, verb: str, rows: list[Neighbor]) -> Any:  # noqa: ANN401
    (result,) = call_elsewhere(wire.near, (), [(verb, (rows,), {})], LD_PRELOAD=preload)
    return result


@pytest.mark.parametrize("make", [ip4_rows, ip6_rows])
def test_one_row_fails_among_ten_thousand(wire: Wire, make: Callable[..., list[Neighbor]]) -> None:
    """Bug: the failure is given to another row, or rows behind it are not written."""
    rows = make(10_000)
    netio.create_neighbor(rows[7_777].address, NEW, interface="near0")

    assert failed(netio.create_neighbors, rows) == {7_777: 5010}

    expected = {str(row.address): Seen(OLD) for row in rows} | {str(rows[7_777].address): Seen(NEW)}
    assert seen(wire.near) == expected
    netio.delete_neighbors(rows)
    assert seen(wire.near) == {}


def test_all_of_ten_thousand_fail(wire: Wire) -> None:
    """Bug: more failures than the socket has room for, so that some are lost and count as successes."""
    rows = ip4_rows(10_000)
    assert failed(netio.set_neighbors, rows) == dict.fromkeys(range(10_000), 1168)
    assert failed(netio.delete_neighbors, rows) == dict.fromkeys(range(10_000), 1168)
    netio.delete_neighbors(rows, missing_ok=True)
    netio.create_neighbors(rows)
    assert failed(netio.create_neighbors, rows) == dict.fromkeys(range(10_000), 5010)
    assert len(wire.near.json("neigh show dev near0 nud permanent")) == 10_000
    netio.delete_neighbors(rows)


@pytest.mark.parametrize("count", [1, 2, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH])
def test_first_and_last_of_a_batch_fail(wire: Wire, count: int) -> None:
    """Bug: the last row's failure is taken for the acknowledgement that ends the batch, or the first one's for it."""
    rows = ip4_rows(count)
    edges = {position for position in (0, BATCH - 1, BATCH, count - 1) if position < count}
    netio.create_neighbors([rows[position] for position in edges])

    assert failed(netio.create_neighbors, rows) == dict.fromkeys(sorted(edges), 5010)

    assert set(seen(wire.near)) == {str(row.address) for row in rows}


def test_success_and_failure_alternate(wire: Wire) -> None:
    """Bug: answers are counted instead of matched."""
    rows = [row for pair in zip(ip4_rows(500), ip6_rows(500), strict=True) for row in pair]
    netio.create_neighbors(rows[::2])

    assert failed(netio.create_neighbors, rows) == dict.fromkeys(range(0, 1000, 2), 5010)
    netio.delete_neighbors(rows[1::2])
    assert failed(netio.set_neighbors, rows) == dict.fromkeys(range(1, 1000, 2), 1168)
    assert failed(netio.delete_neighbors, rows) == dict.fromkeys(range(1, 1000, 2), 1168)

    assert seen(wire.near) == {}


def test_refused_rows_between_others(wire: Wire) -> None:
    """Bug: a row that never goes down moves the answers of those behind it."""
    rows = ip4_rows(300)
    rows[3::7] = [Neighbor("127.0.0.1", OLD, interface="near0")] * len(rows[3::7])
    netio.create_neighbor(rows[299].address, NEW, interface="near0")

    assert failed(netio.create_neighbors, rows) == dict.fromkeys(range(3, 300, 7), 87) | {299: 5010}

    assert len(seen(wire.near)) == 300 - len(rows[3::7])


def test_two_rows_for_one_key(wire: Wire) -> None:
    """Bug: rows of one batch are judged before any of them is written."""
    first, second = Neighbor("192.0.2.77", OLD, interface="near0"), Neighbor("192.0.2.77", NEW, interface="near0")

    assert failed(netio.create_neighbors, [first, second]) == {1: 5010}
    assert seen(wire.near) == {"192.0.2.77": Seen(OLD)}
    netio.set_neighbors([first, second])
    assert seen(wire.near) == {"192.0.2.77": Seen(NEW)}
    netio.replace_neighbors([second, first])
    assert seen(wire.near) == {"192.0.2.77": Seen(OLD)}
    assert failed(netio.delete_neighbors, [first, second]) == {1: 1168}
    assert seen(wire.near) == {}


def test_each_row_keeps_its_own_router_flag(wire: Wire) -> None:
    """Bug: the flag that was read for one row is written to another."""
    rows = [row for pair in zip(ip6_rows(100, NEW), ip4_rows(100, NEW), strict=True) for row in pair]
    flagged = {str(row.address) for row in rows[::6]}
    wire.near.ip(
        *(
            f"neigh add {row.address} lladdr {OLD} dev near0 nud stale {'router' * (str(row.address) in flagged)}"
            for row in rows
            if row != rows[100]
        )
    )

    assert failed(netio.set_neighbors, rows) == {100: 1168}

    assert seen(wire.near) == {
        str(row.address): Seen(NEW, router=str(row.address) in flagged) for row in rows if row != rows[100]
    }


def test_links_by_turns(wire: Wire) -> None:
    """Bug: a row goes to the link of the row before it."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    rows = [row for pair in zip(ip4_rows(200), ip4_rows(200, NEW, "near1"), strict=True) for row in pair]

    netio.create_neighbors(rows)

    assert seen(wire.near) == {str(row.address): Seen(OLD) for row in rows[::2]}
    assert seen(wire.near, "near1") == {str(row.address): Seen(NEW) for row in rows[1::2]}


@pytest.mark.parametrize("verb", VERBS)
def test_the_link_goes_in_the_middle(wire: Wire, tmp_path: Path, verb: str) -> None:
    """Bug: rows of a link that went count as written, or those of other links behind them are not tried."""
    wire.lay("near1", "02:00:00:00:01:01", "far1", "02:00:00:00:01:02")
    rows = [*ip4_rows(3 * BATCH, link="near1"), *ip4_rows(300)]
    if verb in ("set_neighbors", "delete_neighbors"):
        netio.create_neighbors(rows)

    group = elsewhere(wire, library(tmp_path, LINK_GOES), verb, rows)

    assert codes_of(group, rows) == dict.fromkeys(range(2 * BATCH, 3 * BATCH), 1168)
    assert {type(error) for error in group.exceptions} == {netio.InterfaceNotFoundError}
    assert len(seen(wire.near)) == (0 if verb == "delete_neighbors" else 300)


@pytest.mark.parametrize("make", [ip4_rows, ip6_rows])
@pytest.mark.parametrize("verb", ["create_neighbors", "replace_neighbors", "delete_neighbors"])
def test_lost_answers_are_looked_up(wire: Wire, tmp_path: Path, verb: str, make: Callable[..., list[Neighbor]]) -> None:
    """Bug: rows without an answer are written once more, so that a success becomes 5010 or 1168."""
    rows = make(3 * BATCH)
    there = [*range(10), *range(BATCH, BATCH + 10)]
    if verb == "delete_neighbors":
        netio.create_neighbors(rows)
    else:
        netio.create_neighbors([Neighbor(rows[i].address, NEW, interface="near0") for i in there])

    result = elsewhere(wire, library(tmp_path, LOSSY), verb, rows)

    if verb == "create_neighbors":
        assert codes_of(result, rows) == dict.fromkeys(there, 5010)
    else:
        assert result is None
    written = {str(row.address): Seen(OLD) for row in rows}
    if verb == "create_neighbors":
        written.update((str(rows[i].address), Seen(NEW)) for i in there)
    assert seen(wire.near) == ({} if verb == "delete_neighbors" else written)


@pytest.mark.parametrize("flags", [[], ["-DOVERRUN"]], ids=["silence", "overrun"])
def test_lost_answers_of_set_are_looked_up(wire: Wire, tmp_path: Path, flags: list[str]) -> None:
    """Bug: an absent row counts as set, or what cannot come is waited for."""
    rows = ip4_rows(3 * BATCH, NEW)
    netio.create_neighbors(ip4_rows(3 * BATCH)[: 2 * BATCH - 5])

    result = elsewhere(wire, library(tmp_path, LOSSY, *flags), "set_neighbors", rows)

    assert codes_of(result, rows) == dict.fromkeys(range(2 * BATCH - 5, 3 * BATCH), 1168)
    assert seen(wire.near) == {str(row.address): Seen(NEW) for row in rows[: 2 * BATCH - 5]}


@pytest.mark.parametrize("verb", VERBS)
def test_lost_requests_do_not_count_as_done(wire: Wire, tmp_path: Path, verb: str) -> None:
    """Bug: what nobody confirmed is reported as done."""
    rows = ip4_rows(3 * BATCH, NEW)
    if verb != "create_neighbors":
        netio.create_neighbors(ip4_rows(3 * BATCH))

    result = elsewhere(wire, library(tmp_path, LOSSY, "-DNOTHING_SENT"), verb, rows)

    assert len(codes_of(result, rows)) == BATCH
    assert {(error.position // BATCH, error.errno) for error in result.exceptions} == {(1, errno.ETIMEDOUT)}


def test_flush_of_many(wire: Wire) -> None:
    """Bug: a flush that removes in batches misses rows, or removes permanent ones between them."""
    rows = [*ip4_rows(150), *ip6_rows(150)]
    netio.create_neighbors(rows[::3])
    wire.near.ip(*(f"neigh add {row.address} lladdr {OLD} dev near0 nud stale" for row in rows if row not in rows[::3]))

    netio.flush_neighbors(interface="near0")

    assert seen(wire.near) == {str(row.address): Seen(OLD) for row in rows[::3]}
