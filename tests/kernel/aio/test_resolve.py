# SPDX-License-Identifier: MIT
"""netio.aio resolves like netio, and leaves nothing behind when it is cancelled."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections import Counter
from contextlib import aclosing, suppress
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

import pytest

import netio
from netio import aio
from netio._resolve import CHUNK, Resolving
from netlab.child import UNPRIVILEGED, environment, python
from netlab.hosts import LIVE, SILENT, hosts, reachable, summary
from netlab.loops import nothing_left, open_files
from netlab.namespace import Namespace
from netlab.oracle import seen
from netlab.wire import ABSENT_IP4, FAR_IP4, FAR_IP6, FAR_LINK_LOCAL, FAR_MAC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netlab.hosts import Result
    from netlab.loops import Run
    from netlab.wire import Wire


async def collected(results: aio.ResolvedNeighbors) -> list[Result]:
    return [result async for result in results]


@pytest.mark.usefixtures("wire")
def test_entry_of_a_live_host(run: Run, live: str) -> None:
    """Bug: the entry differs from that of netio.resolve_neighbor()."""
    assert run(aio.resolve_neighbor(live, interface="near0")) == reachable(live)


def test_live_silent_and_invalid_addresses(crowd: Wire, run: Run) -> None:
    """Bug: results get lost or mixed up, or an invalid address ends the iteration."""
    crowd.hasten()
    live, silent = hosts(LIVE, 200), hosts(SILENT, 100)

    results = run(collected(aio.resolve_neighbors([*live, "192.0.2.300", *silent], max_in_flight=70)))

    expected = [(host, FAR_MAC) for host in live] + [(host, "UnreachableError") for host in silent]
    assert summary(results) == Counter([*expected, ("192.0.2.300", "InvalidParameterError")])
    assert {error.position for _, error in results if isinstance(error, netio.NetioError)} == set(range(200, 301))


@pytest.mark.parametrize(
    ("address", "named"),
    [
        (ABSENT_IP4, {"timeout": 0.1}),
        ("203.0.113.9", {}),
        ("192.0.2.300", {}),
        ("192.0.2.1", {}),
        (FAR_IP4, {"interface": "none"}),
        (FAR_IP4, {"interface": ""}),
        (FAR_IP4, {"source": "192.0.2.99"}),
        (FAR_IP4, {"timeout": -1}),
        (FAR_IP4, {"timeout": "1"}),
        (FAR_IP4, {"keep": 1}),
        (7, {}),
    ],
)
@pytest.mark.usefixtures("wire")
def test_errors_are_those_of_the_synchronous_function(run: Run, address: Any, named: dict[str, Any]) -> None:  # noqa: ANN401
    """Bug: an error has another text, code or position, or is raised as another type."""

    async def resolve() -> None:
        await aio.resolve_neighbor(address, **named)

    errors: list[Exception] = []
    for function in (lambda: netio.resolve_neighbor(address, **named), lambda: run(resolve())):
        with pytest.raises((netio.NetioError, TypeError)) as caught:
            function()
        errors.append(caught.value)

    assert [(type(error), str(error), getattr(error, "position", None)) for error in errors] == [
        (type(errors[0]), str(errors[0]), None)
    ] * 2


@pytest.mark.usefixtures("wire")
def test_error_of_the_iterable_is_raised(run: Run) -> None:
    """Bug: an exception of the iterable, or the TypeError of an item, is lost or leaves the sockets open."""

    async def main() -> None:
        async with nothing_left():
            results = aio.resolve_neighbors(["192.0.2.300", 7])  # type: ignore[list-item]
            assert (await anext(results))[0] == "192.0.2.300"
            with pytest.raises(TypeError):
                await anext(results)
            with pytest.raises(StopAsyncIteration):
                await anext(results)

    run(main())


def test_keep_does_not_remove_the_entry(wire: Wire, run: Run) -> None:
    """Bug: the argument keep is not passed on."""
    wire.near.ip(f"neigh add {FAR_IP4} lladdr {FAR_MAC} dev near0 nud reachable")

    with subprocess.Popen(["ip", "monitor", "neigh"], stdout=subprocess.PIPE, text=True) as monitor:
        assert run(aio.resolve_neighbor(FAR_IP4, keep=True)) == reachable(FAR_IP4)
        wire.near.ip(f"neigh add {ABSENT_IP4} lladdr {FAR_MAC} dev near0")  # the end mark
        assert monitor.stdout is not None
        assert ABSENT_IP4 in monitor.stdout.readline()
        monitor.terminate()


def test_namespace_is_that_of_the_call(run: Run) -> None:
    """Bug: an awaitable uses the namespace that is selected when it is awaited."""
    from netlab.wire import wired

    with wired() as wire:
        descriptor = wire.near.descriptor
        outside = Namespace()
        with outside.entered():
            with netio.namespace(descriptor):
                one = aio.resolve_neighbor(FAR_IP4)
                many = aio.resolve_neighbors([FAR_IP6, FAR_LINK_LOCAL], interface="near0")
            assert run(one).physical_address == FAR_MAC
            assert {found.physical_address for _, found in run(collected(many))} == {FAR_MAC}
        outside.close()


@pytest.mark.usefixtures("wire")
def test_unprivileged() -> None:
    """Bug: without capabilities, where probes are datagrams, an event loop does not notice the reply."""
    code = f"""
import asyncio
from netio import aio
print(asyncio.run(aio.resolve_neighbor({FAR_IP4!r})).physical_address)
"""
    done = subprocess.run(
        [*UNPRIVILEGED, *python(code)], env=environment(), capture_output=True, text=True, timeout=20, check=True
    )
    assert done.stdout == f"{FAR_MAC}\n"


@pytest.mark.parametrize("address", [FAR_IP4, ABSENT_IP4])
@pytest.mark.usefixtures("wire")
def test_cancellation_at_every_await_leaves_nothing(run: Run, address: str) -> None:
    """Bug: a cancelled call keeps its sockets, or its reader in the event loop, or returns nevertheless."""

    async def main() -> None:
        awaits = 0
        for turns in range(8):
            async with nothing_left():
                task = asyncio.create_task(_resolved(address))
                for _ in range(turns):
                    await asyncio.sleep(0)
                if task.done():
                    assert (await task).physical_address == FAR_MAC
                else:
                    awaits += 1
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task
                del task
        assert awaits >= 2

    run(main())


async def _resolved(address: str) -> netio.Neighbor:
    return await aio.resolve_neighbor(address)


@pytest.mark.usefixtures("wire")
def test_cancellation_takes_effect_at_once(run: Run) -> None:
    """Bug: a cancelled call ends only when the kernel has given up the address."""

    async def main() -> int:
        task = asyncio.create_task(_resolved(ABSENT_IP4))
        await asyncio.sleep(0.05)
        task.cancel()
        turns = 0
        while not task.done():
            await asyncio.sleep(0)
            turns += 1
        return turns

    assert run(main()) <= 2


@pytest.mark.usefixtures("crowd")
def test_cancelled_wait_loses_no_result(run: Run) -> None:
    """Bug: a timeout around the next result loses one, or ends the iteration."""
    addresses = [*hosts(LIVE, 50), *hosts(SILENT, 3)]

    async def main() -> list[Result]:
        results = aio.resolve_neighbors(addresses, timeout=0.4)
        found = []
        timeouts = 0
        while True:
            try:
                found.append(await asyncio.wait_for(anext(results), 0.05))
            except TimeoutError:
                timeouts += 1
            except StopAsyncIteration:
                assert timeouts > 1
                return found

    found = run(main())

    assert Counter(address for address, _ in found) == Counter(addresses)


@pytest.mark.usefixtures("crowd")
def test_iteration_that_stops_early_leaves_nothing(run: Run) -> None:
    """Bug: the sockets stay open after a break, after aclose(), or are opened before the first result is awaited."""
    addresses = [*hosts(LIVE, 20), *hosts(SILENT, 20)]

    async def main() -> None:
        async with nothing_left():
            aio.resolve_neighbors(addresses)
        async with nothing_left():
            async for _ in aio.resolve_neighbors(addresses):
                break
        async with nothing_left():
            results = aio.resolve_neighbors(addresses)
            async with aclosing(results):
                await anext(results)
            assert [result async for result in results] == []

    run(main())


@pytest.mark.usefixtures("wire")
def test_close_ends_the_wait_of_another_task(run: Run) -> None:
    """Bug: aclose() closes a descriptor that the event loop still polls, and the task waits for ever."""

    async def main() -> None:
        async with nothing_left():
            results = aio.resolve_neighbors([ABSENT_IP4])
            waiting = asyncio.create_task(collected(results))
            await asyncio.sleep(0.05)
            with pytest.raises(RuntimeError, match="another task is waiting"):
                await anext(results)
            await results.aclose()
            assert await asyncio.wait_for(waiting, 10) == []
            del waiting

    run(main())


@pytest.mark.usefixtures("wire")
def test_loop_that_ends_leaves_nothing(run: Run) -> None:
    """Bug: a call that is pending at the end of the event loop keeps its sockets."""
    descriptors = open_files()

    async def main() -> asyncio.Task[netio.Neighbor]:
        task = asyncio.create_task(_resolved(ABSENT_IP4))
        await asyncio.sleep(0.05)
        return task

    assert run(main()).cancelled()
    assert open_files() == descriptors


def test_other_tasks_run_after_a_bounded_number_of_steps(crowd: Wire, run: Run) -> None:
    """Bug: many addresses that are invalid, or time out at the same time, keep the event loop."""
    silent = hosts(SILENT, 300)
    turn = 0
    taken: Counter[int] = Counter()
    answered: Counter[int] = Counter()

    async def count_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    def addresses() -> Iterator[IPv4Address | str]:
        given: list[IPv4Address | str] = [*["192.0.2.300"] * 300, *hosts(LIVE, 100), *silent]
        for address in given:
            taken[turn] += 1
            yield address

    async def main() -> None:
        counting = asyncio.create_task(count_turns())
        async for _ in aio.resolve_neighbors(addresses(), timeout=0.3, max_in_flight=400):
            answered[turn] += 1
        counting.cancel()

    run(main())

    assert answered.total() == taken.total() == 700
    assert max(taken.values()) == max(answered.values()) == CHUNK
    assert {str(host) for host in silent} <= set(seen(crowd.near))


@pytest.fixture
def no_descriptor(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A resolver without a descriptor, as on Windows. At the end its threads must end."""
    monkeypatch.setattr(Resolving, "fileno", lambda _: -1)
    yield
    for thread in threads():
        thread.join(10)
    assert threads() == []


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "netio.aio"]


@pytest.mark.usefixtures("wire", "no_descriptor")
def test_thread_waits_without_a_descriptor(run: Run) -> None:
    """Bug: without a descriptor the event loop is not woken by the reply."""
    descriptors = open_files()

    assert run(aio.resolve_neighbor(FAR_IP4)) == reachable(FAR_IP4)

    assert open_files() == descriptors


@pytest.mark.usefixtures("wire", "no_descriptor")
def test_cancellation_does_not_wait_for_the_thread(run: Run) -> None:
    """Bug: the resolver is closed while the thread uses it, or the cancelled task waits for the thread."""
    descriptors = open_files()

    async def main() -> None:
        task = asyncio.create_task(_resolved(ABSENT_IP4))
        while not threads():
            await asyncio.sleep(0.001)
        task.cancel()
        turns = 0
        while not task.done():
            await asyncio.sleep(0)
            turns += 1
        assert turns <= 2
        with suppress(asyncio.CancelledError):
            await task

    run(main())

    for thread in threads():
        thread.join(10)
    assert open_files() == descriptors
