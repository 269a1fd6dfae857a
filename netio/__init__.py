# SPDX-License-Identifier: MIT
"""The operating system's neighbour table: which physical address stands behind an IP address on a link.

>>> import netio
>>> netio.create_neighbor("192.0.2.7", "02:00:5e:00:00:07", interface="eth0")
>>> row = netio.get_neighbor("192.0.2.7", interface="eth0")
>>> print(row.physical_address, row.state.name)
02:00:5e:00:00:07 PERMANENT
>>> netio.delete_neighbor("192.0.2.7", interface="eth0")

The verbs follow the functions of Windows' netioapi.h, on Linux too; netio.errors shows the exceptions.
"""

from netio._interfaces import Interface, list_interfaces
from netio._table import NeighborTable
from netio._types import Neighbor, NeighborState, PhysicalAddress
from netio._verbs import (
    create_neighbor,
    create_neighbors,
    delete_neighbor,
    delete_neighbors,
    flush_neighbors,
    get_neighbor,
    list_neighbors,
    replace_neighbor,
    replace_neighbors,
    resolve_neighbor,
    resolve_neighbors,
    set_neighbor,
    set_neighbors,
)
from netio.errors import (
    AccessDeniedError,
    InterfaceNotFoundError,
    InvalidParameterError,
    NeighborExistsError,
    NeighborNotFoundError,
    NetioError,
    NotSupportedError,
    TableFullError,
    UnreachableError,
)

__version__ = "0.1.0"

__all__ = [
    "AccessDeniedError",
    "Interface",
    "InterfaceNotFoundError",
    "InvalidParameterError",
    "Neighbor",
    "NeighborExistsError",
    "NeighborNotFoundError",
    "NeighborState",
    "NeighborTable",
    "NetioError",
    "NotSupportedError",
    "PhysicalAddress",
    "TableFullError",
    "UnreachableError",
    "create_neighbor",
    "create_neighbors",
    "delete_neighbor",
    "delete_neighbors",
    "flush_neighbors",
    "get_neighbor",
    "list_interfaces",
    "list_neighbors",
    "replace_neighbor",
    "replace_neighbors",
    "resolve_neighbor",
    "resolve_neighbors",
    "set_neighbor",
    "set_neighbors",
]
