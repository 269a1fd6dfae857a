# SPDX-License-Identifier: MIT
"""Builds the wheel for 64-bit Windows on Linux, only for the tests: build_wheel.py TREE SCRATCH DESTINATION.

TREE is the Windows CPython that python_tree.py wrote. The published wheel is built by the workflow, with MSVC.
setup.py and build_netio.py run unchanged; only the platform and the compiler that sysconfig reports are others.
"""

import os
import runpy
import shutil
import sys
import sysconfig
from pathlib import Path

HERE = Path(__file__).parent


def headers(scratch: Path) -> Path:
    """Copy the headers of CPython, with another pyconfig.h."""
    copied = scratch / "include"
    shutil.copytree(sysconfig.get_path("include"), copied, ignore=shutil.ignore_patterns("pyconfig.h"))
    shutil.copy(HERE / "pyconfig.h", copied)
    return copied


def configure(include: Path) -> None:
    """Configure setuptools to build for Windows with mingw-w64."""
    gcc = "x86_64-w64-mingw32-gcc"
    os.environ["_PYTHON_HOST_PLATFORM"] = "win-amd64"
    sysconfig.get_config_vars().update(
        CC=gcc,
        CFLAGS=f"-std=c11 -O2 -Wall -Werror -I{include}",
        CCSHARED="",
        EXT_SUFFIX=".pyd",
        LDSHARED=f"{gcc} -shared -s",
        Py_ENABLE_SHARED=0,
    )


def main() -> None:
    tree, scratch, destination = (Path(argument).resolve() for argument in sys.argv[1:])
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    configure(headers(scratch))
    sys.argv[1:] = [
        *["egg_info", f"--egg-base={scratch}"],
        *["build", f"--build-base={scratch}/build"],
        *["build_ext", "--libraries=python3", f"--library-dirs={tree}/libs"],
        *["bdist_wheel", f"--dist-dir={destination}"],
    ]
    runpy.run_path("setup.py", run_name="__main__")


main()
