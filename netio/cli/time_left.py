# SPDX-License-Identifier: MIT
"""How long a scan will still take. Pure: the caller passes the time."""

from __future__ import annotations

from datetime import timedelta
from math import ceil, inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# The time that a system takes until it gives up a silent host: three probes, a second apart.
_GIVES_UP = 3.0

# An error that arrives sooner is a refusal by the system, not a silent host.
_REFUSED = 0.05


class SweepTimeLeft:
    """Estimates the rest of a sweep: the probes of the targets that are not sent yet, at the rate, and the last wait.

    Args:
        total: The number of targets.
        rate: The packets in a second.
        retries: How often a silent target is probed again.
        timeout: The seconds of the last target.
    """

    def __init__(self, total: int, rate: int, retries: int, timeout: float) -> None:
        self._total = total
        self._seconds_each = (retries + 1) / rate
        self._timeout = timeout
        self._last_sent = 0.0
        self.done: int = 0  # targets that were sent

    def sent(self, now: float) -> None:
        """Records that a target is probed."""
        self.done += 1
        self._last_sent = now

    def text(self, now: float, *, short: bool) -> str:
        """Returns the seconds until the end as a text, in the short form for narrow terminals."""
        left = self._total - self.done
        seconds = ceil(max(0.0, left * self._seconds_each + self._timeout - (now - self._last_sent if not left else 0)))
        if left or short:
            return f"{timedelta(seconds=seconds)} left"
        return f"waiting, at most {seconds} s"


class TimeLeft:
    """Estimates the rest of a scan: the batches of addresses that are not probed yet, times the time of a silent host.

    Hosts that reply free their slots at once, so they do not count. The time of a silent host is the mean so far.

    Args:
        parts: The numbers of addresses that are resolved one after another.
        slots: How many addresses are probed at a time.
        timeout: The seconds after which an address is reported as silent; None: when the system gives up.
    """

    def __init__(self, parts: Sequence[int], slots: int, timeout: float | None) -> None:
        self._later = list(parts)
        self._slots = slots
        self._timeout = inf if timeout is None else timeout
        self._given = self._waiting = sum(parts)  # not answered yet
        self._untaken = 0  # of the current part
        self._sent: dict[object, float] = {}
        self._last_sent = 0.0
        self._slow = 0  # probed, and not answered at once
        self._total = 0  # probed
        self._silent, self._silent_seconds, self._longest = 0, 0.0, 0.0

    @property
    def done(self) -> int:
        """The number of addresses with a result."""
        return self._given - self._waiting

    def begin_part(self) -> None:
        """Records that the next part begins."""
        self._untaken = self._later.pop(0)

    def sent(self, address: object, now: float) -> None:
        """Records that an address of the current part is probed."""
        self._sent[address] = self._last_sent = now
        self._untaken -= 1
        self._total += 1
        self._slow += 1

    def answered(self, address: object, now: float, *, replied: bool) -> None:
        """Records the result of an address."""
        took = now - self._sent.pop(address)
        self._waiting -= 1
        if replied or took < _REFUSED:
            self._slow -= 1
        else:
            self._silent += 1
            self._silent_seconds += took
            self._longest = max(self._longest, took)

    def seconds(self, now: float) -> float:
        """Returns the seconds until the last result; 0 if it is overdue."""
        rest = sum(max(self._limit(), self._batches(size)) for size in self._later)
        if self._untaken:
            return rest + self._batches(self._untaken) + self._limit()
        return rest + max(0.0, self._last_sent + (self._longest or self._limit()) - now)

    def text(self, now: float, *, short: bool) -> str:
        """Returns the seconds as a text, in the short form for narrow terminals."""
        seconds = ceil(self.seconds(now))
        if not self._waiting:
            return ""
        if self._untaken or self._later:
            return f"{timedelta(seconds=seconds)} left"
        limit = f"at most {seconds} s" if seconds else ""
        return limit if short else ", ".join(filter(None, [f"waiting for {self._waiting:,}", limit]))

    def _limit(self) -> float:
        """Returns the time after which a silent host is reported."""
        return self._silent_seconds / self._silent if self._silent else min(self._timeout, _GIVES_UP)

    def _batches(self, size: int) -> float:
        """Returns the time until that many addresses have had a slot. A host that timed out keeps its slot."""
        limit = self._limit()
        slot = limit if limit < self._timeout else max(limit, _GIVES_UP)
        return size * self._slow / max(self._total, 1) / self._slots * slot
