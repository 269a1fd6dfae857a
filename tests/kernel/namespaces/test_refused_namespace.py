# SPDX-License-Identifier: MIT
"""netio.namespace(): what it refuses, and failures half-way."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import netio
from netlab.child import UNPRIVILEGED, environment, python

if TYPE_CHECKING:
    from netlab.faults import Faults, Injector
    from netlab.wire import Wire


@pytest.mark.parametrize(
    ("which", "kind", "message"),
    [
        ("no-such-name", netio.NamespaceNotFoundError, "setns no-such-name: there is no such network namespace"),
        ("/no/such/file", netio.NamespaceNotFoundError, "setns /no/such/file: there is no such"),
        (Path("/proc/self/status"), netio.InvalidParameterError, "/proc/self/status: the file is not a network"),
        ("/proc/self/ns/uts", netio.InvalidParameterError, "ns/uts: the file is not a network namespace"),
        ("/proc", netio.InvalidParameterError, "setns /proc: the file is not a network namespace"),
        ("/dev/zero", netio.InvalidParameterError, "setns /dev/zero: the file is not a network namespace"),
        ("", netio.InvalidParameterError, "invalid network namespace ''"),
        ("..", netio.InvalidParameterError, "invalid network namespace '..'"),
        ("a\0b", netio.InvalidParameterError, r"invalid network namespace 'a\\x00b'"),
        ("./" + "x" * 300, netio.NetioError, "File name too long"),
        (-1, netio.InvalidParameterError, "-1 is not an open descriptor"),
        (2**70, netio.InvalidParameterError, "is not an open descriptor"),
        (0, netio.InvalidParameterError, "descriptor 0: the file is not a network namespace"),
        (True, TypeError, "must be a name, a path or a descriptor, not bool"),
        (b"blue", TypeError, "not bytes"),
        (None, TypeError, "not NoneType"),
    ],
)
@pytest.mark.usefixtures("wire")
def test_invalid_namespace(which: Any, kind: type[Exception], message: str) -> None:  # noqa: ANN401
    """Bug: an invalid value selects the namespace of the thread, or raises another error."""
    with pytest.raises(kind, match=message), netio.namespace(which):
        pytest.fail("the block was entered")


def test_namespace_without_privilege(wire: Wire) -> None:
    """Bug: the missing privilege is reported by each call in the block, or as missing rights to write entries."""
    code = f"import netio\nwith netio.namespace('/proc/self/fd/{wire.far.descriptor}'): pass"
    done = subprocess.run(
        [*UNPRIVILEGED, *python(code)],
        env=environment(),
        pass_fds=[wire.far.descriptor],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert "AccessDeniedError" in done.stderr
    assert "entering it needs CAP_SYS_ADMIN" in done.stderr


# The process may enter the namespace that its child made in the new user namespace, but could not return from there.
ONE_WAY = """
import ctypes, os, sys, netio
libc = ctypes.CDLL(None, use_errno=True)
ready, done = os.pipe(), os.pipe()
assert libc.unshare(0x10000000) == 0
child = os.fork()
if child == 0:
    assert libc.unshare(0x40000000) == 0
    os.write(ready[1], b"x")
    os.read(done[0], 1)
    os._exit(0)
os.read(ready[0], 1)
own = os.readlink("/proc/thread-self/ns/net")
try:
    with netio.namespace(f"/proc/{child}/ns/net"):
        print("entered")
except netio.AccessDeniedError:
    print("refused")
assert os.readlink("/proc/thread-self/ns/net") == own
os.write(done[1], b"x")
os.wait()
"""


@pytest.mark.usefixtures("wire")
def test_namespace_without_a_way_back() -> None:
    """Bug: the thread enters a namespace that it may enter, but not leave, and stays there."""
    done = subprocess.run(python(ONE_WAY), env=environment(), capture_output=True, text=True, timeout=20, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("refused\n", "", 0)


# Selecting the namespace makes three calls of setns(), numbered from 0, and then each socket makes three more: one that
# shows whether the thread may return, one to enter the namespace, one to return.
HALF_WAY = """
import os, sys, netio
own = os.readlink("/proc/thread-self/ns/net")
try:
    with netio.namespace(int(sys.argv[1])):
        print(*(interface.name for interface in netio.list_interfaces()))
except netio.NetioError as error:
    print(type(error).__name__, error.code)
assert os.readlink("/proc/thread-self/ns/net") == own
"""


def run_half_way(wire: Wire, faults: Faults) -> subprocess.CompletedProcess[str]:
    """Runs the program with the namespace of the far host and with faults."""
    return subprocess.run(
        [*python(HALF_WAY), str(wire.far.descriptor)],
        env=environment(**faults.environment),
        pass_fds=[wire.far.descriptor],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize(
    ("failing", "output"),
    [
        ("0-0", "NetioError 8\n"),
        ("1-1", "NetioError 8\n"),
        ("2-2", "lo far0\n"),
        ("3-3", "NetioError 8\n"),
        ("4-4", "NetioError 8\n"),
        ("5-9", "lo far0\n"),
    ],
)
def test_thread_stays_in_its_namespace_if_a_call_fails_half_way(
    wire: Wire, inject: Injector, failing: str, output: str
) -> None:
    """Bug: after a failure the thread is in the other namespace, or the error is lost."""
    with inject(setns=failing) as faults:
        done = run_half_way(wire, faults)
    assert (done.stdout, done.stderr, done.returncode) == (output, "", 0)


def test_process_ends_if_the_thread_cannot_return(wire: Wire, inject: Injector) -> None:
    """Bug: the thread goes on in the other namespace, where it would change the wrong table."""
    with inject(setns="5-999999") as faults:
        done = run_half_way(wire, faults)
    assert done.returncode == -6
    assert done.stdout == ""
    assert done.stderr.startswith("netio: cannot return to the network namespace of this thread: ")
