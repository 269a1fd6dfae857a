# SPDX-License-Identifier: MIT
"""The verbs that Wine lacks, with the stand-in: every code that Microsoft documents, and both families."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from growth import GROWTH_MAX, bytes_in_use, next_handle
from standin import Question

import netio
from netio import Neighbor, NeighborState
from netio.errors import Reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from standin import Standin

pytestmark = pytest.mark.wine_lacks

MAC = "02:00:5e:00:00:07"
OTHER = "02:00:5e:00:00:08"
ANY_KIND = "it is a local, broadcast or anycast address, which does not name its interface"
ADDRESSES = ["192.0.2.7", "2001:db8::7", "fe80::7"]

UNDOCUMENTED = 4711

VERBS: dict[str, Callable[[str, str], object]] = {
    "CreateIpNetEntry2": lambda address, interface: netio.create_neighbor(address, MAC, interface=interface),
    "SetIpNetEntry2": lambda address, interface: netio.set_neighbor(address, MAC, interface=interface),
    "DeleteIpNetEntry2": lambda address, interface: netio.delete_neighbor(address, interface=interface),
    "GetIpNetEntry2": lambda address, interface: netio.get_neighbor(address, interface=interface),
    "ResolveIpNetEntry2": lambda address, interface: netio.resolve_neighbor(address, interface=interface),
    "FlushIpNetTable2": lambda _, interface: netio.flush_neighbors(interface=interface),
    "GetIpNetTable2": lambda _, interface: netio.list_neighbors(interface=interface),
}


def interface_named(name: str) -> netio.Interface:
    return next(found for found in netio.list_interfaces() if found.name == name)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("interface", ["Ethernet", "Überall"])
def test_create_set_replace_and_delete(standin: Standin, address: str, interface: str) -> None:
    standin.switch(Question.DELETED_ROW_LASTS, 1)  # of which the last replace must not notice anything
    netio.create_neighbor(address, MAC, interface=interface)
    row = netio.get_neighbor(address, interface=interface)
    scope = f"%{interface_named(interface).index}" if address.startswith("fe80") else ""
    assert row == Neighbor(f"{address}{scope}", MAC, interface=interface, state=NeighborState.PERMANENT)
    assert row.interface_luid == interface_named(interface).luid
    with pytest.raises(netio.NeighborExistsError):
        netio.create_neighbor(address, OTHER, interface=interface)
    netio.set_neighbor(address, OTHER, interface=interface)
    assert netio.get_neighbor(address, interface=interface).physical_address == OTHER
    netio.replace_neighbor(address, MAC, interface=interface)
    assert netio.get_neighbor(address, interface=interface) == row
    netio.delete_neighbor(address, interface=interface)
    netio.delete_neighbor(address, interface=interface, missing_ok=True)
    for absent in ("SetIpNetEntry2", "DeleteIpNetEntry2", "GetIpNetEntry2"):
        with pytest.raises(netio.NeighborNotFoundError) as caught:
            VERBS[absent](address, interface)
        assert (caught.value.code, caught.value.operation) == (1168, absent)
    netio.replace_neighbor(address, MAC, interface=interface)
    assert list(netio.list_neighbors()) == [row]


@pytest.mark.parametrize(
    ("function", "code", "kind"),
    [
        ("CreateIpNetEntry2", 5, netio.AccessDeniedError),
        ("CreateIpNetEntry2", 50, netio.NotSupportedError),
        ("CreateIpNetEntry2", 87, netio.InvalidParameterError),
        ("CreateIpNetEntry2", 1168, netio.NotSupportedError),  # the interface exists, but lacks the stack
        ("CreateIpNetEntry2", 5010, netio.NeighborExistsError),
        ("SetIpNetEntry2", 5, netio.AccessDeniedError),
        ("SetIpNetEntry2", 50, netio.NotSupportedError),
        ("SetIpNetEntry2", 87, netio.InvalidParameterError),
        ("SetIpNetEntry2", 1168, netio.NeighborNotFoundError),
        ("DeleteIpNetEntry2", 5, netio.AccessDeniedError),
        ("DeleteIpNetEntry2", 50, netio.NotSupportedError),
        ("DeleteIpNetEntry2", 87, netio.InvalidParameterError),
        ("DeleteIpNetEntry2", 1168, netio.NeighborNotFoundError),
        ("GetIpNetEntry2", 2, netio.InterfaceNotFoundError),
        ("GetIpNetEntry2", 50, netio.NotSupportedError),
        ("GetIpNetEntry2", 87, netio.InvalidParameterError),
        ("GetIpNetEntry2", 1168, netio.NeighborNotFoundError),
        ("ResolveIpNetEntry2", 50, netio.NotSupportedError),
        ("ResolveIpNetEntry2", 67, netio.UnreachableError),
        ("ResolveIpNetEntry2", 87, netio.InvalidParameterError),
        ("ResolveIpNetEntry2", 1168, netio.NotSupportedError),
        ("FlushIpNetTable2", 5, netio.AccessDeniedError),
        ("FlushIpNetTable2", 50, netio.NotSupportedError),
        ("FlushIpNetTable2", 87, netio.InvalidParameterError),
        ("GetIpNetTable2", 8, netio.NetioError),
        ("GetIpNetTable2", 50, netio.NotSupportedError),
        ("GetIpNetTable2", 87, netio.InvalidParameterError),
        *((function, UNDOCUMENTED, netio.NetioError) for function in VERBS),
    ],
)
def test_exception_of_documented_code(standin: Standin, function: str, code: int, kind: type[netio.NetioError]) -> None:
    standin.answer(function, code)
    with pytest.raises(kind) as caught:
        VERBS[function]("192.0.2.7", "Ethernet")
    assert type(caught.value) is kind
    assert caught.value.code == caught.value.winerror == code
    assert caught.value.operation == function


def test_empty_table(standin: Standin) -> None:
    standin.answer("GetIpNetTable2", 1168)
    assert len(netio.list_neighbors()) == 0


@pytest.mark.parametrize("get_unknown_interface", [0, 1])
def test_unknown_interface(standin: Standin, get_unknown_interface: int) -> None:
    standin.switch(Question.GET_UNKNOWN_INTERFACE, get_unknown_interface)
    for function, verb in VERBS.items():
        with pytest.raises(netio.InterfaceNotFoundError) as caught:
            verb("192.0.2.7", "nosuch")
        assert caught.value.code == (2 if function == "GetIpNetEntry2" else 1168)
    assert standin.count("resolving_most") == 1


def test_unknown_interface_does_not_hide_the_error_of_an_invalid_address(standin: Standin) -> None:
    with pytest.raises(netio.InvalidParameterError):
        netio.create_neighbor("127.0.0.1", MAC, interface="nosuch")
    assert standin.count("calls") == 1


@pytest.mark.parametrize("function", ["CreateIpNetEntry2", "SetIpNetEntry2", "DeleteIpNetEntry2", "FlushIpNetTable2"])
def test_error_without_elevation_names_the_prompt(standin: Standin, function: str) -> None:
    standin.elevated(False)
    with pytest.raises(netio.AccessDeniedError, match="elevated"):
        VERBS[function]("192.0.2.7", "Ethernet")


def add_rows(standin: Standin) -> list[Neighbor]:
    rows = [
        Neighbor("192.0.2.1", MAC, interface="Ethernet", state=NeighborState.STALE),
        Neighbor("192.0.2.2", interface="Überall", state=NeighborState.UNREACHABLE, is_unreachable=True),
        Neighbor("2001:db8::1", MAC, interface="Ethernet", is_router=True, reachability_time=1234),
        Neighbor("fe80::1%7", MAC, interface="Überall", state=NeighborState.DELAY),
    ]
    for row in rows:
        standin.row(row)
    return rows


def test_tables_of_both_families(standin: Standin) -> None:
    rows = add_rows(standin)
    assert list(netio.list_neighbors()) == rows
    assert list(netio.list_neighbors(socket.AF_INET)) == rows[:2]
    assert list(netio.list_neighbors(socket.AF_INET6)) == rows[2:]
    assert list(netio.list_neighbors(interface="Überall")) == [rows[1], rows[3]]
    assert netio.list_neighbors(socket.AF_INET6, interface=4)[0].reachability_time == 1234


def test_filters_of_a_list(standin: Standin) -> None:
    rows = add_rows(standin)
    assert list(netio.list_neighbors(address="192.0.2.2")) == [rows[1]]
    assert list(netio.list_neighbors(address="fe80::1")) == [rows[3]]
    assert list(netio.list_neighbors(address="fe80::1%7")) == [rows[3]]
    assert list(netio.list_neighbors(address="fe80::1%4")) == []
    assert list(netio.list_neighbors(physical_address=MAC.upper())) == [rows[0], *rows[2:]]
    assert list(netio.list_neighbors(socket.AF_INET6, physical_address=MAC, interface="Ethernet")) == [rows[2]]
    with pytest.raises(netio.InvalidParameterError, match="contradicts"):
        netio.list_neighbors(address="fe80::1%7", interface="Ethernet")
    with pytest.raises(netio.InterfaceNotFoundError):
        netio.list_neighbors(address="fe80::1%nosuch")


def test_list_without_one_of_the_stacks(standin: Standin) -> None:
    rows = add_rows(standin)
    standin.stacks(ip4=True, ip6=False)
    assert list(netio.list_neighbors()) == rows[:2]
    with pytest.raises(netio.NotSupportedError):
        netio.list_neighbors(socket.AF_INET6)
    standin.stacks(ip4=False, ip6=True)
    assert list(netio.list_neighbors()) == rows[2:]
    standin.stacks(ip4=False, ip6=False)
    with pytest.raises(netio.NotSupportedError):
        netio.list_neighbors()


@pytest.mark.parametrize("missing", [4, 6])
def test_flush_without_one_of_the_stacks(standin: Standin, missing: int) -> None:
    rows = add_rows(standin)
    standin.stacks(ip4=missing != 4, ip6=missing != 6)
    netio.flush_neighbors()
    standin.stacks(ip4=True, ip6=True)
    kept = [row for row in rows if row.address.version == missing or row.state is NeighborState.PERMANENT]
    assert list(netio.list_neighbors()) == kept


def test_flush_by_family_and_interface(standin: Standin) -> None:
    rows = add_rows(standin)
    netio.flush_neighbors(socket.AF_INET6, interface="Überall")
    assert list(netio.list_neighbors()) == rows[:3]
    netio.flush_neighbors(interface="Ethernet")
    assert list(netio.list_neighbors()) == rows[1:3]
    netio.flush_neighbors()
    assert list(netio.list_neighbors()) == [rows[2]]


def test_entries_are_found_by_luid_after_the_index_changed(standin: Standin) -> None:
    ethernet = interface_named("Ethernet")
    netio.create_neighbor("192.0.2.7", MAC, interface=ethernet)
    (row,) = netio.list_neighbors()
    standin.index(ethernet, 33)
    assert netio.get_neighbor("192.0.2.7", interface=ethernet).interface_index == 33
    netio.set_neighbors([Neighbor("192.0.2.7", OTHER, interface=ethernet)])
    netio.delete_neighbors([row])
    assert len(netio.list_neighbors()) == 0


@pytest.mark.parametrize(
    ("physical_address", "interface", "reason"),
    [
        ("02:00:5e:07", "Ethernet", "has 4 bytes, but those on Ethernet have 6"),
        ("02:00:5e:00:00:07:08:09", "Überall", "has 8 bytes, but those on Überall have 6"),
        (MAC, 1, "the hosts on Loopback Pseudo-Interface 1 have no physical addresses"),
    ],
)
@pytest.mark.parametrize("verb", [netio.create_neighbor, netio.set_neighbor, netio.replace_neighbor])
def test_physical_address_of_another_length_is_rejected(
    standin: Standin, verb: Callable[..., None], physical_address: str, interface: str | int, reason: str
) -> None:
    # Windows would write it padded or truncated.
    with pytest.raises(netio.InvalidParameterError, match=reason):
        verb("192.0.2.7", physical_address, interface=interface)
    assert standin.count("calls") == 0


@pytest.mark.usefixtures("standin")
def test_list_interfaces() -> None:
    assert [(found.name, found.index, found.physical_address, found.is_up) for found in netio.list_interfaces()] == [
        ("Loopback Pseudo-Interface 1", 1, "", True),
        ("Ethernet", 4, "02:00:5e:00:01:04", True),
        ("Überall", 7, "02:00:5e:00:01:07", False),
    ]


def test_list_addresses(standin: Standin) -> None:
    """Bug: a table without entries, which Windows reports as an error, raises; or a table is not freed."""
    assert netio.list_addresses() == []
    standin.address(IPv4Address("192.0.2.1"), 28, interface_named("Ethernet"))
    standin.address(IPv6Address("fe80::1"), 64, interface_named("Überall"))
    found = [(str(item.address), str(item.prefix), item.interface.name) for item in netio.list_addresses()]
    assert found == [("192.0.2.1", "192.0.2.0/28", "Ethernet"), ("fe80::1%7", "fe80::/64", "Überall")]
    assert [item.can_probe for item in netio.list_addresses(interface="Ethernet")] == [True]
    assert standin.count("tables") == 0


def test_bulk(standin: Standin) -> None:
    rows = [Neighbor(IPv4Address(0x0A000000 + n), MAC, interface="Ethernet") for n in range(1, 2000)]
    rows += [Neighbor(IPv6Address(2**125 + n), MAC, interface="Überall") for n in range(2000)]
    netio.create_neighbors(rows)
    table = netio.list_neighbors()
    assert list(table) == rows
    assert standin.count("calls") == len(rows)
    netio.replace_neighbors(table)
    netio.delete_neighbors(table[10:])
    assert list(netio.list_neighbors()) == rows[:10]


@pytest.mark.usefixtures("standin")
def test_bulk_continues_after_failures() -> None:
    netio.create_neighbor("192.0.2.2", MAC, interface="Ethernet")
    rows = [Neighbor(f"192.0.2.{n}", MAC, interface=name) for n, name in enumerate(["Ethernet"] * 4 + ["nosuch"], 1)]
    with pytest.raises(ExceptionGroup, match="2 of 5 rows failed") as caught:
        netio.create_neighbors(rows)
    first, second = caught.value.exceptions
    assert isinstance(first, netio.NeighborExistsError)
    assert (first.position, first.row) == (1, rows[1])
    assert isinstance(second, netio.InterfaceNotFoundError)
    assert second.position == 4
    assert len(netio.list_neighbors()) == 4
    netio.set_neighbors(rows[:4])
    with pytest.raises(ExceptionGroup):
        netio.delete_neighbors(rows, missing_ok=True)
    assert len(netio.list_neighbors()) == 0


@pytest.fixture
def _routes(standin: Standin) -> None:
    ethernet, wlan = interface_named("Ethernet"), interface_named("Überall")
    standin.route(IPv4Address("192.0.2.0"), 24, ethernet, by_system=True)
    standin.route(IPv4Address("192.0.2.1"), 32, ethernet, by_system=True)
    standin.route(IPv4Address("192.0.2.255"), 32, ethernet, by_system=True)
    standin.route(IPv4Address("198.51.100.0"), 24, ethernet, IPv4Address("192.0.2.254"))
    standin.route(IPv6Address("2001:db8:1::"), 64, wlan, by_system=True)
    standin.route(IPv6Address("2001:db8:2::"), 64, wlan, IPv6Address("fe80::254"))


@pytest.mark.usefixtures("_routes")
@pytest.mark.parametrize(("address", "name"), [("192.0.2.7", "Ethernet"), ("2001:db8:1::7", "Überall")])
def test_interface_is_chosen_by_the_routes(address: str, name: str) -> None:
    netio.create_neighbor(address, MAC)
    assert [(row.address, row.interface) for row in netio.list_neighbors()] == [(ip_address(address), name)]


@pytest.mark.usefixtures("_routes")
@pytest.mark.parametrize("address", ["192.0.2.1", "192.0.2.255", "224.0.0.9", "ff02::9", "fe80::9"])
def test_address_without_a_unique_interface_is_rejected(address: str) -> None:
    with pytest.raises(netio.InvalidParameterError, match=r"interface=|address of this machine"):
        netio.create_neighbor(address, MAC)


@pytest.mark.usefixtures("_routes")
@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("192.0.2.1", Reason.OWN_ADDRESS),
        ("192.0.2.255", Reason.BROADCAST_ADDRESS),
        ("192.0.2.129", ANY_KIND),  # of a prefix of 31 bits, which has no broadcast addresses
        ("192.0.2.7", ANY_KIND),  # a route of an address that was removed
    ],
)
def test_kind_of_a_rejected_address(standin: Standin, address: str, reason: str) -> None:
    """Bug: an own or broadcast address is not recognised, another one is, or the table of addresses is not freed."""
    ethernet = interface_named("Ethernet")
    for own, length in (("192.0.2.1", 24), ("192.0.2.128", 31)):
        standin.address(IPv4Address(own), length, ethernet)
    standin.route(IPv4Address("192.0.2.129"), 32, ethernet, by_system=True)
    standin.route(IPv4Address("192.0.2.7"), 32, ethernet, by_system=True)
    with pytest.raises(netio.InvalidParameterError) as caught:
        netio.create_neighbor(address, MAC)
    assert caught.value.reason == reason
    assert standin.count("tables") == 0


@pytest.mark.usefixtures("_routes")
@pytest.mark.parametrize(
    ("address", "gateway"),
    [("198.51.100.7", "192.0.2.254"), ("2001:db8:2::7", "fe80::254%7"), ("203.0.113.7", ""), ("2001:db8:3::7", "")],
)
def test_off_link_address_is_rejected(address: str, gateway: str) -> None:
    with pytest.raises(netio.UnreachableError) as caught:
        netio.create_neighbor(address, MAC)
    assert caught.value.code == 1231
    assert f"gateway {gateway}" in str(caught.value) if gateway else "no route" in str(caught.value)
    assert caught.value.gateway == (ip_address(gateway) if gateway else None)


@pytest.mark.usefixtures("_routes")
@pytest.mark.parametrize(
    ("address", "interface", "hop", "name"),
    [
        ("192.0.2.7", None, "192.0.2.7", "Ethernet"),
        ("198.51.100.7", None, "192.0.2.254", "Ethernet"),
        ("198.51.100.7", "Ethernet", "192.0.2.254", "Ethernet"),
        ("2001:db8:2::7", None, "fe80::254%7", "Überall"),
    ],
)
def test_next_hop(address: str, interface: str | None, hop: str, name: str) -> None:
    found = netio.next_hop(address, interface=interface)
    assert (found.address, found.interface) == (ip_address(hop), interface_named(name))


@pytest.mark.usefixtures("_routes")
@pytest.mark.parametrize(
    ("address", "interface", "kind", "code"),
    [
        ("192.0.2.1", None, netio.InvalidParameterError, 87),
        ("192.0.2.255", None, netio.InvalidParameterError, 87),
        ("224.0.0.9", "Ethernet", netio.InvalidParameterError, 87),
        ("fe80::9", None, netio.InvalidParameterError, 87),
        ("203.0.113.7", None, netio.UnreachableError, 1231),
        ("192.0.2.7", "Überall", netio.UnreachableError, 1231),
        ("192.0.2.7", "nosuch", netio.InterfaceNotFoundError, 1168),
    ],
)
def test_no_next_hop(address: str, interface: str | None, kind: type[netio.NetioError], code: int) -> None:
    with pytest.raises(kind) as caught:
        netio.next_hop(address, interface=interface)
    assert (caught.value.code, caught.value.operation) == (code, "GetBestRoute2")


def test_no_growth_over_10000_calls(standin: Standin) -> None:
    def cycle() -> None:
        netio.create_neighbor("192.0.2.7", MAC, interface="Ethernet")
        netio.get_neighbor("192.0.2.7", interface="Ethernet")
        netio.replace_neighbor("192.0.2.7", OTHER, interface="Ethernet")
        netio.list_neighbors(interface="Ethernet")
        netio.delete_neighbor("192.0.2.7", interface="Ethernet")

    for _ in range(100):
        cycle()
    used, handle = bytes_in_use(), next_handle()
    for _ in range(2000):
        cycle()
    assert bytes_in_use() - used < GROWTH_MAX
    assert next_handle() <= handle + 16
    assert standin.count("calls") == 6 * 2100  # replace is Create, Set, and Get to read the state
