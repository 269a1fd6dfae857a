# SPDX-License-Identifier: MIT
"""Other processes that use netio: with the same interpreter, the same netio, warnings as errors."""

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

# A call of netio: the verb's name, its arguments by place, its arguments by name.
Call = tuple[str, tuple[Any, ...], dict[str, Any]]

# Root without a capability is nobody. Another user id would not do: inside a user namespace there is only one.
UNPRIVILEGED = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")

_CALLER = """
import pickle, sys, netio
from collections.abc import Iterator
from netlab.parcel import dump

def result(verb, arguments, named):
    try:
        got = getattr(netio, verb)(*arguments, **named)
        return list(got) if isinstance(got, netio.NeighborTable | Iterator) else got
    except (netio.NetioError, TypeError, ExceptionGroup) as error:
        return error

calls = pickle.load(sys.stdin.buffer)
sys.stdout.buffer.write(dump([result(*call) for call in calls]))
"""


def python(code: str) -> list[str]:
    """The command line of a Python that runs code."""
    return [sys.executable, "-P", "-W", "error", "-c", code]


def environment(**more: str) -> dict[str, str]:
    """The environment in which such a Python finds this very netio."""
    path = os.pathsep.join(str(Path(file).parents[1]) for file in (netio.__file__, __file__))
    return {**os.environ, "PYTHONPATH": path, **more}


def call_elsewhere(namespace: Namespace, prefix: Sequence[str], calls: list[Call], **more: str) -> list[Any]:
    """Makes the calls in one child process; returns their results, the errors among them too."""
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
