# SPDX-License-Identifier: MIT
"""The server of `netio exporter`: it serves what is asked of it, refuses the rest, and no client can exhaust it."""

from __future__ import annotations

import gzip
import os
import re
import select
import signal
import socket
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING

import pytest

import netio
from netio.cli import http_message, metrics_server
from netlab.command import on_terminal, run
from netlab.exporter import exporting
from netlab.wire import FAR_IP4, FAR_MAC

if TYPE_CHECKING:
    from netlab.exporter import Exporter
    from netlab.wire import Wire

pytestmark = pytest.mark.usefixtures("wire")

HOST = b"Host: localhost\r\n"

# The main thread, the one that makes responses, and the one that counts changes.
THREADS = 3


def status_of(response: bytes) -> int:
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", response)
    assert found, response
    return int(found[1])


def test_metrics_are_those_of_the_table() -> None:
    """Bug: the exporter serves other metrics than the collector, or the wrong type of content."""
    netio.resolve_neighbor(FAR_IP4)
    with exporting("-i", "near0", "--per-entry", "5") as exporter:
        status, headers, body = exporter.get()
        samples = exporter.scrape()
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert int(headers["Content-Length"]) == len(body)
    assert samples["netio_up"] == 1
    assert samples['netio_neighbor_entries{family="ipv4",interface="near0",state="reachable"}'] == 1
    info = f'{{address="{FAR_IP4}",family="ipv4",interface="near0",physical_address="{FAR_MAC}"}}'
    assert samples[f"netio_neighbor_info{info}"] == 1
    assert samples["process_open_fds"] > 3


def test_formats_that_prometheus_accepts() -> None:
    """Bug: OpenMetrics is labelled as the older format, or a compressed body is not declared."""
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    with exporting() as exporter:
        status, headers, body = exporter.get(Accept=accept)
        assert (status, body[-6:]) == (200, "# EOF\n")
        assert headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        zipped = exporter.raw(b"GET /metrics HTTP/1.1\r\nAccept-Encoding: gzip\r\n" + HOST + b"\r\n")
        head, _, content = zipped.partition(b"\r\n\r\n")
        assert b"Content-Encoding: gzip" in head
        assert b"netio_up 1.0" in gzip.decompress(content)


def test_page_at_the_root_links_to_the_metrics() -> None:
    """Bug: a user who opens the address in a browser gets an error."""
    with exporting() as exporter:
        status, headers, body = exporter.get("/")
        assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert '<a href="/metrics">' in body
        head = exporter.raw(b"HEAD /metrics HTTP/1.1\r\n" + HOST + b"\r\n")
    assert status_of(head) == 200
    assert head.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET /metrics\r\n\r\n", 400),
        (b"GET /metrics HTTP/x\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\n" + 2 * HOST + b"\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", 400),
        (b"GET /metrics HTTP/2.0\r\n" + HOST + b"\r\n", 505),
        (b"GET /other HTTP/1.1\r\n" + HOST + b"\r\n", 404),
        (b"GET /metrics/../etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", 404),
        (b"POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n" + HOST + b"\r\nhello", 405),
        (b"BREW /metrics HTTP/1.1\r\n" + HOST + b"\r\n", 405),
        (b"GET /" + 20_000 * b"a" + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (b"GET /metrics HTTP/1.1\r\nX: " + 20_000 * b"a" + b"\r\n\r\n", 431),
        (b"GET /metrics HTTP/1.1\r\n" + 5_000 * b"X: a\r\n" + b"\r\n", 431),
        (b"GET /metrics HTTP/1.1\r\n" + 101 * b"X: a\r\n" + b"\r\n", 431),
        (b"GET /metrics HTTP/1.1\r\nContent-Length: 1000000\r\n" + HOST + b"\r\n" + 1_000_000 * b"a", 200),
        (b"GET /metrics?name=x HTTP/1.0\r\n\r\n", 200),
    ],
)
def test_requests_that_are_refused(request_bytes: bytes, status: int) -> None:
    """Bug: a malformed request has another status, keeps its connection, or ends the exporter."""
    with exporting() as exporter:
        response = exporter.raw(request_bytes)
        assert status_of(response) == status
        assert b"\r\nConnection: close\r\n" in response
        assert (b"\r\nAllow: GET, HEAD\r\n" in response) == (status == 405)
        assert exporter.get()[0] == 200
        assert exporter.end() == (0, "")


def test_request_that_never_ends_is_refused() -> None:
    """Bug: a client that sends a byte now and then keeps its connection for ever."""
    with exporting() as exporter, exporter.connect() as slow:
        slow.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
        begin = monotonic()
        while not select.select([slow], [], [], 0.5)[0]:
            slow.sendall(b"a")
        response = slow.recv(65536)
        assert status_of(response) == 408
        assert monotonic() - begin >= http_message.HEAD_SECONDS - 1


def open_slow_clients(exporter: Exporter, opened: ExitStack, sent: bytes, number: int) -> list[socket.socket]:
    """Opens connections that send something and then wait."""
    clients = []
    for _ in range(number):
        client = opened.enter_context(exporter.connect())
        client.sendall(sent)
        clients.append(client)
    return clients


@pytest.mark.parametrize("sent", [b"", b"GET /metrics HTTP/1.1\r\nX: "], ids=["silent", "slowloris"])
def test_many_slow_clients_do_not_block_a_scrape(sent: bytes) -> None:
    """Bug: each connection has a thread, or those that wait for a request have all places."""
    with exporting() as exporter, ExitStack() as opened:
        exporter.get()
        descriptors = Path(f"/proc/{exporter.process.pid}/fd")
        clients = open_slow_clients(exporter, opened, sent, 5 * metrics_server.MAX_CONNECTIONS)
        for _ in range(20):
            assert exporter.get()[0] == 200
        assert exporter.status_lines()["Threads"] == THREADS
        assert len(list(descriptors.iterdir())) < metrics_server.MAX_CONNECTIONS + 40
        # The first clients were closed in favour of later ones.
        assert select.select(clients[:1], [], [], 0)[0]
        assert exporter.end() == (0, "")


def test_clients_that_do_not_read_do_not_block_a_scrape(wire: Wire) -> None:
    """Bug: a response that is not read keeps a thread, all places, or a copy of a large response for each client."""
    wire.near.ip(*(f"neigh add 10.9.{n // 250}.{n % 250} lladdr {FAR_MAC} dev near0" for n in range(10_000)))
    request = b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n"
    with exporting("--per-entry", "100000") as exporter, ExitStack() as opened:
        size = len(exporter.get()[2])
        assert size > 400_000
        before = exporter.status_lines()["VmRSS"]
        for _ in range(metrics_server.MAX_CONNECTIONS):
            client = opened.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect((exporter.host, exporter.port))
            client.sendall(request)
            assert client.recv(1) == b"H"  # each has a response of its own
        for _ in range(5):
            assert exporter.get()[0] == 200
        assert exporter.status_lines()["Threads"] == THREADS
        more = (exporter.status_lines()["VmRSS"] - before) * 1024
        buffers = 200_000 * metrics_server.MAX_CONNECTIONS
        assert more < metrics_server.MAX_UNREAD + buffers < metrics_server.MAX_CONNECTIONS * size


def test_many_clients_at_once_share_scrapes() -> None:
    """Bug: every request of a burst makes the kernel dump its table, one after the other."""
    with exporting() as exporter:
        exporter.get()
        exporter.process.send_signal(signal.SIGSTOP)
        connections = [HTTPConnection(exporter.host, exporter.port, timeout=20) for _ in range(40)]
        for connection in connections:
            connection.request("GET", "/metrics")
        exporter.process.send_signal(signal.SIGCONT)
        bodies = [connection.getresponse().read() for connection in connections]
        for connection in connections:
            connection.close()
    durations = {line for body in bodies for line in body.splitlines() if line.startswith(b"netio_scrape_duration")}
    assert len(durations) <= 20
    assert exporter.process.returncode is not None


def test_concurrent_scrapes_are_all_answered() -> None:
    """Bug: a response goes to another request, or a request that arrives during a scrape is forgotten."""
    statuses: list[int] = []
    with exporting() as exporter:
        threads = [Thread(target=lambda: statuses.extend(exporter.get()[0] for _ in range(20))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses == 160 * [200]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_signal_ends_the_exporter_with_clients_connected(number: int, status: int) -> None:
    """Bug: the exporter waits for its clients, prints a traceback, or has the wrong exit status."""
    with exporting() as exporter, ExitStack() as opened:
        exporter.get()
        open_slow_clients(exporter, opened, b"GET", 3)
        begin = monotonic()
        assert exporter.end(number) == (status, "")
        assert monotonic() - begin < http_message.HEAD_SECONDS
        with pytest.raises(OSError, match="refused"):
            exporter.connect()


def test_ctrl_c_on_a_terminal_leaves_nothing() -> None:
    """Bug: Ctrl-C prints a traceback, or a process or a changed terminal is left."""
    with on_terminal("exporter", "--listen", "127.0.0.1:0") as terminal:
        terminal.expect("/metrics\n")
        terminal.type("\x03")
        assert terminal.finish() == 130
        assert "Traceback" not in terminal.text


def test_service_manager_is_notified_when_clients_can_connect(tmp_path: Path) -> None:
    """Bug: with Type=notify, systemd waits for ever, or starts what depends on the exporter too early."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(20)
        with exporting(NOTIFY_SOCKET=str(tmp_path / "notify")) as exporter:
            assert receiver.recv(100) == b"READY=1"
            assert exporter.get()[0] == 200


def test_addresses_are_checked_and_may_be_several() -> None:
    """Bug: --listen accepts every address of the machine unasked, or an error of the system is a traceback."""
    for wrong in ("127.0.0.1", ":9100", "9100", "[::1]", "127.0.0.1:70000", "::1:9100", "[]:9100", "a b:9100"):
        done = run("exporter", "--listen", wrong)
        assert (done.returncode, done.stdout) == (2, "")
        assert "is not HOST:PORT" in done.stderr
    with exporting("--listen", "[::1]:0") as exporter:
        done = run("exporter", "--listen", f"127.0.0.1:{exporter.port}")
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch("netio: .*address already in use\n", done.stderr)
        assert exporter.process.stdout is not None
        second = exporter.process.stdout.readline()
        found = re.fullmatch(r"http://\[::1\]:(\d+)/metrics\n", second)
        assert found
        with socket.create_connection(("::1", int(found[1]))) as connection:
            connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200 OK")


def test_default_address_is_on_loopback() -> None:
    """Bug: the table of a machine is open to its network by default."""
    with on_terminal("exporter") as terminal:
        terminal.expect("http://127.0.0.1:19817/metrics\n")
        terminal.type("\x03")
        assert terminal.finish() == 130


def test_netns_selects_tables_and_not_where_the_exporter_listens(wire: Wire) -> None:
    """Bug: --netns is ignored, or the exporter listens in that namespace, where Prometheus does not reach it."""
    path = f"/proc/{os.getpid()}/fd/{wire.far.descriptor}"
    with exporting("--netns", path) as exporter:
        assert exporter.scrape()[f'netio_up{{namespace="{path}"}}'] == 1
    done = run("exporter", "--netns", "/etc/passwd")
    assert (done.returncode, done.stdout) == (1, "")
    assert "not a network namespace" in done.stderr


def test_missing_namespace_is_reported_once() -> None:
    """Bug: each scrape prints the same problem, or none does."""
    with exporting("--netns", "/run/netns/absent-namespace") as exporter:
        for _ in range(3):
            samples = exporter.scrape()
        assert samples['netio_up{namespace="/run/netns/absent-namespace"}'] == 0
        status, output = exporter.end()
    assert status == 0
    assert output.count("cannot be read") == 1
