# SPDX-License-Identifier: MIT
"""Reading the replies to a batch of requests: a request without a reply does not count as executed."""

import errno

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netio import Neighbor

from .conftest import Feed, FeedBatch
from .machine import pack
from .test_reader import ADDRESS, DONE, NOOP, OVERRUN, PERMANENT, attribute, message, neighbor

NO_REPLY = 1  # RTNL_NO_REPLY
NLMSG_ERROR = 2
DST = 1


def reply(sequence: int, number: int = 0) -> bytes:
    """An error, or with 0 an acknowledgement, as the kernel sends it: followed by the request."""
    return message(pack("i", -number) + bytes(44), kind=NLMSG_ERROR, flags=0, sequence=sequence)


def row(sequence: int, last: int) -> bytes:
    return message(neighbor(attribute(DST, bytes([192, 0, 2, last]))), flags=0, sequence=sequence)


def test_last_acknowledgement_confirms_all_requests(feed_batch: FeedBatch) -> None:
    assert feed_batch("write", 4, reply(4)).results == [0, 0, 0, 0]


def test_errors_belong_to_their_requests(feed_batch: FeedBatch) -> None:
    """Bug: an error becomes the result of the next request."""
    got = feed_batch("write", 5, reply(2, errno.EEXIST), reply(4, errno.ENODEV), reply(5))
    assert got.results == [0, -errno.EEXIST, 0, -errno.ENODEV, 0]


def test_first_and_last_request_fail(feed_batch: FeedBatch) -> None:
    """Bug: if the last request fails, the reader waits for its acknowledgement, which the kernel does not send."""
    got = feed_batch("write", 3, reply(1, errno.ENOENT), reply(3, errno.EPERM), reply(3))
    assert (got.results, got.unread) == ([-errno.ENOENT, 0, -errno.EPERM], 1)


def test_several_replies_in_one_datagram(feed_batch: FeedBatch) -> None:
    assert feed_batch("write", 3, reply(1, errno.EEXIST) + reply(2, errno.ENODEV) + reply(3)).results == [
        -errno.EEXIST,
        -errno.ENODEV,
        0,
    ]


def test_replies_may_have_any_order(feed_batch: FeedBatch) -> None:
    """Bug: replies are assigned by their order instead of by their sequence numbers."""
    got = feed_batch("write", 3, reply(2, errno.ENODEV) + reply(1, errno.EEXIST), reply(3))
    assert got.results == [-errno.EEXIST, -errno.ENODEV, 0]


def test_without_the_last_acknowledgement_no_request_is_confirmed(feed_batch: FeedBatch) -> None:
    """Bug: requests without a reply count as executed although the last acknowledgement never arrived."""
    got = feed_batch("write", 3, reply(2, errno.EEXIST))
    assert got.results == [NO_REPLY, -errno.EEXIST, NO_REPLY]


@pytest.mark.parametrize("lost", [errno.ENOBUFS, message(b"", kind=OVERRUN, sequence=9)], ids=["errno", "message"])
def test_after_an_overrun_only_requests_with_a_reply_are_confirmed(feed_batch: FeedBatch, lost: bytes | int) -> None:
    """Bug: errors for which the socket had no room count as successes, since the last acknowledgement arrived."""
    got = feed_batch("write", 4, reply(1, errno.EEXIST), lost, reply(3), reply(4))
    assert got.results == [-errno.EEXIST, NO_REPLY, 0, 0]


def test_failed_read_ends_the_reading(feed_batch: FeedBatch) -> None:
    got = feed_batch("write", 2, errno.EINTR, reply(2))
    assert (got.results, got.unread) == ([NO_REPLY, NO_REPLY], 1)


def test_replies_to_other_requests_are_skipped(feed_batch: FeedBatch) -> None:
    """Bug: a reply to another process, or to an earlier or later batch, becomes the result of a request."""
    foreign = [(4711, reply(11)), reply(9, errno.EPERM), reply(12, errno.EPERM), reply(0), (1, reply(10))]
    assert feed_batch("write", 2, *foreign, reply(11), first=10).results == [0, 0]
    assert feed_batch("write", 2, *foreign, first=10).results == [NO_REPLY, NO_REPLY]


def test_sequence_numbers_wrap_around(feed_batch: FeedBatch) -> None:
    """Bug: sequence numbers are compared by size, although they wrap around within a batch."""
    got = feed_batch("write", 4, reply(2**32 - 1, errno.EEXIST), reply(0, errno.ENODEV), reply(1), first=2**32 - 2)
    assert got.results == [0, -errno.EEXIST, -errno.ENODEV, 0]


def test_second_reply_is_ignored(feed_batch: FeedBatch) -> None:
    got = feed_batch("write", 2, reply(1, errno.EEXIST), reply(1), reply(2))
    assert got.results == [-errno.EEXIST, 0]


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        reply(2)[:15],
        message(pack("i", 0), kind=NLMSG_ERROR, sequence=2, length=15),
        message(pack("i", 0), kind=NLMSG_ERROR, sequence=2, length=0),
        message(pack("i", 0), kind=NLMSG_ERROR, sequence=2, length=21),
        message(pack("i", 0), kind=NLMSG_ERROR, sequence=2, length=2**32 - 1),
        bytes(32769),
    ],
    ids=["empty", "cut", "below the header", "zero", "beyond the datagram", "largest", "too long"],
)
def test_datagram_with_a_wrong_length_confirms_nothing(feed_batch: FeedBatch, datagram: bytes) -> None:
    got = feed_batch("write", 2, reply(1, errno.EEXIST), datagram)
    assert got.results == [-errno.EEXIST, NO_REPLY]


@pytest.mark.parametrize("payload", [b"", pack("h", 0), pack("i", 5)], ids=["none", "half", "above 0"])
def test_reply_without_an_error_number_is_an_error(feed_batch: FeedBatch, payload: bytes) -> None:
    """Bug: an unreadable reply counts as an acknowledgement."""
    got = feed_batch("write", 2, message(payload, kind=NLMSG_ERROR, flags=0, sequence=1), reply(2))
    assert got.results == [-errno.EBADMSG, 0]


def test_other_messages_are_not_acknowledgements(feed_batch: FeedBatch) -> None:
    assert feed_batch("write", 1, row(1, 7), message(b"", kind=NOOP)).results == [NO_REPLY]


def test_replies_to_gets_belong_to_their_requests(feed_batch: FeedBatch) -> None:
    """Bug: a row becomes the result of another request, or an absent one shifts those after it."""
    got = feed_batch("get", 4, row(2, 8), row(1, 7), reply(3, errno.ENOENT), row(4, 9))
    assert got.results == [0, 0, -errno.ENOENT, 0]
    assert {place: str(found.address) for place, found in got.rows.items()} == {
        0: "192.0.2.7",
        1: "192.0.2.8",
        3: "192.0.2.9",
    }


def test_get_without_a_reply_is_not_successful(feed_batch: FeedBatch) -> None:
    """Bug: a missing reply means success, as it does for writes."""
    assert feed_batch("get", 3, row(1, 7), row(3, 9)).results == [0, NO_REPLY, 0]


@pytest.mark.parametrize("kind", [NLMSG_ERROR, 3, 16], ids=["acknowledgement", "end of a dump", "other type"])
def test_get_with_a_reply_of_another_kind_is_an_error(feed_batch: FeedBatch, kind: int) -> None:
    """Bug: a query that is acknowledged instead of answered succeeds, with uninitialised memory as its row."""
    got = feed_batch("get", 2, message(bytes(20), kind=kind, flags=0), row(2, 8))
    assert (got.results, list(got.rows)) == ([-errno.EBADMSG, 0], [1])


def test_damaged_row_affects_only_its_request(feed_batch: FeedBatch) -> None:
    damaged = message(neighbor(attribute(DST, b"\x7f")), flags=0, sequence=1)
    got = feed_batch("get", 2, damaged, row(2, 8))
    assert got.results == [-errno.EBADMSG, 0]
    assert list(got.rows) == [1]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_replies_confirm_no_other_request(feed_batch: FeedBatch, data: st.DataObject) -> None:
    """Bug: changed or missing bytes cause a crash, a write beyond the results, or an invalid result."""
    parts = data.draw(st.lists(st.sampled_from([reply(1, 17), reply(2), row(3, 7), PERMANENT, DONE]), min_size=1))
    damaged = bytearray(b"".join(parts))
    for _ in range(data.draw(st.integers(0, 6))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.sampled_from([0, 1, 2, 3, 4, 15, 16, 36, 127, 128, 255]))
    del damaged[data.draw(st.integers(1, len(damaged))) :]
    got = feed_batch(data.draw(st.sampled_from(["write", "get"])), 4, bytes(damaged))
    assert all(result <= NO_REPLY for result in got.results)
    if got.results[3] == NO_REPLY:
        assert sum(result != NO_REPLY for result in got.results) <= len(damaged) // 16
    assert len(got.rows) <= 4


def test_failed_read_ends_a_single_reply(feed: Feed) -> None:
    assert feed(errno.EINTR, message(neighbor(ADDRESS), flags=0)) == (-errno.EINTR, [])


def test_row_of_a_get_has_all_fields(feed_batch: FeedBatch) -> None:
    captured = PERMANENT[:8] + pack("I", 1) + PERMANENT[12:]
    got = feed_batch("get", 1, captured)
    assert got.rows == {0: Neighbor("192.0.2.7", "02:00:5e:00:00:07", interface="if3")}
