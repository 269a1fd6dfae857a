# SPDX-License-Identifier: MIT
"""The wheel of build_wheel.py: its name, its files, and the DLLs and functions that its module imports."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

WHEEL = Path(os.environ["NETIO_WHEEL"])


@pytest.fixture(scope="module")
def imports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Return the names that the module imports, by DLL."""
    with zipfile.ZipFile(WHEEL) as wheel:
        module = wheel.extract("netio/_native.pyd", tmp_path_factory.mktemp("wheel"))
    dump = subprocess.run(["x86_64-w64-mingw32-objdump", "-p", module], check=True, capture_output=True, text=True)
    tables = re.findall(r"DLL Name: (\S+)\n.*\n((?:\t.+\n)+)", dump.stdout)
    return {dll.lower(): {line.split()[-1] for line in lines.splitlines()} for dll, lines in tables}


def test_name_and_tag() -> None:
    assert re.fullmatch(r"netioapi-[\d.]+-cp311-abi3-win_amd64\.whl", WHEEL.name)
    with zipfile.ZipFile(WHEEL) as wheel:
        metadata = wheel.read(next(name for name in wheel.namelist() if name.endswith("/WHEEL"))).decode()
    assert "Tag: cp311-abi3-win_amd64" in metadata.splitlines()
    assert "Root-Is-Purelib: false" in metadata.splitlines()


def test_wheel_contains_the_package_only() -> None:
    with zipfile.ZipFile(WHEEL) as wheel:
        names = set(wheel.namelist())
    sources = {path.as_posix() for path in Path("netio").rglob("*.py")}
    contained = {name for name in names if not re.match(r"netioapi-[\d.]+\.dist-info/", name)}
    shared = {name for name in contained if ".data/data/share/" in name}
    assert sorted(name.partition("/share/")[2] for name in shared) == [
        "bash-completion/completions/netio",
        "fish/vendor_completions.d/netio.fish",
        "man/man1/netio.1",
        "zsh/site-functions/_netio",
    ]
    others = {"netio/_native.pyd", "netio/_native.pyi", "netio/py.typed", "netio/schema.json"}
    assert contained - shared == sources | others


def test_module_imports_only_these_dlls(imports: dict[str, set[str]]) -> None:
    assert set(imports) == {"python3.dll", "iphlpapi.dll", "ws2_32.dll", "kernel32.dll", "msvcrt.dll"}


def test_standin_exports_exactly_the_imported_functions(imports: dict[str, set[str]]) -> None:
    exports = Path("tests/windows/standin.def").read_text(encoding="utf-8")
    assert imports["iphlpapi.dll"] == set(re.findall(r"^    (\w+)$", exports, re.MULTILINE))


def test_calls_of_the_dll_can_be_traced(imports: dict[str, set[str]]) -> None:
    """Bug: NETIO_DEBUG=1 does not print a call, since another file than calls.c makes it."""
    sources = {path.name: path.read_text(encoding="utf-8") for path in Path("netio/native/iphlpapi").glob("*.c")}
    calling = {(file, name) for file, text in sources.items() for name in imports["iphlpapi.dll"] if f"{name}(" in text}
    freed = {(file, name) for file, name in calling if name == "FreeMibTable"}  # returns no code
    traced = set(re.findall(r"\btrace_\w+\(\"(\w+)\"", sources["calls.c"]))
    assert calling - freed == {("calls.c", name) for name in traced}
    assert traced == imports["iphlpapi.dll"] - {"FreeMibTable"}


def test_module_uses_only_the_stable_abi() -> None:
    tool = Path(sys.executable).with_name("abi3audit")
    found = subprocess.run([tool, "--strict", "--report", WHEEL], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
