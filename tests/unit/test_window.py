# SPDX-License-Identifier: MIT
"""The window of pending probes, against a model of the system: no clock, no kernel."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netio._window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT, GIVE_UP = 5.0, 15.0


def submit(window: Window[str], now: float, *items: str) -> int:
    """Adds items and submits those for which there are slots. Returns the tag of the first."""
    for item in items:
        window.add(item)
    return window.submitted(window.take(), now)


def test_items_are_taken_in_order_up_to_the_limit() -> None:
    """Bug: an item beyond the limit is submitted, or a later item overtakes an earlier one."""
    window = Window[str](2, TIMEOUT, GIVE_UP)
    assert window.room(64) == 2
    for item in "abc":
        window.add(item)
    assert window.take() == ["a", "b"]
    first = window.submitted(["a", "b"], 0.0)
    assert window.take() == []
    assert window.answered(first, table_full=False) == "a"
    assert window.take() == ["c"]


def test_room_is_limited_by_the_caller() -> None:
    """Bug: more items are added than one submit takes."""
    assert Window[str](1000, TIMEOUT, GIVE_UP).room(64) == 64


def test_room_is_one_if_only_timed_out_items_hold_the_slots() -> None:
    """Bug: with all slots held by timed-out items the window asks for nothing, and the end is never noticed."""
    window = Window[str](1, TIMEOUT, GIVE_UP)
    submit(window, 0.0, "a")
    assert window.room(64) == 0
    assert window.expired(TIMEOUT) == ["a"]
    assert window.room(64) == 1
    assert window.is_idle


def test_item_expires_at_its_timeout_and_not_before() -> None:
    """Bug: the time starts when the item is added, or the comparison is off by the last instant."""
    window = Window[str](2, TIMEOUT, GIVE_UP)
    submit(window, 10.0, "a")
    submit(window, 12.0, "b")
    assert window.next_due(10.0) == TIMEOUT
    assert window.expired(10.0 + TIMEOUT - 0.001) == []
    assert window.expired(10.0 + TIMEOUT) == ["a"]
    assert window.next_due(15.0) == 2.0
    assert window.expired(99.0) == ["b"]


def test_late_answer_frees_the_slot_and_returns_nothing() -> None:
    """Bug: an address that has timed out is returned a second time, or its slot is lost for good."""
    window = Window[str](1, TIMEOUT, GIVE_UP)
    tag = submit(window, 0.0, "a")
    assert window.expired(TIMEOUT) == ["a"]
    window.add("b")
    assert window.take() == []
    assert window.answered(tag, table_full=False) is None
    assert window.take() == ["b"]


def test_slot_of_a_timed_out_item_is_free_when_the_system_has_given_up() -> None:
    """Bug: an answer that never comes keeps its slot for ever."""
    window = Window[str](1, TIMEOUT, GIVE_UP)
    submit(window, 0.0, "a")
    assert window.expired(TIMEOUT) == ["a"]
    assert window.next_due(TIMEOUT) == GIVE_UP - TIMEOUT
    assert window.expired(GIVE_UP) == []
    window.add("b")
    assert window.take() == ["b"]


def test_window_shrinks_while_the_table_is_full_and_recovers() -> None:
    """Bug: the window keeps probing at full width while the table is full, or stays narrow afterwards."""
    window = Window[str](4, TIMEOUT, GIVE_UP)
    first = submit(window, 0.0, "a", "b", "c", "d")
    assert window.answered(first + 3, table_full=True) is None  # submitted again, once another one is answered
    assert window.take() == []
    assert window.answered(first, table_full=False) == "a"
    assert window.take() == ["d"]
    window.submitted(["d"], 1.0)
    assert window.room(64) == 1  # one slot more with each answer: 4 again
    assert window.answered(first + 1, table_full=False) == "b"
    assert window.room(64) == 2


def test_full_table_is_the_answer_if_nothing_else_was_pending() -> None:
    """Bug: an item is submitted again and again although no other item can make room for it."""
    window = Window[str](4, TIMEOUT, GIVE_UP)
    tag = submit(window, 0.0, "a")
    assert window.answered(tag, table_full=True) == "a"


def test_item_is_tried_again_if_another_one_made_room_since_it_was_sent() -> None:
    """Bug: the last of several items fails with a full table although the others have released their slots."""
    window = Window[str](2, TIMEOUT, GIVE_UP)
    first = submit(window, 0.0, "a", "b")
    assert window.answered(first, table_full=False) == "a"
    assert window.answered(first + 1, table_full=True) is None
    assert window.take() == ["b"]


def test_abandon_returns_all_pending_items() -> None:
    """Bug: after a failure of the session some addresses are never returned."""
    window = Window[str](3, TIMEOUT, GIVE_UP)
    submit(window, 0.0, "a", "b", "c")
    assert window.abandon() == ["a", "b", "c"]
    assert window.is_idle


def test_nothing_is_due_in_an_empty_window() -> None:
    """Bug: an empty window makes the caller spin."""
    assert Window[str](1, TIMEOUT, GIVE_UP).next_due(0.0) == math.inf


@dataclass
class System:
    """A system that answers submitted items in any order, or gives up; its table has a limited size."""

    room: int
    now: float = 0.0
    pending: dict[int, float] = field(default_factory=dict)  # when they were sent, by tag
    refused: dict[int, float] = field(default_factory=dict)  # the same, for those that found the table full

    def submit(self, first_tag: int, count: int) -> None:
        for tag in range(first_tag, first_tag + count):
            accepted = len(self.pending) < self.room
            (self.pending if accepted else self.refused)[tag] = self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for sent in self.pending, self.refused:
            for tag in [tag for tag, sent_at in sent.items() if self.now >= sent_at + GIVE_UP]:
                del sent[tag]


def drive(window: Window[int], system: System, total: int, limit: int, draw: st.DataObject) -> Iterator[int]:
    """Does what the driver does, with drawn events, and yields the items as they are returned."""
    source = iter(range(total))
    while True:
        while window.room(8) > 0 and (item := next(source, None)) is not None:
            window.add(item)
        if window.is_idle:
            return
        taken = window.take()
        system.submit(window.submitted(taken, system.now), len(taken))
        assert len(system.pending) + len(system.refused) <= limit
        event = draw.draw(st.sampled_from(["answer", "answer", "refuse", "wait"]))
        sent = system.refused if event == "refuse" else system.pending
        if event != "wait" and sent:
            tag = draw.draw(st.sampled_from(sorted(sent)))
            del sent[tag]
            answer = window.answered(tag, table_full=event == "refuse")
            if answer is not None:
                yield answer
        else:
            due = window.next_due(system.now)
            assert due >= 0
            system.advance(min(due, draw.draw(st.floats(0.0, 20.0))))
        yield from window.expired(system.now)


@given(data=st.data(), total=st.integers(0, 40), limit=st.integers(1, 12), room=st.integers(1, 12))
def test_every_item_is_returned_exactly_once(data: st.DataObject, total: int, limit: int, room: int) -> None:
    """Bug: an item is lost or returned twice, or more are in flight than the limit allows."""
    window = Window[int](limit, TIMEOUT, GIVE_UP)
    returned = []
    for item in drive(window, System(room), total, limit, data):
        returned.append(item)
        assert len(returned) <= total
    assert sorted(returned) == list(range(total))


@pytest.mark.parametrize("limit", [1, 2, 64])
def test_window_returns_to_its_limit_after_a_full_table(limit: int) -> None:
    """Bug: slots lost to a full table are never regained."""
    window = Window[int](limit, TIMEOUT, GIVE_UP)
    window.add(0)
    tag = window.submitted(window.take(), 0.0)
    window.answered(tag, table_full=True)
    for item in range(limit):
        window.add(item)
        window.answered(window.submitted(window.take(), 0.0), table_full=False)
    assert window.room(1000) == limit
