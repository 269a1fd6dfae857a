# SPDX-License-Identifier: MIT
"""Addresses that take each step of being resolved together: each has its own answer all the same."""

from __future__ import annotations

from contextlib import contextmanager
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import pytest

import netio
from netio import Neighbor
from netio._interfaces import InterfaceCache, pack_entries
from netio._native import ffi, lib
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.oracle import Seen, seen
from netlab.preload import library
from netlab.wire import (
    ABSENT_IP4,
    ABSENT_IP6,
    ABSENT_LINK_LOCAL,
    FAR_IP4,
    FAR_IP6,
    FAR_MAC,
    NEAR_IP4,
    NEAR_IP6,
    NEAR_LINK_LOCAL,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Caller
    from netlab.wire import Wire

OTHER_MAC, WRITTEN_MAC, WRONG_MAC = "02:00:00:00:01:02", "02:00:5e:00:00:07", "02:00:5e:00:00:99"

LIVE = IPv4Network("198.51.100.0/24")

# What an address comes to: the physical address, or the code of the failure.
Outcome = str | int


def hosts(number: int) -> list[IPv4Address]:
    return list(islice(LIVE.hosts(), number))


@pytest.fixture
def links(wire: Wire) -> Wire:
    """Two wires, a router behind the first, the hosts of LIVE on the first, and impatient kernels."""
    wire.hasten()
    wire.lay("near1", "02:00:00:00:01:01", "far1", OTHER_MAC)
    wire.near.ip(
        "address add 203.0.113.1/24 broadcast + dev near1",
        "address add fe80::1/64 dev near1 nodad",
        "ntable change name arp_cache dev near1 retrans 100",
        "ntable change name ndisc_cache dev near1 retrans 100",
        f"route add {LIVE} dev near0",
        f"route add default via {FAR_IP4}",
        f"neigh add 192.0.2.50 lladdr {WRITTEN_MAC} dev near0",
        f"neigh add 10.9.9.9 lladdr {WRITTEN_MAC} dev near0",
        f"neigh add 192.0.2.51 lladdr {WRITTEN_MAC} dev near0 nud noarp",
    )
    wire.far.ip(
        f"route add local {LIVE} dev lo",
        "address add 203.0.113.2/24 dev far1",
        "address add fe80::2/64 dev far1 nodad",
    )
    return wire


# Of each kind something, on both links and of both families, some of it twice: where it is asked for, and the outcome.
MIXED: list[tuple[str, str, Outcome]] = [
    (NEAR_IP4, "near0", 87),
    (FAR_IP4, "near0", FAR_MAC),
    ("10.9.9.8", "near0", 67),
    ("192.0.2.50", "near0", WRITTEN_MAC),
    ("203.0.113.2", "near1", OTHER_MAC),
    (ABSENT_IP4, "near0", 67),
    (FAR_IP6, "near0", FAR_MAC),
    ("127.0.0.1", "near0", 87),
    (FAR_IP4, "near0", FAR_MAC),
    ("fe80::2", "near1", OTHER_MAC),
    (FAR_IP4, "none", 1168),
    ("fe80::2", "near0", FAR_MAC),
    ("224.0.0.9", "near0", "01:00:5e:00:00:09"),
    (NEAR_IP6, "near0", 87),
    ("192.0.2.51", "near0", WRITTEN_MAC),
    (ABSENT_IP6, "near0", 67),
    ("10.9.9.9", "near0", WRITTEN_MAC),
    (ABSENT_IP4, "near0", 67),
    (NEAR_IP4, "near1", 87),
    ("203.0.113.255", "near1", 87),
    (NEAR_LINK_LOCAL, "near0", 87),
    (FAR_IP4, "lo", 67),
    (ABSENT_LINK_LOCAL, "near1", 67),
    ("203.0.113.2", "near1", OTHER_MAC),
]


class Session:
    """A resolving session of the seam."""

    def __init__(self) -> None:
        out = ffi.new("netio_resolver **")
        assert lib.netio_resolver_open(out) == 0
        self.resolver = out[0]

    def submit(self, rows: list[Neighbor], first_tag: int) -> None:
        native, _ = pack_entries(rows, InterfaceCache())
        assert lib.netio_resolver_submit(self.resolver, native, len(rows), ffi.NULL, first_tag) == 0

    def answers(self, number: int) -> dict[int, tuple[IPv4Address | IPv6Address, Outcome]]:
        """So many answers, by tag."""
        tags, rows, codes = ffi.new("size_t[]", 5), ffi.new("MIB_IPNET_ROW2[]", 5), ffi.new("DWORD[]", 5)
        room = ffi.new("size_t *")
        found: dict[int, tuple[IPv4Address | IPv6Address, Outcome]] = {}
        while len(found) < number:
            room[0] = 5
            if lib.netio_resolver_wait(self.resolver, 50, tags, rows, codes, room) == lib.WAIT_TIMEOUT:
                continue
            for place in range(room[0]):
                assert tags[place] not in found
                found[tags[place]] = address_of(rows[place]), codes[place] or physical_address_of(rows[place])
        return found


@contextmanager
def session() -> Iterator[Session]:
    opened = Session()
    try:
        yield opened
    finally:
        lib.netio_resolver_close(opened.resolver)


def address_of(row: Any) -> IPv4Address | IPv6Address:  # noqa: ANN401
    ip4 = row.Address.si_family == lib.AF_INET
    member = (row.Address.Ipv4, "sin_addr") if ip4 else (row.Address.Ipv6, "sin6_addr")
    return ip_address(bytes(ffi.buffer(ffi.addressof(*member))))


def physical_address_of(row: Any) -> str:  # noqa: ANN401
    return bytes(ffi.buffer(row.PhysicalAddress))[: row.PhysicalAddressLength].hex(":")


@pytest.mark.parametrize("repeat", [1, 6])
def test_every_kind_in_one_submit(links: Wire, repeat: int) -> None:
    """Bug: an answer is given to the row before or behind, or to one of two that ask the same."""
    mixed = MIXED * repeat
    links.near.ip(f"neigh add {FAR_IP4} lladdr {WRONG_MAC} dev near0 nud stale")
    with session() as resolver:
        resolver.submit([Neighbor(address, interface=link) for address, link, _ in mixed], 1000)
        answers = resolver.answers(len(mixed))

    expected = {tag: (ip_address(address), outcome) for tag, (address, _, outcome) in zip(count(1000), mixed)}
    assert answers == expected


def test_the_table_after_that(links: Wire) -> None:
    """Bug: a row that is no dynamic one of the asked is dropped together with the others."""
    links.near.ip(f"neigh add {FAR_IP4} lladdr {WRONG_MAC} dev near1 nud stale")
    with session() as resolver:
        resolver.submit([Neighbor(address, interface=link) for address, link, _ in MIXED], 0)
        resolver.answers(len(MIXED))

    near0, near1 = seen(links.near), seen(links.near, "near1")
    assert {near0[address] for address in ("192.0.2.50", "10.9.9.9")} == {Seen(WRITTEN_MAC)}
    assert near0["192.0.2.51"] == Seen(WRITTEN_MAC, "NOARP")
    assert near0[FAR_IP4] == Seen(FAR_MAC, "REACHABLE")
    assert near1[FAR_IP4] == Seen(WRONG_MAC, "STALE")
    assert not {NEAR_IP4, "10.9.9.8", "127.0.0.1"} & {*near0, *near1}


def test_every_kind_in_one_call(links: Wire, anyone: Caller) -> None:
    """Bug: the same, where the routes choose the link and without rights."""
    asked: dict[str, Outcome] = {
        FAR_IP4: FAR_MAC,
        "203.0.113.2": OTHER_MAC,
        "192.0.2.50": WRITTEN_MAC,
        "10.9.9.8": 1231,
        NEAR_IP4: 87,
        "fe80::2%near1": OTHER_MAC,
        "fe80::2%none": 1168,
        ABSENT_IP4: 67,
        "fe80::2%near0": FAR_MAC,
        FAR_IP6: FAR_MAC,
        "203.0.113.255": 87,
        ABSENT_IP6: 67,
        **{str(host): FAR_MAC for host in hosts(80)},
    }
    links.near.ip(f"neigh add {FAR_IP4} lladdr {WRONG_MAC} dev near0 nud failed")

    answers = [*anyone("resolve_neighbors", asked)]

    assert len(answers) == len(asked)
    assert {str(address): outcome_of(found) for address, found in answers} == asked


def outcome_of(found: Neighbor | netio.NetioError) -> Outcome:
    return found.code if isinstance(found, netio.NetioError) else str(found.physical_address)


def test_what_was_before_is_no_answer(links: Wire) -> None:
    """Bug: the event of a row that was reachable before the question is taken for its answer."""
    with session() as resolver:
        links.near.ip(
            f"neigh add {ABSENT_IP4} lladdr {WRONG_MAC} dev near0 nud reachable",
            f"neigh add {FAR_IP4} lladdr {WRONG_MAC} dev near0 nud reachable",
            f"neigh del {ABSENT_IP4} dev near0",
        )
        resolver.submit([Neighbor(address, interface="near0") for address in (ABSENT_IP4, FAR_IP4)], 0)
        answers = resolver.answers(2)

    assert answers == {0: (IPv4Address(ABSENT_IP4), 67), 1: (IPv4Address(FAR_IP4), FAR_MAC)}


def test_the_same_in_a_later_submit(links: Wire) -> None:
    """Bug: one who joins a question that is under way is not answered with it, or twice."""
    with session() as resolver:
        for tag in range(0, 9, 3):
            rows = [Neighbor(address, interface="near0") for address in (ABSENT_IP4, ABSENT_IP6, FAR_IP4)]
            resolver.submit(rows, tag)
        answers = resolver.answers(9)

    assert [answers[tag][1] for tag in range(9)] == [67, 67, FAR_MAC] * 3
    assert links.near.json("neigh show dev near0 nud reachable")


def test_a_session_that_ends_early(links: Wire) -> None:
    """Bug: those that wait for the answer of another one are not given back, or twice."""
    with session() as resolver:
        resolver.submit([Neighbor(ABSENT_IP4, interface="near0")] * 100, 0)
        resolver.submit([Neighbor(ABSENT_IP6, interface="near0")] * 3, 100)
    with session() as resolver:
        resolver.submit([Neighbor(FAR_IP4, interface="near0")] * 100, 0)

    assert seen(links.near)[FAR_IP4] == Seen(FAR_MAC, "REACHABLE")


@pytest.mark.usefixtures("links")
def test_answers_carry_the_luid(anyone: Caller) -> None:
    """Bug: an event does not tell the LUID, and an answer that was taken from one has none."""
    luids = {link.name: link.luid for link in netio.list_interfaces()}

    answers = dict(anyone("resolve_neighbors", [FAR_IP4, "fe80::2%near1", "192.0.2.50"]))

    assert [row.interface_luid for row in answers.values()] == [luids[row.interface] for row in answers.values()]
    assert {row.interface for row in answers.values()} == {"near0", "near1"}


# The answers to the first send of many requests of a type are lost, or (NOTHING_SENT) the send itself.
LOSSY = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

static int done, deaf = -1;

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    ssize_t (*real)(int, const void *, size_t, int);
    const struct nlmsghdr *first = data;

    *(void **)&real = dlsym(RTLD_NEXT, "send");
    if (first->nlmsg_type == LOST && size > first->nlmsg_len && !done) {
        done = 1;
        deaf = fd;
#ifdef NOTHING_SENT
        return size;
#endif
    }
    return real(fd, data, size, flags);
}

ssize_t recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *length)
{
    ssize_t (*real)(int, void *, size_t, int, struct sockaddr *, socklen_t *);

    *(void **)&real = dlsym(RTLD_NEXT, "recvfrom");
    if (fd != deaf)
        return real(fd, data, size, flags, from, length);
    while (real(fd, data, size, flags, from, length) >= 0)
        ;
    errno = EAGAIN;
    return -1;
}

int poll(struct pollfd *wait, nfds_t count, int milliseconds)
{
    int (*real)(struct pollfd *, nfds_t, int);

    *(void **)&real = dlsym(RTLD_NEXT, "poll");
    if (wait->fd != deaf)
        return real(wait, count, milliseconds);
    deaf = -1;
    return 0;
}
"""


@pytest.mark.parametrize("flags", [[], ["-DNOTHING_SENT"]], ids=["answers", "requests"])
@pytest.mark.parametrize("lost", ["RTM_GETROUTE", "RTM_GETNEIGH", "RTM_DELNEIGH", "RTM_NEWNEIGH"])
def test_what_is_lost_is_asked_for_again(links: Wire, tmp_path: Path, lost: str, flags: list[str]) -> None:
    """Bug: silence of the kernel is taken for an answer: no route, no row, removed, asked."""
    live = hosts(30)
    links.near.ip(*(f"neigh add {host} lladdr {WRONG_MAC} dev near0 nud reachable" for host in live))
    asked = [*live, ABSENT_IP4, "192.0.2.50", NEAR_IP4, "203.0.113.1"]
    calls = [("resolve_neighbors", (asked,), {"interface": "near0"})]

    (answers,) = call_elsewhere(links.near, [], calls, LD_PRELOAD=library(tmp_path, LOSSY, f"-DLOST={lost}", *flags))

    expected: dict[str, Outcome] = {str(host): FAR_MAC for host in live}
    expected |= {ABSENT_IP4: 67, "192.0.2.50": WRITTEN_MAC, NEAR_IP4: 87, "203.0.113.1": 87}
    assert {str(address): outcome_of(found) for address, found in answers} == expected


# Sockets of rtnetlink with room for two or three answers or events, or others with room for as few datagrams that wait.
NARROW = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/socket.h>

int socket(int family, int type, int protocol)
{
    int (*real)(int, int, int), fd;
    const int least = 0;

    *(void **)&real = dlsym(RTLD_NEXT, "socket");
    fd = real(family, type, protocol);
    if (family == FAMILY)
        setsockopt(fd, SOL_SOCKET, family == AF_NETLINK ? SO_RCVBUF : SO_SNDBUF, &least, sizeof least);
    return fd;
}
"""


@pytest.mark.parametrize(
    ("family", "prefix"),
    [("AF_NETLINK", []), ("AF_NETLINK", UNPRIVILEGED), ("AF_INET", UNPRIVILEGED)],
    ids=["root", "nobody", "nobody's datagrams"],
)
def test_narrow_sockets(links: Wire, tmp_path: Path, family: str, prefix: list[str]) -> None:
    """Bug: what the kernel had no room to answer or to tell is lost, or a socket full of datagrams is an error."""
    silent = [IPv4Address("192.0.2.100") + i for i in range(30)]
    live = hosts(40)
    calls = [("resolve_neighbors", ([*silent, *live],), {"interface": "near0"})]

    (answers,) = call_elsewhere(links.near, prefix, calls, LD_PRELOAD=library(tmp_path, NARROW, f"-DFAMILY={family}"))

    expected: dict[object, Outcome] = dict.fromkeys(silent, 67) | dict.fromkeys(live, FAR_MAC)
    assert {address: outcome_of(found) for address, found in answers} == expected
