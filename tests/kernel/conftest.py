# SPDX-License-Identifier: MIT
"""Private networks for the kernel tests, which do not change the machine's own network.

The tests need ip(8), setpriv(1), setsid(1), strace(1), a C compiler, a kernel with veth, bridge and vxlan interfaces,
and root or unprivileged user namespaces. They use no interface type whose kernel module adds interfaces to the machine.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any, Protocol

import pytest

import netio
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.faults import Injector, build
from netlab.hosts import FAR1_MAC, LIVE, PERMANENT_MAC, SILENT
from netlab.namespace import Namespace, is_machines_root, leave_the_machine
from netlab.wire import ABSENT_IP4, ABSENT_IP6, ABSENT_LINK_LOCAL, FAR_IP4, FAR_IP6, FAR_LINK_LOCAL, Wire, wired

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The tests of the kernel that tests/uml/run boots: they change its limits and load modules that add interfaces.
collect_ignore = [] if "NETIO_UML" in os.environ else ["uml"]

_TUN = "/dev/net/tun"
_DESELECTED = pytest.StashKey[int]()
_TOOLS = {"ip": "iproute2", "setpriv": "util-linux", "setsid": "util-linux", "strace": "strace", "cc": "gcc"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselects the tests that create interfaces of any type, if only root may do that and this is not root."""
    if is_machines_root() or os.access(_TUN, os.R_OK | os.W_OK):
        return
    deselected = [item for item in items if "tunnel" in getattr(item, "fixturenames", ())]
    items[:] = [item for item in items if item not in deselected]
    config.hook.pytest_deselected(items=deselected)
    config.stash[_DESELECTED] = len(deselected)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Prints how many tests were deselected."""
    if deselected := config.stash.get(_DESELECTED, 0):
        terminalreporter.line(
            f"{deselected} tests of tests/kernel were deselected: they need root or write access to {_TUN}"
        )


class Caller(Protocol):
    """Calls a verb of netio by name, possibly in another process. Returns its result or raises its error."""

    def __call__(self, verb: str, /, *arguments: Any, **named: Any) -> Any: ...  # noqa: ANN401


@pytest.fixture(scope="session", autouse=True)
def _private_network() -> None:
    """Ends the run with one line if the machine does not permit private networks."""
    missing = [f"{tool} (package {package})" for tool, package in _TOOLS.items() if shutil.which(tool) is None]
    if missing:
        pytest.exit(f"the kernel tests need {', '.join(missing)}", returncode=1)
    try:
        leave_the_machine()
        Namespace().close()
    except (OSError, AssertionError) as error:
        reason = str(error).strip().replace("\n", " ")
        pytest.exit(f"the kernel tests need root or unprivileged user namespaces ({reason})", returncode=1)


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Returns two hosts on a wire. The test runs in the near one."""
    with wired() as both:
        yield both


@pytest.fixture
def crowd(wire: Wire) -> Iterator[Wire]:
    """A wire whose far host has all addresses of LIVE; those of SILENT are on-link too, without a host."""
    wire.far.ip(f"route add local {LIVE} dev lo")
    wire.near.ip(f"route add {LIVE} dev near0", f"route add {SILENT} dev near0")
    yield wire
    netio.flush_neighbors()


@pytest.fixture
def two_interfaces(wire: Wire) -> Wire:
    """Two wires with short kernel timers, a gateway and the hosts of LIVE on the first, and permanent entries."""
    wire.hasten()
    wire.lay("near1", "02:00:00:00:01:01", "far1", FAR1_MAC)
    wire.near.ip(
        "address add 203.0.113.1/24 broadcast + dev near1",
        "address add fe80::1/64 dev near1 nodad",
        "ntable change name arp_cache dev near1 retrans 100",
        "ntable change name ndisc_cache dev near1 retrans 100",
        f"route add {LIVE} dev near0",
        f"route add default via {FAR_IP4}",
        f"neigh add 192.0.2.50 lladdr {PERMANENT_MAC} dev near0",
        f"neigh add 10.9.9.9 lladdr {PERMANENT_MAC} dev near0",
        f"neigh add 192.0.2.51 lladdr {PERMANENT_MAC} dev near0 nud noarp",
    )
    wire.far.ip(
        f"route add local {LIVE} dev lo",
        "address add 203.0.113.2/24 dev far1",
        "address add fe80::2/64 dev far1 nodad",
    )
    return wire


@pytest.fixture(scope="session")
def fault_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that injects faults into child processes."""
    return build(tmp_path_factory.mktemp("faults"))


@pytest.fixture
def inject(fault_library: Path, tmp_path: Path) -> Injector:
    """Switches faults on for a child process, and asserts that they were injected."""
    return Injector(fault_library, tmp_path)


@pytest.fixture
def unprivileged(wire: Wire) -> Caller:
    """Returns a function that calls netio in the near host without capabilities."""

    def call(verb: str, /, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        (result,) = call_elsewhere(wire.near, UNPRIVILEGED, [(verb, arguments, named)])
        if isinstance(result, Exception):
            raise result
        return result

    return call


@pytest.fixture(params=["privileged", "unprivileged"])
def anyone(request: pytest.FixtureRequest, unprivileged: Caller) -> Caller:
    """Returns a function that calls netio in the near host, once with and once without capabilities."""

    def call(verb: str, /, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        return getattr(netio, verb)(*arguments, **named)

    return call if request.param == "privileged" else unprivileged


@pytest.fixture(params=[ABSENT_IP4, ABSENT_IP6, ABSENT_LINK_LOCAL], ids=["ip4", "ip6", "link-local"])
def absent(request: pytest.FixtureRequest) -> str:
    """An on-link address without a host, of each kind."""
    return str(request.param)


@pytest.fixture(params=[FAR_IP4, FAR_IP6, FAR_LINK_LOCAL], ids=["ip4", "ip6", "link-local"])
def live(request: pytest.FixtureRequest) -> str:
    """An address of the far host, of each kind."""
    return str(request.param)
