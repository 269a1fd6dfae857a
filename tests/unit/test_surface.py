# SPDX-License-Identifier: MIT
"""The public names, the stub of the compiled module, and the cost of an import."""

import ast
import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_type_hints

import pytest

import netio
from netio import aio, linux, prometheus
from netio._native import ffi, lib

STUB = Path(netio.__file__).with_name("_native.pyi")

PUBLIC = [
    item
    for module in (netio, linux, aio, prometheus)
    for name in module.__all__
    if inspect.isclass(item := getattr(module, name)) or inspect.isfunction(item)
]
FUNCTIONS = [item for item in PUBLIC if inspect.isfunction(item)]
METHODS = [
    method
    for item in PUBLIC
    if inspect.isclass(item)
    for name, method in vars(item).items()
    if inspect.isfunction(method) and (name == "__init__" or not name.startswith("_"))
]


def stub_members(name: str) -> dict[str, int | None]:
    """Return the members of a class of the stub; functions with the number of their arguments."""
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    (found,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    members: dict[str, int | None] = {}
    for node in found.body:
        if isinstance(node, ast.FunctionDef):
            members[node.name] = len(node.args.args) - 1
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            members[node.target.id] = None
    return members


def test_all_is_sorted_and_complete() -> None:
    assert linux.__all__ == sorted(linux.__all__)
    assert aio.__all__ == sorted(aio.__all__)
    assert netio.__all__ == sorted(netio.__all__)
    assert [name for name in netio.__all__ if not hasattr(netio, name)] == []  # imports the modules of all names
    defined = {
        name
        for name, item in vars(netio).items()
        if not name.startswith("_")
        and not inspect.ismodule(item)
        and getattr(item, "__module__", "").startswith("netio")
    }
    assert defined <= set(netio.__all__)
    assert {name for name in netio.__all__ if name not in defined} == {
        "Address",
        "InterfaceLike",
        "NamespaceLike",
        "PhysicalAddressLike",
        "errors",
        "plan",
    }


def test_dir_is_the_public_surface() -> None:
    """Bug: completion of `netio.` offers internal modules, or names that a module only imports."""
    code = f"import sys; sys.path[:] = {sys.path!r}; import netio; print(*dir(netio))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [name for name in output.stdout.split() if not name.startswith("_")] == netio.__all__


def test_modules_of_larger_tasks_are_imported_on_first_use() -> None:
    """Bug: `import netio` takes longer for every program, for the sake of plans and watches that few of them use."""
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; import netio\n"
        "later = 'netio.plan', 'netio._changes', 'netio._keep', 'netio._watch', 'netio._sweep'\n"
        "print(*(name for name in later if name in sys.modules))\n"
        "print(netio.plan.Plan is netio.Plan, netio.watch_neighbors.__module__, hasattr(netio, 'sys'))"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert output.stdout.splitlines() == ["", "True netio._watch False"]


@pytest.mark.parametrize("function", [*FUNCTIONS, *METHODS], ids=lambda function: function.__qualname__)
def test_type_hints_resolve_at_run_time(function: Callable[..., object]) -> None:
    """Bug: an annotation names a type that only type checkers import, so typing.get_type_hints() raises NameError."""
    hints = get_type_hints(function)
    assert set(inspect.signature(function).parameters) - {"self"} <= set(hints)


def test_stub_has_the_names_and_argument_counts_of_the_compiled_module() -> None:
    members = stub_members("_Lib") | (stub_members("_LinuxLib") if lib.NETIO_HAS_DETAIL else {})
    assert sorted(members) == sorted(dir(lib))
    for name, count in members.items():
        member = getattr(lib, name)
        if count is None:
            assert isinstance(member, int)
        else:
            assert len(ffi.typeof(member).args) == count


def test_stub_declares_only_names_that_ffi_has() -> None:
    assert not [name for name in stub_members("_FFI") if not hasattr(ffi, name)]


@pytest.mark.parametrize("item", PUBLIC, ids=lambda item: item.__name__)
def test_docstring_states_arguments_errors_and_windows_function(item: object) -> None:
    """Bug: the docstring of a verb lacks an argument, the errors or the corresponding function of Windows."""
    text = inspect.getdoc(item)
    assert text
    assert re.match(r".+\.(\s|$)", text)
    if inspect.isfunction(item):
        assert "\nRaises:\n" in text
        assert ("\nLinux: " if inspect.getmodule(item) is linux else "\nWindows: ") in text
        for name in inspect.signature(item).parameters:
            assert f"\n    {name}: " in text


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_exceptions_in_docstrings_exist(function: object) -> None:
    text = inspect.getdoc(function) or ""
    raised = re.findall(r"^    (\w+(?:Error|Group)): ", text.split("\nRaises:\n")[1], re.MULTILINE)
    assert raised
    assert not [name for name in raised if name not in (*netio.__all__, "TypeError", "ExceptionGroup")]


# From the bottom up: a module imports only modules before it, except for type checkers.
LAYERS = (
    *("errors", "_namespace", "_types", "_codec", "_window", "_interfaces", "_reasons", "_failures", "_arrow"),
    *("_sequence", "_table", "_records", "_atomic", "formats", "_requests", "_resolve", "_sweep", "_verbs"),
    *("_event_loop", "_watch", "_memory_backend", "testing", "_linux_types", "_linux_table", "_linux_parameters"),
    *("_linux_watch", "linux", "aio", "_changes", "_desired", "_apply", "plan", "_keep", "_change_counter"),
    *("_metric_families", "_metric_source", "__init__", "prometheus", "cli", "__main__"),
)


def imported(node: ast.AST) -> Iterator[str]:
    """Yields the modules of netio that code imports, in functions too, but not under TYPE_CHECKING."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "netio":
        part = (node.module or "").split(".")
        yield from part[1:2] or [name.name for name in node.names]
    for child in ast.iter_child_nodes(node):
        yield from imported(child)


@pytest.mark.parametrize("module", LAYERS[:-2])
def test_imports_go_downwards(module: str) -> None:
    """Bug: a module imports one above it, so that there is a cycle, or a pure module queries the system."""
    tree = ast.parse(STUB.with_name(f"{module}.py").read_text(encoding="utf-8"))
    below = {"_native", *LAYERS[: LAYERS.index(module)]}
    assert set(imported(tree)) <= below


def test_every_module_has_a_layer() -> None:
    """Bug: a new module is exempt from the test above."""
    found = {path.stem for path in STUB.parent.glob("*.py")} | {"cli"}
    assert found == set(LAYERS)


@pytest.mark.parametrize("module", LAYERS[:-2])
def test_backend_is_looked_up_in_each_call(module: str) -> None:
    """Bug: a module keeps a function of the backend from its import on, so that FakeTable does not replace it."""
    tree = ast.parse(STUB.with_name(f"{module}.py").read_text(encoding="utf-8"))
    assert [name for node in evaluated_on_import(tree) if (name := backend_function(node))] == []


def evaluated_on_import(node: ast.AST) -> Iterator[ast.AST]:
    """Yields the nodes that are evaluated when a module is imported: also the default values of arguments."""
    for child in ast.iter_child_nodes(node):
        yield child
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (inner for part in (child.args, *child.decorator_list) for inner in ast.walk(part))
        elif not isinstance(child, ast.Lambda):
            yield from evaluated_on_import(child)


def backend_function(node: ast.AST) -> str:
    """Returns the name of the function of the backend to which a node refers, "" if there is none."""
    is_backend = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "lib"
    return node.attr if is_backend and node.attr.startswith("netio_") else ""  # type: ignore[attr-defined]


def test_import_from_an_unbuilt_source_tree_explains_itself(tmp_path: Path) -> None:
    """Bug: `python -c "import netio"` in a checkout says only that there is no netio._native."""
    shutil.copytree(STUB.parent, tmp_path / "netio", ignore=shutil.ignore_patterns("_native*.so", "_native*.pyd"))
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", "import netio"]
    output = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert output.returncode == 1
    assert "change to another folder" in output.stderr.splitlines()[-1]


def test_import_is_light() -> None:
    """Bug: the import of netio loads a module that takes longer than netio itself."""
    heavy = {
        "netio._resolve",
        "netio._sweep",
        "socket",
        "typing",
        "asyncio",
        "logging",
        "subprocess",
        "cffi",
        "click",
        "rich",
        "numpy",
        "nanoarrow",
        "prometheus_client",
    }
    code = f"import sys; sys.path[:] = {sys.path!r}; import netio; print(*sys.modules)"
    output = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert "netio._verbs" in output.stdout.split()
    assert not heavy & set(output.stdout.split())
