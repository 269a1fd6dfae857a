# SPDX-License-Identifier: MIT
"""Runs the examples of the README, of the documentation pages and of docstrings, on a link with one host."""

from __future__ import annotations

import doctest
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sybil import Sybil
from sybil.evaluators.doctest import DocTestEvaluator
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.abstract.doctest import DocTestStringParser
from sybil.parsers.markdown import CodeBlockParser

import netio
import netio.formats
from netio import _namespace, aio, linux, prometheus
from netlab.child import environment
from netlab.namespace import Namespace
from netlab.wire import FAR_IP4

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from sybil import Document, Example, Region

    from netlab.wire import Wire

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

# "..." stands for what differs from run to run, and the columns of a table may have other widths.
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def commands_of(block: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block with its output. A line that starts with "> " continues the command."""
    command, output = "", ""
    for line in block.splitlines(keepends=True):
        if line.startswith("$ "):
            if command:
                yield command, output
            command, output = line[2:], ""
        elif line.startswith("> ") and not output:
            command += line[2:]
        else:
            output += line
    if command:
        yield command, output


def evaluate_console(example: Example) -> str | None:
    """Run the commands of a console block in a shell. Returns the difference between shown and real output."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command, shown in commands_of(str(example.parsed)):
        result = subprocess.run(
            ["sh", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(PATH=path, COLUMNS="80"),
            cwd=example.namespace["folder"],
            timeout=30,
            check=False,
        )
        if not doctest.OutputChecker().check_output(shown, result.stdout, OPTIONS):
            return f"$ {command}shown:\n{shown}printed:\n{result.stdout}"
    return None


def pycon_blocks(document: Document) -> Iterator[Region]:
    """Yield the examples in blocks of an interactive session."""
    for block in CodeBlockParser("pycon", evaluate_console)(document):
        for example in DocTestStringParser(DocTestEvaluator(OPTIONS))(str(block.parsed), document.path):
            example.adjust(block, block.parsed)
            yield example


# Blocks of other languages ("sh", "shell-session", "powershell") are not run: installation, other systems.
SYBIL = Sybil(
    [pycon_blocks, CodeBlockParser("python", PythonEvaluator()), CodeBlockParser("console", evaluate_console)]
)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_document(wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Bug: an example of the document prints something else, or fails."""
    rename_near0(wire)
    netio.resolve_neighbor(FAR_IP4)  # the machine of the examples has talked to this host
    document = SYBIL.parse(path)
    document.namespace["folder"] = tmp_path
    monkeypatch.chdir(tmp_path)  # for the examples in Python, which share the files of the commands
    examples = list(document.examples())
    assert bool(examples) == bool(re.search(r"^```(pycon|python|console)$", document.text, re.MULTILINE))
    for example in examples:
        example.evaluate()


def rename_near0(wire: Wire) -> None:
    """Renames near0 to the name in the examples."""
    wire.near.ip("link set near0 down", "link set near0 name eth0", "link set eth0 up")


def test_quotes_of_commands() -> None:
    """Bug: a command has single quotes, which cmd.exe passes on as part of the argument."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    blocks = re.findall(r"^```(?:sh|console|shell-session)$.*?^```$", text, re.MULTILINE | re.DOTALL)
    shown = [*"\n".join(blocks).splitlines(), *re.findall(r"`([^`\n]+)`", text)]
    commands = [line for line in shown if re.match(r"(\$ |sudo )?(pip|python|netio) ", line)]
    assert len(commands) > 50
    assert [line for line in commands if "'" in line] == []


def test_links_of_the_readme() -> None:
    """Bug: a link is relative, which the package index cannot follow, or leads to a page that does not exist."""
    targets = re.findall(r"\]\((\S+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(targets) > 5
    for target in targets:
        page = re.sub(r"^https://netioapi\.readthedocs\.io/en/latest/(\w+)\.html$", r"docs/\1.md", target)
        page = re.sub(r"^https://(raw\.githubusercontent|github)\.com/netioapi/netio(/blob)?/main/", "", page)
        assert (ROOT / page).is_file(), target


PUBLIC_MODULES = [netio, netio.formats, linux, aio, prometheus]


def docstrings() -> dict[str, tuple[ModuleType, str]]:
    """Return the docstrings of three modules, and of all public functions and classes, with their modules."""
    found = {module.__name__: (module, inspect.getdoc(module) or "") for module in (netio, aio, prometheus)}
    for module in PUBLIC_MODULES:
        for name in getattr(module, "__all__", []):
            value = getattr(module, name)
            if inspect.isfunction(value) or (inspect.isclass(value) and not issubclass(value, Exception)):
                found[f"{module.__name__}.{name}"] = (module, inspect.getdoc(value) or "")
    return found


@pytest.fixture
def example_network(wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The network of the docstrings: a host, a pinned entry, a gateway, and the namespace "blue"."""
    monkeypatch.chdir(tmp_path)  # for the files that examples write
    rename_near0(wire)
    wire.near.ip("neigh add 192.0.2.7 lladdr 02:00:5e:00:00:07 nud permanent protocol static dev eth0")
    wire.near.ip("route add default via 192.0.2.2")
    netio.resolve_neighbor(FAR_IP4)
    blue = Namespace()
    (tmp_path / "blue").symlink_to(f"/proc/self/fd/{blue.descriptor}")
    monkeypatch.setattr(_namespace, "_FOLDER", str(tmp_path))
    yield
    blue.close()


@pytest.mark.usefixtures("example_network")
@pytest.mark.parametrize("name", docstrings())
def test_docstring(name: str) -> None:
    """Bug: an example in a docstring prints something else or fails; or a function has no example."""
    module, text = docstrings()[name]
    if inspect.isfunction(getattr(module, name.rpartition(".")[2], None)):
        assert ">>> " in text
    names = vars(module) | {"netio": netio, "linux": linux, "aio": aio}
    example = doctest.DocTestParser().get_doctest(text, names, name, None, None)
    assert doctest.DocTestRunner(optionflags=OPTIONS).run(example).failed == 0
