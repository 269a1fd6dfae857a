# SPDX-License-Identifier: MIT
"""Private networks for the kernel tests. Nothing here touches the machine's own network.

The tests need ip(8), setpriv(1), setsid(1), strace(1), a C compiler, a kernel with veth, bridge and vxlan links, and
root or unprivileged user namespaces. No link type is used that brings links of its own into the machine when it is
loaded.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any, Protocol

import pytest

import netio
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.namespace import Namespace, is_machines_root, leave_the_machine
from netlab.wire import ABSENT_IP4, ABSENT_IP6, ABSENT_LINK_LOCAL, FAR_IP4, FAR_IP6, FAR_LINK_LOCAL, Wire, wired

if TYPE_CHECKING:
    from collections.abc import Iterator

_TUN = "/dev/net/tun"
_LEFT_OUT = pytest.StashKey[int]()
_TOOLS = {"ip": "iproute2", "setpriv": "util-linux", "setsid": "util-linux", "strace": "strace", "cc": "gcc"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out, and says so, what only root may do on some machines: to make links of any type."""
    if is_machines_root() or os.access(_TUN, os.R_OK | os.W_OK):
        return
    left_out = [item for item in items if "tunnel" in getattr(item, "fixturenames", ())]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
    config.stash[_LEFT_OUT] = len(left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The line about what was left out."""
    if left_out := config.stash.get(_LEFT_OUT, 0):
        terminalreporter.line(
            f"{left_out} tests of tests/kernel were left out: they need root, or write access to {_TUN}"
        )


class Caller(Protocol):
    """Calls a verb of netio somewhere else: verb's name, arguments; its result, or the error that it raised there."""

    def __call__(self, verb: str, /, *arguments: Any, **named: Any) -> Any: ...  # noqa: ANN401


@pytest.fixture(scope="session", autouse=True)
def _private_network() -> None:
    """Ends the run with one line where the tests cannot have a network of their own."""
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
    """Two hosts on a wire; the test runs in the near one."""
    with wired() as both:
        yield both


@pytest.fixture
def unprivileged(wire: Wire) -> Caller:
    """Calls netio in the near host without any capability."""

    def call(verb: str, /, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        (result,) = call_elsewhere(wire.near, UNPRIVILEGED, [(verb, arguments, named)])
        if isinstance(result, Exception):
            raise result
        return result

    return call


@pytest.fixture(params=["root", "nobody"])
def anyone(request: pytest.FixtureRequest, unprivileged: Caller) -> Caller:
    """Calls netio in the near host, once with all capabilities and once without any."""

    def call(verb: str, /, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        return getattr(netio, verb)(*arguments, **named)

    return call if request.param == "root" else unprivileged


@pytest.fixture(params=[ABSENT_IP4, ABSENT_IP6, ABSENT_LINK_LOCAL], ids=["ip4", "ip6", "link-local"])
def absent(request: pytest.FixtureRequest) -> str:
    """An address of each kind that nobody on the wire has."""
    return str(request.param)


@pytest.fixture(params=[FAR_IP4, FAR_IP6, FAR_LINK_LOCAL], ids=["ip4", "ip6", "link-local"])
def live(request: pytest.FixtureRequest) -> str:
    """An address of each kind that the far host has."""
    return str(request.param)
