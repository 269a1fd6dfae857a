# SPDX-License-Identifier: MIT
"""The operating system's neighbour table (ARP, IPv6 Neighbor Discovery): the MAC address behind each IP address.

>>> import netio
>>> entry = netio.resolve_neighbor("192.0.2.2", timeout=5)
>>> print(entry.physical_address, entry.interface, entry.state.name)
02:00:00:00:00:02 eth0 REACHABLE

The functions behave as those of Windows' netioapi.h, on Linux too. The module netio.errors documents the exceptions.
`netio.__all__` is the public API.
"""

try:
    from netio import _native  # noqa: F401
except ImportError as _missing:
    if _missing.name != "netio":  # the module is there, but it, or what it needs, cannot be loaded
        raise
    raise ImportError(
        "this netio is a source tree without its compiled module: change to another folder to import the installed "
        "netio, or build this one with: pip install -e ."
    ) from None

from netio import errors
from netio._interfaces import list_addresses, list_interfaces
from netio._namespace import NamespaceLike, list_namespaces, namespace
from netio._table import NeighborTable
from netio._types import (
    Address,
    ChangeKind,
    Interface,
    InterfaceAddress,
    InterfaceLike,
    Neighbor,
    NeighborChange,
    NeighborState,
    NextHop,
    PhysicalAddress,
    PhysicalAddressLike,
    SweepReply,
)
from netio._verbs import (
    create_neighbor,
    create_neighbors,
    delete_neighbor,
    delete_neighbors,
    flush_neighbors,
    get_neighbor,
    list_neighbors,
    next_hop,
    replace_neighbor,
    replace_neighbors,
    resolve_neighbor,
    resolve_neighbors,
    set_neighbor,
    set_neighbors,
    sweep_neighbors,
)
from netio.errors import (
    AccessDeniedError,
    InterfaceNotFoundError,
    InvalidParameterError,
    NamespaceNotFoundError,
    NeighborExistsError,
    NeighborNotFoundError,
    NetioError,
    NotSupportedError,
    TableFullError,
    UnreachableError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from netio import plan
    from netio._keep import keep_neighbors
    from netio._watch import NeighborWatch, watch_neighbors
    from netio.plan import (
        Plan,
        PlannedAction,
        PlannedChange,
        PlannedChanges,
        apply_neighbors,
        plan_neighbors,
        plannable_neighbors,
    )

__version__ = "0.1.0"

__all__ = [
    "AccessDeniedError",
    "Address",
    "ChangeKind",
    "Interface",
    "InterfaceAddress",
    "InterfaceLike",
    "InterfaceNotFoundError",
    "InvalidParameterError",
    "NamespaceLike",
    "NamespaceNotFoundError",
    "Neighbor",
    "NeighborChange",
    "NeighborExistsError",
    "NeighborNotFoundError",
    "NeighborState",
    "NeighborTable",
    "NeighborWatch",
    "NetioError",
    "NextHop",
    "NotSupportedError",
    "PhysicalAddress",
    "PhysicalAddressLike",
    "Plan",
    "PlannedAction",
    "PlannedChange",
    "PlannedChanges",
    "SweepReply",
    "TableFullError",
    "UnreachableError",
    "apply_neighbors",
    "create_neighbor",
    "create_neighbors",
    "delete_neighbor",
    "delete_neighbors",
    "errors",
    "flush_neighbors",
    "get_neighbor",
    "keep_neighbors",
    "list_addresses",
    "list_interfaces",
    "list_namespaces",
    "list_neighbors",
    "namespace",
    "next_hop",
    "plan",
    "plan_neighbors",
    "plannable_neighbors",
    "replace_neighbor",
    "replace_neighbors",
    "resolve_neighbor",
    "resolve_neighbors",
    "set_neighbor",
    "set_neighbors",
    "sweep_neighbors",
    "watch_neighbors",
]

# These modules take a third of the time of `import netio`, so the first use of a name imports its module.
_LATER = {
    **dict.fromkeys(["keep_neighbors"], "netio._keep"),
    **dict.fromkeys(["NeighborWatch", "watch_neighbors"], "netio._watch"),
    **dict.fromkeys(
        [
            "Plan",
            "PlannedAction",
            "PlannedChange",
            "PlannedChanges",
            "apply_neighbors",
            "plan_neighbors",
            "plannable_neighbors",
        ],
        "netio.plan",
    ),
}

if not TYPE_CHECKING:  # type checkers would accept any name

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name == "plan":
            return import_module("netio.plan")
        if name not in _LATER:
            raise AttributeError(f"module 'netio' has no attribute {name!r}", name=name)
        value = globals()[name] = getattr(import_module(_LATER[name]), name)
        return value

    def __dir__() -> list[str]:
        return sorted({name for name in globals() if name.startswith("_")} | set(__all__))
