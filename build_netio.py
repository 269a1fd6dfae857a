# SPDX-License-Identifier: MIT
"""Describes the compiled module netio._native to setuptools (cffi, out-of-line, API mode)."""

import sys
import sysconfig
from pathlib import Path

from cffi import FFI

NATIVE = Path("netio", "native")

# The system to build for, which may differ from the one that runs this script.
PLATFORM = sysconfig.get_platform()
# Declarations for cffi, and the headers with the same declarations for the compiler.
DECLARATIONS, HEADERS = ["netio.cdef.h"], ["columns.h", "plan.h", "release.h"]
if PLATFORM.startswith("win"):
    BACKEND, LIBRARIES = "iphlpapi", ["iphlpapi", "ws2_32"]
elif PLATFORM.startswith("linux"):
    BACKEND, LIBRARIES = "rtnetlink", list[str]()
    DECLARATIONS += ["rtnetlink/detail.cdef.h", "rtnetlink/parameters.cdef.h"]
    HEADERS += ["detail.h", "parameters.h"]
else:
    sys.exit(f"netio supports Linux and Windows; it cannot be built for {PLATFORM}.")


def files(folder: Path, pattern: str) -> list[str]:
    """Return files as setuptools requires them: relative, with slashes, and in the same order on every system."""
    return sorted(path.as_posix() for path in folder.glob(pattern))


ffibuilder = FFI()
for name in DECLARATIONS:
    ffibuilder.cdef((NATIVE / name).read_text(encoding="utf-8"))
ffibuilder.set_source(
    "netio._native",
    "".join(f'#include "{name}"\n' for name in HEADERS),
    sources=files(NATIVE, "*.c") + files(NATIVE / BACKEND, "*.c"),
    depends=files(NATIVE, "*.h") + files(NATIVE / BACKEND, "*.h"),
    include_dirs=[NATIVE.as_posix(), (NATIVE / BACKEND).as_posix()],
    libraries=LIBRARIES,
    define_macros=[("_GNU_SOURCE", None)] if BACKEND == "rtnetlink" else [],
    # Other compilers than Microsoft's use C11 or newer by default. Debug data would name the folder of the build, so
    # that no two wheels were equal.
    extra_compile_args=["/std:c11"] if sys.platform == "win32" else ["-g0"],
    # Free-threaded CPython has no stable ABI.
    py_limited_api=not sysconfig.get_config_var("Py_GIL_DISABLED"),
)
