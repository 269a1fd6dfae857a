# SPDX-License-Identifier: MIT
"""netio.aio with the stand-in: Windows has no descriptor to wait for, so a thread waits for the event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from ipaddress import IPv4Address

import pytest

import netio
from netio import aio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from standin import Standin

pytestmark = pytest.mark.wine_lacks

HOST = IPv4Address("192.0.2.7")


def join_threads() -> None:
    """Waits until the threads have ended, which takes 50 ms."""
    for thread in threads():
        thread.join(10)
    assert threads() == []


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "netio.aio"]


def test_live_and_silent_hosts(standin: Standin) -> None:
    standin.silence(200)
    for n in range(0, 100, 2):
        standin.host(HOST + n, n, milliseconds=n)

    async def main() -> dict[object, object]:
        return {
            address: found.code if isinstance(found, netio.NetioError) else found.physical_address.packed[5]
            async for address, found in aio.resolve_neighbors([HOST + n for n in range(100)], interface="Ethernet")
        }

    assert asyncio.run(main()) == {HOST + n: 67 if n % 2 else n for n in range(100)}
    join_threads()


def test_keep_is_not_supported(standin: Standin) -> None:
    del standin
    with pytest.raises(netio.NotSupportedError):
        asyncio.run(aio.resolve_neighbor(HOST, interface="Ethernet", keep=True))


def test_cancellation_does_not_wait(standin: Standin) -> None:
    standin.silence(1500)

    async def main() -> float:
        task = asyncio.create_task(aio.resolve_neighbor(HOST, interface="Ethernet"))
        while not threads():
            await asyncio.sleep(0.001)
        task.cancel()
        turns = 0
        while not task.done():
            await asyncio.sleep(0)
            turns += 1
        assert turns <= 2
        return time.monotonic()

    cancelled_at = asyncio.run(main())
    assert time.monotonic() - cancelled_at < 1
    join_threads()


def test_iteration_continues_after_cancelled_waits(standin: Standin) -> None:
    standin.host(HOST, 0x42, milliseconds=300)

    async def main() -> int:
        results = aio.resolve_neighbors([HOST], interface="Ethernet")
        timeouts = 0
        while True:
            try:
                address, _ = await asyncio.wait_for(anext(results), 0.02)
            except TimeoutError:
                timeouts += 1
            else:
                assert address == HOST
                return timeouts

    assert asyncio.run(main()) > 3
    join_threads()
