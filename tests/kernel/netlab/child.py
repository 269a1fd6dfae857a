# SPDX-License-Identifier: MIT
"""Child processes that use netio: with the same interpreter, the same netio, and warnings as errors."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import netio
from netlab.parcel import dump

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netlab.namespace import Namespace

# A call of netio: the name of the verb, with "linux." before it for netio.linux, its positional arguments, its keyword
# arguments.
Call = tuple[str, tuple[Any, ...], dict[str, Any]]

# Root without capabilities is unprivileged. There is only one user id in a user namespace of the tests.
UNPRIVILEGED = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")

_CALLER = """
import operator, pickle, sys, netio.linux
from collections.abc import Iterator
from netlab.parcel import dump

def result(verb, arguments, named):
    try:
        got = operator.attrgetter(verb)(netio)(*arguments, **named)
        return list(got) if isinstance(got, netio.NeighborTable | Iterator) else got
    except (netio.NetioError, TypeError, ExceptionGroup) as error:
        return error

calls = pickle.load(sys.stdin.buffer)
sys.stdout.buffer.write(dump([result(*call) for call in calls]))
"""


def python(code: str) -> list[str]:
    """Returns the command line of a Python process that runs code."""
    return [sys.executable, "-P", "-W", "error", "-c", code]


def environment(**more: str) -> dict[str, str]:
    """Returns the environment in which such a process imports the netio under test."""
    path = os.pathsep.join(str(Path(file).parents[1]) for file in (netio.__file__, __file__))
    return {**os.environ, "PYTHONPATH": path, **more}


def call_elsewhere(namespace: Namespace, prefix: Sequence[str], calls: list[Call], **more: str) -> list[Any]:
    """Makes the calls in one child process. Returns the result of each, or the error that it raised."""
    with namespace.entered():
        done = subprocess.run(
            [*prefix, *python(_CALLER)],
            input=dump(calls),
            capture_output=True,
            env=environment(**more),
            timeout=50,
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()
    return list(pickle.loads(done.stdout))
