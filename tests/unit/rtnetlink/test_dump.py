# SPDX-License-Identifier: MIT
"""Dumps: if a change interrupts a dump, netio repeats the request and discards the messages read so far."""

import errno

import pytest

from netio import Neighbor

from .conftest import FeedDump
from .machine import pack
from .test_reader import DST, NLM_F_DUMP_INTR, NLM_F_MULTI, attribute, message, neighbor

ATTEMPTS = 16
GETNEIGH, NLM_F_REQUEST, NLM_F_DUMP = 30, 0x01, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
INTERRUPTED = NLM_F_MULTI | NLM_F_DUMP_INTR


def row(sequence: int, last: int, flags: int = NLM_F_MULTI) -> bytes:
    return message(neighbor(attribute(DST, bytes([192, 0, 2, last]))), flags=flags, sequence=sequence)


def done(sequence: int, flags: int = NLM_F_MULTI) -> bytes:
    return message(bytes(4), kind=NLMSG_DONE, flags=flags, sequence=sequence)


def addresses(readings: list[list[Neighbor]]) -> list[list[str]]:
    return [[str(one.address) for one in reading] for reading in readings]


def requests(count: int) -> list[tuple[int, int, int]]:
    return [(GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, sequence) for sequence in range(1, count + 1)]


def test_uninterrupted_dump_is_requested_once(feed_dump: FeedDump) -> None:
    got = feed_dump(row(1, 7), row(1, 8), done(1))
    assert (got.result, got.requests) == (0, requests(1))
    assert addresses(got.readings) == [["192.0.2.7", "192.0.2.8"]]


@pytest.mark.parametrize(
    "interrupted",
    [
        row(1, 7, INTERRUPTED) + row(1, 8) + done(1),
        row(1, 7) + row(1, 8, INTERRUPTED) + done(1),
        row(1, 7) + row(1, 8) + done(1, INTERRUPTED),
    ],
    ids=["first", "last", "end"],
)
def test_interrupted_dump_is_repeated(feed_dump: FeedDump, interrupted: bytes) -> None:
    """Bug: an incomplete dump is returned, or its rows are returned together with those of the next one."""
    got = feed_dump(interrupted, row(2, 9) + row(2, 8), done(2))
    assert (got.result, got.requests) == (0, requests(2))
    assert addresses(got.readings) == [["192.0.2.7", "192.0.2.8"], ["192.0.2.9", "192.0.2.8"]]


def test_interrupted_dump_is_read_to_its_end(feed_dump: FeedDump) -> None:
    """Bug: the next request is sent before the interrupted dump was read to its end, and receives its rows."""
    got = feed_dump(row(1, 7, INTERRUPTED), row(1, 8), done(1), row(2, 9), done(2))
    assert got.result == 0
    assert addresses(got.readings) == [["192.0.2.7", "192.0.2.8"], ["192.0.2.9"]]


def test_last_attempt_may_succeed(feed_dump: FeedDump) -> None:
    """Bug: netio gives up one attempt too early."""
    broken = [row(n, n, INTERRUPTED) + done(n) for n in range(1, ATTEMPTS)]
    got = feed_dump(*broken, row(ATTEMPTS, 99) + done(ATTEMPTS))
    assert (got.result, got.requests) == (0, requests(ATTEMPTS))
    assert addresses(got.readings)[-1] == ["192.0.2.99"]
    assert len(got.readings) == ATTEMPTS


def test_dump_that_is_always_interrupted_fails(feed_dump: FeedDump) -> None:
    """Bug: the dump is repeated endlessly, or an incomplete one is returned after the last attempt."""
    broken = [row(n, n, INTERRUPTED) + done(n) for n in range(1, ATTEMPTS + 1)]
    got = feed_dump(*broken, row(ATTEMPTS + 1, 99) + done(ATTEMPTS + 1))
    assert (got.result, got.requests) == (-errno.EAGAIN, requests(ATTEMPTS))


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        (message(pack("i", -errno.EPERM), kind=NLMSG_ERROR, flags=0), -errno.EPERM),
        (row(1, 7, INTERRUPTED) + message(pack("i", -errno.ENOMEM), kind=NLMSG_DONE), -errno.ENOMEM),
        (row(1, 7, INTERRUPTED) + bytes(8), -errno.EBADMSG),
    ],
    ids=["refused", "failed in the end", "damaged"],
)
def test_dump_with_another_error_is_not_repeated(feed_dump: FeedDump, reply: bytes, result: int) -> None:
    """Bug: an error is hidden by another attempt, or becomes EAGAIN if the dump was also interrupted."""
    got = feed_dump(reply, row(2, 9) + done(2))
    assert (got.result, got.requests) == (result, requests(1))
