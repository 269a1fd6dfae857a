# SPDX-License-Identifier: MIT
"""The check of the commit messages, in repositories made for each test."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "check_commits"
_LOADER = SourceFileLoader("check_commits", str(SCRIPT))
check = module_from_spec(spec_from_loader("check_commits", _LOADER))  # type: ignore[arg-type]
sys.modules["check_commits"] = check
_LOADER.exec_module(check)

Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """Runs git in a new repository, without the configuration of this machine; returns its output."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "a tester")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "tester@example.org")

    def run(*arguments: str, folder: Path = tmp_path / "repository") -> str:
        return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout

    (tmp_path / "repository").mkdir()
    run("init", "-q", "-b", "main")
    return run


def commit(git: Git, message: str) -> str:
    """Makes a commit without changes; returns its hash."""
    git("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-m", message)
    return git("rev-parse", "HEAD").strip()


def outcome(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """The exit status, and the lines that were printed."""
    status = check.main(folder)
    return status, capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    "message",
    [
        "resolver: drain stale notifications before a re-probe",
        "tests/ci: check the prose\n\nBody.\n\nMore of it.\n",
        "netio.cli: pass the address on",
        "c-api: embed x",
        "ci: feed y",
        "a: " + "b" * 69,
        "Merge 0123456789012345678901234567890123456789 into abcdef0123456789012345678901234567890123",
        "Merge branch 'main' into topic",
    ],
)
def test_good_messages(message: str) -> None:
    assert list(check.faults(message)) == []


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ("Drain stale notifications", "not `area"),
        ("Resolver: drain them", "not `area"),
        ("resolver:drain them", "not `area"),
        ("resolver:  drain them", "not `area"),
        ("two words: drain them", "not `area"),
        ("resolver: ", "not `area"),
        ("", "not `area"),
        ("resolver: drained them", '"drained" is not an imperative'),
        ("resolver: draining them", '"draining" is not an imperative'),
        ("resolver: drains them", '"drains" is not an imperative'),
        ("resolver: Drain them", '"Drain" is not an imperative'),
        ("resolver: the drain", '"the" is not an imperative'),
        ("resolver: made it drain", '"made" is not an imperative'),
        ("a: " + "b" * 70, "73 characters"),
        ("resolver: drain them\nThe reason.", "no empty line"),
        ("Merge the resolvers", "not `area"),
    ],
)
def test_bad_messages(message: str, fault: str) -> None:
    """Bug: a message that breaks one rule passes."""
    (found,) = check.faults(message)
    assert found.startswith(fault)


def test_commits_since_the_start_of_the_rule(
    git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bug: commits from before the rule are checked, or the first one after it is not; merges are."""
    repository = tmp_path / "repository"
    monkeypatch.setattr(check, "START", commit(git, "Older than the rule"))
    assert outcome(repository, capsys) == (0, [f"commits: 0 since {check.START[:12]}, 0 findings"])
    bad = commit(git, "The first one after it\nwithout an empty line")
    git("checkout", "-q", "-b", "topic")
    commit(git, "ci: check x\n\nThe reason.")
    git("checkout", "-q", "main")
    git("merge", "-q", "--no-ff", "-m", "The topic, merged", "topic")
    assert outcome(repository, capsys) == (
        1,
        [
            f"{bad[:12]} The first one after it: no empty line between subject and body",
            f"{bad[:12]} The first one after it: not `area: imperative`",
            f"commits: 2 since {check.START[:12]}, 2 findings",
        ],
    )


def test_commits_since_the_last_release(
    git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bug: released commits are checked for ever, those before the rule since a release, or any tag is a release."""
    repository = tmp_path / "repository"
    commit(git, "The very first")
    git("tag", "v0.1")
    commit(git, "Older than the rule")
    monkeypatch.setattr(check, "START", git("rev-parse", "HEAD").strip())
    commit(git, "Released as it is")
    status, lines = outcome(repository, capsys)
    assert (status, lines[-1]) == (1, "commits: 1 since v0.1, 1 findings")
    git("tag", "-a", "-m", "release", "v0.2")
    commit(git, "ci: check x")
    git("tag", "nightly")
    assert outcome(repository, capsys) == (0, ["commits: 1 since v0.2, 0 findings"])


@pytest.mark.parametrize(("message", "status"), [("ci: check x", 0), ("Checks x", 1)])
def test_shallow_clone(git: Git, tmp_path: Path, capsys: pytest.CaptureFixture[str], message: str, status: int) -> None:
    """Bug: the clone of a CI machine, which lacks the first commit of the rule, is an error or is not checked."""
    commit(git, "Older than the rule")
    commit(git, message)
    source = (tmp_path / "repository").as_uri()
    git("clone", "-q", "--depth=1", source, "shallow", folder=tmp_path)
    result, lines = outcome(tmp_path / "shallow", capsys)
    assert (result, lines[0]) == (
        status,
        f"commits: this clone has neither a release tag nor {check.START[:12]}; all its commits are checked",
    )
    assert lines[-1].startswith("commits: 1 since ")


@pytest.mark.parametrize("place", ["no git", "within another checkout", "no commit"])
def test_source_tree_without_git(
    git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    """Bug: a source tree fails, or the commits of the repository around it are checked."""
    folder = tmp_path / "repository"
    if place != "no commit":
        commit(git, "A subject that breaks the rule")
        folder /= "netioapi-1.0"
        folder.mkdir()
    if place == "no git":
        monkeypatch.setenv("PATH", str(tmp_path))
    assert outcome(folder, capsys) == (0, ["commits: this is not a git checkout with commits; nothing is checked"])


def test_script(git: Git, tmp_path: Path) -> None:
    """Bug: the script checks the folder that it is called in, or its exit status is always 0."""
    folder = tmp_path / "repository" / ".ci"
    folder.mkdir()
    script = folder / "check_commits"
    script.write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    commit(git, "Checks x")
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[-1].endswith("1 findings")
