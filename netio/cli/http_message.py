# SPDX-License-Identifier: MIT
"""The messages of HTTP for the server of metrics: reads a bounded request or refuses it, and writes a response."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase, BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import StreamReader

PATH = "/metrics"

# Bytes of a request line with its headers: Prometheus sends 300, browsers up to 2,000, and some proxies add cookies.
MAX_HEAD = 16_384

# Seconds for a request to arrive.
HEAD_SECONDS = 5.0

Response = tuple[str, list[tuple[str, str]], bytes]

_PLAIN = ("Content-Type", "text/plain; charset=utf-8")


class RefusedError(Exception):
    """A request that gets an error as its response."""

    def __init__(self, status: HTTPStatus, reason: str = "", *headers: tuple[str, str]) -> None:
        super().__init__(reason)
        self.status: HTTPStatus = status
        self.reason: str = reason or status.description
        self.headers: tuple[tuple[str, str], ...] = headers


class Request(BaseHTTPRequestHandler):
    """A request, parsed by http.server from the bytes of its head."""

    rfile: BufferedIOBase
    wfile: BufferedIOBase
    raw_requestline: bytes
    requestline: str
    command: str

    def __init__(self, head: bytes) -> None:
        self.rfile, self.wfile = BytesIO(head), BytesIO()
        self.raw_requestline = self.rfile.readline()
        self.requestline, self.command = "", ""
        if not self.parse_request() or self.request_version == "HTTP/0.9":
            raise RefusedError(HTTPStatus.BAD_REQUEST, "invalid request line")
        if self.request_version != "HTTP/1.0" and len(self.headers.get_all("Host", ())) != 1:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "one Host header is required")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Raises the error that http.server would send."""
        raise RefusedError(HTTPStatus(code), message or explain or "")

    def handle_expect_100(self) -> bool:
        """Sends nothing: the body of a request is not read."""
        return True


async def read_head(reader: StreamReader) -> bytes:
    """Reads a request line and headers, or refuses them.

    Raises:
        EOFError: The client closed the connection before.
    """
    try:
        async with asyncio.timeout(HEAD_SECONDS):
            return await reader.readuntil(b"\r\n\r\n")
    except TimeoutError:
        raise RefusedError(HTTPStatus.REQUEST_TIMEOUT) from None
    except asyncio.LimitOverrunError:
        begin = await reader.read(MAX_HEAD)
        is_line = b"\r\n" not in begin
        status = HTTPStatus.REQUEST_URI_TOO_LONG if is_line else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        raise RefusedError(status) from None


def checked_path(request: Request) -> str:
    """Returns the path of a request, or refuses it."""
    path = request.path.partition("?")[0]
    if path not in ("/", PATH):
        raise RefusedError(HTTPStatus.NOT_FOUND, f"the metrics are at {PATH}")
    if request.command not in ("GET", "HEAD"):
        raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "use GET or HEAD", ("Allow", "GET, HEAD"))
    return path


def refusal(error: RefusedError) -> Response:
    """Returns the response to a request that is refused."""
    status = f"{error.status.value} {error.status.phrase}"
    # The reason of http.server quotes the request: it is plain text, and not HTML.
    return status, [_PLAIN, *error.headers], f"{status}: {error.reason}\n".encode("utf-8", "replace")


def head_of(response: Response) -> bytes:
    """Returns a response without its body, after which the connection is closed."""
    status, headers, body = response
    lines = [
        f"HTTP/1.1 {status}",
        *(f"{name}: {value}" for name, value in headers),
        f"Content-Length: {len(body)}",
        "Connection: close",
        "X-Content-Type-Options: nosniff",
    ]
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1")
