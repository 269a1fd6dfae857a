# SPDX-License-Identifier: MIT
"""The time that a scan will still take, over scans that are simulated with a fake clock."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import pytest

from netio.cli.time_left import TimeLeft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SLOTS = 256


def scanned(
    parts: list[int], give_up: float, timeout: float | None, replies: Callable[[int], bool]
) -> Iterator[tuple[float, TimeLeft]]:
    """Simulates a scan: yields the time and the estimate after each result, and finally the time of the end."""
    estimate, now = TimeLeft(parts, SLOTS, timeout), 100.0
    for size in parts:
        estimate.begin_part()
        reports: list[tuple[float, int]] = []
        slots: list[float] = []  # when the slots in use become free
        rest = iter(range(size))
        more = True
        while more or reports:
            while more and len(slots) < SLOTS:
                host = next(rest, None)
                if host is None:
                    more = False
                    break
                estimate.sent(host, now)
                took = 0.001 if replies(host) else give_up
                heapq.heappush(reports, (now + min(took, timeout or took), host))
                heapq.heappush(slots, now + took)
            if not slots and not reports:
                break
            now = min([*slots[:1], *(report[0] for report in reports[:1])])
            while slots and slots[0] <= now:
                heapq.heappop(slots)
            while reports and reports[0][0] <= now:
                _, host = heapq.heappop(reports)
                estimate.answered(host, now, replied=replies(host))
                yield now, estimate


@pytest.mark.parametrize(("give_up", "timeout"), [(3, None), (3, 0.5), (3, 5), (1, None), (11, None)])
@pytest.mark.parametrize(
    ("parts", "share"),
    [([254], 0), ([254], 0.1), ([1024], 0), ([16_384], 0), ([8192], 0.5), ([8192], 0.9), ([2048, 254, 254], 0.2)],
)
def test_estimates_are_true_within_a_factor(
    give_up: float, timeout: float | None, parts: list[int], share: float
) -> None:
    """Bug: the time left follows the rate of the replies, so it counts up while silent hosts are awaited."""
    seen = [
        (now, estimate.seconds(now))
        for now, estimate in scanned(parts, give_up, timeout, lambda host: host * 7 % 100 < share * 100)
    ]
    end = seen[-1][0]
    # The first estimates know nothing about the hosts; until one was silent, the usual time of a system is assumed.
    start = 100.1 if give_up == 3 else 100 + give_up
    for now, seconds in seen:
        if now < start:
            continue
        assert seconds <= 2 * (end - now) + give_up, (now, end)
        assert end - now <= 2 * seconds + give_up, (now, end)


def test_all_in_flight() -> None:
    """Bug: the bound grows while nothing arrives, or the number is that of all addresses."""
    estimate = TimeLeft([256], SLOTS, None)
    estimate.begin_part()
    for host in range(256):
        estimate.sent(host, 10.0)
    for host in range(23):
        estimate.answered(host, 10.1, replied=True)
    assert estimate.text(11.5, short=False) == "waiting for 233, at most 2 s"
    assert estimate.text(11.5, short=True) == "at most 2 s"
    assert estimate.text(12.5, short=False) == "waiting for 233, at most 1 s"
    assert estimate.text(13.5, short=False) == "waiting for 233"
    for host in range(23, 256):
        estimate.answered(host, 14.0, replied=False)
    assert estimate.text(14.0, short=False) == ""


def test_batches() -> None:
    """Bug: a timeout shortens the batches, although a silent host keeps its slot until the system gives up."""
    for timeout in (None, 0.5):
        estimate = TimeLeft([65_536], SLOTS, timeout)
        estimate.begin_part()
        for host in range(256):
            estimate.sent(host, 10.0)
        assert estimate.text(10.0, short=False) == ("0:12:48 left" if timeout is None else "0:12:46 left")


def test_refused_addresses_are_not_silent() -> None:
    """Bug: addresses behind a gateway, which fail at once, make the scan look finished."""
    estimate = TimeLeft([100], SLOTS, None)
    estimate.begin_part()
    for host in range(100):
        estimate.sent(host, 10.0)
    for host in range(50):
        estimate.answered(host, 10.0, replied=False)
    assert estimate.text(10.5, short=False) == "waiting for 50, at most 3 s"
