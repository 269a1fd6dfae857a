# SPDX-License-Identifier: MIT
"""The machine that the C code of these tests is built for: this one, or another one that an emulator runs.

CC is the compiler for it. If NETIO_TEST_EMULATOR is set, it is the command that runs its programs, and
NETIO_TEST_BYTEORDER its byte order. tests/machines/run sets them.
"""

import os
import shlex
import struct
import sys
from typing import Literal

from netio._codec import _MEMBERS, ROW_SIZE
from netio._native import ffi

COMPILER = shlex.split(os.environ.get("CC", "cc"))
EMULATOR = shlex.split(os.environ.get("NETIO_TEST_EMULATOR", ""))
_ORDERS: dict[str, Literal["little", "big"]] = {"little": "little", "big": "big"}
BYTE_ORDER = _ORDERS[os.environ["NETIO_TEST_BYTEORDER"] if EMULATOR else sys.byteorder]

_SIGN = {"little": "<", "big": ">"}[BYTE_ORDER]


def pack(members: str, *values: object) -> bytes:
    """Packs numbers in the byte order of the machine, without alignment."""
    return struct.pack(_SIGN + members, *values)


def unpack_column(kind: str, data: bytes) -> list[int]:
    """Unpacks numbers of one kind in the byte order of the machine."""
    return [value for (value,) in struct.iter_unpack(_SIGN + kind, data)]


def convert_row(row: bytes) -> bytes:
    """Converts a MIB_IPNET_ROW2 from the byte order of this machine to that of the other one, or back."""
    assert len(row) == ROW_SIZE
    if sys.byteorder == BYTE_ORDER:
        return row
    converted = bytearray(row)
    for path, kind in _MEMBERS:
        if not kind.endswith("s"):  # neither an address nor a physical address
            start = ffi.offsetof("MIB_IPNET_ROW2", *path)
            end = start + struct.calcsize("=" + kind)
            converted[start:end] = row[start:end][::-1]
    return bytes(converted)
