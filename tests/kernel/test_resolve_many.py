# SPDX-License-Identifier: MIT
"""Resolving many addresses at once."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from itertools import chain, count, islice
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

import netio
from netio import Neighbor, NeighborState
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.oracle import Seen, seen
from netlab.preload import library
from netlab.wire import ABSENT_IP4, FAR_IP4, FAR_IP6, FAR_MAC, NEAR_IP4

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conftest import Caller
    from netlab.wire import Wire

# Of the far host, and of nobody. Both hosts are in one kernel, whose table takes 1024 dynamic rows in all.
LIVE = IPv4Network("198.51.100.0/23")
SILENT = IPv4Network("10.0.0.0/16")

WRONG_MAC = "02:00:5e:00:00:99"

Answer = tuple[str | IPv4Address | IPv6Address, Neighbor | netio.NetioError]


def hosts(network: IPv4Network, number: int) -> list[IPv4Address]:
    return list(islice(network.hosts(), number))


@pytest.fixture
def crowd(wire: Wire) -> Iterator[Wire]:
    """A wire whose far host has the addresses of LIVE; those of SILENT are on the link too."""
    wire.far.ip(f"route add local {LIVE} dev lo")
    wire.near.ip(f"route add {LIVE} dev near0", f"route add {SILENT} dev near0")
    yield wire
    netio.flush_neighbors()


def answer(address: IPv4Address | IPv6Address | str) -> Neighbor:
    return Neighbor(address, FAR_MAC, interface="near0", state=NeighborState.REACHABLE)


def summary(answers: Iterable[Answer]) -> Counter[tuple[str | IPv4Address | IPv6Address, str]]:
    """How often each address came back with what."""
    return Counter(
        (address, str(found.physical_address) if isinstance(found, Neighbor) else type(found).__name__)
        for address, found in answers
    )


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_live(crowd: Wire, anyone: Caller) -> None:
    """Bug: answers get lost or mixed up where many come at once."""
    asked = hosts(LIVE, 400)

    answers = list(anyone("resolve_neighbors", asked, interface="near0"))

    assert sorted(answers, key=lambda pair: asked.index(pair[0])) == [(host, answer(host)) for host in asked]
    assert seen(crowd.near) == {str(host): Seen(FAR_MAC, "REACHABLE") for host in asked}


@pytest.mark.parametrize("max_in_flight", [1, 3, 70])
def test_live_and_silent(crowd: Wire, anyone: Caller, max_in_flight: int) -> None:
    """Bug: a silent address holds up the others for good, or a place is lost with each."""
    crowd.hasten()
    silent = hosts(SILENT, 4 * min(max_in_flight, 20))
    live = hosts(LIVE, 100)

    answers = anyone("resolve_neighbors", [*live[:50], *silent, *live[50:]], max_in_flight=max_in_flight)

    expected = [(host, FAR_MAC) for host in live] + [(host, "UnreachableError") for host in silent]
    assert summary(answers) == Counter(expected)


@pytest.mark.usefixtures("crowd")
def test_who_answers_comes_first() -> None:
    """Bug: the order is that of the addresses, and one silent host delays all behind it."""
    *others, last = netio.resolve_neighbors([ABSENT_IP4, *hosts(LIVE, 20)], interface="near0", timeout=1)

    assert {found.is_resolved for _, found in others if isinstance(found, Neighbor)} == {True}
    assert len(others) == 20
    assert last[0] == IPv4Address(ABSENT_IP4)
    assert isinstance(last[1], netio.UnreachableError)


@pytest.mark.parametrize("max_in_flight", [1, 2, 256])
def test_duplicates(crowd: Wire, anyone: Caller, max_in_flight: int) -> None:
    """Bug: an address that is asked for already is dropped a second time, or answered only once."""
    crowd.hasten()
    live = hosts(LIVE, 5)

    answers = anyone("resolve_neighbors", [*live, ABSENT_IP4, *live, ABSENT_IP4, *live], max_in_flight=max_in_flight)

    expected = [(host, FAR_MAC) for host in live] * 3 + [(IPv4Address(ABSENT_IP4), "UnreachableError")] * 2
    assert summary(answers) == Counter(expected)


@pytest.mark.usefixtures("crowd")
def test_kinds_of_addresses(anyone: Caller) -> None:
    """Bug: the address of an answer is the text that was given, or has the scope of the row."""
    answers = anyone("resolve_neighbors", [FAR_IP4, IPv6Address(FAR_IP6), "fe80::2%near0"], interface="near0")

    expected = {ip_address(address): answer(address) for address in (FAR_IP4, FAR_IP6, "fe80::2%near0")}
    assert dict(answers) == expected
    assert all(type(address) in (IPv4Address, IPv6Address) for address, _ in answers)


def test_a_written_row_is_among_the_answers(crowd: Wire) -> None:
    """Bug: a row that needs no asking is dropped, or never answered."""
    crowd.near.ip(f"neigh add {ABSENT_IP4} lladdr {WRONG_MAC} dev near0")

    answers = dict(netio.resolve_neighbors([FAR_IP4, ABSENT_IP4], timeout=5))

    assert answers[IPv4Address(ABSENT_IP4)] == Neighbor(ABSENT_IP4, WRONG_MAC, interface="near0")
    assert answers[IPv4Address(FAR_IP4)] == answer(FAR_IP4)


@pytest.mark.usefixtures("crowd")
def test_what_is_wrong_with_one_address_is_returned(anyone: Caller) -> None:
    """Bug: one bad line of a list ends the work on all others; or an error does not say which it is about."""
    scoped = IPv6Address("2001:db8::1%near0")
    asked = ["192.0.2.256", FAR_IP4, "127.0.0.1", scoped, "203.0.113.9", NEAR_IP4, "224.0.0.1", "fe80::2%none", ""]

    answers = list(anyone("resolve_neighbors", asked))

    found = {address: error for address, error in answers if isinstance(error, netio.NetioError)}
    expected: dict[Any, tuple[type[netio.NetioError], int, int]] = {
        "192.0.2.256": (netio.InvalidParameterError, 87, 0),
        IPv4Address("127.0.0.1"): (netio.InvalidParameterError, 87, 2),
        scoped: (netio.InvalidParameterError, 87, 3),
        IPv4Address("203.0.113.9"): (netio.UnreachableError, 1231, 4),
        IPv4Address(NEAR_IP4): (netio.InvalidParameterError, 87, 5),
        IPv4Address("224.0.0.1"): (netio.InvalidParameterError, 87, 6),
        IPv6Address("fe80::2%none"): (netio.InterfaceNotFoundError, 1168, 7),
        "": (netio.InvalidParameterError, 87, 8),
    }
    assert {address: (type(error), error.code, error.position) for address, error in found.items()} == expected
    assert {error.operation for error in found.values()} == {"ResolveIpNetEntry2"}
    assert len(answers) == len(asked)


@pytest.mark.usefixtures("wire")
def test_an_unknown_interface_is_returned_for_each() -> None:
    """Bug: it is raised, and nobody knows for which address."""
    answers = list(netio.resolve_neighbors([FAR_IP4, FAR_IP6], interface="none"))

    assert {address for address, _ in answers} == {IPv4Address(FAR_IP4), IPv6Address(FAR_IP6)}
    assert {type(error) for _, error in answers} == {netio.InterfaceNotFoundError}


@pytest.mark.usefixtures("crowd")
def test_source(anyone: Caller) -> None:
    """Bug: the source is not handed on, or checked for the first address only."""
    live = hosts(LIVE, 3)

    answers = anyone("resolve_neighbors", [*live, FAR_IP6], interface="near0", source=NEAR_IP4)

    expected = [(host, FAR_MAC) for host in live] + [(IPv6Address(FAR_IP6), "InvalidParameterError")]
    assert summary(answers) == Counter(expected)


@pytest.mark.usefixtures("wire")
def test_a_source_on_another_link_is_returned() -> None:
    """Bug: the scope of a source is passed over where there is more than one address."""
    answers = netio.resolve_neighbors([FAR_IP6, "fe80::2"], interface="near0", source="fe80::1%lo")

    assert summary(answers) == Counter(
        [(IPv6Address(FAR_IP6), "InvalidParameterError"), (IPv6Address("fe80::2"), "InvalidParameterError")]
    )


@pytest.mark.parametrize(
    ("named", "error"),
    [
        ({"max_in_flight": True}, TypeError),
        ({"max_in_flight": 1.0}, TypeError),
        ({"max_in_flight": None}, TypeError),
        ({"max_in_flight": 0}, netio.InvalidParameterError),
        ({"max_in_flight": -1}, netio.InvalidParameterError),
        ({"timeout": "1"}, TypeError),
        ({"timeout": float("nan")}, netio.InvalidParameterError),
        ({"source": 1}, TypeError),
        ({"source": "x"}, netio.InvalidParameterError),
        ({"interface": 0}, netio.InvalidParameterError),
        ({"interface": ""}, netio.InvalidParameterError),
        ({"interface": True}, TypeError),
        ({"addresses": FAR_IP4}, TypeError),
        ({"addresses": b"\xc0\0\2\2"}, TypeError),
        ({"addresses": IPv4Address(FAR_IP4)}, TypeError),
    ],
)
def test_arguments_are_refused_by_the_call_itself(named: dict[str, Any], error: type[Exception]) -> None:
    """Bug: a wrong argument is only met at the first next(), or text is taken for a list of letters."""
    with pytest.raises(error) as caught:
        netio.resolve_neighbors(**{"addresses": [FAR_IP4], **named})

    if isinstance(caught.value, netio.NetioError):
        assert caught.value.operation == "ResolveIpNetEntry2"


def test_an_address_of_a_wrong_type(wire: Wire) -> None:
    """Bug: a number or packed bytes are taken for an address."""
    for wrong in (3221225986, b"\xc0\0\2\2", None):
        with pytest.raises(TypeError):
            next(netio.resolve_neighbors([wrong], interface="near0"))  # type: ignore[list-item]
    assert seen(wire.near) == {}


@pytest.mark.usefixtures("wire")
def test_no_addresses() -> None:
    """Bug: it waits for what was never asked."""
    assert list(netio.resolve_neighbors([])) == []
    assert list(netio.resolve_neighbors(iter(()), max_in_flight=1)) == []


def test_addresses_are_taken_as_places_become_free(crowd: Wire) -> None:
    """Bug: a large iterable is read to its end first, or more is in flight than allowed."""
    crowd.hasten()
    endless = (IPv4Network(SILENT)[1 + i % 60_000] for i in count())
    taken = 0

    def addresses() -> Iterator[IPv4Address]:
        nonlocal taken
        for address in endless:
            taken += 1
            yield address

    descriptors = open_files()
    answers = netio.resolve_neighbors(addresses(), max_in_flight=8)
    for number, _ in enumerate(islice(answers, 20), start=1):
        assert taken <= number + 8
    assert open_files() > descriptors
    del answers
    assert open_files() == descriptors


@pytest.mark.usefixtures("crowd")
def test_a_caller_that_stops() -> None:
    """Bug: the session's sockets stay open after a break, or where nothing was ever asked."""
    descriptors = open_files()
    answers = netio.resolve_neighbors(chain(hosts(LIVE, 20), hosts(SILENT, 20)), max_in_flight=40)
    assert open_files() == descriptors
    for _ in answers:
        break
    answers.close()  # type: ignore[attr-defined]
    assert open_files() == descriptors
    assert list(answers) == []


def test_the_time_of_each_begins_when_it_is_asked(crowd: Wire) -> None:
    """Bug: the limit is for all together, so that those behind a silent address get none of it."""
    crowd.hasten()

    answers = netio.resolve_neighbors([*hosts(SILENT, 4), FAR_IP4], timeout=0.25, max_in_flight=1)

    assert summary(answers) == Counter(
        [*((host, "UnreachableError") for host in hosts(SILENT, 4)), (IPv4Address(FAR_IP4), FAR_MAC)]
    )


def test_an_address_whose_time_is_over_keeps_its_place(crowd: Wire) -> None:
    """Bug: a short time limit fills the kernel's table with rows that it still asks for."""
    in_flight = [
        sum(row.state == "INCOMPLETE" for row in seen(crowd.near).values())
        for _ in islice(netio.resolve_neighbors(hosts(SILENT, 8), timeout=0.05, max_in_flight=2), 4)
    ]

    assert max(in_flight) == 2


@pytest.mark.usefixtures("crowd")
def test_the_last_ones_time_is_the_end() -> None:
    """Bug: after the last answer the places of those whose time was over are waited for."""
    start = monotonic()

    answers = list(netio.resolve_neighbors(hosts(SILENT, 4), timeout=0.2, max_in_flight=4))

    assert len(answers) == 4
    assert 0.2 <= monotonic() - start < 2


@pytest.mark.parametrize("prefix", [[], UNPRIVILEGED], ids=["root", "nobody"])
def test_a_thousand_silent(crowd: Wire, prefix: list[str]) -> None:
    """Bug: when all fail at once their events overrun the socket, and the lost ones are never answered."""
    crowd.hasten()
    asked = hosts(SILENT, 1000)
    call = ("resolve_neighbors", (asked,), {"interface": "near0", "max_in_flight": 1000})

    (answers,) = call_elsewhere(crowd.near, prefix, [call])

    assert Counter(address for address, _ in answers) == Counter(asked)
    assert {type(error) for _, error in answers} <= {netio.UnreachableError, netio.TableFullError}
    assert sum(type(error) is netio.UnreachableError for _, error in answers) > 500


# A kernel whose table is full: it takes a part of the requests only. The others are made such that this kernel refuses
# them too, and its EAFNOSUPPORT is told as ENOBUFS.
FULL = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

static unsigned requests, datagrams;

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    ssize_t (*real)(int, const void *, size_t, int);
    _Alignas(8) char copy[65536];
    long left = size;

    *(void **)&real = dlsym(RTLD_NEXT, "send");
    memcpy(copy, data, size);
    for (struct nlmsghdr *m = (void *)copy; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left))
        if (m->nlmsg_type == RTM_NEWNEIGH && !(TAKES_REQUEST(requests++)))
            ((struct ndmsg *)NLMSG_DATA(m))->ndm_family = 255;
    return real(fd, copy, size, flags);
}

ssize_t recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *length)
{
    ssize_t (*real)(int, void *, size_t, int, struct sockaddr *, socklen_t *);
    const struct nlmsghdr *head = data;
    struct nlmsgerr *answer = NLMSG_DATA(head);
    ssize_t got;

    *(void **)&real = dlsym(RTLD_NEXT, "recvfrom");
    got = real(fd, data, size, flags, from, length);
    if (got > 0 && head->nlmsg_type == NLMSG_ERROR && answer->error == -EAFNOSUPPORT)
        answer->error = -ENOBUFS;
    return got;
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
    ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);

    if (!(TAKES_DATAGRAM(datagrams++)))
        return 0;
    *(void **)&real = dlsym(RTLD_NEXT, "sendto");
    return real(fd, data, size, flags, to, length);
}
"""


def resolve_with_a_full_table(
    wire: Wire, folder: Path, prefix: Iterable[str], takes: str, asked: list[IPv4Address]
) -> list[Answer]:
    shim = library(folder, FULL, f"-DTAKES_REQUEST(n)={takes}", f"-DTAKES_DATAGRAM(n)={takes}")
    calls = [("resolve_neighbors", (asked,), {"interface": "near0", "max_in_flight": 30})]
    (answers,) = call_elsewhere(wire.near, [*prefix], calls, LD_PRELOAD=shim)
    return list(answers)


def test_a_full_table_that_becomes_free(crowd: Wire, tmp_path: Path) -> None:
    """Bug: an address for which there was no room is given up while others are in flight, or never tried again."""
    crowd.hasten()
    silent, live = hosts(SILENT, 5), hosts(LIVE, 25)

    answers = resolve_with_a_full_table(crowd, tmp_path, [], "((n) < 5 || (n) >= 30)", [*silent, *live])

    expected = [(host, "UnreachableError") for host in silent] + [(host, FAR_MAC) for host in live]
    assert summary(answers) == Counter(expected)


def test_a_full_table_that_becomes_free_for_datagrams(crowd: Wire, tmp_path: Path) -> None:
    """Bug: a datagram that leaves no row is silence, or the last word."""
    asked = hosts(LIVE, 100)

    answers = resolve_with_a_full_table(crowd, tmp_path, UNPRIVILEGED, "((n) < 5 || (n) > 200)", asked)

    assert summary(answers) == Counter((host, FAR_MAC) for host in asked)


@pytest.mark.parametrize("prefix", [[], UNPRIVILEGED], ids=["root", "nobody"])
def test_a_full_table_that_stays_full(crowd: Wire, tmp_path: Path, prefix: list[str]) -> None:
    """Bug: it is tried for ever, or a full table is taken for silence."""
    asked = hosts(LIVE, 100)

    answers = resolve_with_a_full_table(crowd, tmp_path, prefix, "((n) < 10)", asked)

    found = Counter(kind for _, kind in summary(answers).elements())
    assert found == Counter({FAR_MAC: 10, "TableFullError": 90})
    assert {address for address, _ in answers} == set(asked)
    error = next(found for _, found in answers if isinstance(found, netio.TableFullError))
    assert (error.code, error.row.address if error.row else None) == (1450, asked[error.position or 0])
