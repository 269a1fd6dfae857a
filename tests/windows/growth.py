# SPDX-License-Identifier: MIT
"""The memory and the handles of this process, counted, as Wine does not report them."""

from __future__ import annotations

import ctypes
import gc
from ctypes import wintypes

# Wine 10 allocates small blocks in groups, of which each counts as a whole.
GROWTH_MAX = 100_000


class HeapEntry(ctypes.Structure):
    """PROCESS_HEAP_ENTRY."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("size", wintypes.DWORD),
        ("overhead", ctypes.c_ubyte),
        ("region", ctypes.c_ubyte),
        ("flags", wintypes.WORD),
        ("union", ctypes.c_void_p * 3),
    )


KERNEL = ctypes.WinDLL("kernel32")
KERNEL.CreateEventW.restype = KERNEL.GetProcessHeap.restype = KERNEL.HeapAlloc.restype = ctypes.c_void_p
KERNEL.HeapAlloc.argtypes = (ctypes.c_void_p, wintypes.DWORD, ctypes.c_size_t)
KERNEL.HeapFree.argtypes = (ctypes.c_void_p, wintypes.DWORD, ctypes.c_void_p)
KERNEL.HeapWalk.argtypes = (ctypes.c_void_p, ctypes.POINTER(HeapEntry))
KERNEL.CloseHandle.argtypes = (ctypes.c_void_p,)


def bytes_in_use() -> int:
    """Return the number of bytes that are allocated in all heaps of this process."""
    gc.collect()
    heaps = (ctypes.c_void_p * 64)()
    total = 0
    for heap in heaps[: KERNEL.GetProcessHeaps(64, heaps)]:
        entry = HeapEntry()
        while KERNEL.HeapWalk(heap, ctypes.byref(entry)):
            total += entry.size if entry.flags & 4 else 0
    return total


def next_handle() -> int:
    """Return the number of a new handle, which is the lowest free one."""
    handle: int = KERNEL.CreateEventW(None, 0, 0, None)
    assert KERNEL.CloseHandle(handle)
    return handle
