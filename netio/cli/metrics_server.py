# SPDX-License-Identifier: MIT
"""Serves metrics over HTTP, with bounds for clients that are slow, many or hostile.

One thread waits for all clients and a second one makes the responses, so the number of clients costs no threads. Each
connection has one request, whose head is bounded in size and time, and one response, which is bounded in time.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from time import monotonic
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, make_wsgi_app

from netio.cli.http_message import (
    MAX_HEAD,
    PATH,
    RefusedError,
    Request,
    Response,
    checked_path,
    head_of,
    read_head,
    refusal,
)

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import Callable, Iterable, Sequence

    from prometheus_client import Metric

# Connections at the same time. More are accepted only if one that waits for its client is closed.
MAX_CONNECTIONS = 64

# Bytes of the responses that clients are reading. They are counted once for all that share them; above it the oldest
# are closed, but for one.
MAX_UNREAD = 32 << 20

# Seconds for a response to be read, and for a client to close the connection after it.
RESPONSE_SECONDS = 20.0
LINGER_SECONDS = 1.0

_PART = 65_536

# Rounds of the event loop after which connections that were accepted last are known, and can be closed.
_ACCEPT_ROUNDS = 10

_PAGE = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>netio exporter</title></head>
<body><h1>netio exporter</h1><p><a href="{PATH}">Metrics</a></p></body></html>
""".encode()


class _Stage(Enum):
    """The event that a connection waits for."""

    REQUEST = auto()  # from its client
    METRICS = auto()
    READER = auto()  # for its client to read the response


@dataclass(eq=False, slots=True)
class _Connection:
    writer: StreamWriter
    stage: _Stage
    since: float
    body: bytes = b""


class _Shared:
    """The metrics of one scrape, as a collector."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


class MetricsServer:
    """Serves what a function collects; requests that wait at the same time share the result of one call."""

    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self._collect = collect
        self._connections: set[_Connection] = set()
        self._waiting: list[tuple[dict[str, Any], asyncio.Future[Response]]] = []
        self._has_waiting = asyncio.Event()
        # One thread exactly, unlike asyncio.to_thread().
        self._maker = ThreadPoolExecutor(1, "netio-metrics")

    async def serve(self, addresses: Sequence[tuple[str, int]], started: Callable[[list[str]], None]) -> None:
        """Serves until it is cancelled. `started` gets the URLs once clients can connect.

        Raises:
            OSError: An address cannot be used.
        """
        servers: list[asyncio.Server] = []
        worker = asyncio.create_task(self._answer_waiting())
        try:
            for host, port in addresses:
                servers.append(await asyncio.start_server(self._serve, host, port, limit=MAX_HEAD))
            started([_url(*sock.getsockname()[:2]) for server in servers for sock in server.sockets])
            await worker
        finally:
            worker.cancel()
            self._maker.shutdown()
            for server in servers:
                server.close()
            for _ in range(_ACCEPT_ROUNDS):
                await asyncio.sleep(0)
            for connection in self._connections:
                connection.writer.transport.abort()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Serves one connection."""
        if not self._make_room():
            writer.write(head_of(("503 Service Unavailable", [], b"")))
            writer.close()
            return
        # The memory of the kernel is bounded, too: by default it grows to megabytes for each connection.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _PART)
        connection = _Connection(writer, _Stage.REQUEST, monotonic())
        self._connections.add(connection)
        try:
            response, is_head = await self._response(reader, connection)
            connection.stage, connection.since = _Stage.READER, monotonic()
            connection.body = b"" if is_head else response[2]
            self._limit_unread()
            async with asyncio.timeout(RESPONSE_SECONDS):
                await _send(writer, head_of(response), connection.body)
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_SECONDS):
                    await _drain(reader)
        except (OSError, EOFError, TimeoutError):  # the client went away, or is too slow
            writer.transport.abort()
        finally:
            self._connections.discard(connection)
            writer.close()

    def _make_room(self) -> bool:
        """Closes the connection that has waited longest for its client, if there are too many. Returns whether it did.

        A client that behaves well has its response within milliseconds, so this is never the oldest.
        """
        if len(self._connections) < MAX_CONNECTIONS:
            return True
        slow = [one for one in self._connections if one.stage is not _Stage.METRICS]
        if not slow:
            return False
        self._abort(min(slow, key=lambda one: one.since))
        return True

    def _limit_unread(self) -> None:
        """Closes the connections whose clients read slowest, if their responses take too much memory."""
        readers = [one for one in self._connections if one.stage is _Stage.READER]
        readers.sort(key=lambda one: one.since, reverse=True)
        while len(readers) > 1 and sum({id(one.body): len(one.body) for one in readers}.values()) > MAX_UNREAD:
            self._abort(readers.pop())

    def _abort(self, connection: _Connection) -> None:
        self._connections.discard(connection)
        connection.writer.transport.abort()

    async def _response(self, reader: StreamReader, connection: _Connection) -> tuple[Response, bool]:
        """Returns the response to a request, and whether it is sent without the body."""
        is_head = False
        try:
            request = Request(await read_head(reader))
            is_head = request.command == "HEAD"
            if checked_path(request) == "/":
                return ("200 OK", [("Content-Type", "text/html; charset=utf-8")], _PAGE), is_head
            connection.stage = _Stage.METRICS
            return await self._metrics(request), is_head
        except RefusedError as error:
            return refusal(error), is_head

    async def _metrics(self, request: Request) -> Response:
        """Waits for the metrics in the format that the client accepts."""
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": PATH,
            "HTTP_ACCEPT": request.headers.get("Accept", ""),
            "HTTP_ACCEPT_ENCODING": request.headers.get("Accept-Encoding", ""),
        }
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting.append((environ, answer))
        self._has_waiting.set()
        return await answer

    async def _answer_waiting(self) -> None:
        """Collects once for all requests that wait, in a thread, and again for those that arrived since."""
        while True:
            await self._has_waiting.wait()
            self._has_waiting.clear()
            waiting, self._waiting = self._waiting, []
            environs = [environ for environ, _ in waiting]
            responses = await asyncio.get_running_loop().run_in_executor(self._maker, self._answer, environs)
            for (_, answer), response in zip(waiting, responses, strict=True):
                if not answer.done():  # its client may have left
                    answer.set_result(response)

    def _answer(self, environs: list[dict[str, Any]]) -> list[Response]:
        registry = CollectorRegistry()
        registry.register(_Shared(list(self._collect())))
        app = make_wsgi_app(registry)
        made: dict[tuple[str, str], Response] = {}
        for environ in environs:
            wanted = environ["HTTP_ACCEPT"], environ["HTTP_ACCEPT_ENCODING"]
            if wanted not in made:
                made[wanted] = _call(app, environ)
        return [made[one["HTTP_ACCEPT"], one["HTTP_ACCEPT_ENCODING"]] for one in environs]


def _call(app: Callable[..., Iterable[bytes]], environ: dict[str, Any]) -> Response:
    """Calls a WSGI application."""
    begun: list[tuple[str, list[tuple[str, str]]]] = []
    body = b"".join(app(environ, lambda status, headers: begun.append((status, headers))))
    return *begun[0], body


async def _send(writer: StreamWriter, head: bytes, body: bytes) -> None:
    """Sends a response in parts, so that a slow client keeps only a part of it in a buffer of its own."""
    writer.write(head)
    view = memoryview(body)
    for start in range(0, len(view), _PART):
        writer.write(view[start : start + _PART])
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def _drain(reader: StreamReader) -> None:
    """Discards what a client still sends: closing the connection before would discard the response, too."""
    left = 16 * _PART
    while left > 0 and (part := await reader.read(_PART)):
        left -= len(part)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}{PATH}" if ":" in host else f"http://{host}:{port}{PATH}"


def run_server(
    collect: Callable[[], Iterable[Metric]], addresses: Sequence[tuple[str, int]], started: Callable[[list[str]], None]
) -> None:
    """Serves until SIGTERM; Ctrl-C raises KeyboardInterrupt.

    Raises:
        OSError: An address cannot be used.
    """
    received: list[int] = []

    async def serve() -> None:
        task = asyncio.create_task(MetricsServer(collect).serve(addresses, started))

        def end(number: int) -> None:
            received.append(number)
            task.cancel()

        if sys.platform != "win32":  # where asyncio.run() itself handles Ctrl-C
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, end, number)
        try:
            await task
        except asyncio.CancelledError:
            if not received:
                raise

    asyncio.run(serve())
    if signal.SIGINT in received:
        raise KeyboardInterrupt
