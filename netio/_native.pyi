# SPDX-License-Identifier: MIT
"""Types of the compiled module. C data is Any: the C compiler checks its use, and it never leaves netio."""

from collections.abc import Callable
from typing import Any, TypeAlias

CData: TypeAlias = Any

class _FFI:
    NULL: CData
    def new(self, kind: str, init: object = ...) -> CData: ...
    def gc(self, pointer: CData, destructor: Callable[[CData], None], size: int = ...) -> CData: ...
    def release(self, pointer: CData) -> None: ...
    def buffer(self, data: CData, size: int = ...) -> memoryview: ...
    def new_allocator(self, *, should_clear_after_alloc: bool) -> Callable[[str, int], CData]: ...
    def from_buffer(self, kind: str, data: memoryview) -> CData: ...
    def unpack(self, data: CData, count: int) -> list[int]: ...
    def string(self, data: CData) -> bytes: ...
    def cast(self, kind: str, value: int) -> CData: ...
    def typeof(self, kind: str) -> CData: ...
    def sizeof(self, kind: str) -> int: ...
    def offsetof(self, kind: str, *members: str) -> int: ...
    def addressof(self, data: CData, *members: str | int) -> CData: ...

class _LinuxLib:
    """The members that only the backend of Linux has."""

    NETIO_LINUX_CREATE: int
    NETIO_LINUX_DELETE: int
    NETIO_LINUX_REPLACE: int
    def netio_linux_get(self, netns: int, interface: CData, proxy: bool, row: CData, detail: CData) -> int: ...
    def netio_linux_probe(self, netns: int, rows: CData, count: int, results: CData) -> None: ...
    def netio_linux_table(
        self,
        netns: int,
        family: int,
        interface: CData,
        proxy: bool,
        table: CData,
        details: CData,
        interfaces: CData,
        interface_count: CData,
    ) -> int: ...
    def netio_linux_write(
        self, netns: int, verb: int, rows: CData, details: CData, count: int, results: CData
    ) -> None: ...

class _Lib(_LinuxLib):
    AF_INET: int
    AF_INET6: int
    AF_UNSPEC: int
    ERROR_ACCESS_DENIED: int
    ERROR_BAD_NET_NAME: int
    ERROR_FILE_NOT_FOUND: int
    ERROR_HOST_UNREACHABLE: int
    ERROR_INVALID_PARAMETER: int
    ERROR_NETWORK_UNREACHABLE: int
    ERROR_NOT_ENOUGH_MEMORY: int
    ERROR_NOT_FOUND: int
    ERROR_NOT_SUPPORTED: int
    ERROR_NO_SYSTEM_RESOURCES: int
    ERROR_OBJECT_ALREADY_EXISTS: int
    ERROR_PATH_NOT_FOUND: int
    IF_MAX_PHYS_ADDRESS_LENGTH: int
    NETIO_ADDRESS_TEXT: int
    NETIO_ERRNO: int
    NETIO_HAS_DETAIL: int
    NETIO_HAS_NAMESPACES: int
    NETIO_INTERFACE_PROBES: int
    NETIO_INTERFACE_UP: int
    NETIO_IS_FOREIGN: int
    NETIO_IS_KERNEL_MADE: int
    NETIO_IS_ROUTER: int
    NETIO_IS_UNREACHABLE: int
    NETIO_NAME_SIZE: int
    NETIO_NEVER: int
    NETIO_OWN_NETNS: int
    NETIO_PHYSICAL_TEXT: int
    NETIO_PLAN_CONTRADICTS: int
    NETIO_PLAN_DIFFERS: int
    NETIO_PLAN_EXISTS: int
    NETIO_PLAN_FOREIGN: int
    NETIO_PLAN_INVALID: int
    NETIO_PLAN_REPEATED: int
    NETIO_SCOPE_IS_NAME: int
    NETIO_UNKNOWN_TIME: int
    NO_ERROR: int
    NlnsDelay: int
    NlnsIncomplete: int
    NlnsPermanent: int
    NlnsProbe: int
    NlnsReachable: int
    NlnsStale: int
    NlnsUnreachable: int
    WAIT_TIMEOUT: int
    def netio_addresses(self, netns: int, addresses: CData, count: CData) -> int: ...
    def netio_arrow_move(self, source: CData, target: CData) -> None: ...
    def netio_column_values(self, rows: CData, count: int, offset: int, values: CData) -> int: ...
    def netio_columns_fill(self, columns: CData, rows: CData, count: int) -> None: ...
    def netio_create(self, netns: int, rows: CData, count: int, results: CData) -> None: ...
    def netio_delete(self, netns: int, rows: CData, count: int, results: CData) -> None: ...
    def netio_flush(self, netns: int, family: int, interface: CData) -> int: ...
    def netio_get(self, netns: int, interface: CData, row: CData) -> int: ...
    def netio_interface_find(self, netns: int, interface: CData) -> int: ...
    def netio_interfaces(self, netns: int, interfaces: CData, count: CData) -> int: ...
    def netio_message(self, code: int, text: CData, size: int) -> None: ...
    def netio_netns_check(self, netns: int) -> int: ...
    def netio_plan_compare(
        self,
        rows: CData,
        count: int,
        table: CData,
        table_count: int,
        exact_flags: int,
        verdicts: CData,
        places: CData,
        surplus: CData,
    ) -> int: ...
    def netio_release(self, variable: CData) -> None: ...
    def netio_replace(self, netns: int, rows: CData, count: int, results: CData) -> None: ...
    def netio_resolver_due(self, resolver: CData) -> int: ...
    def netio_resolver_fd(self, resolver: CData) -> int: ...
    def netio_resolver_open(self, netns: int, keep: bool, resolver: CData) -> int: ...
    def netio_resolver_release(self, variable: CData) -> None: ...
    def netio_resolver_submit(self, resolver: CData, rows: CData, count: int, source: CData, first_tag: int) -> int: ...
    def netio_resolver_wait(
        self, resolver: CData, wait_ms: int, tags: CData, rows: CData, results: CData, count: CData
    ) -> int: ...
    def netio_route(
        self, netns: int, destinations: CData, interfaces: CData, gateways: CData, count: int, results: CData
    ) -> None: ...
    def netio_set(self, netns: int, rows: CData, count: int, results: CData) -> None: ...
    def netio_table(
        self,
        netns: int,
        family: int,
        interface: CData,
        like: CData,
        table: CData,
        interfaces: CData,
        interface_count: CData,
    ) -> int: ...

ffi: _FFI
lib: _Lib
