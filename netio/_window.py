# SPDX-License-Identifier: MIT
"""The window of pending probes: which address is probed next, which has timed out. Pure: no clock, no I/O."""

from __future__ import annotations

from typing import Generic, TypeVar

Item = TypeVar("Item")


class Window(Generic[Item]):
    """A sliding window over items, each of which is returned once: when it is answered, or when it times out.

    A timed-out item keeps its slot until the system gives up, since the system still probes and the limit protects the
    system's table. While that table is full, the window has fewer slots, one more after each answer.

    Args:
        limit: Slots, at least 1.
        timeout: Seconds until an item times out.
        give_up: Seconds after which the system has certainly given up.
    """

    def __init__(self, limit: int, timeout: float, give_up: float) -> None:
        self._limit = limit
        self._timeout = timeout
        self._give_up = give_up
        self._queue: list[Item] = []  # added, and not submitted yet
        # By tag, oldest first: the item, when it was sent, and the number of slots released by then.
        self._pending: dict[int, tuple[Item, float, int]] = {}
        self._timed_out: dict[int, float] = {}  # when they were sent, by tag, oldest first
        self._slots = limit  # fewer than the limit while the table is full
        self._released = 0  # slots released since the beginning
        self._next_tag = 0

    @property
    def is_idle(self) -> bool:
        """Whether every added item has been returned."""
        return not self._queue and not self._pending

    def room(self, most: int) -> int:
        """Returns how many items to add now; at least one if no other item is left, since there may be none."""
        least = 0 if self._pending else 1
        return min(max(self._free(), least), most) - len(self._queue)

    def add(self, item: Item) -> None:
        """Queues an item."""
        self._queue.append(item)

    def take(self) -> list[Item]:
        """Removes the items from the queue for which there are slots. The caller submits them."""
        count = max(min(self._free(), len(self._queue)), 0)
        taken, self._queue = self._queue[:count], self._queue[count:]
        return taken

    def submitted(self, items: list[Item], now: float) -> int:
        """Records that these items are pending since now. Returns the tag of the first; the others follow."""
        first = self._next_tag
        self._next_tag += len(items)
        for tag, item in enumerate(items, first):
            self._pending[tag] = item, now, self._released
        return first

    def answered(self, tag: int, *, table_full: bool) -> Item | None:
        """Records an answer. Returns its item, or None if the item has timed out or will be submitted again.

        If the table was full, the item is submitted again, unless no other item was or is pending that could make room.
        """
        self._timed_out.pop(tag, None)
        slot = self._pending.pop(tag, None)
        if not table_full:
            self._released += 1
            self._slots = min(self._slots + 1, self._limit)
            return None if slot is None else slot[0]
        in_flight = self._in_flight()
        self._slots = max(in_flight, 1)
        if slot is None:
            return None
        item, _, released = slot
        if in_flight or released != self._released:
            self._queue.append(item)
            return None
        return item

    def expired(self, now: float) -> list[Item]:
        """Returns the items that have timed out by now."""
        items = []
        for tag, (item, sent_at, _) in list(self._pending.items()):
            if now < sent_at + self._timeout:
                break
            del self._pending[tag]
            self._timed_out[tag] = sent_at
            items.append(item)
        for tag, sent_at in list(self._timed_out.items()):
            if now < sent_at + self._give_up:
                break
            del self._timed_out[tag]
        return items

    def next_due(self, now: float) -> float:
        """Returns the seconds until expired() has work; infinity if nothing is in flight."""
        due = float("inf")
        for _, sent_at, _ in self._pending.values():
            due = sent_at + self._timeout
            break
        for sent_at in self._timed_out.values():
            due = min(due, sent_at + self._give_up)
            break
        return max(0.0, due - now)

    def abandon(self) -> list[Item]:
        """Returns all pending items, after the session has failed."""
        items = [item for item, _, _ in self._pending.values()]
        self._pending.clear()
        return items

    def _in_flight(self) -> int:
        return len(self._pending) + len(self._timed_out)

    def _free(self) -> int:
        return self._slots - self._in_flight()
