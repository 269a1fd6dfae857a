# SPDX-License-Identifier: MIT
"""Checks the contents of the distributions. Usage: check_wheel.py SDIST WHEEL."""

import sys
import tarfile
import zipfile
from pathlib import PurePosixPath

# For the shells, and man(1).
SHARED = {
    "bash-completion/completions/netio",
    "fish/vendor_completions.d/netio.fish",
    "man/man1/netio.1",
    "zsh/site-functions/_netio",
}
NEEDED = {"netio/py.typed", "netio/_native.pyi", "netio/__init__.py", "netio/schema.json", "netio/cli/commands.py"}


def check_wheel(path: str) -> None:
    """Check that a wheel has the package, types, manual page and completion files, and the stable ABI of CPython."""
    names = set(zipfile.ZipFile(path).namelist())
    assert "-cp311-abi3-" in path, path
    assert names >= NEEDED, NEEDED - names
    assert [name for name in names if name.startswith("netio/_native.abi3.")], names
    folders = {PurePosixPath(name).parts[0] for name in names}
    assert len(folders) == 3, folders  # netio, .dist-info, .data
    assert {name.partition(".data/data/share/")[2] for name in names if ".data/data/" in name} == SHARED, names
    strays = ("build_netio", "tests", "examples")
    assert not [name for name in names if name.endswith((".c", ".h")) or any(stray in name for stray in strays)]


def check_sdist(path: str) -> None:
    """Check that an sdist has all files from which distributors build and test."""
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {
        "build_netio.py",
        "setup.py",
        "LICENSE",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "docs/design.md",
        "docs/linux.md",
        "docs/list.svg",
        "ansible/netio/neighbors/plugins/modules/neighbors.py",
        "docs/netio.1",
        "docs/pictures.py",
        "examples/README.md",
        "examples/ndp_proxy.py",
        "netio/schema.json",
        "netio/native/netio.cdef.h",
        "netio/native/columns.c",
        "netio/native/backend.h",
        "netio/native/iphlpapi/write.c",
        "netio/native/rtnetlink/detail.cdef.h",
        "netio/native/rtnetlink/parameters.cdef.h",
        "netio/native/rtnetlink/netioapi.h",
        "netio/native/rtnetlink/rtnl.c",
        "prometheus/netio-dashboard.json",
        "prometheus/netio.rules.test.yml",
        "tests/conftest.py",
        "tests/fleet/run",
        "tests/unit/rtnetlink/feed.c",
        "tests/kernel/conftest.py",
        "tests/typing/api.py",
    }
    assert names >= needed, needed - names


check_sdist(sys.argv[1])
check_wheel(sys.argv[2])
