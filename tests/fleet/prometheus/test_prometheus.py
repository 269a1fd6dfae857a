# SPDX-License-Identifier: MIT
"""The page "Prometheus", run from its first to its last block, with a real Prometheus and a fleet of three hosts.

Needs prometheus and promtool (package prometheus), curl, nft (nftables), nginx (nginx-light) and openssl.
"""

from __future__ import annotations

import base64
import configparser
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tomllib
import urllib.parse
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import pytest

from netlab.command import COMMAND, surroundings
from netlab.fleet import HOSTS, Fleet, fleet, service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from netlab.namespace import Namespace

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "prometheus.md").read_text(encoding="utf-8")
FILES = ROOT / "prometheus"

SECONDS = 40
PORT = 19817

# The folders of nginx, which by default are those of the system's own server.
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def blocks(heading: str, language: str) -> list[str]:
    """Returns the blocks of a language in a section of the page."""
    section = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    (text,) = (part for part in section if part.startswith(f"{heading}\n"))
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def eventually(condition: Callable[[], object]) -> None:
    until = monotonic() + SECONDS
    while not condition():
        assert monotonic() < until
        sleep(0.1)


def await_start(log: Path) -> None:
    """Waits until an exporter accepts connections, and has printed its address."""
    eventually(lambda: b"/metrics" in log.read_bytes())


def shell(namespace: Namespace, script: str, folder: Path) -> str:
    """Runs a block of the page in a namespace; each command must succeed."""
    with namespace.entered():
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env=surroundings(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == 0, (script, done)
    return done.stdout


def netio_command(command: str) -> list[str]:
    """Returns the command line of a netio command of the page."""
    name, *arguments = command.split()
    assert name.rpartition("/")[2] == "netio"
    return [*COMMAND, *arguments]


@dataclass(frozen=True)
class Monitored:
    """A fleet that Prometheus scrapes."""

    fleet: Fleet
    folder: Path

    def api(self, path: str, **parameters: str) -> Any:  # noqa: ANN401
        """Calls Prometheus."""
        with self.fleet.monitor.entered():
            connection = HTTPConnection("127.0.0.1", 9090, timeout=SECONDS)
            try:
                connection.request("GET", f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
                answer = json.loads(connection.getresponse().read())
            finally:
                connection.close()
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression: str) -> dict[str, float]:
        """Returns the values of a query by host."""
        result = self.api("query", query=expression)["result"]
        return {one["metric"].get("instance", ""): float(one["value"][1]) for one in result}

    def await_result(self, expression: str) -> None:
        """Waits until a query has a result."""
        eventually(lambda: self.api("query", query=expression)["result"])


@pytest.fixture(scope="module")
def monitored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitored]:
    """The hosts with their exporters, and Prometheus with the configuration of the page."""
    folder = tmp_path_factory.mktemp("monitor")
    (config,) = blocks("Let Prometheus scrape it", "yaml")
    # More often than in the page, so that the tests take seconds.
    (folder / "prometheus.yml").write_text(config.replace("15s", "1s"))
    for name in ("netio.rules.yml", "netio.rules.test.yml"):
        shutil.copy(FILES / name, folder)
    checks, start, query = blocks("Let Prometheus scrape it", "sh")
    assert query.startswith("promtool query instant ")
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[method-assign,assignment]
    unit.read(FILES / "netio-exporter.service")
    name, _, value = unit["Service"]["Environment"].partition("=")
    with ExitStack() as running:
        whole = running.enter_context(fleet())
        for address, host in whole.hosts.items():
            # As the page says for a network with a firewall.
            command = unit["Service"]["ExecStart"].replace("127.0.0.1", address)
            log = folder / f"{address}.log"
            running.enter_context(service(host, netio_command(command), folder, log, **{name: value}))
            await_start(log)
        assert "SUCCESS" in shell(whole.monitor, checks, folder)
        (folder / "data").mkdir()
        running.enter_context(service(whole.monitor, start.split(), folder, folder / "prometheus.log"))
        eventually(lambda: "Server is ready" in (folder / "prometheus.log").read_text())
        found = Monitored(whole, folder)
        eventually(lambda: len(found.query("netio_up == 1")) == len(HOSTS))
        yield found


def test_installation_has_the_extras_that_exist(tmp_path: Path) -> None:
    """Bug: the page installs another package, or an extra that does not have the exporter's libraries."""
    (install,) = blocks("Install", "sh")
    create, add = install.splitlines()
    path = tmp_path / "netio"
    subprocess.run([sys.executable, *create.replace("/opt/netio", str(path)).split()[1:]], check=True)
    assert (path / "bin" / "pip").exists()
    found = re.fullmatch(r'/opt/netio/bin/pip install "(\w+)\[([\w,]+)\]"', add)
    assert found
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert found[1] == project["name"]
    needed = {one for extra in found[2].split(",") for one in project["optional-dependencies"][extra]}
    assert {re.split("[>=]", one)[0] for one in needed} >= {"click", "prometheus-client"}


def test_exporter_of_the_page_is_scraped_on_its_own_host(tmp_path: Path) -> None:
    """Bug: the first commands of the page fail, or the default address is another one."""
    start, get = blocks("Start the exporter", "sh")
    with fleet() as whole:
        host = whole.hosts[HOSTS[0]]
        log = tmp_path / "log"
        with service(host, netio_command(start), tmp_path, log):
            await_start(log)
            assert log.read_text() == f"http://127.0.0.1:{PORT}/metrics\n"
            assert "\nnetio_up 1.0\n" in shell(host, get, tmp_path)


def test_unit_of_systemd_starts_the_exporter() -> None:
    """Bug: the unit starts another command, with more rights, or without the notification."""
    unit = (FILES / "netio-exporter.service").read_text()
    for line in ("Type=notify", "ExecStart=/opt/netio/bin/netio exporter --listen 127.0.0.1:19817", "DynamicUser=yes"):
        assert f"\n{line}\n" in unit


def test_prometheus_answers_the_query_of_the_page(monitored: Monitored) -> None:
    """Bug: a host is missing, or its entries are not those of its table."""
    whole = monitored.fleet
    for number, host in enumerate(whole.hosts.values(), 1):
        host.ip(*(f"neigh replace 192.0.2.{100 + n} lladdr 02:00:5e:00:00:07 dev eth0" for n in range(number)))
    *_, query = blocks("Let Prometheus scrape it", "sh")

    def permanent() -> dict[str, str]:
        shown = shell(whole.monitor, query, monitored.folder)
        return dict(re.findall(r'\{instance="([\d.]+):19817", state="permanent"\} => (\d+) @', shown))

    def entries() -> dict[str, str]:
        return {
            address: str(len([one for one in host.json("neigh show nud all") if "PERMANENT" in one["state"]]))
            for address, host in whole.hosts.items()
        }

    eventually(lambda: all(int(permanent()[address]) >= int(count) for address, count in entries().items()))
    ip4 = 'sum by (instance) (netio_neighbor_entries{family="ipv4", state="permanent"})'
    eventually(lambda: monitored.query(ip4) == {f"{address}:{PORT}": n for n, address in enumerate(HOSTS, 1)})


def test_moved_gateway_raises_the_alert_of_each_host(monitored: Monitored) -> None:
    """Bug: the alert of the rules has another name of the metric, or a first move is not seen."""
    whole = monitored.fleet
    whole.resolve_gateway()
    gateways = 'count by (instance) (netio_gateway_moves_total{interface="eth0", family="ipv4"} == 0)'
    eventually(lambda: len(monitored.query(gateways)) == len(HOSTS))
    sleep(2.5)  # two scrapes with 0, from which the increase is computed
    whole.set_gateway_mac("02:00:00:00:01:99")
    moves = 'netio_gateway_moves_total{interface="eth0", family="ipv4"} == 1'
    eventually(lambda: len(monitored.query(moves)) == len(HOSTS))
    firing = 'ALERTS{alertname="GatewayMoved", alertstate="firing", severity="critical"}'
    eventually(lambda: len(monitored.query(firing)) == len(HOSTS))
    summaries = [one["annotations"]["summary"] for one in monitored.api("alerts")["alerts"]]
    expected = {f"{address}:{PORT}: the gateway on eth0 has another physical address" for address in HOSTS}
    assert expected <= set(summaries)


def dashboard_queries() -> list[str]:
    panels = json.loads((FILES / "netio-dashboard.json").read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_every_query_of_the_dashboard_has_a_result(monitored: Monitored) -> None:
    """Bug: a panel has the name of a metric or a label that does not exist, and is empty for ever."""
    queries = dashboard_queries()
    assert len(queries) >= 14
    for host in monitored.fleet.hosts.values():
        host.ip("neigh replace 192.0.2.200 nud failed dev eth0")
    for query in queries:
        # As Grafana replaces its variables; the interval is four times that of the scrapes.
        monitored.await_result(query.replace("$instance", ".*").replace("$__rate_interval", "4s"))
    labels = monitored.api("label/instance/values")
    assert set(labels) >= {f"{address}:{PORT}" for address in HOSTS}


def test_metrics_and_labels_of_the_page_are_those_of_an_exporter(monitored: Monitored) -> None:
    """Bug: the table of the page lists a metric that does not exist, or lacks one."""
    names = {one for one in monitored.api("label/__name__/values") if one.startswith("netio_")}
    table = PAGE.partition("## The metrics")[2].partition("\nThe metrics of a table")[0]
    per_entry = {"netio_neighbor_info", "netio_neighbor_info_omitted_entries"}
    assert set(re.findall(r"`(netio_\w+)`", table)) == names | per_entry


def test_rules_of_the_page_pass_their_tests(tmp_path: Path) -> None:
    """Bug: a rule does not fire, fires on a quiet host, or has another text."""
    for name in ("netio.rules.yml", "netio.rules.test.yml"):
        shutil.copy(FILES / name, tmp_path)
    (script,) = blocks("Alerts", "sh")
    for command in script.splitlines():
        done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, "SUCCESS" in done.stdout) == (0, True), done
    names = re.findall(r"alert: (\w+)", (FILES / "netio.rules.yml").read_text())
    tested = set(re.findall(r"alertname: (\w+)", (FILES / "netio.rules.test.yml").read_text()))
    assert tested == set(names)


def can_connect(namespace: Namespace, address: str) -> bool:
    with namespace.entered():
        connection = HTTPConnection(address, PORT, timeout=1)
        try:
            connection.request("GET", "/metrics")
            return connection.getresponse().status == 200
        except TimeoutError:
            return False
        finally:
            connection.close()


def test_firewall_of_the_page_lets_only_prometheus_in(tmp_path: Path) -> None:
    """Bug: the rules have an error, or let every host in, or not even Prometheus."""
    firewall, *_ = blocks("Protect it", "sh")
    with fleet() as whole:
        first, second, _ = whole.hosts
        log = tmp_path / "log"
        command = [*COMMAND, "exporter", "--listen", f"{first}:{PORT}"]
        with service(whole.hosts[first], command, tmp_path, log):
            await_start(log)
            assert can_connect(whole.hosts[second], first)
            shell(whole.hosts[first], firewall, tmp_path)
            assert not can_connect(whole.hosts[second], first)
            assert can_connect(whole.monitor, first)


def test_reverse_proxy_of_the_page_asks_for_a_password(tmp_path: Path) -> None:
    """Bug: the configuration has an error, or serves the metrics without a password or in plain text."""
    (server,) = blocks("Protect it", "nginx")
    make = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=192.0.2.11 -keyout key.pem -out cert.pem\n"
        'echo "prometheus:$(openssl passwd -apr1 secret)" > passwords'
    )
    subprocess.run(["bash", "-ec", make], cwd=tmp_path, check=True, capture_output=True)
    server = server.replace("/etc/netio", str(tmp_path))
    user = "user root;" if os.geteuid() == 0 else ""
    folders = " ".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in TEMPORARY)
    top = f"{user} daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}}"
    (tmp_path / "nginx.conf").write_text(f"{top}\nhttp {{ access_log off; {folders}\n{server} }}\n")
    with fleet() as whole, ExitStack() as running:
        host = whole.hosts["192.0.2.11"]
        log = tmp_path / "log"
        running.enter_context(service(host, [*COMMAND, "exporter"], tmp_path, log))
        await_start(log)
        nginx = ["nginx", "-e", str(tmp_path / "error.log"), "-c", str(tmp_path / "nginx.conf")]
        running.enter_context(service(host, nginx, tmp_path, tmp_path / "nginx.log"))
        eventually((tmp_path / "pid").exists)
        context = ssl.create_default_context(cafile=tmp_path / "cert.pem")
        context.check_hostname = False
        statuses = []
        password = base64.b64encode(b"prometheus:secret").decode()
        for headers in ({}, {"Authorization": f"Basic {password}"}):
            with whole.monitor.entered():
                connection = HTTPSConnection("192.0.2.11", 19818, timeout=SECONDS, context=context)
                connection.request("GET", "/metrics", headers=headers)
                response = connection.getresponse()
                statuses.append((response.status, b"netio_up 1.0" in response.read()))
                connection.close()
        assert statuses == [(401, False), (200, True)]
