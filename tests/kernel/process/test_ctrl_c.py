# SPDX-License-Identifier: MIT
"""Ctrl-C while a host is silent."""

from __future__ import annotations

import signal
import subprocess
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from netlab.child import environment, python
from netlab.oracle import seen

if TYPE_CHECKING:
    from netlab.wire import Wire

# Prints when it was interrupted, by the monotonic clock.
RESOLVE = """
import sys, time, netio
try:
    {}
except KeyboardInterrupt:
    print(time.monotonic())
"""

ONE = 'netio.resolve_neighbor(sys.argv[1], interface="near0")'
MANY = 'list(netio.resolve_neighbors([sys.argv[1]] * 300, interface="near0", max_in_flight=200))'


TRIES = 5  # a busy machine is slow at times, not always


@pytest.mark.parametrize("prefix", [[], ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]], ids=["root", "nobody"])
@pytest.mark.parametrize("call", [ONE, MANY], ids=["one", "many"])
def test_ctrl_c_ends_resolve_within_200_ms(wire: Wire, absent: str, prefix: list[str], call: str) -> None:
    """Bug: the wait in C continues after the signal, so that Ctrl-C works after seconds, or never."""
    command = [*prefix, *python(RESOLVE.format(call)), absent]

    assert any(seconds_to_interrupt(wire, absent, command) < 0.2 for _ in range(TRIES))


def seconds_to_interrupt(wire: Wire, absent: str, command: list[str]) -> float:
    """Returns the time from the signal to the exception."""
    wire.near.ip("neigh flush dev near0")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as child:
        while absent not in seen(wire.near):
            assert child.poll() is None
        signalled = monotonic()
        child.send_signal(signal.SIGINT)
        shown, _ = child.communicate(timeout=30)

    assert child.returncode == 0
    return float(shown) - signalled
