# SPDX-License-Identifier: MIT
"""Reading the answers to many requests that went in one send: nothing unanswered counts as done."""

import errno
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netio import Neighbor

from .conftest import Feed, FeedBatch
from .test_reader import ADDRESS, DONE, NOOP, OVERRUN, PERMANENT, attribute, message, neighbor

UNANSWERED = 1
NLMSG_ERROR = 2
DST = 1


def answer(sequence: int, number: int = 0) -> bytes:
    """A failure, or with 0 an acknowledgement, as the kernel sends it: with the request behind the number."""
    return message(struct.pack("=i", -number) + bytes(44), kind=NLMSG_ERROR, flags=0, sequence=sequence)


def row(sequence: int, last: int) -> bytes:
    return message(neighbor(attribute(DST, bytes([192, 0, 2, last]))), flags=0, sequence=sequence)


def test_the_last_acknowledgement_speaks_for_all(feed_batch: FeedBatch) -> None:
    assert feed_batch("write", 4, answer(4)).results == [0, 0, 0, 0]


def test_failures_are_of_their_rows(feed_batch: FeedBatch) -> None:
    """Bug: a failure is given to the row that happens to be next."""
    got = feed_batch("write", 5, answer(2, errno.EEXIST), answer(4, errno.ENODEV), answer(5))
    assert got.results == [0, -errno.EEXIST, 0, -errno.ENODEV, 0]


def test_first_and_last_fail(feed_batch: FeedBatch) -> None:
    """Bug: a last row that fails is waited for a second time: it is answered once, by its failure."""
    got = feed_batch("write", 3, answer(1, errno.ENOENT), answer(3, errno.EPERM), answer(3))
    assert (got.results, got.unread) == ([-errno.ENOENT, 0, -errno.EPERM], 1)


def test_several_answers_in_a_datagram(feed_batch: FeedBatch) -> None:
    assert feed_batch("write", 3, answer(1, errno.EEXIST) + answer(2, errno.ENODEV) + answer(3)).results == [
        -errno.EEXIST,
        -errno.ENODEV,
        0,
    ]


def test_order_of_answers_does_not_matter(feed_batch: FeedBatch) -> None:
    """Bug: answers are matched by order instead of by number."""
    got = feed_batch("write", 3, answer(2, errno.ENODEV) + answer(1, errno.EEXIST), answer(3))
    assert got.results == [-errno.EEXIST, -errno.ENODEV, 0]


def test_a_lost_last_acknowledgement_confirms_nothing(feed_batch: FeedBatch) -> None:
    """Bug: rows without an answer count as written although the end of the answers never came."""
    got = feed_batch("write", 3, answer(2, errno.EEXIST))
    assert got.results == [UNANSWERED, -errno.EEXIST, UNANSWERED]


@pytest.mark.parametrize("lost", [errno.ENOBUFS, message(b"", kind=OVERRUN, sequence=9)], ids=["errno", "message"])
def test_an_overrun_confirms_only_what_was_answered(feed_batch: FeedBatch, lost: bytes | int) -> None:
    """Bug: failures that the socket had no room for count as successes, since the last one was heard."""
    got = feed_batch("write", 4, answer(1, errno.EEXIST), lost, answer(3), answer(4))
    assert got.results == [-errno.EEXIST, UNANSWERED, 0, 0]


def test_a_failed_reading_ends_it(feed_batch: FeedBatch) -> None:
    got = feed_batch("write", 2, errno.EINTR, answer(2))
    assert (got.results, got.unread) == ([UNANSWERED, UNANSWERED], 1)


def test_foreign_answers_are_passed_over(feed_batch: FeedBatch) -> None:
    """Bug: another process, an earlier batch or a later one confirms or fails a row."""
    foreign = [(4711, answer(11)), answer(9, errno.EPERM), answer(12, errno.EPERM), answer(0), (1, answer(10))]
    assert feed_batch("write", 2, *foreign, answer(11), first=10).results == [0, 0]
    assert feed_batch("write", 2, *foreign, first=10).results == [UNANSWERED, UNANSWERED]


def test_numbers_go_on_over_the_largest(feed_batch: FeedBatch) -> None:
    """Bug: sequence numbers are compared where they wrap around."""
    got = feed_batch("write", 4, answer(2**32 - 1, errno.EEXIST), answer(0, errno.ENODEV), answer(1), first=2**32 - 2)
    assert got.results == [0, -errno.EEXIST, -errno.ENODEV, 0]


def test_a_second_answer_changes_nothing(feed_batch: FeedBatch) -> None:
    got = feed_batch("write", 2, answer(1, errno.EEXIST), answer(1), answer(2))
    assert got.results == [-errno.EEXIST, 0]


@pytest.mark.parametrize(
    "lie",
    [
        b"",
        answer(2)[:15],
        message(struct.pack("=i", 0), kind=NLMSG_ERROR, sequence=2, length=15),
        message(struct.pack("=i", 0), kind=NLMSG_ERROR, sequence=2, length=0),
        message(struct.pack("=i", 0), kind=NLMSG_ERROR, sequence=2, length=21),
        message(struct.pack("=i", 0), kind=NLMSG_ERROR, sequence=2, length=2**32 - 1),
        bytes(8193),
    ],
    ids=["empty", "cut", "below the head", "zero", "beyond the datagram", "largest", "too long"],
)
def test_a_lying_datagram_confirms_nothing(feed_batch: FeedBatch, lie: bytes) -> None:
    got = feed_batch("write", 2, answer(1, errno.EEXIST), lie)
    assert got.results == [-errno.EEXIST, UNANSWERED]


@pytest.mark.parametrize("carried", [b"", struct.pack("=h", 0), struct.pack("=i", 5)], ids=["none", "half", "above 0"])
def test_an_answer_without_an_error_number_is_a_failure(feed_batch: FeedBatch, carried: bytes) -> None:
    """Bug: what cannot be read counts as an acknowledgement."""
    got = feed_batch("write", 2, message(carried, kind=NLMSG_ERROR, flags=0, sequence=1), answer(2))
    assert got.results == [-errno.EBADMSG, 0]


def test_a_message_is_no_acknowledgement(feed_batch: FeedBatch) -> None:
    assert feed_batch("write", 1, row(1, 7), message(b"", kind=NOOP)).results == [UNANSWERED]


def test_gets(feed_batch: FeedBatch) -> None:
    """Bug: a row is handed to another request; an absent one moves those behind it."""
    got = feed_batch("get", 4, row(2, 8), row(1, 7), answer(3, errno.ENOENT), row(4, 9))
    assert got.results == [0, 0, -errno.ENOENT, 0]
    assert {place: str(found.address) for place, found in got.rows.items()} == {
        0: "192.0.2.7",
        1: "192.0.2.8",
        3: "192.0.2.9",
    }


def test_a_get_without_an_answer_did_not_succeed(feed_batch: FeedBatch) -> None:
    """Bug: silence means success, as for writes."""
    assert feed_batch("get", 3, row(1, 7), row(3, 9)).results == [0, UNANSWERED, 0]


def test_a_damaged_row_spoils_no_other(feed_batch: FeedBatch) -> None:
    damaged = message(neighbor(attribute(DST, b"\x7f")), flags=0, sequence=1)
    got = feed_batch("get", 2, damaged, row(2, 8))
    assert got.results == [-errno.EBADMSG, 0]
    assert list(got.rows) == [1]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_answers_confirm_no_row_that_is_not_in_them(feed_batch: FeedBatch, data: st.DataObject) -> None:
    """Bytes changed or cut off anywhere: no crash, no write beyond the results, nothing but known results."""
    parts = data.draw(st.lists(st.sampled_from([answer(1, 17), answer(2), row(3, 7), PERMANENT, DONE]), min_size=1))
    damaged = bytearray(b"".join(parts))
    for _ in range(data.draw(st.integers(0, 6))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.sampled_from([0, 1, 2, 3, 4, 15, 16, 36, 127, 128, 255]))
    del damaged[data.draw(st.integers(1, len(damaged))) :]
    got = feed_batch(data.draw(st.sampled_from(["write", "get"])), 4, bytes(damaged))
    assert all(result <= UNANSWERED for result in got.results)
    if got.results[3] == UNANSWERED:
        assert sum(result != UNANSWERED for result in got.results) <= len(damaged) // 16
    assert len(got.rows) <= 4


def test_a_failed_reading_ends_a_single_answer(feed: Feed) -> None:
    assert feed(errno.EINTR, message(neighbor(ADDRESS), flags=0)) == (-errno.EINTR, [])


def test_rows_of_gets_are_whole(feed_batch: FeedBatch) -> None:
    whole = PERMANENT[:8] + struct.pack("=I", 1) + PERMANENT[12:]
    got = feed_batch("get", 1, whole)
    assert got.rows == {0: Neighbor("192.0.2.7", "02:00:5e:00:00:07", interface="if3")}
