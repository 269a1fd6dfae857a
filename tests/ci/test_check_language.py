# SPDX-License-Identifier: MIT
"""The check of the prose, with samples that it must and must not report."""

# language: off

import os
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "check_language"
_LOADER = SourceFileLoader("check_language", str(SCRIPT))
check = module_from_spec(spec_from_loader("check_language", _LOADER))  # type: ignore[arg-type]
sys.modules["check_language"] = check
_LOADER.exec_module(check)

# Of each rule: sentences that it reports, and sentences that it does not.
SAMPLES: dict[str, tuple[list[str], list[str]]] = {
    "tell": (
        ["The kernel tells the index.", "It told the caller.", "Telling them apart is easy.", "tell\nthe user"],
        ["The kernel returns the index.", "The stream has a teller.", "It calls `file.tell` and then tell()."],
    ),
    "come to": (
        ["What each address came to.", "It comes to an end.", "The result that a request came\nto"],
        ["The reply comes too late.", "The reply comes together with a notification.", "Replies come from the kernel."],
    ),
    "go down": (
        ["Many entries go down in batches.", "The answer goes up.", "The entries that went\ndown"],
        ["The interface goes down.", "An interface that has just gone down has no link.", "It scrolls down and up."],
    ),
    "by hand": (["The fields are filled by hand."], ["The handle is passed by handlers."]),
    "meanwhile": (["Meanwhile the entry disappears.", "It was removed meanwhile."], ["The mean while-loop."]),
    "somebody": (
        ["Somebody removed it.", "nobody's entry", "For whoever reads.", "Is anybody there?"],
        ["Another process removed it.", "It runs as the user nobody.", "It runs `setpriv --reuid=nobody`."],
    ),
    "a person": (
        ["A person wrote it.", "The entries of another person."],
        ["The administrator wrote it.", "A personal namespace.", "The first person singular."],
    ),
    "one's own": (["One's own address is refused.", "one\u2019s own links"], ["Its own address is refused."]),
    "is no X": (
        ["Text that is no address.", "Addresses are no markup.", "That's no reason.", "`x` is no prefix", "is no\nrow"],
        [
            "There is no entry.",
            "There are usually no entries.",
            "There's no entry.",
            "There has been no reply.",
            "If there would be no reply, it fails.",
            "The entry is no longer there.",
            "They can be no more than read.",
            "It is no slower than C.",
            "The answer is no.",
            "They share no memory.",
            "The call is not a probe.",
        ],
    ),
    "is none": (
        ["An address that is none.", "Hosts that are none."],
        ["If there is none, it fails.", "If the interface is None, it fails.", "There are still none."],
    ),
    "that cannot be": (
        ["An interface or limit that cannot be.", "A limit that cannot be is refused.", "nud x cannot be: use y"],
        ["The file cannot be read.", "A value that cannot be negative.", "It cannot be in two places."],
    ),
    "has gone": (
        ["The entry has gone.", "An interface that has just gone.", "those that had gone"],
        ["The entry was removed.", "The interface has gone down.", "It goes through the table."],
    ),
    "asked for": (
        ["The address was asked for.", "It is asked\nfor again.", "asked again for"],
        ["The user is asked for confirmation.", "The command asks for confirmation.", "The address was probed."],
    ),
    "what X": (
        [
            "What was asked is read.",
            "Bug: what goes to a pipe is cut.",
            "row: What it holds, or None.",
            "Done. What is\nx",
        ],
        ["What is netio?", "It says what is wrong.", "Bug: it does not say what would be right.", "Whatever it is."],
    ),
    "what was X": (
        ["It waits for what was never sent.", "The end of what was given.", "without what\nhad been requested"],
        ["It depends on what was there before.", "It returns what was read.", "The index of what?"],
    ),
    "the seam": (["The verbs below the seam."], ["The backend interface.", "A seamless change."]),
    "read away": (["Old events are read away.", "It reads away the events."], ["It reads a way.", "It drains them."]),
}


def found(text: str, reader: str) -> list[tuple[int, str]]:
    """The line and the rule of each finding."""
    return [(finding.line, finding.rule.name) for finding in check.check_text(text, check.READERS[reader])]


def in_python_comment(text: str) -> str:
    return "\n".join(f"# {line}" for line in text.split("\n")) + "\n"


def in_python_string(text: str) -> str:
    return f'def f():\n    """{text}"""\n'


def in_c(text: str) -> str:
    return "/*\n" + "\n".join(f" * {line}" for line in text.split("\n")) + "\n */\nint x;\n"


def in_shell(text: str) -> str:
    return "#!/bin/sh\n\n" + in_python_comment(text) + "true\n"


def test_every_rule_has_samples() -> None:
    """Bug: a rule is added that nothing tests."""
    assert [rule.name for rule in check.RULES] == list(SAMPLES)
    assert all(flagged and good for flagged, good in SAMPLES.values())


@pytest.mark.parametrize(
    ("write", "reader"),
    [
        (in_python_comment, ".py"),
        (in_python_string, ".py"),
        (in_c, ".c"),
        (in_shell, ".sh"),
        (in_python_comment, ".yml"),
        (str, ".md"),
    ],
)
@pytest.mark.parametrize("name", SAMPLES)
def test_samples(name: str, write: object, reader: str) -> None:
    """Bug: a phrase is overlooked in one language, or good English is reported."""
    assert callable(write)
    flagged, good = SAMPLES[name]
    for sample in flagged:
        assert name in [rule for _, rule in found(write(sample), reader)], sample
    for sample in good:
        assert found(write(sample), reader) == [], sample


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def test_entry_is_told(): pass\n", [(1, "tell")]),
        ("async def test_what_was_there(): pass\n", [(1, "what X")]),
        ("def test_one_s_own_address(): pass\n", [(1, "one's own")]),
        ("def test_interface_is_none(): pass\n", []),
        ("def tell_me(told): return told.tell()\n", []),
        ("tell = 1  # told\n", [(1, "tell")]),
        ('x = f"{y!r} is no state"\n', [(1, "is no X")]),
        ('x = f"family {y} is none"\n', [(1, "is none")]),
        ("x = f\"{tell} is {'told'}\"\n", []),
        ('raise ValueError(\n    "the address "\n    "is no address"\n)\n', [(2, "is no X")]),
        ('x = "told"\n', []),
        ('x = """\n\nit is\ntold\n"""\n', [(4, "tell")]),
        ("# it is asked\n# for\nx = 1\n", [(1, "asked for")]),
        ("x = 1  # it is asked\ny = 2  # for\n", []),
        ("x = 1  # it is asked\n       # for\n", [(1, "asked for")]),
        ("# it is asked\n\n# for\n", []),
        ('"""Sums up.\n\n>>> tell(told)\n"""\n', []),
        ('x = """\n#include <stdio.h>\nint told; /* it told */\n"""\n', [(3, "tell")]),
        ('x = """\nimport told  # told\ntold.tell()\n"""\n', [(2, "tell")]),
    ],
)
def test_python(text: str, expected: list[tuple[int, str]]) -> None:
    """Bug: identifiers count as prose, the words of messages and names of tests do not, or lines are wrong."""
    assert found(text, ".py") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int told = tell(f); // told\n", [(1, "tell")]),
        ("// it is asked\n// for\n", [(1, "asked for")]),
        ("int a; /* told */\nint b; /* none */\n", [(1, "tell")]),
        ('puts("it is asked "\n     "for");\n', [(1, "asked for")]),
        ('puts("it is asked"); puts("for it");\n', []),
        ('puts("/* told */");\nputs("told");\n', []),
        ("char c = '\"'; int told; /* \" */\n", []),
        ("#include <told/tell.h>\n", []),
        ('#include "tell told.h"\n', []),
        ("/* It is\n * read\n * away. */\n", [(2, "read away")]),
        ("/* The index of `told` */\n", []),
    ],
)
def test_c(text: str, expected: list[tuple[int, str]]) -> None:
    """Bug: identifiers count as prose, comments within strings are comments, or lines are wrong."""
    assert found(text, ".c") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tell=1 # told\n", [(1, "tell")]),
        ("echo 'it # told' x#told ${told#tell} $#\n", [(1, "tell")]),
        ("sed 's/ # told/it is told/' file\n", []),
        ("cat <<'END'\n# told\nEND\n# told\n", [(4, "tell")]),
        ("step 'what is told' # told\n", [(1, "tell"), (1, "what X")]),
        ('[ -e x ] || { echo "no file told"; exit 1; }\n', [(1, "tell")]),
        ("chown -R nobody 'a folder'\n", []),
    ],
)
def test_shell(text: str, expected: list[tuple[int, str]]) -> None:
    """Bug: quoted code or here-documents count as prose, or messages do not."""
    assert found(text, ".sh") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```console\n$ tell told\n```\n\ntold\n", [(5, "tell")]),
        ("~~~\ntold\n```\ntold\n~~~\n", []),
        ("`told` and ``tell `x` told``\n", []),
        ("Some `code\ntold` here.\n", []),
        ("[the page](told/tell.md) and https://told.example/tell\n", []),
        ("# It told\n", [(1, "tell")]),
        ("| a | it told |\n|---|---|\n| `x|told` | tell |\n", [(1, "tell"), (3, "tell")]),
        ("| it is asked | for |\n", []),
        ("* it is asked\n* for\n", []),
        ("* it is asked\n  for\n", [(1, "asked for")]),
        ("It is asked\n\nfor\n", []),
        ("## What netio needs\n\n| | what it does |\n", []),
    ],
)
def test_markdown(text: str, expected: list[tuple[int, str]]) -> None:
    """Bug: code counts as prose, or a phrase is put together of two paragraphs, items or cells."""
    assert found(text, ".md") == expected


@pytest.mark.parametrize(
    ("text", "reader", "expected"),
    [
        ("- name: Build what is told\n  run: tell told\n", ".yml", [(1, "tell")]),
        ("  x: 'a # told' # told\n", ".yml", [(1, "tell")]),
        ('{"title": "What netio prints", "description": "What it prints"}\n', ".json", [(1, "what X")]),
        ('description = "It told"\nkey = "it told"\n', ".toml", [(1, "tell")]),
        ('{\n "told": "it told",\n "description": "It\\u0020told"\n}\n', ".json", [(3, "tell")]),
    ],
)
def test_data(text: str, reader: str, expected: list[tuple[int, str]]) -> None:
    """Bug: data counts as prose, or its comments and descriptions do not."""
    assert found(text, reader) == expected


def test_quotations_are_exempt() -> None:
    """Bug: the page of the rules cannot quote the phrases, or all that follows a quotation is exempt."""
    text = f"told\n\n<!-- language: off -->\ntold\n<!-- language: {'on'} -->\n\ntold\n"
    assert [line for line, _ in found(text, ".md")] == [1, 7]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a copy of the script, in the folder that it is to check."""
    script = folder / ".ci" / "check_language"
    script.parent.mkdir(exist_ok=True)
    script.write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    return subprocess.run([sys.executable, script, *arguments], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("in_git", [True, False])
def test_tracked_files_are_checked_unless_others_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_git: bool
) -> None:
    """Bug: without arguments nothing is checked; without git it ends with a traceback."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    (tmp_path / "netio").mkdir()
    (tmp_path / "netio" / "a.py").write_text("# told\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("It is.\n", encoding="utf-8")
    (tmp_path / "picture.svg").write_bytes(b"\xff told")
    if in_git:
        subprocess.run(["git", "init", "-q", tmp_path], check=True)
        subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
        (tmp_path / "netio" / "b.py").write_text("# told\n", encoding="utf-8")  # not tracked
    better = "returns, reports, prints, says, distinguishes"
    covered = run(tmp_path)
    assert covered.stdout.splitlines()[:-1] == [f'netio/a.py:1: "told" -> {better}']
    assert (covered.returncode, covered.stderr) == (1, "")
    one = run(tmp_path, "README.md")
    assert one.stdout.splitlines() == ["language: 1 files, 0 findings"]
    (tmp_path / "netio" / "a.py").write_text("# returned\n", encoding="utf-8")
    assert run(tmp_path).returncode == 0
    assert run(tmp_path, "absent.py").returncode == 2
