# SPDX-License-Identifier: MIT
"""The build script on an unsupported system, and the command without its dependencies."""

import builtins
import runpy
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import netio
from netio._table import _restore
from netio.cli import main

ROOT = Path(__file__).parents[2]


def test_build_on_an_unsupported_system_names_the_supported_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bug: the build fails with the errors of a compiler."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sysconfig, "get_platform", lambda: "macosx-14.0-arm64")
    with pytest.raises(SystemExit) as caught:
        runpy.run_path("build_netio.py")
    assert caught.value.code == "netio supports Linux and Windows; it cannot be built for macosx-14.0-arm64."


@pytest.mark.parametrize("name", ["netio.cdef.h", "rtnetlink/detail.cdef.h", "rtnetlink/parameters.cdef.h"])
def test_declarations_contain_no_numbers(name: str) -> None:
    """Bug: a size, an offset or a value is written down instead of taken from the compiler."""
    text = (ROOT / "netio" / "native" / name).read_text(encoding="utf-8")
    code = [line for line in text.splitlines() if not line.startswith("/*")]
    words = " ".join(code).replace("(", " ").replace("[", " ").split()
    assert not [word for word in words if word[0].isdigit()]


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_command_without_its_extra_says_how_to_install_it(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bug: a missing dependency is reported by a traceback."""
    real_import = builtins.__import__

    def import_without_it(
        name: str,
        globals_: Mapping[str, object] | None = None,
        locals_: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> object:
        if name.partition(".")[0] == missing:
            raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)
        return real_import(name, globals_, locals_, fromlist or (), level)

    for loaded in [name for name in sys.modules if name.startswith(("netio.cli.", missing))]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setattr(builtins, "__import__", import_without_it)
    monkeypatch.setattr(sys, "argv", ["netio", "list"])
    monkeypatch.setattr(netio, "list_neighbors", lambda *_, **__: _restore(b"", {}))
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == (f'netio: {missing} is missing; install it with: pip install "netioapi[cli]"')


def test_ctrl_c_during_import_of_the_command_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bug: Ctrl-C while the command is still being imported prints a traceback."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("netio.cli.commands.run", interrupted)
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 130
