# SPDX-License-Identifier: MIT
"""A kernel, or an emulation of one, that replies to a query with something else: never a success with made-up data."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

import pytest

import netio
from netio import Neighbor
from netlab.child import call_elsewhere
from netlab.faults import RTM_NEWLINK, RTM_NEWNEIGH, RTM_NEWROUTE
from netlab.oracle import Seen, seen
from netlab.wire import FAR_IP4, FAR_IP6

if TYPE_CHECKING:
    from netlab.child import Call
    from netlab.faults import Injector
    from netlab.wire import Wire

OLD, NEW = "02:00:5e:00:00:07", "02:00:5e:00:00:08"
IP4, IP6 = "192.0.2.77", "2001:db8::77"
ALTERNATIVE_NAME = "alternative-name-of-near0"

GET: Call = ("get_neighbor", (IP4,), {"interface": "near0"})
GET_DETAIL: Call = ("linux.get_neighbor", (IP4,), {"interface": "near0"})
GET_BY_ROUTE: Call = ("get_neighbor", (IP4,), {})
GET_ON_LO: Call = ("get_neighbor", (IP4,), {"interface": "lo"})
GET_BY_NAME: Call = ("get_neighbor", (IP4,), {"interface": ALTERNATIVE_NAME})
SET_MANY: Call = ("set_neighbors", ([Neighbor(IP6, NEW, interface="near0")] * 2,), {})
CREATE_MANY: Call = ("create_neighbors", ([Neighbor(f"192.0.2.{n}", NEW) for n in (80, 81)],), {})
RESOLVE: Call = ("resolve_neighbors", ([FAR_IP4, FAR_IP6],), {"interface": "near0"})


@pytest.mark.parametrize(
    ("call", "reply_type", "wrong"),
    [
        *((GET, RTM_NEWNEIGH, wrong) for wrong in ("ack", "type", "address", "index")),
        *((GET_DETAIL, RTM_NEWNEIGH, wrong) for wrong in ("ack", "type", "address", "index")),
        *((GET_BY_ROUTE, RTM_NEWROUTE, wrong) for wrong in ("ack", "type", "address")),
        *((GET_ON_LO, RTM_NEWLINK, wrong) for wrong in ("ack", "type", "index")),
        *((GET_BY_NAME, RTM_NEWLINK, wrong) for wrong in ("ack", "type", "address")),
        *((SET_MANY, RTM_NEWNEIGH, wrong) for wrong in ("ack", "type", "address", "index")),
        *((CREATE_MANY, RTM_NEWROUTE, wrong) for wrong in ("ack", "type", "address")),
        *((RESOLVE, RTM_NEWNEIGH, wrong) for wrong in ("ack", "type", "address", "index")),
        *((RESOLVE, RTM_NEWROUTE, wrong) for wrong in ("ack", "type", "address")),
    ],
)
def test_wrong_reply_is_an_error(wire: Wire, inject: Injector, call: Call, reply_type: int, wrong: str) -> None:
    """Bug: the verb succeeds with uninitialised memory, or with the entry, route or interface of another key."""
    wire.near.ip(
        f"neigh add {IP4} lladdr {OLD} dev near0",
        f"neigh add {IP6} lladdr {OLD} dev near0",
        f"link property add dev near0 altname {ALTERNATIVE_NAME}",
    )

    with inject(wrong_replies=wrong, reply_type=reply_type) as faults:
        (result,) = call_elsewhere(wire.near, [], [call], **faults.environment)

    errors: list[Any] = [result]
    if isinstance(result, ExceptionGroup):
        errors = list(result.exceptions)
    elif isinstance(result, list):
        errors = [error for _, error in result]
    assert {(type(error), error.errno) for error in errors} == {(netio.NetioError, errno.EBADMSG)}
    assert {address: seen(wire.near)[address] for address in (IP4, IP6)} == dict.fromkeys((IP4, IP6), Seen(OLD))
    assert not {"192.0.2.80", "192.0.2.81"} & set(seen(wire.near))
