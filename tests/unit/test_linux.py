# SPDX-License-Identifier: MIT
"""The value types of netio.linux, and its functions on a system that is not Linux."""

import copy
import pickle
from types import SimpleNamespace
from typing import Any

import pytest

import netio
from netio import Neighbor, linux
from netio._native import lib
from netio.linux import LinuxNeighbor, NeighborFlags, Nud

ENTRY = Neighbor("192.0.2.7", "02:00:5e:00:00:07", interface="eth0")

CALLS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    **dict.fromkeys(("list_neighbors", "watch_neighbors"), ((), {})),
    "get_neighbor": (("192.0.2.7",), {}),
    **dict.fromkeys(("create_neighbors", "replace_neighbors"), (([],), {})),
    "probe_neighbors": (([],), {}),
    **dict.fromkeys(("table_parameters", "table_statistics", "set_table_parameters"), ((2,), {})),
    **dict.fromkeys(("create_neighbor", "replace_neighbor", "delete_neighbor"), (("192.0.2.7",), {"interface": "if"})),
}


@pytest.mark.parametrize("name", [name for name in linux.__all__ if name[0].islower()])
def test_other_systems_report_that_only_linux_has_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bug: on Windows a function raises AttributeError, because the backend lacks the function of C."""
    codes = {key: getattr(lib, key) for key in dir(lib) if key.startswith("ERROR_")}
    monkeypatch.setattr(linux, "lib", SimpleNamespace(NETIO_HAS_DETAIL=0, **codes))
    arguments, named = CALLS[name]
    with pytest.raises(netio.NotSupportedError, match="only Linux has it") as caught:
        getattr(linux, name)(*arguments, **named)
    assert caught.value.code == lib.ERROR_NOT_SUPPORTED


def test_values_are_checked_and_converted() -> None:
    """Bug: a number stays a plain int, so that its name is not printed."""
    row = LinuxNeighbor(ENTRY, 0x40, 0x110, 11)  # type: ignore[arg-type]
    assert (row.nud, row.flags) == (Nud.NOARP, NeighborFlags.MANAGED | NeighborFlags.EXT_LEARNED)
    assert f"{row.nud} {Nud(66)}" == "NOARP UNKNOWN_66"
    assert LinuxNeighbor(ENTRY, used=7) == LinuxNeighbor(ENTRY) != LinuxNeighbor(ENTRY, protocol=4)
    assert pickle.loads(pickle.dumps(row)) == copy.deepcopy(row) == row
    assert pickle.loads(pickle.dumps(Nud(66))) == Nud(66)


@pytest.mark.parametrize(
    ("values", "kind", "text"),
    [
        ({"neighbor": "192.0.2.7"}, TypeError, "neighbor must be a Neighbor, not str"),
        ({"nud": "PERMANENT"}, TypeError, "nud must be an int, not str"),
        ({"nud": 2**16}, netio.InvalidParameterError, "nud 65536 is not between 0 and 65535"),
        ({"flags": -1}, netio.InvalidParameterError, "flags -1 is not between 0 and 4294967295"),
        ({"protocol": 256}, netio.InvalidParameterError, "protocol 256 is not between 0 and 255"),
        ({"used": True}, TypeError, "used must be an int, not bool"),
    ],
)
def test_invalid_values_are_rejected(values: dict[str, Any], kind: type[Exception], text: str) -> None:
    """Bug: a value that does not fit into the kernel's message is truncated."""
    with pytest.raises(kind, match=text):
        LinuxNeighbor(**{"neighbor": ENTRY, **values})


def test_table_cannot_be_created_directly() -> None:
    with pytest.raises(TypeError, match=r"linux\.list_neighbors"):
        linux.LinuxTable()
