# SPDX-License-Identifier: MIT
"""A full neighbour table: faults play it, and its message names the limit.

The limit belongs to the whole kernel, so no test may fill the real table.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

import netio
from netio._native import ffi, lib
from netio.errors import check
from netlab.child import UNPRIVILEGED, call_elsewhere, environment, python
from netlab.hosts import LIVE, SILENT, hosts, summary
from netlab.wire import FAR_MAC

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Address

    from netlab.faults import Injector
    from netlab.hosts import Result
    from netlab.wire import Wire

FOR_EVER = 10**9


@pytest.fixture
def limits(wire: Wire) -> dict[str, int]:
    """Returns gc_thresh3 of both families, as ip(8) shows it."""
    return {table["family"]: table["thresh3"] for table in wire.near.json("ntable show") if "thresh3" in table}


def test_message_names_the_limits(limits: dict[str, int]) -> None:
    """Bug: the limits are read from /proc, which lacks them in a namespace, and are missing or 0."""
    text = ffi.new("char[]", 512)
    lib.netio_message(1450, text, 512)

    message = ffi.string(text).decode()
    assert "gc_thresh3" in message
    assert f"{limits['inet']} for IPv4" in message
    assert f"{limits['inet6']} for IPv6" in message


def test_message_is_truncated_to_its_buffer() -> None:
    """Bug: a message is written beyond the end of its buffer."""
    text = ffi.new("char[]", 20)
    ffi.buffer(text)[0:20] = b"#" * 20
    lib.netio_message(1450, text, 10)

    assert bytes(ffi.buffer(text))[9:] == b"\0" + b"#" * 10


def test_error_names_the_limits(limits: dict[str, int]) -> None:
    """Bug: the limits are in the text of the system, but not in that of the error."""
    with pytest.raises(netio.TableFullError, match=rf"gc_thresh3 is {limits['inet']}\b"):
        check("ResolveIpNetEntry2", 1450)


def resolve_with_full_table(
    wire: Wire, inject: Injector, prefix: Sequence[str], addresses: list[IPv4Address], first: int, last: int
) -> list[Result]:
    """Resolves with a table that has no room for the first to the last new entry."""
    calls = [("resolve_neighbors", (addresses,), {"interface": "near0", "max_in_flight": 30})]
    with inject(table_full=f"{first}-{last}") as faults:
        (results,) = call_elsewhere(wire.near, prefix, calls, **faults.environment)
    return list(results)


def test_full_table_that_gets_room_again(crowd: Wire, inject: Injector) -> None:
    """Bug: an address without room fails although others are pending, or is never probed again."""
    crowd.hasten()
    silent, live = hosts(SILENT, 5), hosts(LIVE, 25)

    results = resolve_with_full_table(crowd, inject, [], [*silent, *live], 5, 29)

    expected = [(host, "UnreachableError") for host in silent] + [(host, FAR_MAC) for host in live]
    assert summary(results) == Counter(expected)


def test_full_table_that_gets_room_again_for_datagrams(crowd: Wire, inject: Injector) -> None:
    """Bug: a datagram that creates no entry is taken for a host that does not reply, or is not repeated."""
    addresses = hosts(LIVE, 100)

    results = resolve_with_full_table(crowd, inject, UNPRIVILEGED, addresses, 5, 200)

    assert summary(results) == Counter((host, FAR_MAC) for host in addresses)


# Resolves one address and prints the code of the error and the milliseconds that it took.
ONE_ADDRESS = """
import netio
from time import monotonic
start = monotonic()
try:
    netio.resolve_neighbor("198.51.100.1", interface="near0")
except netio.NetioError as error:
    print(error.code, int((monotonic() - start) * 1000))
"""


def test_full_table_is_reported_after_a_while(crowd: Wire, inject: Injector) -> None:
    """Bug: a few datagrams, sent within a millisecond, decide that the table is full; or thousands are sent."""
    with inject(table_full=f"0-{FOR_EVER}") as faults:
        environ = environment(**faults.environment)
        command = [*UNPRIVILEGED, "env", *(f"{name}={environ[name]}" for name in ("PYTHONPATH", *faults.environment))]
        code, milliseconds = crowd.near.run(*command, *python(ONE_ADDRESS)).split()
        datagrams = len(faults.marks())

    assert code == "1450"
    assert int(milliseconds) >= 100
    assert 2 <= datagrams <= 12


@pytest.mark.parametrize("prefix", [[], UNPRIVILEGED], ids=["privileged", "unprivileged"])
def test_table_that_stays_full(crowd: Wire, inject: Injector, prefix: Sequence[str]) -> None:
    """Bug: probes are repeated for ever, or a full table is taken for a host that does not reply."""
    addresses = hosts(LIVE, 100)

    results = resolve_with_full_table(crowd, inject, prefix, addresses, 10, FOR_EVER)

    found = Counter(kind for _, kind in summary(results).elements())
    assert found == Counter({FAR_MAC: 10, "TableFullError": 90})
    assert {address for address, _ in results} == set(addresses)
    error = next(found for _, found in results if isinstance(found, netio.TableFullError))
    assert (error.code, error.row.address if error.row else None) == (1450, addresses[error.position or 0])
