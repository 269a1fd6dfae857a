# SPDX-License-Identifier: MIT
"""Ctrl-C while the wire is silent."""

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

RESOLVE = """
import sys, netio
try:
    {}
except KeyboardInterrupt:
    print("interrupted")
"""

ONE = 'netio.resolve_neighbor(sys.argv[1], interface="near0")'
MANY = 'list(netio.resolve_neighbors([sys.argv[1]] * 300, interface="near0", max_in_flight=200))'


@pytest.mark.parametrize("prefix", [[], ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]], ids=["root", "nobody"])
@pytest.mark.parametrize("call", [ONE, MANY], ids=["one", "many"])
def test_ctrl_c(wire: Wire, absent: str, prefix: list[str], call: str) -> None:
    """Bug: the wait in C goes on after the signal, so that Ctrl-C works after seconds, or never."""
    command = [*prefix, *python(RESOLVE.format(call)), absent]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as child:
        while absent not in seen(wire.near):
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        start = monotonic()
        shown, _ = child.communicate(timeout=30)
        took = monotonic() - start

    assert (shown, child.returncode) == ("interrupted\n", 0)
    assert took < 1
