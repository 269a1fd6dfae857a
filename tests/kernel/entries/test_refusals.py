# SPDX-License-Identifier: MIT
"""Every situation in which a verb fails: all fields of the error, and that nothing has changed."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import netio
from netio import Interface
from netlab.child import UNPRIVILEGED, call_elsewhere
from netlab.wire import wired

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netlab.child import Call
    from netlab.wire import Wire

MAC = "02:00:5e:00:00:07"
PERMANENT, STALE = "192.0.2.50", "192.0.2.51"

OPERATIONS = {
    "get": "GetIpNetEntry2",
    "create": "CreateIpNetEntry2",
    "set": "SetIpNetEntry2",
    "replace": "CreateIpNetEntry2",
    "delete": "DeleteIpNetEntry2",
    "resolve": "ResolveIpNetEntry2",
}
EVERY = tuple(OPERATIONS)
WRITERS = ("create", "set", "replace")


class Refusal(NamedTuple):
    """The fields of an error."""

    kind: type[netio.NetioError]
    code: int
    errno: int
    ntstatus: str | None


INVALID = Refusal(netio.InvalidParameterError, 87, errno.EINVAL, "STATUS_INVALID_PARAMETER")
NO_FILE = Refusal(netio.InterfaceNotFoundError, 2, errno.ENODEV, "STATUS_NOT_FOUND")
NO_INTERFACE = Refusal(netio.InterfaceNotFoundError, 1168, errno.ENODEV, "STATUS_NOT_FOUND")
NO_ROW = Refusal(netio.NeighborNotFoundError, 1168, errno.ENOENT, "STATUS_NOT_FOUND")
EXISTS = Refusal(netio.NeighborExistsError, 5010, errno.EEXIST, None)
DENIED = Refusal(netio.AccessDeniedError, 5, errno.EACCES, "STATUS_ACCESS_DENIED")
SILENT = Refusal(netio.UnreachableError, 67, errno.EHOSTUNREACH, "STATUS_BAD_NETWORK_NAME")
NO_ROUTE = Refusal(netio.UnreachableError, 1231, errno.EHOSTUNREACH, "STATUS_NETWORK_UNREACHABLE")


class Situation(NamedTuple):
    """A call that fails. The message must contain the address, or the text of says."""

    name: str
    refusal: Refusal
    verbs: tuple[str, ...] = EVERY
    address: str = "192.0.2.77"
    physical_address: str | bytes = MAC
    interface: str | int | Interface | None = "near0"
    says: str = ""
    has_row: bool = True


def bad_text(address: str) -> Situation:
    return Situation(f"address text {address!r}", INVALID, address=address, has_row=False)


def bad_address(name: str, address: str, interface: str | int | None = "near0") -> Any:  # noqa: ANN401
    """No neighbour has the address, but the kernel may have made an entry for it, which can be read and deleted."""
    yield Situation(name, INVALID, (*WRITERS, "resolve"), address, interface=interface)
    if interface == "near0":
        yield Situation(name, NO_ROW, ("get", "delete"), address, interface=interface)


def bad_physical_text(text: str) -> Situation:
    return Situation(f"physical text {text!r}", INVALID, WRITERS, physical_address=text, says=repr(text), has_row=False)


def bad_length(length: int) -> Situation:
    says = f"{length} bytes" if length else "is missing"
    return Situation(f"{length} bytes", INVALID, WRITERS, physical_address=bytes(length), says=says)


def no_interface(name: str, interface: str | int | Interface | None, says: str, address: str = "192.0.2.77") -> Any:  # noqa: ANN401
    rest = tuple(verb for verb in EVERY if verb != "get")
    yield Situation(name, NO_INTERFACE, rest, address, interface=interface, says=says)
    yield Situation(name, NO_FILE, ("get",), address, interface=interface, says=says)


SITUATIONS: list[Situation] = [
    # Invalid text.
    *map(bad_text, ["192.0.2.300", "192.0.2", "192.0.2.1/24", "", " 192.0.2.1", "2001:db8::g", "near0", "192.0.2.07"]),
    Situation("scope on a global address", INVALID, address="2001:db8::77%near0", has_row=False),
    Situation("scope on a multicast address", INVALID, address="ff02::77%near0", has_row=False),
    # Addresses that are not valid for a neighbour.
    *bad_address("unspecified", "0.0.0.0"),
    *bad_address("unspecified, IPv6", "::"),
    *bad_address("loopback", "127.0.0.1"),
    *bad_address("loopback network", "127.255.255.254"),
    *bad_address("loopback, IPv6", "::1"),
    *bad_address("limited broadcast", "255.255.255.255"),
    *bad_address("IPv4-mapped", "::ffff:192.0.2.77"),
    *bad_address("loopback, on lo", "127.0.0.1", "lo"),
    *bad_address("loopback, on an unknown name", "127.0.0.1", "near9"),
    *bad_address("unspecified, on an unknown index", "::", 4321),
    Situation("loopback, no interface", INVALID, address="127.0.0.1", interface=None),
    Situation("limited broadcast, no interface", INVALID, address="255.255.255.255", interface=None),
    # Physical addresses.
    *map(bad_physical_text, ["0200.5e00.000", "0200:5e00.0007", "0x02:00:5e:00:00:07"]),
    *map(
        bad_physical_text, ["02:00:5e:00:00:0g", "02:00-5e:00:00:07", "02  00 5e 00 00 07", "02:00:5e:00:00:007", "2"]
    ),
    *map(bad_length, [0, 1, 4, 5, 7, 8, 16, 20, 32]),
    Situation("33 bytes", INVALID, WRITERS, physical_address=bytes(33), says="33 bytes", has_row=False),
    Situation("text of 5 bytes", INVALID, WRITERS, physical_address="02:00:5e:00:00", says="5 bytes"),
    Situation("6 bytes on an interface without addresses", INVALID, WRITERS, interface="bare0", says="hosts on bare0"),
    Situation("no byte on an interface without addresses", INVALID, WRITERS, physical_address=b"", interface="bare0"),
    # Interfaces.
    *no_interface("unknown name", "near9", "near9"),
    *no_interface("unknown long name", "a-name-of-twenty-chr", "a-name-of-twenty-chr"),
    *no_interface("name longer than any", "n" * 500, "n" * 80 + "... (500 characters)"),
    *no_interface("name with a NUL", "near0\0", "192.0.2.77"),
    *no_interface("name that is not text", "\udcff\ud800", "192.0.2.77"),
    *no_interface("unknown index", 4321, "4321"),
    *no_interface("index beyond the kernel's", 2**32 - 1, "4294967295"),
    *no_interface("unknown Interface", Interface("near9", 4321, 6 << 48 | 4321 << 24), "near9"),
    *no_interface("LUID of another type", Interface("near0", 2, 24 << 48 | 2 << 24), "near0"),
    *no_interface("scope of an unknown name", None, "fe80::77%near9", "fe80::77%near9"),
    *no_interface("scope of an unknown index", None, "fe80::77%4321", "fe80::77%4321"),
    *no_interface("scope that is a huge number", None, "fe80::77%999", f"fe80::77%{'9' * 5000}"),
    Situation("index 0", INVALID, interface=0, says="index 0", has_row=False),
    Situation("negative index", INVALID, interface=-1, says="index -1", has_row=False),
    Situation("index of 33 bits", INVALID, interface=2**32, says="4294967296", has_row=False),
    Situation("empty name", INVALID, interface="", says="''", has_row=False),
    Situation("scope of another interface", INVALID, address="fe80::77%lo"),
    Situation("unknown scope beside an interface", INVALID, address="fe80::77%near9"),
    # Addresses that do not determine their interface.
    Situation("link-local, no interface", INVALID, address="fe80::77", interface=None, says="interface="),
    Situation("local, no interface", INVALID, address="192.0.2.1", interface=None, says="of this machine"),
    Situation("local IPv6, no interface", INVALID, address="2001:db8::1", interface=None, says="of this machine"),
    Situation("subnet broadcast, no interface", INVALID, address="192.0.2.255", interface=None, says="broadcast"),
    Situation("multicast, no interface", INVALID, address="224.0.0.9", interface=None, says="interface="),
    Situation("IPv6 multicast, no interface", INVALID, address="ff02::9", interface=None, says="interface="),
    Situation("no route", NO_ROUTE, address="203.0.113.1", interface=None),
    Situation("no IPv6 route", NO_ROUTE, address="2001:db8:9::1", interface=None),
    Situation("behind a gateway", NO_ROUTE, address="198.51.100.1", interface=None, says="192.0.2.2"),
    Situation("behind an IPv6 gateway", NO_ROUTE, address="2001:db8:8::1", interface=None, says="2001:db8::2"),
    Situation("IPv4 behind an IPv6 gateway", NO_ROUTE, address="198.51.101.1", interface=None, says="fe80::2"),
    Situation("blackhole", NO_ROUTE, address="198.51.102.1", interface=None),
    Situation("unreachable route", NO_ROUTE, address="198.51.103.1", interface=None),
    Situation("prohibited", NO_ROUTE, address="198.51.104.1", interface=None),
    Situation("IPv6 blackhole", NO_ROUTE, address="2001:db8:7::1", interface=None),
    # Entries.
    Situation("absent entry", NO_ROW, ("get", "set", "delete")),
    Situation("absent IPv6 entry", NO_ROW, ("get", "set", "delete"), "2001:db8::77"),
    Situation("absent link-local entry", NO_ROW, ("get", "set", "delete"), "fe80::77"),
    Situation("entry of another interface", NO_ROW, ("get", "delete"), PERMANENT, interface="lo"),
    Situation("permanent entry", EXISTS, ("create",), PERMANENT),
    Situation("stale entry", EXISTS, ("create",), STALE),
    # Addresses that cannot be probed.
    Situation("local address", INVALID, ("resolve",), "192.0.2.1"),
    Situation("local IPv6 address", INVALID, ("resolve",), "2001:db8::1"),
    Situation("local link-local address", INVALID, ("resolve",), "fe80::1"),
    Situation("subnet broadcast", INVALID, ("resolve",), "192.0.2.255"),
    Situation("off-link", SILENT, ("resolve",), "198.51.100.1"),
    Situation("off-link, IPv6", SILENT, ("resolve",), "2001:db8:8::1"),
    Situation("off-link without a route, IPv6", SILENT, ("resolve",), "2001:db8:9::1"),
]

CASES = [(verb, situation) for situation in SITUATIONS for verb in situation.verbs]


def call(verb: str, situation: Situation) -> Call:
    """Returns the call for a situation."""
    physical = (situation.physical_address,) if verb in WRITERS else ()
    return f"{verb}_neighbor", (situation.address, *physical), {"interface": situation.interface}


def check(error: object, verb: str, situation: Situation, refusal: Refusal) -> None:
    assert isinstance(error, netio.NetioError)
    assert (type(error), error.code, error.errno, error.ntstatus) == refusal
    assert error.operation == OPERATIONS[verb]
    assert error.position is None
    address = situation.address
    if situation.has_row:  # Python versions differ in the text of some IPv6 addresses
        address = str(netio.Neighbor(address, interface=situation.interface or "").address)
    if refusal == situation.refusal:
        assert (situation.says or address) in str(error)
    assert (str(error.row.address) if error.row else None) == (address if situation.has_row else None)


@pytest.fixture(scope="module")
def built() -> Iterator[Wire]:
    """A near host with entries that could change, routes of every kind, and an interface without addresses."""
    with wired() as wire:
        wire.near.ip(
            f"neigh add {PERMANENT} lladdr {MAC} dev near0",
            f"neigh add 2001:db8::50 lladdr {MAC} dev near0 router",
            "route add 198.51.100.0/24 via 192.0.2.2",
            "route add 198.51.101.0/24 via inet6 fe80::2 dev near0",
            "route add blackhole 198.51.102.0/24",
            "route add unreachable 198.51.103.0/24",
            "route add prohibit 198.51.104.0/24",
            "route add 2001:db8:8::/48 via 2001:db8::2",
            "route add blackhole 2001:db8:7::/48",
            "link add bare0 type vxlan dstport 4790 external gpe",
            "link set bare0 up",
        )
        yield wire


@pytest.fixture
def unchanged(built: Wire) -> Iterator[Wire]:
    """The same; fails if an entry changes during the test."""
    built.near.ip(f"neigh replace {STALE} lladdr {MAC} dev near0 nud stale")
    before = rows(built)
    yield built
    assert rows(built) == before


def rows(wire: Wire) -> set[tuple[str, str, str]]:
    """Returns every entry except those that the kernel makes for its own multicast."""
    shown = wire.near.json("neigh show nud all")
    assert all("state" in row for row in shown)
    return {(row["dev"], row["dst"], str(row)) for row in shown if not row["dst"].startswith("ff02:")}


@pytest.mark.parametrize(("verb", "situation"), CASES, ids=[f"{v}-{s.name[:40]}" for v, s in CASES])
@pytest.mark.usefixtures("unchanged")
def test_error_of_each_situation(verb: str, situation: Situation) -> None:
    """Bug: an invalid call reaches the kernel, which accepts almost everything; or the error is wrong."""
    function, arguments, named = call(verb, situation)

    with pytest.raises(netio.NetioError) as caught:
        getattr(netio, function)(*arguments, **named)

    check(caught.value, verb, situation, situation.refusal)


def test_same_errors_without_privilege(unchanged: Wire) -> None:
    """Bug: the privilege is checked first, so that an invalid entry has another error without it."""
    errors = call_elsewhere(unchanged.near, UNPRIVILEGED, [call(verb, situation) for verb, situation in CASES])

    for (verb, situation), error in zip(CASES, errors, strict=True):
        needs_privilege = verb in ("create", "set", "delete") and situation.refusal in (NO_ROW, EXISTS)
        check(error, verb, situation, DENIED if needs_privilege else situation.refusal)


def test_writing_needs_privilege_and_reading_does_not(unchanged: Wire) -> None:
    """Bug: an unprivileged write succeeds, or an unprivileged read fails."""
    verbs = ("create", "set", "replace", "delete")
    good = Situation("good", DENIED, address=STALE)
    calls = [call(verb, good) for verb in verbs]

    *errors, row = call_elsewhere(unchanged.near, UNPRIVILEGED, [*calls, call("get", good)])

    for verb, error in zip(verbs, errors, strict=True):
        check(error, verb, good, DENIED)
    assert row == netio.Neighbor(STALE, MAC, interface="near0", state=netio.NeighborState.STALE)


@pytest.mark.parametrize("address", [3221225985, b"\xc0\x00\x02\x4d", None, 1.5, ["192.0.2.77"], bytearray(4)])
@pytest.mark.parametrize("verb", EVERY)
@pytest.mark.usefixtures("unchanged")
def test_address_of_another_type(verb: str, address: object) -> None:
    """Bug: an int or packed bytes, which ipaddress accepts, become an address by mistake."""
    physical = (MAC,) if verb in WRITERS else ()

    with pytest.raises(TypeError):
        getattr(netio, f"{verb}_neighbor")(address, *physical, interface="near0")


@pytest.mark.parametrize("physical_address", [6, True, None, 1.5, ["02:00:5e:00:00:07"], [2, 0, 0, 0, 0, 7]])
@pytest.mark.parametrize("verb", WRITERS)
@pytest.mark.usefixtures("unchanged")
def test_physical_address_of_another_type(verb: str, physical_address: object) -> None:
    """Bug: 6 becomes the physical address bytes(6), which has the right length."""
    with pytest.raises(TypeError):
        getattr(netio, f"{verb}_neighbor")(PERMANENT, physical_address, interface="near0")


@pytest.mark.parametrize("interface", [True, False, 2.0, b"near0", ["near0"]])
@pytest.mark.parametrize("verb", [f"{verb}_neighbor" for verb in EVERY] + ["list_neighbors", "flush_neighbors"])
@pytest.mark.usefixtures("unchanged")
def test_interface_of_another_type(verb: str, interface: object) -> None:
    """Bug: True selects the interface with index 1."""
    address = () if verb.endswith("s") else (PERMANENT,)
    physical = (MAC,) if verb.removesuffix("_neighbor") in WRITERS else ()

    with pytest.raises(TypeError):
        getattr(netio, verb)(*address, *physical, interface=interface)


@pytest.mark.parametrize("address", ["nonsense", None])
@pytest.mark.parametrize("verb", EVERY)
@pytest.mark.usefixtures("unchanged")
def test_interface_is_validated_before_the_address(verb: str, address: object) -> None:
    """Bug: one verb reports the address first, the others the interface."""
    physical = (MAC,) if verb in WRITERS else ()

    with pytest.raises(netio.InvalidParameterError, match="interface index -1 is not between"):
        getattr(netio, f"{verb}_neighbor")(address, *physical, interface=-1)


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        ({"family": 1}, INVALID),
        ({"family": 23}, INVALID),
        ({"family": 17}, INVALID),
        ({"family": 99}, INVALID),
        ({"family": -1}, INVALID),
        ({"family": 2**16 + 2}, INVALID),
        ({"family": 2**64}, INVALID),
        ({"interface": 0}, INVALID),
        ({"interface": -1}, INVALID),
        ({"interface": ""}, INVALID),
        ({"interface": 2**32}, INVALID),
        ({"interface": "near9"}, NO_INTERFACE),
        ({"interface": "a-name-of-twenty-chr"}, NO_INTERFACE),
        ({"interface": "\udcff\ud800"}, NO_INTERFACE),
        ({"interface": 4321}, NO_INTERFACE),
        ({"interface": Interface("near0", 2, 24 << 48 | 2 << 24)}, NO_INTERFACE),
        ({"interface": Interface("near9", 0, 0)}, NO_INTERFACE),
        ({"family": socket.AF_INET6, "interface": "near9"}, NO_INTERFACE),
    ],
)
@pytest.mark.parametrize(("verb", "operation"), [("list", "GetIpNetTable2"), ("flush", "FlushIpNetTable2")])
def test_errors_of_list_and_flush(
    unchanged: Wire, verb: str, operation: str, arguments: dict[str, Any], refusal: Refusal
) -> None:
    """Bug: an invalid family or unknown interface gives an empty table, as in the kernel, or selects all."""
    with pytest.raises(netio.NetioError) as caught:
        getattr(netio, f"{verb}_neighbors")(**arguments)

    error = caught.value
    assert (type(error), error.code, error.errno, error.ntstatus) == refusal
    assert error.operation == operation
    assert error.row is None
    (elsewhere,) = call_elsewhere(unchanged.near, UNPRIVILEGED, [(f"{verb}_neighbors", (), arguments)])
    assert (type(elsewhere), elsewhere.code, elsewhere.errno, elsewhere.ntstatus) == refusal


@pytest.mark.parametrize("family", [True, "inet", None, 2.0])
@pytest.mark.parametrize("verb", [netio.list_neighbors, netio.flush_neighbors])
@pytest.mark.usefixtures("unchanged")
def test_family_of_another_type(verb: Any, family: object) -> None:  # noqa: ANN401
    """Bug: None selects every family, True the family 1."""
    with pytest.raises(TypeError):
        verb(family)
