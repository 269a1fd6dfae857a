# SPDX-License-Identifier: MIT
"""A process in which each system call and allocation of each verb fails once. faults.c is preloaded.

Prints as JSON the number of faults by call, and what was wrong after one of them.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import json
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from socket import AF_INET, AF_INET6
from time import monotonic
from typing import TYPE_CHECKING

import netio
from netio import Neighbor, NeighborState, linux
from netio.linux import LinuxNeighbor, NeighborFlags, Nud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

OLD, NEW = "02:00:5e:00:00:01", "02:00:5e:00:00:02"
ONE = "192.0.2.50"
MANY = [f"192.0.2.{number}" for number in range(100, 105)] + ["2001:db8::100"]
LIVE, SILENT = "192.0.2.2", "192.0.2.77"

# The errors with which each call fails. EAGAIN is left out: a reply that is late is waited for.
ERRORS = {
    "socket": ("EMFILE", "ENOBUFS", "EACCES", "EAFNOSUPPORT"),
    "bind": ("EPERM", "ENOMEM"),
    "send": ("ENOBUFS", "EPERM", "EINTR"),
    "sendto": ("EPERM", "ENOBUFS", "ENETDOWN"),
    "recvfrom": ("ENOBUFS", "ENOMEM", "EINTR"),
    "recvmmsg": ("ENOBUFS", "ENOMEM"),
    "poll": ("EINTR", "ENOMEM"),
    "ioctl": ("EPERM", "ENODEV"),
    "setsockopt": ("ENOPROTOOPT",),
    "getsockopt": ("ENOBUFS",),
    "epoll_create1": ("EMFILE",),
    "epoll_ctl": ("ENOSPC",),
    "timerfd_create": ("ENFILE",),
    "malloc": ("ENOMEM",),
    "calloc": ("ENOMEM",),
    "realloc": ("ENOMEM",),
}
NO_FLAGS = NeighborFlags(0)

MOST = 200  # calls of one kind in one verb
SECONDS = 5  # for one verb

# The outcome of a verb: the addresses that it reported as failed, or None if it reported one failure for all of them.
Failed = set[str] | None


def rows(physical_address: str = "") -> list[Neighbor]:
    return [Neighbor(address, physical_address, interface="near0") for address in MANY]


def permanent(table: Iterable[Neighbor]) -> dict[str, str]:
    return {str(row.address): str(row.physical_address) for row in table if row.state is NeighborState.PERMANENT}


def entries() -> dict[str, str]:
    """The permanent entries, as the system has them."""
    return permanent(netio.list_neighbors(interface="near0"))


def remove_all() -> None:
    netio.delete_neighbors([*rows(), Neighbor(ONE, interface="near0")], missing_ok=True)


def write_all() -> None:
    netio.replace_neighbors([*rows(OLD), Neighbor(ONE, OLD, interface="near0")])


def resolve(*addresses: str) -> None:
    """Resolves the addresses. Those without a host must be reported, as an error of any kind."""
    for address, found in netio.resolve_neighbors(addresses, interface="near0", timeout=0.05):
        if isinstance(found, Neighbor) and (str(address) != LIVE or found.physical_address != "02:00:00:00:00:02"):
            raise AssertionError(f"{address} resolved to {found}")


def linux_rows(nud: Nud = Nud.PERMANENT, flags: NeighborFlags = NO_FLAGS) -> list[LinuxNeighbor]:
    return [LinuxNeighbor(row, nud, flags) for row in rows(NEW)]


def write_stale() -> None:
    linux.replace_neighbors(linux_rows(Nud.STALE))


def write_foreign() -> None:
    linux.replace_neighbors(linux_rows(Nud.STALE, NeighborFlags.EXT_LEARNED))


def write_and_watch() -> None:
    """Watches the table and changes an entry. After an error of one read, later ones must report the change."""
    with netio.watch_neighbors(interface="near0", initial=True) as watch:
        netio.replace_neighbor(ONE, NEW, interface="near0")
        end = monotonic() + SECONDS - 1
        known: dict[str, str] = {}
        while known.get(ONE) != NEW or not known == permanent(watch.table()) == entries():
            if monotonic() > end:
                raise AssertionError(f"the watch reported {known}, and the table has {entries()}")
            with suppress(netio.NetioError):
                for change in watch.read(timeout=0.2):
                    follow(known, change)


def follow(known: dict[str, str], change: netio.NeighborChange) -> None:
    """Applies a change to the permanent entries that a watch reported so far."""
    row = change.neighbor
    if row is None:
        return
    if change.kind is netio.ChangeKind.REMOVED or row.state is not NeighborState.PERMANENT:
        known.pop(str(row.address), None)
    else:
        known[str(row.address)] = str(row.physical_address)


def apply() -> None:
    netio.apply_neighbors([*rows(NEW), Neighbor(ONE, NEW, interface="near0")], interfaces=["near0"], prune=True)


def set_parameters() -> None:
    linux.set_table_parameters(AF_INET, interface="near0", base_reachable_ms=40_000)


# Verb -> what is done before each call, the call, and the physical address that its addresses have after a success.
VERBS: dict[str, tuple[Callable[[], None], Callable[[], object], dict[str, str | None]]] = {
    "get": (write_all, lambda: netio.get_neighbor(ONE, interface="near0"), {}),
    "get by route": (write_all, lambda: netio.get_neighbor(ONE), {}),
    "list": (write_all, netio.list_neighbors, {}),
    "list of one interface": (write_all, lambda: netio.list_neighbors(interface="near0"), {}),
    "interfaces": (write_all, netio.list_interfaces, {}),
    "addresses": (write_all, netio.list_addresses, {}),
    "next hop": (write_all, lambda: netio.next_hop(ONE), {}),
    "create": (remove_all, lambda: netio.create_neighbor(ONE, NEW, interface="near0"), {ONE: NEW}),
    "set": (write_all, lambda: netio.set_neighbor(ONE, NEW, interface="near0"), {ONE: NEW}),
    "replace": (write_all, lambda: netio.replace_neighbor(ONE, NEW), {ONE: NEW}),
    "delete": (write_all, lambda: netio.delete_neighbor(ONE, interface="near0"), {ONE: None}),
    "create many": (remove_all, lambda: netio.create_neighbors(rows(NEW)), dict.fromkeys(MANY, NEW)),
    "set many": (write_all, lambda: netio.set_neighbors(rows(NEW)), dict.fromkeys(MANY, NEW)),
    "replace many": (write_all, lambda: netio.replace_neighbors(rows(NEW)), dict.fromkeys(MANY, NEW)),
    "delete many": (write_all, lambda: netio.delete_neighbors(rows()), dict.fromkeys(MANY)),
    "flush": (write_all, lambda: netio.flush_neighbors(interface="near0"), {}),
    "resolve": (write_all, lambda: netio.resolve_neighbor(LIVE, interface="near0", timeout=1), {}),
    "resolve many": (write_all, lambda: resolve(LIVE, SILENT), {}),
    "linux list": (write_all, linux.list_neighbors, {}),
    "linux get": (write_all, lambda: linux.get_neighbor(ONE, interface="near0"), {}),
    "linux replace many": (write_all, lambda: linux.replace_neighbors(linux_rows()), dict.fromkeys(MANY, NEW)),
    "apply a plan": (write_all, apply, dict.fromkeys([*MANY, ONE], NEW)),
    "watch": (write_all, write_and_watch, {}),
    "table parameters": (write_all, lambda: linux.table_parameters(AF_INET), {}),
    "parameters of one interface": (write_all, lambda: linux.table_parameters(AF_INET6, interface="near0"), {}),
    "set table parameters": (write_all, set_parameters, {}),
    "linux probe": (write_stale, lambda: linux.probe_neighbors(linux_rows()), {}),
    "linux probe of foreign entries": (write_foreign, lambda: linux.probe_neighbors(linux_rows()), {}),
}


def preloaded() -> ctypes.CDLL:
    """Returns the library that faults.c is in."""
    library = ctypes.CDLL(None)
    library.faults_find.restype = ctypes.c_bool
    library.faults_arm.argtypes = [ctypes.c_char_p, ctypes.c_long, ctypes.c_int]
    library.faults_disarm.restype = ctypes.c_long
    library.faults_allocated.restype = ctypes.c_size_t
    assert library.faults_find()
    return library


def held(library: ctypes.CDLL) -> tuple[int, int]:
    """Returns the number of blocks of memory of the C code, and of the descriptors of this process."""
    gc.collect()
    return library.faults_allocated(), sum(1 for _ in Path("/proc/self/fd").iterdir())


def attempt(
    library: ctypes.CDLL, call: Callable[[], object], name: str, number: int, error: str
) -> tuple[bool, Failed, str]:
    """Makes one call with a fault. Returns whether it was injected, what failed, and what was wrong."""
    wrong = ""
    failed: Failed = set()
    library.faults_arm(name.encode(), number, getattr(errno, error))
    try:
        try:
            call()
        finally:
            injected = library.faults_disarm() != 0
    except netio.NetioError:
        failed = None
    except ExceptionGroup as group:
        if all(isinstance(one, netio.NetioError) for one in group.exceptions):
            failed = {str(one.row.address) for one in group.exceptions if isinstance(one, netio.NetioError) and one.row}
        else:
            wrong = f"errors of other kinds: {group.exceptions}"
    except Exception as exception:  # noqa: BLE001  (each is a finding)
        wrong = f"{type(exception).__name__}: {exception}"
    return injected, failed, wrong


def check(expected: dict[str, str | None], failed: Failed) -> str:
    """Returns what is wrong with the table after a call that reported these failures."""
    if failed is None or not expected:
        return ""
    found = entries()
    wrong = {address: found.get(address) for address, value in expected.items() if found.get(address) != value}
    return f"reported as done, but not: {wrong}" if set(wrong) - failed else ""


def fail_each(library: ctypes.CDLL, verb: str, name: str, error: str) -> tuple[int, list[str]]:
    """Fails each call of that name in a verb, one after the other. Returns their number and the findings."""
    prepare, call, expected = VERBS[verb]
    findings = []
    for number in range(1, MOST + 1):
        prepare()
        before, start = held(library), monotonic()
        injected, failed, wrong = attempt(library, call, name, number, error)
        took, after = monotonic() - start, held(library)
        if not injected:
            if failed != set() or wrong:
                findings.append(f"{verb} without a fault: {failed} {wrong}")
            return number - 1, findings
        if after != before:
            wrong += f" memory and descriptors: {before} -> {after}"
        if took > SECONDS:
            wrong += f" took {took:.1f} s"
        wrong += check(expected, failed)
        if wrong:
            findings.append(f"{verb}, {name} number {number} fails with {error}: {wrong}")
    return MOST, [f"{verb}: more than {MOST} calls of {name}"]


def main(verb: str) -> None:
    """Tests one verb."""
    library = preloaded()
    prepare, call, _ = VERBS[verb]
    prepare()
    call()  # loads what is loaded once
    calls: Counter[str] = Counter()
    findings: list[str] = []
    for name, errors in ERRORS.items():
        for error in errors:
            injected, wrong = fail_each(library, verb, name, error)
            calls[name] += injected
            findings += wrong
    remove_all()
    sys.stdout.write(json.dumps([calls, findings]))


if __name__ == "__main__":
    main(sys.argv[1])
