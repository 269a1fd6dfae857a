# SPDX-License-Identifier: MIT
"""A kernel that refuses what this one does not, as a library in front of the C library plays it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

import netio
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.preload import library
from netlab.wire import FAR_IP4, FAR_IP6

if TYPE_CHECKING:
    from pathlib import Path

    from netlab.wire import Wire

NO_FAMILY = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/socket.h>

int socket(int family, int type, int protocol)
{
    int (*real)(int, int, int);

    if (family == MISSING) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "socket");
    return real(family, type, protocol);
}
"""

FIREWALL = """
#include <errno.h>
#include <sys/socket.h>

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
    (void)fd, (void)data, (void)size, (void)flags, (void)to, (void)length;
    errno = EPERM;
    return -1;
}
"""

MAC = "02:00:5e:00:00:07"


@pytest.mark.parametrize(
    ("missing", "other", "address"), [("AF_INET6", "AF_INET", FAR_IP6), ("AF_INET", "AF_INET6", FAR_IP4)]
)
def test_a_missing_family(wire: Wire, tmp_path: Path, missing: str, other: str, address: str) -> None:
    """Bug: a dump of a family that the kernel lacks is empty, and looks like a network without neighbours."""
    shim = library(tmp_path, NO_FAMILY, f"-DMISSING={missing}")
    wire.near.ip(f"neigh add 192.0.2.77 lladdr {MAC} dev near0", f"neigh add 2001:db8::77 lladdr {MAC} dev near0")
    family, version = getattr(socket, missing), 4 if other == "AF_INET" else 6

    *errors, everything, others, _ = call_elsewhere(
        wire.near,
        UNPRIVILEGED,
        [
            ("list_neighbors", (family,), {}),
            ("flush_neighbors", (family,), {}),
            ("resolve_neighbor", (address,), {"interface": "near0"}),
            ("list_neighbors", (), {}),
            ("list_neighbors", (getattr(socket, other),), {}),
            ("list_interfaces", (), {}),
        ],
        LD_PRELOAD=shim,
    )

    assert [(type(error), error.code, error.ntstatus) for error in errors] == [
        (netio.NotSupportedError, 50, "STATUS_NOT_SUPPORTED")
    ] * 3
    assert {row.address.version for row in others} == {version}
    assert all(row in everything for row in others)


def test_a_firewall_is_silence_and_no_lack_of_rights(wire: Wire, tmp_path: Path) -> None:
    """Bug: EPERM of the datagram asks for administrator rights, which the verb does not need."""
    calls = [("resolve_neighbor", (FAR_IP4,), {"interface": "near0"})]
    (error,) = call_elsewhere(wire.near, UNPRIVILEGED, calls, LD_PRELOAD=library(tmp_path, FIREWALL))
    assert type(error) is netio.UnreachableError
